package forwardauth

import (
	"context"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/genkan/genkan/internal/domain/session"
	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/platform/token"
	"github.com/genkan/genkan/internal/testkit"
)

// FA3: whatever cannot be found out is 503.

func wantUnsure(t *testing.T, res *http.Response) {
	t.Helper()
	want(t, res, http.StatusServiceUnavailable)
	if res.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
}

func TestStoreDown(t *testing.T) {
	t.Parallel()
	testkit.Engines(t, migrate, func(t *testing.T, url string) {
		h := newHouse(t, url, "taro@example.jp")
		if err := h.db.Close(); err != nil {
			t.Fatal(err)
		}
		for _, method := range []string{"GET", "HEAD", "OPTIONS", "POST"} {
			wantUnsure(t, h.answer(ask(proxy, method, h.secret)))
			wantUnsure(t, h.answer(ask(proxy, method, strings.Repeat("A", 43))))
			wantUnsure(t, h.answer(ask(proxy, method, h.secret, "X-Forwarded-Uri", "/", "Sec-Fetch-Mode", "navigate")))
		}
		want(t, h.answer(ask(proxy, "GET", "")), 401) // who shows nothing is nobody, whatever the store says
	})
}

// A database that takes connections and never answers.
func TestStoreHangs(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	clock := testkit.NewClock()
	d, err := db.Open(ctx, "postgres://genkan@"+silent.Addr().String()+"/genkan?sslmode=disable", clock.Now)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := token.Parse([]byte(token.NewLine("k1")))
	if err != nil {
		t.Fatal(err)
	}
	kit := newKit(clock, keys, session.NewDesk(ctx, d, keys, time.Hour, 24*time.Hour))
	h := &house{t: t, handler: New(Config{Kit: kit, Timeout: 50 * time.Millisecond})}
	begin := time.Now()
	wantUnsure(t, h.answer(ask(proxy, "GET", strings.Repeat("A", 43))))
	if took := time.Since(begin); took > 3*time.Second { // the driver gives up after 5 s
		t.Errorf("took %v", took)
	}
}

func TestProxyGoesAway(t *testing.T) {
	t.Parallel()
	h := newHouse(t, testkit.SQLite(t, migrate), "taro@example.jp")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	wantUnsure(t, h.answer(ask(proxy, "GET", h.secret).WithContext(ctx)))
}

func TestAddressCannotBeOpened(t *testing.T) {
	t.Parallel()
	h := newHouse(t, testkit.SQLite(t, migrate), "taro@example.jp")
	keys, err := token.Parse([]byte(token.NewLine("k2")))
	if err != nil {
		t.Fatal(err)
	}
	h.kit.Sessions.Keys = keys // a key file that lost a key
	wantUnsure(t, h.answer(ask(proxy, "GET", h.secret)))
}

func TestPanic(t *testing.T) {
	t.Parallel()
	h := newHouse(t, testkit.SQLite(t, migrate), "taro@example.jp")
	h.kit.Now = func() time.Time { panic("canary " + h.secret) } // after Remote-User was set
	wantUnsure(t, h.answer(ask(proxy, "GET", h.secret)))
	h.kit.Sessions = nil
	wantUnsure(t, h.answer(ask(proxy, "GET", h.secret)))
	if log := h.log.String(); strings.Count(log, "\n") != 2 || strings.Contains(log, h.secret) || strings.Contains(log, "canary") {
		t.Errorf("log: %s", log)
	}
}
