package journey

import (
	"context"
	"io/fs"
	"net/http"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/genkan/genkan/e2e/browser"
	"github.com/genkan/genkan/e2e/house"
	"github.com/genkan/genkan/internal/domain/puzzle"
	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/platform/i18n"
	"github.com/genkan/genkan/internal/surface/front"
	"github.com/genkan/genkan/internal/surface/web"
	"github.com/genkan/genkan/internal/testkit"
)

// gallery hangs every page in every state into a real house, behind its real
// guard and policy.
type gallery struct {
	*house.House
	*front.Gallery
}

func openGallery(t *testing.T) gallery {
	t.Helper()
	if testing.Short() {
		t.Skip("-short starts no browser")
	}
	h := house.Open(t, testkit.SQLite(t, db.MigrateURL), house.Options{Human: "adaptive"})
	assets, err := web.NewStatic(front.StaticFiles(), false)
	if err != nil {
		t.Fatal(err)
	}
	render, err := web.NewRenderer(web.RendererConfig{Pages: []fs.FS{front.Pages(), front.DevPages()}, Assets: assets, Catalog: h.Catalog})
	if err != nil {
		t.Fatal(err)
	}
	g := gallery{h, front.NewGallery(render)}
	h.Doors.Mux.Handle("GET /dev/gallery/", g.Handler())
	h.Doors.Mux.HandleFunc("GET /puzzle/sample.jpg", func(w http.ResponseWriter, _ *http.Request) {
		body, err := puzzle.StillSample()
		if err != nil {
			t.Error(err)
		}
		w.Header().Set("Content-Type", "image/jpeg")
		_, _ = w.Write(body)
	})
	return g
}

func (g gallery) page(page, state, lang string) string {
	return g.URL + "/dev/gallery/" + page + "/" + state + "/" + lang
}

// each calls f for every page and state, but for the caught mail, which shows
// what others wrote.
func (g gallery) each(f func(first bool, page, state string)) {
	for _, row := range g.Rows() {
		if row.Page == front.PageDevMailbox {
			continue
		}
		for i, state := range row.States {
			f(i == 0, row.Page, state)
		}
	}
}

// TestNoBarriers: axe finds nothing against WCAG 2.2 A and AA on any page, and
// nothing is wider than the screen. The pages' own test checks every state in
// Japanese by day; here each page is checked in English and by night, and in the
// long form every state in both languages and schemes.
func TestNoBarriers(t *testing.T) {
	t.Parallel()
	g := openGallery(t)
	kinds := []browser.Options{{Lang: "ja", Dark: true}, {Lang: "en", Phone: true}}
	if long() {
		kinds = append(kinds, browser.Options{Lang: "ja", Phone: true}, browser.Options{Lang: "en", Dark: true})
	}
	for _, look := range kinds {
		t.Run(name(look), func(t *testing.T) {
			t.Parallel()
			p := browser.Open(t, look)
			g.each(func(first bool, page, state string) {
				if !first && !long() {
					return
				}
				if status := p.Go(g.page(page, state, look.Lang)); status != http.StatusOK {
					t.Errorf("%s/%s: %d", page, state, status)
				}
				p.Axe()
				fits(t, p, page+"/"+state)
			})
		})
	}
}

// fits fails the test when the page can be scrolled sideways.
func fits(t *testing.T, p *browser.Page, what string) {
	t.Helper()
	var wide string
	p.Eval(`document.documentElement.scrollWidth <= innerWidth ? "" : [...document.querySelectorAll("main *, .top *, .foot *")]
		.filter(e => e.getBoundingClientRect().right > innerWidth + 1).map(e => e.outerHTML.slice(0, 80)).slice(0, 3).join("; ") || "the page"`, &wide)
	if wide != "" {
		t.Errorf("%s is wider than its window: %s", what, wide)
	}
}

// TestMagnified: a window of 1280 points at 400 % is 320 wide (WCAG 1.4.10), and
// with letters and lines wider apart (1.4.12) nothing is cut or lies sideways.
func TestMagnified(t *testing.T) {
	t.Parallel()
	g := openGallery(t)
	for _, lang := range i18n.Langs() {
		t.Run(lang, func(t *testing.T) {
			t.Parallel()
			p := browser.Open(t, browser.Options{Lang: lang})
			err := chromedp.Run(p.Context(), chromedp.ActionFunc(func(ctx context.Context) error {
				return emulation.SetDeviceMetricsOverride(320, 256, 4, false).Do(ctx)
			}))
			if err != nil {
				t.Fatal(err)
			}
			g.each(func(first bool, page, state string) {
				if !first && !long() {
					return
				}
				p.Go(g.page(page, state, lang))
				fits(t, p, page+"/"+state)
				p.Eval(`{const s = new CSSStyleSheet();
					s.replaceSync("* { letter-spacing: .12em !important; word-spacing: .16em !important; line-height: 1.5 !important } p { margin-bottom: 2em !important }");
					document.adoptedStyleSheets = [s]; 0}`, nil)
				fits(t, p, page+"/"+state+" spaced")
				var cut string
				p.Eval(`[...document.querySelectorAll("button, .button, h1, label, p, summary")].filter(e => e.clientWidth && !e.matches(".sr") &&
					(e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).overflowX !== "visible")).map(e => e.outerHTML.slice(0, 80)).join("; ")`, &cut)
				if cut != "" {
					t.Errorf("%s/%s cuts %s", page, state, cut)
				}
			})
		})
	}
}

// TestDarkIsDark: the scheme that the person chose is the one that is shown.
func TestDarkIsDark(t *testing.T) {
	t.Parallel()
	g := openGallery(t)
	for _, dark := range []bool{false, true} {
		p := browser.Open(t, browser.Options{Dark: dark})
		for _, page := range []string{"signin/fresh", "account/plain", "help/plain"} {
			p.Go(g.URL + "/dev/gallery/" + page + "/ja")
			var light float64
			p.Eval(`(() => {
				const of = e => getComputedStyle(e).backgroundColor.match(/\d+/g).slice(0, 3).reduce((a, b) => a + Number(b), 0) / 765;
				const all = [document.body, document.querySelector(".door"), document.querySelector("main input") ?? document.body].map(of);
				return `+map[bool]string{true: "Math.max(...all)", false: "Math.min(...all)"}[dark]+`;
			})()`, &light)
			if dark && light > 0.25 || !dark && light < 0.75 {
				t.Errorf("%s, dark %t: a ground of %.2f", page, dark, light)
			}
		}
	}
}
