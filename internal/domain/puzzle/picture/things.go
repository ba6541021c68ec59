package picture

import "math"

func cup(p *path, v vary) {
	b := .42 + .08*v[0]
	p.to(-.95, -.6)
	p.poly(.55, -.6)
	p.cube(.6, .3, .4, .62, b-.1, .66)
	p.poly(b-.1, .8, -b-.3, .8, -b-.3, .66)
	p.cube(-.85, .5, -.97, .2, -.95, -.6)
	p.close()
	// The handle is a bent bar.
	h := .34 + .05*v[1]
	p.arc(.5, -.1, h+.12, h+.02, -.25, .25)
	p.arc(.5, -.1, h-.06, h-.15, .25, -.25)
	p.close()
}

func mug(p *path, v vary) {
	b := .06 * v[0]
	p.to(-.85, -.8)
	p.poly(.5, -.8, .5-b, .8)
	p.quad(.48, .9, .36, .9)
	p.poly(-.7, .9)
	p.quad(-.85+b, .9, -.85+b, .8)
	p.close()
	p.arc(.48, 0, .5, .46, -.25, .25)
	p.arc(.48, 0, .3, .25, .25, -.25)
	p.close()
}

func mugMarks(p *path) {
	p.to(-.5, -.3)
	p.poly(.2, -.3, .2, -.2, -.5, -.2)
	p.close()
}

func umbrella(p *path, v vary) {
	k := .82 + .08*v[0]
	p.to(-1, .08)
	p.cube(-.95, -k-.3, .95, -k-.3, 1, .08)
	p.quad(.83, -.14, .66, .08)
	p.quad(.5, -.14, .33, .08)
	p.quad(.16, -.14, 0, .08)
	p.quad(-.16, -.14, -.33, .08)
	p.quad(-.5, -.14, -.66, .08)
	p.quad(-.83, -.14, -1, .08)
	p.close()
	p.poly(-.06, -.95, .06, -.95, .06, .7, -.06, .7)
	p.close()
	p.arc(.17, .7, .23, .24, .5, 0)
	p.arc(.17, .7, .11, .12, 0, .5)
	p.close()
}

func umbrellaMarks(p *path) {
	for _, s := range [...]float32{-1, 1} {
		p.to(0, -.84)
		p.quad(s*.3, -.5, s*.32, -.05)
		p.poly(s*.36, -.05)
		p.quad(s*.36, -.5, s*.04, -.84)
		p.close()
	}
}

func leaningUmbrella(p *path, v vary) {
	umbrella(p, v)
	turn(p, 0, .15)
}

func leaningUmbrellaMarks(p *path) {
	from := len(p.pts)
	umbrellaMarks(p)
	turn(p, from, .15)
}

func house(p *path, v vary) {
	e := .06 * v[0]
	p.poly(0, -.92, .45, -.5-e, .45, -.82, .66, -.82, .66, -.3-e, 1, .06, .72, .06, .72, .86, -.72, .86, -.72, .06, -1, .06)
	p.close()
}

func houseMarks(p *path) {
	p.poly(-.18, .86, -.18, .3, .18, .3, .18, .86)
	p.close()
}

func cottage(p *path, v vary) {
	e := .06 * v[0]
	p.poly(-.62, -.75, .62, -.75, 1, -.05+e, .8, -.05+e, .8, .75, -.8, .75, -.8, -.05+e, -1, -.05+e)
	p.close()
	p.poly(-.5, -1, -.25, -1, -.25, -.7, -.5, -.7)
	p.close()
}

func cottageMarks(p *path) {
	p.poly(-.5, .1, -.14, .1, -.14, .44, -.5, .44)
	p.close()
	p.poly(.16, .75, .16, .12, .5, .12, .5, .75)
	p.close()
}

func boat(p *path, v vary) {
	k := .1 * v[0]
	p.to(-1, .42)
	p.poly(1, .42)
	p.cube(.9, .75, .7, .9, .5, .9)
	p.poly(-.5, .9)
	p.cube(-.7, .9, -.9, .75, -1, .42)
	p.close()
	p.to(-.04, -.95)
	p.quad(.75+k, -.4, .82, .28)
	p.poly(-.04, .28)
	p.close()
	p.to(-.16, -.6)
	p.quad(-.62, -.2, -.72-k, .28)
	p.poly(-.16, .28)
	p.close()
}

