// Package attack plays the machine's side: solvers of the slider puzzle, each as
// good as we could make it, and how often they hit. The serving house does not
// import it. `genkan bench puzzle` prints what it finds (docs/puzzle.md).
package attack

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"

	"github.com/genkan/genkan/internal/domain/puzzle/picture"
)

// view is what a client gets of a challenge, and what every solver makes of it first.
type view struct {
	back         plane    // lightness of the whole picture
	soft         plane    // the same, softened a little
	rest         plane    // the same without what changes slowly
	gx, gy       plane    // gradient of back
	edge         plane    // Canny's edges, softened
	card         plane    // lightness of the card, one pixel for one of back
	figure       plane    // silhouette of the card's figure, as wide as a hollow
	rim          []normal // the silhouette's outline
	n, y, lo, hi int      // the card's size and row; where its left edge may end
	lib          *library
	channel      [3]plane // colours of back
	cardColour   [3]plane
}

// look decodes and prepares. It reads nothing of s that a client does not get.
func look(s picture.Scene, libs map[int]*library) (*view, error) {
	b, err := jpeg.Decode(bytes.NewReader(s.Back))
	if err != nil {
		return nil, fmt.Errorf("decode picture: %w", err)
	}
	c, err := png.Decode(bytes.NewReader(s.Piece))
	if err != nil {
		return nil, fmt.Errorf("decode card: %w", err)
	}
	// Only the row counts, and a little around it.
	top, end := max(s.PieceY-margin, 0), min(s.PieceY+s.PieceH+margin, s.Height)
	v := &view{lib: libs[s.PieceW], n: s.PieceW, y: s.PieceY - top, lo: s.Start + s.PieceW, hi: s.Width - s.PieceW}
	v.channel = colours(b, image.Rect(0, top, s.Width, end))
	v.back = lightness(v.channel)
	v.rest = minus(v.back, v.back.blur(14))
	v.soft = v.back.blur(1)
	v.gx, v.gy = v.soft.gradient()
	v.edge = canny(v.back).blur(1)
	big := colours(c, image.Rect(0, 0, 2*s.PieceW, 2*s.PieceH))
	v.cardColour = [3]plane{big[0].half(), big[1].half(), big[2].half()}
	v.card = lightness(v.cardColour)
	v.figure = silhouette(lightness(big)).stretch(v.n)
	v.rim = outline(v.figure)
	return v, nil
}

const margin = 20

func colours(m image.Image, in image.Rectangle) (c [3]plane) {
	w, h := in.Dx(), in.Dy()
	for i := range c {
		c[i] = newPlane(w, h)
	}
	px, ok := m.(image.RGBA64Image)
	if !ok || !in.In(m.Bounds()) {
		return c // neither JPEG nor PNG, or not of the size that was said
	}
	for y := range h {
		for x := range w {
			p := px.RGBA64At(in.Min.X+x, in.Min.Y+y)
			i := y*w + x
			c[0].v[i], c[1].v[i], c[2].v[i] = float32(p.R)/65535, float32(p.G)/65535, float32(p.B)/65535
		}
	}
	return c
}

func lightness(c [3]plane) plane {
	p := newPlane(c[0].w, c[0].h)
	for i := range p.v {
		p.v[i] = .3*c[0].v[i] + .59*c[1].v[i] + .11*c[2].v[i]
	}
	return p
}

// silhouette parts the card into ground and figure by Otsu's threshold, without its
// rim, and fills what is enclosed, such as eyes.
func silhouette(card plane) plane {
	const rim = 8
	in := card.crop(rim, rim, card.w-2*rim, card.h-2*rim)
	cut := in.otsu()
	ground := (in.at(0, 0) + in.at(in.w-1, 0) + in.at(0, in.h-1) + in.at(in.w-1, in.h-1)) / 4
	fig := newPlane(in.w, in.h)
	for i, x := range in.v {
		if (x < cut) != (ground < cut) {
			fig.v[i] = 1
		}
	}
	return fig.filled()
}

// normal is a place on an outline and the direction out of it.
type normal struct{ x, y, nx, ny float32 }

func outline(fig plane) []normal {
	soft := fig.blur(1)
	gx, gy := soft.gradient()
	var out []normal
	for y := 1; y < fig.h-1; y++ {
		for x := 1; x < fig.w-1; x++ {
			i := y*fig.w + x
			l := length(gx.v[i], gy.v[i])
			if l > .2 {
				out = append(out, normal{float32(x), float32(y), -gx.v[i] / l, -gy.v[i] / l})
			}
		}
	}
	return out
}
