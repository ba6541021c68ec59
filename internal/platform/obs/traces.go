package obs

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"net/http"
	"time"

	"github.com/XSAM/otelsql"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
)

// Traces sends OpenTelemetry spans. The zero value and nil are off: their
// methods give back what they were given, so that a house without traces pays
// nothing for them.
type Traces struct{ provider *sdk.TracerProvider }

// OpenTraces sends spans by OTLP over HTTP to endpoint, a URL such as
// "http://127.0.0.1:4318". An empty endpoint gives traces that are off.
// Nothing global is set. Stop must be called at the end.
func OpenTraces(ctx context.Context, endpoint, version string) (*Traces, error) {
	if endpoint == "" {
		return &Traces{}, nil
	}
	out, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(endpoint), otlptracehttp.WithTimeout(5*time.Second))
	if err != nil {
		return nil, fmt.Errorf("open traces: %w", err)
	}
	return newTraces(sdk.WithBatcher(&cleanExporter{SpanExporter: out, clean: newCleaner()}), version), nil
}

func newTraces(out sdk.TracerProviderOption, version string) *Traces {
	about := resource.NewSchemaless(attribute.String("service.name", "genkan"), attribute.String("service.version", version))
	return &Traces{provider: sdk.NewTracerProvider(out, sdk.WithResource(about))}
}

// Handler gives each request a span that is named like its route. A caller's
// trace headers are linked to, never obeyed: anybody may send them.
func (t *Traces) Handler(next http.Handler) http.Handler {
	if t.off() {
		return next
	}
	return otelhttp.NewHandler(next, "request",
		otelhttp.WithTracerProvider(t.provider),
		otelhttp.WithMeterProvider(noop.NewMeterProvider()),
		otelhttp.WithPropagators(propagation.TraceContext{}),
		otelhttp.WithPublicEndpointFn(func(*http.Request) bool { return true }))
}

// Driver gives each statement a span with its text, which holds placeholders
// only.
func (t *Traces) Driver(d driver.Driver) driver.Driver {
	if t.off() {
		return d
	}
	return otelsql.WrapDriver(d, t.sqlOptions()...)
}

// OpenDB opens a database through c, traced like Driver. A driver connection
// taken out with sql.Conn.Raw then sits behind a wrapper with a Raw method.
func (t *Traces) OpenDB(c driver.Connector) *sql.DB {
	if t.off() {
		return sql.OpenDB(c)
	}
	return otelsql.OpenDB(c, t.sqlOptions()...)
}

func (t *Traces) sqlOptions() []otelsql.Option {
	return []otelsql.Option{
		otelsql.WithTracerProvider(t.provider), otelsql.WithMeterProvider(noop.NewMeterProvider()),
		otelsql.WithSpanOptions(otelsql.SpanOptions{DisableErrSkip: true, OmitConnResetSession: true, OmitRows: true, OmitConnPrepare: true}),
	}
}

// Stop sends what is left and ends the sending.
func (t *Traces) Stop(ctx context.Context) error {
	if t.off() {
		return nil
	}
	return t.provider.Shutdown(ctx)
}

func (t *Traces) off() bool { return t == nil || t.provider == nil }

// cleanExporter lets through what is known to be harmless and cleans the
// rest (LG1): paths and queries carry tokens, error texts carry values.
type cleanExporter struct {
	sdk.SpanExporter
	clean *cleaner
}

// ExportSpans cleans, then sends.
func (e *cleanExporter) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	cleaned := make([]sdk.ReadOnlySpan, len(spans))
	for i, s := range spans {
		cleaned[i] = cleanSpan{ReadOnlySpan: s, clean: e.clean}
	}
	return e.SpanExporter.ExportSpans(ctx, cleaned)
}

type cleanSpan struct {
	sdk.ReadOnlySpan
	clean *cleaner
}

// Attributes leaves out what a stranger chose freely.
func (s cleanSpan) Attributes() []attribute.KeyValue {
	kept := make([]attribute.KeyValue, 0, len(s.ReadOnlySpan.Attributes()))
	for _, kv := range s.ReadOnlySpan.Attributes() {
		switch kv.Key {
		case "url.path", "url.full", "url.query", "http.target", "http.url", "user_agent.original", "client.address", "network.peer.address":
			continue
		}
		kept = append(kept, s.attr(kv))
	}
	return kept
}

// Events cleans the attributes of events, among them texts of errors.
func (s cleanSpan) Events() []sdk.Event {
	events := make([]sdk.Event, len(s.ReadOnlySpan.Events()))
	for i, ev := range s.ReadOnlySpan.Events() {
		attrs := make([]attribute.KeyValue, len(ev.Attributes))
		for j, kv := range ev.Attributes {
			attrs[j] = s.attr(kv)
		}
		ev.Attributes = attrs
		events[i] = ev
	}
	return events
}

// Status cleans the description, which is an error's text.
func (s cleanSpan) Status() sdk.Status {
	st := s.ReadOnlySpan.Status()
	st.Description = s.clean.text(st.Description, maxText)
	return st
}

func (s cleanSpan) attr(kv attribute.KeyValue) attribute.KeyValue {
	if kv.Value.Type() == attribute.STRING {
		kv.Value = attribute.StringValue(s.clean.text(kv.Value.AsString(), maxText))
	}
	return kv
}
