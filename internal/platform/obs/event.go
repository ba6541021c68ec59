package obs

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// maxAttrs bounds what one event may carry; more is dropped and counted.
const maxAttrs = 48

// stackKey is the one key whose value may be long.
const stackKey = "stack"

// event gathers what is said about one request or one piece of work. It is
// pooled, so only a scope may hold one, and only until it is closed.
type event struct {
	attrs   []slog.Attr
	dropped int
}

// scope is the context of one request or piece of work. It is never reused: a
// goroutine that outlives its request finds it closed and cannot write into
// somebody else's event.
type scope struct {
	context.Context
	mu     sync.Mutex
	ev     *event // nil until something is added, so that dull requests borrow none
	closed bool
	raised bool
	route  string // set by SetRoute
	id     func() string
	madeID string
	pool   *sync.Pool
	writer writer

	timeout time.Duration // of the work; 0: none
	bounded atomic.Pointer[bounded]
}

type scopeKey struct{}

func scopeOf(ctx context.Context) *scope {
	s, _ := ctx.Value(scopeKey{}).(*scope)
	return s
}

// With opens an event for work that is not a request: a job, a sweep, a
// command. Emit ends it.
func With(ctx context.Context) context.Context { return &scope{Context: ctx} }

// Add puts a value on the event of ctx; a later value under the same key
// stands beside the earlier one. Without an event, or after its end, it does
// nothing. Values follow the rules of the package: no password, token, code or
// full address, even though the log would hide them.
func Add(ctx context.Context, key string, value any) {
	s := scopeOf(ctx)
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	if s.ev == nil {
		s.ev = s.borrow()
	}
	if len(s.ev.attrs) == maxAttrs {
		s.ev.dropped++
		return
	}
	s.ev.attrs = append(s.ev.attrs, slog.Any(key, value))
}

// Raise makes the event worth a line at info level even when it is a dull
// success: a sign-in, an ended session.
func Raise(ctx context.Context) {
	if s := scopeOf(ctx); s != nil {
		s.mu.Lock()
		s.raised = true
		s.mu.Unlock()
	}
}

// SetRoute names the route for metrics and log, where the pattern of the mux
// does not reach the middleware (a handler that copied the request). The name
// must come from a closed set.
func SetRoute(ctx context.Context, route string) {
	if s := scopeOf(ctx); s != nil {
		s.mu.Lock()
		s.route = route
		s.mu.Unlock()
	}
}

// RequestID gives the id of the request of ctx, for pages and problem
// documents to show; empty outside a request. It is unique over all nodes and
// says nothing about anybody.
func RequestID(ctx context.Context) string {
	s := scopeOf(ctx)
	if s == nil || s.id == nil {
		return ""
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.madeID == "" {
		s.madeID = s.id()
	}
	return s.madeID
}

// Emit writes the event of ctx, opened by With, as one line and closes it.
func Emit(ctx context.Context, log *slog.Logger, level slog.Level, msg string, more ...slog.Attr) {
	s := scopeOf(ctx)
	if s == nil {
		log.LogAttrs(ctx, level, msg, more...)
		return
	}
	s.emit(log, level, msg, more...)
}

// emit writes one line: first what the house says, then what was added.
func (s *scope) emit(log *slog.Logger, level slog.Level, msg string, first ...slog.Attr) {
	ev := s.close()
	if log.Enabled(s.Context, level) {
		if ev != nil {
			first = append(first, ev.attrs...)
			if ev.dropped > 0 {
				first = append(first, slog.Int("dropped", ev.dropped))
			}
		}
		log.LogAttrs(s.Context, level, msg, first...)
	}
	s.give(ev)
}

func (s *scope) borrow() *event {
	if s.pool != nil {
		if ev, ok := s.pool.Get().(*event); ok {
			return ev
		}
	}
	return &event{attrs: make([]slog.Attr, 0, 12)}
}

// give puts an event back empty, so that nothing of one request waits in
// memory for the next.
func (s *scope) give(ev *event) {
	if ev == nil || s.pool == nil {
		return
	}
	clear(ev.attrs)
	ev.attrs, ev.dropped = ev.attrs[:0], 0
	s.pool.Put(ev)
}

// close ends the scope and gives its event, which may be nil.
func (s *scope) close() *event {
	s.mu.Lock()
	defer s.mu.Unlock()
	ev := s.ev
	s.ev, s.closed = nil, true
	if b := s.bounded.Load(); b != nil {
		b.cancel()
	}
	return ev
}
