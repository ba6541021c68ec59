package recovery

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/genkan/genkan/internal/domain/account"
	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/platform/fault"
	"github.com/genkan/genkan/internal/platform/token"
	"github.com/genkan/genkan/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

const life = 20 * time.Minute

type set struct {
	*Desk
	t     *testing.T
	d     *db.DB
	clock *testkit.Clock
}

func both(t *testing.T, f func(t *testing.T, s *set)) {
	t.Helper()
	t.Parallel()
	testkit.Engines(t, db.MigrateURL, func(t *testing.T, url string) {
		clock := testkit.NewClock()
		d, err := db.Open(context.Background(), url, clock.Now)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { d.Close() })
		keys, err := token.Parse([]byte(token.NewLine("a")))
		if err != nil {
			t.Fatal(err)
		}
		f(t, &set{&Desk{Keys: keys, Life: life}, t, d, clock})
	})
}

func (s *set) try(f func(ctx context.Context, tx *db.Tx) error) error {
	return s.d.Tx(context.Background(), func(tx *db.Tx) error { return f(context.Background(), tx) })
}

// yes runs f in a transaction and gives its word.
func (s *set) yes(f func(ctx context.Context, tx *db.Tx) (bool, error)) (ok bool) {
	s.t.Helper()
	err := s.try(func(ctx context.Context, tx *db.Tx) (err error) {
		ok, err = f(ctx, tx)
		return err
	})
	if err != nil {
		s.t.Error(err)
	}
	return ok
}

func (s *set) ask(email string) (r Recovery) {
	s.t.Helper()
	a, err := account.ParseAddress(email)
	if err != nil {
		s.t.Fatal(err)
	}
	err = s.try(func(ctx context.Context, tx *db.Tx) (err error) {
		r, err = s.Ask(ctx, tx, []byte("browser"), a, s.Keys.Index("address", a.Key), "ja")
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return r
}

func (s *set) read(id string) Recovery {
	s.t.Helper()
	r, err := s.ByID(context.Background(), s.d.Reader(), id)
	if err != nil {
		s.t.Fatal(err)
	}
	return r
}

func (s *set) prove(id string) bool {
	return s.yes(func(ctx context.Context, tx *db.Tx) (bool, error) { return s.Prove(ctx, tx, id) })
}

func (s *set) finish(id string) bool {
	return s.yes(func(ctx context.Context, tx *db.Tx) (bool, error) { return s.Finish(ctx, tx, id) })
}

func (s *set) count(id string) bool {
	return s.yes(func(ctx context.Context, tx *db.Tx) (bool, error) { return s.CountTry(ctx, tx, id) })
}

func TestRecoveryIsReadAsItWasAsked(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		r := s.ask("Taro@example.jp")
		got := s.read(r.ID)
		if got.Address != "Taro@example.jp" || got.State != Asked || got.Account != "" || string(got.Browser) != "browser" ||
			!got.ExpiresAt.Equal(s.clock.Now().Add(life)) || got.Tired {
			t.Errorf("%+v", got)
		}
		if _, err := s.ByID(t.Context(), s.d.Reader(), "none"); !errors.Is(err, ErrNone) {
			t.Errorf("none: %v", err)
		}
		s.d.Broken = func() error { return context.DeadlineExceeded }
		if _, err := s.ByID(t.Context(), s.d.Reader(), r.ID); fault.Of(err).Kind != fault.Busy {
			t.Errorf("with the database gone: %v", err)
		}
	})
}

// TestAskingIsTheSameForEverybody: the row says nothing of an account (EN1).
func TestAskingIsTheSameForEverybody(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		for _, email := range []string{"member@example.jp", "nobody@example.jp"} {
			if r := s.read(s.ask(email).ID); r.Account != "" || r.PasswordVersion != 0 || r.State != Asked {
				t.Errorf("%s: %+v", email, r)
			}
		}
	})
}

// TestBoundOnce to the account and the password that its mail was written for
// (RS1): a second writer changes nothing.
func TestBoundOnce(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		r := s.ask("taro@example.jp")
		for version, acc := range []string{"zero", "first", "second"} {
			if version == 0 {
				continue
			}
			err := s.try(func(ctx context.Context, tx *db.Tx) error { return s.Bind(ctx, tx, r.ID, acc, int64(version)) })
			if err != nil {
				t.Fatal(err)
			}
		}
		if got := s.read(r.ID); got.Account != "first" || got.PasswordVersion != 1 {
			t.Errorf("bound to %s, version %d; want the first", got.Account, got.PasswordVersion)
		}
	})
}

// TestDrawing holds the drawing to the statements: every state with every event.
func TestDrawing(t *testing.T) {
	drawn := testkit.Drawing(t, "Recovery")
	both(t, func(t *testing.T, s *set) {
		if drawn["[*]"]["ask"] != string(Asked) {
			t.Error("the drawing does not begin with ask")
		}
		events := map[string]func(id string) bool{"prove": s.prove, "finish": s.finish, "count_try": s.count}
		for state, path := range map[string]string{"asked": "", "proven": "prove", "done": "finish"} {
			for event, do := range events {
				r := s.ask("taro@example.jp")
				if path != "" && !events[path](r.ID) {
					t.Fatalf("no way to %s", state)
				}
				done, now, want := do(r.ID), string(s.read(r.ID).State), drawn[state][event]
				if done != (want != "") || want != "" && now != want || want == "" && now != state {
					t.Errorf("%s by %s: done %v, now %s; the drawing says %q", state, event, done, now, want)
				}
			}
		}
	})
}

