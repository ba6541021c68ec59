package picture

import "math"

func leaf(p *path, v vary) {
	w := .12 * v[0]
	p.to(.95, -.95)
	p.cube(1.05+w, .3, .25+w, 1, -.5, .62)
	p.poly(-.85, .95, -.95, .85, -.62, .5)
	p.cube(-1, -.25-w, -.3, -1.05-w, .95, -.95)
	p.close()
}

func leafMarks(p *path) {
	p.poly(.62, -.68, .68, -.62, -.5, .56, -.56, .5)
	p.close()
	for _, s := range [...]float32{-.2, .15} {
		p.poly(s, -s, s+.05, -s, s+.03, -s-.42, s-.03, -s-.4)
		p.close()
		p.poly(s, -s, s, -s+.05, s+.42, -s+.03, s+.4, -s-.03)
		p.close()
	}
}

func maple(p *path, v vary) {
	k := .06 * v[0]
	for _, s := range [...]float32{1, -1} {
		p.to(s*-.05, -1)
		p.poly(s*.18, -.55+k, s*.42, -.72, s*.42, -.36, s*1, -.46, s*.74, -.12, s*.92, .06, s*.52, .28, s*.62, .52, s*.06, .44, s*.06, 1, s*-.05, 1)
		p.close()
	}
}

func flower(p *path, v vary) {
	// Cherry: five petals, each with a notch.
	w := .5 + .05*v[0]
	for i := range 5 {
		from := p.start()
		p.to(0, .1)
		p.cube(-w-.15, -.3, -w, -.9, -.14, -1)
		p.poly(0, -.84, .14, -1)
		p.cube(w, -.9, w+.15, -.3, 0, .1)
		turn(p, from, float32(i)/5)
		p.close()
	}
}

func flowerMarks(p *path) {
	p.oval(0, 0, .15, .15)
	for i := range 5 {
		from := p.start()
		p.poly(-.035, -.22, .035, -.22, .035, -.55, -.035, -.55)
		turn(p, from, float32(i)/5)
		p.close()
	}
}

func tulip(p *path, v vary) {
	k := .05 * v[0]
	p.to(-.48, -1)
	p.quad(-.3, -.9, -.22, -.62)
	p.quad(-.12, -.95, 0, -1)
	p.quad(.12, -.95, .22, -.62)
	p.quad(.3, -.9, .48, -1)
	p.cube(.62, -.4, .5, -.05, 0, -.05)
	p.cube(-.5, -.05, -.62, -.4, -.48, -1)
	p.close()
	p.poly(-.05, -.1, .05, -.1, .05, .95, -.05, .95)
	p.close()
	for _, s := range [...]float32{-1, 1} {
		p.to(s*.02, .95)
		p.cube(s*.5, .95, s*(.85+k), .6, s*.9, .1)
		p.cube(s*.5, .2, s*.15, .4, s*.02, .8)
		p.close()
	}
}

func tulipMarks(p *path) {
	p.poly(-.24, -.6, -.2, -.6, -.1, -.3, -.14, -.28)
	p.close()
	p.poly(.24, -.6, .14, -.28, .1, -.3, .2, -.6)
	p.close()
}

func pine(p *path, v vary) {
	k := .06 * v[0]
	p.poly(0, -1, .42, -.42+k, .24, -.42+k, .66, .12, .4, .12, .9, .66, .12, .66, .12, .98)
	p.poly(-.12, .98, -.12, .66, -.9, .66, -.4, .12, -.66, .12, -.24, -.42+k, -.42, -.42+k)
	p.close()
}

func roundTree(p *path, v vary) {
	k := .05 * v[0]
	p.to(-.15, .3)
	p.cube(-.5, .48, -1.05, .32, -.95, -.1)
	p.cube(-1.05, -.5-k, -.7, -.72, -.5, -.58)
	p.cube(-.4, -1.1-k, .4, -1.1, .5, -.58)
	p.cube(.75, -.7, 1.05, -.45+k, .95, -.1)
	p.cube(1.05, .32, .5, .48, .15, .3)
	p.poly(.19, .95, -.19, .95)
	p.close()
}

func mushroom(p *path, v vary) {
	k := .08 * v[0]
	p.to(-1, .1)
	p.cube(-1, -1.1-k, 1, -1.1-k, 1, .1)
	p.quad(.95, .26, .7, .24)
	p.poly(-.7, .24)
	p.quad(-.95, .26, -1, .1)
	p.close()
	p.to(-.3, .15)
	p.poly(.3, .15)
	p.quad(.26, .5, .4, .82)
	p.quad(0, 1, -.4, .82)
	p.quad(-.26, .5, -.3, .15)
	p.close()
}

func mushroomMarks(p *path) {
	p.oval(-.45, -.2, .17, .15)
	p.oval(.1, -.45, .16, .13)
	p.oval(.55, -.1, .13, .13)
}

func tallMushroom(p *path, v vary) {
	k := .08 * v[0]
	p.to(-.95, 0)
	p.cube(-.6, -.3, -.5, -1-k, 0, -1-k)
	p.cube(.5, -1-k, .6, -.3, .95, 0)
	p.quad(0, .3, -.95, 0)
	p.close()
	p.poly(-.2, .05, .2, .05, .32, .95, -.32, .95)
	p.close()
}

func tallMushroomMarks(p *path) {
	p.oval(-.28, -.3, .12, .12)
	p.oval(.22, -.55, .13, .12)
}

func star(p *path, v vary) {
	in := .5 + .06*v[0]
	for i := range 10 {
		r := float32(1)
		if i%2 == 1 {
			r = in
		}
		s, c := math.Sincos(float64(i) * math.Pi / 5)
		p.to(r*float32(s), -r*float32(c))
	}
	p.close()
}

func twoStars(p *path, v vary) {
	k := .04 * v[0]
	for _, s := range [...][4]float32{{-.28, .26, .74, .05}, {.66, -.6, .4, -.06}} {
		for i := range 10 {
			r := s[2]
			if i%2 == 1 {
				r *= .48 + k
			}
			a := 2 * math.Pi * (float32(i)/10 + s[3])
			p.to(s[0]+r*sin(a), s[1]-r*cos(a))
		}
		p.close()
	}
}

func moon(p *path, v vary) {
	d := .42 + .06*v[0]
	const tilt = -.09
	tip := math.Pi * .28
	tx, ty := float32(math.Cos(tip)), float32(math.Sin(tip))
	r := float32(math.Hypot(float64(tx-d), float64(ty)))
	a := float32(math.Atan2(float64(ty), float64(tx-d)) / 2 / math.Pi)
	p.arc(0, 0, 1, 1, .14, .86)
	p.arc(d, 0, r, r, 1-a, a)
	turn(p, p.start(), tilt)
	p.close()
}

func bowlMoon(p *path, v vary) {
	d := .3 + .05*v[0]
	p.arc(0, 0, 1, 1, -.02, .52)
	p.arc(0, -d-.12, .97, .75, .5, 0)
	turn(p, p.start(), .04)
	p.close()
}
