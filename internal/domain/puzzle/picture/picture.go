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
	"slices"
)

// Width and Height of the big picture, in its own pixels; a card is from Least to
// Most of them wide.
const (
	Width  = 320
	Height = 192
	Least  = 46
	Most   = 52
)

// Options make a picture easier for people, and so for machines.
type Options struct {
	// Easy is 0 for the usual picture. From 1 on there are no line drawings, from
	// 2 on hollows are cut straighter and there is no large stone, from 3 on one of
	// the two false hollows is left out. The card never shows its hollow's drawing:
	// whoever fails on purpose would get pictures that any script solves.
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
	x              [4]int // left edges of the card: right, two false ones, a stone
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

	loose := float32(1)
	if o.Easy >= 2 {
		loose = .4
		pl.x[3] = none
	}
	s.land(c)
	s.cut(&s.c, all[pl.figure[0]], -1, loose/2)
	s.card(c, &s.c, pl.size)
	shown := s.c.profile()
	s.answer(all[pl.figure[0]], &shown, loose)
	held := s.figs[0].profile()
	s.choose(&pl, all, [2]*profile{&shown, &held}, loose)
	s.beside(pl, all, o.Easy < 1)
	if x := pl.x[3]; x != none {
		s.stone(&s.c, &held)
		s.hollow(&s.c, x, pl.y, pl.size, depth)
	}
	for i := range holes {
		s.hollow(&s.figs[i], pl.x[i], pl.y, pl.size, depth)
	}

	sc := Scene{
		Width: Width, Height: Height,
		PieceW: pl.size, PieceH: pl.size, PieceY: pl.y,
		Start: pl.start, Hole: pl.x[0], Decoys: append([]int(nil), pl.x[1:holes]...),
		Figure: all[pl.figure[0]].name,
	}
	sc.Back, sc.Piece = s.encode()
	return sc
}

// plan places three hollows and a stone on the row. Which of the hollows is right is
// drawn by lot afterwards, so that even who sees all places has one chance in three.
//
// The row is closed to a ring, with the four at even odds around it, and cut open
// where no hollow is: that spreads the right place well, too.
func (s *studio) plan(all []figure) plan {
	pl := plan{size: Least + 2*s.below((Most-Least)/2+1)}
	pl.y = 60 + s.below(Height-70-pl.size)
	pl.start = 3 + s.below(7)
	pl.figure[0] = s.below(len(all))
	by := pl.size + space
	first, last := pl.start+by, Width-pl.size-3
	ring := last - first + by
	for {
		cuts := [3]int{}
		for i := range cuts {
			cuts[i] = s.below(ring - 4*by + 1)
		}
		slices.Sort(cuts[:])
		from := s.below(ring)
		pl.x[0] = first + from
		for i, c := range cuts {
			pl.x[i+1] = first + (from+(i+1)*by+c)%ring
		}
		for i := range pl.x {
			j := i + s.below(len(pl.x)-i)
			pl.x[i], pl.x[j] = pl.x[j], pl.x[i]
		}
		if max(pl.x[0], pl.x[1], pl.x[2]) <= last {
			if pl.x[3] > last {
				pl.x[3] = none
			}
			return pl
		}
	}
}

const (
	none  = -1
	space = 3 // between what stands on the row
)

// answer draws the right figure for its hollow: in another way than on the card, and
// of a few the one least like it.
func (s *studio) answer(f figure, shown *profile, loose float32) {
	card, most := s.c.way, float32(-1)
	for range 3 {
		s.cut(&s.c, f, card, loose)
		p := s.c.profile()
		if d := p.apart(shown); d > most {
			most = d
			s.c, s.figs[0] = s.figs[0], s.c
		}
	}
}

// choose finds the two false figures: of a few, those whose shape is most like the
// card's, so that likeness of shape tells little. People tell them by name.
func (s *studio) choose(pl *plan, all []figure, like [2]*profile, loose float32) {
	for i := 1; i < 3; i++ {
		least := float32(1e9)
		for range tries {
			f := s.other(all, pl.figure[:i])
			s.cut(&s.c, all[f], -1, loose)
			p := s.c.profile()
			if d := p.apart(like[i-1]); d < least {
				least = d
				pl.figure[i] = f
				s.c, s.figs[i] = s.figs[i], s.c
			}
		}
	}
}

const tries = 14

// other is a figure that nobody takes for one of those.
func (s *studio) other(all []figure, those []int) int {
again:
	f := s.below(len(all))
	for _, k := range those {
		if k == f || all[k].kin != alone && all[k].kin == all[f].kin {
			goto again
		}
	}
	return f
}

// encode gives both pictures as files.
func (s *studio) encode() (back, piece []byte) {
	s.out.Reset()
	s.convert()
	// Encoding into memory cannot fail.
	_ = jpeg.Encode(&s.out, s.file, &jpeg.Options{Quality: 80})
	n := s.out.Len()
	_ = s.enc.Encode(&s.out, s.piece)
	all := bytes.Clone(s.out.Bytes())
	return all[:n:n], all[n:]
}
