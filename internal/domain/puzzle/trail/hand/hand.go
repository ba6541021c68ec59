// Package hand models how hands drag, for tests and for measuring: nothing that
// is served uses it. A drag is a stroke of minimum jerk that falls short of its
// goal or passes it, one or more corrections, tremor, drift, hesitation and a
// rest before letting go, seen through a device's own sampling.
//
// Models are not recordings. They span more than most people do, on purpose:
// what passes here and fails for somebody is a fault of the model.
package hand

import (
	"math"
	"math/rand/v2"

	"github.com/genkan/genkan/internal/domain/puzzle/trail"
)

// Person is one hand with one device.
type Person struct {
	Name   string
	Touch  bool
	Speed  float64 // 1 is usual; 0.3 is very slow
	Aim    float64 // error of the first stroke, as a part of its length
	Tremor float64 // pixels
	Drift  float64 // pixels off the line
	Curve  float64 // 1 is a symmetric stroke, less starts faster
	Stops  float64 // chance of a stop on the way
	Every  float64 // milliseconds between samples
	Jitter float64 // of the sampling, milliseconds
	Grid   float64 // pixels that the device rounds to; 0 for none
	Clock  float64 // milliseconds that the browser rounds time to
	Slop   float64 // pixels that a touch moves before it is told
	Rest   float64 // milliseconds before letting go
}

// People gives varied hands: every device with every temper.
func People() []Person {
	devices := []Person{
		{Name: "mouse 60 Hz", Every: 16.7, Jitter: 1, Grid: 1, Clock: 1, Drift: 3, Tremor: .3},
		{Name: "mouse 125 Hz, rounded clock", Every: 8, Jitter: 2, Grid: 1, Clock: 5, Drift: 3, Tremor: .3},
		{Name: "mouse 144 Hz, large screen", Every: 6.9, Jitter: .5, Grid: .5, Clock: .1, Drift: 4, Tremor: .25},
		{Name: "mouse, busy page", Every: 33, Jitter: 12, Grid: 1, Clock: 1, Drift: 3, Tremor: .3},
		{Name: "mouse, blurred clock", Every: 16.7, Jitter: 1, Grid: 1, Clock: 100, Drift: 3, Tremor: .3},
		{Name: "trackpad", Every: 16.7, Jitter: 2, Grid: 1, Clock: 1, Drift: 2, Tremor: .2},
		{Name: "phone 60 Hz", Touch: true, Every: 16.7, Jitter: 1, Grid: .33, Clock: 1, Drift: 8, Tremor: .5, Slop: 8},
		{Name: "phone 120 Hz", Touch: true, Every: 8.3, Jitter: .5, Grid: .1, Clock: .1, Drift: 8, Tremor: .5, Slop: 4},
		{Name: "old phone", Touch: true, Every: 32, Jitter: 10, Grid: 1, Clock: 1, Drift: 9, Tremor: .6, Slop: 14},
		{Name: "pen", Every: 7.5, Jitter: .5, Grid: .25, Clock: 1, Drift: 3, Tremor: .4},
	}
	tempers := []Person{
		{Name: "usual", Speed: 1, Aim: .06, Curve: .85, Stops: .1, Rest: 150},
		{Name: "quick", Speed: 1.7, Aim: .1, Curve: .8, Stops: 0, Rest: 60},
		{Name: "careful", Speed: .55, Aim: .03, Curve: .9, Stops: .3, Rest: 350},
		{Name: "old", Speed: .3, Aim: .08, Curve: .95, Stops: .7, Rest: 500, Tremor: .8},
		{Name: "trembling", Speed: .5, Aim: .1, Curve: .9, Stops: .4, Rest: 300, Tremor: 2.2},
		{Name: "straight", Speed: .9, Aim: .02, Curve: .9, Stops: 0, Rest: 100, Drift: -1},
		{Name: "overshooting", Speed: 1.3, Aim: .16, Curve: .75, Stops: 0, Rest: 120},
	}
	var all []Person
	for _, d := range devices {
		for _, t := range tempers {
			p := d
			p.Name += ", " + t.Name
			p.Speed, p.Aim, p.Curve, p.Stops, p.Rest = t.Speed, t.Aim, t.Curve, t.Stops, t.Rest
			p.Tremor += t.Tremor
			p.Drift = max(p.Drift+t.Drift, 1)
			all = append(all, p)
		}
	}
	return all
}

// stroke is one movement of minimum jerk (Flash and Hogan 1985).
type stroke struct{ at, lasts, from, to, curve float64 }

func (s stroke) x(t float64) float64 {
	u := min(max((t-s.at)/s.lasts, 0), 1)
	u = math.Pow(u, s.curve)
	return (s.to - s.from) * u * u * u * (10 + u*(6*u-15))
}

