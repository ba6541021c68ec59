package journey

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/genkan/genkan/internal/platform/i18n"
)

// TestLanguageSwitchKeepsThePage: the switch shows the same page in the other
// language, in the middle of an act as well, and is remembered.
func TestLanguageSwitchKeepsThePage(t *testing.T) {
	walk(t, 5, func(t *testing.T, v *visit) {
		g := v.arrive()
		other := i18n.Other(v.look.Lang)
		g.begins("hana@example.jp", oldPassword)
		path := g.path()
		g.Submit(".switch")
		g.at(path + "?lang=" + other)
		g.reads(v.words.T(other, "wait.sent_to", nil))
		g.reads("hana@example.jp")
		g.sends("code", "12")
		g.Submit(".switch")
		g.reads(v.say("wait.sent_to"))
		g.Submit(".switch")
		g.visit("/help")
		g.reads(v.words.T(other, "help.lead", nil))
		var lang string
		g.Eval("document.documentElement.lang", &lang)
		if lang != other {
			t.Errorf("the page says that it is in %q", lang)
		}
	})
}

// TestCookiesOff: a browser that keeps no cookies is told so, before anything is
// judged, and how to allow them.
func TestCookiesOff(t *testing.T) {
	walk(t, 6, func(t *testing.T, v *visit) {
		g, email := v.arrive(), v.member("taro@example.jp")
		for _, path := range []string{"/signin", "/register", "/recover"} {
			g.visit(path)
			g.fills("email", email)
			if path != "/recover" {
				g.fills("password", oldPassword)
			}
			g.Forget()
			if status := g.Submit("button.go"); status != http.StatusForbidden {
				t.Errorf("%s: %d", path, status)
			}
			g.reads(v.say("cause.browser.cookies-blocked.title"))
			if got := g.Value("#email"); got != email {
				t.Errorf("%s: the address became %q", path, got)
			}
			if !g.Has(`#problem a[href="/help#cookies"]`) {
				t.Errorf("%s: no way to the help", path)
			}
		}
		g.Submit(`#problem a[href="/help#cookies"]`)
		if v.script() {
			g.reads(v.say("help.cookies_says", "Host", strings.TrimPrefix(v.URL, "http://")))
		}
		// Allowed again, the same page works.
		g.visit("/signin")
		g.sends("email", email, "password", oldPassword)
		g.at("/account")
	})
}

// TestFormLeftOpen: a form sent after half a day is drawn anew with what was
// typed, and works at the second press.
func TestFormLeftOpen(t *testing.T) {
	walk(t, 7, func(t *testing.T, v *visit) {
		g, email := v.arrive(), v.member("taro@example.jp")
		g.visit("/signin")
		v.Clock.Advance(13 * time.Hour)
		g.sends("email", email, "password", oldPassword)
		g.reads(v.say("cause.find.form-expired.title"))
		if got := g.Value("#email"); got != email {
			t.Errorf("the address became %q", got)
		}
		g.sends("password", oldPassword)
		g.at("/account")
		// A session that ran out meanwhile leads through the sign-in page.
		v.Clock.Advance(25 * time.Hour)
		g.Submit(`a[href="/account/password"]`)
		g.reads(v.say("notice.signin_first"))
	})
}

// TestNothingThere: unknown paths and bare form addresses have a page with a way
// on, in the person's language.
func TestNothingThere(t *testing.T) {
	walk(t, 0, func(t *testing.T, v *visit) {
		g := v.arrive()
		for path, want := range map[string]int{"/no/such/page": 404, "/register/nobody": 410, "/recover/nobody": 410, "/link": 410, "/frozen": 410} {
			if got := g.visit(path); got != want {
				t.Errorf("%s: %d, want %d", path, got, want)
			}
			if !g.Has("main a[href]") {
				t.Errorf("%s leads nowhere:\n%s", path, g.Text("main"))
			}
			if v.script() {
				g.Axe()
			}
		}
		g.visit("/no/such/page")
		g.reads(v.say("cause.request.not_found.title"))
		g.Submit("main a.button")
		g.at("/signin")
		g.visit("/register/x/confirm") // where only forms go
		g.reads(v.say("cause.find.midflow-bookmark.title"))
	})
}

// TestByKeyboardAlone: from the top of the page to the account with Tab, letters
// and Enter; the order is the order of reading, and the focus is always seen.
func TestByKeyboardAlone(t *testing.T) {
	walk(t, 2, func(t *testing.T, v *visit) {
		g, email := v.arrive(), v.member("taro@example.jp")
		g.visit("/signin")
		g.press(kb.Tab)
		g.focused(".skip")
		g.press(kb.Enter)
		g.press(kb.Tab)
		g.focused("#email") // past the head of the page
		g.visit("/signin")
		want := []string{".skip", ".brand", ".switch", "#email", "#password", "[data-show]", ".forgot a", "button.go",
			`.else a[href="/register"]`, `.aside a[href="/help"]`, `.foot a[href="/help"]`, `.foot a[href="/status"]`, `.foot a[href="/support"]`}
		for _, selector := range want {
			if selector == "[data-show]" && !v.script() {
				continue
			}
			g.press(kb.Tab)
			g.focused(selector)
		}
		g.visit("/signin")
		for range 4 {
			g.press(kb.Tab)
		}
		g.press(email)
		g.press(kb.Tab)
		g.press(oldPassword)
		g.press(kb.Enter)
		g.Until("the account", `location.pathname === "/account"`)
	})
}

// press types keys at whatever has the focus.
func (g *guest) press(keys string) {
	g.v.t.Helper()
	if err := chromedp.Run(g.Context(), chromedp.KeyEvent(keys)); err != nil {
		g.v.t.Fatal(err)
	}
}

// focused checks that selector has the focus and that this can be seen (WCAG
// 2.4.7, 2.4.11): a ring of two points or more, within the window.
func (g *guest) focused(selector string) {
	g.v.t.Helper()
	var seen string
	g.Eval(`(() => {
		const e = document.activeElement, s = getComputedStyle(e), r = e.getBoundingClientRect();
		if (!e.matches(`+"`"+selector+"`"+`)) return "the focus is on " + e.outerHTML.slice(0, 120);
		if (s.outlineStyle === "none" || parseFloat(s.outlineWidth) < 2) return "no ring: " + s.outline;
		if (r.bottom > innerHeight + 1 || r.top < -1 || r.right > innerWidth + 1 || r.left < -1) return "out of the window: " + JSON.stringify(r);
		return "";
	})()`, &seen)
	if seen != "" {
		g.v.t.Errorf("%s: %s", selector, seen)
	}
}
