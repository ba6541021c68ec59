package puzzle

import (
	"context"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/genkan/genkan/internal/domain/puzzle/picture"
	"github.com/genkan/genkan/internal/domain/puzzle/trail"
	"github.com/genkan/genkan/internal/domain/puzzle/trail/hand"
	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/platform/fault"
	"github.com/genkan/genkan/internal/platform/token"
	"github.com/genkan/genkan/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

type set struct {
	*Desk
	t     *testing.T
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
		desk := NewDesk(d, keys)
		desk.Tries, desk.Draw = 1, redrawn
		f(t, &set{desk, t, clock})
	})
}

// redrawn is one true picture with a place of its own for each seed: what is
// tested here does not look at it, and under the race detector drawing takes most
// of the time.
func redrawn(seed [32]byte, _ picture.Options) picture.Scene {
	s := drawn()
	s.Hole = 100 + int(seed[0])%(s.Width-s.PieceW-100)
	return s
}

var drawn = sync.OnceValue(func() picture.Scene { return picture.Draw([32]byte{1}, picture.Options{}) })

// someone is a fresh browser that signs in to a fresh account from its own network.
func someone(name string) For {
	return For{Action: SignIn, Browser: token.Hash("browser of " + name), Key: token.Hash("key of " + name), Network: name + "/24"}
}

func code(err error) string {
	if err == nil {
		return ""
	}
	return fault.Of(err).Code
}

// begin and picture fail the test when they are refused.
func (s *set) begin(f For) Challenge {
	s.t.Helper()
	c, err := s.Begin(s.t.Context(), f)
	if err != nil {
		s.t.Fatalf("begin: %v", err)
	}
	return c
}

func (s *set) picture(f For) (Challenge, Drawn) {
	s.t.Helper()
	c := s.begin(f)
	p, err := s.Picture(s.t.Context(), c.ID, f, Solve(c.Work.Salt, 0, c.Work.Tries))
	if err != nil {
		s.t.Fatalf("picture: %v", err)
	}
	return c, p
}

// place is the secret, as the one who owns the database knows it.
func (s *set) place(f For, id string) int {
	s.t.Helper()
	o, err := s.open(id, f)
	if err != nil {
		s.t.Fatal(err)
	}
	var place int
	if err := s.DB.Reader().QueryRowContext(s.t.Context(), `SELECT place FROM puzzle WHERE id = $1`, o.uuid()).Scan(&place); err != nil {
		s.t.Fatal(err)
	}
	return place
}

// byKeys is a right answer by keyboard.
func (s *set) byKeys(f For, c Challenge) Answer {
	s.t.Helper()
	return Answer{X: float64(s.place(f, c.ID)), Way: Keys, Work: Solve(c.Work.Salt, workProofs, c.Work.More)}
}

// pass solves a puzzle by keyboard.
func (s *set) pass(f For) string {
	s.t.Helper()
	c, _ := s.picture(f)
	s.clock.Advance(2 * time.Second)
	pass, err := s.Answer(s.t.Context(), c.ID, f, s.byKeys(f, c))
	if err != nil {
		s.t.Fatalf("answer: %v", err)
	}
	return pass
}

func (s *set) spend(f For, pass string) error {
	return s.DB.Tx(context.Background(), func(tx *db.Tx) error { return s.Spend(context.Background(), tx, pass, f) })
}

// wrong answers a fresh picture beside its place.
func (s *set) wrong(f For) error {
	s.t.Helper()
	c, _ := s.picture(f)
	s.clock.Advance(2 * time.Second)
	a := s.byKeys(f, c)
	a.X += tolerance + 1
	_, err := s.Answer(s.t.Context(), c.ID, f, a)
	return err
}

// byHand is a right answer by a modelled hand, the clock moved as it moves. Of a
// hundred drags one is refused: such a one is drawn again.
func (s *set) byHand(f For, c Challenge, p hand.Person, r *rand.Rand) Answer {
	s.t.Helper()
	o, err := s.open(c.ID, f)
	if err != nil {
		s.t.Fatal(err)
	}
	var place, start int
	if err := s.DB.Reader().QueryRowContext(s.t.Context(), `SELECT place, start FROM puzzle WHERE id = $1`, o.uuid()).Scan(&place, &start); err != nil {
		s.t.Fatal(err)
	}
	s.clock.Advance(700 * time.Millisecond)
	grip, err := s.Grip(s.t.Context(), c.ID, f)
	if err != nil {
		s.t.Fatal(err)
	}
	x := float64(place) + 2*r.Float64() - 1
	d := p.Drag(r, x-float64(start))
	for trail.Judge(d, trail.Drag{Start: float64(start), End: x, Touch: p.Touch, Took: time.Duration(d[len(d)-1].T) * time.Millisecond}) != trail.Fine {
		d = p.Drag(r, x-float64(start))
	}
	s.clock.Advance(time.Duration(d[len(d)-1].T+30) * time.Millisecond)
	return Answer{X: x, Trail: d, Grip: grip, Touch: p.Touch, Way: Drag}
}

func args(err error) map[string]any {
	if err == nil {
		return nil
	}
	return fault.Of(err).Args
}

// stretch makes a trail claim more time than passed.
func stretch(p []trail.Point, by float64) {
	for i := range p {
		p[i].T *= by
	}
}

// flat moves a trail at constant speed.
func flat(p []trail.Point) {
	last := p[len(p)-1]
	for i := range p {
		p[i].X = last.X * p[i].T / last.T
	}
}

// placeOr is place, or -1 when nothing is drawn.
func (s *set) placeOr(f For, id string) (place int) {
	o, err := s.open(id, f)
	if err != nil || s.DB.Reader().QueryRowContext(s.t.Context(), `SELECT place FROM puzzle WHERE id = $1`, o.uuid()).Scan(&place) != nil {
		return -1
	}
	return place
}
