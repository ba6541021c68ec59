package takeover_test

import (
	"testing"
	"time"

	"github.com/genkan/genkan/e2e/house"
	"github.com/genkan/genkan/internal/domain/account"
	"github.com/genkan/genkan/internal/domain/attempt"
	"github.com/genkan/genkan/internal/domain/session"
	"github.com/genkan/genkan/internal/platform/db"
)

// TestThawCodeDies: FZ3. A thaw's code dies with the proof of the password that
// asked for it, with a veto, and with a further press of freeze.
func TestThawCodeDies(t *testing.T) {
	engines(t, house.Options{}, func(t *testing.T, h *house.House) {
		id := h.Member(t, owner, oldPassword, "en")
		in(t, h, owner, oldPassword)
		notice := letter(t, h, owner, "New sign-in", 1)
		must(t, freeze(t, h, notice))
		pass, err := h.Freeze.Pass(id)
		must(t, err)
		first := thawCode(t, h, pass, owner)

		h.Clock.Advance(16 * time.Minute)
		_, err = h.Freeze.Thaw(t.Context(), pass, first, "")
		refused(t, "a code after its proof ran out", err, "find.form-expired")
		pass, err = h.Freeze.Pass(id)
		must(t, err)
		_, err = h.Freeze.Thaw(t.Context(), pass, first, "")
		refused(t, "a code of an earlier proof", err, "code.wrong")

		second := thawCode(t, h, pass, owner)
		h.Clock.Advance(time.Minute)
		_, err = h.Freeze.Thaw(t.Context(), pass, second, "")
		must(t, err)
		vetoID, vetoLink := link(t, letter(t, h, owner, "asked to reopen", 1), 'v')
		must(t, h.Freeze.Veto(t.Context(), vetoID, vetoLink, ""))
		_, err = h.Freeze.Thaw(t.Context(), pass, second, "")
		refused(t, "the code of a vetoed thaw", err, "code.wrong")

		h.Clock.Advance(time.Minute)
		third := thawCode(t, h, pass, owner)
		_, err = h.Freeze.Thaw(t.Context(), pass, third, "")
		must(t, err)
		h.Clock.Advance(time.Second)
		must(t, freeze(t, h, notice))
		_, err = h.Freeze.Thaw(t.Context(), pass, third, "")
		refused(t, "the code of a thaw that freezing cancelled", err, "code.wrong")
		if a := read(t, h, id); a.State != account.Frozen || !a.ThawAt.IsZero() {
			t.Errorf("the account is %s and thaws at %v", a.State, a.ThawAt)
		}
	})
}

// TestFreezeStopsARunningReset: FZ1, RS6. Neither the code nor the link of a
// reset asked for before the press changes the password; one asked for
// afterwards does, and thaws nothing.
func TestFreezeStopsARunningReset(t *testing.T) {
	engines(t, house.Options{}, func(t *testing.T, h *house.House) {
		id := h.Member(t, owner, oldPassword, "en")
		in(t, h, owner, oldPassword)
		running, code := ask(t, h, owner)
		_, byLink := link(t, letter(t, h, owner, "(new password", 1), 'p')
		h.Clock.Advance(time.Minute)
		must(t, freeze(t, h, letter(t, h, owner, "New sign-in", 1)))
		refused(t, "the code of a running reset", reset(h, running, code, newPassword), "code.expired")
		_, err := h.Recovery.ByLink(t.Context(), running, byLink, newPassword, nil, "", session.Where{})
		refused(t, "the link of a running reset", err, "code.expired")
		if s := signIn(t, h, owner, oldPassword); s.State != attempt.Held {
			t.Errorf("after the freeze the password that was gives %s", s.State)
		}
		h.Clock.Advance(time.Minute)
		after, code := ask(t, h, owner)
		must(t, reset(h, after, code, newPassword))
		if s := signIn(t, h, owner, newPassword); s.State != attempt.Held {
			t.Errorf("after a reset of the frozen account its password gives %s", s.State)
		}
		if read(t, h, id).State != account.Frozen {
			t.Error("the reset thawed the account")
		}
	})
}

// TestFreezeWinsAgainstAConcurrentChange: FZ1. Somebody else moves the account
// while the press is on its way: it is not sent away, and it wins.
func TestFreezeWinsAgainstAConcurrentChange(t *testing.T) {
	engines(t, house.Options{}, func(t *testing.T, h *house.House) {
		id := h.Member(t, owner, oldPassword, "en")
		in(t, h, owner, oldPassword)
		notice := letter(t, h, owner, "New sign-in", 1)
		pressed := make(chan error, 1)
		// Frozen by another notice and thawing already, in a transaction that
		// ends only when the press has seen the account as it was.
		must(t, h.DB.Tx(t.Context(), func(tx *db.Tx) error {
			for _, ev := range []account.Event{account.Freeze, account.AskThaw} {
				a, err := h.Book.ByID(t.Context(), tx, id)
				must(t, err)
				_, err = h.Book.Move(t.Context(), tx, a, ev)
				must(t, err)
			}
			go func() { pressed <- freeze(t, h, notice) }()
			blocked(t, h, 1)
			return nil
		}))
		must(t, <-pressed)
		if a := read(t, h, id); a.State != account.Frozen || !a.ThawAt.IsZero() {
			t.Errorf("after the press the account is %s and thaws at %v", a.State, a.ThawAt)
		}
	})
}

// blocked waits until n transactions wait for a row that another holds. SQLite
// has one writer: there they wait before they read anything, and nothing can
// come between.
func blocked(t testing.TB, h *house.House, n int) {
	t.Helper()
	if h.DB.Engine != db.Postgres {
		return
	}
	until(t, "transactions wait for a row", func() bool {
		return count(t, h, "SELECT COUNT(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()") >= n
	})
}
