package trail_test

import (
	"math"
	"math/rand/v2"

	"github.com/genkan/genkan/internal/domain/puzzle/trail"
)

// script is what drag scripts do: a formula for progress, sampled evenly, with
// some noise so that it looks less like one.
type script struct {
	f            func(u float64) float64
	lasts, every float64
	noise        float64 // pixels in x, either side
	rest         float64 // milliseconds before letting go
}

func (s script) drag(r *rand.Rand, length float64) []trail.Point {
	var out []trail.Point
	y := 0.0
	for t := 0.; t < s.lasts; t += s.every {
		y += r.Float64()*2 - 1
		x := length * s.f(t/s.lasts)
		if t > 0 {
			x += s.noise * (2*r.Float64() - 1)
		}
		out = append(out, trail.Point{T: math.Round(t), X: x, Y: y})
	}
	out[0] = trail.Point{}
	for t := s.lasts; t < s.lasts+s.rest; t += s.every {
		out = append(out, trail.Point{T: math.Round(t), X: length, Y: y})
	}
	return append(out, trail.Point{T: math.Round(s.lasts + s.rest), X: length, Y: y})
}

// formulas are easings by name, written down apart from those of the judge.
func formulas() map[string]func(u float64) float64 {
	out := func(f func(float64) float64) func(float64) float64 {
		return func(u float64) float64 { return 1 - f(1-u) }
	}
	inOut := func(f func(float64) float64) func(float64) float64 {
		return func(u float64) float64 {
			if u < .5 {
				return f(2*u) / 2
			}
			return 1 - f(2*(1-u))/2
		}
	}
	all := map[string]func(u float64) float64{}
	for name, f := range map[string]func(u float64) float64{
		"quad":  func(u float64) float64 { return u * u },
		"cubic": func(u float64) float64 { return u * u * u },
		"quart": func(u float64) float64 { return u * u * u * u },
		"quint": func(u float64) float64 { return u * u * u * u * u },
		"sine":  func(u float64) float64 { return 1 - math.Cos(u*math.Pi/2) },
		"expo":  func(u float64) float64 { return math.Pow(2, 10*(u-1)) },
		"circ":  func(u float64) float64 { return 1 - math.Sqrt(1-u*u) },
		"back":  func(u float64) float64 { return 2.70158*u*u*u - 1.70158*u*u },
	} {
		all[name+" in"], all[name+" out"], all[name+" in-out"] = f, out(f), inOut(f)
	}
	all["smoothstep"] = func(u float64) float64 { return u * u * (3 - 2*u) }
	all["minimum jerk"] = func(u float64) float64 { return u * u * u * (10 + u*(6*u-15)) }
	all["logistic"] = func(u float64) float64 {
		g := func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }
		return (g(10*(u-.5)) - g(-5)) / (g(5) - g(-5))
	}
	all["tanh"] = func(u float64) float64 { return math.Tanh(3*u) / math.Tanh(3) }
	// The track of most slider scripts: speeding up for three quarters of the way,
	// slowing down for the rest, in steps of 0.2 s.
	all["speed up, slow down"] = func(u float64) float64 {
		const k = .75
		t1, v := math.Sqrt(2*k), math.Sqrt(2*k)
		t2 := 2 * (1 - k) / v
		if t := u * (t1 + t2); t < t1 {
			return t * t / 2
		} else {
			t -= t1
			return k + v*t - v/t2*t*t/2
		}
	}
	return all
}
