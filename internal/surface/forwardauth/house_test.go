package forwardauth

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"testing"
	"time"

	"github.com/genkan/genkan/internal/domain/account"
	"github.com/genkan/genkan/internal/domain/session"
	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/platform/token"
	"github.com/genkan/genkan/internal/surface/web"
	"github.com/genkan/genkan/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

const (
	origin   = "https://example.jp"
	proxy    = "10.0.0.1:40000" // listed
	stranger = "192.0.2.7:40000"
)

// house is a database with one person signed in, and a handler over it.
type house struct {
	t       testing.TB
	db      *db.DB
	clock   *testkit.Clock
	kit     *web.Kit
	book    *account.Book
	log     bytes.Buffer
	handler *Handler
	account string
	secret  string
}

func migrate(ctx context.Context, url string) error {
	d, err := db.Open(ctx, url, nil)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Migrate(ctx)
}

func newHouse(t testing.TB, url, address string) *house {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	h := &house{t: t, clock: testkit.NewClock()}
	var err error
	if h.db, err = db.Open(ctx, url, h.clock.Now); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cancel(); h.db.Close() })
	keys, err := token.Parse([]byte(token.NewLine("k1")))
	if err != nil {
		t.Fatal(err)
	}
	h.book = &account.Book{Keys: keys}
	h.kit = newKit(h.clock, keys, session.NewDesk(ctx, h.db, keys, time.Hour, 24*time.Hour))
	h.kit.Log = slog.New(slog.NewTextHandler(&h.log, nil))
	h.handler = New(Config{Kit: h.kit, Email: true, Groups: true})
	a, err := account.ParseAddress(address)
	if err != nil {
		t.Fatal(err)
	}
	h.account = token.NewID()
	h.tx(func(tx *db.Tx) error {
		if _, err := h.book.Create(ctx, tx, h.account, a, "ja"); err != nil {
			return err
		}
		h.secret, _, err = h.kit.Sessions.Start(ctx, tx, h.account, session.Where{})
		return err
	})
	return h
}

func newKit(clock *testkit.Clock, keys *token.Keyring, desk *session.Desk) *web.Kit {
	return &web.Kit{
		Origin: &url.URL{Scheme: "https", Host: "example.jp"}, Keys: keys, Sessions: desk, Now: clock.Now,
		Proxies:  []netip.Prefix{netip.MustParsePrefix("10.0.0.0/24")},
		ReturnTo: []string{"https://app.example.jp"},
		Log:      slog.New(slog.DiscardHandler),
	}
}

func (h *house) tx(f func(tx *db.Tx) error) {
	h.t.Helper()
	if err := h.db.Tx(context.Background(), f); err != nil {
		h.t.Fatal(err)
	}
}

// ask makes a request as a proxy would; headers are name, value, name, value…
// and may repeat.
func ask(from, method, secret string, headers ...string) *http.Request {
	r := httptest.NewRequest(method, "http://genkan.internal/forward-auth", nil)
	r.RemoteAddr = from
	if secret != "" {
		r.Header.Set("Cookie", "theme=dark; __Host-genkan="+secret)
	}
	for i := 0; i < len(headers); i += 2 {
		name := http.CanonicalHeaderKey(headers[i])
		r.Header[name] = append(r.Header[name], headers[i+1])
	}
	return r
}

func (h *house) answer(r *http.Request) *http.Response {
	w := httptest.NewRecorder()
	h.handler.ServeHTTP(w, r)
	return w.Result()
}

// want checks the status, and that no answer but 200 names anybody.
func want(t *testing.T, res *http.Response, status int) {
	t.Helper()
	if res.StatusCode != status {
		t.Errorf("status %d, want %d (Location %q)", res.StatusCode, status, res.Header.Get("Location"))
	}
	if res.Header.Get("Cache-Control") != "no-store" {
		t.Error("may be cached")
	}
	for _, name := range []string{"Remote-User", "Remote-Email", "Remote-Groups", "Remote-Hold"} {
		if res.StatusCode != http.StatusOK && res.Header[name] != nil {
			t.Errorf("status %d with %s", res.StatusCode, name)
		}
	}
}
