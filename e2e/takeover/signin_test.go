package takeover_test

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/genkan/genkan/e2e/house"
	"github.com/genkan/genkan/internal/config"
	"github.com/genkan/genkan/internal/domain/account"
	"github.com/genkan/genkan/internal/domain/attempt"
	"github.com/genkan/genkan/internal/flow/signin"
	"github.com/genkan/genkan/internal/platform/db"
)

// slow holds one hash of a password back until it is let go.
type slow struct {
	pw           string
	first        atomic.Bool
	begun, letGo chan struct{}
}

// TestJudgedBeforeTheChangeOpensNothing: PW5, SE4, RS9. A sign-in whose password
// was found right opens no session when a reset, a change of the password or an
// undo was kept before it is: its hash is held back until then.
func TestJudgedBeforeTheChangeOpensNothing(t *testing.T) {
	two := func(s *config.Settings) { s.Password.HashParallel = 2 } // the change hashes while the sign-in does
	engines(t, house.Options{Settings: two}, func(t *testing.T, h *house.House) {
		var now atomic.Pointer[slow]
		derive := h.Hasher.Derive
		h.Hasher.Derive = func(pw, salt []byte, passes, memory, size uint32) []byte {
			if s := now.Load(); s != nil && string(pw) == s.pw && s.first.CompareAndSwap(false, true) {
				close(s.begun)
				<-s.letGo
			}
			return derive(pw, salt, passes, memory, size)
		}
		during := func(what, email string, id account.ID, live int, change func()) {
			s := &slow{pw: oldPassword, begun: make(chan struct{}), letGo: make(chan struct{})}
			now.Store(s)
			got := make(chan signin.Step, 1)
			go func() {
				step, err := h.Signin.Start(t.Context(), signin.Ask{Email: email, Password: oldPassword, Locale: "en"})
				if err != nil {
					t.Error(err)
				}
				got <- step
			}()
			<-s.begun
			change()
			close(s.letGo)
			if step := <-got; step.State != attempt.Refused || step.Opened.Secret != "" {
				t.Errorf("a sign-in judged before the %s gave %s", what, step.State)
			}
			if all, err := h.Sessions.List(t.Context(), id); err != nil || len(all) != live {
				t.Errorf("after the %s %d sessions live; want %d (%v)", what, len(all), live, err)
			}
		}
		id := h.Member(t, owner, oldPassword, "en")
		recovery, code := ask(t, h, owner)
		during("reset", owner, id, 0, func() { must(t, reset(h, recovery, code, newPassword)) })

		id = h.Member(t, "second@a.example", oldPassword, "en")
		secret, s := in(t, h, "second@a.example", oldPassword)
		during("change", "second@a.example", id, 1, func() {
			_, err := h.Account.ChangePassword(t.Context(), s, secret, "", oldPassword, newPassword, "")
			must(t, err)
		})

		id = h.Member(t, "third@a.example", oldPassword, "en")
		move(t, h, "third@a.example", box1)
		back := letter(t, h, "third@a.example", "address was changed", 1)
		during("undo", box1, id, 0, func() { must(t, undo(t, h, back)) })
	})
}

