package picture

import "math"

// pebble draws a round thing without a name.
func (s *studio) pebble(c *cut) {
	c.reset()
	u, v := s.between(0, 6.3), s.between(0, 6.3)
	a, b := s.between(.05, .16), s.between(.03, .08)
	flat := s.between(.55, .9)
	for i := range 28 {
		t := float32(i) / 28 * 2 * math.Pi
		r := 1 + a*sin(2*t+u) + b*sin(3*t+v)
		c.to(r*cos(t), flat*r*sin(t))
	}
	c.close()
	c.split = 1
	normal(&c.path)
}

// stone draws a round thing that reaches about as far as a figure in each direction:
// to a matcher of shapes it is much alike, to people it is a stone.
func (s *studio) stone(c *cut, like *profile) {
	c.reset()
	const n = len(like)
	far := float32(0)
	for i := range like {
		far = max(far, like[i])
	}
	for i := range n {
		sum, weight := float32(0), float32(0)
		for k := -5; k <= 5; k++ {
			w := 6 - abs(float32(k))
			sum += w * float32(math.Sqrt(float64(like[(i+k+n)%n]/far)))
			weight += w
		}
		r := .3 + .7*sum/weight
		t := float32(i) / float32(n) * 4 // the diamond's directions
		dx, dy := 1-t, 1-abs(1-t)
		if t > 2 {
			dx, dy = t-3, abs(3-t)-1
		}
		l := hypot(dx, dy)
		c.to(r*dx/l, r*dy/l)
	}
	c.close()
	c.split = 1
	s.bend(&c.path, .4)
	normal(&c.path)
}

// beside fills what is left of the row: with pebbles, lit like the figures, and
// with other figures, drawn as lines of white ink.
func (s *studio) beside(pl plan, all []figure, sketches bool) {
	x := pl.start + pl.size + space
	ends := [5]int{pl.x[0], pl.x[1], pl.x[2], pl.x[3], Width}
	for range 5 {
		next := Width
		for _, e := range ends {
			if e >= x {
				next = min(next, e)
			}
		}
		s.gap(pl, all, x, next-space, sketches)
		x = next + pl.size + space
	}
}

// gap fills the row from x to end.
func (s *studio) gap(pl plan, all []figure, x, end int, sketches bool) {
	for end-x >= 26 {
		n := min(26+s.below(20), end-x)
		y := pl.y + s.below(max(pl.size-n, 1))
		if sketches && n >= 30 && s.chance(60) {
			s.sketch(pl, all, x, y, n)
		} else {
			s.pebble(&s.c)
			s.hollow(&s.c, x, y, n, depth*.9)
		}
		x += n + 2
	}
}

// sketch draws a figure that is not among the hollows, nor like one of them.
func (s *studio) sketch(pl plan, all []figure, x, y, n int) {
	f := s.other(all, pl.figure[:])
	s.cut(&s.c, all[f], -1, 1)
	r := float32(n) / 2
	s.m.reset(n, n)
	s.c.stroke(&s.m, at(r, r, r-3, 0), 1.3)
	s.m.done()
	s.stamp(&s.m, x, y, rgb{255, 255, 255}, 150)
}
