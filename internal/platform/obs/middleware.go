package obs

import (
	"crypto/rand"
	"encoding/base32"
	"fmt"
	"log/slog"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/trace"
)

// slow is from when on a success is worth a line.
const slow = time.Second

// Options are what Middleware needs. Logger is required.
type Options struct {
	Logger  *slog.Logger
	Metrics *Metrics         // nil: none are kept
	Now     func() time.Time // nil: the system's clock
	// Timeout ends the request's context, counted from the first wait on it; 0:
	// it ends with the connection only.
	Timeout time.Duration
	// Failed answers 500 after a panic, when nothing was sent yet; nil sends an
	// empty one.
	Failed http.HandlerFunc
	// Dull says which refusals happen so often that they are worth no line: a
	// forward-auth 401, for example. nil: none.
	Dull func(route string, status int) bool
}

// Middleware counts, times and logs every request, once, at its end. It
// belongs outside everything but tracing.
//
// Successes (2xx, 3xx) under a second are logged at debug level, slow ones and
// refusals (4xx) at info, failures (5xx) at error. The line names the mux
// pattern and never the path, which may hold a token.
//
// A panic is logged with its stack; then Failed answers, or, when the answer
// had begun, the connection is cut so that no half answer looks whole. The
// process lives on (LG5, ASVS 16.5.4).
func Middleware(next http.Handler, o Options) http.Handler {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Failed == nil {
		o.Failed = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) }
	}
	if o.Dull == nil {
		o.Dull = func(string, int) bool { return false }
	}
	m := &middleware{Options: o, next: next}
	m.newID = newIDs()
	return m
}

type middleware struct {
	Options
	next   http.Handler
	newID  func() string
	events sync.Pool
}

func (m *middleware) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s := &scope{Context: r.Context(), id: m.newID, pool: &m.events, timeout: m.Timeout}
	s.writer.ResponseWriter = w
	outer := r
	r = r.WithContext(s)
	began := m.Now()
	if m.Metrics != nil {
		m.Metrics.inflight.Inc()
	}
	cut := m.serve(s, r)
	outer.Pattern = r.Pattern // the tracing outside names its span by it
	m.finish(s, r, m.Now().Sub(began))
	if cut {
		panic(http.ErrAbortHandler)
	}
}

// serve runs the handler and tells whether the connection has to be cut.
func (m *middleware) serve(s *scope, r *http.Request) (cut bool) {
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		if p == http.ErrAbortHandler { // a handler's own wish, nothing to report
			s.writer.status = max(s.writer.status, http.StatusInternalServerError)
			cut = true
			return
		}
		Add(s, "panic", text(slog.AnyValue(p))) // a struct shows as its type (LG1)
		Add(s, stackKey, stack())
		if s.writer.status != 0 {
			s.writer.status, cut = http.StatusInternalServerError, true
			return
		}
		cut = m.fail(s, r)
	}()
	m.next.ServeHTTP(&s.writer, r)
	return false
}

// fail answers after a panic; Failed may panic as well.
func (m *middleware) fail(s *scope, r *http.Request) (cut bool) {
	defer func() {
		if p := recover(); p != nil {
			Add(s, "panic_again", text(slog.AnyValue(p)))
			s.writer.status, cut = http.StatusInternalServerError, true
		}
	}()
	m.Failed(&s.writer, r)
	return false
}

// finish counts and logs. It runs before the cut of a panic.
func (m *middleware) finish(s *scope, r *http.Request, took time.Duration) {
	status := s.writer.status
	if status == 0 {
		status = http.StatusOK // what net/http sends for a handler that wrote nothing
	}
	s.mu.Lock()
	route, raised := s.route, s.raised
	s.mu.Unlock()
	if route == "" {
		route = r.Pattern
	}
	if m.Metrics != nil {
		m.Metrics.inflight.Dec()
		m.Metrics.observe(route, r.Method, status, took)
	}
	level := m.level(route, status, took, raised)
	if !m.Logger.Enabled(s, level) {
		s.give(s.close())
		return
	}
	id := RequestID(s)
	attrs := make([]slog.Attr, 0, 24)
	attrs = append(attrs, slog.String("request", id), slog.String("method", methodLabel(r.Method)),
		slog.String("route", routeLabel(route)), slog.Int("status", status), slog.Int64("bytes", s.writer.bytes),
		slog.Float64("ms", float64(took.Microseconds())/1000))
	if sc := trace.SpanContextFromContext(s.Context); sc.HasTraceID() {
		attrs = append(attrs, slog.String("trace", sc.TraceID().String()))
	}
	s.emit(m.Logger, level, "request", attrs...)
}

func (m *middleware) level(route string, status int, took time.Duration, raised bool) slog.Level {
	switch {
	case status >= 500:
		return slog.LevelError
	case raised || took >= slow:
		return slog.LevelInfo
	case status >= 400 && !m.Dull(route, status):
		return slog.LevelInfo
	}
	return slog.LevelDebug
}

// newIDs gives request ids: random for the process, then counted. Uniqueness
// is all they promise.
func newIDs() func() string {
	var seed [5]byte
	_, _ = rand.Read(seed[:]) // never fails since Go 1.24
	prefix := strings.ToLower(base32.StdEncoding.EncodeToString(seed[:])) + "-"
	var n atomic.Uint64
	return func() string { return prefix + strconv.FormatUint(n.Add(1), 36) }
}

// stack names the functions and lines that led to a panic. Unlike
// debug.Stack it leaves out argument words, which may be bytes of a key (LG1).
func stack() string {
	var pcs [48]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs[:])])
	var b strings.Builder
	for {
		f, more := frames.Next()
		fmt.Fprintf(&b, "%s %s:%d\n", f.Function, f.File, f.Line)
		if !more {
			return b.String()
		}
	}
}
