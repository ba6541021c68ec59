package account

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/testkit"
)

func (s *set) ask(a Account, to string) (c Change) {
	s.t.Helper()
	s.must(func(ctx context.Context, tx *db.Tx) (err error) {
		c, err = s.AskChange(ctx, tx, a, address(s.t, to))
		return err
	})
	return s.change(c.ID)
}

func (s *set) change(id string) Change {
	s.t.Helper()
	c, err := s.ChangeByID(context.Background(), s.d.Reader(), id)
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

func (s *set) confirm(c Change) error {
	return s.try(func(ctx context.Context, tx *db.Tx) error { return s.ConfirmChange(ctx, tx, c) })
}

func (s *set) undo(c Change) error {
	return s.try(func(ctx context.Context, tx *db.Tx) error { return s.UndoChange(ctx, tx, c) })
}

func (s *set) told(a Account) (out []string) {
	s.t.Helper()
	s.must(func(ctx context.Context, tx *db.Tx) (err error) {
		out, err = s.Addresses(ctx, tx, a)
		return err
	})
	return out
}

// TestChangeOfAddress: the new box is proven, the old one is told for 30 days
// and can take the change back for 72 hours (RS9, SE7).
func TestChangeOfAddress(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		a := s.member("Old@example.jp")
		c := s.ask(a, "New@example.jp")
		if s.read(a.ID).Address != "Old@example.jp" {
			t.Error("the address changed before the new box was proven")
		}
		if err := s.confirm(c); err != nil {
			t.Fatal(err)
		}
		refused(t, "confirmed twice", s.confirm(c), "code.expired")
		a = s.read(a.ID)
		if a.Address != "New@example.jp" || !a.AddressSince.Equal(s.clock.Now()) {
			t.Errorf("%q since %v", a.Address, a.AddressSince)
		}
		if _, err := s.ByAddress(t.Context(), s.d.Reader(), address(t, "old@example.jp")); !errors.Is(err, ErrNone) {
			t.Errorf("the old address still signs in: %v", err)
		}
		if got := s.told(a); !slices.Equal(got, []string{"New@example.jp", "Old@example.jp"}) {
			t.Errorf("told: %v", got)
		}
		s.clock.Advance(30*24*time.Hour - time.Microsecond)
		if got := s.told(a); len(got) != 2 {
			t.Errorf("on the 30th day told: %v", got)
		}
		s.clock.Advance(time.Microsecond)
		if got := s.told(a); len(got) != 1 {
			t.Errorf("after 30 days told: %v", got)
		}
	})
}

// TestUndoRestores the old box whatever happened since (RS9): here a thief
// changed the address twice.
func TestUndoRestores(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		a := s.member("owner@example.jp")
		first := s.ask(a, "thief@evil.example")
		if err := s.confirm(first); err != nil {
			t.Fatal(err)
		}
		second := s.ask(s.read(a.ID), "thief2@evil.example")
		if err := s.confirm(second); err != nil {
			t.Fatal(err)
		}
		s.clock.Advance(72*time.Hour - time.Microsecond)
		if err := s.undo(s.change(first.ID)); err != nil {
			t.Fatal(err)
		}
		a = s.read(a.ID)
		if a.Address != "owner@example.jp" {
			t.Errorf("after the undo the address is %q", a.Address)
		}
		if got := s.told(a); slices.Contains(got[1:], "owner@example.jp") {
			t.Errorf("told twice: %v", got)
		}
		refused(t, "undone twice", s.undo(s.change(first.ID)), "link.expired")
		// The thief's own first box cannot undo the undo.
		refused(t, "the thief's undo", s.undo(s.change(second.ID)), "link.expired")
		if got := s.told(s.read(a.ID)); !slices.Equal(got, []string{"owner@example.jp"}) {
			t.Errorf("the thief's boxes still hear of the account: %v", got)
		}
	})
}

func TestUndoEndsAfter72Hours(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		a := s.member("owner@example.jp")
		c := s.ask(a, "new@example.jp")
		refused(t, "undo of what was not confirmed", s.undo(c), "link.expired")
		if err := s.confirm(c); err != nil {
			t.Fatal(err)
		}
		s.clock.Advance(72 * time.Hour)
		refused(t, "after 72 hours", s.undo(s.change(c.ID)), "link.expired")
		if s.read(a.ID).Address != "new@example.jp" {
			t.Error("it was undone all the same")
		}
	})
}

// TestTakenAddressIsNotTaken: somebody else proved the new address meanwhile, or
// the old one before the undo; nothing changes then.
func TestTakenAddressIsNotTaken(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		a := s.member("a@example.jp")
		c := s.ask(a, "B@example.jp")
		b := s.member("b@example.jp")
		refused(t, "a taken address", s.confirm(c), "address.taken")
		if s.read(a.ID).Address != "a@example.jp" || s.change(c.ID).State != "asked" {
			t.Errorf("after the refusal: %q, change %s", s.read(a.ID).Address, s.change(c.ID).State)
		}
		c = s.ask(a, "a2@example.jp")
		if err := s.confirm(c); err != nil {
			t.Fatal(err)
		}
		s.member("a@example.jp") // the old address is free again
		refused(t, "an undo to a taken address", s.undo(s.change(c.ID)), "address.taken")
		if s.read(a.ID).Address != "a2@example.jp" || s.read(b.ID).Address != "b@example.jp" {
			t.Error("a refused undo changed an address")
		}
	})
}

