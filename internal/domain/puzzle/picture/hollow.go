package picture

import "math"

// outline draws a figure into s.p so that it fills a tile's width: from -1 to 1,
// around its middle.
func (s *studio) outline(f figure, v vary) { fit(&s.p, f, v) }

func fit(p *path, f figure, v vary) {
	p.reset()
	f.draw(p, v)
	normal(p, 0)
}

// normal moves and scales all points into the box from -1 to 1. Marks are drawn
// after their figure and follow it.
func normal(p *path, from int) {
	lo, hi := p.bounds()
	k := 2 / max(hi.x-lo.x, (hi.y-lo.y)*.96)
	mx, my := (lo.x+hi.x)/2, (lo.y+hi.y)/2
	for i := range p.pts {
		p.pts[i] = point{(p.pts[i].x - mx) * k, (p.pts[i].y - my) * k}
	}
}

// hollow presses the figure in s.p into the land, where a card whose left edge is
// at x covers it.
func (s *studio) hollow(pl plan, x int) {
	n := pl.size
	r := float32(n) / 2
	s.m.reset(n, n)
	s.p.fill(&s.m, at(r, r, r-3, s.between(-.1, .1)))
	s.m.done()
	// Light falls from one side: the near wall is dark, the far one bright, and
	// between them it turns slowly from one to the other.
	sin, cos := math.Sincos(float64(s.between(0, 2*math.Pi)))
	dx, dy := float32(cos)/r, float32(sin)/r
	for j := range n {
		row := s.back.Pix[(pl.y+j)*s.back.Stride+x*4:]
		for i, v := range s.m.cov[j*n : j*n+n] {
			if v == 0 {
				continue
			}
			t := (float32(i)-r)*dx + (float32(j)-r)*dy
			t = t * (1.35 - .35*abs(t))
			if t > 0 {
				blend(row, i*4, rgb{255, 255, 255}, int(t*float32(v)*.62))
			} else {
				blend(row, i*4, rgb{16, 20, 36}, int(-t*float32(v)*.52))
			}
		}
	}
}

// sketches draws a few other figures as lines of white ink.
func (s *studio) sketches(pl plan, all []figure, c palette) {
	_ = c
	for range 2 {
		f := s.below(len(all))
		if f == pl.figure[0] || f == pl.figure[1] || f == pl.figure[2] {
			continue
		}
		s.outline(all[f], s.vary())
		n := pl.size
		r := float32(n) / 2
		x, y := pl.size+s.below(Width-2*pl.size), s.below(Height-n)
		s.m.reset(n, n)
		s.p.stroke(&s.m, at(r, r, r-4, 0), 1.3)
		s.m.done()
		s.stamp(&s.m, x, y, rgb{255, 255, 255}, 120)
	}
}
