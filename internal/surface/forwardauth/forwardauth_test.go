package forwardauth

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/genkan/genkan/internal/domain/account"
	"github.com/genkan/genkan/internal/domain/session"
	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/testkit"
)

func TestSessionIsTold(t *testing.T) {
	t.Parallel()
	testkit.Engines(t, migrate, func(t *testing.T, url string) {
		h := newHouse(t, url, "taro@example.jp")
		for _, method := range []string{"GET", "HEAD", "OPTIONS", "POST", "PROPFIND"} {
			for _, from := range []string{proxy, stranger} {
				res := h.answer(ask(from, method, h.secret))
				want(t, res, 200)
				if res.Header.Get("Remote-User") != h.account || res.Header.Get("Remote-Email") != "taro@example.jp" {
					t.Errorf("%s: told %v", method, res.Header)
				}
				wantEmpty(t, res, "Remote-Groups", "Remote-Hold")
			}
		}
		bearer := ask(proxy, "GET", "", "Authorization", "Bearer "+h.secret)
		want(t, h.answer(bearer), 200)
	})
}

func TestOnlyWhatIsSwitchedOnIsTold(t *testing.T) {
	t.Parallel()
	h := newHouse(t, testkit.SQLite(t, migrate), "taro@example.jp")
	h.handler = New(Config{Kit: h.kit})
	res := h.answer(ask(proxy, "GET", h.secret))
	want(t, res, 200)
	wantEmpty(t, res, "Remote-Email", "Remote-Groups", "Remote-Hold")
}

// wantEmpty checks that headers are answered, once, and tell nothing.
func wantEmpty(t *testing.T, res *http.Response, names ...string) {
	t.Helper()
	for _, name := range names {
		if v := res.Header[name]; len(v) != 1 || v[0] != "" {
			t.Errorf("%s: %q", name, v)
		}
	}
}

func TestHoldIsToldWhileItRuns(t *testing.T) {
	t.Parallel()
	h := newHouse(t, testkit.SQLite(t, migrate), "taro@example.jp")
	until := h.clock.Now().Add(30*time.Minute - time.Millisecond)
	h.tx(func(tx *db.Tx) error {
		if err := h.book.Hold(context.Background(), tx, h.account, until, "recovered"); err != nil {
			return err
		}
		return h.kit.Sessions.Changed(context.Background(), tx, h.account)
	})
	if got := h.answer(ask(proxy, "GET", h.secret)).Header.Get("Remote-Hold"); got != "2026-11-22T05:35:00Z" {
		t.Errorf("hold %q", got)
	}
	h.clock.Advance(30 * time.Minute)
	wantEmpty(t, h.answer(ask(proxy, "GET", h.secret)), "Remote-Hold")
}

// An address beyond ASCII must be told so that nobody can register the form in
// which another's is told.
func TestEmailIsASCIIAndUnambiguous(t *testing.T) {
	t.Parallel()
	for address, told := range map[string]string{
		"taro@example.jp":             "taro@example.jp",
		"!#$&'*+-/=?^_`{|}~@ex.jp":    "!#$&'*+-/=?^_`{|}~@ex.jp",
		"太郎@example.jp":               "%E5%A4%AA%E9%83%8E@example.jp",
		"%E5%A4%AA%E9%83%8E@ex.jp":    "%25E5%25A4%25AA%25E9%2583%258E@ex.jp",
		"100%@ex.jp":                  "100%25@ex.jp",
		"=?utf-8?q?=E5=A4=AA?=@ex.jp": "=?utf-8?q?=E5=A4=AA?=@ex.jp",
		"a\r\nRemote-User: b@ex.jp":   "a%0D%0ARemote-User:%20b@ex.jp", // no account has it; the header would hold all the same
	} {
		got := plainASCII(address)
		if got != told {
			t.Errorf("%q is told as %q, want %q", address, got, told)
		}
		if back, err := url.PathUnescape(got); err != nil || back != address {
			t.Errorf("%q leads back to %q", got, back)
		}
	}
	h := newHouse(t, testkit.SQLite(t, migrate), "太郎@日本.jp")
	res := h.answer(ask(proxy, "GET", h.secret))
	if got := res.Header.Get("Remote-Email"); got != "%E5%A4%AA%E9%83%8E@xn--wgv71a.jp" {
		t.Errorf("told %q", got)
	}
}

