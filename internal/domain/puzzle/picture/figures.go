package picture

import "math"

// figure is something people name at once. Outline and marks are drawn around
// the middle, about 1 in each direction, and then made to fill a tile's width.
type figure struct {
	name  string
	kin   int // figures of the same kin are taken for one another and never meet
	draw  func(p *path, v vary)
	marks func(p *path) // what is cut out of the card's figure: eyes, veins; may be nil
}

// vary are small differences from one drawing of a figure to the next, -1 to 1.
type vary [3]float32

// names of kin.
const (
	alone = iota
	faces
	petals
	rounds
	roofs
	wings
	hulls
)

func figures() []figure {
	return []figure{
		{"leaf", alone, leaf, leafMarks},
		{"fish", alone, fish, fishMarks},
		{"star", petals, star, nil},
		{"cup", alone, cup, nil},
		{"moon", alone, moon, nil},
		{"umbrella", roofs, umbrella, umbrellaMarks},
		{"cat", faces, cat, catMarks},
		{"heart", rounds, heart, nil},
		{"flower", petals, flower, flowerMarks},
		{"bird", wings, bird, birdMarks},
		{"house", alone, house, houseMarks},
		{"butterfly", wings, butterfly, nil},
		{"boat", hulls, boat, nil},
		{"bell", alone, bell, bellMarks},
		{"mushroom", roofs, mushroom, mushroomMarks},
		{"apple", rounds, apple, nil},
		{"key", alone, key, nil},
		{"rabbit", faces, rabbit, rabbitMarks},
		{"fan", hulls, fan, fanMarks},
	}
}

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

// turn rotates the points from index i on, in parts of a full turn.
func turn(p *path, i int, by float32) {
	q := at(0, 0, 1, by*2*math.Pi)
	for ; i < len(p.pts); i++ {
		p.pts[i] = q.of(p.pts[i])
	}
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

func heart(p *path, v vary) {
	k := .06 * v[0]
	p.to(0, .92)
	p.cube(-.5, .45, -1, .15, -1, -.38)
	p.cube(-1, -1-k, -.25, -1-k, 0, -.46)
	p.cube(.25, -1-k, 1, -1-k, 1, -.38)
	p.cube(1, .15, .5, .45, 0, .92)
	p.close()
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
	p.oval(0, 0, .13, .13)
	for i := range 5 {
		from := p.start()
		p.poly(-.025, -.2, .025, -.2, .025, -.5, -.025, -.5)
		turn(p, from, float32(i)/5)
		p.close()
	}
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

func house(p *path, v vary) {
	e := .06 * v[0]
	p.poly(0, -.92, .45, -.5-e, .45, -.82, .66, -.82, .66, -.3-e, 1, .06, .72, .06, .72, .86, -.72, .86, -.72, .06, -1, .06)
	p.close()
}

func houseMarks(p *path) {
	p.poly(-.18, .86, -.18, .3, .18, .3, .18, .86)
	p.close()
}

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

func apple(p *path, v vary) {
	k := .05 * v[0]
	p.to(0, -.48)
	p.cube(.4, -.78, 1, -.6, .98, .02)
	p.cube(.96+k, .6, .5, 1.1, 0, .86)
	p.cube(-.5, 1.1, -.96-k, .6, -.98, .02)
	p.cube(-1, -.6, -.4, -.78, 0, -.48)
	p.close()
	p.to(.02, -.52)
	p.cube(.1, -1, .4, -1.05, .62, -1)
	p.cube(.56, -.72, .3, -.56, .02, -.52)
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
