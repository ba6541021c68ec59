package whois_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/genkan/genkan/whois"
)

const secret = "k3yk3yk3yk3yk3yk3yk3yk3yk3yk3yk3yk3yk3yk3yk"

const answer = `{"account":"01a2037b-56fe-71d9-a68e-d7b3411eb9b2","email":"taro@example.jp","locale":"ja",
"session":{"id":"01a2037b-0000","created_at":"2026-11-22T05:05:00Z","proven_at":"2026-11-22T05:06:00Z","expires_at":"2026-11-23T05:05:00Z"},
"hold":{"until":"2026-11-22T06:00:00Z","reason":"recovered"},"added_later":true}`

// house is a Genkan that knows one session, and can be made to fail.
type house struct {
	*httptest.Server
	asked atomic.Int64
	fail  atomic.Pointer[http.HandlerFunc]
	ended atomic.Bool
	seen  atomic.Pointer[http.Request]
}

func newHouse(t *testing.T) *house {
	h := &house{}
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.asked.Add(1)
		h.seen.Store(r)
		if f := h.fail.Load(); f != nil {
			(*f)(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		known := r.Header.Get("Authorization") == "Bearer "+secret || r.Header.Get("Cookie") == "__Host-genkan="+secret || r.Header.Get("Cookie") == "genkan="+secret
		if r.Method != "GET" || r.URL.Path != "/api/v1/session" || !known || h.ended.Load() {
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		fmt.Fprint(w, answer)
	}))
	t.Cleanup(h.Close)
	return h
}

type clock struct{ at atomic.Int64 }

func (c *clock) Now() time.Time          { return time.Unix(0, c.at.Load()) }
func (c *clock) Advance(d time.Duration) { c.at.Add(int64(d)) }

func newDoor(t *testing.T, c whois.Config) *whois.Door {
	t.Helper()
	d, err := whois.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// hello greets the person it finds.
var hello = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	if p, ok := whois.From(r.Context()); ok {
		fmt.Fprintf(w, "hello %s %s %s %v", p.Account, p.Email, p.Locale, p.Hold != nil)
		return
	}
	fmt.Fprint(w, "hello nobody")
})

