package picture

import "math"

// land draws the big picture without its hollows: a sky of paper, and hills of
// paper before it, each with its shadow on what lies behind.
func (s *studio) land(c palette) {
	s.sky(c)
	n := 4 + s.below(2)
	y := s.between(.22, .34) * Height
	step := (Height*.93 - y) / float32(n)
	for i := range n {
		t := i * 256 / max(n-1, 1)
		s.hill(y, step, mix(c.far, c.near, t), mix(c.low, c.high, 128), i)
		y += step * s.between(.8, 1.15)
	}
}

func (s *studio) sky(c palette) {
	for y := range Height {
		row := s.back.Pix[y*s.back.Stride : (y+1)*s.back.Stride]
		k := mix(c.high, c.low, min(y*256/(Height*6/10), 256))
		for i := 0; i < len(row); i += 4 {
			row[i], row[i+1], row[i+2], row[i+3] = k.r, k.g, k.b, 255
		}
	}
	r := s.between(15, 30)
	x, y := s.between(r, Width-r), s.between(.1*Height, .34*Height)
	side := int(2*r) + 3
	s.p.reset()
	s.p.oval(0, 0, 1, 1)
	s.m.reset(side, side)
	s.p.fill(&s.m, at(float32(side)/2, float32(side)/2, r, 0), 0, 1)
	s.m.done()
	s.stamp(&s.m, int(x)-side/2, int(y)-side/2, c.disc, 235)
	for range 2 + s.below(2) {
		s.mist(c)
	}
}

// mist is a bank of bars with round ends, as in old picture scrolls.
func (s *studio) mist(c palette) {
	w := int(s.between(70, 150))
	h := 9
	x, y := s.below(Width)-w/2, int(s.between(.05*Height, .5*Height))
	for i := range 3 {
		s.p.reset()
		l, k := float32(w)*s.between(.5, .9), float32(h)/2
		s.p.arc(k+1, k+1, k, k, .25, .75)
		s.p.arc(l-k, k+1, k, k, .75, 1.25)
		s.p.close()
		s.m.reset(int(l)+3, h+2)
		s.p.fill(&s.m, at(0, 0, 1, 0), 0, 1)
		s.m.done()
		s.stamp(&s.m, x+s.below(w/2), y+i*(h-1), mix(c.low, rgb{255, 255, 255}, 150), 120)
	}
}

// hill draws one layer whose edge swings around y.
func (s *studio) hill(y, step float32, c, light rgb, i int) {
	s.crest(y, step)
	kind := s.below(patterns)
	s.pat.draw(kind, 8+s.below(8))
	strength := 0
	if s.chance(75) {
		strength = 30 + s.below(28)
		if kind == scales {
			strength /= 2
		}
	}
	glow := mix(c, light, 60)
	dark := mix(c, rgb{20, 24, 40}, 150)
	pix, stride := s.back.Pix, s.back.Stride
	for x := range Width {
		e := s.ridge[x]
		first := max(int(e), 0)
		for d := range 7 { // its shadow, on what is behind
			if yy := first - 1 - d; yy >= 0 {
				blend(pix, yy*stride+x*4, dark, 46*(7-d)*(7-d)/49)
			}
		}
		for yy := first; yy < Height; yy++ {
			k := mix(glow, c, min((yy-first)*5, 256))
			a := 256
			if yy == first {
				a = int((1 - (e - float32(first))) * 256)
			}
			if strength > 0 {
				k = mix(k, light, s.pat.at(x, yy)*strength>>8)
			}
			blend(pix, yy*stride+x*4, k, a)
		}
	}
}

// crest chooses the edge of a layer.
func (s *studio) crest(y, step float32) {
	amp := step * s.between(.35, .9)
	f1, f2 := s.between(.010, .022), s.between(.03, .05)
	p1, p2 := s.between(0, 7), s.between(0, 7)
	k := s.between(.15, .4)
	for x := range Width {
		v := math.Sin(float64(f1*float32(x)+p1)) + float64(k)*math.Sin(float64(f2*float32(x)+p2))
		s.ridge[x] = min(y+amp*float32(v)*.8, Height)
	}
}
