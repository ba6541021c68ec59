package puzzle

import (
	"cmp"
	"testing"
	"time"

	"github.com/genkan/genkan/internal/testkit"
)

// TestDrawing holds the drawing to the statements: every state with every event.
func TestDrawing(t *testing.T) {
	drawn := testkit.Drawing(t, "Puzzle")
	both(t, func(t *testing.T, s *set) {
		f := someone("taro")
		f.Known = true // budgets are no part of the machine
		s.Budget = Budget{Session: 1000, Account: 1000, Network: 1000}
		// one is a challenge on its way.
		type one struct {
			c    Challenge
			pass string
		}
		state := func(c Challenge) (now string) {
			o, err := s.open(c.ID, f)
			if err != nil {
				t.Fatal(err)
			}
			_ = s.DB.Reader().QueryRowContext(t.Context(), `SELECT state FROM puzzle WHERE id = $1`, o.uuid()).Scan(&now)
			if now == "" {
				return "[*]"
			}
			return now
		}
		answer := func(p *one, off float64) bool {
			s.clock.Advance(time.Second)
			a := Answer{X: float64(max(s.placeOr(f, p.c.ID), 0)) + off, Way: Keys, Work: Solve(p.c.Work.Salt, workProofs, p.c.Work.More)}
			pass, err := s.Answer(t.Context(), p.c.ID, f, a)
			p.pass = cmp.Or(p.pass, pass)
			return code(err) == "" || code(err) == "puzzle.missed"
		}
		wait := func(p *one, work string) bool {
			pass, err := s.Answer(t.Context(), p.c.ID, f, Answer{Way: Wait, Work: work})
			p.pass = cmp.Or(p.pass, pass)
			return code(err) == "" || code(err) == "puzzle.work"
		}
		claim := func(p *one) bool {
			o, err := s.open(p.c.ID, f)
			return err == nil && s.claim(t.Context(), o, f) == nil
		}
		show := func(p *one) bool {
			o, err := s.open(p.c.ID, f)
			if err != nil {
				return false
			}
			scene, err := s.draw(t.Context(), o)
			return err == nil && s.show(t.Context(), o, scene) == nil
		}
		events := map[string]func(p *one) bool{
			"draw": claim, "show": show,
			"answer_right": func(p *one) bool { return answer(p, 0) },
			"answer_wrong": func(p *one) bool { return answer(p, 40) },
			"wait":         func(p *one) bool { return wait(p, Solve(p.c.Work.Salt, 2*workProofs, p.c.Work.Wait)) },
			"wait_in_vain": func(p *one) bool { return wait(p, "") },
			"spend":        func(p *one) bool { return s.spend(f, cmp.Or(p.pass, "none")) == nil },
		}
		for from, path := range map[string][]string{"[*]": nil, "drawing": {"draw"}, "shown": {"draw", "show"},
			"solved": {"draw", "show", "answer_right"}, "failed": {"draw", "show", "answer_wrong"}, "spent": {"draw", "show", "answer_right", "spend"}} {
			for event, do := range events {
				s.clock.Advance(waitEach) // cool, and with a wait to have
				p := &one{c: s.begin(f)}
				s.clock.Advance(waitLeast)
				for _, e := range path {
					if !events[e](p) {
						t.Fatalf("no way to %s by %s", from, e)
					}
				}
				if now := state(p.c); now != from {
					t.Fatalf("%v led to %s; want %s", path, now, from)
				}
				done, want := do(p), drawn[from][event]
				if now := state(p.c); done != (want != "") || want != "" && now != want || want == "" && now != from {
					t.Errorf("%s by %s: done %v, now %s; the drawing says %q", from, event, done, now, want)
				}
			}
		}
	})
}
