package attempt

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/platform/fault"
	"github.com/genkan/genkan/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

type set struct {
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
		f(t, &set{t, d, clock})
	})
}

func (s *set) try(f func(ctx context.Context, tx *db.Tx) error) error {
	return s.d.Tx(context.Background(), func(tx *db.Tx) error { return f(context.Background(), tx) })
}

func (s *set) must(f func(ctx context.Context, tx *db.Tx) error) {
	s.t.Helper()
	if err := s.try(f); err != nil {
		s.t.Fatal(err)
	}
}

func (s *set) begin() (a Attempt) {
	s.t.Helper()
	s.must(func(ctx context.Context, tx *db.Tx) (err error) {
		a = Begin(tx.Time(), Attempt{Key: []byte("key"), Browser: []byte("browser"), Locale: "ja"})
		a.New = false
		return a.insert(ctx, tx)
	})
	return a
}

func (s *set) read(id string) Attempt {
	s.t.Helper()
	a, err := ByID(context.Background(), s.d.Reader(), id)
	if err != nil {
		s.t.Fatal(err)
	}
	return a
}

func (s *set) move(a Attempt, ev Event) (out Attempt, err error) {
	err = s.try(func(ctx context.Context, tx *db.Tx) (err error) {
		out, err = Move(ctx, tx, a, ev)
		return err
	})
	return out, err
}

func TestDrawingIsTheTable(t *testing.T) {
	t.Parallel()
	drawn := testkit.Drawing(t, "Attempt")
	if drawn["[*]"]["begin"] != string(Started) {
		t.Error("the drawing does not begin with begin")
	}
	delete(drawn, "[*]")
	for _, s := range States() {
		for _, e := range Events() {
			next, _ := Next(s, e)
			if want := drawn[string(s)][string(e)]; string(next) != want {
				t.Errorf("%s by %s: the table says %q, the drawing %q", s, e, next, want)
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
	if len(moves) != len(States()) {
		t.Errorf("the table has %d states; want %d", len(moves), len(States()))
	}
}

// TestEveryStateMeetsEveryEvent on the database: what the table allows happens,
// what it does not is refused and changes nothing (RS10).
func TestEveryStateMeetsEveryEvent(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		for _, state := range States() {
			a := s.begin()
			for _, ev := range Events() {
				s.must(func(ctx context.Context, tx *db.Tx) error {
					_, err := tx.ExecContext(ctx, `UPDATE attempt SET state = $1 WHERE id = $2`, string(state), a.ID)
					return err
				})
				before := s.read(a.ID)
				want, ok := Next(state, ev)
				got, err := s.move(before, ev)
				now := s.read(a.ID)
				if ok && (err != nil || got.State != want || now.State != want) {
					t.Errorf("%s by %s: %s, %v, the row says %s; want %s", state, ev, got.State, err, now.State, want)
				}
				if !ok && (!fault.Is(err, "attempt.move_refused") || now.State != state) {
					t.Errorf("%s by %s: %v, the row says %s; want a refusal", state, ev, err, now.State)
				}
			}
		}
	})
}

// TestFirstMoveKeepsIt: a new attempt is in the database from its first move on,
// in the state that the move leads to, and not at all after one that is refused.
func TestFirstMoveKeepsIt(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		for _, ev := range Events() {
			a := Begin(s.clock.Now(), Attempt{Key: []byte("key"), Browser: []byte("browser"), Locale: "ja", Sealed: []byte("box")})
			a.Finding, a.Account, a.Session = "pw.wrong", "acc", "sess"
			moved, err := s.move(a, ev)
			want, ok := Next(Started, ev)
			if !ok {
				if _, gone := ByID(t.Context(), s.d.Reader(), a.ID); !fault.Is(err, "attempt.move_refused") || !errors.Is(gone, ErrNone) {
					t.Errorf("%s: %v, %v; want a refusal and no row", ev, err, gone)
				}
				continue
			}
			if err != nil || moved.State != want || moved.New {
				t.Errorf("%s: %+v, %v; want %s", ev, moved, err, want)
			}
			if got := s.read(a.ID); !reflect.DeepEqual(got, moved) {
				t.Errorf("%s: kept %+v; want %+v", ev, got, moved)
			}
		}
	})
}

// TestEndsStayEnded, and nothing leads past the password from where it was not
// asked.
func TestEndsStayEnded(t *testing.T) {
	t.Parallel()
	for _, end := range []State{Held, Complete} {
		for _, ev := range Events() {
			if next, ok := Next(end, ev); ok {
				t.Errorf("%s leads from %s to %s", ev, end, next)
			}
		}
	}
	for _, before := range []State{Waiting, HumanCheck, DeviceCheck, Refused} {
		for _, ev := range Events() {
			if next, _ := Next(before, ev); next == Complete || next == SecondFactor || next == Held {
				t.Errorf("%s leads from %s to %s without a password", ev, before, next)
			}
		}
	}
}

// TestOfManyPressesOneMoves: 16 at once from the same row (CO4).
func TestOfManyPressesOneMoves(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		a := s.begin()
		var won atomic.Int32
		var all sync.WaitGroup
		start := make(chan struct{})
		for range 16 {
			all.Go(func() {
				<-start
				if _, err := s.move(a, LetIn); err == nil {
					won.Add(1)
				} else if !fault.Is(err, "attempt.over") {
					t.Error(err)
				}
			})
		}
		close(start)
		all.Wait()
		if won.Load() != 1 {
			t.Errorf("%d presses let in; want 1", won.Load())
		}
	})
}

