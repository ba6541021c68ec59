package front

import (
	"encoding/json"
	"html"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"

	"github.com/genkan/genkan/e2e/browser"
	"github.com/genkan/genkan/internal/platform/i18n"
	"github.com/genkan/genkan/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m, browser.Close) }

// strict is the policy that the pages must live under (WB2).
const strict = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types puzzle"

// showroom serves the gallery, the files, and what the scripts ask for.
type showroom struct {
	*httptest.Server
	posts    atomic.Int32 // forms sent
	polls    atomic.Int32
	asked    atomic.Value // last body of the strength question
	finished atomic.Bool  // what the poll answers
	desk     *fakeDesk
}

func openShowroom(t *testing.T) *showroom {
	t.Helper()
	g, assets := openGallery(t)
	s := &showroom{desk: &fakeDesk{t: t, none: true}}
	mux := http.NewServeMux()
	s.desk.routes(mux)
	mux.Handle("GET /static/", assets)
	mux.Handle("GET /dev/gallery/", g.Handler())
	mux.HandleFunc("POST /api/v1/password-strength", func(w http.ResponseWriter, r *http.Request) {
		var in map[string]string
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			t.Error(err)
		}
		s.asked.Store(r.Header.Get("Accept-Language") + " " + in["password"] + " " + in["email"])
		_ = json.NewEncoder(w).Encode(map[string]any{"level": 3, "warning": "<b>name</b>", "hints": []string{"longer"}})
	})
	mux.HandleFunc("GET /register/{id}/state", func(w http.ResponseWriter, _ *http.Request) {
		s.polls.Add(1)
		_ = json.NewEncoder(w).Encode(map[string]any{"done": s.finished.Load(), "next": "/dev/gallery/account/plain/ja"})
	})
	mux.HandleFunc("POST /", func(w http.ResponseWriter, r *http.Request) {
		s.posts.Add(1)
		suggestion := r.FormValue("suggestion")
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte("<!doctype html><html lang=en><title>sent</title><p id=sent>" + suggestion + "</p><p id=form>" + html.EscapeString(r.PostForm.Encode()) + "</p>"))
	})
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", strict)
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *showroom) page(page, state, lang string) string {
	return s.URL + "/dev/gallery/" + page + "/" + state + "/" + lang
}

// TestAccessible: no violation of WCAG 2.2 A and AA on any page in any state, on
// a phone, nothing wider than the screen, and nothing to press smaller than 44
// points (WCAG 2.5.5) but links within a sentence.
func TestAccessible(t *testing.T) {
	t.Parallel()
	s := openShowroom(t)
	g, _ := openGallery(t)
	light := browser.Open(t, browser.Options{Phone: true})
	dark := browser.Open(t, browser.Options{Lang: "en", Dark: true})
	for _, row := range g.Rows() {
		if row.Page == PageDevMailbox {
			continue // holds mail of others in a frame
		}
		for i, state := range row.States {
			if strings.HasPrefix(state, "cause-") {
				continue // an error page with other words
			}
			light.Go(s.page(row.Page, state, i18n.Japanese))
			light.Axe()
			var small string
			light.Eval(tooSmall, &small)
			if small != "" {
				t.Errorf("%s/%s: %s", row.Page, state, small)
			}
			if i == 0 {
				dark.Go(s.page(row.Page, state, i18n.English))
				dark.Axe()
			}
		}
	}
}

const tooSmall = `[...document.querySelectorAll("a,button,input,summary")].filter(e => {
	const r = e.getBoundingClientRect();
	return r.width && r.height < 43.5 && !e.matches(".sr,.skip,h2 a,.address a");
}).map(e => e.outerHTML.slice(0, 80)).concat(
	document.documentElement.scrollWidth > innerWidth ? ["wider than the screen"] : []).join("; ")`

// retype empties a field and types.
func retype(p *browser.Page, selector, text string) {
	p.Eval(`document.querySelector("`+selector+`").value = ""`, nil)
	p.Type(selector, text)
}

