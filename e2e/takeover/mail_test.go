package takeover_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/genkan/genkan/e2e/house"
	"github.com/genkan/genkan/internal/domain/attempt"
	"github.com/genkan/genkan/internal/flow/recovery"
	"github.com/genkan/genkan/internal/flow/signin"
	"github.com/genkan/genkan/internal/flow/signup"
	"github.com/genkan/genkan/internal/platform/fault"
)

// TestMailGoesToTheStoredAddress: RS5. However the address is spelled by whoever
// asks, what concerns the account goes to the address as it was proven.
func TestMailGoesToTheStoredAddress(t *testing.T) {
	engines(t, house.Options{}, func(t *testing.T, h *house.House) {
		h.Member(t, owner, oldPassword, "en")
		h.Member(t, "other@a.example", oldPassword, "en")
		_, err := h.Recovery.Ask(t.Context(), recovery.Ask{Email: "OLIVIA@A.example", Locale: "en"})
		must(t, err)
		_, err = h.Signup.Register(t.Context(), signup.Ask{Email: "olivia@a.EXAMPLE", Password: newPassword, Locale: "en"})
		must(t, err)
		_, s := in(t, h, "other@a.example", oldPassword)
		_, err = h.Account.AskChange(t.Context(), s, "", "oLIVIA@a.example", oldPassword, nil, "")
		must(t, err)
		for _, subject := range []string{"(new password", "About registering", "About the change of address"} {
			if l := letter(t, h, owner, subject, 1); l.To != owner {
				t.Errorf("%q went to %s; want %s", l.Subject, l.To, owner)
			}
		}
	})
}

// TestStrangersCannotUseUpTheMail: law 3, RS8. Strangers ask for mail to an
// address all day, in every way and spelling: they never cause more than 3 in
// an hour and 10 in a day. All the same a browser known to the account begins a
// recovery, a frozen account's owner gets a thaw code, and whoever gave the
// password changes to a new address that strangers use up as well. A browser
// known to another account is a stranger.
func TestStrangersCannotUseUpTheMail(t *testing.T) {
	engines(t, house.Options{}, func(t *testing.T, h *house.House) {
		const next = "olivia@new.example"
		id := h.Member(t, owner, oldPassword, "en")
		h.Member(t, box1, oldPassword, "en")
		mine, theirs := known(t, h, owner), known(t, h, box1)
		notice := letter(t, h, owner, "New sign-in", 1)
		attack(t, h, owner)
		for try(t, h, next, "stranger", 0) {
		}

		_, err := h.Recovery.Ask(t.Context(), recovery.Ask{Email: owner, Locale: "en", Browser: []byte("stranger"), Known: theirs})
		refused(t, "a browser known to another account", err, "lock.resend-limit")
		_, err = h.Recovery.Ask(t.Context(), recovery.Ask{Email: owner, Locale: "en", Browser: []byte("mine"), Known: mine})
		must(t, err)
		_, s := in(t, h, owner, oldPassword)
		_, err = h.Account.AskChange(t.Context(), s, "", next, oldPassword, nil, "")
		must(t, err)
		letter(t, h, next, "new mail address", 1)
		must(t, freeze(t, h, notice))
		if step := signIn(t, h, owner, oldPassword); step.State != attempt.Held {
			t.Fatalf("the frozen account's password gave %s", step.State)
		}
		thaw(t, h, id, owner)
		_, err = h.Recovery.Ask(t.Context(), recovery.Ask{Email: owner, Locale: "en", Browser: []byte("stranger")})
		refused(t, "a stranger", err, "lock.resend-limit")
	})
}

// known signs a browser in and gives its cookie of a known browser.
func known(t testing.TB, h *house.House, email string) string {
	t.Helper()
	s, err := h.Signin.Start(t.Context(), signin.Ask{Email: email, Password: oldPassword, Locale: "en", Browser: []byte(email)})
	must(t, err)
	if s.Opened.Known == "" {
		t.Fatal("the browser did not become known")
	}
	return s.Opened.Known
}

// try asks for a mail to an address as a stranger does, in one of several ways
// and spellings, and tells whether one was caused.
func try(t testing.TB, h *house.House, email, browser string, way int) bool {
	t.Helper()
	name, host, _ := strings.Cut(email, "@")
	to := []string{email, strings.ToUpper(name) + "@" + host, name + "@" + strings.ToUpper(host)}[way%3]
	err := error(nil)
	if way%2 == 0 {
		_, err = h.Recovery.Ask(t.Context(), recovery.Ask{Email: to, Locale: "en", Browser: []byte(browser)})
	} else {
		_, err = h.Signup.Register(t.Context(), signup.Ask{Email: to, Password: newPassword, Locale: "en", Browser: []byte(browser), Keep: true})
	}
	if err != nil && !fault.Is(err, "lock.resend-limit") {
		t.Fatal(err)
	}
	return err == nil
}

// attack tries for more than a day and holds what it causes to the caps. It ends
// when nothing more is to be had.
func attack(t testing.TB, h *house.House, email string) {
	t.Helper()
	var caused []time.Time
	for i := range 100 {
		h.Clock.Advance(17 * time.Minute)
		if try(t, h, email, fmt.Sprint("stranger ", i), i) {
			caused = append(caused, h.Clock.Now())
		}
	}
	for try(t, h, email, "last", 0) {
		caused = append(caused, h.Clock.Now())
	}
	if len(caused) < 10 {
		t.Errorf("in 28 hours only %d mails were caused: the caps are not what was tried", len(caused))
	}
	held(t, caused)
}

// held holds what was caused to the caps, from each on.
func held(t testing.TB, all []time.Time) {
	t.Helper()
	for i, from := range all {
		hour, day := 0, 0
		for _, at := range all[i:] {
			if at.Sub(from) < time.Hour {
				hour++
			}
			if at.Sub(from) < 24*time.Hour {
				day++
			}
		}
		if hour > 3 || day > 10 {
			t.Errorf("strangers caused %d mails in an hour and %d in a day", hour, day)
		}
	}
}