// TestUndoShutsOutWhoIsSigningIn: PW5, RS9. The undo ends sessions and voids the
// password in one transaction; a sign-in that comes while that runs is ended or
// refused, never left over. The thief moved the address back meanwhile, so that
// the undo does not touch the account's key, which sessions refer to.
func TestUndoShutsOutWhoIsSigningIn(t *testing.T) {
	engines(t, house.Options{}, func(t *testing.T, h *house.House) {
		id := h.Member(t, owner, oldPassword, "en")
		move(t, h, owner, box1)
		move(t, h, box1, owner)
		back := letter(t, h, owner, "address was changed", 1)
		must(t, h.DB.Tx(t.Context(), func(tx *db.Tx) error {
			_, err := h.Sessions.Remember(t.Context(), tx, id, owner, "")
			return err
		}))
		undone, got := make(chan error, 1), make(chan signin.Step, 1)
		must(t, h.DB.Tx(t.Context(), func(tx *db.Tx) error {
			_, err := tx.ExecContext(t.Context(), "UPDATE known_browser SET used_at = used_at WHERE account_id = $1", id)
			must(t, err)
			go func() { undone <- undo(t, h, back) }()
			blocked(t, h, 1) // having ended the sessions that there were
			go func() {
				s, err := h.Signin.Start(t.Context(), signin.Ask{Email: owner, Password: oldPassword, Locale: "en"})
				if err != nil {
					t.Error(err)
				}
				got <- s
			}()
			if h.DB.Engine == db.Postgres {
				until(t, "the sign-in waits or is over", func() bool {
					return len(got) == 1 || count(t, h, "SELECT COUNT(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()") == 2
				})
			}
			return nil
		}))
		must(t, <-undone)
		if s := <-got; s.Opened.Secret != "" && alive(t, h, s.Opened.Secret) {
			t.Error("a session opened with the voided password outlived the undo")
		}
	})
}

// TestSigningInEndsTheBrowsersSession: SE2. The session that a browser had is
// dead once it is let in anew: by its form, by the API with its cookies, into
// another account, or by registering. A refused try ends nothing.
func TestSigningInEndsTheBrowsersSession(t *testing.T) {
	engines(t, house.Options{}, func(t *testing.T, h *house.House) {
		h.Member(t, owner, oldPassword, "en")
		h.Member(t, "other@a.example", newPassword, "en")
		p := h.Visit(t)
		p.SignIn(owner, oldPassword)
		had := p.Cookies()["genkan"]
		replaced := func(how string) {
			t.Helper()
			now := p.Cookies()["genkan"]
			if now == had || !alive(t, h, now) {
				t.Fatalf("%s did not let the browser in anew", how)
			}
			if alive(t, h, had) {
				t.Errorf("after %s the former session lives on", how)
			}
			had = now
		}
		p.Get("/signin?other=1")
		p.Post("/signin", "email", owner, "password", newPassword)
		if !alive(t, h, had) {
			t.Error("a refused try ended the session")
		}
		p.SignIn(owner, oldPassword)
		replaced("signing in")
		p.SignIn("other@a.example", newPassword)
		replaced("signing in to another account")
		p.Get("/register")
		wait := p.Post("/register", "email", "third@a.example", "password", newPassword)
		p.Post(wait.URL.Path+"/confirm", "code", letter(t, h, "third@a.example", "(new account", 1).Code)
		replaced("registering")
	})
}

// TestProgramsStayUnknown: SE7, RS8. A program that signs in over and over without our
// cookies leaves no known browser behind and causes at most 10 notices a day. A
// browser becomes known.
func TestProgramsStayUnknown(t *testing.T) {
	engines(t, house.Options{}, func(t *testing.T, h *house.House) {
		h.Member(t, owner, oldPassword, "en")
		for range 14 {
			if code, out := api(t, h, "POST", "/sign-ins", dict{"email": owner, "password": oldPassword}); code != 200 || out["state"] != "complete" {
				t.Fatalf("signing in gave %d, %v", code, out["state"])
			}
			h.Clock.Advance(90 * time.Minute)
		}
		if n := count(t, h, "SELECT COUNT(*) FROM known_browser"); n != 0 {
			t.Errorf("%d browsers are known; want 0", n)
		}
		notices := func() (n int) {
			settled(t, h)
			for _, l := range h.Mail.To(owner) {
				if strings.Contains(l.Subject, "New sign-in") {
					n++
				}
			}
			return n
		}
		if n := notices(); n != 10 {
			t.Errorf("%d notices in 21 hours; want 10", n)
		}
		h.Clock.Advance(4 * time.Hour)
		h.Visit(t).SignIn(owner, oldPassword)
		if n := count(t, h, "SELECT COUNT(*) FROM known_browser"); n != 1 {
			t.Errorf("%d browsers are known; want 1", n)
		}
		if n := notices(); n != 11 {
			t.Errorf("%d notices on the next day; want 11", n)
		}
	})
}
