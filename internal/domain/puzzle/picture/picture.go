// Package picture draws the pictures of the slider puzzle: a landscape of cut
// paper with three figures pressed into it on one row, and a card that shows one of
// the three in its own colours. The person slides the card until it covers the
// hollow of the same figure.
//
// A picture follows from its seed alone. Nothing in it repeats: light, land,
// figures, their size and their drawing are new each time. The hollows are lighter
// than the land at one side and darker at the other, and the card is opaque and
// does not continue the land, because masks, rims and dark holes are what ready-made
// scripts look for (docs/puzzle.md).
package picture

import (
	"bytes"
	"image/jpeg"
)

// Width and Height of the big picture, in its own pixels.
const (
	Width  = 320
	Height = 192
)

// Options make a picture easier for people, and so for machines.
type Options struct {
	// Easy is 0 for the usual picture. From 1 on there are no line drawings, from
	// 2 on the card's figure is drawn exactly like its hollow, from 3 on one of the
	// two false hollows is left out.
	Easy int
}

// Scene is one challenge as it was drawn.
type Scene struct {
	Width, Height          int
	Back                   []byte // JPEG
	Piece                  []byte // PNG with round corners, of twice PieceW by PieceH pixels
	PieceW, PieceH, PieceY int    // where the card travels
	Start                  int    // its left edge in the beginning
	Hole                   int    // secret: its left edge when it covers its figure
	Decoys                 []int  // secret: the same for the other figures
	Figure                 string // secret: what the card shows
}

// plan is where things are, before anything is drawn.
type plan struct {
	size, y, start int
	x              [3]int // left edges of the card; the first is right
	figure         [3]int // indices into figures
}

// Draw makes a challenge from a seed. It is safe to call from anywhere at once.
func Draw(seed [32]byte, o Options) Scene {
	s := studios.Get().(*studio)
	defer studios.Put(s)
	s.rng.Seed(seed)
	all := figures()
	pl := s.plan(all)
	c := season(s.below(seasons))
	holes := 3
	if o.Easy >= 3 {
		holes = 2
	}

	s.land(c)
	v, turned := s.vary(), s.between(-.1, .1)
	for i := range holes {
		look := s.vary()
		if i == 0 {
			look = v
		}
		s.outline(all[pl.figure[i]], look)
		s.hollow(pl, pl.x[i])
	}
	if o.Easy < 1 {
		s.sketches(pl, all, c)
	}
	if o.Easy < 2 {
		v, turned = s.vary(), turned+s.between(-.1, .1)
	}
	s.card(c, all[pl.figure[0]], v, turned, pl.size)

	sc := Scene{
		Width: Width, Height: Height,
		PieceW: pl.size, PieceH: pl.size, PieceY: pl.y,
		Start: pl.start, Hole: pl.x[0], Decoys: append([]int(nil), pl.x[1:holes]...),
		Figure: all[pl.figure[0]].name,
	}
	sc.Back, sc.Piece = s.encode()
	return sc
}

// plan places the right hollow first, evenly over all it can have, and then the
// others where there is room: so no place is more likely than another.
func (s *studio) plan(all []figure) plan {
	const gap = 4
	pl := plan{size: 50 + 2*s.below(4)}
	pl.y = 14 + s.below(Height-28-pl.size)
	pl.start = 3 + s.below(8)
	lo, hi := pl.start+pl.size+gap, Width-pl.size-3
	apart := pl.size + gap
	for {
		pl.x[0] = lo + s.below(hi-lo+1)
		for range 40 {
			a, b := lo+s.below(hi-lo+1), lo+s.below(hi-lo+1)
			if far(a, pl.x[0], apart) && far(b, pl.x[0], apart) && far(a, b, apart) {
				pl.x[1], pl.x[2] = a, b
				pl.figure = s.three(all)
				return pl
			}
		}
	}
}

func far(a, b, by int) bool { return a-b >= by || b-a >= by }

// three chooses figures that nobody takes for one another.
func (s *studio) three(all []figure) (f [3]int) {
	for i := range f {
	again:
		f[i] = s.below(len(all))
		for _, k := range f[:i] {
			if k == f[i] || all[k].kin != alone && all[k].kin == all[f[i]].kin {
				goto again
			}
		}
	}
	return f
}

// encode gives both pictures as files.
func (s *studio) encode() (back, piece []byte) {
	s.out.Reset()
	// Encoding into memory cannot fail.
	_ = jpeg.Encode(&s.out, s.back, &jpeg.Options{Quality: 80})
	n := s.out.Len()
	_ = s.enc.Encode(&s.out, s.piece)
	all := bytes.Clone(s.out.Bytes())
	return all[:n:n], all[n:]
}