// Drag moves by length pixels and gives the samples from the press on.
func (p Person) Drag(r *rand.Rand, length float64) []trail.Point {
	strokes, end := p.plan(r, length)
	wave := p.waves(r, length)
	var out []trail.Point
	add := func(t float64, final bool) {
		x := 0.0
		for _, s := range strokes {
			x += s.x(t)
		}
		wx, wy := wave(t, x/length)
		if !final {
			x += wx
		}
		if p.Slop > 0 && len(out) > 0 && len(out) < 3 && math.Hypot(x, wy) < p.Slop && !final {
			return // the browser waits to see whether it is a tap
		}
		out = append(out, trail.Point{T: round(t, p.Clock), X: round(x, p.Grid), Y: round(wy, p.Grid)})
	}
	out = append(out, trail.Point{})
	for t := p.Every * (.3 + r.Float64()); t < end; t += max(1, p.Every+p.Jitter*r.NormFloat64()) {
		if moves := len(out); moves > 1 && out[moves-1].X == 0 && t < strokes[0].at {
			continue // nothing is told while nothing moves
		}
		add(t, false)
	}
	add(end, true)
	last := &out[len(out)-1]
	last.X = length
	return thin(out)
}

// plan lays out strokes so that they end at length, and says when it is let go.
func (p Person) plan(r *rand.Rand, length float64) ([]stroke, float64) {
	at := 30 + 150*r.Float64()/p.Speed
	lasts := (350 + 2.2*length) / p.Speed * (.8 + .4*r.Float64())
	goals := []float64{length * (1 + p.Aim*r.NormFloat64() - p.Aim/2)}
	if r.Float64() < p.Stops { // a stop on the way
		goals = append([]float64{length * (.3 + .4*r.Float64())}, goals...)
	}
	for math.Abs(goals[len(goals)-1]-length) > 1.5 && len(goals) < 6 {
		off := length - goals[len(goals)-1]
		goals = append(goals, length-off*.25*r.NormFloat64())
	}
	goals = append(goals, length)
	var all []stroke
	from := 0.0
	for i, g := range goals {
		d := lasts * math.Abs(g-from) / length
		if i > 0 {
			d = max(d, (110+90*r.Float64())/p.Speed)
			at += (20 + 120*r.Float64()) / p.Speed
		}
		d = max(d, 80)
		all = append(all, stroke{at, d, from, g, p.Curve * (.92 + .16*r.Float64())})
		at, from = at+d*(.85+.15*r.Float64()), g
	}
	return all, at + p.Rest*(.4+1.2*r.Float64())
}

// waves gives what is not meant: tremor, noise that grows with way, and a drift
// off the line like an arc.
func (p Person) waves(r *rand.Rand, length float64) func(t, part float64) (x, y float64) {
	var phase, freq [4]float64
	for i := range phase {
		phase[i], freq[i] = 2*math.Pi*r.Float64(), (7+5*r.Float64())/1000*2*math.Pi
	}
	// Strokes follow minimum jerk to a few parts in a hundred, not exactly:
	// fits of real ones leave about 0.01 of the variance.
	uneven := length * .028 * (.6 + .8*r.Float64())
	slow := (.4 + .8*r.Float64()) / 1000 * 2 * math.Pi
	arc, tilt := p.Drift*r.NormFloat64(), p.Drift*.6*r.NormFloat64()
	return func(t, part float64) (x, y float64) {
		shake := func(i int) float64 {
			return p.Tremor * (math.Sin(freq[i]*t+phase[i]) + .5*math.Sin(1.7*freq[i+1]*t+phase[i+1]))
		}
		x = shake(0) + uneven*math.Sin(3*slow*t+phase[0])*math.Sin(math.Pi*min(max(part, 0), 1))
		y = shake(2) + arc*math.Sin(math.Pi*min(max(part, 0), 1.2)) + tilt*part + .5*math.Sin(slow*t+phase[3])
		return x, y
	}
}

func round(v, to float64) float64 {
	if to == 0 {
		return v
	}
	return math.Round(v/to) * to
}

// thin leaves out samples that tell nothing new, as browsers do, and then every
// second one until they are few enough, as the page does.
func thin(p []trail.Point) []trail.Point {
	out := p[:1]
	for _, q := range p[1 : len(p)-1] {
		if l := out[len(out)-1]; q.X != l.X || q.Y != l.Y {
			out = append(out, q)
		}
	}
	last := p[len(p)-1]
	for len(out) >= trail.Most {
		half := out[:0]
		for i := 0; i < len(out); i += 2 {
			half = append(half, out[i])
		}
		out = half
	}
	return append(out, last)
}
