package puzzle

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	_ "image/png" // the piece's form
	"time"

	"github.com/genkan/genkan/internal/domain/puzzle/picture"
	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/platform/limit"
)

// A page without script has one picture: the piece on top, the land below it, and
// the person clicks where the piece belongs. There is no work to ask for, so its
// price is age by our clock, and budgets that are narrower than the others'.
const (
	stillStrip = 72 // the part above the land
	// StillWidth and StillHeight are the picture's size, and the page's too: a
	// browser says where it was clicked in the page's measure.
	StillWidth  = picture.Width
	StillHeight = picture.Height + stillStrip

	// spotsMost is how often a session may pass by clicking in the window.
	spotsMost = 3
	// spotLeast is how old a picture must be: nobody reads, types and clicks faster.
	spotLeast = 3 * time.Second
	// spotSlack is how far from the middle a click may be.
	spotSlack = 20
)

// Pictures without work are drawn for a session and for a network at these rates,
// beyond which the other ways are left. Most clicks of machines miss, so that a
// network's passes are bounded well below Budget.Network.
var (
	stillSession = limit.Rate{Burst: 8, Every: time.Minute}
	stillNetwork = limit.Rate{Burst: 30, Every: 20 * time.Second}
)

// Still gives the challenge of a page without script. It writes nothing. The
// account is bound by the answer, since it is typed beside the picture.
func (d *Desk) Still(f For) string {
	f.Key, f.Known = nil, false
	s := d.fresh(f, d.DB.Now(), price{tries: 1})
	s.still = true
	return d.seal(s)
}

// StillPicture draws the picture of such a challenge, a JPEG of StillWidth by
// StillHeight. A reload gives the same one.
func (d *Desk) StillPicture(ctx context.Context, id string, f For) ([]byte, error) {
	s, err := d.open(id, f)
	if err != nil {
		return nil, err
	}
	if !s.still {
		return nil, errSpent()
	}
	fresh := false
	err = d.DB.TxLight(ctx, func(tx *db.Tx) (err error) {
		fresh, err = d.claimStill(ctx, tx, s, f)
		return err
	})
	if err != nil {
		return nil, err
	}
	scene, err := d.draw(ctx, s)
	if err != nil {
		return nil, err
	}
	if fresh {
		if err := d.show(ctx, s, scene); err != nil {
			return nil, err
		}
	}
	return whole(scene)
}

// StillSample gives a picture of no challenge, for the gallery of pages.
func StillSample() ([]byte, error) { return whole(picture.Draw([32]byte{9}, picture.Options{})) }

func (d *Desk) claimStill(ctx context.Context, tx *db.Tx, s sealed, f For) (bool, error) {
	// In one order for all, so that two never wait for each other.
	for _, b := range []struct {
		name string
		rate limit.Rate
	}{{"session " + hexOf(s.browser), stillSession}, {"network " + hexOf(d.network(f, tx.Time())), stillNetwork}} {
		wait, err := limit.Take(ctx, tx, "puzzle still "+b.name, b.rate)
		if err != nil {
			return false, err
		}
		if wait > 0 {
			return false, pause(wait)
		}
	}
	if err := d.room(ctx, tx, s); err != nil {
		return false, err
	}
	fresh, err := insertPuzzle(ctx, tx, d.rowOf(s, f))
	if err != nil || fresh {
		return fresh, err
	}
	// A reload while it can still be answered draws the same again.
	live, err := isShown(ctx, tx, s.uuid())
	if err == nil && !live {
		err = errSpent()
	}
	return false, err
}

// whole puts the piece above the land.
func whole(s picture.Scene) ([]byte, error) {
	back, err := jpeg.Decode(bytes.NewReader(s.Back))
	if err != nil {
		return nil, fmt.Errorf("read what was drawn: %w", err)
	}
	piece, _, err := image.Decode(bytes.NewReader(s.Piece))
	if err != nil {
		return nil, fmt.Errorf("read what was drawn: %w", err)
	}
	m := image.NewRGBA(image.Rect(0, 0, StillWidth, StillHeight))
	draw.Draw(m, m.Bounds(), image.NewUniform(color.RGBA{250, 249, 246, 255}), image.Point{}, draw.Src)
	draw.Draw(m, image.Rect(0, stillStrip, StillWidth, StillHeight), back, image.Point{}, draw.Src)
	halve(m, piece, (StillWidth-s.PieceW)/2, (stillStrip-s.PieceH)/2, s.PieceW, s.PieceH)
	var out bytes.Buffer
	if err := jpeg.Encode(&out, m, &jpeg.Options{Quality: 82}); err != nil {
		return nil, fmt.Errorf("write a still picture: %w", err)
	}
	return out.Bytes(), nil
}

// halve draws src, of twice w by h, at x, y. Four pixels become one.
func halve(m *image.RGBA, src image.Image, x, y, w, h int) {
	from := src.Bounds().Min
	for j := range h {
		for i := range w {
			var r, g, b, a uint32
			for k := range 4 {
				cr, cg, cb, ca := src.At(from.X+2*i+k&1, from.Y+2*j+k>>1).RGBA()
				r, g, b, a = r+cr, g+cg, b+cb, a+ca
			}
			under := m.RGBAAt(x+i, y+j)
			over := func(c uint32, u uint8) uint8 { return uint8((c/4 + uint32(u)*257*(65535-a/4)/65535) >> 8) }
			m.SetRGBA(x+i, y+j, color.RGBA{over(r, under.R), over(g, under.G), over(b, under.B), 255})
		}
	}
}
