package web

import (
	"io/fs"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/genkan/genkan/internal/platform/i18n"
)

func sampleRenderer(t *testing.T, reload bool) (*Renderer, fstest.MapFS) {
	t.Helper()
	pages := fstest.MapFS{
		"_layout.html": {Data: []byte("{{define \"layout\"}}<title>{{template \"title\" .}}</title>\n\t\t{{template \"main\" .}}{{end}}")},
		"error.html":   {Data: []byte(`{{define "title"}}!{{end}}{{define "main"}}{{.Text}}{{end}}`)},
		"words.html":   {Data: []byte(`{{define "title"}}{{t "field.password"}}{{end}}{{define "main"}}{{cause .Text "title" nil}} {{seconds 30}} {{addr "a@b.jp"}}{{end}}`)},
		"times.html":   {Data: []byte(`{{define "title"}}x{{end}}{{define "main"}}{{datetime .At}}{{clock .At}}{{date .At}}{{millis .At}}{{end}}`)},
		"switch.html":  {Data: []byte(`{{define "title"}}x{{end}}{{define "main"}}{{switchurl .Text "en"}}{{end}}`)},
		"broken.html":  {Data: []byte(`{{define "title"}}x{{end}}{{define "main"}}before {{.NoSuchField}}{{end}}`)},
		"asset.html":   {Data: []byte(`{{define "title"}}x{{end}}{{define "main"}}{{asset "no.css"}}{{end}}`)},
		"bad.html":     {Data: []byte(`{{define "title"}}{{end`)},
	}
	catalog, err := i18n.New(i18n.Options{})
	if err != nil {
		t.Fatal(err)
	}
	assets, _ := sampleStatic(t, false)
	r, err := NewRenderer(RendererConfig{Pages: []fs.FS{pages}, Assets: assets, Catalog: catalog, Reload: reload})
	if err != nil {
		t.Fatal(err)
	}
	return r, pages
}

type sampleData struct {
	Text string
	At   time.Time
}

func render(t *testing.T, r *Renderer, lang, page string, data any) string {
	t.Helper()
	w := httptest.NewRecorder()
	if err := r.Render(w, 200, lang, page, data); err != nil {
		t.Fatal(err)
	}
	return w.Body.String()
}

func TestRenderSpeaksTheLanguage(t *testing.T) {
	t.Parallel()
	r, _ := sampleRenderer(t, false)
	for lang, want := range map[string]string{
		"ja": "<title>パスワード</title>\nパスワードを入力してください。 30秒 a@<wbr>b.jp",
		"en": "<title>Password</title>\nType your password. 30 seconds a@<wbr>b.jp",
		"xx": "<title>パスワード</title>\nパスワードを入力してください。 30秒 a@<wbr>b.jp",
	} {
		if got := render(t, r, lang, "words", sampleData{Text: "pw.missing"}); got != want {
			t.Errorf("%s: %q, want %q", lang, got, want)
		}
	}
	if got := render(t, r, "en", "words", sampleData{Text: "no.such.cause"}); !strings.Contains(got, "on our side") {
		t.Errorf("a cause without words gives %q", got)
	}
}

func TestRenderTimes(t *testing.T) {
	t.Parallel()
	r, _ := sampleRenderer(t, false)
	at := time.Date(2026, 11, 22, 5, 5, 0, 0, time.UTC)
	want := `<time datetime="2026-11-22T05:05:00Z">22 Nov 2026, 14:05 JST</time>` +
		`<time datetime="2026-11-22T05:05:00Z">14:05 JST</time>` +
		`<time datetime="2026-11-22T05:05:00Z">22 Nov 2026</time>1795323900000`
	if got := render(t, r, "en", "times", sampleData{At: at}); !strings.HasSuffix(got, want) {
		t.Errorf("got %q", got)
	}
}

func TestRenderWritesNothingWhenItFails(t *testing.T) {
	t.Parallel()
	r, _ := sampleRenderer(t, false)
	for _, page := range []string{"broken", "asset", "bad", "no-such-page"} {
		w := httptest.NewRecorder()
		if err := r.Render(w, 200, "ja", page, sampleData{}); err == nil {
			t.Errorf("%s: no error", page)
		}
		if w.Body.Len() != 0 || len(w.Header()) != 0 {
			t.Errorf("%s: wrote %q, %v", page, w.Body, w.Header())
		}
	}
}

func TestRenderAnswers(t *testing.T) {
	t.Parallel()
	r, _ := sampleRenderer(t, false)
	w := httptest.NewRecorder()
	if err := r.Render(w, 404, "en", "error", sampleData{Text: "<b>"}); err != nil {
		t.Fatal(err)
	}
	if w.Code != 404 || w.Header().Get("Content-Language") != "en" || w.Header().Get("Content-Length") != "26" ||
		w.Header().Get("Content-Type") != "text/html; charset=utf-8" || !strings.HasSuffix(w.Body.String(), "&lt;b&gt;") {
		t.Errorf("%d %v %q", w.Code, w.Header(), w.Body)
	}
}

func TestRenderIsSafeForMany(t *testing.T) {
	t.Parallel()
	r, _ := sampleRenderer(t, false)
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			w := httptest.NewRecorder()
			if err := r.Render(w, 200, "ja", "words", sampleData{Text: "pw.missing"}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

func TestRenderReloads(t *testing.T) {
	t.Parallel()
	r, pages := sampleRenderer(t, true)
	pages["error.html"].Data = []byte(`{{define "title"}}new{{end}}{{define "main"}}{{end}}`)
	if got := render(t, r, "ja", "error", sampleData{}); !strings.Contains(got, "new") {
		t.Errorf("got %q", got)
	}
}

// TestSwitchStaysInTheHouse: the language switch is a link made of the request's
// path, so it must never lead elsewhere (WB3).
func TestSwitchStaysInTheHouse(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"/signin":                "/signin?lang=en",
		"/signin?lang=ja":        "/signin?lang=en",
		"/signin?other=1":        "/signin?lang=en&other=1",
		"/link?t=abc":            "/link?lang=en&t=abc",
		"":                       "/?lang=en",
		"signin":                 "/?lang=en",
		"//evil.example/x":       "/?lang=en",
		"https://evil.example/x": "/?lang=en",
		"/\\evil.example":        "/%5Cevil.example?lang=en",
		"/\t/evil.example":       "/?lang=en",
		"javascript:alert(1)":    "/?lang=en",
		"/%2F%2Fevil.example":    "/%2F%2Fevil.example?lang=en",
		"/.//evil.example":       "/.//evil.example?lang=en",
	} {
		if got := switchURL(path, "en"); got != want {
			t.Errorf("%q: %q, want %q", path, got, want)
		}
	}
}

func TestDictRefusesOddArguments(t *testing.T) {
	t.Parallel()
	if _, err := dict("a"); err == nil {
		t.Error("a key without a value is taken")
	}
	if _, err := dict(1, 2); err == nil {
		t.Error("a key that is no string is taken")
	}
}
