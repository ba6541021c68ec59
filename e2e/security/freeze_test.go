package security_test

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/genkan/genkan/e2e/house"
)

// TestOnePressFreezesEverything: FZ1. A link of any notice and one confirmation,
// without sign-in, stop sessions, bearer tokens, forward-auth, known browsers,
// open changes and running resets at once.
func TestOnePressFreezesEverything(t *testing.T) {
	houses(t, house.Options{}, func(t *testing.T, h *house.House) {
		const me = "stop@example.org"
		id := h.Member(t, me, goodPassword, "en")
		p := h.Visit(t)
		p.SignIn(me, goodPassword)
		notice := letterOf(t, h, me, "New sign-in")
		c := visit(t, h.URL)
		token := c.in(me, goodPassword)
		p.Get("/account/address")
		p.Post("/account/address", "email", "stop2@example.org", "password", goodPassword)
		change := letterOf(t, h, "stop2@example.org", "new mail address")
		q := h.Visit(t)
		path, reset := recoverTo(t, h, q, me)
		q.Post(path+"/confirm", "code", reset.Code)
		frozen(t, h, notice)
		if c.alive(token) || c.alive(p.Cookies()["genkan"]) {
			t.Error("a session lives on")
		}
		if a := c.get("/forward-auth", "Authorization", "Bearer "+token); a.Status == 200 {
			t.Error("forward-auth lets the frozen account in")
		}
		q.Get(path)
		if got := q.Post(path+"/password", "password", nextPassword); got.Status == 200 {
			t.Error("a reset that was under way goes on")
		}
		if got := press(t, h, reset.Link, "password", nextPassword); got.Status == 200 {
			t.Error("a mailed reset link goes on")
		}
		press(t, h, links(change)['a'], "number", h.Account.Keys.Code("change number", 4, text(t, h, "SELECT id FROM address_change")))
		if accountOf(t, h, me) != id {
			t.Error("a change of address that was open went through")
		}
		if c.in(me, goodPassword) != "" {
			t.Error("the right password opens")
		}
		letterOf(t, h, me, "account was frozen")
		frozen(t, h, notice) // again: one press twice is one press
		settled(t, h)
		n := 0
		for _, l := range h.Mail.To(me) {
			if strings.Contains(l.Subject, "was frozen") {
				n++
			}
		}
		if n != 1 {
			t.Errorf("%d mails say that it was frozen", n)
		}
	})
}

// TestStrangersCannotFreeze: FZ3. Forged, foreign, cut and unconfirmed links
// freeze nobody, and a code's mail is no notice.
func TestStrangersCannotFreeze(t *testing.T) {
	houses(t, house.Options{}, func(t *testing.T, h *house.House) {
		const me = "warm@example.org"
		h.Member(t, me, goodPassword, "en")
		h.Visit(t).SignIn(me, goodPassword)
		good := links(letterOf(t, h, me, "New sign-in"))['f']
		token := good[strings.LastIndex(good, "/l/")+3:]
		_, l := recoverTo(t, h, h.Visit(t), me)
		reset := l.Link[strings.LastIndex(l.Link, "/l/")+3:]
		p := h.Visit(t)
		for _, forged := range []string{
			"", "f", token[:len(token)-1], token + "0", "f" + strings.Repeat("0", len(token)-1), "f" + reset[1:], "v" + token[1:],
			token[:27] + strings.Repeat("0", len(token)-27), "f" + strings.Repeat("z", len(token)-1),
		} {
			p.Get("/signin")
			if got := p.Post("/link", "token", forged, "confirm", "freeze"); got.Status < 400 {
				t.Errorf("a forged link gave %d", got.Status)
			}
		}
		p.Get("/signin")
		p.Post("/link", "token", token)
		p.Post("/link", "token", token, "confirm", "")
		p.Post("/link", "token", token, "confirm", "veto")
		if n := count(t, h, "SELECT COUNT(*) FROM account WHERE state <> 'active'"); n != 0 {
			t.Error("somebody was frozen")
		}
	})
}

// thawing signs in to a frozen account's page with the right password.
func thawing(t *testing.T, h *house.House, me, pw string) *house.Person {
	t.Helper()
	p := h.Visit(t)
	p.Get("/signin")
	if got := p.Post("/signin", "email", me, "password", pw); got.URL.Path != "/frozen" {
		t.Fatalf("the right password led to %s: %s", got.URL, got.Problem())
	}
	return p
}

