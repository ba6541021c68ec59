package attack

// canny gives 1 on edges: a softened gradient, thinned to its ridges, kept where it
// is strong or joined to what is strong. The thresholds follow the picture.
func canny(p plane) plane {
	gx, gy := p.blur(1).gradient()
	mag := newPlane(p.w, p.h)
	for i := range mag.v {
		mag.v[i] = length(gx.v[i], gy.v[i])
	}
	thin := newPlane(p.w, p.h)
	for y := range p.h {
		for x := range p.w {
			i := y*p.w + x
			dx, dy := round(gx.v[i]/max(mag.v[i], 1e-6)), round(gy.v[i]/max(mag.v[i], 1e-6))
			if m := mag.v[i]; m >= mag.at(x+dx, y+dy) && m > mag.at(x-dx, y-dy) {
				thin.v[i] = m
			}
		}
	}
	high := thin.top(.06)
	low := high * .4
	out := newPlane(p.w, p.h)
	var todo []int
	for i, m := range thin.v {
		if m >= high {
			out.v[i] = 1
			todo = append(todo, i)
		}
	}
	for len(todo) > 0 {
		i := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		for dy := -1; dy <= 1; dy++ {
			for dx := -1; dx <= 1; dx++ {
				x, y := i%p.w+dx, i/p.w+dy
				if x < 0 || y < 0 || x >= p.w || y >= p.h {
					continue
				}
				if j := y*p.w + x; out.v[j] == 0 && thin.v[j] >= low {
					out.v[j] = 1
					todo = append(todo, j)
				}
			}
		}
	}
	return out
}

func round(x float32) int {
	switch {
	case x > .38:
		return 1
	case x < -.38:
		return -1
	}
	return 0
}

// top is the value that a share of all pixels reaches.
func (p plane) top(share float32) float32 {
	const steps = 1024
	var hist [steps]int
	for _, x := range p.v {
		hist[min(int(x*steps), steps-1)]++
	}
	left := int(share * float32(len(p.v)))
	for k := steps - 1; k > 0; k-- {
		if left -= hist[k]; left <= 0 {
			return float32(k) / steps
		}
	}
	return 1. / steps
}
