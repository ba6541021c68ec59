package forwardauth

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/genkan/genkan/internal/testkit"
)

// What a question costs beside what any answer costs: by handler call, and over
// a connection, where the promise of 0.7 of a bare handler is made.
func BenchmarkAsk(b *testing.B) {
	h := newHouse(b, testkit.SQLite(b, migrate), "taro@example.jp")
	bare := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		head := w.Header()
		head.Set("Remote-User", h.account)
		head.Set("Remote-Email", "taro@example.jp")
		head.Set("Remote-Groups", "")
		head.Set("Cache-Control", "no-store")
	})
	for name, handler := range map[string]http.Handler{"ours": h.handler, "bare": bare} {
		b.Run("call/"+name, func(b *testing.B) {
			b.ReportAllocs()
			r := fromProxy(h)
			for b.Loop() {
				w := nowhere{http.Header{}}
				handler.ServeHTTP(w, r)
			}
		})
		b.Run("line/"+name, func(b *testing.B) { overLine(b, handler, h) })
	}
}

func fromProxy(h *house) *http.Request {
	r := ask(proxy, "GET", h.secret, "X-Forwarded-Proto", "https", "X-Forwarded-Host", "example.jp", "X-Forwarded-Uri", "/a/b?c=d",
		"X-Forwarded-Method", "GET", "X-Forwarded-For", "192.0.2.7", "User-Agent", strings.Repeat("Mozilla ", 12))
	return r
}

func overLine(b *testing.B, handler http.Handler, h *house) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.RemoteAddr = proxy
		handler.ServeHTTP(w, r)
	}))
	defer server.Close()
	client := server.Client()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			r := fromProxy(h)
			r.RequestURI = ""
			r.URL.Host = server.Listener.Addr().String()
			res, err := client.Do(r)
			if err != nil || res.StatusCode != http.StatusOK {
				b.Error(err, res)
				return
			}
			res.Body.Close()
		}
	})
}

type nowhere struct{ header http.Header }

func (n nowhere) Header() http.Header         { return n.header }
func (n nowhere) Write(p []byte) (int, error) { return len(p), nil }
func (n nowhere) WriteHeader(int)             {}
