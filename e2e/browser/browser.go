// Package browser lets a test use pages as a person does, in the distribution's
// Chromium, and notices what the person does not see: errors on the console,
// violations of the content security policy, requests to any other host,
// dialogs, missing parts. Each of these fails the test at its end.
//
// One Chromium serves all tests of a package; each Open is a new incognito
// context in it, so cookies and caches are never shared.
package browser

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/audits"
	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"

	"github.com/genkan/genkan/internal/testkit"
)

// Options say who sits in front of the browser. The zero value is a desktop of
// 1280×800 in Japanese, light, with script.
type Options struct {
	Lang     string // "ja" or "en": what the browser asks pages for
	Phone    bool   // 390×844 points, two pixels each, touch, a mobile user agent
	Dark     bool   // prefers-color-scheme: dark
	NoScript bool   // pages run no script
}

// wait bounds every step of a test. Nothing takes so long; it is what a hung
// page costs.
const wait = 30 * time.Second

// Page is one tab.
type Page struct {
	t         testing.TB
	ctx       context.Context
	options   Options
	watch     *watch
	process   context.Context // of Chromium itself
	incognito cdp.BrowserContextID
	hand      [2]float64 // where Hold left the mouse or finger
}

// Open starts a browser of its own for the test: no cookies, no cache. The test
// is skipped where there is no Chromium (but see testkit.Missing) and with -short.
func Open(t testing.TB, o Options) *Page {
	t.Helper()
	if testing.Short() {
		t.Skip("-short starts no browser")
	}
	root, err := shared.start()
	if errors.Is(err, ErrAbsent) {
		testkit.Missing(t, err.Error())
	}
	if err != nil {
		t.Fatal(err)
	}
	w := &watch{}
	outside := newForeign(w.report)
	// Chromium's own commands go to the process, not to a tab.
	process := cdp.WithExecutor(root, chromedp.FromContext(root).Browser)
	incognito, err := target.CreateBrowserContext().WithDisposeOnDetach(true).WithProxyServer(outside.server.URL).Do(process)
	if err != nil {
		outside.close()
		t.Fatalf("open a browser: %v", err)
	}
	t.Cleanup(func() {
		t.Helper()
		if err := target.DisposeBrowserContext(incognito).Do(process); err != nil {
			t.Errorf("close the browser: %v", err)
		}
		outside.close()
		for _, fault := range w.found() {
			t.Errorf("browser: %s", fault)
		}
	})
	p := &Page{t: t, options: o, watch: w, process: process, incognito: incognito}
	p.open(true)
	return p
}

// Tab opens a second tab in the same browser: same person, same cookies.
func (p *Page) Tab() *Page {
	p.t.Helper()
	tab := &Page{t: p.t, options: p.options, watch: p.watch, process: p.process, incognito: p.incognito}
	tab.open(false)
	return tab
}

// Allow makes faults that contain part no failure, for a test that plants one.
func (p *Page) Allow(part string) { p.watch.allow(part) }

// Context is for what Page has no method for: chromedp.Run(p.Context(), …).
func (p *Page) Context() context.Context { return p.ctx }

// open makes the tab, in a window of its own for the first of a browser, and
// tells it who uses it.
func (p *Page) open(first bool) {
	p.t.Helper()
	id, err := target.CreateTarget("about:blank").WithBrowserContextID(p.incognito).WithNewWindow(first).Do(p.process)
	if err != nil {
		p.t.Fatalf("open a tab: %v", err)
	}
	ctx, cancel := chromedp.NewContext(p.process, chromedp.WithTargetID(id))
	p.ctx = ctx
	p.t.Cleanup(func() {
		p.settle()
		cancel()
	})
	// The first Run ties the tab to its context: no time limit here, or the tab
	// would end with it.
	if err := chromedp.Run(ctx); err != nil {
		p.t.Fatalf("open a tab: %v", err)
	}
	chromedp.ListenTarget(p.ctx, func(event any) {
		p.watch.listen(event)
		if _, ok := event.(*page.EventJavascriptDialogOpening); ok {
			// An open dialog holds everything up. In the background, as a listener
			// must not wait for the browser.
			go func() { _ = chromedp.Run(p.ctx, page.HandleJavaScriptDialog(false)) }()
		}
	})
	p.run("prepare the tab", audits.Enable(), p.person())
}

// person emulates the one who sits there.
func (p *Page) person() chromedp.Action {
	o := p.options
	return chromedp.ActionFunc(func(ctx context.Context) error {
		_, _, _, agent, _, err := browser.GetVersion().Do(ctx)
		if err != nil {
			return err
		}
		locale, accept := "ja-JP", "ja,en"
		if o.Lang == "en" {
			locale, accept = "en-GB", "en"
		}
		width, height, scale := int64(1280), int64(800), 1.0
		agent = strings.ReplaceAll(agent, "HeadlessChrome", "Chrome")
		if o.Phone {
			width, height, scale = 390, 844, 2
			agent = strings.Replace(agent, "X11; Linux x86_64", "Linux; Android 10; K", 1)
			agent = strings.Replace(agent, " Safari/", " Mobile Safari/", 1)
		}
		scheme := "light"
		if o.Dark {
			scheme = "dark"
		}
		steps := chromedp.Tasks{
			emulation.SetDeviceMetricsOverride(width, height, scale, o.Phone).WithScreenWidth(width).WithScreenHeight(height),
			emulation.SetTouchEmulationEnabled(o.Phone),
			emulation.SetUserAgentOverride(agent).WithAcceptLanguage(accept),
			emulation.SetTimezoneOverride("Asia/Tokyo"),
			emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{
				{Name: "prefers-color-scheme", Value: scheme},
				// A picture or a contrast taken in the middle of a fade is nobody's.
				{Name: "prefers-reduced-motion", Value: "reduce"},
			}),
			emulation.SetScriptExecutionDisabled(o.NoScript),
		}
		if err := steps.Do(ctx); err != nil {
			return err
		}
		// The locale belongs to the renderer, which a second tab may share.
		err = emulation.SetLocaleOverride().WithLocale(locale).Do(ctx)
		if err != nil && !strings.Contains(err.Error(), "already in effect") {
			return err
		}
		return nil
	})
}

// settle waits until the events of what the page did so far have arrived: they
// come in order, before the answer to a question asked now.
func (p *Page) settle() {
	ctx, cancel := context.WithTimeout(p.ctx, 5*time.Second)
	defer cancel()
	var notes []string
	_ = chromedp.Run(ctx, chromedp.Evaluate(formNotes, &notes)) // a page that hangs has failed elsewhere
	for _, note := range notes {
		p.watch.report("form: " + note)
	}
}

// formNotes lists what keeps a password manager from its work (PW6), as the full
// Chromium would note on its console: a secret without autocomplete, a password
// without a name to keep it under, an id used twice.
const formNotes = `(() => {
	const notes = [];
	for (const i of document.querySelectorAll('input[type=password], input[type=email], input[inputmode=numeric]'))
		if (!i.autocomplete) notes.push('no autocomplete: ' + i.name);
	for (const f of document.forms)
		if (f.querySelector('input[type=password]') && !f.querySelector('[autocomplete~=username], [autocomplete~=email]'))
			notes.push('a password without a name to keep it under: ' + f.action);
	const ids = new Set();
	for (const e of document.querySelectorAll('[id]')) ids.has(e.id) ? notes.push('an id used twice: ' + e.id) : ids.add(e.id);
	return notes;
})()`
