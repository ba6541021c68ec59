package puzzle

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/genkan/genkan/internal/domain/puzzle/trail/hand"
	"github.com/genkan/genkan/internal/platform/db"
)

// TestWaitingIsAWay without a picture: dear, and once in ten minutes.
func TestWaitingIsAWay(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		s.Tries = 2
		f := someone("taro")
		wait := func(after time.Duration, change func(*Answer)) error {
			c := s.begin(f)
			a := Answer{Way: Wait, Work: Solve(c.Work.Salt, 2*workProofs, c.Work.Wait)}
			change(&a)
			s.clock.Advance(after)
			pass, err := s.Answer(t.Context(), c.ID, f, a)
			if err == nil {
				if _, err := s.Answer(t.Context(), c.ID, f, a); code(err) != "puzzle.spent" {
					t.Errorf("the same wait again: %v", err)
				}
				return s.spend(f, pass)
			}
			return err
		}
		same := func(*Answer) {}
		if err := wait(waitLeast-time.Microsecond, same); code(err) != "puzzle.too-fast" {
			t.Errorf("too soon: %v", err)
		}
		if err := wait(waitLeast, func(a *Answer) { a.Work = "1.2.3.4.5.6.7.8" }); code(err) != "puzzle.work" {
			t.Errorf("without its work: %v", err)
		}
		if err := wait(waitLeast, same); err != nil {
			t.Errorf("waited: %v", err)
		}
		if err := wait(waitLeast, same); code(err) != "puzzle.loop" {
			t.Errorf("again: %v", err)
		}
		if err := s.tryPass(f); err != nil {
			t.Errorf("a puzzle after a wait: %v", err)
		}
		s.clock.Advance(waitEach)
		if err := wait(waitLeast, same); err != nil {
			t.Errorf("ten minutes later: %v", err)
		}
	})
}

// TestHandsPassAtTheDesk, and their drags do so once.
func TestHandsPassAtTheDesk(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		r := rand.New(rand.NewPCG(11, 12))
		type drag struct {
			a     Answer
			start int
		}
		var kept []drag
		refused := 0
		people := hand.People()
		for i, p := range people {
			f := someone(fmt.Sprint("hand", i))
			c, d := s.picture(f)
			a := s.byHand(f, c, p, r)
			switch _, err := s.Answer(t.Context(), c.ID, f, a); code(err) {
			case "":
				kept = append(kept, drag{a, d.Start})
			default:
				refused++
			}
		}
		if refused > 0 {
			t.Errorf("%d of %d hands are refused", refused, len(people))
		}
		passed := 0
		for i, k := range kept[:30] {
			f := someone(fmt.Sprint("replay", i))
			c, d := s.picture(f)
			a := s.byHand(f, c, people[0], r) // for its place, its grip and the time
			length := a.X - float64(d.Start)
			a.Trail, a.Touch = k.a.Trail, k.a.Touch
			by := length / (k.a.X - float64(k.start))
			for j := range a.Trail {
				a.Trail[j].X *= by
			}
			s.clock.Advance(10 * time.Second)
			if _, err := s.Answer(t.Context(), c.ID, f, a); err == nil {
				passed++
			}
		}
		if passed > 0 {
			t.Errorf("%d of 30 replayed drags pass", passed)
		}
	})
}

// TestGripIsOfThisDrag: a stamp of another challenge, of before the picture, or
// none stamps nothing.
func TestGripIsOfThisDrag(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		r := rand.New(rand.NewPCG(13, 14))
		p := hand.People()[0]
		for what, grip := range map[string]func(f For, early string) string{
			"none":   func(For, string) string { return "" },
			"forged": func(For, string) string { return "AAAA" },
			"early":  func(_ For, early string) string { return early },
			"of another": func(f For, _ string) string {
				c, _ := s.picture(f)
				g, err := s.Grip(t.Context(), c.ID, f)
				if err != nil {
					t.Fatal(err)
				}
				return g
			},
		} {
			f := someone(what)
			c := s.begin(f)
			early, err := s.Grip(t.Context(), c.ID, f)
			if err != nil {
				t.Fatal(err)
			}
			s.clock.Advance(time.Millisecond)
			if _, err := s.Picture(t.Context(), c.ID, f, Solve(c.Work.Salt, 0, c.Work.Tries)); err != nil {
				t.Fatal(err)
			}
			a := s.byHand(f, c, p, r)
			a.Grip = grip(f, early)
			if _, err := s.Answer(t.Context(), c.ID, f, a); code(err) != "puzzle.spent" {
				t.Errorf("%s: %v", what, err)
			}
		}
	})
}

// TestSweepForgets what ran out, and nothing that a budget still counts.
func TestSweepForgets(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		r := rand.New(rand.NewPCG(15, 16))
		f := someone("taro")
		c, _ := s.picture(f)
		if _, err := s.Answer(t.Context(), c.ID, f, s.byHand(f, c, hand.People()[0], r)); err != nil {
			t.Fatal(err)
		}
		s.picture(f)
		count := func() (n [3]int) {
			t.Helper()
			if err := s.DB.Tx(t.Context(), func(tx *db.Tx) error { _, err := Sweep(t.Context(), tx, 1000); return err }); err != nil {
				t.Fatal(err)
			}
			err := s.DB.Reader().QueryRowContext(t.Context(), `SELECT (SELECT count(*) FROM puzzle), (SELECT count(*) FROM puzzle_heat), (SELECT count(*) FROM puzzle_sketch)`).Scan(&n[0], &n[1], &n[2])
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		if n := count(); n != [3]int{2, 3, 12} {
			t.Errorf("at once: %v", n)
		}
		s.clock.Advance(window - time.Second)
		if n := count(); n[0] != 1 {
			t.Errorf("within the window: %v", n)
		}
		s.clock.Advance(sketchLife)
		if n := count(); n != [3]int{} {
			t.Errorf("a day later: %v", n)
		}
	})
}