// TestStaleChangeIsRefused: the address is not any more what the change replaces.
func TestStaleChangeIsRefused(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		a := s.member("a@example.jp")
		c := s.ask(a, "b@example.jp")
		s.must(func(ctx context.Context, tx *db.Tx) error {
			return s.swap(ctx, tx, a.ID, s.Key(address(t, "a@example.jp")), s.Key(address(t, "c@example.jp")), "c@example.jp")
		})
		refused(t, "a stale change", s.confirm(c), "account.changed_meanwhile")
	})
}

// TestNewerChangeVoidsOlder, and a new password does too (RS1).
func TestNewerChangeVoidsOlder(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		a := s.member("a@example.jp")
		first := s.ask(a, "b@example.jp")
		second := s.ask(a, "c@example.jp")
		refused(t, "the older one", s.confirm(first), "code.expired")
		s.must(func(ctx context.Context, tx *db.Tx) error { return s.VoidChanges(ctx, tx, a.ID) })
		refused(t, "after a new password", s.confirm(second), "code.expired")
		c := s.ask(a, "d@example.jp")
		s.clock.Advance(30 * time.Minute)
		refused(t, "after half an hour", s.confirm(c), "code.expired")
	})
}

// TestChangeDrawing holds the drawing to the statements: every state with every
// event.
func TestChangeDrawing(t *testing.T) {
	drawn := testkit.Drawing(t, "Address change")
	both(t, func(t *testing.T, s *set) {
		earlier := map[ID]string{} // a change of each account that came first
		events := map[string]func(context.Context, *db.Tx, Change) (bool, error){
			"undo_earlier": func(ctx context.Context, tx *db.Tx, c Change) (bool, error) {
				return true, s.UndoChange(ctx, tx, s.change(earlier[c.Account]))
			},
			"confirm": func(ctx context.Context, tx *db.Tx, c Change) (bool, error) { return true, s.ConfirmChange(ctx, tx, c) },
			"undo":    func(ctx context.Context, tx *db.Tx, c Change) (bool, error) { return true, s.UndoChange(ctx, tx, c) },
			"void": func(ctx context.Context, tx *db.Tx, c Change) (bool, error) {
				return true, s.VoidChanges(ctx, tx, c.Account)
			},
			"count_try":      func(ctx context.Context, tx *db.Tx, c Change) (bool, error) { return s.CountChangeTry(ctx, tx, c.ID) },
			"count_undo_try": func(ctx context.Context, tx *db.Tx, c Change) (bool, error) { return s.CountUndoTry(ctx, tx, c.ID) },
		}
		paths := map[string][]string{"asked": nil, "confirmed": {"confirm"}, "undone": {"confirm", "undo"}, "void": {"void"}}
		run := func(id, event string) (ok bool, err error) {
			err = s.try(func(ctx context.Context, tx *db.Tx) (err error) {
				ok, err = events[event](ctx, tx, s.change(id))
				return err
			})
			return ok && err == nil, err
		}
		n := 0
		for state, path := range paths {
			for event := range events {
				n++
				a := s.member(fmt.Sprintf("a%d@example.jp", n))
				first := s.ask(a, fmt.Sprintf("x%d@example.jp", n))
				if err := s.confirm(first); err != nil {
					t.Fatal(err)
				}
				earlier[a.ID] = first.ID
				c := s.ask(s.read(a.ID), fmt.Sprintf("b%d@example.jp", n))
				for _, e := range path {
					if ok, err := run(c.ID, e); !ok {
						t.Fatalf("%s by %s: %v", state, e, err)
					}
				}
				ok, _ := run(c.ID, event)
				now, want := s.change(c.ID).State, drawn[state][event]
				if want == "" && (event == "void" || event == "undo_earlier") {
					ok = false // voids what is open, and it is no refusal that nothing is
				}
				if ok != (want != "") || now != want && want != "" || want == "" && now != state {
					t.Errorf("%s by %s: done %v, now %s; the drawing says %q", state, event, ok, now, want)
				}
			}
		}
	})
}

// TestTriesAreCounted before they are judged, and end (TH2, TH4).
func TestTriesAreCounted(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		c := s.ask(s.member("a@example.jp"), "b@example.jp")
		count := func(f func(context.Context, *db.Tx, string) (bool, error)) (n int) {
			for range 10 {
				s.must(func(ctx context.Context, tx *db.Tx) error {
					ok, err := f(ctx, tx, c.ID)
					if ok {
						n++
					}
					return err
				})
			}
			return n
		}
		if n := count(s.CountChangeTry); n != 5 {
			t.Errorf("%d codes are judged; want 5", n)
		}
		if err := s.confirm(c); err != nil {
			t.Fatal(err)
		}
		if n := count(s.CountUndoTry); n != 5 {
			t.Errorf("%d numbers are judged; want 5", n)
		}
	})
}

// TestSweepKeepsWhatCanStillBeUsed.
func TestSweepKeepsWhatCanStillBeUsed(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		a := s.member("a@example.jp")
		c := s.ask(a, "b@example.jp")
		if err := s.confirm(c); err != nil {
			t.Fatal(err)
		}
		sweep := func() {
			s.must(func(ctx context.Context, tx *db.Tx) error { _, err := Sweep(ctx, tx, 100); return err })
		}
		s.clock.Advance(UndoLife - time.Microsecond)
		sweep()
		if err := s.undo(s.change(c.ID)); err != nil {
			t.Errorf("the undo was swept: %v", err)
		}
		s.clock.Advance(FormerLife)
		sweep()
		if _, err := s.ChangeByID(t.Context(), s.d.Reader(), c.ID); !errors.Is(err, ErrNone) {
			t.Errorf("an old change is still there: %v", err)
		}
	})
}
