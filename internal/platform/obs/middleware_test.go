package obs

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// house is a middleware with a clock that the test turns.
type house struct {
	http.Handler
	metrics *Metrics
	mu      sync.Mutex
	out     bytes.Buffer
	now     time.Time
}

func (h *house) Write(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.out.Write(p)
}

func setup(t *testing.T, level slog.Level, handler http.HandlerFunc) *house {
	t.Helper()
	h := &house{metrics: NewMetrics("1.2.3"), now: time.Unix(1e9, 0)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /thing/{id}", handler)
	h.Handler = Middleware(mux, Options{
		Logger: NewLogger(h, level), Metrics: h.metrics, Now: func() time.Time { return h.now },
		Failed: func(w http.ResponseWriter, r *http.Request) {
			http.Error(w, "reference "+RequestID(r.Context()), http.StatusInternalServerError)
		},
		Dull: func(route string, status int) bool { return route == "GET /thing/{id}" && status == http.StatusTeapot },
	})
	return h
}

func (h *house) get(target string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", target, nil))
	return w
}

// line gives the only line of the log.
func (h *house) line(t *testing.T) map[string]any {
	t.Helper()
	var got map[string]any
	if err := json.Unmarshal(h.out.Bytes(), &got); err != nil {
		t.Fatalf("%v in %q", err, h.out.String())
	}
	return got
}

func TestLevelOfARequest(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		status int
		took   time.Duration
		raise  bool
		want   string
	}{
		{"dull success", 200, time.Millisecond, false, "DEBUG"},
		{"redirect", 303, time.Millisecond, false, "DEBUG"},
		{"slow success", 200, time.Second, false, "INFO"},
		{"raised success", 201, time.Millisecond, true, "INFO"},
		{"refusal", 422, time.Millisecond, false, "INFO"},
		{"dull refusal", 418, time.Millisecond, false, "DEBUG"},
		{"failure", 503, time.Millisecond, false, "ERROR"},
	} {
		var h *house
		h = setup(t, slog.LevelDebug, func(w http.ResponseWriter, r *http.Request) {
			h.now = h.now.Add(c.took)
			if c.raise {
				Raise(r.Context())
			}
			Add(r.Context(), "cause", "pw.too_short")
			w.WriteHeader(c.status)
			_, _ = io.WriteString(w, "12345")
		})
		h.get("/thing/7")
		got := h.line(t)
		if got["level"] != c.want || got["status"] != float64(c.status) || got["route"] != "/thing/{id}" ||
			got["method"] != "GET" || got["bytes"] != float64(5) || got["cause"] != "pw.too_short" || got["request"] == "" {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

func TestDullSuccessIsSilent(t *testing.T) {
	t.Parallel()
	h := setup(t, slog.LevelInfo, func(http.ResponseWriter, *http.Request) {})
	h.get("/thing/7")
	if h.out.Len() > 0 {
		t.Error(h.out.String())
	}
}

func TestPanicBecomesAPage(t *testing.T) {
	t.Parallel()
	h := setup(t, slog.LevelInfo, func(http.ResponseWriter, *http.Request) { panic("boom") })
	w := h.get("/thing/7")
	got := h.line(t)
	if w.Code != 500 || !strings.Contains(w.Body.String(), got["request"].(string)) {
		t.Errorf("answer %d %q", w.Code, w.Body)
	}
	if got["level"] != "ERROR" || got["panic"] != "boom" || !strings.Contains(got["stack"].(string), "middleware_test.go") {
		t.Errorf("line %v", got)
	}
}

func TestPanicAfterTheAnswerBeganCutsTheConnection(t *testing.T) {
	t.Parallel()
	for name, handler := range map[string]http.HandlerFunc{
		"panic": func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "half"); panic("boom") },
		"abort": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	} {
		h := setup(t, slog.LevelInfo, handler)
		srv := httptest.NewUnstartedServer(h)
		srv.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
		srv.Start()
		resp, err := srv.Client().Get(srv.URL + "/thing/1")
		if err == nil {
			_, err = io.ReadAll(resp.Body)
			_ = resp.Body.Close()
		}
		srv.Close()
		if err == nil {
			t.Errorf("%s: the client took half an answer for a whole one", name)
		}
		if got := h.line(t); got["status"] != float64(500) {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestFailedMayPanicToo(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	boom := func(http.ResponseWriter, *http.Request) { panic("boom") }
	h := Middleware(http.HandlerFunc(boom), Options{Logger: NewLogger(&out, slog.LevelInfo), Failed: boom})
	defer func() {
		if p := recover(); p != http.ErrAbortHandler {
			t.Errorf("panic %v", p)
		}
		if !strings.Contains(out.String(), "panic_again") {
			t.Error(out.String())
		}
	}()
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
}

// A goroutine that outlives its request must not write into the event of the next.
func TestLateWordsReachNobodyElse(t *testing.T) {
	t.Parallel()
	var late []context.Context
	h := setup(t, slog.LevelDebug, func(_ http.ResponseWriter, r *http.Request) {
		for _, ctx := range late {
			Add(ctx, "late", "word")
		}
		Add(r.Context(), "own", "word")
		late = append(late, r.Context())
	})
	for range 100 {
		h.get("/thing/1")
	}
	if strings.Contains(h.out.String(), "late") || strings.Count(h.out.String(), `"own"`) != 100 {
		t.Error(h.out.String())
	}
}

// Pooled events stay apart under load.
func TestEventsStayApart(t *testing.T) {
	t.Parallel()
	h := setup(t, slog.LevelDebug, func(_ http.ResponseWriter, r *http.Request) {
		Add(r.Context(), "own", r.PathValue("id"))
		Add(r.Context(), "again", r.PathValue("id"))
	})
	var all sync.WaitGroup
	for g := range 8 {
		all.Go(func() {
			for i := range 100 {
				h.get(fmt.Sprintf("/thing/%d", g*1000+i))
			}
		})
	}
	all.Wait()
	seen, ids := map[string]bool{}, map[string]bool{}
	for line := range bytes.Lines(h.out.Bytes()) {
		var got struct{ Own, Again, Request string }
		if err := json.Unmarshal(line, &got); err != nil || got.Own != got.Again || seen[got.Own] || ids[got.Request] {
			t.Fatalf("%v: %s", err, line)
		}
		seen[got.Own], ids[got.Request] = true, true
	}
	if len(seen) != 800 {
		t.Errorf("%d events", len(seen))
	}
}

func TestRequestsAreCountedByClosedLabels(t *testing.T) {
	t.Parallel()
	h := setup(t, slog.LevelError, func(w http.ResponseWriter, r *http.Request) {
		if r.PathValue("id") == "0" {
			w.WriteHeader(404)
		}
	})
	for i := range 50 {
		h.get("/thing/" + string(rune('0'+i%10)))
		h.get("/stranger/" + strings.Repeat("x", i))
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("BREW"+strings.Repeat("X", i), "/", nil))
	}
	text := scrape(t, h.metrics)
	for _, want := range []string{
		`http_requests_total{method="GET",route="/thing/{id}",status_class="2xx"} 45`,
		`http_requests_total{method="GET",route="/thing/{id}",status_class="4xx"} 5`,
		`http_requests_total{method="GET",route="unmatched",status_class="4xx"} 50`,
		`http_requests_total{method="other",route="unmatched",status_class="4xx"} 50`,
		`http_request_duration_seconds_count{route="/thing/{id}"} 50`,
		`http_requests_in_flight 0`,
		`genkan_build_info{version="1.2.3"} 1`,
	} {
		if !strings.Contains(text, want+"\n") {
			t.Errorf("missing %s", want)
		}
	}
	if n := strings.Count(text, "\nhttp_requests_total{"); n != 4 {
		t.Errorf("%d series", n)
	}
}

func TestRoutesAreBounded(t *testing.T) {
	t.Parallel()
	m := NewMetrics("1")
	for i := range 3 * maxRoutes {
		m.observe(strings.Repeat("r", i), "GET", 200, 0)
	}
	if n := len(*m.routes.Load()); n > maxRoutes+1 {
		t.Errorf("%d routes", n)
	}
}

func TestCounterIsClosed(t *testing.T) {
	t.Parallel()
	m := NewMetrics("1")
	c := m.Counter("genkan_signins_total", "Sign-ins.", "result", "ok", "refused")
	m.Gauge("genkan_hash_queue", "Waiting.", func() float64 { return 7 })
	c.Inc("ok")
	c.Inc("from a stranger")
	(*Counter)(nil).Inc("ok")
	text := scrape(t, m)
	for _, want := range []string{`{result="ok"} 1`, `{result="refused"} 0`, `{result="other"} 1`, "genkan_hash_queue 7"} {
		if !strings.Contains(text, want) {
			t.Errorf("missing %s", want)
		}
	}
}

func TestMetricsListener(t *testing.T) {
	t.Parallel()
	h := NewMetrics("1").Handler()
	for target, want := range map[string]int{"/metrics": 200, "/debug/pprof/": 200, "/debug/pprof/heap?debug=1": 200, "/": 404} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", target, nil))
		if w.Code != want {
			t.Errorf("%s: %d", target, w.Code)
		}
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "/debug/pprof/cmdline", nil))
	if w.Code == 200 && strings.Contains(w.Body.String(), "-test.") {
		t.Error("arguments are shown")
	}
}

func scrape(t *testing.T, m *Metrics) string {
	t.Helper()
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	return w.Body.String()
}

func TestControllerReachesTheConnection(t *testing.T) {
	t.Parallel()
	h := setup(t, slog.LevelInfo, func(w http.ResponseWriter, _ *http.Request) {
		if err := http.NewResponseController(w).SetWriteDeadline(time.Now().Add(time.Minute)); err != nil {
			t.Error(err)
		}
		w.(http.Flusher).Flush()
	})
	srv := httptest.NewServer(h)
	defer srv.Close()
	resp, err := srv.Client().Get(srv.URL + "/thing/1")
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
}

type nullWriter struct{ h http.Header }

func (w nullWriter) Header() http.Header         { return w.h }
func (w nullWriter) Write(p []byte) (int, error) { return len(p), nil }
func (w nullWriter) WriteHeader(int)             {}

// BenchmarkMiddleware is the cost on top of the handler: at most 1.5 µs and 4 allocations.
func BenchmarkMiddleware(b *testing.B) {
	answer := []byte("{}")
	for name, handler := range map[string]http.HandlerFunc{
		"dull":  func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(answer) },
		"event": func(w http.ResponseWriter, r *http.Request) { Add(r.Context(), "account", "a"); _, _ = w.Write(answer) },
	} {
		mux := http.NewServeMux()
		mux.HandleFunc("GET /forward-auth", handler)
		run := func(h http.Handler) func(b *testing.B) {
			return func(b *testing.B) {
				b.ReportAllocs()
				r := httptest.NewRequest("GET", "/forward-auth", nil)
				w := nullWriter{http.Header{}}
				for b.Loop() {
					h.ServeHTTP(w, r)
				}
			}
		}
		b.Run(name+"/bare", run(mux))
		b.Run(name+"/with", run(Middleware(mux, Options{Logger: NewLogger(io.Discard, slog.LevelInfo), Metrics: NewMetrics("1")})))
	}
}
