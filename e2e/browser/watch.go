package browser

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/chromedp/cdproto/audits"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
)

// watch keeps what went wrong in a browser context without the person seeing it.
type watch struct {
	mu      sync.Mutex
	faults  []string
	allowed []string
}

// report keeps a fault, once.
func (w *watch) report(fault string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !slices.Contains(w.faults, fault) {
		w.faults = append(w.faults, fault)
	}
}

func (w *watch) allow(part string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.allowed = append(w.allowed, part)
}

// found returns the faults that were not allowed.
func (w *watch) found() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(w.faults), func(fault string) bool {
		return slices.ContainsFunc(w.allowed, func(part string) bool { return strings.Contains(fault, part) })
	})
}

// listen is called with each event of the page, in order.
func (w *watch) listen(event any) {
	switch e := event.(type) {
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.APITypeError || e.Type == runtime.APITypeAssert {
			w.report("console." + e.Type.String() + ": " + arguments(e.Args))
		}
	case *runtime.EventExceptionThrown:
		w.report("uncaught: " + exception(e.ExceptionDetails))
	case *log.EventEntryAdded:
		w.logged(e.Entry)
	case *audits.EventIssueAdded:
		w.issue(e.Issue)
	case *network.EventRequestWillBeSent:
		if isForeign(e.Request.URL) {
			w.report("request to another host: " + e.Request.Method + " " + e.Request.URL)
		}
	case *network.EventWebSocketCreated:
		if isForeign(e.URL) {
			w.report("request to another host: " + e.URL)
		}
	case *network.EventResponseReceived:
		if partOfPage(e.Type) && e.Response.Status >= 400 {
			w.report(fmt.Sprintf("%d for a part of the page: %s", e.Response.Status, e.Response.URL))
		}
	case *page.EventJavascriptDialogOpening:
		w.report("dialog: " + e.Message)
	}
}

// logged judges what Chromium itself writes to the console.
func (w *watch) logged(e *log.Entry) {
	// A page or an answer that rightly says 4xx is logged as an error too; a
	// missing part of a page is seen by its response instead.
	if e.Source == log.SourceNetwork && strings.Contains(e.Text, "responded with a status of") {
		return
	}
	// "[DOM]" are the notes on forms: no name for a password manager to keep, an
	// id used twice, an input without autocomplete.
	if e.Level == log.LevelError || strings.HasPrefix(e.Text, "[DOM]") {
		w.report(fmt.Sprintf("browser log (%s): %s %s", e.Source, e.Text, e.URL))
	}
}

// issue judges what the browser's own inspector complains about.
func (w *watch) issue(i *audits.InspectorIssue) {
	if d := i.Details.ContentSecurityPolicyIssueDetails; d != nil {
		w.report(fmt.Sprintf("content security policy: %s violates %q %s",
			d.ContentSecurityPolicyViolationType, d.ViolatedDirective, d.BlockedURL))
	}
	if d := i.Details.MixedContentIssueDetails; d != nil {
		w.report("mixed content: " + d.InsecureURL)
	}
}

// partOfPage tells what a page is made of from what it may ask for and be
// refused.
func partOfPage(t network.ResourceType) bool {
	switch t {
	case network.ResourceTypeStylesheet, network.ResourceTypeScript, network.ResourceTypeImage,
		network.ResourceTypeFont, network.ResourceTypeMedia, network.ResourceTypeManifest:
		return true
	default:
		return false
	}
}

func arguments(args []*runtime.RemoteObject) string {
	var words []string
	for _, a := range args {
		if len(a.Value) > 0 {
			words = append(words, string(a.Value))
		} else {
			words = append(words, a.Description)
		}
	}
	return strings.Join(words, " ")
}

func exception(d *runtime.ExceptionDetails) string {
	text := d.Text
	if d.Exception != nil {
		text += " " + d.Exception.Description
	}
	return fmt.Sprintf("%s (%s:%d)", text, d.URL, d.LineNumber+1)
}
