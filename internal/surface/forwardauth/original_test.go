package forwardauth

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/genkan/genkan/internal/testkit"
)

// page is what a browser says when a person waits for a page.
func page(from string, more ...string) *http.Request {
	return ask(from, "GET", "", append([]string{"Sec-Fetch-Mode", "navigate", "Accept", "text/html,*/*;q=0.8"}, more...)...)
}

func caddy(uri string, more ...string) *http.Request {
	return page(proxy, append([]string{"X-Forwarded-Proto", "https", "X-Forwarded-Host", "example.jp", "X-Forwarded-Method", "GET",
		"X-Forwarded-For", "192.0.2.7", "X-Forwarded-Uri", uri}, more...)...)
}

func nginx(whole string, more ...string) *http.Request {
	return page(proxy, append([]string{"X-Original-URL", whole, "X-Original-Method", "GET", "X-Forwarded-For", "192.0.2.7"}, more...)...)
}

func with(r *http.Request, name, value string) *http.Request {
	r.Header.Set(name, value)
	return r
}

// back gives the return target that an answer carries.
func back(t *testing.T, res *http.Response) string {
	t.Helper()
	u, err := url.Parse(res.Header.Get("Location"))
	if err != nil || u.Scheme+"://"+u.Host+u.Path != origin+"/signin" {
		t.Fatalf("leads to %q", res.Header.Get("Location"))
	}
	return u.Query().Get("return_to")
}

func TestWayToSignIn(t *testing.T) {
	t.Parallel()
	h := newHouse(t, testkit.SQLite(t, migrate), "taro@example.jp")
	for name, c := range map[string]struct {
		r      *http.Request
		status int
		back   string
	}{
		"caddy, page":             {caddy("/a/b?c=d&e=f"), 302, "/a/b?c=d&e=f"},
		"caddy, port named":       {with(caddy("/a"), "X-Forwarded-Host", "EXAMPLE.jp:443"), 302, "/a"},
		"caddy, other origin":     {with(caddy("/a?b"), "X-Forwarded-Host", "app.example.jp"), 302, "https://app.example.jp/a?b"},
		"caddy, other by http":    {with(with(caddy("/a"), "X-Forwarded-Host", "app.example.jp"), "X-Forwarded-Proto", "http"), 302, ""},
		"caddy, stranger's":       {with(caddy("/a"), "X-Forwarded-Host", "evil.example"), 302, ""},
		"caddy, name with a dot":  {with(caddy("/a"), "X-Forwarded-Host", "example.jp."), 302, ""},
		"caddy, no host":          {page(proxy, "X-Forwarded-Uri", "/a"), 302, ""},
		"caddy, script":           {with(caddy("/a"), "Sec-Fetch-Mode", "cors"), 401, ""},
		"caddy, picture":          {with(caddy("/a"), "Sec-Fetch-Mode", "no-cors"), 401, ""},
		"caddy, posted form":      {with(caddy("/a"), "X-Forwarded-Method", "POST"), 302, ""},
		"caddy, websocket":        {with(with(caddy("/a"), "Sec-Fetch-Mode", "websocket"), "X-Forwarded-Proto", "wss"), 401, ""},
		"nginx, page":             {nginx("https://example.jp/a/b?c=d"), 401, "/a/b?c=d"},
		"nginx, bare host":        {nginx("https://example.jp"), 401, "/"},
		"nginx, other origin":     {nginx("https://app.example.jp/x"), 401, "https://app.example.jp/x"},
		"nginx, stranger's":       {nginx("https://evil.example/x"), 401, ""},
		"nginx, post":             {with(nginx("https://example.jp/a"), "X-Original-Method", "POST"), 401, ""},
		"nothing said":            {page(proxy), 401, ""},
		"not from a proxy":        {with(caddy("/a"), "X-Test", "1"), 401, ""}, // RemoteAddr set below
		"old browser, GET":        {oldBrowser(caddy("/a"), "text/html,application/xml"), 302, "/a"},
		"old browser, script":     {oldBrowser(caddy("/a"), "application/json"), 401, ""},
		"old browser, posted":     {oldBrowser(with(caddy("/a"), "X-Forwarded-Method", "POST"), "text/html"), 401, ""},
		"program without headers": {oldBrowser(caddy("/a"), ""), 401, ""},
	} {
		if name == "not from a proxy" {
			c.r.RemoteAddr = stranger
		}
		res := h.answer(c.r)
		if want(t, res, c.status); t.Failed() {
			t.Fatal(name)
		}
		if got := back(t, res); got != c.back {
			t.Errorf("%s: back to %q, want %q", name, got, c.back)
		}
		if challenge := res.Header.Get("WWW-Authenticate"); (challenge != "") != (c.status == 401) {
			t.Errorf("%s: challenge %q", name, challenge)
		}
	}
}

