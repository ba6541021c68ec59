package picture

func fish(p *path, v vary) {
	h := .58 + .07*v[0]
	t := .42 + .08*v[1]
	p.to(-1, 0)
	p.cube(-.65, -h-.1, .1, -h-.1, .5, -.06)
	p.poly(.98, -t)
	p.quad(.8, 0, .98, t)
	p.poly(.5, .06)
	p.cube(.1, h+.1, -.65, h+.1, -1, 0)
	p.close()
}

func fishMarks(p *path) {
	p.oval(-.62, -.1, .08, .08)
	p.arc(-.72, 0, .42, .42, -.11, .11)
	p.arc(-.72, 0, .36, .4, .11, -.11)
	p.close()
}

func plumpFish(p *path, v vary) {
	h := .7 + .06*v[0]
	p.to(-.95, .05)
	p.cube(-.8, -h, .1, -h, .42, -.1)
	p.quad(.7, -.5, 1, -.52)
	p.quad(.82, 0, 1, .52)
	p.quad(.7, .5, .42, .16)
	p.cube(.1, h+.1, -.8, h, -.95, .05)
	p.close()
	p.to(-.5, -.3)
	p.quad(-.2, -.95, .25, -.78)
	p.poly(.2, -.2)
	p.close()
}

func plumpFishMarks(p *path) { p.oval(-.6, -.08, .09, .09) }

func cat(p *path, v vary) {
	e := .08 * v[0]
	p.to(-.86, -.95)
	p.quad(-.55, -.8, -.36, -.56)
	p.quad(0, -.66, .36, -.56)
	p.quad(.55, -.8, .86, -.95)
	p.cube(.98, -.5, .98+e, -.2, .95, .12)
	p.cube(.9, .62, .45, .88, 0, .88)
	p.cube(-.45, .88, -.9, .62, -.95, .12)
	p.cube(-.98-e, -.2, -.98, -.5, -.86, -.95)
	p.close()
}

func catMarks(p *path) {
	p.oval(-.4, .05, .1, .14)
	p.oval(.4, .05, .1, .14)
	p.poly(-.1, .34, .1, .34, 0, .46)
	p.close()
	for _, s := range [...]float32{-1, 1} {
		p.poly(s*.5, .42, s*.92, .34, s*.92, .39, s*.5, .47)
		p.close()
		p.poly(s*.5, .54, s*.86, .6, s*.84, .65, s*.5, .59)
		p.close()
	}
}

func sittingCat(p *path, v vary) {
	p.to(-.62, -1)
	p.poly(-.38, -.78, -.06, -.78, .18, -1)
	p.cube(.3, -.5, .22, -.2, .1, -.12)
	p.cube(.75, .1, .85, .6, .72, .95)
	p.poly(-.6, .95)
	p.cube(-.7, .4, -.5, 0, -.42, -.1)
	p.cube(-.72, -.3, -.72, -.6, -.62, -1)
	p.close()
	t := .2 * v[0]
	p.to(.5, .95)
	p.cube(1.2, .98, 1.1, .3+t, .82, .15+t)
	p.cube(1.45, .1+t, 1.4, 1.2, .5, 1.1)
	p.close()
}

func sittingCatMarks(p *path) {
	p.oval(-.42, -.48, .06, .09)
	p.oval(-.04, -.48, .06, .09)
}

func bird(p *path, v vary) {
	w := .1 * v[0]
	p.to(-1, -.3)
	p.poly(-.76, -.42)
	p.cube(-.66, -.75, -.2, -.72, -.08, -.3)
	p.poly(.3, -.86-w)
	p.cube(.42, -.5, .42, -.3, .36, -.1)
	p.poly(1, -.3+w, .78, .12)
	p.cube(.5, .72, -.55, .8, -.72, .1)
	p.poly(-.78, -.2)
	p.close()
}

