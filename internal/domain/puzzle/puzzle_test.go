package puzzle

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/genkan/genkan/internal/domain/puzzle/trail"
	"github.com/genkan/genkan/internal/domain/puzzle/trail/hand"
	"github.com/genkan/genkan/internal/platform/token"
)

// atOnce runs f n times at the same moment and counts where it tells true.
func atOnce(n int, f func(i int) bool) int {
	var yes atomic.Int32
	var all sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		all.Go(func() {
			<-start
			if f(i) {
				yes.Add(1)
			}
		})
	}
	close(start)
	all.Wait()
	return int(yes.Load())
}

func TestPassIsGoodOnce(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		f := someone("taro")
		pass := s.pass(f)
		if err := s.Check(t.Context(), pass, f); err != nil {
			t.Errorf("check: %v", err)
		}
		if err := s.spend(f, pass); err != nil {
			t.Errorf("spend: %v", err)
		}
		if err := s.spend(f, pass); code(err) != "puzzle.pass-spent" {
			t.Errorf("spent again: %v", err)
		}
		if err := s.Check(t.Context(), pass, f); code(err) != "puzzle.pass-spent" {
			t.Errorf("check of a spent one: %v", err)
		}
		if err := s.spend(f, ""); code(err) != "puzzle.pass-needed" {
			t.Errorf("none: %v", err)
		}
	})
}

// TestPassRace: 64 at the same moment, one success, over and over (TH7).
func TestPassRace(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		for round := range 6 {
			f := someone(fmt.Sprint("taro", round))
			pass := s.pass(f)
			if n := atOnce(64, func(int) bool { return s.spend(f, pass) == nil }); n != 1 {
				t.Errorf("spent %d times", n)
			}
		}
	})
}

// TestPassIsBound to browser, action and typed account, and lives three minutes.
func TestPassIsBound(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		f := someone("taro")
		pass := s.pass(f)
		for what, change := range map[string]func(*For){
			"another browser": func(f *For) { f.Browser = token.Hash("other") },
			"no browser":      func(f *For) { f.Browser = nil },
			"another action":  func(f *For) { f.Action = Recovery },
			"another account": func(f *For) { f.Key = token.Hash("other") },
			"no account":      func(f *For) { f.Key = nil },
		} {
			g := f
			change(&g)
			if err := s.spend(g, pass); code(err) != "puzzle.pass-spent" {
				t.Errorf("%s: %v", what, err)
			}
		}
		for _, forged := range []string{"x", pass[1:], strings.ToUpper(pass), pass + "A", strings.Repeat("A", 43)} {
			if err := s.spend(f, forged); code(err) != "puzzle.pass-spent" {
				t.Errorf("%q: %v", forged, err)
			}
		}
		g := f
		g.Network = "other/24" // phones change networks
		s.clock.Advance(PassLife - time.Microsecond)
		if err := s.spend(g, pass); err != nil {
			t.Errorf("a microsecond before its end: %v", err)
		}
		pass = s.pass(f)
		s.clock.Advance(PassLife)
		if err := s.spend(f, pass); code(err) != "puzzle.pass-spent" {
			t.Errorf("after its end: %v", err)
		}
	})
}

// TestOneAnswerIsJudged of 100 at once, right or wrong (TH7).
func TestOneAnswerIsJudged(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		f := someone("taro")
		c, _ := s.picture(f)
		s.clock.Advance(2 * time.Second)
		right := s.byKeys(f, c)
		var passed, spent atomic.Int32
		judged := atOnce(100, func(int) bool {
			_, err := s.Answer(context.Background(), c.ID, f, right)
			switch code(err) {
			case "":
				passed.Add(1)
			case "puzzle.spent":
				spent.Add(1)
				return false
			}
			return true
		})
		if judged != 1 || passed.Load() != 1 || spent.Load() != 99 {
			t.Errorf("judged %d, passed %d, spent %d", judged, passed.Load(), spent.Load())
		}
		c, p := s.picture(f)
		s.clock.Advance(2 * time.Second)
		right = s.byKeys(f, c)
		// A hundred guesses, the right one among them.
		judged = atOnce(100, func(i int) bool {
			a := right
			a.X = float64(p.Start + 3*i)
			_, err := s.Answer(context.Background(), c.ID, f, a)
			return code(err) != "puzzle.spent"
		})
		if judged != 1 {
			t.Errorf("%d guesses are judged", judged)
		}
	})
}

