package picture

// figure is something people name at once, drawn in more than one way: a card never
// shows the very drawing that its hollow has, so what they share is the name.
type figure struct {
	name string
	kin  int // figures of the same kin are taken for one another and never meet
	ways []way
}

// way is one drawing. Both parts are drawn around the middle, about 1 in each
// direction, and then made to fill a card's width.
type way struct {
	outline func(p *path, v vary)
	marks   func(p *path) // what is cut out of it: eyes, veins; may be nil
}

// vary are small differences from one drawing to the next, -1 to 1.
type vary [2]float32

// names of kin.
const (
	alone = iota
	faces
	petals
	roofs
	wings
	hulls
)

func figures() []figure {
	return []figure{
		{"leaf", petals, []way{{leaf, leafMarks}, {maple, nil}}},
		{"fish", alone, []way{{fish, fishMarks}, {plumpFish, plumpFishMarks}}},
		{"star", petals, []way{{star, nil}, {twoStars, nil}}},
		{"cup", alone, []way{{cup, nil}, {mug, mugMarks}}},
		{"moon", alone, []way{{moon, nil}, {bowlMoon, nil}}},
		{"umbrella", roofs, []way{{umbrella, umbrellaMarks}, {leaningUmbrella, leaningUmbrellaMarks}}},
		{"cat", faces, []way{{cat, catMarks}, {sittingCat, sittingCatMarks}}},
		{"flower", petals, []way{{flower, flowerMarks}, {tulip, tulipMarks}}},
		{"bird", wings, []way{{bird, birdMarks}, {swallow, swallowMarks}}},
		{"house", alone, []way{{house, houseMarks}, {cottage, cottageMarks}}},
		{"butterfly", wings, []way{{butterfly, nil}, {swallowtail, nil}}},
		{"boat", hulls, []way{{boat, nil}, {dinghy, nil}}},
		{"bell", alone, []way{{bell, bellMarks}, {handBell, handBellMarks}}},
		{"mushroom", roofs, []way{{mushroom, mushroomMarks}, {tallMushroom, tallMushroomMarks}}},
		{"tree", petals, []way{{pine, nil}, {roundTree, nil}}},
		{"key", alone, []way{{key, nil}, {oldKey, nil}}},
		{"rabbit", faces, []way{{rabbit, rabbitMarks}, {rabbitFace, rabbitFaceMarks}}},
		{"fan", hulls, []way{{fan, fanMarks}, {sideFan, sideFanMarks}}},
	}
}
