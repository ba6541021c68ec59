// Package trail judges the movement of a drag. It is pure.
package trail

import (
	"math"
	"time"
)

// Point is one sample: milliseconds since the drag began, and the pointer's way
// from there, in pixels of a picture 320 wide.
type Point struct{ T, X, Y float64 }

// Most is the most samples of a drag; a page thins out what is longer.
const Most = 800

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

// Whole tells whether the samples can be a drag's at all.
func Whole(p []Point) bool {
	if len(p) < 2 || len(p) > Most {
		return false
	}
	for i, q := range p {
		for _, v := range []float64{q.T, q.X, q.Y} {
			if math.IsNaN(v) || math.Abs(v) > 2e5 {
				return false
			}
		}
		if i > 0 && q.T < p[i-1].T {
			return false
		}
	}
	return true
}

// Judge judges a movement.
func Judge(p []Point, d Drag) Verdict {
	if len(p) < 12 || p[len(p)-1].T-p[0].T < 200 {
		return TooFast
	}
	return Fine
}
