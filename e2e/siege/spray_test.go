package siege_test

import (
	"fmt"
	"net/netip"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/genkan/genkan/internal/config"
	"github.com/genkan/genkan/internal/domain/account"
	"github.com/genkan/genkan/internal/platform/db"
)

// TestStuffingOpensNothing: TH6 and item "stuffing". Pairs from elsewhere come
// from as many addresses; one in twelve is right here. The first failures raise
// the level; from then on no right pair opens anything by itself, and members'
// own browsers are not disturbed. The mailbox and a new password do.
func TestStuffingOpensNothing(t *testing.T) {
	pairs, least := pick(300, 5000), 100
	behind := func(s *config.Settings) {
		s.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
		s.Limits.AttackFailures = least
	}
	towns(t, behind, func(w *town) {
		h := w.first()
		h.Member(t, owner, right, "en")
		home := w.known(owner)
		states := map[string]int{}
		early, raised := 0, false
		for i := range pairs {
			email, pw := name(i), fmt.Sprint("from another place ", i)
			if i%12 == 11 {
				h.Member(t, email, pw, "en")
			}
			p := w.stranger()
			p.from = fmt.Sprintf("100.%d.%d.7", 64+i/250, i%250) // carriers' addresses
			out := p.guess(i, email, pw)
			states[out.State]++
			switch {
			case out.State == "complete" && raised:
				t.Errorf("pair %d of %d got in during the attack", i, pairs)
			case out.State == "complete":
				early++
			case out.State == "device_check":
				raised = true
				if out.finding() != "pw.other-service" || out.Session.Token != "" {
					t.Errorf("a right pair gives %s", out.Text)
				}
			}
			if i%30 == 29 {
				if out := home.call(i, "/sign-ins", dict{"email": owner, "password": right}); out.State != "complete" {
					t.Errorf("the owner's browser is told %s", out.Text)
				}
			}
		}
		if most := least/11 + 1; early > most || !raised {
			t.Errorf("%d pairs got in before the level was raised, want %d at most; %v", early, most, states)
		}
		t.Logf("%d pairs: %v; %d got in before the attack was seen", pairs, states, early)
		// A member in a new browser proves the mailbox and chooses a new password.
		w.renewed(name(pairs-pairs%12-1), fmt.Sprint("from another place ", pairs-pairs%12-1), 2)
	})
}

// renewed walks from a right password that is not enough to a new one, by the
// n-th mail that says so.
func (w *town) renewed(email, pw string, n int) {
	w.t.Helper()
	w.await(email, "new password needed", n-1) // two mails on their way may overtake each other
	w.first().Clock.Advance(61 * time.Second)
	p := w.stranger()
	at := p.guess(0, email, pw)
	if at.State != "device_check" || at.Challenge.Kind != "mail" {
		w.t.Fatalf("%s in a new browser: %s", email, at.Text)
	}
	code := w.await(email, "new password needed", n).Code
	out := p.call(1, "/sign-ins/"+at.ID+"/factor", dict{"method": "mail", "code": code})
	if out.State != "refused" || out.Recovery.ID == "" || out.Session.Token != "" {
		w.t.Fatalf("the code gives %s", out.Text)
	}
	done := p.call(2, "/recoveries/"+out.Recovery.ID+"/confirm", dict{"code": out.Recovery.Code, "new_password": next})
	if done.Status != 200 {
		w.t.Fatalf("the new password gives %d %s", done.Status, done.Text)
	}
	if old := w.stranger().guess(0, email, pw); old.State != "refused" || old.finding() != "signin.refused" {
		w.t.Errorf("the old password still gives %s", old.Text)
	}
}

// TestLeakedPasswordIsNotEnough: a right password that is on the list of leaked
// ones opens a known browser, and from an unknown one leads to the mailbox and a
// new password.
func TestLeakedPasswordIsNotEnough(t *testing.T) {
	const leaked = "passwordpassword"
	towns(t, nil, func(w *town) {
		w.first().Member(t, owner, leaked, "en") // set before the list knew it
		out := w.stranger().guess(0, owner, leaked)
		if out.State != "device_check" || out.finding() != "pw.breach-reset" {
			t.Fatalf("a leaked password gives %s", out.Text)
		}
		w.renewed(owner, leaked, 2)
	})
}

