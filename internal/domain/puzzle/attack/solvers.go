package attack

// A cue gives each place, from lo to hi, a score; the solver answers the best.
type cue func(v *view) []float32

func (v *view) each(score func(x int) float32) []float32 {
	out := make([]float32, v.hi-v.lo+1)
	for i := range out {
		out[i] = score(v.lo + i)
	}
	return out
}

// darkness looks for the window that is darkest against what is around it; only
// the figure's own pixels count.
func darkness(v *view) []float32 {
	return v.each(func(x int) float32 {
		in, out, nIn, nOut := float32(0), float32(0), float32(0), float32(0)
		for j := range v.n {
			for i := range v.n {
				l := v.back.at(x+i, v.y+j)
				if v.figure.v[j*v.n+i] > 0 {
					in, nIn = in+l, nIn+1
				} else {
					out, nOut = out+l, nOut+1
				}
			}
		}
		return out/max(nOut, 1) - in/max(nIn, 1)
	})
}

// edges looks for a strong gradient across the figure's outline, whatever its sign,
// against the gradient in the whole window.
func edges(v *view) []float32 {
	return v.each(func(x int) float32 {
		on := float32(0)
		for _, r := range v.rim {
			i := (v.y+int(r.y))*v.back.w + x + int(r.x)
			on += abs(v.gx.v[i]*r.nx + v.gy.v[i]*r.ny)
		}
		all := float32(0)
		for j := 0; j < v.n; j += 2 {
			for i := 0; i < v.n; i += 2 {
				k := (v.y+j)*v.back.w + x + i
				all += length(v.gx.v[k], v.gy.v[k])
			}
		}
		return on/float32(len(v.rim)+1) - all/float32(v.n*v.n/4)
	})
}

// ring compares what lies just inside the outline with what lies just outside.
func ring(v *view) []float32 {
	return v.each(func(x int) float32 {
		d := float32(0)
		for _, r := range v.rim {
			in := v.back.at(x+int(r.x-2.5*r.nx+.5), v.y+int(r.y-2.5*r.ny+.5))
			out := v.back.at(x+int(r.x+2.5*r.nx+.5), v.y+int(r.y+2.5*r.ny+.5))
			d += abs(in - out)
		}
		return d
	})
}

// seam looks for where the card's sides continue the picture around it.
func seam(v *view) []float32 {
	const in, out = 5, 1
	return v.each(func(x int) float32 {
		d := float32(0)
		for c := range 3 {
			b, k := v.channel[c], v.cardColour[c]
			for i := in; i < v.n-in; i++ {
				d += abs(b.at(x+i, v.y-out)-k.at(i, in)) + abs(b.at(x+i, v.y+v.n-1+out)-k.at(i, v.n-1-in))
				d += abs(b.at(x-out, v.y+i)-k.at(in, i)) + abs(b.at(x+v.n-1+out, v.y+i)-k.at(v.n-1-in, i))
			}
		}
		return -d
	})
}

// difference lays the card on the picture and looks for the best correlation, of
// either sign.
func difference(v *view) []float32 {
	return v.each(func(x int) float32 {
		return abs(correlate(v.back, x, v.y, v.card, 4))
	})
}

// correlate is the normal correlation of q, less a border, with p at x, y.
func correlate(p plane, x, y int, q plane, border int) float32 {
	var n, sp, sq, spp, sqq, spq float64
	for j := border; j < q.h-border; j++ {
		for i := border; i < q.w-border; i++ {
			a, b := float64(p.at(x+i, y+j)), float64(q.v[j*q.w+i])
			n, sp, sq, spp, sqq, spq = n+1, sp+a, sq+b, spp+a*a, sqq+b*b, spq+a*b
		}
	}
	c := spq - sp*sq/n
	va, vb := spp-sp*sp/n, sqq-sq*sq/n
	if va <= 1e-9 || vb <= 1e-9 {
		return 0
	}
	return float32(c / root(va*vb))
}

// script is what is found ready-made: Canny's edges of the card, in the figure's
// size in the picture, matched with Canny's edges of the picture.
func script(v *view) []float32 {
	want := canny(v.figure.blur(1)).blur(1)
	return v.each(func(x int) float32 { return correlate(v.edge, x, v.y, want, 0) })
}

// asFound is the same as it is shipped: the whole card, in its own size.
func asFound(v *view) []float32 {
	want := canny(v.card.crop(3, 3, v.n-6, v.n-6))
	return v.each(func(x int) float32 { return correlate(v.edge, x+3, v.y+3, want, 0) })
}

// energy looks for the window in which the picture changes most.
func energy(v *view) []float32 {
	return v.each(func(x int) float32 {
		s := float32(0)
		for j := range v.n {
			for i := range v.n {
				r := v.rest.v[(v.y+j)*v.rest.w+x+i]
				s += r * r
			}
		}
		return s
	})
}

// light knows how hollows are lit: it explains each window by a plane of light, and
// asks how much better a second plane, within the figure only, explains it.
func light(v *view) []float32 { return v.lit(v.figure.v) }

// lit looks at every second pixel and place: as good, and eight times as fast.
func (v *view) lit(figure []float32) []float32 {
	ground, within := bases(v.n, figure)
	patch := make([]float32, 0, len(ground[0]))
	out := v.each(func(x int) float32 {
		if (x-v.lo)%2 != 0 {
			return -1
		}
		patch = patch[:0]
		for j := 0; j < v.n; j += 2 {
			row := v.soft.v[(v.y+j)*v.soft.w+x:]
			for i := 0; i < v.n; i += 2 {
				patch = append(patch, row[i])
			}
		}
		left := dot(patch, patch)
		for _, b := range ground {
			d := dot(patch, b)
			left -= d * d
		}
		gain := float32(0)
		for _, b := range within {
			d := dot(patch, b)
			gain += d * d
		}
		return gain / (left + .005)
	})
	for i := 1; i < len(out); i += 2 {
		out[i] = out[i-1]
	}
	return out
}

// bases are orthonormal: the first three span planes over the window, the others
// planes over the figure.
func bases(n int, figure []float32) (ground, within [][]float32) {
	var all [][]float32
	for k := range 6 {
		var b []float32
		for y := 0; y < n; y += 2 {
			for x := 0; x < n; x += 2 {
				w := [3]float32{1, float32(x)/float32(n) - .5, float32(y)/float32(n) - .5}[k%3]
				if k >= 3 {
					w *= figure[y*n+x]
				}
				b = append(b, w)
			}
		}
		for _, a := range all {
			d := dot(a, b)
			for i := range b {
				b[i] -= d * a[i]
			}
		}
		l := float32(root(float64(dot(b, b)))) + 1e-6
		for i := range b {
			b[i] /= l
		}
		all = append(all, b)
	}
	return all[:3], all[3:]
}

func dot(a, b []float32) float32 {
	var s0, s1 float32
	b = b[:len(a)]
	i := 0
	for ; i+1 < len(a); i += 2 {
		s0 += a[i] * b[i]
		s1 += a[i+1] * b[i+1]
	}
	if i < len(a) {
		s0 += a[i] * b[i]
	}
	return s0 + s1
}
