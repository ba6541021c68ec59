package front

import (
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/genkan/genkan/e2e/browser"
	"github.com/genkan/genkan/internal/platform/i18n"
)

// TestPuzzleWork: the browser's function is the server's, by its vectors.
func TestPuzzleWork(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../../domain/puzzle/testdata/mix.json")
	if err != nil {
		t.Fatal(err)
	}
	s := openShowroom(t)
	p := browser.Open(t, browser.Options{})
	p.Go(s.page(PageSignIn, "fresh", i18n.English))
	var wrong []any
	p.Eval(`import(document.getElementById("puzzle").dataset.work).then(({mix}) => `+string(raw)+`.filter(v => {
		const salt = new Uint32Array(Uint8Array.from(v.salt.match(/../g), h => parseInt(h, 16)).buffer);
		return mix(salt, v.lane, v.n) !== v.mix;
	}))`, &wrong)
	if len(wrong) > 0 || len(raw) < 1000 {
		t.Errorf("other values for %v", wrong)
	}
}

// TestPuzzleWeight: all of the check's script, as it is sent, without compression.
func TestPuzzleWeight(t *testing.T) {
	t.Parallel()
	_, assets := openGallery(t)
	for coding, limit := range map[string]int{"identity": 12_000, "gzip": 6_000} {
		all := 0
		for _, name := range []string{"puzzle.js", "work.js"} {
			path, err := assets.Path(name)
			if err != nil {
				t.Fatal(err)
			}
			w, r := httptest.NewRecorder(), httptest.NewRequest("GET", path, nil)
			r.Header.Set("Accept-Encoding", coding)
			assets.ServeHTTP(w, r)
			all += w.Body.Len()
		}
		t.Logf("%s: %d bytes", coding, all)
		if all > limit {
			t.Errorf("%s: %d bytes of script, at most %d", coding, all, limit)
		}
	}
}

// TestPuzzleNamesAreNotBlocked: no file, path or class of the check has a name
// that the common block lists hit.
func TestPuzzleNamesAreNotBlocked(t *testing.T) {
	t.Parallel()
	g, _ := openGallery(t)
	w := httptest.NewRecorder()
	if err := g.Show(w, i18n.English, PageSignIn, "fresh"); err != nil {
		t.Fatal(err)
	}
	page := w.Body.String()
	from := strings.Index(page, "<form")
	for _, word := range []string{"captcha", "/ads", "advert", "track", "banner", "analytic", "beacon", "pixel", "sponsor", "popup", "overlay"} {
		if strings.Contains(strings.ToLower(page[from:]), word) {
			t.Errorf("the page says %q", word)
		}
	}
}