func dinghy(p *path, v vary) {
	k := .1 * v[0]
	p.to(-.95, .5)
	p.quad(-.7, .62, 0, .6)
	p.quad(.7, .58, 1, .38)
	p.quad(.8, .95, .3, .95)
	p.poly(-.5, .95)
	p.quad(-.8, .9, -.95, .5)
	p.close()
	p.poly(.1, -1, .2, -1, .2, .6, .1, .6)
	p.close()
	p.to(.02, -.95)
	p.quad(-.3+k, -.2, -.85, .4)
	p.quad(-.4, .46, .02, .44)
	p.close()
	p.poly(.15, -1, .62, -.84, .15, -.68)
	p.close()
}

func bell(p *path, v vary) {
	k := .06 * v[0]
	p.oval(0, -.84, .15, .15)
	p.to(0, -.8)
	p.cube(.6+k, -.8, .58, -.2, .66, .2)
	p.quad(.74, .45, .95, .56)
	p.poly(.95, .7, -.95, .7, -.95, .56)
	p.quad(-.74, .45, -.66, .2)
	p.cube(-.58, -.2, -.6-k, -.8, 0, -.8)
	p.close()
	p.oval(0, .76, .2, .2)
}

func bellMarks(p *path) {
	p.poly(-.7, .34, .7, .34, .73, .42, -.73, .42)
	p.close()
}

func handBell(p *path, v vary) {
	k := .06 * v[0]
	p.to(-.13, -.3)
	p.poly(-.11, -.9)
	p.quad(0, -1.08, .11, -.9)
	p.poly(.13, -.3)
	p.cube(.5+k, -.2, .5, .25, .85, .66)
	p.quad(0, .86, -.85, .66)
	p.cube(-.5, .25, -.5-k, -.2, -.13, -.3)
	p.close()
	p.oval(.1, .8, .17, .17)
}

func handBellMarks(p *path) {
	p.to(-.66, .48)
	p.quad(0, .62, .66, .48)
	p.poly(.7, .54)
	p.quad(0, .7, -.7, .54)
	p.close()
}

func key(p *path, v vary) {
	h := .4 + .04*v[0]
	// A ring: there and back, so that its middle stays open.
	p.arc(-.55, 0, .45, h, 0, 1)
	p.arc(-.55, 0, .2, .19, 1, 0)
	p.close()
	p.poly(-.14, -.11, 1, -.11, 1, .42, .8, .42, .8, .11, .62, .11, .62, .34, .42, .34, .42, .11, -.14, .11)
	p.close()
}

func oldKey(p *path, v vary) {
	h := .36 + .03*v[0]
	for i := range 3 {
		a := 2*math.Pi*float32(i)/3 + math.Pi
		x, y := -.6+.24*cos(a), .24*sin(a)
		p.arc(x, y, h*.72, h*.72, 0, 1)
		p.arc(x, y, h*.3, h*.3, 1, 0)
		p.close()
	}
	p.poly(-.3, -.1, 1, -.1, 1, .1, .92, .1, .92, .5, .7, .5, .7, .3, .58, .3, .58, .5, .4, .5, .4, .1, -.3, .1)
	p.close()
	turn(p, 0, -.09)
}

func fan(p *path, v vary) {
	in := .3 + .03*v[0]
	p.arc(0, .62, 1.08, 1.3, .565, .935)
	p.arc(0, .62, in, in*1.2, .935, .565)
	p.close()
	p.oval(0, .56, .14, .17)
}

func fanMarks(p *path) {
	for i := range 5 {
		a := float64(.615+.0675*float32(i)) * 2 * math.Pi
		c, s := float32(math.Cos(a)), float32(math.Sin(a))
		p.poly(.34*c-.02, .62+.4*s, .34*c+.02, .62+.4*s, 1.02*c+.03, .62+1.22*s, 1.02*c-.03, .62+1.22*s)
		p.close()
	}
}

func sideFan(p *path, v vary) {
	fan(p, v)
	turn(p, 0, .17)
}

func sideFanMarks(p *path) {
	from := len(p.pts)
	fanMarks(p)
	turn(p, from, .17)
}
