// Package trail judges the movement of a drag. It is pure: samples in, a verdict
// out, and nothing is kept.
//
// What it stops is what is ready-made: constant speed, easing curves, jumps, and
// drags played back. Whoever models hands well passes, and pays the price of a
// try like everybody else.
package trail

import (
	"math"
	"time"
)

// Point is one sample: milliseconds since the drag began, and the pointer's way
// from there, in pixels of a picture 320 wide.
type Point struct{ T, X, Y float64 }

const (
	// Most is the most samples of a drag; a page thins out what is longer.
	Most = 800
	// Fewest is the fewest, and shortest and longest how long one lasts.
	Fewest   = 12
	shortest = 250
	longest  = 120_000
)

// Drag is what the server knows of a drag.
type Drag struct {
	Start, End float64       // left edge of the tile, before and after
	Touch      bool          // by finger
	Took       time.Duration // from the grip to the answer, by our clock
}

// Verdict is what a movement is.
type Verdict int

// The verdicts.
const (
	Fine Verdict = iota
	TooFast
	TooSlow
	Unnatural
)

// hand is what a kind of pointer does. A finger moves before a browser tells of
// it, and wanders further off the line.
type hand struct {
	leap   float64 // pixels that the first sample may lie off
	height float64 // least way off the line
}

func of(touch bool) hand {
	if touch {
		return hand{leap: 24, height: 1}
	}
	return hand{leap: 10, height: .5}
}

// Whole tells whether the samples can be a drag's at all: finite, in order, not
// too many.
func Whole(p []Point) bool {
	if len(p) < 2 || len(p) > Most {
		return false
	}
	for i, q := range p {
		for _, v := range [...]float64{q.T, q.X, q.Y} {
			if math.IsNaN(v) || math.Abs(v) > 2*longest {
				return false
			}
		}
		if i > 0 && q.T < p[i-1].T {
			return false
		}
	}
	return true
}

// Judge judges a movement whose samples are Whole.
func Judge(p []Point, d Drag) Verdict {
	first, last := p[0], p[len(p)-1]
	lasts := last.T - first.T
	length := d.End - d.Start
	h := of(d.Touch)
	switch {
	case lasts > longest:
		return TooSlow
	case lasts < shortest:
		return TooFast
	case math.Abs(last.X-length) > 1.5: // the last sample is the answer
		return Unnatural
	case math.Abs(first.T) > 100 || math.Hypot(first.X, first.Y) > h.leap:
		return Unnatural
	case len(p) < Fewest:
		return TooFast
	}
	if v := clocks(lasts, d.Took); v != Fine {
		return v
	}
	if math.Abs(length) < 8 {
		return Unnatural // nothing was moved
	}
	if height(p) < h.height || leaps(p, length, h) || !handmade(p, length) {
		return Unnatural
	}
	return Fine
}

// clocks holds the trail's own time to what passed between the grip and the
// answer by our clock. Lines are slow in either direction, so it may be half as
// long and a quarter of a second less, but no shorter.
func clocks(lasts float64, took time.Duration) Verdict {
	ours := float64(took.Microseconds()) / 1000
	switch {
	case ours < lasts/2-250 || ours < 0:
		return TooFast
	case ours > lasts+20_000:
		return TooSlow
	}
	return Fine
}

// height is how far the pointer left its line.
func height(p []Point) float64 {
	lo, hi := p[0].Y, p[0].Y
	for _, q := range p {
		lo, hi = min(lo, q.Y), max(hi, q.Y)
	}
	return hi - lo
}

// leaps finds a step that no hand makes: a third of the way within 60 ms and no
// sample between, or faster than 6 pixels a millisecond. A finger's first step is
// the one that the browser held back.
func leaps(p []Point, length float64, h hand) bool {
	for i := 1; i < len(p); i++ {
		way, took := math.Abs(p[i].X-p[i-1].X), p[i].T-p[i-1].T
		if i == 1 {
			way -= h.leap
		}
		if way > math.Abs(length)/3 && took < 60 || way > 6*max(took, 16) {
			return true
		}
	}
	return false
}
