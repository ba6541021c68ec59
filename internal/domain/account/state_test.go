package account

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/platform/fault"
	"github.com/genkan/genkan/internal/testkit"
)

var (
	states = []State{Active, Frozen, Closed}
	events = []Event{Freeze, AskThaw, VetoThaw, Thaw, Close}
)

func TestDrawingIsTheTable(t *testing.T) {
	t.Parallel()
	drawn := testkit.Drawing(t, "Account")
	if drawn["[*]"]["create"] != string(Active) {
		t.Error("the drawing does not begin with create")
	}
	delete(drawn, "[*]")
	for _, s := range states {
		for _, e := range events {
			if got, want := string(moves[s][e]), drawn[string(s)][string(e)]; got != want {
				t.Errorf("%s by %s: the table says %q, the drawing %q", s, e, got, want)
			}
			delete(drawn[string(s)], string(e))
		}
		if len(drawn[string(s)]) > 0 {
			t.Errorf("drawn from %s, but unknown: %v", s, drawn[string(s)])
		}
		delete(drawn, string(s))
	}
	if len(drawn) > 0 {
		t.Errorf("drawn, but unknown: %v", drawn)
	}
	if len(moves) != len(states) {
		t.Errorf("the table has %d states; want %d", len(moves), len(states))
	}
}

func (s *set) move(a Account, ev Event) (next State, err error) {
	err = s.try(func(ctx context.Context, tx *db.Tx) (err error) {
		next, err = s.Move(ctx, tx, a, ev)
		return err
	})
	return next, err
}

// in brings a new account into a state: also frozen with a thaw asked for, and
// with one whose wait is over.
func (s *set) in(email, state string) Account {
	s.t.Helper()
	a := s.member(email)
	path := map[string][]Event{"active": nil, "frozen": {Freeze}, "closed": {Close}, "thawing": {Freeze, AskThaw}, "thawed": {Freeze, AskThaw}}
	for _, ev := range path[state] {
		if _, err := s.move(a, ev); err != nil {
			s.t.Fatalf("%s by %s: %v", a.State, ev, err)
		}
		a = s.read(a.ID)
	}
	if state == "thawed" {
		s.clock.Advance(ThawWait)
	}
	return a
}

// TestEveryStateMeetsEveryEvent on the database: what the table allows happens,
// what it does not is refused and changes nothing (FZ3).
func TestEveryStateMeetsEveryEvent(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		for _, state := range []string{"active", "frozen", "thawing", "thawed", "closed"} {
			for _, ev := range events {
				a := s.in(state+"-"+string(ev)+"@example.jp", state)
				want, ok := moves[a.State][ev]
				switch {
				case ev == Thaw && state != "thawed", ev == AskThaw && state != "frozen":
					ok = false // the wait is not over; asked already
				}
				got, err := s.move(a, ev)
				now := s.read(a.ID)
				if !ok {
					refused(t, state+" by "+string(ev), err, "account.move_refused")
					if now != a {
						t.Errorf("%s by %s was refused, but changed %+v to %+v", state, ev, a, now)
					}
					continue
				}
				if err != nil || got != want || now.State != want {
					t.Errorf("%s by %s: %s, %v, and the row says %s; want %s", state, ev, got, err, now.State, want)
				}
				if asked := !now.ThawAt.IsZero(); asked != (ev == AskThaw) {
					t.Errorf("%s by %s: a thaw runs: %v", state, ev, asked)
				}
				if (now.State == Frozen) == now.FrozenAt.IsZero() {
					t.Errorf("%s by %s: frozen at %v", state, ev, now.FrozenAt)
				}
			}
		}
	})
}

// TestThawWaits 24 hours to the microsecond, and freezing again begins anew (FZ3).
func TestThawWaits(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		a := s.in("a@example.jp", "thawing")
		if want := s.clock.Now().Add(24 * time.Hour); !a.ThawAt.Equal(want) {
			t.Errorf("thaws at %v; want %v", a.ThawAt, want)
		}
		s.clock.Advance(24*time.Hour - time.Microsecond)
		_, err := s.move(a, Thaw)
		refused(t, "a microsecond early", err, "account.move_refused")
		if _, err := s.move(a, Freeze); err != nil {
			t.Fatal(err)
		}
		s.clock.Advance(48 * time.Hour)
		_, err = s.move(s.read(a.ID), Thaw)
		refused(t, "after freezing again", err, "account.move_refused")
	})
}