// TestOnePictureForItsWork: of 20 at once one is drawn, and no other work buys one.
func TestOnePictureForItsWork(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		s.Tries = 40
		f := someone("taro")
		c, other := s.begin(f), s.begin(f)
		for _, work := range []string{"", "1.2.3.4.5.6.7.8", Solve(other.Work.Salt, 0, 40), Solve(c.Work.Salt, workProofs, 40)} {
			if _, err := s.Picture(t.Context(), c.ID, f, work); code(err) != "puzzle.work" {
				t.Errorf("with work %q: %v", work, err)
			}
		}
		if n := s.Load().Drawn; n != 0 {
			t.Errorf("%d pictures were drawn without work", n)
		}
		work := Solve(c.Work.Salt, 0, c.Work.Tries)
		n := atOnce(20, func(int) bool {
			_, err := s.Picture(context.Background(), c.ID, f, work)
			return err == nil
		})
		if n != 1 || s.Load().Drawn != 1 {
			t.Errorf("%d given, %d drawn", n, s.Load().Drawn)
		}
	})
}

// TestWhatIsNotYoursIsSpent: forged, foreign, used, and answers that are none get
// one answer, and keep nothing (issue, "Bad input").
func TestWhatIsNotYoursIsSpent(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		f := someone("taro")
		c, _ := s.picture(f)
		s.clock.Advance(2 * time.Second)
		a := s.byKeys(f, c)
		var foreign For
		spent := func(what, id string, f For, a Answer) {
			t.Helper()
			_, err := s.Answer(t.Context(), id, f, a)
			if code(err) != "puzzle.spent" {
				t.Errorf("%s: %v", what, err)
			}
			if _, err := s.Grip(t.Context(), id, foreign); code(err) != "puzzle.spent" {
				t.Errorf("grip, %s: %v", what, err)
			}
		}
		for what, change := range map[string]func(*For){
			"another browser": func(f *For) { f.Browser = token.Hash("other") },
			"a program":       func(f *For) { f.Browser = nil },
			"another action":  func(f *For) { f.Action = Recovery },
			"another account": func(f *For) { f.Key = token.Hash("other") },
		} {
			foreign = f
			change(&foreign)
			spent(what, c.ID, foreign, a)
			if _, err := s.Picture(t.Context(), c.ID, foreign, "1"); code(err) != "puzzle.spent" {
				t.Errorf("picture, %s: %v", what, err)
			}
		}
		foreign.Browser = token.Hash("nobody")
		for _, id := range []string{"", "x", c.ID[1:], c.ID + "A", c.ID[:len(c.ID)-2], strings.Repeat("A", 150), token.NewSecretID()} {
			spent("forged "+id, id, f, a)
		}
		// It was not used up by any of them.
		if _, err := s.Answer(t.Context(), c.ID, f, a); err != nil {
			t.Fatalf("its own: %v", err)
		}
		spent("used", c.ID, f, a)
		undrawn := s.begin(f)
		spent("not drawn", undrawn.ID, f, a)
		nan := math.NaN()
		many := make([]trail.Point, 100_000)
		for what, bad := range map[string]Answer{
			"no way": {X: 1}, "NaN": {X: nan, Way: Keys}, "endless": {X: math.Inf(1), Way: Keys}, "an unknown way": {X: 1, Way: "think"},
			"no trail": {X: 1, Way: Drag}, "one point": {X: 1, Way: Drag, Trail: many[:1]}, "100,000 points": {X: 1, Way: Drag, Trail: many},
			"NaN in the trail": {X: 1, Way: Drag, Trail: []trail.Point{{}, {T: nan}}}, "back in time": {X: 1, Way: Drag, Trail: []trail.Point{{T: 5}, {T: 1}}},
			"no grip": {X: 1, Way: Drag, Trail: many[:20]}, "a click": {X: 1, Y: 100, Way: Spot},
		} {
			g := someone(what)
			c, _ := s.picture(g)
			if what != "no grip" { // nothing else is wrong with it
				grip, err := s.Grip(t.Context(), c.ID, g)
				if err != nil {
					t.Fatal(err)
				}
				bad.Grip = grip
			}
			s.clock.Advance(2 * time.Second)
			spent(what, c.ID, g, bad)
			// It was the first answer, all the same.
			if _, err := s.Answer(t.Context(), c.ID, g, s.byKeys(g, c)); code(err) != "puzzle.spent" {
				t.Errorf("after %s: %v", what, err)
			}
		}
		var sketches, passes int
		if err := s.DB.Reader().QueryRowContext(t.Context(), `SELECT (SELECT count(*) FROM puzzle_sketch), (SELECT count(*) FROM puzzle WHERE pass_hash IS NOT NULL)`).Scan(&sketches, &passes); err != nil || sketches != 0 || passes != 1 {
			t.Errorf("%d sketches, %d passes, %v", sketches, passes, err)
		}
	})
}

