package proxy

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/genkan/genkan/internal/domain/account"
	"github.com/genkan/genkan/internal/domain/session"
	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/platform/token"
	"github.com/genkan/genkan/internal/surface/forwardauth"
	"github.com/genkan/genkan/internal/surface/web"
	"github.com/genkan/genkan/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

const host = "example.jp" // as the examples call it

// stage is one proxy with Genkan and an application behind it.
type stage struct {
	t       testing.TB
	addr    string // of the proxy
	roots   *x509.CertPool
	app     *application
	genkan  atomic.Pointer[http.Handler] // what answers in Genkan's place
	real    http.Handler
	server  *http.Server
	desk    *session.Desk
	db      *db.DB
	book    *account.Book
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

// newStage starts it all; edit changes the shipped configuration, nil for none.
func newStage(t testing.TB, p proxyKind, edit func(string) string) *stage {
	t.Helper()
	file := p.find(t)
	s := &stage{t: t, app: newApplication(t)}
	listener := listen(t)
	s.addr = freeAddress(t)
	s.openHouse()
	s.server = &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		(*s.genkan.Load()).ServeHTTP(w, r)
	})}
	go s.server.Serve(listener)
	t.Cleanup(func() { s.server.Close() })

	dir := workDir(t)
	s.roots = writeCertificate(t, dir)
	if edit == nil {
		edit = func(s string) string { return s }
	}
	p.start(t, place{dir: dir, file: file, proxy: s.addr, plain: freeAddress(t), genkan: listener.Addr().String(), app: s.app.addr, edit: edit})
	return s
}

// openHouse makes the part of Genkan that a proxy talks to: forward-auth, and
// pages of its own that say where they were asked.
func (s *stage) openHouse() {
	t := s.t
	ctx, cancel := context.WithCancel(context.Background())
	var err error
	if s.db, err = db.Open(ctx, testkit.SQLite(t, migrate), nil); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cancel(); s.db.Close() })
	keys, err := token.Parse([]byte(token.NewLine("k1")))
	if err != nil {
		t.Fatal(err)
	}
	s.desk = session.NewDesk(ctx, s.db, keys, time.Hour, 24*time.Hour)
	kit := &web.Kit{Origin: &url.URL{Scheme: "https", Host: s.origin()}, Keys: keys, Sessions: s.desk, Now: time.Now,
		Proxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}, Log: slog.New(slog.DiscardHandler)}
	pages := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		caller, err := kit.Caller(r)
		if err != nil {
			t.Errorf("%s: caller: %v", r.URL, err)
		}
		w.Header().Set("X-Seen", r.Host+" "+caller.String()+" "+r.Header.Get("X-Forwarded-Proto"))
		w.Write([]byte("genkan " + r.URL.Path))
	})
	s.real = forwardauth.New(forwardauth.Config{Kit: kit, Email: true, Groups: true}).Before(pages)
	s.genkan.Store(&s.real)

	s.book = &account.Book{Keys: keys}
	address, err := account.ParseAddress("taro@example.jp")
	if err != nil {
		t.Fatal(err)
	}
	s.account = token.NewID()
	err = s.db.Tx(ctx, func(tx *db.Tx) error {
		if _, err := s.book.Create(ctx, tx, s.account, address, "ja"); err != nil {
			return err
		}
		s.secret, _, err = s.desk.Start(ctx, tx, s.account, session.Where{})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// forget makes the desk remember no session, as after a restart.
func (s *stage) forget() {
	err := s.db.Tx(context.Background(), func(tx *db.Tx) error {
		return s.desk.Changed(context.Background(), tx, s.account)
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

// origin is the host with the port that the test proxy listens on.
func (s *stage) origin() string {
	_, port, _ := net.SplitHostPort(s.addr)
	return net.JoinHostPort(host, port)
}

func (s *stage) dial() (net.Conn, error) {
	d := &net.Dialer{Timeout: 10 * time.Second}
	return tls.DialWithDialer(d, "tcp", s.addr, &tls.Config{RootCAs: s.roots, ServerName: host, NextProtos: []string{"http/1.1"}})
}

// client speaks HTTP/2 to the proxy and follows no redirects.
func (s *stage) client() *http.Client {
	tr := &http.Transport{
		ForceAttemptHTTP2: true,
		TLSClientConfig:   &tls.Config{RootCAs: s.roots},
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, s.addr)
		},
	}
	s.t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr, Timeout: 30 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

func (s *stage) cookie() string { return "__Host-genkan=" + s.secret }

func listen(t testing.TB) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// freeAddress gives an address that was free a moment ago; the proxies cannot
// be handed an open listener.
func freeAddress(t testing.TB) string {
	l := listen(t)
	defer l.Close()
	return l.Addr().String()
}

func example(name string) string { return filepath.Join("..", "..", "examples", name) }
