package obs

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"
	"testing/synctest"
	"time"
)

// serveOnce runs f as the handler of one request with a timeout.
func serveOnce(timeout time.Duration, f func(ctx context.Context)) {
	h := Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { f(r.Context()) }),
		Options{Logger: NewLogger(io.Discard, nil), Timeout: timeout})
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
}

func TestRequestEndsItsWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		serveOnce(time.Minute, func(ctx context.Context) {
			began := time.Now()
			inner, cancel := context.WithTimeout(ctx, time.Hour)
			defer cancel()
			<-inner.Done()
			if took := time.Since(began); took != time.Minute || ctx.Err() != context.DeadlineExceeded {
				t.Errorf("ended after %v with %v", took, ctx.Err())
			}
			if end, ok := ctx.Deadline(); !ok || !end.Equal(began.Add(time.Minute)) {
				t.Errorf("deadline %v, %v", end, ok)
			}
			if RequestID(inner) == "" {
				t.Error("the event is lost behind the timer")
			}
		})
	})
}

func TestWaitsEndWithTheRequest(t *testing.T) {
	t.Parallel()
	var early, late context.Context
	serveOnce(time.Minute, func(ctx context.Context) { early = ctx; _ = ctx.Done() })
	serveOnce(time.Minute, func(ctx context.Context) { late = ctx })
	for _, ctx := range []context.Context{early, late} { // asked before the end, and after it
		if ctx.Err() != context.Canceled {
			t.Errorf("after the request: %v", ctx.Err())
		}
	}
}

func TestNoTimeoutIsNoEnd(t *testing.T) {
	t.Parallel()
	serveOnce(0, func(ctx context.Context) {
		if _, ok := ctx.Deadline(); ok {
			t.Error("there is a deadline")
		}
	})
}

// A context that the standard library does not know makes it start a goroutine
// for each one derived from it.
func TestDerivedContextsCostNoGoroutine(t *testing.T) {
	serveOnce(time.Minute, func(ctx context.Context) {
		_ = ctx.Done()
		before := runtime.NumGoroutine()
		for range 100 {
			_, cancel := context.WithCancel(ctx)
			defer cancel()
		}
		if more := runtime.NumGoroutine() - before; more > 50 {
			t.Errorf("%d goroutines more", more)
		}
	})
}
