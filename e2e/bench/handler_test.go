package bench

import (
	"bufio"
	"bytes"
	"net/http"
	"testing"

	"github.com/genkan/genkan/e2e/house"
	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/testkit"
)

// BenchmarkSessionCheck is what asking who is there costs beyond net/http.
func BenchmarkSessionCheck(b *testing.B) {
	h := opened{house.Open(b, testkit.SQLite(b, db.MigrateURL), house.Options{})}
	secret := h.signedIn(b, "taro@example.jp")
	for _, path := range []string{"/api/v1/session", "/forward-auth"} {
		b.Run(path[1:], func(b *testing.B) {
			r, err := http.NewRequest(http.MethodGet, h.URL+path, nil)
			if err != nil {
				b.Fatal(err)
			}
			r.RemoteAddr, r.RequestURI = "127.0.0.1:4711", path
			r.Header.Set("Cookie", "genkan="+secret)
			b.ReportAllocs()
			for b.Loop() {
				w := &discard{header: http.Header{}}
				h.Doors.ServeHTTP(w, r)
				if w.status != http.StatusOK {
					b.Fatal(w.status)
				}
			}
		})
	}
}

type discard struct {
	header http.Header
	status int
}

func (d *discard) Header() http.Header { return d.header }
func (d *discard) WriteHeader(s int)   { d.status = s }
func (d *discard) Write(p []byte) (int, error) {
	if d.status == 0 {
		d.status = http.StatusOK
	}
	return len(p), nil
}

// BenchmarkSignInBesideHash is what a sign-in by a known browser costs this
// process beyond its hash, which is a cheap one here.
func BenchmarkSignInBesideHash(b *testing.B) {
	for _, engine := range []string{"sqlite", "postgres"} {
		b.Run(engine, func(b *testing.B) {
			h := open(b, engine, house.Options{})
			known, _, _ := h.signIns(b)
			b.ReportAllocs()
			before, n := processorTime(b), 0
			for b.Loop() {
				r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(known.Requests[n%people])))
				if err != nil {
					b.Fatal(err)
				}
				r.RemoteAddr = "127.0.0.1:4711"
				w := &discard{header: http.Header{}}
				h.Doors.ServeHTTP(w, r)
				if w.status != http.StatusOK {
					b.Fatal(w.status)
				}
				n++
			}
			b.ReportMetric(float64((processorTime(b)-before).Microseconds())/float64(n), "cpu-µs/op")
		})
	}
}
