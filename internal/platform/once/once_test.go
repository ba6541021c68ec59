package once_test

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/platform/once"
	"github.com/genkan/genkan/internal/platform/token"
	"github.com/genkan/genkan/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// answer is what an act gives back; it may hold a secret.
type answer struct {
	Secret string
	N      int32
}

type set struct {
	d     *db.DB
	clock *testkit.Clock
	keys  *token.Keyring
	runs  atomic.Int32
}

// act is the name of an act in the table.
func (s *set) act(key string) []byte { return s.keys.Index("once", key) }

func both(t *testing.T, f func(t *testing.T, s *set)) {
	t.Helper()
	t.Parallel()
	testkit.Engines(t, db.MigrateURL, func(t *testing.T, url string) {
		s := &set{clock: testkit.NewClock()}
		var err error
		if s.d, err = db.Open(context.Background(), url, s.clock.Now); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.d.Close() })
		if s.keys, err = token.Parse([]byte(token.NewLine("a"))); err != nil {
			t.Fatal(err)
		}
		f(t, s)
	})
}

// press does the act once more; refuse, when set, is what the act says.
func (s *set) press(key string, refuse error) (out answer, err error) {
	err = s.d.Tx(context.Background(), func(tx *db.Tx) (err error) {
		out, err = once.Do(context.Background(), tx, s.keys, key, func() (answer, error) {
			if refuse != nil {
				return answer{}, refuse
			}
			n := s.runs.Add(1)
			_, err := tx.ExecContext(context.Background(), `INSERT INTO house (fact, value, at) VALUES ($1, '', 0)`, token.NewID())
			return answer{"canary-5eC4eT", n}, err
		})
		return err
	})
	return out, err
}

func (s *set) effects(t *testing.T) (n int) {
	t.Helper()
	if err := s.d.Reader().QueryRowContext(t.Context(), `SELECT COUNT(*) FROM house`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// TestManyPressesAreOne: 64 presses at the same moment have one effect and all
// get its answer (CO4).
func TestManyPressesAreOne(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		var all sync.WaitGroup
		start, answers := make(chan struct{}), make(chan answer, 64)
		for range 64 {
			all.Go(func() {
				<-start
				a, err := s.press("act", nil)
				if err != nil {
					t.Error(err)
				}
				answers <- a
			})
		}
		close(start)
		all.Wait()
		close(answers)
		first := <-answers
		for a := range answers {
			if a != first || a.Secret == "" {
				t.Errorf("answers %v and %v", first, a)
			}
		}
		if n := s.effects(t); n != 1 {
			t.Errorf("%d effects; want 1", n)
		}
		if a, err := s.press("another act", nil); err != nil || a == first {
			t.Errorf("another act got %v, %v", a, err)
		}
		if s.press("", nil); s.effects(t) != 3 {
			t.Errorf("an act without a key is not repeatable: %d effects", s.effects(t))
		}
	})
}

// TestRefusalUndoesTheMark: a refused act may be tried again.
func TestRefusalUndoesTheMark(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		no := errors.New("no")
		for range 2 {
			if _, err := s.press("act", no); !errors.Is(err, no) {
				t.Fatalf("refused with %v", err)
			}
		}
		if _, done, err := once.Peek[answer](t.Context(), s.d.Reader(), s.keys, "act", s.clock.Now()); done || err != nil {
			t.Errorf("a refused act counts as done: %v, %v", done, err)
		}
		if a, err := s.press("act", nil); err != nil || a.N != 1 {
			t.Errorf("tried again: %v, %v", a, err)
		}
	})
}

// TestAnswersAreForgotten after their life, swept or not, by Do and by Peek alike.
func TestAnswersAreForgotten(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		first, err := s.press("act", nil)
		if err != nil {
			t.Fatal(err)
		}
		peek := func() (answer, bool) {
			t.Helper()
			a, done, err := once.Peek[answer](t.Context(), s.d.Reader(), s.keys, "act", s.clock.Now())
			if err != nil {
				t.Fatal(err)
			}
			return a, done
		}
		s.clock.Advance(once.Life - time.Microsecond)
		if a, done := peek(); !done || a != first {
			t.Errorf("within its life: %v, %v", a, done)
		}
		if a, err := s.press("act", nil); err != nil || a != first {
			t.Errorf("a repeat within its life: %v, %v", a, err)
		}
		s.clock.Advance(time.Microsecond)
		if a, done := peek(); done {
			t.Errorf("after its life Peek gives %v", a)
		}
		if a, err := s.press("act", nil); err != nil || a.N != 2 {
			t.Errorf("after its life Do gives %v, %v; want a new act", a, err)
		}
		s.clock.Advance(once.Life + time.Microsecond)
		err = s.d.Tx(t.Context(), func(tx *db.Tx) error {
			_, err := once.Sweep(t.Context(), tx, 10)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		var n int
		if err := s.d.Reader().QueryRowContext(t.Context(), `SELECT COUNT(*) FROM once`).Scan(&n); err != nil || n != 0 {
			t.Errorf("%d answers are left, %v", n, err)
		}
	})
}

// TestAnswersAreSealed to their act: a copied database gives no session (KY1),
// and an answer moved to another act opens nothing.
func TestAnswersAreSealed(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		for _, act := range []string{"mine", "theirs"} {
			if _, err := s.press(act, nil); err != nil {
				t.Fatal(err)
			}
		}
		var box []byte
		read := `SELECT answer_sealed FROM once WHERE act = $1`
		if err := s.d.Reader().QueryRowContext(t.Context(), read, s.act("theirs")).Scan(&box); err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(box, []byte("canary-5eC4eT")) {
			t.Error("the answer is kept in clear")
		}
		err := s.d.Tx(t.Context(), func(tx *db.Tx) error {
			_, err := tx.ExecContext(t.Context(), `UPDATE once SET answer_sealed = $1 WHERE act = $2`, box, s.act("mine"))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if a, err := s.press("mine", nil); !errors.Is(err, token.ErrBox) || a.Secret != "" {
			t.Errorf("an answer that was moved gives %v, %v", a, err)
		}
		if a, done, err := once.Peek[answer](t.Context(), s.d.Reader(), s.keys, "mine", s.clock.Now()); !errors.Is(err, token.ErrBox) || done || a.Secret != "" {
			t.Errorf("a peek at it gives %v, %v, %v", a, done, err)
		}
	})
}
