package picture

import (
	"image"
	"image/color"
)

// The card's palette is a square of shades: ground towards pattern in one
// direction, towards the figure in the other, and then its rim, ever more clear.
const shades = 8

// card draws the piece: an opaque card with its own ground, and the figure on it.
func (s *studio) card(c palette, fig *cut, size int) {
	n := 2 * size
	s.sheet(n, c)
	s.masks(fig, n, float32(n)*.36)
	s.pat.draw(s.below(patterns), 14+s.below(8))
	s.paint(n)
}

// sheet makes the piece n pixels wide and mixes its colours.
func (s *studio) sheet(n int, c palette) {
	if cap(s.piece.Pix) < n*n {
		s.piece.Pix = make([]uint8, n*n)
	}
	s.piece.Pix, s.piece.Stride, s.piece.Rect = s.piece.Pix[:n*n], n, image.Rect(0, 0, n, n)
	pal := s.piece.Palette[:0]
	for j := range shades {
		for i := range shades {
			k := mix(mix(c.card, c.pat, i*256/(shades-1)), c.figure, j*256/(shades-1))
			pal = append(pal, color.NRGBA{k.r, k.g, k.b, 255})
		}
	}
	rim := mix(c.card, rgb{255, 255, 255}, 128)
	for i := range shades {
		pal = append(pal, color.NRGBA{rim.r, rim.g, rim.b, uint8(255 - i*255/(shades-1))})
	}
	s.piece.Palette = pal
}

func (s *studio) paint(n int) {
	r, half := float32(n)*.22, float32(n)/2
	for y := range n {
		for x := range n {
			// How far inside the round corner's edge.
			dx := max(abs(float32(x)+.5-half)-half+r, 0)
			dy := max(abs(float32(y)+.5-half)-half+r, 0)
			in := r - hypot(dx, dy)
			var v uint8
			switch {
			case in < 1:
				v = shades*shades + uint8((1-max(in, 0))*(shades-1)+.5)
			case in < 3.5:
				v = shades * shades
			default:
				g := s.pat.at(x, y) * (shades - 1) / 255
				fig := int(s.m.cov[y*n+x]) * (shades - 1) / 255
				v = uint8(fig*shades + g)
			}
			s.piece.Pix[y*n+x] = v
		}
	}
}