func oldBrowser(r *http.Request, accept string) *http.Request {
	r.Header.Del("Sec-Fetch-Mode")
	r.Header.Set("Accept", accept)
	return r
}

// WB3: 60 forms, none of which leads away.
func TestNoWayToStrangers(t *testing.T) {
	t.Parallel()
	h := newHouse(t, testkit.SQLite(t, migrate), "taro@example.jp")
	for _, uri := range []string{
		"//evil.example", "///evil.example", "////evil.example/%2e%2e", "/\\evil.example", "/\\/evil.example", "/a\\..\\..\\evil.example",
		"//evil.example@example.jp", "//example.jp@evil.example", "//example.jp.evil.example", "//%65vil.example", "//evil.example:443/",
		"//[::1]/", "//127.0.0.1/", "//evil%E3%80%82example", "//evil。example", "/日本", "/é", "/\u00a0", "/\u2028", "/\ufeff/evil.example",
	} {
		for _, r := range []*http.Request{caddy(uri), nginx("https://example.jp" + uri), nginx("https://app.example.jp" + uri)} {
			res := h.answer(r)
			if res.StatusCode != 302 && res.StatusCode != 401 {
				t.Errorf("%q: status %d", uri, res.StatusCode)
			}
			got := back(t, res)
			u, err := url.Parse(got)
			if err != nil || u.Host != "" && u.Host != "app.example.jp" || u.User != nil || u.Host == "" && strings.HasPrefix(got, "//") || strings.Contains(got, `\`) {
				t.Errorf("%q leads to %q", uri, got)
			}
		}
	}
}

// FA4: no spelling of a host or path changes who is let in.
func TestSpellingOpensNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t, testkit.SQLite(t, migrate), "taro@example.jp")
	for _, uri := range []string{
		"/", "/public", "/static/../admin", "/static/%2e%2e/admin", "/static/%2E%2E%2Fadmin", "/static/..%2fadmin", "/static/..;/admin",
		"//admin", "/./admin", "/admin/.", "/admin/", "/ADMIN", "/admin%00", "/admin%0a", "/admin?static", "/admin?/static/", "/admin#/static",
		"/admin;/static", "/%61dmin", "/%2561dmin", "/forward-auth", "/signin", "/healthz", "/static/\\..\\admin", "/api/v1/../../admin",
		"/admin.css", "/admin/x.css", "/favicon.ico", "/.well-known/../admin",
	} {
		for _, host := range []string{"example.jp", "EXAMPLE.JP", "example.jp.", "app.example.jp", "localhost", "127.0.0.1", "[::1]:8080"} {
			for _, method := range []string{"GET", "HEAD", "OPTIONS", "CONNECT", "TRACE"} {
				for secret, status := range map[string]int{h.secret: 200, "": 401} {
					r := ask(proxy, method, secret, "X-Forwarded-Proto", "https", "X-Forwarded-Host", host, "X-Forwarded-Uri", uri,
						"X-Forwarded-Method", method, "User-Agent", "kube-probe/1.0", "Upgrade", "websocket")
					if res := h.answer(r); res.StatusCode != status {
						t.Fatalf("%s %s%s: %d, want %d", method, host, uri, res.StatusCode, status)
					}
				}
			}
		}
	}
}

// malformedHeaders are refused from a listed proxy and not read from others (FA2).
func malformedHeaders() [][]string {
	var all [][]string
	for name, values := range map[string][]string{
		"X-Forwarded-Proto": {"", " ", "https,http", "https, https", "HTTPS", "javascript", "file", "ftp", "https:", "https://", "http\x00", "https\r\n", "データ"},
		"X-Forwarded-Host": {"", " ", "a.jp,b.jp", "a.jp, b.jp", "a.jp b.jp", "user@a.jp", "a.jp/x", "a.jp?x", "a.jp#x", "a.jp\\x", "a%2ejp", "a.jp:", "a.jp:x",
			"a.jp:123456", "a.jp:80:80", "[::1", "::1", "[::1]x", "[fe80::1%eth0]", "a.jp\n", "a.jp\x00", "a.jp\x7f", "日本.jp", ":443", strings.Repeat("a", 300)},
		"X-Forwarded-Uri": {"", " ", "*", "a", "?a", "https://a.jp/", "javascript:x", "/a b", "/a\tb", "/a\r\nSet-Cookie: x", "/\x00", "/\x7f", " /a",
			"/" + strings.Repeat("a", 17<<10)},
		"X-Forwarded-Method": {"", " ", "GET,POST", "GET POST", "GET\r\n", strings.Repeat("A", 33), "ＧＥＴ"},
		"X-Original-Method":  {"", "GET, GET", "GE\x00T"},
		"X-Original-URL": {"", "/a", "//example.jp/a", "example.jp/a", "https:/example.jp/", "https://", "https:///a", "https://u@example.jp/", "ftp://example.jp/",
			"javascript://example.jp/%0aalert(1)", "https://example.jp/a b", "https://a,b/", "https://example.jp?x", "https://example.jp\\@evil.example/"},
		"X-Forwarded-For": {"x", "192.0.2.1,", "192.0.2.1,,10.0.0.2", "192.0.2.1;192.0.2.2", "192.0.2.1:80", "fe80::1%eth0", "192.0.2", "\"192.0.2.1\"", "unknown", ",", "192.0.2.1\r\n, x"},
	} {
		for _, v := range values {
			all = append(all, []string{name, v})
		}
	}
	for name, v := range map[string]string{"X-Forwarded-Proto": "https", "X-Forwarded-Host": "example.jp", "X-Forwarded-Uri": "/", "X-Forwarded-Method": "GET",
		"X-Original-URL": "https://example.jp/", "X-Original-Method": "GET", "Authorization": "Bearer x"} {
		all = append(all, []string{name, v, name, v}) // twice, even the same
	}
	return append(all,
		[]string{"X-Forwarded-Uri", "/a", "X-Original-URL", "https://example.jp/a"},
		[]string{"X-Forwarded-Method", "GET", "X-Original-Method", "GET"})
}

func TestMalformedIsRefused(t *testing.T) {
	t.Parallel()
	h := newHouse(t, testkit.SQLite(t, migrate), "taro@example.jp")
	cases := malformedHeaders()
	if len(cases) < 60 {
		t.Fatalf("only %d", len(cases))
	}
	for _, headers := range cases {
		for _, secret := range []string{h.secret, ""} {
			if res := h.answer(ask(proxy, "GET", secret, headers...)); res.StatusCode != http.StatusForbidden {
				t.Errorf("%q: status %d", headers, res.StatusCode)
			} else if want(t, res, 403); res.Header.Get("Location") != "" {
				t.Errorf("%q: leads on", headers)
			}
		}
		if headers[0] == "Authorization" {
			continue
		}
		if res := h.answer(ask(stranger, "GET", h.secret, headers...)); res.StatusCode != http.StatusOK {
			t.Errorf("%q from no proxy: status %d", headers, res.StatusCode)
		}
	}
}

// Nothing that is sent comes back, but for an allowed target.
func TestNothingIsEchoed(t *testing.T) {
	t.Parallel()
	h := newHouse(t, testkit.SQLite(t, migrate), "taro@example.jp")
	for _, secret := range []string{h.secret, ""} {
		r := with(caddy("/a"), "X-Forwarded-Host", "canary.example")
		r.Header.Set("Remote-User", "canary")
		r.Header.Set("Remote-Hold", "canary")
		r.Header.Set("User-Agent", "canary")
		if secret != "" {
			r.Header.Set("Cookie", "canary=canary; __Host-genkan="+secret)
		}
		for name, values := range h.answer(r).Header {
			if strings.Contains(strings.Join(values, "\n"), "canary") {
				t.Errorf("%s: %q", name, values)
			}
		}
	}
}

func FuzzTarget(f *testing.F) {
	f.Add("https", "example.jp", "/a", "https://example.jp/a")
	f.Add("http", "[::1]:80", "//evil.example", "")
	keys := newKit(testkit.NewClock(), nil, nil)
	h := New(Config{Kit: keys})
	f.Fuzz(func(t *testing.T, proto, host, uri, whole string) {
		header := http.Header{}
		for name, v := range map[string]string{"X-Forwarded-Proto": proto, "X-Forwarded-Host": host, "X-Forwarded-Uri": uri, "X-Original-Url": whole} {
			if v != "" {
				header[name] = []string{v}
			}
		}
		was, err := read(header)
		if err != nil {
			return
		}
		got := h.Kit.Target(was.target(h.host))
		if u, err := url.Parse(got); err != nil || u.Host != "" && u.Scheme+"://"+u.Host != "https://app.example.jp" && u.Scheme+"://"+u.Host != origin {
			t.Errorf("leads to %q", got)
		}
	})
}