// visit makes a request; headers are name, value…
func visit(h http.Handler, method, path string, headers ...string) *http.Response {
	r := httptest.NewRequest(method, path, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func body(r *http.Response) string {
	text, err := io.ReadAll(r.Body)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

func cookie(value string) []string { return []string{"Cookie", "theme=dark; __Host-genkan=" + value} }

func TestPersonIsFound(t *testing.T) {
	t.Parallel()
	g := newHouse(t)
	door := newDoor(t, whois.Config{URL: g.URL + "/"})
	var got whois.Person
	seen := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got, _ = whois.From(r.Context()) })
	for _, headers := range [][]string{cookie(secret), {"Cookie", "genkan=" + secret}, {"Authorization", "Bearer " + secret}} {
		got = whois.Person{}
		res := visit(door.Require(seen), "GET", "/x", append(headers, "X-Canary", "1", "User-Agent", "canary")...)
		if res.StatusCode != 200 || res.Header.Get("Cache-Control") != "no-store" {
			t.Fatalf("%q: %d", headers, res.StatusCode)
		}
		if got.Account != "01a2037b-56fe-71d9-a68e-d7b3411eb9b2" || got.Email != "taro@example.jp" || got.Locale != "ja" || got.Session.ID != "01a2037b-0000" ||
			!got.Session.ProvenAt.Equal(time.Date(2026, 11, 22, 5, 6, 0, 0, time.UTC)) || got.Hold == nil || got.Hold.Reason != "recovered" {
			t.Errorf("%q: %+v", headers, got)
		}
		// Genkan gets what proves the session and nothing else of the visitor's.
		if asked := g.seen.Load(); asked.Header.Get("X-Canary") != "" || strings.Contains(asked.Header.Get("Cookie"), "theme") || asked.UserAgent() == "canary" {
			t.Errorf("Genkan was sent %v", asked.Header)
		}
	}
}

func TestNobody(t *testing.T) {
	t.Parallel()
	g := newHouse(t)
	for _, c := range []struct {
		self, method, mode, accept string
		status                     int
		to                         string
	}{
		{"", "GET", "navigate", "", 303, "/signin?return_to=%2Fa%2Fb%3Fc%3Dd%26e%3Df"},
		{"https://app.example.jp", "GET", "navigate", "", 303, "/signin?return_to=https%3A%2F%2Fapp.example.jp%2Fa%2Fb%3Fc%3Dd%26e%3Df"},
		{"", "GET", "", "text/html", 303, "/signin?return_to=%2Fa%2Fb%3Fc%3Dd%26e%3Df"},
		{"", "POST", "navigate", "text/html", 303, "/signin"},
		{"", "POST", "", "text/html", 401, ""},
		{"", "GET", "cors", "text/html", 401, ""},
		{"", "GET", "", "", 401, ""},
	} {
		door := newDoor(t, whois.Config{URL: g.URL, Self: c.self})
		for _, value := range []string{"", "x", secret + "x"} {
			res := visit(door.Require(hello), c.method, "http://evil.example/a/b?c=d&e=f", append(cookie(value), "Sec-Fetch-Mode", c.mode, "Accept", c.accept)...)
			if res.StatusCode != c.status || res.Header.Get("Location") != c.to || (res.Header.Get("WWW-Authenticate") != "") != (c.status == 401) {
				t.Errorf("%+v: %d %q", c, res.StatusCode, res.Header.Get("Location"))
			}
		}
	}
	door := newDoor(t, whois.Config{URL: g.URL})
	before := g.asked.Load()
	for _, headers := range [][]string{nil, {"Cookie", "theme=dark"}, {"Authorization", "Basic " + secret}, {"Remote-User", "admin"}} {
		if res := visit(door.Know(hello), "GET", "/", headers...); res.StatusCode != 200 || body(res) != "hello nobody" {
			t.Errorf("%q: %d", headers, res.StatusCode)
		}
		if res := visit(door.Require(hello), "GET", "/", headers...); res.StatusCode != 401 {
			t.Errorf("%q: %d", headers, res.StatusCode)
		}
	}
	if g.asked.Load() != before {
		t.Error("Genkan was asked about visitors who show nothing")
	}
}

// Two of a kind are for Genkan to judge, or are nobody: never the first of them.
func TestTwoOfAKindIsNobody(t *testing.T) {
	t.Parallel()
	g := newHouse(t)
	door := newDoor(t, whois.Config{URL: g.URL})
	for _, headers := range [][]string{
		{"Cookie", "__Host-genkan=" + secret + "; __Host-genkan=x"},
		{"Cookie", "__Host-genkan=" + secret, "Cookie", "__Host-genkan=" + secret},
		{"Cookie", "__Host-genkan=x; genkan=" + secret},
		{"Authorization", "Bearer " + secret, "Authorization", "Bearer x"},
	} {
		if res := visit(door.Require(hello), "GET", "/", headers...); res.StatusCode != 401 {
			t.Errorf("%q: %d", headers, res.StatusCode)
		}
	}
}

// FA3: nobody is let in while Genkan cannot say who it is.
func TestFailsClosed(t *testing.T) {
	t.Parallel()
	g := newHouse(t)
	door := newDoor(t, whois.Config{URL: g.URL, Client: &http.Client{Timeout: 200 * time.Millisecond}})
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, answer)
	}))
	defer elsewhere.Close()
	released := make(chan struct{})
	defer close(released)
	say := func(status int, kind, text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", kind)
			w.WriteHeader(status)
			fmt.Fprint(w, text)
		}
	}
	for name, f := range map[string]http.HandlerFunc{
		"503":         say(503, "application/problem+json", `{}`),
		"500":         say(500, "text/plain", ""),
		"403":         say(403, "application/json", answer),
		"404":         say(404, "text/html", "<p>not here"),
		"429":         say(429, "application/json", answer),
		"204":         say(204, "application/json", ""),
		"206":         say(206, "application/json", answer),
		"other kind":  say(200, "text/html", answer),
		"no kind":     say(200, "", answer),
		"empty":       say(200, "application/json", ""),
		"null":        say(200, "application/json", "null"),
		"no account":  say(200, "application/json", `{"session":{"id":"x"}}`),
		"no session":  say(200, "application/json", `{"account":"x"}`),
		"broken":      say(200, "application/json", answer[:len(answer)-2]),
		"two answers": say(200, "application/json", answer+answer),
		"wrong types": say(200, "application/json", `{"account":1,"session":{"id":"x"}}`),
		"endless":     say(200, "application/json", `{"account":"`+strings.Repeat("x", 1<<20)),
		"led away":    func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere.URL, http.StatusFound) },
		"cut off":     func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"hangs":       func(_ http.ResponseWriter, r *http.Request) { wait(r, released) },
		"length wrong": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "9999")
			fmt.Fprint(w, answer)
		},
	} {
		g.fail.Store(&f)
		for _, h := range []http.Handler{door.Require(hello), door.Know(hello)} {
			res := visit(h, "GET", "/", append(cookie(secret), "Sec-Fetch-Mode", "navigate")...)
			if res.StatusCode != 503 || res.Header.Get("Retry-After") == "" {
				t.Errorf("%s: %d", name, res.StatusCode)
			}
		}
	}
	g.fail.Store(nil)
	if res := visit(door.Require(hello), "GET", "/", cookie(secret)...); res.StatusCode != 200 {
		t.Errorf("after all that: %d", res.StatusCode)
	}
	g.Close()
	if res := visit(newDoor(t, whois.Config{URL: g.URL}).Require(hello), "GET", "/", cookie(secret)...); res.StatusCode != 503 {
		t.Errorf("gone: %d", res.StatusCode)
	}
}

