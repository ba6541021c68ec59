package siege_test

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/genkan/genkan/e2e/house"
	"github.com/genkan/genkan/internal/domain/admit"
	"github.com/genkan/genkan/internal/domain/guard"
	"github.com/genkan/genkan/internal/domain/puzzle"
	"github.com/genkan/genkan/internal/flow/signin"
	"github.com/genkan/genkan/internal/platform/fault"
)

// TestAHundredGuessesAtMost: TH1, TH5, TH7. An attacker who waits every pause
// out, at every node in turn, has five guesses at once, then one a pause, and a
// hundred in all. Meanwhile the owner's browser gets in, 100 of 100 times; when
// nothing from strangers is judged any more, the mailbox opens another one.
func TestAHundredGuessesAtMost(t *testing.T) {
	towns(t, nil, func(w *town) {
		h := w.first()
		h.Member(t, owner, right, "en")
		home, thief := w.known(owner), w.stranger()
		w.forget()
		for i := range 12 {
			thief.guess(i, owner, fmt.Sprint("guess ", i))
		}
		if n := w.judged("guess"); n != 5 {
			t.Errorf("%d guesses were judged at once; want 5", n)
		}
		in, tries := 0, pick(220, 10000)
		for i := range tries {
			if i%2 == 0 {
				h.Clock.Advance(61 * time.Minute)
			}
			thief.guess(i, owner, fmt.Sprint("guess again ", i))
			if i < 200 && i%2 == 1 {
				if out := home.call(i, "/sign-ins", dict{"email": owner, "password": right}); out.State == "complete" {
					in++
				}
			}
		}
		if n := w.judged("guess"); n > 100 || n < 90 {
			t.Errorf("%d of %d guesses were judged; want 100 at most, and nearly as many", n, tries+12)
		}
		if in != 100 {
			t.Errorf("the owner got in %d of 100 times", in)
		}
		if out := thief.guess(0, owner, right); out.State != "refused" || out.finding() != "signin.refused" {
			t.Errorf("after the last guess the right password of a stranger gives %s %s", out.State, out.finding())
		}
		w.byMail(owner)
	})
}

// byMail signs in with a mailed code from a browser that nobody knows.
func (w *town) byMail(email string) {
	w.t.Helper()
	w.first().Clock.Advance(61 * time.Minute) // the mails of the attack are an hour old
	before := len(w.letters(email, "new browser"))
	p := w.stranger()
	at := p.guess(1, email, right)
	if at.State != "refused" {
		w.t.Fatalf("a stranger's password gives %s", at.State)
	}
	path := "/sign-ins/" + at.ID + "/factor"
	if out := p.call(0, path, dict{"method": "mail"}); out.State != "device_check" || out.Challenge.Kind != "mail" {
		w.t.Fatalf("asking for a code gives %d %s", out.Status, out.Text)
	}
	code := w.await(email, "new browser", before+1).Code
	if out := p.call(2, path, dict{"method": "mail", "code": "12345678", "password": right}); out.Code != "code.wrong" {
		w.t.Errorf("a wrong code gives %d %s", out.Status, out.Text)
	}
	if out := p.call(1, path, dict{"method": "mail", "code": code, "password": "not it at all"}); out.State != "refused" {
		w.t.Errorf("the code with a wrong password gives %d %s", out.Status, out.Text)
	}
	out := p.call(2, "/sign-ins/"+at.ID+"/human", dict{"password": right})
	if out.State != "complete" || out.Session.Token == "" {
		w.t.Errorf("the code and the password give %d %s", out.Status, out.Text)
	}
}

// TestTwoHundredAtOnce: TH2. Of guesses that arrive together as many are judged
// as the limit says.
func TestTwoHundredAtOnce(t *testing.T) {
	towns(t, nil, func(w *town) {
		w.first().Member(t, owner, right, "en")
		p := w.stranger()
		passes := make([]string, 200)
		for i := range passes {
			passes[i] = p.pass(owner)
		}
		var refused atomic.Int32
		atOnce(len(passes), func(i int) {
			out := p.call(i, "/sign-ins", dict{"email": owner, "password": fmt.Sprint("guess ", i), "human": passes[i]})
			if out.State == "refused" {
				refused.Add(1)
			}
		})
		if n := w.judged("guess"); n != 5 {
			t.Errorf("%d of %d were judged; want 5", n, len(passes))
		}
		if refused.Load() != 200 {
			t.Errorf("%d of 200 were told the usual", refused.Load())
		}
	})
}

