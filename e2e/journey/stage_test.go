package journey

import (
	"os"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"

	"github.com/genkan/genkan/e2e/browser"
	"github.com/genkan/genkan/e2e/house"
	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/platform/i18n"
	"github.com/genkan/genkan/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m, browser.Close) }

const (
	oldPassword = "tama ga neko desu yo"
	newPassword = "saru no kiiro kun desu"
)

// looks are the people that a journey may be walked by, so ordered that any two
// neighbours differ in everything.
var looks = []browser.Options{
	{Lang: "ja", Phone: true},
	{Lang: "en", NoScript: true},
	{Lang: "ja", Dark: true},
	{Lang: "en", Phone: true, NoScript: true, Dark: true},
	{Lang: "ja", Phone: true, NoScript: true},
	{Lang: "en"},
	{Lang: "ja", NoScript: true, Dark: true},
	{Lang: "en", Phone: true},
}

// walk takes a journey once on each engine, by people that differ; the long form
// by every kind of person on both. nth spreads the journeys over the kinds.
func walk(t *testing.T, nth int, journey func(t *testing.T, v *visit)) {
	t.Parallel()
	testkit.Engines(t, db.MigrateURL, func(t *testing.T, url string) {
		n := 1
		if strings.HasPrefix(url, "sqlite") {
			n = 0
		}
		if !long() {
			journey(t, open(t, url, looks[(nth+n)%len(looks)]))
			return
		}
		for _, look := range looks { // one after the other: all of them share an engine, not a house
			t.Run(name(look), func(t *testing.T) {
				fresh := testkit.SQLite
				if n == 1 {
					fresh = testkit.Postgres
				}
				journey(t, open(t, fresh(t, db.MigrateURL), look))
			})
		}
	})
}

func long() bool { return os.Getenv("GENKAN_LONG") == "1" }

// name says who walks.
func name(o browser.Options) string {
	parts := []string{o.Lang, "desk", "light", "script"}
	if o.Phone {
		parts[1] = "phone"
	}
	if o.Dark {
		parts[2] = "dark"
	}
	if o.NoScript {
		parts[3] = "noscript"
	}
	return strings.Join(parts, "-")
}

// visit is one house with the people of one kind who come to it.
type visit struct {
	t *testing.T
	*house.House
	look  browser.Options
	words *i18n.Catalog
}

func open(t *testing.T, url string, look browser.Options) *visit {
	t.Helper()
	if testing.Short() {
		t.Skip("-short starts no browser")
	}
	words, err := i18n.New(i18n.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return &visit{t, house.Open(t, url, house.Options{}), look, words}
}

// say gives the words of a key, as this person should read them.
func (v *visit) say(key string, pairs ...any) string {
	args := map[string]any{}
	for i := 0; i+1 < len(pairs); i += 2 {
		args[pairs[i].(string)] = pairs[i+1]
	}
	return v.words.T(v.look.Lang, key, args)
}

// script tells whether this person's browser runs script.
func (v *visit) script() bool { return !v.look.NoScript }

// guest is a person with a browser of their own at the house.
type guest struct {
	*browser.Page
	v *visit
}

// arrive brings another browser: no cookies, nothing remembered.
func (v *visit) arrive() *guest {
	v.t.Helper()
	return &guest{browser.Open(v.t, v.look), v}
}

// tab opens a second tab in the same browser.
func (g *guest) tab() *guest {
	g.v.t.Helper()
	return &guest{g.Tab(), g.v}
}

// visit opens a page of the house.
func (g *guest) visit(path string) int {
	g.v.t.Helper()
	return g.Go(g.v.URL + path)
}

// path gives where the browser is in the house.
func (g *guest) path() string {
	g.v.t.Helper()
	return strings.TrimPrefix(g.URL(), g.v.URL)
}

// at fails the test when the browser is elsewhere.
func (g *guest) at(path string) {
	g.v.t.Helper()
	if got := g.path(); got != path {
		g.v.t.Fatalf("at %s, want %s; the page says:\n%s", got, path, g.Text("main"))
	}
}

// reads fails the test when the page does not show the words.
func (g *guest) reads(words string) {
	g.v.t.Helper()
	if got := g.Text("main"); !strings.Contains(squeeze(got), squeeze(words)) {
		g.v.t.Fatalf("%s does not say %q; it says:\n%s", g.path(), words, got)
	}
}

// readsNot fails the test when the page shows the words.
func (g *guest) readsNot(words string) {
	g.v.t.Helper()
	if got := g.Text("main"); strings.Contains(squeeze(got), squeeze(words)) {
		g.v.t.Fatalf("%s says %q:\n%s", g.path(), words, got)
	}
}

// squeeze drops white space, which layout adds as it likes.
func squeeze(s string) string { return strings.Join(strings.Fields(s), "") }

// fills puts text into fields, given as name, value, name, value …: each at a
// stroke, as a paste, a password manager or a Japanese keyboard does. Key by key
// is TestByKeyboardAlone.
func (g *guest) fills(fields ...string) {
	g.v.t.Helper()
	for i := 0; i+1 < len(fields); i += 2 {
		selector := "#" + fields[i]
		err := chromedp.Run(g.Context(), chromedp.Clear(selector, chromedp.ByQuery),
			chromedp.Focus(selector, chromedp.ByQuery), input.InsertText(fields[i+1]))
		if err != nil {
			g.v.t.Fatal(err)
		}
	}
}

// sends fills the page's main form and sends it. It returns the HTTP status.
func (g *guest) sends(fields ...string) int {
	g.v.t.Helper()
	g.fills(fields...)
	return g.Submit("button.go")
}

// signsIn signs in and fails the test when that does not work.
func (g *guest) signsIn(email, pw string) {
	g.v.t.Helper()
	g.visit("/signin?other=1")
	g.sends("email", email, "password", pw)
	g.at("/account")
}

// member is somebody who has an account already.
func (v *visit) member(email string) string {
	v.t.Helper()
	v.Member(v.t, email, oldPassword, v.look.Lang)
	return email
}
