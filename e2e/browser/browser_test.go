package browser

import (
	"fmt"
	"image/png"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/genkan/genkan/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m, Close) }

// house serves pages by path, and shows what the browser asked with.
type house struct {
	*httptest.Server
	mu   sync.Mutex
	last http.Header // of the last request for a page
}

const head = `<!doctype html><html lang="en"><meta name="viewport" content="width=device-width"><title>t</title><main><h1>Hall</h1>`

var pages = map[string]string{
	"/": head + `<p id="hello">Welcome</p>
		<form method="post" action="/echo"><label>Name <input id="name" name="name" value="old" autocomplete="name"></label><button id="go">Go</button></form>
		<button id="later" type="button">Later</button><p id="answer"></p><script src="/late.js"></script>`,
	"/console":   head + `<script>console.error("spilled", 7)</script>`,
	"/exception": head + `<script>nobody.home()</script>`,
	"/rejection": head + `<script>Promise.reject(new Error("broken promise"))</script>`,
	"/image":     head + `<img alt="" src="http://outside.test/x.png">`,
	"/literal":   head + `<img alt="" src="http://192.0.2.1/x.png">`, // RFC 5737: nobody's address
	"/beacon":    head + `<script>navigator.sendBeacon("https://outside.test/count", "1")</script>`,
	"/frame":     head + `<iframe title="f" sandbox="allow-scripts" srcdoc="<img alt='' src='https://outside.test/pixel'>"></iframe>`,
	"/worker":    head + `<script>new Worker("/worker.js")</script>`,
	"/csp":       head + `<p style="color:#000">x</p>`,
	"/missing":   head + `<img alt="" src="/gone.png">`,
	"/mistyped":  head + `<link rel="stylesheet" href="/gone.css">`, // Chromium hides its 404 behind the type
	"/form":      head + `<form><label>P <input type="password" name="p"></label><button>Go</button></form>`,
	"/dialog":    head + `<script>alert("look here")</script>`,
	"/contrast":  head + `<p style="color:#bbb;background:#fff">pale</p>`,
	"/label":     head + `<input id="a">`,
	"/scheme":    head + `<style>p::after{content:"light"}@media(prefers-color-scheme:dark){p::after{content:"dark"}}</style><p id="s"></p>`,
	"/noscript":  head + `<p id="s">plain</p><script>document.getElementById("s").textContent="scripted"</script>`,
}

func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /", func(w http.ResponseWriter, r *http.Request) {
		text, ok := pages[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		h.mu.Lock()
		h.last = r.Header.Clone()
		h.mu.Unlock()
		if r.URL.Path == "/csp" {
			w.Header().Set("Content-Security-Policy", "default-src 'self'")
		}
		http.SetCookie(w, &http.Cookie{Name: "hall", Value: "1", HttpOnly: true})
		fmt.Fprint(w, text)
	})
	mux.HandleFunc("GET /late.js", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/javascript")
		fmt.Fprint(w, `document.getElementById("later").onclick = () => setTimeout(() => { document.getElementById("answer").textContent = "here now" }, 100)`)
	})
	mux.HandleFunc("GET /worker.js", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/javascript")
		fmt.Fprint(w, `fetch("https://outside.test/worker").catch(() => {})`)
	})
	mux.HandleFunc("POST /echo", func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusUnprocessableEntity) // an answer, not a fault
		fmt.Fprintf(w, `%s<p id="echo">%s</p>`, head, r.FormValue("name"))
	})
	h.Server = httptest.NewServer(mux)
	t.Cleanup(h.Close)
	return h
}

func (h *house) asked(name string) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.last.Get(name)
}

