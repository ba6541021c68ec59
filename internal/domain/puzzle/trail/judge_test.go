package trail_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/genkan/genkan/internal/domain/puzzle/trail"
	"github.com/genkan/genkan/internal/domain/puzzle/trail/hand"
)

func dragOf(p []trail.Point, length float64, touch bool) trail.Drag {
	return trail.Drag{Start: 6, End: 6 + length, Touch: touch, Took: time.Duration(p[len(p)-1].T)*time.Millisecond + 30*time.Millisecond}
}

// TestHandsPass: 70 varied hands, mouse, finger and pen, 40 drags each.
func TestHandsPass(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	people, drags, refused := hand.People(), 0, 0
	for _, p := range people {
		why := map[trail.Verdict]int{}
		for range 40 {
			length := 70 + 180*r.Float64()
			d := p.Drag(r, length)
			if !trail.Whole(d) {
				t.Fatalf("%s: not whole", p.Name)
			}
			drags++
			if v := trail.Judge(d, dragOf(d, length, p.Touch)); v != trail.Fine {
				refused++
				why[v]++
			}
		}
		if n := why[trail.TooFast] + why[trail.TooSlow] + why[trail.Unnatural]; n > 6 { // nobody is shut out by his hand
			t.Errorf("%s: %d of 40 refused (%v)", p.Name, n, why)
		}
	}
	t.Logf("%d people, %d drags, %d refused: %.2f %%", len(people), drags, refused, 100*float64(refused)/float64(drags))
	if len(people) < 60 || refused*50 > drags {
		t.Errorf("%d of %d drags of %d people are refused; at most 2 %%", refused, drags, len(people))
	}
}

// TestScriptsAreRefused: constant speed, every easing and jumps, 500 of each.
func TestScriptsAreRefused(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 4))
	all := formulas()
	all["constant speed"] = func(u float64) float64 { return u }
	for name, f := range all {
		passed := 0
		for range 500 {
			length := 70 + 180*r.Float64()
			s := script{f: f, lasts: 400 + 2000*r.Float64(), every: 5 + 20*r.Float64(), rest: 400 * r.Float64() * float64(r.IntN(2))}
			d := s.drag(r, length)
			touch := r.IntN(2) == 0
			if trail.Judge(d, dragOf(d, length, touch)) == trail.Fine {
				passed++
			}
		}
		if passed > 0 {
			t.Errorf("%s: %d of 500 pass", name, passed)
		}
	}
}

// TestUnevenScriptsAreRefused: what follows no formula, but wanders along at one
// speed, or is fastest when it lets go, is no hand either.
func TestUnevenScriptsAreRefused(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(15, 16))
	people := hand.People()
	for name, drag := range map[string]func(length float64) []trail.Point{
		"wandering at one speed, then a rest": func(length float64) []trail.Point {
			a, b := 2*math.Pi*r.Float64(), .02+.01*r.Float64()
			f := func(u float64) float64 {
				return u + b*(math.Sin(4*math.Pi*u+a)-math.Sin(a))
			}
			return script{f: f, lasts: 800 + 1000*r.Float64(), every: 8 + 9*r.Float64(), rest: 300}.drag(r, length)
		},
		"a hand that lets go in full swing": func(length float64) []trail.Point {
			p := people[r.IntN(7)]
			p.Aim, p.Stops = 0, 0
			d := p.Drag(r, length)
			n := 0
			for n < len(d)-1 && d[n].X < length/2 {
				n++
			}
			out := append([]trail.Point(nil), d[:n+1]...)
			for i := range out {
				out[i].X *= length / d[n].X
			}
			return out
		},
	} {
		passed := 0
		for range 500 {
			length := 90 + 160*r.Float64()
			d := drag(length)
			if trail.Judge(d, dragOf(d, length, false)) == trail.Fine {
				passed++
			}
		}
		if passed > 10 { // a hand may slow down just where it is cut
			t.Errorf("%s: %d of 500 pass", name, passed)
		}
	}
}

// TestNoisyScripts are not promised: what passes is published (docs/puzzle.md).
func TestNoisyScripts(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(5, 6))
	all := formulas()
	all["constant speed"] = func(u float64) float64 { return u }
	for _, noise := range []float64{.5, 1, 2} {
		n, passed := 0, 0
		for _, f := range all {
			for range 100 {
				length := 70 + 180*r.Float64()
				s := script{f: f, lasts: 400 + 2000*r.Float64(), every: 5 + 20*r.Float64(), noise: noise, rest: 400 * r.Float64() * float64(r.IntN(2))}
				d := s.drag(r, length)
				n++
				if trail.Judge(d, dragOf(d, length, false)) == trail.Fine {
					passed++
				}
			}
		}
		t.Logf("noise of %.1f pixels on each sample: %d of %d pass", noise, passed, n)
	}
}

// TestJumpsAreRefused: a hand's movement with a part of it left out.
func TestJumpsAreRefused(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(7, 8))
	people := hand.People()
	for name, jump := range map[string]func(d []trail.Point, length float64) []trail.Point{
		"one step": func(_ []trail.Point, length float64) []trail.Point {
			var out []trail.Point
			for i := range 30 {
				x := 0.
				if i >= 15 {
					x = length
				}
				out = append(out, trail.Point{T: float64(20 * i), X: x, Y: float64(i % 3)})
			}
			return out
		},
		"half the way at once": func(d []trail.Point, length float64) []trail.Point {
			out := d[:1:1]
			for _, p := range d[1:] {
				if p.X < length/4 || p.X > 3*length/4 {
					out = append(out, p)
				}
			}
			// The gap in time is closed, too.
			for i := 1; i < len(out); i++ {
				if gap := out[i].T - out[i-1].T; gap > 40 {
					for k := i; k < len(out); k++ {
						out[k].T -= gap - 16
					}
				}
			}
			return out
		},
		"two points and a wait": func(d []trail.Point, length float64) []trail.Point {
			return []trail.Point{{}, {T: 900, X: length, Y: 1}}
		},
	} {
		passed := 0
		for range 500 {
			p := people[r.IntN(len(people))]
			length := 90 + 160*r.Float64()
			d := jump(p.Drag(r, length), length)
			if trail.Judge(d, dragOf(d, length, p.Touch)) == trail.Fine {
				passed++
			}
		}
		if passed > 0 {
			t.Errorf("%s: %d of 500 pass", name, passed)
		}
	}
}

