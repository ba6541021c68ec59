package front

import (
	"io/fs"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/genkan/genkan/internal/platform/i18n"
	"github.com/genkan/genkan/internal/surface/web"
)

func openGallery(t *testing.T) (*Gallery, *web.Static) {
	t.Helper()
	catalog, err := i18n.New(i18n.Options{Dev: true})
	if err != nil {
		t.Fatal(err)
	}
	assets, err := web.NewStatic(StaticFiles(), false)
	if err != nil {
		t.Fatal(err)
	}
	render, err := web.NewRenderer(web.RendererConfig{Pages: []fs.FS{Pages(), DevPages()}, Assets: assets, Catalog: catalog})
	if err != nil {
		t.Fatal(err)
	}
	return NewGallery(render), assets
}

func show(t *testing.T, g *Gallery, lang, page, state string) string {
	t.Helper()
	w := httptest.NewRecorder()
	if err := g.Show(w, lang, page, state); err != nil {
		t.Fatal(err)
	}
	return w.Body.String()
}

// sampled is one page as a browser gets it.
type sampled struct {
	lang, body string
	doc        *html.Node
}

// TestEverySample holds every page, in every state and language, to the rules
// below.
func TestEverySample(t *testing.T) {
	t.Parallel()
	g, _ := openGallery(t)
	for _, row := range g.Rows() {
		for _, state := range row.States {
			for _, lang := range i18n.Langs() {
				t.Run(row.Page+"/"+state+"/"+lang, func(t *testing.T) {
					s := sampled{lang: lang, body: show(t, g, lang, row.Page, state)}
					s.doc = parse(t, s.body)
					isWhole(t, s)
					isAllOwn(t, s)
					keepsFormPromises(t, s)
					hasWayOn(t, s)
				})
			}
		}
	}
}

