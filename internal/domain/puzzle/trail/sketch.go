package trail

import (
	"math"
	"math/bits"
	"math/rand/v2"
)

// Sketch is 128 bits of a drag's shape under a secret: nearly the same drag has
// nearly the same bits, and without the secret the bits say nothing of the drag.
type Sketch [16]byte

// Near is up to how many differing bits two drags are one, played back. Two drags
// of the same modelled hand differ in 26 and more, 99 times of 100.
const Near = 12

// Bands is into how many parts a sketch is cut so that near ones are found without
// reading all: two that differ in less than Bands bits share one for certain, and
// at twice that mostly.
const (
	Bands    = 12
	bandBits = 10
)

// Sketcher makes sketches under one secret.
type Sketcher struct{ planes [128][2 * bins]float64 }

const bins = 32

// NewSketcher draws the planes that a secret stands for.
func NewSketcher(secret [32]byte) *Sketcher {
	r := rand.New(rand.NewChaCha8(secret))
	s := &Sketcher{}
	for i := range s.planes {
		for j := range s.planes[i] {
			s.planes[i][j] = r.NormFloat64()
		}
	}
	return s
}

// Sketch gives the sketch of a drag over length pixels, whatever its length, its
// duration and the place it went to: those are what a replay changes.
func (s *Sketcher) Sketch(p []Point, length float64) (out Sketch) {
	v := shape(p, length)
	for i := range s.planes {
		var sum float64
		for j, x := range v {
			sum += x * s.planes[i][j]
		}
		if sum > 0 {
			out[i/8] |= 1 << (i % 8)
		}
	}
	return out
}

// shape is how fast the drag was and how far off its line, bin by bin of its time.
func shape(p []Point, length float64) (v [2 * bins]float64) {
	x := progress(p, length)
	height := make([]Point, len(p))
	for i, q := range p {
		height[i] = Point{T: q.T, X: q.Y}
	}
	y := progress(height, 1)
	from, to := p[0].T, p[len(p)-1].T
	for i := range bins {
		a, b := from+(to-from)*float64(i)/bins, from+(to-from)*float64(i+1)/bins
		v[i] = x(b) - x(a)
		v[bins+i] = y((a+b)/2) - y(from)
	}
	for _, part := range [][]float64{v[:bins], v[bins:]} {
		rough(part)
		level(part)
	}
	return v
}

// rough keeps what is particular: strokes of one length are much alike, their
// unevenness is not.
func rough(v []float64) {
	for i := range len(v) - 1 {
		v[i] -= v[i+1]
	}
	v[len(v)-1] = 0
}

// level takes off the mean and makes the spread 1.
func level(v []float64) {
	var sum, square float64
	for _, x := range v {
		sum += x
	}
	mean := sum / float64(len(v))
	for i := range v {
		v[i] -= mean
		square += v[i] * v[i]
	}
	if square == 0 {
		return
	}
	for i := range v {
		v[i] /= math.Sqrt(square / float64(len(v)))
	}
}

// Bands gives the parts of a sketch, each with its place, for an index.
func (k Sketch) Bands() (out [Bands]int64) {
	for i := range out {
		out[i] = int64(i) << bandBits
		for b := range bandBits {
			at := i*bandBits + b
			out[i] |= int64(k[at/8]>>(at%8)&1) << b
		}
	}
	return out
}

// Distance is in how many bits two sketches differ.
func (k Sketch) Distance(o Sketch) int {
	n := 0
	for i := range k {
		n += bits.OnesCount8(k[i] ^ o[i])
	}
	return n
}
