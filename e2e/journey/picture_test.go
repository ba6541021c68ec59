package journey

import (
	"bytes"
	"cmp"
	"context"
	"image"
	"image/color"
	"image/png"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/genkan/genkan/e2e/browser"
	"github.com/genkan/genkan/internal/domain/delivery/letter"
)

// pictures are what the documents show: page and state of the gallery, or a kind
// of mail, and who looks at it. Names are stable: others link to them.
var pictures = []struct{ file, page string }{
	{"signin.ja.phone.light", "signin/fresh"}, {"signin.ja.phone.dark", "signin/fresh"},
	{"signin.en.phone.light", "signin/fresh"}, {"signin.en.phone.dark", "signin/fresh"},
	{"signin.ja.desktop.light", "signin/fresh"}, {"signin.ja.desktop.dark", "signin/fresh"},
	{"signin.en.desktop.light", "signin/fresh"}, {"signin.en.desktop.dark", "signin/fresh"},
	{"signin_failed.ja.phone.light", "signin/failed-twice"}, {"signin_remembered.en.phone.dark", "signin/remembered"},
	{"register.ja.phone.light", "register/fresh"}, {"register_wait.ja.phone.light", "register_wait/fresh"},
	{"recover_code.en.phone.light", "recover_code/fresh"}, {"account.ja.desktop.light", "account/plain"},
	{"account_address.ja.phone.light", "account_address/fresh"}, {"frozen.ja.phone.light", "frozen/by-owner"},
	{"puzzle.ja.phone.light", "signin/fresh"}, {"puzzle.en.phone.dark", "signin/fresh"}, {"puzzle.en.desktop.light", "signin/fresh"},
	{"signin_siege.ja.phone.light", "signin/siege"},
	{"mail.ja.phone.light", "mail"}, {"mail.en.desktop.light", "mail"},
}

// maxPicture keeps the repository light.
const maxPicture = 120_000

// TestPictures takes the documents' pictures again: make pictures.
func TestPictures(t *testing.T) {
	dir := os.Getenv("GENKAN_SHOTS")
	if dir == "" {
		t.Skip("pictures are taken by make pictures")
	}
	g := openGallery(t)
	post := httptest.NewServer(http.HandlerFunc(showMail))
	t.Cleanup(post.Close)
	for _, pic := range pictures {
		parts := bytes.Split([]byte(pic.file), []byte("."))
		lang := string(parts[1])
		p := browser.Open(t, browser.Options{Lang: lang, Phone: string(parts[2]) == "phone", Dark: string(parts[3]) == "dark"})
		if pic.page == "mail" {
			p.Go(post.URL + "/" + lang)
		} else {
			p.Go(g.URL + "/dev/gallery/" + pic.page + "/" + lang)
		}
		shades := 64
		if string(parts[0]) == "puzzle" { // a real one, drawn anew each time
			shades = 144
			p.Type("#email", "taro@example.jp")
			p.Type("#password", oldPassword)
			p.Press("button.go")
			p.Until("a picture", `document.querySelector("#puzzle[open]")?.dataset.state === "ready"`)
		}
		var shot []byte
		// What has the focus at the start shows its ring on no picture.
		p.Eval("document.activeElement?.blur()", nil)
		if err := chromedp.Run(p.Context(), chromedp.ActionFunc(func(ctx context.Context) (err error) {
			return chromedp.FullScreenshot(&shot, 100).Do(ctx)
		})); err != nil {
			t.Fatal(err)
		}
		small, err := lighten(shot, shades)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %d bytes of %d", pic.file, len(small), len(shot))
		if len(small) > maxPicture {
			t.Errorf("%s has %d bytes, at most %d", pic.file, len(small), maxPicture)
		}
		if err := os.WriteFile(filepath.Join(dir, pic.file+".png"), small, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// showMail shows the HTML of a code's mail in the language of the path.
func showMail(w http.ResponseWriter, r *http.Request) {
	at := time.Date(2026, 11, 22, 5, 5, 0, 0, time.UTC)
	origin := "https://accounts.example.jp"
	service := map[string]string{"ja": "みほん取引所", "en": "Sample Exchange"}
	lang := r.URL.Path[1:]
	_, _, html, err := letter.Render(letter.RegistrationCode, lang, letter.Data{Service: service[lang], Origin: origin,
		SupportURL: "https://support.example.jp/", Code: "482915", Link: origin + "/l/r7k3m9q2w5x8", Expires: at.Add(30 * time.Minute), At: at, Ordinal: 1})
	if err != nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write([]byte(html))
}

// lighten writes a picture of a page with a palette: pages have few colours.
func lighten(raw []byte, shades int) ([]byte, error) {
	full, err := png.Decode(bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	count := map[color.RGBA]int{}
	b := full.Bounds()
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			count[coarse(full.At(x, y))]++
		}
	}
	often := slices.SortedFunc(maps.Keys(count), func(a, c color.RGBA) int {
		return cmp.Or(count[c]-count[a], int(a.R)-int(c.R), int(a.G)-int(c.G), int(a.B)-int(c.B))
	})
	palette := color.Palette{}
	for _, c := range often[:min(len(often), shades)] {
		palette = append(palette, c)
	}
	flat, near := image.NewPaletted(b, palette), map[color.RGBA]uint8{}
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			c := coarse(full.At(x, y))
			i, ok := near[c]
			if !ok {
				i = uint8(palette.Index(c))
				near[c] = i
			}
			flat.SetColorIndex(x, y, i)
		}
	}
	var out bytes.Buffer
	enc := png.Encoder{CompressionLevel: png.BestCompression}
	err = enc.Encode(&out, flat)
	return out.Bytes(), err
}

// coarse drops what the eye does not see of the grey at the edges of letters.
func coarse(c color.Color) color.RGBA {
	r, g, b, _ := c.RGBA()
	step := func(v uint32) uint8 { return uint8(v>>8) | 1 }
	return color.RGBA{step(r), step(g), step(b), 255}
}
