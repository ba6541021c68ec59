package picture

import "math"

type point struct{ x, y float32 }

// path is an outline of closed contours, flattened while it is drawn.
type path struct {
	pts  []point
	ends []int // index after the last point of each contour
}

func (p *path) reset() { p.pts, p.ends = p.pts[:0], p.ends[:0] }

func (p *path) to(x, y float32) { p.pts = append(p.pts, point{x, y}) }

// poly adds straight edges through x, y, x, y, ….
func (p *path) poly(xy ...float32) {
	for i := 0; i+1 < len(xy); i += 2 {
		p.to(xy[i], xy[i+1])
	}
}

// quad goes from the last point to x, y, drawn towards cx, cy.
func (p *path) quad(cx, cy, x, y float32) {
	a := p.pts[len(p.pts)-1]
	const n = 8
	for i := 1; i <= n; i++ {
		t := float32(i) / n
		u := 1 - t
		p.to(u*u*a.x+2*u*t*cx+t*t*x, u*u*a.y+2*u*t*cy+t*t*y)
	}
}

// cube goes from the last point to x, y by two control points.
func (p *path) cube(cx, cy, dx, dy, x, y float32) {
	a := p.pts[len(p.pts)-1]
	const n = 12
	for i := 1; i <= n; i++ {
		t := float32(i) / n
		u := 1 - t
		k0, k1, k2, k3 := u*u*u, 3*u*u*t, 3*u*t*t, t*t*t
		p.to(k0*a.x+k1*cx+k2*dx+k3*x, k0*a.y+k1*cy+k2*dy+k3*y)
	}
}

// arc goes around cx, cy from angle a to b, in parts of a full turn.
func (p *path) arc(cx, cy, rx, ry, a, b float32) {
	n := 3 + int(21*abs(b-a))
	for i := 0; i <= n; i++ {
		t := float64(a+(b-a)*float32(i)/float32(n)) * 2 * math.Pi
		p.to(cx+rx*float32(math.Cos(t)), cy+ry*float32(math.Sin(t)))
	}
}

// close ends a contour. All are turned the same way, so that those that overlap
// are one shape.
func (p *path) close() {
	c := p.pts[p.start():]
	area := float32(0)
	for i, a := range c {
		b := c[(i+1)%len(c)]
		area += a.x*b.y - b.x*a.y
	}
	if area < 0 {
		for i, j := 0, len(c)-1; i < j; i, j = i+1, j-1 {
			c[i], c[j] = c[j], c[i]
		}
	}
	p.ends = append(p.ends, len(p.pts))
}

// turnBack turns every contour the other way, after a mirror has turned them all.
func (p *path) turnBack() {
	from := 0
	for _, end := range p.ends {
		for i, j := from, end-1; i < j; i, j = i+1, j-1 {
			p.pts[i], p.pts[j] = p.pts[j], p.pts[i]
		}
		from = end
	}
}

func (p *path) start() int {
	if len(p.ends) == 0 {
		return 0
	}
	return p.ends[len(p.ends)-1]
}

func (p *path) oval(cx, cy, rx, ry float32) {
	p.arc(cx, cy, rx, ry, 0, 1)
	p.close()
}

// bounds gives the box around all points.
func (p *path) bounds() (lo, hi point) {
	lo, hi = point{9, 9}, point{-9, -9}
	for _, q := range p.pts {
		lo = point{min(lo.x, q.x), min(lo.y, q.y)}
		hi = point{max(hi.x, q.x), max(hi.y, q.y)}
	}
	return lo, hi
}

// place is where and how large a unit outline is drawn.
type place struct {
	x, y, r  float32 // middle and half width, in pixels of the mask
	sin, cos float32 // of the turn
}

func at(x, y, r, turn float32) place {
	s, c := math.Sincos(float64(turn))
	return place{x, y, r, float32(s), float32(c)}
}

func (q place) of(p point) point {
	return point{q.x + q.r*(p.x*q.cos-p.y*q.sin), q.y + q.r*(p.x*q.sin+p.y*q.cos)}
}

// fill adds the contours from a to before b to a mask.
func (p *path) fill(m *mask, q place, a, b int) {
	for ; a < b; a++ {
		from := 0
		if a > 0 {
			from = p.ends[a-1]
		}
		c := p.pts[from:p.ends[a]]
		prev := q.of(c[len(c)-1])
		for _, pt := range c {
			next := q.of(pt)
			m.line(prev, next)
			prev = next
		}
	}
}

// stroke adds the outline as a line w pixels wide. Each piece of it is a small
// bar, turned the same way.
func (p *path) stroke(m *mask, q place, w float32) {
	from := 0
	for _, end := range p.ends {
		c := p.pts[from:end]
		prev := q.of(c[len(c)-1])
		for _, pt := range c {
			next := q.of(pt)
			m.bar(prev, next, w/2)
			prev = next
		}
		from = end
	}
}

func (m *mask) bar(a, b point, half float32) {
	dx, dy := b.x-a.x, b.y-a.y
	n := float32(math.Sqrt(float64(dx*dx + dy*dy)))
	if n == 0 {
		return
	}
	ux, uy := dx/n*half, dy/n*half
	a, b = point{a.x - ux*.6, a.y - uy*.6}, point{b.x + ux*.6, b.y + uy*.6}
	c := [4]point{{a.x - uy, a.y + ux}, {a.x + uy, a.y - ux}, {b.x + uy, b.y - ux}, {b.x - uy, b.y + ux}}
	for i := range c {
		m.line(c[i], c[(i+1)%4])
	}
}

func abs(x float32) float32 {
	if x < 0 {
		return -x
	}
	return x
}

// turn rotates the points from index i on, in parts of a full turn.
func turn(p *path, i int, by float32) {
	q := at(0, 0, 1, by*2*math.Pi)
	for ; i < len(p.pts); i++ {
		p.pts[i] = q.of(p.pts[i])
	}
}
