package picture

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"testing"
)

// TestSamples draws the pictures of docs/puzzle.md, each with its card where it
// starts, when GENKAN_SHOTS names their folder.
func TestSamples(t *testing.T) {
	dir := os.Getenv("GENKAN_SHOTS")
	if dir == "" {
		t.Skip("GENKAN_SHOTS is not set")
	}
	for i, k := range []int{0, 22, 13, 21, 25, 27, 4, 2, 7} {
		var out bytes.Buffer
		if err := jpeg.Encode(&out, together(t, Draw(seed(k), Options{})), &jpeg.Options{Quality: 85}); err != nil {
			t.Fatal(err)
		}
		name := filepath.Join(dir, "puzzle", fmt.Sprintf("%d.jpg", i+1))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, out.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// together lays the card over the picture.
func together(t *testing.T, s Scene) image.Image {
	t.Helper()
	back, err := jpeg.Decode(bytes.NewReader(s.Back))
	if err != nil {
		t.Fatal(err)
	}
	card, err := png.Decode(bytes.NewReader(s.Piece))
	if err != nil {
		t.Fatal(err)
	}
	half := image.NewRGBA(image.Rect(0, 0, s.PieceW, s.PieceH))
	for y := range s.PieceH {
		for x := range s.PieceW {
			var sum [4]uint32
			for k := range 4 {
				r, g, b, a := card.At(2*x+k%2, 2*y+k/2).RGBA()
				sum[0], sum[1], sum[2], sum[3] = sum[0]+r, sum[1]+g, sum[2]+b, sum[3]+a
			}
			half.Set(x, y, color.RGBA64{uint16(sum[0] / 4), uint16(sum[1] / 4), uint16(sum[2] / 4), uint16(sum[3] / 4)})
		}
	}
	m := image.NewRGBA(back.Bounds())
	draw.Draw(m, m.Rect, back, image.Point{}, draw.Src)
	draw.Draw(m, half.Rect.Add(image.Pt(s.Start, s.PieceY)), half, image.Point{}, draw.Over)
	return m
}
