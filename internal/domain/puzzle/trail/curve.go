package trail

import (
	"math"
	"sort"
	"sync"
)

// curve is progress (0 to 1, sometimes beyond) at equal steps of time.
type curve []float64

const steps = 160

// progress reads the samples at any time.
func progress(p []Point, length float64) func(float64) float64 {
	return func(t float64) float64 {
		i := sort.Search(len(p), func(i int) bool { return p[i].T > t })
		if i == 0 {
			return p[0].X / length
		}
		if i == len(p) {
			return p[len(p)-1].X / length
		}
		a, b := p[i-1], p[i]
		return (a.X + (b.X-a.X)*(t-a.T)/(b.T-a.T)) / length
	}
}

// even reads the samples at equal steps, from where the movement leaves its start
// to where it settles at its end: waiting before and after is no movement.
func even(p []Point, length float64, r reading) curve {
	return cut(progress(p, length), p[0].T, p[len(p)-1].T, r)
}

// A movement is read twice: as it is, and smoothed, since scripts add noise to
// single samples.
type reading struct {
	edge   float64 // how near to start and end counts as there
	smooth int     // over how many of the fine steps
	least  float64 // how far from every easing a hand stays
}

const fine = 800

func readings() [2]reading { return [2]reading{{.015, 0, .009}, {.03, 40, .0055}} }

// cut samples f between where it leaves 0 and where it stays at 1.
func cut(f func(float64) float64, from, to float64, r reading) curve {
	var sums [fine + 2]float64 // of all before
	for i := range fine + 1 {
		sums[i+1] = sums[i] + f(from+(to-from)*float64(i)/fine)
	}
	at := func(i int) float64 {
		lo, hi := max(i-r.smooth/2, 0), min(i+r.smooth/2, fine)
		return (sums[hi+1] - sums[lo]) / float64(hi-lo+1)
	}
	a, b := 0, fine
	for a < fine && math.Abs(at(a)) <= r.edge {
		a++
	}
	for b > a && math.Abs(at(b)-1) <= r.edge {
		b--
	}
	out := make(curve, steps+1)
	for i := range out {
		out[i] = at(a + (b-a)*i/steps)
	}
	return out
}

// How unlike a machine's a movement must be.
const (
	leastSpread = .3 // of speed, against its mean
	mostLate    = .4 // speed before letting go, against the fastest
)

// handmade tells whether a movement has what hands have: changing speed, slowing
// down towards its goal, and no exact formula.
func handmade(p []Point, length float64) bool {
	if late(p, length) > mostLate {
		return false
	}
	for i, r := range readings() {
		c := even(p, length, r)
		if i == 0 && spread(c) < leastSpread || follows(c, i, r.least) {
			return false
		}
	}
	return true
}

// spread gives how much the speed varies against its mean. Speeds are taken over
// eight steps, so that noise of single samples is no variation.
func spread(c curve) float64 {
	const over = 8
	var sum, square float64
	n := 0
	for i := over; i < len(c); i += over {
		v := math.Abs(c[i] - c[i-over])
		sum += v
		square += v * v
		n++
	}
	mean := sum / float64(n)
	if mean == 0 {
		return 0
	}
	return math.Sqrt(max(square/float64(n)-mean*mean, 0)) / mean
}

// late gives the speed of the last tenth before letting go against that of the
// fastest tenth.
func late(p []Point, length float64) float64 {
	const parts = 10
	at := progress(p, length)
	from, to := p[0].T, p[len(p)-1].T
	var fastest, last float64
	for i := range parts {
		a := from + (to-from)*float64(i)/parts
		last = math.Abs(at(a+(to-from)/parts) - at(a))
		fastest = max(fastest, last)
	}
	return last / fastest
}

// follows tells whether a movement is nearer than least (root of the mean square)
// to a known easing, read in the same of the readings.
func follows(c curve, reading int, least float64) bool {
	const most = .03 // where a curve is steep, samples miss it by a lot
	bound := least * least * float64(len(c))
	for _, e := range easings()[reading] {
		var sum float64
		for i := range c {
			if sum += min((c[i]-e[i])*(c[i]-e[i]), most*most); sum >= bound {
				break
			}
		}
		if sum < bound {
			return true
		}
	}
	return false
}

// easings are the formulas that animation libraries and drag scripts move by.
var easings = sync.OnceValue(func() (all [2][]curve) {
	add := func(f func(u float64) float64) {
		for i, r := range readings() {
			all[i] = append(all[i], cut(f, 0, 1, r))
		}
	}
	pairs(add)
	singles(add)
	return all
})