// TestVetoWins: who read the row before the veto cannot thaw after it.
func TestVetoWins(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		stale := s.in("a@example.jp", "thawed")
		if _, err := s.move(stale, VetoThaw); err != nil {
			t.Fatal(err)
		}
		_, err := s.move(stale, Thaw)
		refused(t, "a thaw after the veto", err, "account.changed_meanwhile")
		if s.read(stale.ID).State != Frozen {
			t.Error("it thawed")
		}
	})
}

// TestOfManyMovesOneWins: 16 at the same moment from the same row.
func TestOfManyMovesOneWins(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		a := s.member("a@example.jp")
		var won atomic.Int32
		var all sync.WaitGroup
		start := make(chan struct{})
		for range 16 {
			all.Go(func() {
				<-start
				if _, err := s.move(a, Freeze); err == nil {
					won.Add(1)
				} else {
					refused(t, "slower", err, "account.changed_meanwhile")
				}
			})
		}
		close(start)
		all.Wait()
		if won.Load() != 1 {
			t.Errorf("%d moves won; want 1", won.Load())
		}
	})
}

// TestOneAddressOneAccount: of 64 proofs of one address, in any spelling, one
// makes the account (CO1).
func TestOneAddressOneAccount(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		var made atomic.Int32
		var all sync.WaitGroup
		start := make(chan struct{})
		for i := range 64 {
			all.Go(func() {
				a, err := ParseAddress(spellings[i%len(spellings)])
				if err != nil {
					t.Error(err)
					return
				}
				<-start
				err = s.try(func(ctx context.Context, tx *db.Tx) error {
					ok, err := s.Create(ctx, tx, "id-"+string(rune('A'+i)), a, "ja")
					if ok {
						made.Add(1)
					}
					return err
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		close(start)
		all.Wait()
		if made.Load() != 1 {
			t.Errorf("%d accounts; want 1", made.Load())
		}
		for _, text := range spellings {
			if _, err := s.ByAddress(t.Context(), s.d.Reader(), address(t, text)); err != nil {
				t.Errorf("%q does not find it: %v", text, err)
			}
		}
	})
}

func TestAccountIsReadAsItWasMade(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		a := s.member("Taro..YAMADA.@Docomo.ne.jp")
		want := Account{ID: a.ID, State: Active, Locale: "ja", Address: "Taro..YAMADA.@docomo.ne.jp",
			AddressSince: s.clock.Now(), CreatedAt: s.clock.Now()}
		if a != want {
			t.Errorf("%+v; want %+v", a, want)
		}
		until := s.clock.Now().Add(time.Hour)
		s.must(func(ctx context.Context, tx *db.Tx) error {
			return errors.Join(s.SetLocale(ctx, tx, a.ID, "en"), s.Hold(ctx, tx, a.ID, until, "password_reset"))
		})
		now := s.read(a.ID)
		if now.Locale != "en" || now.HoldReason != "password_reset" || !now.Held(until.Add(-1)) || now.Held(until) {
			t.Errorf("%+v", now)
		}
		if _, err := s.ByID(t.Context(), s.d.Reader(), "nobody"); !errors.Is(err, ErrNone) {
			t.Errorf("nobody: %v", err)
		}
		s.d.Broken = func() error { return context.DeadlineExceeded }
		if _, err := s.ByID(t.Context(), s.d.Reader(), a.ID); fault.Of(err).Kind != fault.Busy {
			t.Errorf("with the database gone: %v; want a refusal, not %v", err, ErrNone)
		}
	})
}

// TestAddressesCannotBeSwappedBetweenRows (KY1): who can write the database
// cannot give one account another's box.
func TestAddressesCannotBeSwappedBetweenRows(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		a, b := s.member("a@example.jp"), s.member("b@example.jp")
		s.must(func(ctx context.Context, tx *db.Tx) error {
			_, err := tx.ExecContext(ctx, `UPDATE account SET address_sealed = (SELECT x.address_sealed FROM account x WHERE x.id = $1) WHERE id = $2`, b.ID, a.ID)
			return err
		})
		if got, err := s.ByID(t.Context(), s.d.Reader(), a.ID); err == nil {
			t.Errorf("reads %q", got.Address)
		}
	})
}
