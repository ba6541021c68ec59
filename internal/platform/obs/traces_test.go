package obs

import (
	"bytes"
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
	"modernc.org/sqlite"
)

func TestTracesOffCostNothing(t *testing.T) {
	t.Parallel()
	for _, tr := range []*Traces{nil, {}} {
		h := http.NewServeMux()
		if tr.Handler(h) != http.Handler(h) || tr.Driver(nil) != nil || tr.Stop(t.Context()) != nil {
			t.Error("something was wrapped")
		}
	}
}

// Real spans go to a real OTLP/HTTP receiver; nothing secret arrives there.
func TestSpansCarryNoSecret(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var got bytes.Buffer
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		_, _ = io.Copy(&got, r.Body)
	}))
	defer receiver.Close()
	tr, err := OpenTraces(t.Context(), receiver.URL, "1.2.3")
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /confirm/{token}", func(_ http.ResponseWriter, r *http.Request) {
		trace.SpanFromContext(r.Context()).RecordError(errors.New("duplicate key (address)=(" + canaryAddress + ")"))
	})
	var log bytes.Buffer
	h := tr.Handler(Middleware(mux, Options{Logger: NewLogger(&log, slog.LevelDebug)}))
	for _, secret := range []string{canaryToken, canaryCode} {
		r := httptest.NewRequest("GET", "/confirm/"+secret+"?code="+canaryCode, nil)
		r.Header.Set("User-Agent", canaryPassword)
		h.ServeHTTP(httptest.NewRecorder(), r)
	}
	if err := tr.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	defer mu.Unlock()
	if hits := findCanaries(got.String()); len(hits) > 0 {
		t.Errorf("%q arrived", hits)
	}
	if !bytes.Contains(got.Bytes(), []byte("/confirm/{token}")) {
		t.Errorf("the span is not named by its route: %q", got.String())
	}
	if !bytes.Contains(log.Bytes(), []byte(`"trace":"`)) {
		t.Errorf("the line does not name its trace: %s", log.String())
	}
}

func TestStatementsAreTracedWithoutValues(t *testing.T) {
	t.Parallel()
	spans := tracetest.NewInMemoryExporter()
	tr := newTraces(sdk.WithSyncer(&cleanExporter{SpanExporter: spans, clean: newCleaner()}), "1")
	db := tr.OpenDB(memory{})
	defer db.Close()
	var back string
	if err := db.QueryRowContext(t.Context(), "SELECT $1", canaryToken).Scan(&back); err != nil || back != canaryToken {
		t.Fatal(back, err)
	}
	all := fmt.Sprint(spans.GetSpans())
	if !strings.Contains(all, "SELECT $1") {
		t.Errorf("no statement in %s", all)
	}
	if hits := findCanaries(all); len(hits) > 0 {
		t.Errorf("%q in %s", hits, all)
	}
}

// memory opens databases that live in memory.
type memory struct{}

func (memory) Connect(context.Context) (driver.Conn, error) {
	return (&sqlite.Driver{}).Open(":memory:")
}
func (memory) Driver() driver.Driver { return &sqlite.Driver{} }
