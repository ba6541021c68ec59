package picture

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"image/png"
	"os"
	"strconv"
	"testing"
)

func seedOf(i int) (s [32]byte) {
	s[0], s[1], s[2] = byte(i), byte(i>>8), byte(i>>16)
	s[31] = 7
	return s
}

func TestLook(t *testing.T) {
	dir := os.Getenv("LOOK")
	if dir == "" {
		t.Skip()
	}
	from, _ := strconv.Atoi(os.Getenv("FROM"))
	const cols, rows = 3, 5
	sheet := image.NewRGBA(image.Rect(0, 0, cols*330+10, rows*202+10))
	draw.Draw(sheet, sheet.Rect, image.NewUniform(color.White), image.Point{}, draw.Src)
	for i := range cols * rows {
		s := Draw(seedOf(from+i), Options{})
		b, err := jpeg.Decode(bytes.NewReader(s.Back))
		if err != nil {
			t.Fatal(err)
		}
		pc, err := png.Decode(bytes.NewReader(s.Piece))
		if err != nil {
			t.Fatal(err)
		}
		o := image.Pt(10+i%cols*330, 10+i/cols*202)
		draw.Draw(sheet, b.Bounds().Add(o), b, image.Point{}, draw.Src)
		x := s.Start
		for y := range s.PieceH {
			for xx := range s.PieceW {
				var r, g, bb, a uint32
				for k := range 4 {
					r1, g1, b1, a1 := pc.At(xx*2+k%2, y*2+k/2).RGBA()
					r, g, bb, a = r+r1/4, g+g1/4, bb+b1/4, a+a1/4
				}
				px := o.Add(image.Pt(x+xx, s.PieceY+y))
				br, bg, bbb, _ := sheet.At(px.X, px.Y).RGBA()
				m := func(f, b uint32) uint8 { return uint8((f + b*(65535-a)/65535) >> 8) }
				sheet.Set(px.X, px.Y, color.RGBA{m(r, br), m(g, bg), m(bb, bbb), 255})
			}
		}
	}
	f, _ := os.Create(dir)
	defer f.Close()
	png.Encode(f, sheet)
}

func BenchmarkDraw(b *testing.B) {
	b.ReportAllocs()
	n, back, piece := 0, 0, 0
	for b.Loop() {
		s := Draw(seedOf(n), Options{})
		n++
		back += len(s.Back)
		piece += len(s.Piece)
	}
	b.ReportMetric(float64(back)/float64(n), "back-B")
	b.ReportMetric(float64(piece)/float64(n), "piece-B")
}
