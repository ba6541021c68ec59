package proxy

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/genkan/genkan/internal/domain/session"
	"github.com/genkan/genkan/internal/platform/db"
)

// get asks over HTTP/2; headers are name, value…
func (s *stage) get(c *http.Client, method, path string, headers ...string) (*http.Response, string) {
	s.t.Helper()
	r, err := http.NewRequest(method, "https://"+s.origin()+path, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	res, err := c.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return res, string(body)
}

func TestSignedInReachTheApplication(t *testing.T) {
	each(t, func(t *testing.T, p proxyKind) {
		s := newStage(t, p, nil)
		c := s.client()
		for _, method := range []string{"GET", "HEAD", "OPTIONS", "POST", "DELETE"} {
			res, body := s.get(c, method, "/a/b?c=d", "Cookie", s.cookie())
			if res.StatusCode != 200 || res.Header.Get("X-App") != "yes" {
				t.Errorf("%s: %d %q", method, res.StatusCode, body)
			}
			if want := fmt.Sprintf("app %s /a/b?c=d for %s,", method, s.account); method != "HEAD" && !strings.HasPrefix(body, want) {
				t.Errorf("%s: %q, want %q", method, body, want)
			}
		}
		bearer, _ := s.get(c, "GET", "/x", "Authorization", "Bearer "+s.secret)
		if bearer.StatusCode != 200 {
			t.Errorf("bearer: %d", bearer.StatusCode)
		}
		res, body := s.get(c, "GET", "/own-401", "Cookie", s.cookie(), "Sec-Fetch-Mode", "navigate")
		if res.StatusCode != 401 || res.Header.Get("Location") != "" {
			t.Errorf("the application's own 401 became %d %q", res.StatusCode, body)
		}
		if res, _ := s.get(c, "GET", "/own-500", "Cookie", s.cookie()); res.StatusCode != 500 {
			t.Errorf("the application's own 500 became %d", res.StatusCode)
		}
	})
}

func TestHoldArrives(t *testing.T) {
	each(t, func(t *testing.T, p proxyKind) {
		s := newStage(t, p, nil)
		until := time.Now().Add(time.Hour).UTC().Truncate(time.Second)
		err := s.db.Tx(context.Background(), func(tx *db.Tx) error {
			if err := s.book.Hold(context.Background(), tx, s.account, until, "recovered"); err != nil {
				return err
			}
			return s.desk.Changed(context.Background(), tx, s.account)
		})
		if err != nil {
			t.Fatal(err)
		}
		s.get(s.client(), "GET", "/x", "Cookie", s.cookie(), "Remote-Hold", lie)
		if got := field(s.app.one(t), "Remote-Hold"); !slices.Equal(got, []string{until.Format(time.RFC3339)}) {
			t.Errorf("hold %q", got)
		}
	})
}

func TestNobodyIsLedToSignIn(t *testing.T) {
	each(t, func(t *testing.T, p proxyKind) {
		s := newStage(t, p, nil)
		c := s.client()
		for _, k := range []struct {
			name, method, mode, accept string
			status                     int
			back                       string
		}{
			{"page", "GET", "navigate", "text/html", 302, "/a/b?c=d&e=%2f"},
			{"old browser", "GET", "", "text/html,*/*", 302, "/a/b?c=d&e=%2f"},
			{"HEAD", "HEAD", "", "text/html", 302, "/a/b?c=d&e=%2f"},
			{"posted form", "POST", "navigate", "text/html", 302, ""},
			{"script", "GET", "cors", "*/*", 401, ""},
			{"preflight", "OPTIONS", "cors", "*/*", 401, ""},
			{"program", "GET", "", "", 401, ""},
		} {
			res, body := s.get(c, k.method, "/a/b?c=d&e=%2f", "Sec-Fetch-Mode", k.mode, "Accept", k.accept)
			if res.StatusCode != k.status {
				t.Errorf("%s: %d %q, want %d", k.name, res.StatusCode, body, k.status)
				continue
			}
			if k.status == 401 {
				if res.Header.Get("WWW-Authenticate") == "" {
					t.Errorf("%s: 401 without a challenge", k.name)
				}
				continue
			}
			to, err := url.Parse(res.Header.Get("Location"))
			if err != nil || to.Scheme+"://"+to.Host+to.Path != "https://"+s.origin()+"/signin" || to.Query().Get("return_to") != k.back {
				t.Errorf("%s: leads to %q", k.name, res.Header.Get("Location"))
			}
		}
		if got := s.app.take(); len(got) > 0 {
			t.Errorf("the application was reached: %q", got)
		}
	})
}

// What clients say about where they come from is neither believed nor passed on.
func TestForwardedHeadersAreOurs(t *testing.T) {
	each(t, func(t *testing.T, p proxyKind) {
		s := newStage(t, p, nil)
		c := s.client()
		lies := []string{
			"X-Forwarded-For", "198.51.100.9", "X-Forwarded-For", "not an address", "X-Forwarded-Host", "evil.example", "X-Forwarded-Host", "a,b",
			"X-Forwarded-Proto", "javascript", "X-Forwarded-Uri", "//evil.example", "X-Forwarded-Method", "DE LETE", "X-Original-URL", "https://evil.example/",
			"X-Original-Method", "POST", "Forwarded", "for=198.51.100.9;host=evil.example", "X-Real-IP", "198.51.100.9", "X-Forwarded-Port", "1",
		}
		s.get(c, "GET", "/x", append(lies, "Cookie", s.cookie())...)
		raw := s.app.one(t)
		for name, want := range map[string][]string{
			"X-Forwarded-For": {"127.0.0.1"}, "X-Forwarded-Proto": {"https"}, "X-Forwarded-Host": {s.origin()}, "Host": {s.origin()},
			"X-Forwarded-Uri": nil, "X-Forwarded-Method": nil, "X-Original-URL": nil, "X-Original-Method": nil, "Forwarded": nil, "X-Real-IP": nil, "X-Forwarded-Port": nil,
		} {
			if got := field(raw, name); !slices.Equal(got, want) {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		}
		res, _ := s.get(c, "GET", "/x", append(lies, "Sec-Fetch-Mode", "navigate")...)
		if want := "https://" + s.origin() + "/signin?return_to=%2Fx"; res.Header.Get("Location") != want {
			t.Errorf("%d to %q, want %q", res.StatusCode, res.Header.Get("Location"), want)
		}
		res, _ = s.get(c, "GET", "/signin", lies...)
		if got, want := res.Header.Get("X-Seen"), s.origin()+" 127.0.0.1 https"; got != want {
			t.Errorf("Genkan sees %q, want %q", got, want)
		}
	})
}

func TestGenkansOwnPathsNeedNoSession(t *testing.T) {
	each(t, func(t *testing.T, p proxyKind) {
		s := newStage(t, p, nil)
		c := s.client()
		for _, path := range []string{"/signin", "/signin/x", "/signout", "/register", "/register/x", "/recover", "/account", "/account/sessions", "/link", "/l/abc",
			"/help", "/help/x", "/status", "/support", "/static/x.css", "/api/v1/session", "/.well-known/change-password"} {
			if res, body := s.get(c, "GET", path); res.StatusCode != 200 || body != "genkan "+path {
				t.Errorf("%s: %d %q", path, res.StatusCode, body)
			}
		}
		// Names that only begin alike are the application's, and need a session; so
		// do the paths that only Genkan's operator asks. (Caddy compares without case, so
		// /SIGNIN is Genkan's there: it answers 404 itself.)
		for _, path := range []string{"/signinx", "/helpers", "/api/v10", "/api/v1x", "/staticx/", "/healthz", "/readyz", "/.well-known/x", "/metrics"} {
			if res, body := s.get(c, "GET", path); res.StatusCode != 401 {
				t.Errorf("%s: %d %q", path, res.StatusCode, body)
			}
		}
		for _, path := range []string{"/forward-auth", "/forward-auth?x", "/%66orward-auth", "/x/../forward-auth"} {
			if res, body := s.get(c, "GET", path, "Cookie", s.cookie()); res.Header.Get("Remote-User") != "" || strings.HasPrefix(body, "genkan") {
				t.Errorf("%s is answered from outside: %d %q", path, res.StatusCode, body)
			}
		}
	})
}

// FA4: no spelling of a path reaches the application without a session.
func TestNoPathOpensTheApplication(t *testing.T) {
	each(t, func(t *testing.T, p proxyKind) {
		s := newStage(t, p, nil)
		for _, path := range []string{
			"/static/../admin", "/static/%2e%2e/admin", "/static/%2E%2E%2Fadmin", "/static/..%2fadmin", "/static/..;/admin", "/static//../admin", "/static/./../admin",
			"//admin", "//static/../admin", "/./admin", "/signin/../admin", "/signin/..%5cadmin", "/signin/..\\admin", "/api/v1/../../admin", "/api/v1/%2e%2e/%2e%2e/admin",
			"/l/../admin", "/.well-known/change-password/../../admin", "/admin?/static/", "/admin;/static/x", "/admin%00", "/admin%0d%0a", "/admin/.css", "/admin#/static",
			"/forward-auth/../admin", "/%2e/admin", "/admin.", "/admin/", "/ADMIN", "/%61dmin", "/static%2f..%2fadmin", "/static\\..\\admin", "*", "http://" + host + "/admin",
			"http://evil.example/static/../admin", "https://" + host + "/static/../admin",
		} {
			for _, line := range []string{"GET %s HTTP/1.1", "GET %s HTTP/1.0", "HEAD %s HTTP/1.1", "OPTIONS %s HTTP/1.1", "POST %s HTTP/1.1", "TRACE %s HTTP/1.1",
				"CONNECT %s HTTP/1.1", "get %s HTTP/1.1"} {
				line = fmt.Sprintf(line, path)
				err := s.send(line + "\r\nHost: " + host + "\r\nConnection: close\r\nUser-Agent: kube-probe/1\r\n\r\n")
				if got := s.app.take(); err != nil || len(got) > 0 {
					t.Errorf("%s: %v, the application got %q", line, err, got)
				}
			}
		}
	})
}

func TestWebSocket(t *testing.T) {
	each(t, func(t *testing.T, p proxyKind) {
		s := newStage(t, p, nil)
		open := func(cookie string) (*http.Response, string) {
			conn, err := s.dial()
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			conn.SetDeadline(time.Now().Add(20 * time.Second))
			fmt.Fprintf(conn, "GET /ws HTTP/1.1\r\nHost: %s\r\n%sConnection: Upgrade\r\nUpgrade: websocket\r\n"+
				"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n", host, cookie)
			in := bufio.NewReader(conn)
			res, err := http.ReadResponse(in, nil)
			if err != nil {
				t.Fatal(err)
			}
			if res.StatusCode != http.StatusSwitchingProtocols {
				return res, ""
			}
			fmt.Fprint(conn, "hello\n")
			line, err := in.ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			return res, line
		}
		if res, line := open("Cookie: " + s.cookie() + "\r\n"); line != "echo hello\n" {
			t.Errorf("%d %q", res.StatusCode, line)
		} else if raw := s.app.one(t); !s.isOurs(strings.Join(identity(raw), "\n")) {
			t.Errorf("arrived as %q", raw)
		}
		if res, _ := open(""); res.StatusCode != http.StatusUnauthorized {
			t.Errorf("nobody: %d", res.StatusCode)
		}
		if got := s.app.take(); len(got) > 0 {
			t.Errorf("the application was reached by nobody: %q", got)
		}
	})
}

// SE4: ending a session closes the application at once.
func TestEndedSession(t *testing.T) {
	each(t, func(t *testing.T, p proxyKind) {
		s := newStage(t, p, nil)
		c := s.client()
		if res, _ := s.get(c, "GET", "/x", "Cookie", s.cookie()); res.StatusCode != 200 {
			t.Fatal(res.StatusCode)
		}
		err := s.db.Tx(context.Background(), func(tx *db.Tx) error {
			_, err := s.desk.EndAll(context.Background(), tx, s.account, "", session.EndedByUser)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if res, _ := s.get(c, "GET", "/x", "Cookie", s.cookie()); res.StatusCode != 401 {
			t.Error(res.StatusCode)
		}
	})
}

// FA3: without Genkan's yes nobody gets through, whatever happens to Genkan.
func TestGenkanDown(t *testing.T) {
	each(t, func(t *testing.T, p proxyKind) {
		s := newStage(t, p, nil)
		c := s.client()
		set := func(h http.HandlerFunc) { handler := http.Handler(h); s.genkan.Store(&handler) }
		hung := make(chan struct{})
		defer close(hung)
		faults := []struct {
			name string
			do   func()
		}{
			{"panics", func() { set(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }) }},
			{"says 503", func() { set(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) }) }},
			{"says 500", func() { set(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }) }},
			{"says 403", func() { set(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(403) }) }},
			{"says 429", func() { set(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(429) }) }},
			{"moves", func() {
				set(func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/x", http.StatusTemporaryRedirect) })
			}},
			{"hangs", func() {
				set(func(_ http.ResponseWriter, r *http.Request) {
					select {
					case <-hung:
					case <-r.Context().Done():
					}
				})
			}},
			{"database gone", func() { s.genkan.Store(&s.real); s.forget(); s.db.Close() }},
			{"is gone", func() { s.server.Close() }},
		}
		for _, f := range faults {
			f.do()
			for _, cookie := range []string{s.cookie(), "__Host-genkan=" + strings.Repeat("A", 43)} {
				res, body := s.get(c, "GET", "/x", "Cookie", cookie, "Sec-Fetch-Mode", "navigate")
				if res.StatusCode < 300 || strings.HasPrefix(body, "app") {
					t.Errorf("%s: %d %q", f.name, res.StatusCode, body)
				}
				if (f.name == "hangs" || f.name == "is gone" || f.name == "database gone") && res.StatusCode < 500 {
					t.Errorf("%s: %d", f.name, res.StatusCode)
				}
			}
			if got := s.app.take(); len(got) > 0 {
				t.Errorf("%s: the application was reached: %q", f.name, got)
			}
		}
	})
}