// spellings are sixty ways to write one address.
func spellings() (out []string) {
	wide := strings.NewReplacer("@", "＠", ".", "．", "h", "ｈ", "H", "Ｈ", "a", "ａ")
	for _, local := range []string{"hanako", "HANAKO", "Hanako", "hAnAkO", "hanakO"} {
		for _, domain := range []string{"example.org", "EXAMPLE.ORG", "Example.Org"} {
			plain := local + "@" + domain
			out = append(out, plain, " "+plain+"  ", wide.Replace(plain), "　"+plain)
		}
	}
	return out
}

// TestOneCounterForAllSpellings: TH3. Sixty spellings over the form, the API and
// an attempt that goes on share one limit; passwords that are asked for again in
// a session have the count of its browser.
func TestOneCounterForAllSpellings(t *testing.T) {
	towns(t, nil, func(w *town) {
		h := w.first()
		h.Member(t, owner, right, "en")
		home := h.Visit(t)
		home.Get("/signin")
		home.Post("/signin", "email", owner, "password", right, "human", home.Human(h, puzzle.SignIn, owner))
		w.forget()
		all := spellings()
		if len(all) != 60 {
			t.Fatalf("%d spellings", len(all))
		}
		for i, email := range all {
			pw := fmt.Sprint("guess ", i)
			switch p := w.stranger(); i % 3 {
			case 0:
				p.guess(i, email, pw)
			case 1:
				v := h.Visit(t)
				v.Get("/signin")
				v.Post("/signin", "email", email, "password", pw, "human", v.Human(h, puzzle.SignIn, email))
			case 2:
				at := p.call(i, "/sign-ins", dict{"email": email, "password": pw})
				if at.State != "human_check" {
					t.Fatalf("without a pass: %s", at.Text)
				}
				p.call(i, "/sign-ins/"+at.ID+"/human", dict{"password": pw, "pass": p.pass(email)})
			}
		}
		if n := w.judged("guess"); n != 5 {
			t.Errorf("%d spellings were judged; want 5", n)
		}
		for i := range 12 {
			home.Get("/account/password")
			home.Post("/account/password", "old_password", fmt.Sprint("inside ", i), "password", next)
		}
		if n := w.judged("inside"); n != 5 {
			t.Errorf("%d were judged inside; want 5", n)
		}
		// The same browser's sign-in form shares the count, and says so.
		q := &client{w: w, cookie: home.Cookies()}
		out := q.call(0, "/sign-ins", dict{"email": owner, "password": right})
		if out.Status != 429 || out.Code != "lock.own-mistakes" || out.Retry == "" {
			t.Errorf("the browser that guessed is told %d %s", out.Status, out.Text)
		}
		h.Clock.Advance(61 * time.Second)
		if out := q.call(0, "/sign-ins", dict{"email": owner, "password": right}); out.State != "complete" {
			t.Errorf("after its pause the browser is told %d %s", out.Status, out.Text)
		}
	})
}

