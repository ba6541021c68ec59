package picture

// layers is how many hills a land may have.
const layers = 5

// land draws the big picture without its hollows: a sky of paper, and hills of
// paper before it, each with its shadow on what lies behind.
func (s *studio) land(c palette) {
	s.sky(c)
	n := layers - s.below(2)
	y := s.between(.22, .34) * Height
	step := (Height*.93 - y) / float32(n)
	for i := range n {
		s.crest(&s.ridge[i], y, step)
		y += step * s.between(.8, 1.15)
	}
	light := mix(c.low, c.high, 128)
	for i := range n {
		s.hill(s.ridge[i:n], mix(c.far, c.near, i*256/(n-1)), light)
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

// hill draws the first of some ridges down to where the others hide it.
func (s *studio) hill(ridge [][Width]float32, c, light rgb) {
	kind, strength := s.below(patterns), 0
	s.pat.draw(kind, 8+s.below(8))
	if s.chance(75) {
		strength = 30 + s.below(28)
		if kind == scales || kind == hemp {
			strength = strength * 6 / 10
		}
	}
	var shade [52][2]rgb // by depth below the ridge: without and with the pattern
	for d := range shade {
		k := mix(mix(c, light, 60), c, min(d*5, 256))
		shade[d] = [2]rgb{k, mix(k, light, strength)}
	}
	dark := mix(c, rgb{20, 24, 40}, 150)
	pix, stride := s.back.Pix, s.back.Stride
	for x := range Width {
		e := ridge[0][x]
		end := float32(Height)
		for i := 1; i < len(ridge); i++ {
			end = min(end, ridge[i][x]+1)
		}
		first, last := max(int(e), 0), int(end)
		for d := range min(7, first) { // its shadow, on what is behind
			blend(pix, (first-1-d)*stride+x*4, dark, 46*(7-d)*(7-d)/49)
		}
		if first >= last {
			continue
		}
		blend(pix, first*stride+x*4, shade[0][0], int((1-(e-float32(first)))*256))
		column := s.pat.column(x)
		for y, i := first+1, (first+1)*stride+x*4; y < last; y, i = y+1, i+stride {
			k := &shade[min(y-first, len(shade)-1)]
			p := pix[i : i+3 : i+3]
			p[0], p[1], p[2] = k[0].r, k[0].g, k[0].b
			if v := column[y%s.pat.h*s.pat.w]; v > 0 {
				blend(pix, i, k[1], int(v))
			}
		}
	}
}

// crest chooses the edge of a layer.
func (s *studio) crest(ridge *[Width]float32, y, step float32) {
	amp := .8 * step * s.between(.35, .9)
	f1, f2 := s.between(.010, .022), s.between(.03, .05)
	p1, p2 := s.between(0, 7), s.between(0, 7)
	k := s.between(.15, .4)
	for x := range ridge {
		v := sin(f1*float32(x)+p1) + k*sin(f2*float32(x)+p2)
		ridge[x] = max(min(y+amp*v, Height-1), 0)
	}
}