func birdMarks(p *path) {
	p.oval(-.52, -.38, .07, .07)
	p.to(-.1, -.02)
	p.cube(0, .4, .3, .34, .45, .06)
	p.cube(.3, .26, .08, .28, -.03, -.04)
	p.close()
}

func swallow(p *path, v vary) {
	k := .1 * v[0]
	p.to(-1, -.02)
	p.quad(-.8, -.3, -.5, -.2)
	p.quad(-.1, -.75, .6, -1+k)
	p.quad(.15, -.4, .2, -.02)
	p.poly(1, -.12)
	p.quad(.7, .08, .55, .16)
	p.quad(.7, .26, .92, .52)
	p.quad(.45, .4, .12, .26)
	p.quad(.1, .6, .3, .95-k)
	p.quad(-.3, .75, -.42, .2)
	p.quad(-.75, .2, -1, -.02)
	p.close()
}

func swallowMarks(p *path) { p.oval(-.68, -.06, .07, .07) }

func butterfly(p *path, v vary) {
	k := .08 * v[0]
	for _, s := range [...]float32{-1, 1} {
		p.to(s*.06, -.1)
		p.cube(s*.3, -.9, s*1.05, -1, s*1, -.45-k)
		p.cube(s*.95, -.1, s*.6, 0, s*.5, .04)
		p.cube(s*.95, .15, s*.8, .85, s*.45, .8+k)
		p.cube(s*.25, .75, s*.1, .4, s*.06, .2)
		p.close()
	}
	p.oval(0, .05, .09, .52)
	for _, s := range [...]float32{-1, 1} {
		p.to(s*.02, -.4)
		p.quad(s*.06, -.7, s*.3, -.86)
		p.poly(s*.27, -.9)
		p.quad(s*-.02, -.75, s*-.04, -.4)
		p.close()
	}
}

func swallowtail(p *path, v vary) {
	k := .08 * v[0]
	for _, s := range [...]float32{-1, 1} {
		p.to(s*.05, -.2)
		p.cube(s*.15, -.8, s*.8, -1.1, s*1.02, -.86-k)
		p.cube(s*1.02, -.35, s*.8, -.05, s*.42, .02)
		p.cube(s*.85, .1, s*.82, .5, s*.58, .6)
		p.poly(s*.66, 1, s*.5, 1.02, s*.42, .64)
		p.cube(s*.2, .6, s*.08, .4, s*.05, .15)
		p.close()
		p.to(s*.02, -.4)
		p.quad(s*.05, -.7, s*.24, -.95)
		p.poly(s*.31, -.91)
		p.quad(s*.14, -.7, s*.1, -.36)
		p.close()
	}
	p.oval(0, .02, .09, .46)
	turn(p, 0, .05)
}

func rabbit(p *path, v vary) {
	e := .06 * v[0]
	// Resting, ears up, to the left.
	p.oval(.18, .3, .74, .52)
	p.oval(-.55, -.02, .42, .37)
	p.oval(.92, .42, .17, .17)
	for _, s := range [...]float32{0, .24} {
		from := p.start()
		p.arc(-.5+s, -.58, .12, .46+e, 0, 1)
		for i := from; i < len(p.pts); i++ {
			p.pts[i].x += (p.pts[i].y + .3) * -.28
		}
		p.close()
	}
	p.oval(-.4, .72, .34, .13)
}

func rabbitMarks(p *path) { p.oval(-.68, -.06, .07, .08) }

func rabbitFace(p *path, v vary) {
	p.oval(0, .42, .74, .54)
	for _, s := range [...]float32{-1, 1} {
		from := p.start()
		p.arc(s*.34, -.42, .19, .62+.05*v[0], 0, 1)
		for i := from; i < len(p.pts); i++ {
			p.pts[i].x -= s * (p.pts[i].y) * .3
		}
		p.close()
	}
}

func rabbitFaceMarks(p *path) {
	p.oval(-.3, .34, .09, .11)
	p.oval(.3, .34, .09, .11)
	p.oval(0, .56, .08, .06)
}
