package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/storage"
	"github.com/chromedp/chromedp"
)

// Elements are named by CSS selectors. Every method fails the test when the
// element is not there in time, saying what the page shows instead.

// Go opens an address and waits until the page is loaded. It returns the HTTP
// status.
func (p *Page) Go(url string) int {
	p.t.Helper()
	return p.navigate("go to "+url, chromedp.Navigate(url))
}

// Submit presses selector and waits until the page that this leads to is loaded.
// It returns that page's HTTP status.
func (p *Page) Submit(selector string) int {
	p.t.Helper()
	return p.navigate("submit by "+selector, chromedp.Click(selector, chromedp.ByQuery))
}

// Leads does act and waits until the page that it leads to is loaded. It returns
// that page's HTTP status.
func (p *Page) Leads(what string, act chromedp.Action) int {
	p.t.Helper()
	return p.navigate(what, act)
}

// Press clicks on selector and waits for nothing: for what happens by script.
func (p *Page) Press(selector string) {
	p.t.Helper()
	p.run("press "+selector, chromedp.Click(selector, chromedp.ByQuery))
}

// Type replaces what is in a field, key by key.
func (p *Page) Type(selector, text string) {
	p.t.Helper()
	p.run("type into "+selector,
		chromedp.WaitVisible(selector, chromedp.ByQuery),
		chromedp.Clear(selector, chromedp.ByQuery),
		chromedp.SendKeys(selector, text, chromedp.ByQuery))
}

// Text returns what a person reads in selector.
func (p *Page) Text(selector string) string {
	p.t.Helper()
	var text string
	p.run("read "+selector, chromedp.Text(selector, &text, chromedp.ByQuery))
	return strings.TrimSpace(text)
}

// WaitText waits until selector shows a text that contains want.
func (p *Page) WaitText(selector, want string) {
	p.t.Helper()
	p.Until(fmt.Sprintf("%q in %s", want, selector),
		fmt.Sprintf("(document.querySelector(%s)?.innerText ?? '').includes(%s)", quote(selector), quote(want)))
}

// Until waits until the JavaScript expression is true. what names it in the
// failure.
func (p *Page) Until(what, expression string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, wait)
	defer cancel()
	tick := time.NewTicker(25 * time.Millisecond)
	defer tick.Stop()
	for {
		var ok bool
		// An error is a page that is just being replaced by the next one.
		if err := chromedp.Run(ctx, chromedp.Evaluate("Boolean("+expression+")", &ok)); err == nil && ok {
			return
		}
		select {
		case <-ctx.Done():
			p.t.Fatalf("browser: %s did not come; %s", what, p.shows())
		case <-tick.C:
		}
	}
}

// Has tells whether an element is there now.
func (p *Page) Has(selector string) bool {
	p.t.Helper()
	var ok bool
	p.Eval("document.querySelector("+quote(selector)+") !== null", &ok)
	return ok
}

// Value returns what stands in a field.
func (p *Page) Value(selector string) string {
	p.t.Helper()
	var value string
	p.run("value of "+selector, chromedp.Value(selector, &value, chromedp.ByQuery))
	return value
}

// URL returns the address of the page.
func (p *Page) URL() string {
	p.t.Helper()
	var url string
	p.run("read the address", chromedp.Location(&url))
	return url
}

// Eval puts the value of a JavaScript expression into out, a pointer, or throws
// it away if out is nil. A promise is awaited.
func (p *Page) Eval(expression string, out any) {
	p.t.Helper()
	p.run("evaluate", chromedp.Evaluate(expression, out,
		func(e *runtime.EvaluateParams) *runtime.EvaluateParams { return e.WithAwaitPromise(true) }))
}

// Cookies returns all cookies of this browser.
func (p *Page) Cookies() []*network.Cookie {
	p.t.Helper()
	var cookies []*network.Cookie
	p.run("read cookies", chromedp.ActionFunc(func(ctx context.Context) (err error) {
		// Chromium answers this for a browser as a whole, not for a tab.
		ctx = cdp.WithExecutor(ctx, chromedp.FromContext(ctx).Browser)
		cookies, err = storage.GetCookies().WithBrowserContextID(p.incognito).Do(ctx)
		return err
	}))
	return cookies
}

// Forget empties this browser's cookies: what a browser that keeps none looks
// like from the next request on.
func (p *Page) Forget() {
	p.t.Helper()
	p.run("forget cookies", chromedp.ActionFunc(func(ctx context.Context) error {
		ctx = cdp.WithExecutor(ctx, chromedp.FromContext(ctx).Browser)
		return storage.ClearCookies().WithBrowserContextID(p.incognito).Do(ctx)
	}))
}

// Shot saves a picture of the whole page as NAME.png in the folder that
// GENKAN_SHOTS names, if it is set.
func (p *Page) Shot(name string) {
	p.t.Helper()
	dir := os.Getenv("GENKAN_SHOTS")
	if dir == "" {
		return
	}
	var png []byte
	p.run("take a picture", chromedp.FullScreenshot(&png, 100))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), png, 0o644); err != nil {
		p.t.Fatal(err)
	}
}

func (p *Page) navigate(what string, action chromedp.Action) int {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, wait)
	defer cancel()
	response, err := chromedp.RunResponse(ctx, action)
	if err != nil {
		p.t.Fatalf("browser: %s: %v; %s", what, err, p.shows())
	}
	if response == nil { // an address without a network: about:blank, data:
		return 0
	}
	p.settle()
	return int(response.Status)
}

func (p *Page) run(what string, actions ...chromedp.Action) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, wait)
	defer cancel()
	if err := chromedp.Run(ctx, actions...); err != nil {
		p.t.Fatalf("browser: %s: %v; %s", what, err, p.shows())
	}
}

// shows tells what is on the page, for the message of a failure.
func (p *Page) shows() string {
	ctx, cancel := context.WithTimeout(p.ctx, 5*time.Second)
	defer cancel()
	var url, text string
	err := chromedp.Run(ctx, chromedp.Location(&url),
		chromedp.Evaluate("(document.body?.innerText ?? '').slice(0, 800)", &text))
	if err != nil {
		return "the page does not answer"
	}
	return fmt.Sprintf("%s shows:\n%s", url, text)
}

// quote writes a string as a JavaScript literal, which JSON's are (ECMA-262,
// since 2019).
func quote(s string) string {
	text, _ := json.Marshal(s) // a string cannot fail
	return string(text)
}
