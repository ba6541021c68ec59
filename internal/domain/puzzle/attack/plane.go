package attack

import "math"

// plane is a picture of one number for each pixel.
type plane struct {
	w, h int
	v    []float32
}

func newPlane(w, h int) plane { return plane{w, h, make([]float32, w*h)} }

// at gives the nearest pixel for places outside.
func (p plane) at(x, y int) float32 {
	return p.v[min(max(y, 0), p.h-1)*p.w+min(max(x, 0), p.w-1)]
}

func (p plane) crop(x, y, w, h int) plane {
	q := newPlane(w, h)
	for j := range h {
		for i := range w {
			q.v[j*w+i] = p.at(x+i, y+j)
		}
	}
	return q
}

func minus(a, b plane) plane {
	q := newPlane(a.w, a.h)
	for i := range q.v {
		q.v[i] = a.v[i] - b.v[i]
	}
	return q
}

// half gives every second pixel as the mean of four.
func (p plane) half() plane {
	q := newPlane(p.w/2, p.h/2)
	for y := range q.h {
		for x := range q.w {
			q.v[y*q.w+x] = (p.at(2*x, 2*y) + p.at(2*x+1, 2*y) + p.at(2*x, 2*y+1) + p.at(2*x+1, 2*y+1)) / 4
		}
	}
	return q
}

// blur is a box of 2r+1 pixels, twice, in each direction.
func (p plane) blur(r int) plane {
	a, b := p, newPlane(p.w, p.h)
	for range 2 {
		for y := range p.h {
			slide(a.v[y*p.w:], b.v[y*p.w:], p.w, 1, r)
		}
		c := newPlane(p.w, p.h)
		for x := range p.w {
			slide(b.v[x:], c.v[x:], p.h, p.w, r)
		}
		a = c
	}
	return a
}

func slide(in, out []float32, n, step, r int) {
	at := func(i int) float32 { return in[min(max(i, 0), n-1)*step] }
	sum := float32(0)
	for i := -r; i <= r; i++ {
		sum += at(i)
	}
	for i := range n {
		out[i*step] = sum / float32(2*r+1)
		sum += at(i+r+1) - at(i-r)
	}
}

func (p plane) gradient() (gx, gy plane) {
	gx, gy = newPlane(p.w, p.h), newPlane(p.w, p.h)
	for y := range p.h {
		for x := range p.w {
			gx.v[y*p.w+x] = (p.at(x+1, y) - p.at(x-1, y)) / 2
			gy.v[y*p.w+x] = (p.at(x, y+1) - p.at(x, y-1)) / 2
		}
	}
	return gx, gy
}

// otsu is the threshold that parts the values best into two groups.
func (p plane) otsu() float32 {
	var hist [256]float64
	total := 0.0
	for _, x := range p.v {
		k := min(int(x*255), 255)
		hist[k]++
		total += float64(k)
	}
	n, best, cut := float64(len(p.v)), -1.0, 0
	below, sum := 0.0, 0.0
	for k := range hist {
		below += hist[k]
		sum += float64(k) * hist[k]
		if below == 0 || below == n {
			continue
		}
		d := sum/below - (total-sum)/(n-below)
		if s := below * (n - below) * d * d; s > best {
			best, cut = s, k
		}
	}
	return (float32(cut) + 1) / 255
}

// filled sets every pixel that cannot be reached from the border.
func (p plane) filled() plane {
	out := newPlane(p.w, p.h)
	for i := range out.v {
		out.v[i] = 1
	}
	var todo []int
	visit := func(x, y int) {
		if i := y*p.w + x; x >= 0 && y >= 0 && x < p.w && y < p.h && out.v[i] == 1 && p.v[i] == 0 {
			out.v[i] = 0
			todo = append(todo, i)
		}
	}
	for x := range p.w {
		visit(x, 0)
		visit(x, p.h-1)
	}
	for y := range p.h {
		visit(0, y)
		visit(p.w-1, y)
	}
	for len(todo) > 0 {
		i := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		x, y := i%p.w, i/p.w
		visit(x-1, y)
		visit(x+1, y)
		visit(x, y-1)
		visit(x, y+1)
	}
	return out
}

// stretch scales what is set until it is as wide as a hollow in an n by n window.
func (p plane) stretch(n int) plane {
	x0, y0, x1, y1 := p.w, p.h, 0, 0
	for y := range p.h {
		for x := range p.w {
			if p.v[y*p.w+x] > 0 {
				x0, y0, x1, y1 = min(x0, x), min(y0, y), max(x1, x+1), max(y1, y+1)
			}
		}
	}
	out := newPlane(n, n)
	if x1 <= x0 {
		return out
	}
	k := max(float32(x1-x0), .96*float32(y1-y0)) / float32(n-6)
	for y := range n {
		for x := range n {
			sx := (float32(x)+.5-float32(n)/2)*k + float32(x0+x1)/2
			sy := (float32(y)+.5-float32(n)/2)*k + float32(y0+y1)/2
			if sx >= 0 && sy >= 0 && sx < float32(p.w) && sy < float32(p.h) {
				out.v[y*n+x] = p.v[int(sy)*p.w+int(sx)]
			}
		}
	}
	return out
}

func length(x, y float32) float32 { return float32(math.Sqrt(float64(x*x + y*y))) }

func abs(x float32) float32 {
	if x < 0 {
		return -x
	}
	return x
}