// TestWordsForEachMistake: what a person does wrong has its own code.
func TestWordsForEachMistake(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		r := rand.New(rand.NewPCG(1, 1))
		p := hand.People()[0]
		answer := func(name string, change func(c Challenge, a *Answer)) string {
			t.Helper()
			f := someone(name)
			c, _ := s.picture(f)
			a := s.byHand(f, c, p, r)
			change(c, &a)
			_, err := s.Answer(t.Context(), c.ID, f, a)
			return code(err)
		}
		for name, one := range map[string]struct {
			want   string
			change func(c Challenge, a *Answer)
		}{
			"right":         {"", func(Challenge, *Answer) {}},
			"late":          {"puzzle.too-slow", func(Challenge, *Answer) { s.clock.Advance(Life) }},
			"few":           {"puzzle.too-fast", func(_ Challenge, a *Answer) { a.Trail = append(a.Trail[:6:6], a.Trail[len(a.Trail)-1]) }},
			"claimed":       {"puzzle.too-fast", func(_ Challenge, a *Answer) { stretch(a.Trail, 20) }},
			"other end":     {"puzzle.unnatural", func(_ Challenge, a *Answer) { a.X -= 4 }},
			"straight line": {"puzzle.unnatural", func(_ Challenge, a *Answer) { flat(a.Trail) }},
		} {
			if got := answer(name, one.change); got != one.want {
				t.Errorf("%s: %q; want %q", name, got, one.want)
			}
		}
		for side, off := range map[string]float64{"left": -tolerance - 1, "right": tolerance + 1} {
			f := someone("missed " + side)
			c, _ := s.picture(f)
			s.clock.Advance(2 * time.Second)
			a := s.byKeys(f, c)
			a.X += off
			_, err := s.Answer(t.Context(), c.ID, f, a)
			if code(err) != "puzzle.missed" || args(err)["side"] != side {
				t.Errorf("%s: %v, told %v", side, err, args(err))
			}
		}
		f := someone("at once")
		c, _ := s.picture(f)
		if _, err := s.Answer(t.Context(), c.ID, f, s.byKeys(f, c)); code(err) != "puzzle.too-fast" {
			t.Errorf("at once: %v", err)
		}
		f = someone("no more work")
		c, _ = s.picture(f)
		s.clock.Advance(2 * time.Second)
		a := s.byKeys(f, c)
		a.Work = ""
		if _, err := s.Answer(t.Context(), c.ID, f, a); code(err) != "puzzle.work" {
			t.Errorf("by keys without its price: %v", err)
		}
	})
}

// TestChallengeLivesTwoMinutes, whatever is done with it (TH7).
func TestChallengeLivesTwoMinutes(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		f := someone("taro")
		c, _ := s.picture(f)
		a := s.byKeys(f, c)
		s.clock.Advance(Life - time.Microsecond)
		if _, err := s.Answer(t.Context(), c.ID, f, a); err != nil {
			t.Errorf("a microsecond before its end: %v", err)
		}
		c, _ = s.picture(f)
		a = s.byKeys(f, c)
		undrawn, still := s.begin(f), s.Still(f)
		s.clock.Advance(Life)
		if _, err := s.Answer(t.Context(), c.ID, f, a); code(err) != "puzzle.too-slow" {
			t.Errorf("after its end: %v", err)
		}
		if _, err := s.Picture(t.Context(), undrawn.ID, f, Solve(undrawn.Work.Salt, 0, undrawn.Work.Tries)); code(err) != "puzzle.too-slow" {
			t.Errorf("drawn after its end: %v", err)
		}
		if _, err := s.Grip(t.Context(), c.ID, f); code(err) != "puzzle.too-slow" {
			t.Errorf("gripped after its end: %v", err)
		}
		if _, err := s.StillPicture(t.Context(), still, f); code(err) != "puzzle.too-slow" {
			t.Errorf("a still one after its end: %v", err)
		}
		if _, err := s.Answer(t.Context(), undrawn.ID, f, Answer{Way: Wait}); code(err) != "puzzle.too-slow" {
			t.Errorf("waited beyond its end: %v", err)
		}
	})
}
