package picture

import "math"

// pattern is one repeat of a woven or printed pattern: how strong each pixel is.
type pattern struct {
	w, h int
	cov  [48 * 48]uint8
}

func (p *pattern) at(x, y int) int { return int(p.cov[(y%p.h)*p.w+x%p.w]) }

// column is the pattern at x, one row after p.w values.
func (p *pattern) column(x int) []uint8 { return p.cov[x%p.w:] }

const (
	patterns = 6
	hemp     = 2 // these two are busy, and drawn fainter
	scales   = 4
)

// draw makes a repeat about 2r wide: waves, rings, hemp leaves, dots, scales, stripes.
func (p *pattern) draw(kind, r int) {
	fr := float32(r)
	p.w, p.h = 2*r, r
	var f func(x, y float32) float32
	switch kind {
	case 0: // 青海波
		f = func(x, y float32) float32 { return waves(x, y, fr) }
	case 1: // 七宝
		p.h = 2 * r
		f = func(x, y float32) float32 {
			d := float32(9)
			for _, c := range [...]point{{0, 0}, {2, 0}, {0, 2}, {2, 2}, {1, 1}, {1, -1}, {-1, 1}, {3, 1}, {1, 3}} {
				d = min(d, abs(hypot(x-c.x*fr, y-c.y*fr)-fr))
			}
			return 1.1 - d
		}
	case hemp: // 麻の葉, simplified: a lattice of three directions and its spokes
		p.w, p.h = 2*r, 2*int(float32(r)*1.732/2+.5)
		h := float32(p.h)
		f = func(x, y float32) float32 {
			u, v := x/(2*fr), y/h
			d := min(cell(u-v/1), cell(u+v/1), cell(v*2)/1.2)
			return 1.05 - d*fr*.9
		}
	case 3: // 鹿の子
		p.h = 2 * r
		f = func(x, y float32) float32 {
			d := min(hypot(x-fr/2, y-fr/2), hypot(x-fr*1.5, y-fr*1.5))
			return fr*.24 - d + .5
		}
	case scales: // 鱗
		f = func(x, y float32) float32 {
			u := abs(x-fr) / fr
			return (y/fr-u)*fr*.7 + .5
		}
	default: // 縞
		p.h = 1
		f = func(x, _ float32) float32 { return fr*.28 - abs(x-fr*.6) + .5 }
	}
	for y := range p.h {
		for x := range p.w {
			v := f(float32(x)+.5, float32(y)+.5)
			p.cov[y*p.w+x] = uint8(min(max(v, 0), 1) * 255)
		}
	}
}

// cell is how far x is from a whole number.
func cell(x float32) float32 {
	return abs(x - float32(math.Round(float64(x))))
}

func waves(x, y, r float32) float32 {
	// Scales lie over one another; the lowest that covers the pixel is seen.
	for row := 2; row >= -2; row-- {
		cy := float32(row)*r/2 + r
		for col := -1; col <= 2; col++ {
			cx := float32(col)*2*r + r
			if row%2 != 0 {
				cx -= r
			}
			d := hypot(x-cx, y-cy)
			if d <= r && y <= cy {
				ring := r / 3.2
				k := cell((r - d - .5) / ring)
				return 1.0 - k*ring
			}
		}
	}
	return 0
}

func hypot(x, y float32) float32 { return float32(math.Sqrt(float64(x*x + y*y))) }