// pairs are curves that are used as they are, turned round, and as both halves.
func pairs(add func(func(u float64) float64)) {
	for _, n := range []float64{1, 1.5, 2, 2.5, 3, 4, 5, 6} {
		in := func(u float64) float64 { return math.Pow(u, n) }
		add(in)
		add(func(u float64) float64 { return 1 - in(1-u) })
		add(func(u float64) float64 { return both(in, u) })
	}
	for _, in := range []func(u float64) float64{
		func(u float64) float64 { return 1 - math.Cos(u*math.Pi/2) },
		func(u float64) float64 { return 1 - math.Sqrt(1-u*u) },
		func(u float64) float64 { return (math.Pow(2, 10*u) - 1) / 1023 },
		func(u float64) float64 { return u * u * (2.70158*u - 1.70158) },
		func(u float64) float64 { return 1 - bounce(1-u) },
		func(u float64) float64 { return 1 - elastic(1-u) },
	} {
		add(in)
		add(func(u float64) float64 { return 1 - in(1-u) })
		add(func(u float64) float64 { return both(in, u) })
	}
	// What is steep looks different when it is looked at seldom.
	for _, in := range []func(u float64) float64{
		func(u float64) float64 { return 1 - math.Sqrt(1-u*u) },
		func(u float64) float64 { return (math.Pow(2, 10*u) - 1) / 1023 },
	} {
		for _, n := range []float64{17, 25, 40} {
			add(func(u float64) float64 { return looked(in, n, u) })
			add(func(u float64) float64 { return 1 - looked(in, n, 1-u) })
			add(func(u float64) float64 { return looked(func(u float64) float64 { return both(in, u) }, n, u) })
		}
	}
}

// singles are the others.
func singles(add func(func(u float64) float64)) {
	add(func(u float64) float64 { return u * u * (3 - 2*u) })
	add(func(u float64) float64 { return u * u * u * (10 + u*(6*u-15)) }) // minimum jerk
	for _, s := range []float64{6, 8, 10, 12} {
		lo, hi := logistic(-s/2), logistic(s/2)
		add(func(u float64) float64 { return (logistic(s*(u-.5)) - lo) / (hi - lo) })
	}
	for _, k := range []float64{1.5, 2, 2.5, 3, 4, 5, 6} {
		add(func(u float64) float64 { return math.Tanh(k*u) / math.Tanh(k) })
		add(func(u float64) float64 { return (1 - math.Exp(-k*u)) / (1 - math.Exp(-k)) })
	}
	for _, b := range [][4]float64{{.25, .1, .25, 1}, {.42, 0, 1, 1}, {0, 0, .58, 1}, {.42, 0, .58, 1},
		{.4, 0, .2, 1}, {0, 0, .2, 1}, {.2, 0, 0, 1}, {.16, 1, .3, 1}, {.22, 1, .36, 1}} {
		add(func(u float64) float64 { return bezier(b, u) })
	}
	// Speeding up for a part of the way and slowing down for the rest: the "human
	// track" of most slider scripts.
	for _, k := range []float64{.5, .6, .65, .7, .75, .8, .85} {
		for _, ratio := range []float64{.67, 1, 1.5, 2, 100} {
			add(func(u float64) float64 { return trapezoid(k, ratio, u) })
		}
	}
}

func both(in func(float64) float64, u float64) float64 {
	if u < .5 {
		return in(2*u) / 2
	}
	return 1 - in(2-2*u)/2
}

// looked is f seen n times, with straight lines between.
func looked(f func(float64) float64, n, u float64) float64 {
	i := math.Floor(u * n)
	a, b := f(i/n), f(min((i+1)/n, 1))
	return a + (b-a)*(u*n-i)
}

func logistic(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

func bounce(u float64) float64 {
	const n, d = 7.5625, 2.75
	switch {
	case u < 1/d:
		return n * u * u
	case u < 2/d:
		u -= 1.5 / d
		return n*u*u + .75
	case u < 2.5/d:
		u -= 2.25 / d
		return n*u*u + .9375
	}
	u -= 2.625 / d
	return n*u*u + .984375
}

func elastic(u float64) float64 {
	if u <= 0 || u >= 1 {
		return u
	}
	return math.Pow(2, -10*u)*math.Sin((10*u-.75)*2*math.Pi/3) + 1
}

// bezier is CSS's cubic-bezier(x1, y1, x2, y2) at time u.
func bezier(b [4]float64, u float64) float64 {
	at := func(p, q, t float64) float64 { return 3*p*t*(1-t)*(1-t) + 3*q*t*t*(1-t) + t*t*t }
	lo, hi := 0., 1.
	for range 40 {
		if mid := (lo + hi) / 2; at(b[0], b[2], mid) < u {
			lo = mid
		} else {
			hi = mid
		}
	}
	return at(b[1], b[3], lo)
}

// trapezoid speeds up with acceleration 1 until part k of the way, then slows down
// by ratio, and stops at 1.
func trapezoid(k, ratio, u float64) float64 {
	t1 := math.Sqrt(2 * k)
	v := t1
	slow := min(ratio, v*v/2/(1-k)) // never stops before the end
	t2 := (v - math.Sqrt(max(v*v-2*slow*(1-k), 0))) / slow
	t := u * (t1 + t2)
	if t < t1 {
		return t * t / 2
	}
	t -= t1
	return k + v*t - slow*t*t/2
}