func TestAttemptRunsOut(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		a := s.begin()
		s.clock.Advance(Life - time.Microsecond)
		if !a.Live(s.clock.Now()) {
			t.Error("over too early")
		}
		a, err := s.move(a, Refuse)
		if err != nil {
			t.Fatal(err)
		}
		s.clock.Advance(time.Microsecond)
		if _, err := s.move(a, Retry); !fault.Is(err, "attempt.over") || a.Live(s.clock.Now()) {
			t.Errorf("moved after its life: %v", err)
		}
	})
}

func TestAttemptKeepsWhatItLearns(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		a := s.begin()
		if got := s.read(a.ID); got.State != Started || got.Reference != a.Reference || string(got.Key) != "key" || string(got.Browser) != "browser" ||
			!got.ExpiresAt.Equal(s.clock.Now().Add(Life)) || got.Locale != "ja" {
			t.Errorf("%+v", got)
		}
		a.Finding, a.Account, a.Session = "pw.wrong", "acc", "sess"
		s.clock.Advance(time.Second)
		a, err := s.move(a, Refuse)
		if err != nil {
			t.Fatal(err)
		}
		got := s.read(a.ID)
		if got.Finding != "pw.wrong" || got.Account != "acc" || got.Session != "sess" || !got.UpdatedAt.Equal(s.clock.Now()) {
			t.Errorf("%+v", got)
		}
		if _, err := ByID(t.Context(), s.d.Reader(), "none"); !errors.Is(err, ErrNone) {
			t.Errorf("none: %v", err)
		}
		s.d.Broken = func() error { return context.DeadlineExceeded }
		if _, err := ByID(t.Context(), s.d.Reader(), a.ID); fault.Of(err).Kind != fault.Busy {
			t.Errorf("with the database gone: %v", err)
		}
	})
}

// TestEvidenceIsBounded: a table that strangers fill has a cap.
func TestEvidenceIsBounded(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		a, other := s.begin(), s.begin()
		s.must(func(ctx context.Context, tx *db.Tx) error {
			long := Note{Kind: FoldedInput, Value: strings.Repeat("x", 200)}
			for range 50 { // 33 times three, and one of three more
				if err := Add(ctx, tx, a.ID, long, long, long); err != nil {
					return err
				}
			}
			return Add(ctx, tx, other.ID, Note{Kind: NoScript})
		})
		notes, err := Evidence(t.Context(), s.d.Reader(), a.ID)
		if err != nil || len(notes) != 100 {
			t.Fatalf("%d notes, %v; want 100", len(notes), err)
		}
		if n := notes[99]; n.Kind != FoldedInput || len(n.Value) != maxValue || !n.At.Equal(s.clock.Now()) {
			t.Errorf("%+v", n)
		}
		if notes, _ := Evidence(t.Context(), s.d.Reader(), other.ID); len(notes) != 1 {
			t.Errorf("another attempt has %d notes", len(notes))
		}
	})
}

// TestValuesAreCutBetweenLetters: PostgreSQL refuses half a letter.
func TestValuesAreCutBetweenLetters(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		a := s.begin()
		err := s.try(func(ctx context.Context, tx *db.Tx) error {
			return Add(ctx, tx, a.ID, Note{Kind: FoldedInput, Value: strings.Repeat("あ", 30)})
		})
		if err != nil {
			t.Fatal(err)
		}
		notes, err := Evidence(t.Context(), s.d.Reader(), a.ID)
		if err != nil || len(notes) != 1 || notes[0].Value != strings.Repeat("あ", 26) {
			t.Errorf("%+v, %v", notes, err)
		}
	})
}

func TestRefusedLatelyCountsTheBrowser(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		count := func(browser string) int {
			t.Helper()
			n, err := RefusedLately(t.Context(), s.d.Reader(), []byte(browser), s.clock.Now())
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		for range 3 {
			if _, err := s.move(s.begin(), Refuse); err != nil {
				t.Fatal(err)
			}
		}
		s.begin() // not refused
		if count("browser") != 3 || count("another") != 0 {
			t.Errorf("%d and %d; want 3 and 0", count("browser"), count("another"))
		}
		s.clock.Advance(Life)
		if count("browser") != 0 {
			t.Errorf("%d a quarter of an hour later", count("browser"))
		}
	})
}

// TestSweepTakesEvidenceAlong after 30 days.
func TestSweepTakesEvidenceAlong(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		a := s.begin()
		s.must(func(ctx context.Context, tx *db.Tx) error { return Add(ctx, tx, a.ID, Note{Kind: NoScript}) })
		sweep := func() {
			s.must(func(ctx context.Context, tx *db.Tx) error { _, err := Sweep(ctx, tx, 10); return err })
		}
		s.clock.Advance(keep)
		sweep()
		s.read(a.ID)
		s.clock.Advance(time.Microsecond)
		sweep()
		if _, err := ByID(t.Context(), s.d.Reader(), a.ID); !errors.Is(err, ErrNone) {
			t.Errorf("after 30 days: %v", err)
		}
		if notes, err := Evidence(t.Context(), s.d.Reader(), a.ID); err != nil || len(notes) != 0 {
			t.Errorf("its evidence is still there: %v, %v", notes, err)
		}
	})
}
