package picture

// Stencil is one drawing of a figure, as exactly as the source tells it.
type Stencil struct {
	Figure string
	Way    int
	Mask   []uint8 // n by n, as large as a hollow
}

// Stencils gives every drawing of every figure, turned and mirrored as asked. They
// are for the solvers that we measure ourselves with: the source is open, so whoever
// attacks has them too.
func Stencils(n int, turned float32, mirrored bool) []Stencil {
	var out []Stencil
	s := new(studio)
	for _, f := range figures() {
		for i, w := range f.ways {
			s.c.draw(w, vary{})
			if mirrored {
				for k := range s.c.pts {
					s.c.pts[k].x *= -1
				}
				s.c.turnBack()
			}
			turn(&s.c.path, 0, turned)
			normal(&s.c.path)
			s.masks(&s.c, n, float32(n)/2-3)
			out = append(out, Stencil{f.name, i, append([]uint8(nil), s.m.cov...)})
		}
	}
	return out
}
