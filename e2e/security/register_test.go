package security_test

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/genkan/genkan/e2e/house"
	"github.com/genkan/genkan/internal/domain/account"
	"github.com/genkan/genkan/internal/platform/db"
)

// TestOneAddressGetsOneAccount: CO1, CO2. Sixty-four registrations of one
// address, in several spellings, confirmed at one moment, make one account.
func TestOneAddressGetsOneAccount(t *testing.T) {
	rounds := 2
	if longForm() {
		rounds = 200
	}
	houses(t, house.Options{}, func(t *testing.T, h *house.House) {
		for round := range rounds {
			email := fmt.Sprintf("one%d@example.org", round)
			spellings := []string{email, strings.ToUpper(email), " " + email, fmt.Sprintf("ｏｎｅ%d@Example.ORG", round)}
			type one struct{ id, code string }
			all := make([]one, 64)
			hash, err := h.Hasher.Hash(goodPassword)
			if err != nil {
				t.Fatal(err)
			}
			// Made below the mail caps, which would leave three of them.
			err = h.DB.Tx(context.Background(), func(tx *db.Tx) error {
				for i := range all {
					a, err := account.ParseAddress(spellings[i%len(spellings)])
					if err != nil {
						return err
					}
					r, err := h.Signup.Desk.Begin(context.Background(), tx, []byte{}, a, h.Book.Key(a), hash, "en")
					if err != nil {
						return err
					}
					all[i] = one{r.ID, h.Signup.Desk.Code(r)}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			var won, tokens atomic.Int64
			together(64, func(i int) {
				c := visit(t, h.URL)
				a, out := c.api("POST", "/registrations/"+all[i].id+"/confirm", dict{"code": all[i].code})
				if a.Status == 201 {
					won.Add(1)
					s := out["session"].(map[string]any)
					if c.alive(s["token"].(string)) {
						tokens.Add(1)
					}
				} else if a.Status >= 500 {
					t.Errorf("a confirmation gave %d", a.Status)
				}
			})
			if won.Load() != 1 || tokens.Load() != 1 {
				t.Errorf("round %d: %d confirmations won, %d sessions live", round, won.Load(), tokens.Load())
			}
			if n := count(t, h, "SELECT COUNT(*) FROM account WHERE address_key = $1", h.Book.Key(parse(t, email))); n != 1 {
				t.Errorf("round %d: %d accounts", round, n)
			}
		}
	})
}

// TestSquattersGiveWay: CO1. Somebody registers an address that is not theirs
// and waits; its holder registers and proves the box. The squatter's password
// and page open nothing, before and after.
func TestSquattersGiveWay(t *testing.T) {
	houses(t, house.Options{}, func(t *testing.T, h *house.House) {
		const me, stolen = "holder@example.org", "squatter no password"
		squatter := h.Visit(t)
		squatter.Get("/register")
		wait := squatter.Post("/register", "email", me, "password", stolen)
		c := visit(t, h.URL)
		if c.in(me, stolen) != "" {
			t.Fatal("an unconfirmed registration signs in")
		}
		_, l := recoverTo(t, h, h.Visit(t), me) // and it cannot be recovered into an account
		if l.Code != "" || links(l)['p'] != "" {
			t.Error("an unconfirmed registration gets a code for a new password")
		}
		h.Clock.Advance(2 * time.Minute)
		owner := h.Visit(t)
		owner.Get("/register")
		mine := owner.Post("/register", "email", me, "password", goodPassword)
		if mine.Status != 200 {
			t.Fatalf("the holder is kept out: %d %s", mine.Status, mine.Problem())
		}
		if got := owner.Post(mine.URL.Path+"/confirm", "code", registrationCode(t, h, mine.ID("/register/"))); got.URL.Path != "/account" {
			t.Fatalf("the holder's code led to %s: %s", got.URL, got.Problem())
		}
		squatter.Get(wait.URL.Path)
		squatter.Post(wait.URL.Path+"/confirm", "code", registrationCode(t, h, wait.ID("/register/")))
		if got := squatter.Get("/account"); got.URL.Path == "/account" {
			t.Error("the squatter got in with the first code")
		}
		if c.in(me, stolen) != "" {
			t.Error("the squatter's password opens the holder's account")
		}
		if c.in(me, goodPassword) == "" {
			t.Error("the holder does not get in")
		}
	})
}

// TestTakenAddressIsToldOnceADay: EN4. Registering a taken address shows the
// same page; its holder gets one mail a day that says so, also when several
// registrations come at one moment.
func TestTakenAddressIsToldOnceADay(t *testing.T) {
	houses(t, house.Options{}, func(t *testing.T, h *house.House) {
		const me = "told@example.org"
		h.Member(t, me, goodPassword, "en")
		told := func() (n int) {
			settled(t, h)
			for _, l := range h.Mail.To(me) {
				if strings.Contains(l.Subject, "About registering") {
					n++
				}
				if l.Code != "" || links(l)['r'] != "" {
					t.Error("the holder of an account got a code to register")
				}
			}
			return n
		}
		together(3, func(int) {
			if a, _ := visit(t, h.URL).api("POST", "/registrations", dict{"email": me, "password": thirdPassword}); a.Status != 202 {
				t.Errorf("registering gave %d", a.Status)
			}
		})
		if n := told(); n != 1 {
			t.Errorf("three registrations at one moment: %d mails", n)
		}
		for range 6 {
			h.Clock.Advance(3*time.Hour + 50*time.Minute)
			if a, _ := visit(t, h.URL).api("POST", "/registrations", dict{"email": me, "password": thirdPassword}); a.Status != 202 {
				t.Errorf("registering gave %d", a.Status)
			}
		}
		if n := told(); n != 1 {
			t.Errorf("after a day less an hour: %d mails", n)
		}
		h.Clock.Advance(3 * time.Hour)
		visit(t, h.URL).api("POST", "/registrations", dict{"email": me, "password": thirdPassword})
		if n := told(); n != 2 {
			t.Errorf("on the next day: %d mails", n)
		}
	})
}

// TestFinishingDoesNotPassAnApp: SE2. A page that waits while its registration is
// confirmed elsewhere brings nobody in once the account has a second factor.
func TestFinishingDoesNotPassAnApp(t *testing.T) {
	houses(t, house.Options{}, func(t *testing.T, h *house.House) {
		const me = "waits@example.org"
		p := h.Visit(t)
		p.Get("/register")
		wait := p.Post("/register", "email", me, "password", goodPassword)
		number := regexp.MustCompile(`class="number">(\d{4})<`).FindStringSubmatch(wait.Body)[1]
		press(t, h, letterOf(t, h, me, "(new account").Link, "number", number)
		h.Enrol(t, accountOf(t, h, me))
		p.Get(wait.URL.Path)
		if got := p.Post(wait.URL.Path + "/finish"); got.Status != http.StatusGone {
			t.Errorf("the waiting page led to %s with %d", got.URL, got.Status)
		}
		if got := p.Get("/account"); got.URL.Path != "/signin" {
			t.Error("it opened a session")
		}
	})
}