func wait(r *http.Request, released chan struct{}) {
	select {
	case <-released:
	case <-r.Context().Done():
	}
}

// SE4: an ended session is out within the time that answers are believed.
func TestEndIsSeen(t *testing.T) {
	t.Parallel()
	g, now := newHouse(t), &clock{}
	now.Advance(time.Hour)
	door := newDoor(t, whois.Config{URL: g.URL, Now: now.Now})
	status := func() int { return visit(door.Require(hello), "GET", "/", cookie(secret)...).StatusCode }
	for range 10 {
		if status() != 200 {
			t.Fatal("not in")
		}
	}
	if n := g.asked.Load(); n != 1 {
		t.Errorf("asked %d times", n)
	}
	g.ended.Store(true)
	now.Advance(199 * time.Millisecond)
	if status() != 200 {
		t.Error("not believed for as long as promised")
	}
	now.Advance(time.Millisecond)
	if status() != 401 {
		t.Error("believed for longer than promised")
	}
	g.ended.Store(false)
	if status() != 200 {
		t.Error("a no was kept")
	}
	g.ended.Store(true)
	now.Advance(-time.Minute) // a corrected clock
	if status() != 401 {
		t.Error("a clock turned back lets an ended session in")
	}
}

func TestAnswersAreNotMixedUp(t *testing.T) {
	t.Parallel()
	g := newHouse(t)
	f := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		_, who, _ := strings.Cut(r.Header.Get("Cookie"), "=")
		fmt.Fprintf(w, `{"account":%q,"session":{"id":"x"}}`, who)
	})
	g.fail.Store(&f)
	door := newDoor(t, whois.Config{URL: g.URL, Remember: time.Second})
	var all sync.WaitGroup
	for n := range 8 {
		all.Go(func() {
			who := fmt.Sprint("person", n)
			for range 50 {
				var got whois.Person
				h := door.Require(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got, _ = whois.From(r.Context()) }))
				visit(h, "GET", "/", cookie(who)...)
				if got.Account != who {
					t.Errorf("%s is taken for %q", who, got.Account)
				}
			}
		})
	}
	all.Wait()
}

func TestSettings(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]whois.Config{
		"nothing":       {},
		"both":          {URL: "http://127.0.0.1:8080", Proxies: loopback},
		"no scheme":     {URL: "127.0.0.1:8080"},
		"path":          {URL: "http://127.0.0.1:8080/api"},
		"user":          {URL: "http://a:b@127.0.0.1:8080"},
		"other scheme":  {URL: "ftp://127.0.0.1"},
		"long memory":   {URL: "http://127.0.0.1:8080", Remember: time.Second + 1},
		"self, no host": {URL: "http://127.0.0.1:8080", Self: "app.example.jp"},
		"self, path":    {URL: "http://127.0.0.1:8080", Self: "https://app.example.jp/x"},
	} {
		if _, err := whois.New(c); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}
