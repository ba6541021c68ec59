package picture

// rgb is a colour.
type rgb struct{ r, g, b uint8 }

func hex(v uint32) rgb { return rgb{uint8(v >> 16), uint8(v >> 8), uint8(v)} }

// mix gives t/256 of b and the rest of a.
func mix(a, b rgb, t int) rgb {
	m := func(x, y uint8) uint8 { return uint8(int(x) + (int(y)-int(x))*t>>8) }
	return rgb{m(a.r, b.r), m(a.g, b.g), m(a.b, b.b)}
}

// palette is the light of one hour of one season.
type palette struct {
	high, low rgb // sky
	disc      rgb // sun or moon
	far, near rgb // the land's layers go from one to the other
	card, pat rgb // the card's ground and its pattern
	figure    rgb // on the card
}

func season(i int) palette {
	p := [...][8]uint32{
		{0xe9c3c6, 0xfaeadf, 0xf08f86, 0xdcb4bb, 0x6d8f80, 0xfdf5ec, 0xf3d9d3, 0xb5486a}, // spring morning
		{0xbfdde8, 0xf2f6ea, 0xf6cf79, 0x93bfd0, 0x27678c, 0xf5f8f3, 0xd3e5ea, 0x1f4e8c}, // summer sea
		{0xf2cf9b, 0xfcefd9, 0xde6a52, 0xdca878, 0x8a4a35, 0xfdf4e3, 0xf3dcb8, 0xa62b15}, // autumn leaves
		{0xcfdbe6, 0xf4f3ef, 0xf1cfa8, 0xb4c4d4, 0x566e8a, 0xf6f7f8, 0xd9e2ea, 0x34506f}, // winter noon
		{0x8088b8, 0xf3bda6, 0xffdf9e, 0xa394b8, 0x52538a, 0xfbefe6, 0xeccfc4, 0x5b3f7d}, // evening
		{0x34497a, 0x7c94be, 0xf6e7c4, 0x6a84ae, 0x33486f, 0xeef1f6, 0xcbd6e6, 0x22355c}, // night
		{0xdfe6c4, 0xf8f4e0, 0xe9a94a, 0xb3c596, 0x4d7150, 0xf9f8ea, 0xdde6c6, 0x3c6246}, // tea fields
		{0xbfccc9, 0xe9ece5, 0xf3dcae, 0x9fb6b0, 0x4b6f6c, 0xf3f6f2, 0xd2dfda, 0x2f5d5f}, // rain
		{0xd8c4dd, 0xf8eef0, 0xf2b8a0, 0xb9a3c6, 0x685085, 0xf9f2f7, 0xe2d3e6, 0x6a3d85}, // wisteria
		{0xf0c9a6, 0xf9efe0, 0xd9573f, 0xc9b08e, 0x5d6a4e, 0xfcf6ea, 0xecdcc2, 0xc05a25}, // persimmons
	}
	c := p[i%len(p)]
	return palette{hex(c[0]), hex(c[1]), hex(c[2]), hex(c[3]), hex(c[4]), hex(c[5]), hex(c[6]), hex(c[7])}
}

const seasons = 10
