package picture

// cut is one figure, cut out: its outline, and its marks from contour split on.
type cut struct {
	path
	way, split int
}

// cut draws a figure into c as a hand would cut it this time: tilted, mirrored, and
// never quite alike. It fills the box from -1 to 1. It is drawn in any way but one.
func (s *studio) cut(c *cut, f figure, not int, loose float32) {
	c.way = s.below(len(f.ways))
	if c.way == not {
		c.way = (c.way + 1) % len(f.ways)
	}
	c.draw(f.ways[c.way], s.vary())
	s.bend(&c.path, loose)
	normal(&c.path)
}

func (c *cut) draw(w way, v vary) {
	c.reset()
	w.outline(&c.path, v)
	c.split = len(c.ends)
	if w.marks != nil {
		w.marks(&c.path) // inside the figure: they do not change its box
	}
}

// masks fills s.m with the figure less its marks, n by n pixels, r wide to each side.
func (s *studio) masks(c *cut, n int, r float32) {
	q := at(float32(n)/2, float32(n)/2, r, 0)
	s.m.reset(n, n)
	c.fill(&s.m, q, 0, c.split)
	s.m.done()
	if c.split == len(c.ends) {
		return
	}
	s.m2.reset(n, n)
	c.fill(&s.m2, q, c.split, len(c.ends))
	s.m2.done()
	for i, v := range s.m2.cov {
		if v > 0 {
			s.m.cov[i] = uint8(int(s.m.cov[i]) * int(255-v) / 255)
		}
	}
}

// bend turns, mirrors, stretches and warps all points; loose is how much, 0 to 1.
func (s *studio) bend(p *path, loose float32) {
	flip := float32(1 - 2*s.below(2))
	wide := 1 + .14*loose*s.between(-1, 1)
	q := at(0, 0, 1, .42*loose*s.between(-1, 1))
	k, a := s.between(1.6, 3), .15*loose*s.between(.6, 1)
	u, v := s.between(0, 6.3), s.between(0, 6.3)
	for i, pt := range p.pts {
		pt.x += a * sin(k*pt.y+u)
		pt.y += a * sin(k*pt.x+v)
		p.pts[i] = q.of(point{flip * wide * pt.x, pt.y})
	}
	if flip < 0 {
		p.turnBack()
	}
}

// normal moves and scales all points into the box from -1 to 1.
func normal(p *path) {
	lo, hi := p.bounds()
	k := 2 / max(hi.x-lo.x, (hi.y-lo.y)*.94)
	mx, my := (lo.x+hi.x)/2, (lo.y+hi.y)/2
	for i := range p.pts {
		p.pts[i] = point{(p.pts[i].x - mx) * k, (p.pts[i].y - my) * k}
	}
}

// profile is how far the outline reaches in each direction: what shape matchers see.
type profile [48]float32

func (c *cut) profile() (p profile) {
	from := 0
	for _, end := range c.ends[:c.split] {
		prev := c.pts[end-1]
		for _, next := range c.pts[from:end] {
			const steps = 3
			for i := range steps {
				t := float32(i) / steps
				x, y := prev.x+(next.x-prev.x)*t, prev.y+(next.y-prev.y)*t
				k := int((diamond(x, y)) * float32(len(p)) / 4)
				p[k%len(p)] = max(p[k%len(p)], x*x+y*y)
			}
			prev = next
		}
		from = end
	}
	for i := range p { // directions that no point fell into take their neighbour's
		if p[i] == 0 {
			p[i] = p[(i+len(p)-1)%len(p)]
		}
	}
	return p
}

// diamond is a direction as a number from 0 to 4, cheaper than an angle.
func diamond(x, y float32) float32 {
	l := abs(x) + abs(y)
	switch {
	case l == 0:
		return 0
	case y >= 0:
		return 1 - x/l
	}
	return 3 + x/l
}

func (p *profile) apart(q *profile) (d float32) {
	for i := range p {
		d += abs(p[i] - q[i])
	}
	return d
}
