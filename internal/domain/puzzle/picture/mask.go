package picture

// mask is a small grey picture of how much of each pixel an outline covers. It
// sums signed areas along each row, so every edge is visited once and overlapping
// contours of the same direction count once.
type mask struct {
	w, h int
	sum  []float32
	cov  []uint8
}

// reset makes the mask empty and w by h pixels large, in the memory it has.
func (m *mask) reset(w, h int) {
	m.w, m.h = w, h
	if need := w*h + 2; cap(m.sum) < need {
		m.sum, m.cov = make([]float32, need), make([]uint8, need)
	} else {
		m.sum = m.sum[:need]
		clear(m.sum)
	}
	m.cov = m.cov[:w*h]
}

// line adds one edge of an outline.
func (m *mask) line(a, b point) {
	if a.y == b.y {
		return
	}
	dir := float32(1)
	if a.y > b.y {
		a, b, dir = b, a, -1
	}
	slope := (b.x - a.x) / (b.y - a.y)
	x := a.x
	if a.y < 0 {
		x -= a.y * slope
		a.y = 0
	}
	for y := int(a.y); y < m.h && float32(y) < b.y; y++ {
		dy := min(float32(y+1), b.y) - max(float32(y), a.y)
		next := x + slope*dy
		m.span(y*m.w, x, next, dir*dy)
		x = next
	}
}

// span adds the part of an edge that lies in one row, from x0 to x1.
func (m *mask) span(row int, x0, x1, d float32) {
	if x0 > x1 {
		x0, x1 = x1, x0
	}
	right := float32(m.w)
	x0, x1 = min(max(x0, 0), right), min(max(x1, 0), right)
	i0 := int(x0)
	if i1 := int(x1); i1 <= i0 || x1 <= float32(i0+1) {
		mid := (x0+x1)/2 - float32(i0)
		m.add(row, i0, d*(1-mid))
		m.add(row, i0+1, d*mid)
		return
	}
	s := 1 / (x1 - x0)
	done := float32(0)
	for i := i0; float32(i) < x1; i++ {
		// How much of the row's height lies left of the right side of pixel i.
		l, r := max(float32(i), x0), min(float32(i+1), x1)
		mid := (l+r)/2 - float32(i)
		part := d * s * (r - l)
		m.add(row, i, done+part*(1-mid))
		done = part * mid
	}
	last := int(x1)
	if float32(last) < x1 {
		last++
	}
	m.add(row, last, done)
}

func (m *mask) add(row, x int, v float32) {
	if x < m.w {
		m.sum[row+x] += v
	}
}

// done turns sums into coverage, 0 to 255.
func (m *mask) done() {
	for y := range m.h {
		acc := float32(0)
		sum, cov := m.sum[y*m.w:y*m.w+m.w], m.cov[y*m.w:y*m.w+m.w]
		for x, s := range sum {
			acc += s
			v := acc
			if v < 0 {
				v = -v
			}
			cov[x] = uint8(min(v, 1)*255 + .5)
		}
	}
}