func TestUseAPage(t *testing.T) {
	t.Parallel()
	h, p := newHouse(t), Open(t, Options{})
	if status := p.Go(h.URL + "/"); status != http.StatusOK {
		t.Errorf("Go = %d", status)
	}
	if got := p.Text("#hello"); got != "Welcome" {
		t.Errorf("Text = %q", got)
	}
	p.Press("#later")
	p.WaitText("#answer", "here now")
	p.Type("#name", "玄関 taro")
	if got := p.Value("#name"); got != "玄関 taro" {
		t.Errorf("Value = %q", got)
	}
	if status := p.Submit("#go"); status != http.StatusUnprocessableEntity {
		t.Errorf("Submit = %d; want 422", status)
	}
	if got := p.Text("#echo"); got != "玄関 taro" {
		t.Errorf("after Submit: %q", got)
	}
	if !p.Has("#echo") || p.Has("#hello") {
		t.Error("Has does not see what is there")
	}
	if got, want := p.URL(), h.URL+"/echo"; got != want {
		t.Errorf("URL = %q; want %q", got, want)
	}
	var sum int
	p.Eval("Promise.resolve(3 + 4)", &sum)
	if sum != 7 {
		t.Errorf("Eval = %d", sum)
	}
}

func TestBrowsersShareNothingTabsShareCookies(t *testing.T) {
	t.Parallel()
	h, p := newHouse(t), Open(t, Options{})
	p.Go(h.URL + "/")
	if c := p.Cookies(); len(c) != 1 || c[0].Name != "hall" || !c[0].HTTPOnly {
		t.Errorf("cookies: %v", c)
	}
	tab := p.Tab()
	tab.Go(h.URL + "/")
	if h.asked("Cookie") != "hall=1" {
		t.Error("a tab of the same browser has no cookie")
	}
	other := Open(t, Options{})
	other.Go(h.URL + "/")
	if got := h.asked("Cookie"); got != "" {
		t.Errorf("another browser sent %q", got)
	}
}

func TestWhoSitsThere(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name                     string
		options                  Options
		accept, content, locale  string
		width, touch, pixelRatio int
	}{
		{"desktop", Options{}, "ja,en;q=0.9", "light", "ja-JP", 1280, 0, 1},
		{"phone", Options{Lang: "en", Phone: true, Dark: true}, "en", "dark", "en-GB", 390, 1, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h, p := newHouse(t), Open(t, c.options)
			p.Go(h.URL + "/scheme")
			if got := h.asked("Accept-Language"); got != c.accept {
				t.Errorf("Accept-Language = %q; want %q", got, c.accept)
			}
			agent := h.asked("User-Agent")
			if strings.Contains(agent, "Headless") || strings.Contains(agent, "Mobile") != c.options.Phone {
				t.Errorf("User-Agent = %q", agent)
			}
			var got struct {
				Content, Locale           string
				Width, Touch, Pixel, Zone int
			}
			p.Eval(`({content: getComputedStyle(document.getElementById("s"), "::after").content.replaceAll('"', ""),
				locale: Intl.NumberFormat().resolvedOptions().locale, width: innerWidth,
				touch: Math.min(1, navigator.maxTouchPoints), pixel: devicePixelRatio,
				zone: new Date().getTimezoneOffset()})`, &got)
			if got.Content != c.content || got.Locale != c.locale || got.Touch != c.touch || got.Pixel != c.pixelRatio || got.Zone != -540 {
				t.Errorf("page sees %+v", got)
			}
			var screen int
			p.Eval("screen.width", &screen)
			if screen != c.width {
				t.Errorf("screen is %d wide; want %d", screen, c.width)
			}
		})
	}
}

func TestNoScript(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	p := Open(t, Options{NoScript: true})
	p.Go(h.URL + "/noscript")
	p.WaitText("#s", "plain")
	p.Go(h.URL + "/")
	p.Type("#name", "hanako")
	p.Submit("#go")
	if got := p.Text("#echo"); got != "hanako" {
		t.Errorf("form without script: %q", got)
	}
	with := Open(t, Options{})
	with.Go(h.URL + "/noscript")
	with.WaitText("#s", "scripted")
}

