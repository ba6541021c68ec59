package bench

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/genkan/genkan/e2e/house"
	"github.com/genkan/genkan/internal/domain/session"
	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/testkit"
)

// connections is how many a proxy or an application keeps open to the house.
const connections = 16

// TestBenchSessionCheck compares asking who is there with a bare handler that
// sends as many bytes.
func TestBenchSessionCheck(t *testing.T) {
	asked(t)
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			h := open(t, engine, house.Options{})
			cookie := "genkan=" + h.signedIn(t, "taro@example.jp")
			g := startGenerator(t)
			for _, path := range []string{"/api/v1/session", "/forward-auth"} {
				check := spec{Addr: h.addr(), Conns: connections, Millis: 700, Expect: "HTTP/1.1 200 OK\r\n",
					Requests: [][]byte{get(h.addr(), path, "Cookie: "+cookie)}}
				size := g.run(t, check).Bytes
				bare := check
				bare.Addr = bareHandler(t, size, path == "/forward-auth")
				if got := g.run(t, bare).Bytes; got != size {
					t.Fatalf("the bare handler sends %d bytes, the house %d", got, size)
				}
				f := figure{name: "GET " + path, engine: engine, least: 0.7}
				versus(t, f, 9, func() round { return g.run(t, bare) }, func() round { return g.run(t, check) })
			}
		})
	}
}

// opened is a house on an engine with the wall clock's time.
type opened struct{ *house.House }

func open(t testing.TB, engine string, o house.Options) opened {
	t.Helper()
	o.Clock = testkit.NewClock()
	o.Clock.Set(time.Now())
	url := ""
	if engine == "sqlite" {
		url = testkit.SQLite(t, db.MigrateURL)
	} else {
		url = testkit.Postgres(t, db.MigrateURL)
	}
	return opened{house.Open(t, url, o)}
}

func (h opened) addr() string {
	return strings.Replace(strings.TrimPrefix(h.URL, "http://"), "localhost", "127.0.0.1", 1)
}

// signedIn gives the secret of a session of a new member.
func (h opened) signedIn(t testing.TB, email string) string {
	t.Helper()
	id := h.Member(t, email, "tama ga neko desu yo", "ja")
	var o session.Opened
	err := h.DB.Tx(context.Background(), func(tx *db.Tx) (err error) {
		o, err = h.Sessions.Open(context.Background(), tx, id, email, session.Where{Label: "Firefox, Linux"}, false)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return o.Secret
}

// get is a request as a proxy sends it.
func get(host, path string, headers ...string) []byte {
	return fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: load\r\nAccept: */*\r\n%s\r\n\r\n", path, host, strings.Join(headers, "\r\n"))
}

// bareHandler serves answers of size bytes, headers included: nothing that
// net/http does not do by itself, one header that makes up for the house's many,
// and the same split between headers and body.
func bareHandler(t *testing.T, size int, empty bool) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	body := []byte{}
	if !empty {
		body = bytes.Repeat([]byte("x"), 300)
	}
	head := len("HTTP/1.1 200 OK\r\nDate: Mon, 02 Jan 2006 15:04:05 GMT\r\nContent-Length: \r\nContent-Type: application/json\r\nX-Fill: \r\n\r\n") +
		len(fmt.Sprint(len(body)))
	fill := strings.Repeat("x", max(0, size-head-len(body)))
	s := &http.Server{ReadHeaderTimeout: 10 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h["Content-Type"] = []string{"application/json"}
		h["X-Fill"] = []string{fill}
		_, _ = w.Write(body)
	})}
	go func() { _ = s.Serve(l) }()
	t.Cleanup(func() { _ = s.Close() })
	return l.Addr().String()
}
