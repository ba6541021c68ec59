package picture

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"math/rand/v2"
	"sync"
)

// studio is what one drawing needs, kept between drawings to spare memory. It
// carries nothing from one to the next that can be seen.
type studio struct {
	rng   rand.ChaCha8
	back  *image.RGBA
	file  *image.YCbCr // the same, as JPEG has it
	piece *image.Paletted
	m, m2 mask
	p     path
	c     cut
	figs  [3]cut
	lit   []float32
	pat   pattern
	out   bytes.Buffer
	enc   png.Encoder
	spare *png.EncoderBuffer
	ridge [layers][Width]float32
}

// Get and Put lend the PNG encoder its memory.
func (s *studio) Get() *png.EncoderBuffer  { return s.spare }
func (s *studio) Put(b *png.EncoderBuffer) { s.spare = b }

// studios lends studios out; only memory is shared.
var studios = sync.Pool{New: func() any {
	s := &studio{
		back:  image.NewRGBA(image.Rect(0, 0, Width, Height)),
		file:  image.NewYCbCr(image.Rect(0, 0, Width, Height), image.YCbCrSubsampleRatio420),
		piece: image.NewPaletted(image.Rect(0, 0, 1, 1), make(color.Palette, 0, 256)),
	}
	s.enc = png.Encoder{CompressionLevel: png.BestSpeed, BufferPool: s}
	return s
}}

// below gives a whole number from 0 to n-1; between a number from a to b.
func (s *studio) below(n int) int { return int(s.rng.Uint64() % uint64(n)) }

func (s *studio) between(a, b float32) float32 {
	return a + (b-a)*float32(s.rng.Uint64()>>40)/(1<<24)
}

func (s *studio) chance(percent int) bool { return s.below(100) < percent }

func (s *studio) vary() vary {
	return vary{s.between(-1, 1), s.between(-1, 1)}
}

// blend lays colour c over the pixel that starts at i, a of 256 thick.
func blend(pix []uint8, i int, c rgb, a int) {
	p := pix[i : i+3 : i+3]
	p[0] += uint8((int(c.r) - int(p[0])) * a >> 8)
	p[1] += uint8((int(c.g) - int(p[1])) * a >> 8)
	p[2] += uint8((int(c.b) - int(p[2])) * a >> 8)
}

// stamp lays a mask in one colour over the picture, its corner at x, y.
func (s *studio) stamp(m *mask, x, y int, c rgb, a int) {
	for j := range m.h {
		if y+j < 0 || y+j >= Height {
			continue
		}
		row := s.back.Pix[(y+j)*s.back.Stride:]
		for i, v := range m.cov[j*m.w : j*m.w+m.w] {
			if v != 0 && x+i >= 0 && x+i < Width {
				blend(row, (x+i)*4, c, int(v)*a/255)
			}
		}
	}
}

// convert fills s.file from s.back: lightness for each pixel, colour for each four,
// by the formulas of JFIF.
func (s *studio) convert() {
	f := s.file
	for y := 0; y < Height; y += 2 {
		up, down := s.back.Pix[y*s.back.Stride:][:4*Width], s.back.Pix[(y+1)*s.back.Stride:][:4*Width]
		for x := 0; x < Width; x += 2 {
			var r, g, b int32
			for k, row := range [2][]uint8{up, down} {
				p := row[x*4 : x*4+8 : x*4+8]
				r0, g0, b0 := int32(p[0]), int32(p[1]), int32(p[2])
				r1, g1, b1 := int32(p[4]), int32(p[5]), int32(p[6])
				i := (y+k)*f.YStride + x
				f.Y[i] = uint8((19595*r0 + 38470*g0 + 7471*b0 + 1<<15) >> 16)
				f.Y[i+1] = uint8((19595*r1 + 38470*g1 + 7471*b1 + 1<<15) >> 16)
				r, g, b = r+r0+r1, g+g0+g1, b+b0+b1
			}
			i := y/2*f.CStride + x/2
			f.Cb[i] = uint8((-11056*r - 21712*g + 32768*b + 512<<16) >> 18)
			f.Cr[i] = uint8((32768*r - 27440*g - 5328*b + 512<<16) >> 18)
		}
	}
}