func TestShowPassword(t *testing.T) {
	t.Parallel()
	s := openShowroom(t)
	p := browser.Open(t, browser.Options{})
	p.Go(s.page(PageSignIn, "fresh", i18n.Japanese))
	kind := func(want string) {
		t.Helper()
		var got string
		p.Eval(`document.getElementById("password").type`, &got)
		if got != want {
			t.Errorf("the field is %s, want %s", got, want)
		}
	}
	kind("password")
	p.Press(".show")
	kind("text")
	if got := p.Text(".show"); !strings.HasPrefix(got, "隠す") {
		t.Errorf("the button says %q", got)
	}
	p.Eval(`document.querySelector("form").addEventListener("submit", e => e.preventDefault())`, nil)
	retype(p, "#email", "taro@example.jp")
	retype(p, "#password", "secret")
	p.Press(".go")
	kind("password")
}

func TestHintsBeforeSending(t *testing.T) {
	t.Parallel()
	s := openShowroom(t)
	p := browser.Open(t, browser.Options{})
	p.Go(s.page(PageSignIn, "fresh", i18n.Japanese))
	shown := func(want string) {
		t.Helper()
		p.Until("hints "+want, `[...document.querySelectorAll("[data-hint]:not([hidden])")].map(e => e.dataset.hint).join() === "`+want+`"`)
	}
	retype(p, "#password", "ｓｅｃｒｅｔ ")
	shown("wide,space")
	if got := p.Value("#password"); got != "ｓｅｃｒｅｔ " {
		t.Errorf("the password was changed to %q (PW1)", got)
	}
	retype(p, "#password", "secret")
	shown("")
	if err := chromedp.Run(p.Context(), input.DispatchKeyEvent(input.KeyDown).WithKey("A").WithText("A").WithModifiers(0)); err != nil {
		t.Fatal(err)
	}
	p.Eval(`document.getElementById("password").dispatchEvent(new KeyboardEvent("keyup", {modifierCapsLock: true}))`, nil)
	shown("caps")
	// Addresses and codes are folded as the server would fold them.
	retype(p, "#email", "　ｔａｒｏ＠ｇｍａｉｌ．ｃｏｍ　")
	p.Press("h1")
	if got := p.Value("#email"); got != "taro@gmail.com" {
		t.Errorf("the address became %q", got)
	}
	p.Go(s.page(PageRegisterWait, "fresh", i18n.Japanese))
	retype(p, "#code", "１２３-４５")
	p.Press("h1")
	shown("short")
	if got := p.Value("#code"); got != "12345" {
		t.Errorf("the code became %q", got)
	}
}

func TestDoublePressSendsOnce(t *testing.T) {
	t.Parallel()
	s := openShowroom(t)
	p := browser.Open(t, browser.Options{})
	p.Go(s.page(PageSignIn, "fresh", i18n.Japanese))
	retype(p, "#email", "taro@example.jp")
	retype(p, "#password", "secret")
	p.Eval(`{
		// Where the form would go, count; the page stays.
		window.sent = 0;
		addEventListener("submit", e => { if (!e.defaultPrevented) { sent++; e.preventDefault(); } });
		const b = document.querySelector(".go");
		b.click(); b.click(); b.click();
	}`, nil)
	p.Until("the button to rest", `document.querySelector(".go").ariaDisabled === "true" && sent === 1`)
	// Coming back to the page by the browser's button wakes it up.
	p.Eval(`dispatchEvent(new PageTransitionEvent("pageshow", {persisted: true}))`, nil)
	p.Eval(`document.querySelector(".go").click()`, nil)
	p.Until("the second press", `sent === 2`)
}