// TestReplaysAreRecognised: a drag that is stretched to another place is the same
// drag, and no hand's drag is another's. Replays with noise are not promised.
func TestReplaysAreRecognised(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(9, 10))
	sketcher, people := trail.NewSketcher([32]byte{1}), hand.People()
	var seen []trail.Sketch
	var drags [][]trail.Point
	var lengths []float64
	alike := 0
	for range 30 {
		for _, p := range people {
			length := 70 + 180*r.Float64()
			d := p.Drag(r, length)
			k := sketcher.Sketch(d, length)
			for _, o := range seen {
				if k.Distance(o) <= trail.Near {
					alike++
				}
			}
			seen, drags, lengths = append(seen, k), append(drags, d), append(lengths, length)
		}
	}
	if alike*500 > len(seen) {
		t.Errorf("%d of %d drags are taken for another's", alike, len(seen))
	}
	found := func(d []trail.Point, length float64) bool {
		k := sketcher.Sketch(d, length)
		for _, o := range seen {
			if k.Distance(o) > trail.Near {
				continue
			}
			for _, a := range k.Bands() { // as the index finds it
				for _, b := range o.Bands() {
					if a == b {
						return true
					}
				}
			}
		}
		return false
	}
	for _, noise := range []float64{0, .5, 1} {
		missed := 0
		for range 500 {
			i := r.IntN(len(drags))
			length := 70 + 180*r.Float64()
			again := make([]trail.Point, len(drags[i]))
			for j, p := range drags[i] {
				again[j] = trail.Point{T: p.T, X: p.X * length / lengths[i], Y: p.Y}
				if noise > 0 && j > 0 && j < len(again)-1 {
					again[j].X += noise * (2*r.Float64() - 1)
					again[j].Y += noise * (2*r.Float64() - 1)
				}
			}
			if !found(again, length) {
				missed++
			}
		}
		if t.Logf("replayed with noise of %.1f pixels: %d of 500 not recognised", noise, missed); noise == 0 && missed > 0 {
			t.Errorf("%d of 500 replayed drags are not recognised", missed)
		}
	}
}

// TestBrokenTrails are none, in no more work than a good one.
func TestBrokenTrails(t *testing.T) {
	t.Parallel()
	nan, inf := math.NaN(), math.Inf(1)
	long := make([]trail.Point, 100_000)
	for name, p := range map[string][]trail.Point{
		"none": nil, "one": {{}}, "100,000": long, "back in time": {{T: 10}, {T: 20, X: 5}, {T: 19, X: 6}},
		"NaN time": {{}, {T: nan, X: 1}}, "NaN x": {{}, {T: 1, X: nan}}, "NaN y": {{}, {T: 1, Y: nan}},
		"endless": {{}, {T: inf, X: 1}}, "endless x": {{}, {T: 1, X: -inf}}, "far": {{}, {T: 1, X: 1e300}},
	} {
		if trail.Whole(p) {
			t.Errorf("%s: is a trail", name)
		}
	}
}

func BenchmarkJudge(b *testing.B) {
	d := hand.People()[2].Drag(rand.New(rand.NewPCG(1, 2)), 150)
	for b.Loop() {
		trail.Judge(d, dragOf(d, 150, false))
	}
}

func FuzzJudge(f *testing.F) {
	f.Add([]byte{1, 2, 3, 4, 5, 6, 7, 8, 9}, 100.)
	f.Fuzz(func(t *testing.T, raw []byte, length float64) {
		var p []trail.Point
		at := 0.
		for i := 0; i+2 < len(raw); i += 3 {
			at += float64(raw[i])
			p = append(p, trail.Point{T: at, X: float64(int8(raw[i+1])) * 2, Y: float64(int8(raw[i+2]))})
		}
		if trail.Whole(p) {
			trail.Judge(p, dragOf(p, length, len(raw)%2 == 0))
			trail.NewSketcher([32]byte{}).Sketch(p, length)
		}
	})
}

// TestFlatDragsAreRefused: no hand stays on its line to the pixel.
func TestFlatDragsAreRefused(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(17, 18))
	for _, p := range hand.People() {
		d := p.Drag(r, 150)
		for i := range d {
			d[i].Y = 0
		}
		if v := trail.Judge(d, dragOf(d, 150, p.Touch)); v != trail.Unnatural {
			t.Errorf("%s, on a line: %v", p.Name, v)
		}
	}
}

// TestAnswerIsTheLastSample: a hand's movement to one place is no answer for
// another, however near.
func TestAnswerIsTheLastSample(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(19, 20))
	for _, p := range hand.People() {
		d := p.Drag(r, 150)
		for _, off := range []float64{-3, 3} {
			if v := trail.Judge(d, dragOf(d, 150+off, p.Touch)); v == trail.Fine {
				t.Errorf("%s: moved to 150 and answered %v", p.Name, 150+off)
			}
		}
	}
}