// TestThrottlesTellNothing: EN3. Forty failures for an active, a frozen, a
// closed and an unknown address give the same sequence of answers.
func TestThrottlesTellNothing(t *testing.T) {
	towns(t, nil, func(w *town) {
		h := w.first()
		h.Member(t, "active@example.org", right, "en")
		for state, email := range map[account.State]string{account.Frozen: "frozen@example.org", account.Closed: "closed@example.org"} {
			id := h.Member(t, email, right, "en")
			err := h.DB.Tx(t.Context(), func(tx *db.Tx) error {
				_, err := tx.ExecContext(t.Context(), `UPDATE account SET state = $1 WHERE id = $2`, string(state), id)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		fresh := regexp.MustCompile(`"(id|reference)":"[^"]+"`)
		emails := []string{"active@example.org", "frozen@example.org", "closed@example.org", "nobody@example.org"}
		want := ""
		for n, email := range emails {
			got := ""
			p := w.stranger()
			for i := range pick(20, 200) {
				out := p.guess(i, email, fmt.Sprint("guess ", i))
				got += fmt.Sprint(out.Status, " ", out.Retry, " ", fresh.ReplaceAllString(out.Text, `"$1":""`), "\n")
				if i == 6 {
					out := p.call(i, "/sign-ins", dict{"email": email, "password": "without a pass"})
					got += fmt.Sprint(out.Status, fresh.ReplaceAllString(out.Text, `"$1":""`), "\n")
				}
				if i == 9 {
					h.Clock.Advance(61 * time.Second)
				}
			}
			h.Clock.Advance(-61 * time.Second)
			if n == 0 {
				want = got
			}
			if got != want {
				t.Errorf("%s is answered otherwise:\n%.600s\nwant\n%.600s", email, got, want)
			}
		}
		if n := w.judged("guess"); n != 3*6 { // unknown addresses have a decoy only
			t.Errorf("%d guesses were judged; want 18", n)
		}
		rows := w.count(`SELECT COUNT(DISTINCT n) FROM (SELECT COUNT(*) AS n FROM message WHERE kind = 'siege' GROUP BY recipient_key) AS x`)
		if kinds := w.count(`SELECT COUNT(*) FROM message WHERE kind = 'siege'`); kinds != len(emails) || rows != 1 {
			t.Errorf("%d notices were written, not one for each address", kinds)
		}
		w.await("active@example.org", "Wrong passwords", 1)
		for _, email := range emails[1:] {
			if got := h.Mail.To(email); len(got) > 0 {
				t.Errorf("%s was sent %q", email, got[0].Subject)
			}
		}
	})
}

// TestOwnerIsTold: when a pause begins, once an hour at most, in the owner's own
// language, with one press to freeze. The known browser is told as well, and
// strangers are told nothing.
func TestOwnerIsTold(t *testing.T) {
	towns(t, nil, func(w *town) {
		h := w.first()
		h.Member(t, owner, right, "ja")
		home, thief := w.known(owner), w.stranger()
		for i := range 30 {
			thief.guess(i, owner, fmt.Sprint("guess ", i))
			h.Clock.Advance(10 * time.Minute) // five hours in all
		}
		l := w.await(owner, "違うパスワード", 1)
		if !strings.Contains(l.Text, "/recover") || !strings.Contains(l.Text, "/signin") || l.Link == "" {
			t.Errorf("the notice lacks a way on:\n%s", l.Text)
		}
		time.Sleep(500 * time.Millisecond) // others would be on their way
		if n := len(w.letters(owner, "違うパスワード")); n < 2 || n > 4 {
			t.Errorf("%d notices in five hours; want one an hour at most, and no more than four a day", n)
		}
		out := home.call(0, "/sign-ins", dict{"email": owner, "password": "slipped"})
		if out.State != "refused" || len(out.Findings) < 2 || out.Findings[1].Code != "lock.by-others" {
			t.Errorf("the known browser is told %s", out.Text)
		}
		if out := thief.guess(0, owner, right); strings.Contains(out.Text, "lock.") || out.State != "refused" {
			t.Errorf("a stranger is told %s", out.Text)
		}
		v := h.Visit(t)
		v.Get(l.Link)
		if !strings.Contains(v.Page.Body, `value="freeze"`) {
			t.Fatalf("the link opens %s", v.Page.Heading())
		}
		token := regexp.MustCompile(`name="token" value="([^"]+)"`).FindStringSubmatch(v.Page.Body)
		v.Post("/link", "token", token[1], "confirm", "freeze")
		if n := w.count(`SELECT COUNT(*) FROM account WHERE state = 'frozen'`); n != 1 {
			t.Errorf("pressing the link froze %d accounts: %s", n, v.Page.Problem())
		}
	})
}

// TestHumanCheckComesFirst: nothing is judged, counted or looked up before the
// check is passed; a pass is good once, and not for another address.
func TestHumanCheckComesFirst(t *testing.T) {
	towns(t, nil, func(w *town) {
		w.first().Member(t, owner, right, "en")
		w.forget()
		p := w.stranger()
		other := p.pass("other@example.org")
		for i, pass := range []string{"", "forged", other} {
			out := p.call(i, "/sign-ins", dict{"email": owner, "password": right, "human": pass})
			if out.State != "human_check" || out.Challenge.Kind != "human" || !strings.HasPrefix(out.finding(), "puzzle.") {
				t.Errorf("pass %q gives %s", pass, out.Text)
			}
		}
		if n := w.judged(""); n != 0 {
			t.Errorf("%d passwords were judged", n)
		}
		if n := w.count(`SELECT COUNT(*) FROM limit_streak`); n != 0 {
			t.Errorf("%d tries were counted", n)
		}
		pass := p.pass(owner)
		if out := p.call(0, "/sign-ins", dict{"email": owner, "password": "no", "human": pass}); out.State != "refused" {
			t.Errorf("a good pass gives %s", out.Text)
		}
		if out := p.call(1, "/sign-ins", dict{"email": owner, "password": right, "human": pass}); out.State != "human_check" {
			t.Errorf("a spent pass gives %s", out.Text)
		}
	})
}
