package picture

import "math"

// depth is how much lighter or darker a hollow gets than the land, of 255.
const depth = 58

// hollow presses a figure into the land: n by n pixels at x, y, with a free
// border of 3, so that a card of that size covers it.
//
// Light falls on it from one side: one wall is dark, the other bright, and between
// them it turns slowly from one to the other, once or more. What it adds to the
// land's lightness is nothing on the whole.
func (s *studio) hollow(c *cut, x, y, n int, depth float32) {
	r := float32(n) / 2
	s.masks(c, n, r-3)
	dir := s.between(0, 2*math.Pi)
	swing := s.between(1.3, 2.6)
	dx, dy := cos(dir)/r*swing, sin(dir)/r*swing
	phase := s.between(-.5, .5)
	if cap(s.lit) < n*n {
		s.lit = make([]float32, n*n)
	}
	lit := s.lit[:n*n]
	sum, weight := float32(0), float32(0)
	for i, v := range s.m.cov {
		if v == 0 {
			continue
		}
		lit[i] = sin((float32(i%n)-r)*dx + (float32(i/n)-r)*dy + phase)
		sum += lit[i] * float32(v)
		weight += float32(v)
	}
	mean := sum / max(weight, 1)
	for i, v := range s.m.cov {
		px, py := x+i%n, y+i/n
		if v == 0 || px < 0 || py < 0 || px >= Width || py >= Height {
			continue
		}
		add := int((lit[i] - mean) * depth * float32(v) / 255)
		p := s.back.Pix[py*s.back.Stride+px*4:][:3]
		for k := range p {
			p[k] = uint8(min(max(int(p[k])+add, 0), 255))
		}
	}
}

func sin(x float32) float32 { return float32(math.Sin(float64(x))) }
func cos(x float32) float32 { return float32(math.Cos(float64(x))) }