func TestShot(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("GENKAN_SHOTS", dir)
	h, p := newHouse(t), Open(t, Options{Phone: true})
	p.Go(h.URL + "/")
	p.Shot("hall")
	file, err := os.Open(filepath.Join(dir, "hall.png"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	size, err := png.DecodeConfig(file)
	if err != nil || size.Width != 780 || size.Height < 1600 {
		t.Errorf("picture %d×%d, %v; want 780 wide and a whole screen high", size.Width, size.Height, err)
	}
}

// catcher is a test that fails without failing its parent.
type catcher struct {
	testing.TB
	mu       sync.Mutex
	errors   []string
	cleanups []func()
}

func (c *catcher) Helper()          {}
func (c *catcher) Cleanup(f func()) { c.cleanups = append(c.cleanups, f) }
func (c *catcher) Errorf(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.errors = append(c.errors, fmt.Sprintf(format, args...))
}
func (c *catcher) Fatalf(format string, args ...any) {
	c.Errorf(format, args...)
	runtime.Goexit()
}

// catch runs f as a test of its own and returns what it failed with.
func catch(t *testing.T, f func(t testing.TB)) string {
	c := &catcher{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			for i := len(c.cleanups) - 1; i >= 0; i-- {
				c.cleanups[i]()
			}
		}()
		f(c)
	}()
	<-done
	return strings.Join(c.errors, "\n")
}

// Each fault is planted on a page; a browser that does not report it is blind.
func TestPlantedFaultsFailTheTest(t *testing.T) {
	t.Parallel()
	Open(t, Options{}) // skips where there is no browser
	for path, want := range map[string]string{
		"/":          "", // and a clean page is clean
		"/console":   `console.error: "spilled" 7`,
		"/exception": "nobody is not defined",
		"/rejection": "broken promise",
		"/image":     "another host: GET http://outside.test/x.png",
		"/literal":   "another host: GET http://192.0.2.1/x.png",
		"/beacon":    "another host: POST https://outside.test/count",
		"/frame":     "another host: CONNECT outside.test:443", // a process of its own: the proxy sees it
		"/csp":       "content security policy",
		"/missing":   "404 for a part of the page",
		"/mistyped":  "Refused to apply style",
		"/form":      "form: no autocomplete: p",
		"/dialog":    "dialog: look here",
	} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			got := catch(t, func(t testing.TB) {
				p := Open(t, Options{})
				p.Go(h.URL + path)
			})
			if want == "" && got != "" || !strings.Contains(got, want) {
				t.Errorf("failed with %q; want %q", got, want)
			}
		})
	}
}

// A worker's requests are no event of the page: only the proxy sees them.
func TestForeignRequestOfAWorkerFailsTheTest(t *testing.T) {
	if testing.Short() {
		t.Skip("-short starts no browser")
	}
	t.Parallel()
	h := newHouse(t)
	got := catch(t, func(t testing.TB) {
		p := Open(t, Options{})
		p.Go(h.URL + "/worker")
		for len(p.watch.found()) == 0 && p.ctx.Err() == nil {
			p.settle()
		}
	})
	if !strings.Contains(got, "outside.test") {
		t.Errorf("failed with %q; want the worker's request", got)
	}
}

func TestAllowedFaultsPass(t *testing.T) {
	t.Parallel()
	h, p := newHouse(t), Open(t, Options{})
	p.Allow("spilled")
	p.Go(h.URL + "/console")
}

func TestAxe(t *testing.T) {
	t.Parallel()
	Open(t, Options{})
	for path, want := range map[string]string{"/": "", "/contrast": "color-contrast", "/label": "axe: label"} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			got := catch(t, func(t testing.TB) {
				p := Open(t, Options{})
				p.Allow("[DOM]")
				p.Go(h.URL + path)
				p.Axe()
			})
			if want == "" && got != "" || !strings.Contains(got, want) {
				t.Errorf("failed with %q; want %q", got, want)
			}
		})
	}
}

// What is not there is said together with what is.
func TestFailureShowsThePage(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	Open(t, Options{})
	got := catch(t, func(t testing.TB) {
		p := Open(t, Options{})
		p.Go(h.URL + "/")
		p.Eval("nobody.home()", nil)
	})
	if !strings.Contains(got, "Welcome") {
		t.Errorf("failed with %q; want the page's text", got)
	}
}

func TestIsForeign(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]bool{
		"http://127.0.0.1:8080/x": false, "http://localhost/": false, "http://app.localhost:1/": false,
		"http://[::1]:80/": false, "http://127.9.9.9/": false, "data:text/plain,x": false, "about:blank": false, "blob:null/1": false,
		"http://example.com/": true, "https://localhost.example.com/": true, "ws://192.0.2.1/": true, "http://169.254.0.1/": true,
		"http://2130706433.example/": true,
	} {
		if got := isForeign(address); got != want {
			t.Errorf("isForeign(%q) = %v", address, got)
		}
	}
}
