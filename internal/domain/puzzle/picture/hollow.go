package picture

import "math"

// depth is how much lighter or darker than the land a hollow is, of 255: the root
// of the mean square.
const depth = 37

// hollow presses a figure into the land: n by n pixels at x, y, with a free border
// of up to 5, so that a card that covers it is near enough.
//
// Light falls on it from one side: one wall is dark, the other bright, and between
// them it turns slowly from one to the other, once or more. What it adds to the
// land's lightness is nothing on the whole.
func (s *studio) hollow(c *cut, x, y, n int, depth float32) {
	r := float32(n) / 2
	s.masks(c, n, r-s.between(2.5, 5))
	dir := s.between(0, 2*math.Pi)
	swing := s.between(1.8, 3.2)
	dx, dy := cos(dir)/r*swing, sin(dir)/r*swing
	phase := s.between(-.5, .5)
	if cap(s.lit) < n*n {
		s.lit = make([]float32, n*n)
	}
	lit := s.lit[:n*n]
	var sum, square, weight float32
	for i, v := range s.m.cov {
		if v == 0 {
			continue
		}
		l, w := sin((float32(i%n)-r)*dx+(float32(i/n)-r)*dy+phase), float32(v)
		lit[i] = l
		sum, square, weight = sum+l*w, square+l*l*w, weight+w
	}
	// As much light as shade, and every figure as clear as any other.
	mean := sum / max(weight, 1)
	scale := depth / float32(math.Sqrt(float64(max(square/max(weight, 1)-mean*mean, .02))))
	for i, v := range s.m.cov {
		px, py := x+i%n, y+i/n
		if v == 0 || px < 0 || py < 0 || px >= Width || py >= Height {
			continue
		}
		l := min(max((lit[i]-mean)*scale, -1.9*depth), 1.9*depth)
		add := int(l * float32(v) / 255)
		p := s.back.Pix[py*s.back.Stride+px*4:][:3]
		for k := range p {
			p[k] = uint8(min(max(int(p[k])+add, 0), 255))
		}
	}
}

func sin(x float32) float32 { return float32(math.Sin(float64(x))) }
func cos(x float32) float32 { return float32(math.Cos(float64(x))) }
