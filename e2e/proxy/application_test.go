package proxy

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// application stands behind the proxy and keeps every byte that reaches it, as
// a parser of its own might hide what another application would see.
type application struct {
	addr string
	mu   sync.Mutex
	got  []*bytes.Buffer // one for each connection
}

func newApplication(t testing.TB) *application {
	a := &application{}
	l := listen(t)
	a.addr = l.Addr().String()
	server := &http.Server{Handler: http.HandlerFunc(a.serve)}
	server.SetKeepAlivesEnabled(false) // one request a connection
	go server.Serve(&tap{l, a})
	t.Cleanup(func() { server.Close() })
	return a
}

func (a *application) serve(w http.ResponseWriter, r *http.Request) {
	body := new(bytes.Buffer)
	body.ReadFrom(http.MaxBytesReader(w, r.Body, 1<<20)) // trailers come after it
	switch {
	case r.Header.Get("Upgrade") == "websocket":
		conn, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		fmt.Fprint(conn, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
		line, err := rw.ReadString('\n')
		if err == nil {
			fmt.Fprint(conn, "echo "+line)
		}
	case r.URL.Path == "/own-401":
		w.WriteHeader(http.StatusUnauthorized)
	case r.URL.Path == "/own-500":
		w.WriteHeader(http.StatusInternalServerError)
	default:
		w.Header().Set("X-App", "yes")
		fmt.Fprintf(w, "app %s %s for %s, %d bytes", r.Method, r.URL.RequestURI(), r.Header.Get("Remote-User"), body.Len())
	}
}

// take gives what came since the last take, each connection's bytes as text.
func (a *application) take() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	var out []string
	for _, b := range a.got {
		if b.Len() > 0 {
			out = append(out, b.String())
		}
	}
	a.got = nil
	return out
}

// one gives the one request that came since the last take.
func (a *application) one(t testing.TB) string {
	t.Helper()
	got := a.take()
	if len(got) != 1 {
		t.Fatalf("the application got %d requests: %q", len(got), got)
	}
	return got[0]
}

type tap struct {
	net.Listener
	app *application
}

func (l *tap) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	b := new(bytes.Buffer)
	l.app.mu.Lock()
	l.app.got = append(l.app.got, b)
	l.app.mu.Unlock()
	return &tapped{Conn: conn, app: l.app, b: b}, nil
}

type tapped struct {
	net.Conn
	app *application
	b   *bytes.Buffer
}

func (c *tapped) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.app.mu.Lock()
	c.b.Write(p[:n])
	c.app.mu.Unlock()
	return n, err
}

// identity gives the lines of a raw request, trailers included, whose name some
// framework could take for a Remote-* header: any case, anything for the hyphen.
func identity(raw string) []string {
	var out []string
	for _, line := range strings.FieldsFunc(raw, func(r rune) bool { return r == '\r' || r == '\n' }) {
		name, _, ok := strings.Cut(line, ":")
		plain := strings.Map(func(r rune) rune {
			if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
				return r
			}
			return '-'
		}, strings.ToLower(strings.TrimSpace(name)))
		if ok && strings.HasPrefix(plain, "remote-") {
			out = append(out, line)
		}
	}
	return out
}

// field gives the values of a header in a raw request, by its exact name.
func field(raw, name string) []string {
	var out []string
	for _, line := range strings.Split(raw, "\r\n") {
		if n, v, ok := strings.Cut(line, ":"); ok && strings.EqualFold(n, name) {
			out = append(out, strings.TrimSpace(v))
		}
	}
	return out
}