func TestSuggestsTheDomainMeant(t *testing.T) {
	t.Parallel()
	s := openShowroom(t)
	p := browser.Open(t, browser.Options{})
	p.Go(s.page(PageRegister, "fresh", i18n.Japanese))
	for typed, want := range map[string]string{
		"taro@gmial.com": "taro@gmail.com", "taro@gmail.con": "taro@gmail.com", "taro@gmail.co": "taro@gmail.com",
		"taro@docomo.jp": "", "taro@docomo.ne.jo": "taro@docomo.ne.jp", "taro@yahoo.co.jo": "taro@yahoo.co.jp",
		"taro@gmail.com": "", "taro@example.co.jp": "", "taro": "", "@gmial.com": "",
		"taro@iclod.com": "taro@icloud.com", "taro@sofbank.ne.jp": "taro@softbank.ne.jp",
		"taro@exweb.ne.jp": "taro@ezweb.ne.jp",
	} {
		retype(p, "#email", typed)
		p.Press("h1")
		var got string
		// The question waits until the finger is up, and one turn longer.
		p.Eval(`new Promise(r => setTimeout(() => {
			const b = document.querySelector("[data-suggest]");
			r(b.hidden ? "" : b.querySelector(".address").textContent);
		}))`, &got)
		if got != want {
			t.Errorf("%s: suggested %q, want %q", typed, got, want)
		}
	}
	// Enter sends before the field is left: the question still comes first.
	retype(p, "#password", "yama-kawa-umi-sora")
	retype(p, "#email", "taro@gmial.com\n")
	p.Press("[data-keep]")
	if got := p.Value("#email"); got != "taro@gmial.com" || s.posts.Load() != 0 {
		t.Fatalf("the address is %q after keeping it, sent %d times", got, s.posts.Load())
	}
	p.Submit(".go")
	if got := p.Text("#sent"); got != "keep" {
		t.Errorf("suggestion=%q was sent", got)
	}
}

func TestStrengthIsShown(t *testing.T) {
	t.Parallel()
	s := openShowroom(t)
	p := browser.Open(t, browser.Options{Lang: "ja"})
	p.Go(s.page(PageRegister, "fresh", i18n.English))
	retype(p, "#email", "taro@example.jp")
	retype(p, "#password", "yama-kawa")
	p.WaitText("[data-word]", "6 more to go")
	retype(p, "#password", "yama-kawa-umi-sora")
	p.WaitText("[data-word]", "Strong")
	// Words of the server are text, never markup.
	p.WaitText("[data-hints]", "<b>name</b>")
	if got := s.asked.Load(); got != "en yama-kawa-umi-sora taro@example.jp" {
		t.Errorf("asked %q", got)
	}
}

func TestWaitingPageGoesOn(t *testing.T) {
	t.Parallel()
	s := openShowroom(t)
	p := browser.Open(t, browser.Options{})
	p.Go(s.page(PageRegisterWait, "fresh", i18n.Japanese))
	p.Until("the timer", `/^0:4\d$/.test(document.querySelector("[data-left]").textContent) && document.querySelector(".resend button").disabled`)
	p.Until("two questions", `performance.getEntriesByType("resource").filter(e => e.name.endsWith("/state")).length > 1`)
	s.finished.Store(true)
	p.WaitText("h1", "アカウント")
	if s.polls.Load() < 3 {
		t.Errorf("asked %d times", s.polls.Load())
	}
}

// TestWithoutScript: every form is there and goes out, and nothing shows that
// only script could bring to life.
func TestWithoutScript(t *testing.T) {
	t.Parallel()
	s := openShowroom(t)
	p := browser.Open(t, browser.Options{NoScript: true, Phone: true})
	p.Go(s.page(PageRegister, "fresh", i18n.Japanese))
	retype(p, "#email", "taro@gmial.com")
	retype(p, "#password", "yama-kawa-umi-sora")
	p.Submit("input[type=image]") // the picture is the button
	if s.posts.Load() != 1 {
		t.Error("the form was not sent")
	}
	p.Go(s.page(PageRegisterWait, "fresh", i18n.Japanese))
	if got := p.Text("main"); !strings.Contains(got, "14:06") || !strings.Contains(got, "ここを押してください") || strings.Contains(got, "自動で") {
		t.Errorf("the waiting page says:\n%s", got)
	}
}
