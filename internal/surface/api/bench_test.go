package api_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/genkan/genkan/internal/testkit"
)

// BenchmarkSession is the session check over loopback, with everything that
// stands before it (ours), and a handler that only answers the same bytes (bare):
// the first must reach 0.7 of the second.
func BenchmarkSession(b *testing.B) {
	h := testHouse(b, testkit.SQLite(b, migrate))
	token := h.member("bench@house.example")
	b.Run("ours", func(b *testing.B) { ask(b, h.handler, token) })
	body := h.want(200, h.do("GET", "/api/v1/session", nil, bearer(token))).Body.Bytes()
	b.Run("bare", func(b *testing.B) {
		ask(b, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write(body)
		}), token)
	})
}

func ask(b *testing.B, h http.Handler, token string) {
	s := httptest.NewServer(h)
	defer s.Close()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			r, _ := http.NewRequest("GET", s.URL+"/api/v1/session", nil)
			r.Header.Set("Authorization", "Bearer "+token)
			answer, err := client.Do(r)
			if err != nil || answer.StatusCode != http.StatusOK {
				b.Errorf("%v %v", answer, err)
				return
			}
			_, _ = io.Copy(io.Discard, answer.Body)
			_ = answer.Body.Close()
		}
	})
}