// TestThawNeedsPasswordCodeAndADay: FZ3, TH4. No subset of password, mailed code
// and a day's wait opens a frozen account; all three do.
func TestThawNeedsPasswordCodeAndADay(t *testing.T) {
	houses(t, house.Options{}, func(t *testing.T, h *house.House) {
		const me = "thaw@example.org"
		id := h.Member(t, me, goodPassword, "en")
		h.Visit(t).SignIn(me, goodPassword)
		frozen(t, h, letterOf(t, h, me, "New sign-in"))
		state := func() string { return text(t, h, "SELECT state FROM account WHERE id = $1", id) }
		c := visit(t, h.URL)
		// A day alone, and the password after it.
		h.Clock.Advance(25 * time.Hour)
		if c.in(me, goodPassword) != "" || state() != "frozen" {
			t.Fatal("password and a day opened it")
		}
		// The password, then wrong codes, more than are judged.
		p := thawing(t, h, me, goodPassword)
		p.Post("/frozen", "start", "thaw")
		l := letterOf(t, h, me, "use your account again")
		stranger := h.Visit(t)
		stranger.Get("/signin")
		if got := stranger.Post("/frozen", "code", l.Code); got.Status < 400 {
			t.Errorf("the code without the password gave %d", got.Status)
		}
		var judged atomic.Int64
		form := p.Form("code", "00000000")
		for range 12 {
			if got := p.Repeat("/frozen", form); got.Status == http.StatusUnprocessableEntity {
				judged.Add(1)
			}
			p.Get("/frozen?sent=1")
			form = p.Form("code", "00000000")
		}
		if judged.Load() > 5 {
			t.Errorf("%d wrong codes were judged, at most 5 may be", judged.Load())
		}
		h.Clock.Advance(21 * time.Hour)
		n := len(h.Mail.To(me))
		p = thawing(t, h, me, goodPassword)
		p.Post("/frozen", "start", "thaw")
		old := l.Code
		l = letterAfter(t, h, me, n, "use your account again")
		if got := p.Post("/frozen", "code", old); got.Status < 400 {
			t.Errorf("the code of an earlier proof gave %d", got.Status)
		}
		p.Get("/frozen?sent=1")
		if got := p.Post("/frozen", "code", l.Code); got.Status != 200 {
			t.Fatalf("the right code gave %d: %s", got.Status, got.Problem())
		}
		letterOf(t, h, me, "asked to reopen")
		// Password and code without the day.
		if c.in(me, goodPassword) != "" || state() != "frozen" {
			t.Fatal("password and code opened it at once")
		}
		h.Clock.Advance(24*time.Hour - time.Second)
		if c.in(me, goodPassword) != "" {
			t.Fatal("it opened before the day was over")
		}
		h.Clock.Advance(time.Second)
		if c.in(me, nextPassword) != "" || state() != "frozen" {
			t.Fatal("a wrong password thawed it")
		}
		if c.in(me, goodPassword) == "" {
			t.Fatal("all three do not open it")
		}
		if l := letterOf(t, h, me, "reopened"); links(l)['f'] == "" {
			t.Error("the owner is not told how to freeze it again (SE7)")
		}
	})
}

// TestVetoWins: FZ3. A press on any notice keeps the account frozen, against a
// thief with password and mailbox, also when it comes in the same moment as the
// thaw; a new freeze does the same.
func TestVetoWins(t *testing.T) {
	houses(t, house.Options{}, func(t *testing.T, h *house.House) {
		const me = "veto@example.org"
		id := h.Member(t, me, goodPassword, "en")
		h.Visit(t).SignIn(me, goodPassword)
		notice := letterOf(t, h, me, "New sign-in")
		state := func() string { return text(t, h, "SELECT state FROM account WHERE id = $1", id) }
		ask := func() house.Letter {
			t.Helper()
			h.Clock.Advance(5 * time.Hour)
			n := len(h.Mail.To(me))
			p := thawing(t, h, me, goodPassword)
			if got := p.Post("/frozen", "start", "thaw"); got.Status != 200 {
				t.Fatalf("asking to thaw gave %d: %s", got.Status, got.Problem())
			}
			code := letterAfter(t, h, me, n, "use your account again").Code
			if got := p.Post("/frozen", "code", code); got.Status != 200 {
				t.Fatalf("the code gave %d: %s", got.Status, got.Problem())
			}
			return letterAfter(t, h, me, n, "asked to reopen")
		}
		frozen(t, h, notice)
		l := ask()
		h.Clock.Advance(23 * time.Hour)
		if got := press(t, h, links(l)['v'], "confirm", "veto"); got.Status != 200 {
			t.Fatalf("the veto gave %d: %s", got.Status, got.Problem())
		}
		h.Clock.Advance(48 * time.Hour)
		if visit(t, h.URL).in(me, goodPassword) != "" || state() != "frozen" {
			t.Fatal("the vetoed thaw opened the account")
		}
		ask()
		h.Clock.Advance(23 * time.Hour)
		frozen(t, h, notice)
		h.Clock.Advance(48 * time.Hour)
		if visit(t, h.URL).in(me, goodPassword) != "" || state() != "frozen" {
			t.Fatal("the thaw outlived a new freeze")
		}
		// At the same moment as the sign-in that would thaw: either, never both.
		l = ask()
		h.Clock.Advance(24 * time.Hour)
		token := ""
		vetoed := 0
		together(2, func(i int) {
			if i == 0 {
				token = visit(t, h.URL).in(me, goodPassword)
			} else {
				vetoed = press(t, h, links(l)['v'], "confirm", "veto").Status
			}
		})
		switch {
		case vetoed == 200 && (token != "" || state() != "frozen"):
			t.Error("a veto was acknowledged and the account opened")
		case vetoed != 200 && token == "" && state() == "frozen":
			t.Errorf("neither thaw nor veto (%d) took effect", vetoed)
		}
	})
}
