package attack

import "github.com/genkan/genkan/internal/domain/puzzle/picture"

// library holds every drawing of every figure in a few turns, both ways round: the
// source of the pictures is open, so an attacker has it.
type library struct {
	n    int
	page [][]picture.Stencil // for each turn and mirror
}

func newLibrary(n int) *library {
	l := &library{n: n}
	for _, turn := range [...]float32{0, -.03, .03, -.06, .06} {
		l.page = append(l.page, picture.Stencils(n, turn, false), picture.Stencils(n, turn, true))
	}
	return l
}

// name finds the figure that the silhouette is most like.
func (l *library) name(figure plane) (best picture.Stencil) {
	most := float32(-1)
	for _, page := range l.page {
		for _, s := range page {
			both, either := 0, 0
			for i := range s.Mask {
				a, b := s.Mask[i] > 127, figure.v[i] > .5
				if a && b {
					both++
				}
				if a || b {
					either++
				}
			}
			if r := float32(both) / float32(either+1); r > most {
				most, best = r, s
			}
		}
	}
	return best
}

// known names the card's figure and looks for all other drawings of it, lit as
// hollows are.
func known(v *view) []float32 {
	card := v.lib.name(v.figure)
	out := v.each(func(int) float32 { return 0 })
	mask := make([]float32, v.n*v.n)
	for _, page := range v.lib.page {
		for _, s := range page {
			if s.Figure != card.Figure || s.Way == card.Way {
				continue
			}
			for i, m := range s.Mask {
				mask[i] = float32(m) / 255
			}
			for i, x := range v.lit(mask) {
				out[i] = max(out[i], x)
			}
		}
	}
	return out
}