func TestNobodyIsTurnedAway(t *testing.T) {
	t.Parallel()
	h := newHouse(t, testkit.SQLite(t, migrate), "taro@example.jp")
	s := h.secret
	for name, r := range map[string]*http.Request{
		"nothing":           ask(proxy, "GET", ""),
		"empty cookie":      ask(proxy, "GET", "", "Cookie", "__Host-genkan="),
		"short":             ask(proxy, "GET", s[:42]),
		"long":              ask(proxy, "GET", s+"A"),
		"other":             ask(proxy, "GET", strings.Repeat("A", 43)),
		"1 MB":              ask(proxy, "GET", strings.Repeat("A", 1<<20)),
		"not base64":        ask(proxy, "GET", strings.Repeat("%", 43)),
		"case":              ask(proxy, "GET", strings.ToUpper(s)),
		"cookie twice":      ask(proxy, "GET", s, "Cookie", "__Host-genkan="+s),
		"plain name":        ask(proxy, "GET", "", "Cookie", "genkan="+s),
		"other prefix":      ask(proxy, "GET", "", "Cookie", "__Secure-genkan="+s),
		"bearer beside":     ask(proxy, "GET", s, "Authorization", "Bearer x"),
		"basic":             ask(proxy, "GET", "", "Authorization", "Basic "+s),
		"in the query":      ask(proxy, "GET", "", "X-Forwarded-Uri", "/?token="+s),
		"as identity":       ask(proxy, "GET", "", "Remote-User", h.account),
		"known browser":     ask(proxy, "GET", "", "Cookie", "__Host-genkan-known="+s),
		"internal marker":   ask(proxy, "GET", "", "X-Genkan-User", h.account),
		"method override":   ask(proxy, "GET", "", "X-Forwarded-Method", "OPTIONS"),
		"forwarded for own": ask(proxy, "GET", "", "X-Forwarded-For", "127.0.0.1"),
	} {
		res := h.answer(r)
		if res.StatusCode != http.StatusUnauthorized {
			t.Errorf("%s: status %d", name, res.StatusCode)
		}
		want(t, res, 401)
		if res.Header.Get("WWW-Authenticate") == "" || !strings.HasPrefix(res.Header.Get("Location"), origin+"/signin") {
			t.Errorf("%s: %v", name, res.Header)
		}
	}
}

// SE4: what ended is ended here at once, frozen accounts included (FZ1).
func TestEndedSessionsAreTurnedAway(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for name, end := range map[string]func(h *house){
		"signed out": func(h *house) {
			h.tx(func(tx *db.Tx) error {
				_, err := h.kit.Sessions.EndAll(ctx, tx, h.account, "", session.SignedOut)
				return err
			})
		},
		"frozen": func(h *house) {
			h.tx(func(tx *db.Tx) error {
				a, err := h.book.ByID(ctx, tx, h.account)
				if err != nil {
					return err
				}
				if _, err := h.book.Move(ctx, tx, a, account.Freeze); err != nil {
					return err
				}
				return h.kit.Sessions.Changed(ctx, tx, h.account)
			})
		},
		"idle": func(h *house) { h.clock.Advance(time.Hour) },
		"old":  func(h *house) { h.clock.Advance(24 * time.Hour) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, testkit.SQLite(t, migrate), "taro@example.jp")
			want(t, h.answer(ask(proxy, "GET", h.secret)), 200)
			end(h)
			want(t, h.answer(ask(proxy, "GET", h.secret)), 401)
		})
	}
}

func TestBeforeLeavesTheRestAlone(t *testing.T) {
	t.Parallel()
	h := newHouse(t, testkit.SQLite(t, migrate), "taro@example.jp")
	front := h.handler.Before(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }))
	for path, status := range map[string]int{
		"/forward-auth": 200, "/forward-auth/": 200, "/forward-auth/app//x/../y": 200, "/forward-auth?x=%zz": 200,
		"/forward-authx": 418, "/Forward-Auth": 418, "/": 418, "/x/forward-auth": 418, "//forward-auth": 418,
	} {
		r := ask(proxy, "POST", h.secret, "Sec-Fetch-Site", "cross-site")
		r.URL.Path, _, _ = strings.Cut(path, "?")
		w := httptest.NewRecorder()
		front.ServeHTTP(w, r)
		if w.Code != status {
			t.Errorf("%s: %d, want %d", path, w.Code, status)
		}
	}
}