func parse(t *testing.T, body string) *html.Node {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func attr(n *html.Node, name string) (string, bool) {
	i := slices.IndexFunc(n.Attr, func(a html.Attribute) bool { return a.Key == name })
	if i < 0 {
		return "", false
	}
	return n.Attr[i].Val, true
}

func text(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return strings.TrimSpace(b.String())
}

// isWhole finds no leftovers, one heading, and no id twice.
func isWhole(t *testing.T, s sampled) {
	for _, mark := range []string{"⟦", "<no value>", "&lt;no value", "ZgotmplZ", "%!", "{{"} {
		if strings.Contains(s.body, mark) {
			t.Errorf("leftover %q", mark)
		}
	}
	ids, headings := map[string]bool{}, 0
	for n := range s.doc.Descendants() {
		if id, ok := attr(n, "id"); ok {
			if ids[id] {
				t.Errorf("id %q twice", id)
			}
			ids[id] = true
		}
		switch n.DataAtom {
		case atom.H1:
			headings++
		case atom.Html:
			if v, _ := attr(n, "lang"); v != s.lang {
				t.Errorf("lang is %q", v)
			}
		}
	}
	if headings != 1 {
		t.Errorf("%d headings of the first level", headings)
	}
}

// isAllOwn holds a page to the strict policy (WB2): no inline style, script or
// handler, nothing loaded from elsewhere.
func isAllOwn(t *testing.T, s sampled) {
	for n := range s.doc.Descendants() {
		if n.DataAtom == atom.Style {
			t.Error("inline style sheet")
		}
		if _, ok := attr(n, "src"); n.DataAtom == atom.Script && !ok {
			t.Error("inline script")
		}
		for _, a := range n.Attr {
			if a.Key == "style" || strings.HasPrefix(a.Key, "on") {
				t.Errorf("<%s %s=%q>", n.Data, a.Key, a.Val)
			}
			if !slices.Contains([]string{"src", "href", "action", "poster", "srcset"}, a.Key) {
				continue
			}
			own := strings.HasPrefix(a.Val, "/") && !strings.HasPrefix(a.Val, "//") || strings.HasPrefix(a.Val, "#")
			link := n.DataAtom == atom.A && (strings.HasPrefix(a.Val, "mailto:") || a.Val == "https://support.example.jp/")
			if !own && !link {
				t.Errorf("<%s %s=%q> leads elsewhere", n.Data, a.Key, a.Val)
			}
		}
	}
}

// completes are the autofill tokens that password managers understand (PW6).
var completes = []string{"username", "email", "current-password", "new-password", "one-time-code", "off"}

// keepsFormPromises: a token in every form, a label and the right autofill token
// for every field, no password echoed or cut.
func keepsFormPromises(t *testing.T, s sampled) {
	labels := map[string]bool{}
	for n := range s.doc.Descendants() {
		if v, ok := attr(n, "for"); ok && n.DataAtom == atom.Label && text(n) != "" {
			labels[v] = true
		}
	}
	for n := range s.doc.Descendants() {
		switch n.DataAtom {
		case atom.Form:
			checkForm(t, n)
		case atom.Input:
			checkInput(t, n, labels)
		case atom.Button, atom.A:
			if text(n) == "" {
				t.Errorf("<%s> without words", n.Data)
			}
		}
	}
}

func checkForm(t *testing.T, form *html.Node) {
	if method, _ := attr(form, "method"); method != "post" {
		t.Errorf("form method %q", method)
	}
	if _, ok := attr(form, "novalidate"); ok {
		t.Error("form without validation")
	}
	token := 0
	for n := range form.Descendants() {
		if name, _ := attr(n, "name"); name == "form" {
			if v, _ := attr(n, "value"); v == "sample" {
				token++
			}
		}
	}
	if token != 1 { // WB1
		action, _ := attr(form, "action")
		t.Errorf("form %s holds %d tokens", action, token)
	}
}

func checkInput(t *testing.T, n *html.Node, labels map[string]bool) {
	kind, _ := attr(n, "type")
	name, _ := attr(n, "name")
	if kind == "hidden" {
		return
	}
	if kind == "image" { // the picture that sends the form
		if alt, _ := attr(n, "alt"); alt == "" {
			t.Error("a picture to press without words")
		}
		return
	}
	if v, _ := attr(n, "autocomplete"); !slices.Contains(completes, v) {
		t.Errorf("%s: autocomplete %q", name, v)
	}
	if hidden, _ := attr(n, "aria-hidden"); hidden == "true" {
		return // there for password managers only
	}
	if id, _ := attr(n, "id"); id != name || !labels[id] {
		t.Errorf("%s: no label, or id %q", name, id)
	}
	for key, want := range map[string]string{"autocapitalize": "off", "spellcheck": "false"} {
		if v, _ := attr(n, key); v != want {
			t.Errorf("%s: %s is %q", name, key, v)
		}
	}
	value, _ := attr(n, "value")
	_, cut := attr(n, "maxlength")
	if kind == "password" && (value != "" || cut) {
		t.Errorf("%s: a password is echoed or cut", name)
	}
}

// TestFieldProblemsStandBesideTheField: the words are tied to the field, the
// field has the focus, and the box at the top leads to it.
func TestFieldProblemsStandBesideTheField(t *testing.T) {
	t.Parallel()
	g, _ := openGallery(t)
	for _, p := range []struct{ page, state, field string }{
		{PageSignIn, "email-invalid", "email"},
		{PageRegister, "too-short", "password"},
		{PageRegisterWait, "code-wrong", "code"},
		{PageLink, "number-missing", "number"},
		{PageAccountPassword, "old-wrong", "old_password"},
	} {
		body := show(t, g, i18n.Japanese, p.page, p.state)
		var field, words, lead bool
		for n := range parse(t, body).Descendants() {
			if name, _ := attr(n, "name"); name == p.field {
				by, _ := attr(n, "aria-describedby")
				bad, _ := attr(n, "aria-invalid")
				_, focus := attr(n, "autofocus")
				field = focus && bad == "true" && slices.Contains(strings.Fields(by), p.field+"-wrong")
			}
			id, _ := attr(n, "id")
			words = words || id == p.field+"-wrong" && text(n) != ""
			href, _ := attr(n, "href")
			lead = lead || href == "#"+p.field
		}
		if !field || !words || !lead {
			t.Errorf("%s/%s: field %t, words %t, way to it %t", p.page, p.state, field, words, lead)
		}
	}
}

// hasWayOn: a human, and the reference code with it (law 1).
func hasWayOn(t *testing.T, s sampled) {
	if !strings.Contains(s.body, `id="problem"`) {
		return
	}
	if !strings.Contains(s.body, `<code id="reference">`+sampleReference) || strings.Count(s.body, `href="/support"`) < 2 {
		t.Error("no reference code or no way to a human")
	}
}

var assetRef = regexp.MustCompile(`(?:src|href)="(/static/[^"]+)"`)

// TestWeight holds pages to the budget: the sign-in page in all ≤ 40 kB and
// script ≤ 15 kB, here even without compression.
func TestWeight(t *testing.T) {
	t.Parallel()
	g, assets := openGallery(t)
	for _, page := range []string{PageSignIn, PageRegister, PageRegisterWait, PageRecoverPassword} {
		for _, lang := range i18n.Langs() {
			body := show(t, g, lang, page, "fresh")
			all, script := len(body), 0
			for _, m := range assetRef.FindAllStringSubmatch(body, -1) {
				w := httptest.NewRecorder()
				assets.ServeHTTP(w, httptest.NewRequest("GET", m[1], nil))
				if w.Code != 200 {
					t.Fatalf("%s: %d", m[1], w.Code)
				}
				all += w.Body.Len()
				if strings.HasSuffix(m[1], ".js") {
					script += w.Body.Len()
				}
			}
			t.Logf("%s/%s: %d bytes, of them script %d", page, lang, all, script)
			if all > 40_000 || script > 15_000 {
				t.Errorf("%s/%s: %d bytes, script %d", page, lang, all, script)
			}
		}
	}
}

// TestHostileTextStaysText: what people typed is never markup (WB4).
func TestHostileTextStaysText(t *testing.T) {
	t.Parallel()
	g, _ := openGallery(t)
	evil := `"><script>alert(1)</script>@x.jp`
	frame := sampleFrame(i18n.English)
	frame.Banner, frame.ServiceName, frame.Reference = evil, evil, evil
	frame.Path = "//evil.example/" + evil
	frame.SupportURL = "javascript:alert(1)"
	for page, data := range map[string]any{
		PageSignIn:       SignIn{Frame: frame, Email: evil, Remembered: evil, ReturnTo: evil},
		PageRegister:     Register{Frame: frame, Email: evil, Suggestion: evil},
		PageRegisterWait: Waiting{Frame: frame, ID: evil, Email: evil, Number: evil, Sender: evil},
		PageAccount:      Account{Frame: frame, Email: evil, Sessions: []Session{{ID: evil, Browser: evil, Place: evil}}},
		PageLink:         Link{Frame: frame, Variant: LinkDead, Token: evil, CodeAction: "javascript:alert(1)"},
	} {
		w := httptest.NewRecorder()
		if err := g.render.Render(w, 200, i18n.English, page, data); err != nil {
			t.Fatal(err)
		}
		body := w.Body.String()
		if strings.Contains(body, "<script>") || strings.Contains(body, `"javascript:`) || strings.Contains(body, `href="//evil`) {
			t.Errorf("%s: hostile text came through", page)
		}
	}
}

func TestGalleryAnswers(t *testing.T) {
	t.Parallel()
	g, _ := openGallery(t)
	for path, want := range map[string]int{
		"/dev/gallery":                          200,
		"/dev/gallery?lang=en":                  200,
		"/dev/gallery/signin/fresh/ja":          200,
		"/dev/gallery/signin/fresh/ja?lang=en":  200,
		"/dev/gallery/signin/fresh/fr":          404,
		"/dev/gallery/signin/no-such-state/ja":  404,
		"/dev/gallery/no-such-page/fresh/ja":    404,
		"/dev/gallery/signin/fresh/ja?lang=xyz": 404,
	} {
		w := httptest.NewRecorder()
		g.Handler().ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		if w.Code != want {
			t.Errorf("%s: %d, want %d", path, w.Code, want)
		}
	}
}