// TestSpentOnce of 32 at the same moment, and not after its end (RS2).
func TestSpentOnce(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		r := s.ask("taro@example.jp")
		var won atomic.Int32
		var all sync.WaitGroup
		start := make(chan struct{})
		for range 32 {
			all.Go(func() {
				<-start
				if s.finish(r.ID) {
					won.Add(1)
				}
			})
		}
		close(start)
		all.Wait()
		if got := s.read(r.ID); won.Load() != 1 || got.State != Done || got.Live(s.clock.Now()) {
			t.Errorf("spent %d times, %+v", won.Load(), got)
		}
		last, late := s.ask("a@example.jp"), s.ask("b@example.jp")
		s.clock.Advance(life - time.Microsecond)
		if !s.read(last.ID).Live(s.clock.Now()) || !s.prove(last.ID) || !s.finish(last.ID) {
			t.Error("a microsecond before its end it was over")
		}
		s.clock.Advance(time.Microsecond)
		if s.read(late.ID).Live(s.clock.Now()) || s.prove(late.ID) || s.finish(late.ID) {
			t.Error("proven or spent after its end")
		}
	})
}

// TestUndoneFinishSpendsNothing: the code is spent with the password or not at
// all (RS2).
func TestUndoneFinishSpendsNothing(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		r := s.ask("taro@example.jp")
		undo := errors.New("undo")
		err := s.try(func(ctx context.Context, tx *db.Tx) error {
			_, err := s.Finish(ctx, tx, r.ID)
			return errors.Join(err, undo)
		})
		if !errors.Is(err, undo) || !s.finish(r.ID) {
			t.Errorf("%v: spent by an act that was undone", err)
		}
	})
}

// TestFiveTriesAreJudged, counted before (TH2).
func TestFiveTriesAreJudged(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		r := s.ask("taro@example.jp")
		var n atomic.Int32
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				if s.count(r.ID) {
					n.Add(1)
				}
			})
		}
		all.Wait()
		if n.Load() != 5 || !s.read(r.ID).Tired {
			t.Errorf("%d of 20 at once are judged; want 5", n.Load())
		}
		// A right code proven before does not open the count anew.
		s.prove(r.ID)
		if s.count(r.ID) {
			t.Error("a sixth try is judged once it is proven")
		}
	})
}

// TestProofsFitTheirOwnOnly (RS10).
func TestProofsFitTheirOwnOnly(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		r, other := s.ask("taro@example.jp"), s.ask("taro@example.jp")
		code, link := s.Code(r), s.Link(r)
		if len(code) != 8 || !s.CodeFits(r, code) || !s.LinkFits(r, link) {
			t.Errorf("code %q, link %q", code, link)
		}
		if again := s.read(r.ID); s.Code(again) != code || s.Link(again) != link {
			t.Error("a resend says something else")
		}
		if s.CodeFits(other, code) && s.Code(other) != code {
			t.Error("another request's code fits")
		}
		if s.LinkFits(other, link) {
			t.Error("another request's link fits")
		}
		letter, id, ok := token.ReadLink(link)
		if !ok || letter != 'p' || id != r.ID {
			t.Errorf("the link is read as %q of %q", letter, id)
		}
		if forged := s.Keys.Link('r', r.ID); s.LinkFits(r, "p"+forged[1:]) {
			t.Error("a registration's link fits when its letter is changed")
		}
		for _, typed := range []string{"", code[:7], code + "0", " " + code} {
			if s.CodeFits(r, typed) {
				t.Errorf("%q fits", typed)
			}
		}
	})
}

// TestAddressCannotBeMoved to another row (KY1).
func TestAddressCannotBeMoved(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		a, b := s.ask("a@example.jp"), s.ask("b@example.jp")
		err := s.try(func(ctx context.Context, tx *db.Tx) error {
			_, err := tx.ExecContext(ctx, `UPDATE recovery SET address_sealed = (SELECT r.address_sealed FROM recovery r WHERE r.id = $1) WHERE id = $2`, a.ID, b.ID)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if r, err := s.ByID(t.Context(), s.d.Reader(), b.ID); !errors.Is(err, token.ErrBox) || r.Address != "" {
			t.Errorf("a moved address gives %q, %v", r.Address, err)
		}
	})
}

// TestSweepKeepsADay, so that a dead link can still say that it ran out.
func TestSweepKeepsADay(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		r := s.ask("a@example.jp")
		sweep := func() error {
			if err := s.try(func(ctx context.Context, tx *db.Tx) error { _, err := Sweep(ctx, tx, 10); return err }); err != nil {
				t.Fatal(err)
			}
			_, err := s.ByID(t.Context(), s.d.Reader(), r.ID)
			return err
		}
		s.clock.Advance(life + 24*time.Hour)
		if err := sweep(); err != nil {
			t.Errorf("within a day: %v", err)
		}
		s.clock.Advance(time.Microsecond)
		if err := sweep(); !errors.Is(err, ErrNone) {
			t.Errorf("after a day: %v", err)
		}
	})
}