// TestOwnMistakesEndByMail: a browser that used its own tries up does not wait
// for the pause: from the attempt that was refused, a mailed code leads in. The
// form offers it.
func TestOwnMistakesEndByMail(t *testing.T) {
	towns(t, nil, func(w *town) {
		h := w.first()
		h.Member(t, owner, right, "ja")
		q := w.known(owner)
		at := reply{}
		for i := range 5 {
			if at = q.call(i, "/sign-ins", dict{"email": owner, "password": fmt.Sprint("mistake ", i)}); at.State != "refused" {
				t.Fatalf("mistake %d: %s", i, at.Text)
			}
		}
		if out := q.call(0, "/sign-ins", dict{"email": owner, "password": right}); out.Status != 429 || out.Code != "lock.own-mistakes" {
			t.Fatalf("after five: %d %s", out.Status, out.Text)
		}
		if out := q.call(1, "/sign-ins/"+at.ID+"/factor", dict{"method": "mail"}); out.State != "device_check" {
			t.Fatalf("asked for a code: %s", out.Text)
		}
		code := w.await(owner, "new browser", 1).Code
		if out := q.call(2, "/sign-ins/"+at.ID+"/factor", dict{"method": "mail", "code": code, "password": right}); out.State != "complete" {
			t.Errorf("code and password give %s", out.Text)
		}
		// Its count is new, and its next mistake is one.
		if out := q.call(0, "/sign-ins", dict{"email": owner, "password": "another mistake"}); out.State != "refused" {
			t.Errorf("the next mistake gives %d %s", out.Status, out.Text)
		}

		// The form says so too, and offers the code.
		v := h.Visit(t)
		v.Get("/signin")
		v.Post("/signin", "email", owner, "password", right, "human", v.Human(h, puzzle.SignIn, owner))
		v.Post("/signout")
		var got house.Page
		v.Get("/signin")
		for i := range 6 {
			got = v.Post("/signin", "remembered", "1", "password", fmt.Sprint("mistake in the form ", i))
		}
		if p := got.Problem(); !strings.Contains(p, "failures") || !strings.Contains(got.Body, "/signin/code") {
			t.Errorf("after six mistakes the form says %q and offers no code", p)
		}
	})
}

// TestCopiesTakeNothingBack: TH2. Copies of one press are counted once, and once
// at most taken back when they are abandoned before their hash; what was guessed
// before stays counted, and a copy whose count was taken back is told nothing.
func TestCopiesTakeNothingBack(t *testing.T) {
	towns(t, nil, func(w *town) {
		h := w.first()
		h.Guard.Mode = guard.Off
		h.Member(t, owner, right, "en")
		total := func() int {
			return w.count(`SELECT COALESCE(SUM(total), 0) FROM limit_streak`)
		}
		press := func(ctx context.Context, once, pw string) (signin.Step, error) {
			return h.Signin.Start(ctx, signin.Ask{Email: owner, Password: pw, Locale: "en", Once: once})
		}
		for i := range 3 {
			if s, err := press(t.Context(), fmt.Sprint("before ", i), fmt.Sprint("guess ", i)); err != nil || s.State != "refused" {
				t.Fatalf("%+v, %v", s, err)
			}
		}
		// Every place at the hash is taken, so copies wait in line, and leave.
		hold, held := make(chan struct{}), sync.WaitGroup{}
		for range runtime.GOMAXPROCS(0) {
			held.Add(1)
			go func() {
				_ = h.Gate.Do(context.Background(), admit.SignIn, func() error { held.Done(); <-hold; return nil })
			}()
		}
		held.Wait()
		for round := range 3 {
			gone, leave := context.WithCancel(t.Context())
			var all sync.WaitGroup
			for range 10 {
				all.Go(func() {
					if _, err := press(gone, fmt.Sprint("copies ", round), "a guess"); err == nil {
						t.Error("an abandoned press was answered")
					}
				})
			}
			for h.Gate.Load().Queued < 10 {
				runtime.Gosched()
			}
			leave()
			all.Wait()
			if n := total(); n != 3 {
				t.Fatalf("after %d rounds of copies %d guesses are counted; want 3", round+1, n)
			}
		}
		// One copy leaves, the other is judged: its count is gone, so it hears nothing.
		gone, leave := context.WithCancel(t.Context())
		var stays, leaves sync.WaitGroup
		stays.Go(func() {
			if s, err := press(t.Context(), "two", right); !fault.Is(err, "srv.overload") {
				t.Errorf("a copy that nobody counted is told %q, %v", s.State, err)
			}
		})
		for h.Gate.Load().Queued < 1 {
			runtime.Gosched()
		}
		leaves.Go(func() { _, _ = press(gone, "two", right) })
		for h.Gate.Load().Queued < 2 {
			runtime.Gosched()
		}
		leave()
		leaves.Wait()
		close(hold)
		stays.Wait()
		if s, err := press(t.Context(), "again", right); err != nil || s.State != "complete" {
			t.Errorf("the owner's next press: %q, %v", s.State, err)
		}
		if n := total(); n != 3 {
			t.Errorf("in the end %d guesses are counted; want 3", n)
		}
	})
}
