package obs

import (
	"maps"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// maxRoutes bounds the values of the label "route", should somebody ever pass
// a name that is not from a closed set.
const maxRoutes = 512

// Metrics are the house's figures, in a registry of their own.
type Metrics struct {
	reg      *prometheus.Registry
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
	inflight prometheus.Gauge

	mu     sync.Mutex // guards writers of routes
	routes atomic.Pointer[map[string]*routeStats]
}

// NewMetrics makes the request metrics and those of the Go runtime, the
// process and the build: genkan_build_info{version}.
func NewMetrics(version string) *Metrics {
	m := &Metrics{
		reg: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "http_requests_total", Help: "Requests answered.",
		}, []string{"route", "method", "status_class"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "http_request_duration_seconds", Help: "Time from the request's arrival to the end of its answer.",
			Buckets: []float64{.0001, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"route"}),
		inflight: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "http_requests_in_flight", Help: "Requests being answered now.",
		}),
	}
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "genkan_build_info", Help: "1, with the version as a label.",
		ConstLabels: prometheus.Labels{"version": clean(version, maxKey)},
	})
	build.Set(1)
	m.routes.Store(&map[string]*routeStats{})
	m.reg.MustRegister(m.requests, m.duration, m.inflight, build, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Registry is where other parts register figures of their own. Their labels
// must come from closed sets as well; Gauge and Counter see to it.
func (m *Metrics) Registry() *prometheus.Registry { return m.reg }

// Gauge registers a figure that read tells when it is asked for: the length of
// the hash gate's queue, the age of the oldest job. read must be safe to call
// at any time. A name that is already taken panics: it is a fault of ours.
func (m *Metrics) Gauge(name, help string, read func() float64) {
	m.reg.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, read))
}

// Counter counts what happened, by the values of one label that are named
// here; any other value counts as "other". All start at 0, so that a first
// event is seen as a rise.
func (m *Metrics) Counter(name, help, label string, values ...string) *Counter {
	vec := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, []string{label})
	m.reg.MustRegister(vec)
	c := &Counter{by: make(map[string]prometheus.Counter, len(values)), other: vec.WithLabelValues("other")}
	for _, v := range values {
		c.by[v] = vec.WithLabelValues(v)
	}
	return c
}

// Counter is a count over a closed set of values. A nil Counter counts nothing.
type Counter struct {
	by    map[string]prometheus.Counter
	other prometheus.Counter
}

// Inc counts one for value.
func (c *Counter) Inc(value string) {
	if c == nil {
		return
	}
	if n, ok := c.by[value]; ok {
		n.Inc()
		return
	}
	c.other.Inc()
}

// routeStats holds the resolved figures of one pattern, so that a request
// looks up one map and no labels.
type routeStats struct {
	label string
	took  prometheus.Observer
	count [methodCount][6]atomic.Pointer[prometheus.Counter]
}

// observe counts one answered request.
func (m *Metrics) observe(pattern, method string, status int, took time.Duration) {
	st, ok := (*m.routes.Load())[pattern]
	if !ok {
		st = m.addRoute(pattern)
	}
	st.took.Observe(took.Seconds())
	class := min(max(status/100, 0), 5)
	slot := &st.count[methodIndex(method)][class]
	c := slot.Load()
	if c == nil { // resolved at first use, so that no empty series are made
		found := m.requests.WithLabelValues(st.label, methodLabel(method), classLabel(class))
		c = &found
		slot.Store(c)
	}
	(*c).Inc()
}

// addRoute copies the map with one pattern more: requests read it without a lock.
func (m *Metrics) addRoute(pattern string) *routeStats {
	m.mu.Lock()
	defer m.mu.Unlock()
	old := *m.routes.Load()
	if st, ok := old[pattern]; ok {
		return st
	}
	if len(old) >= maxRoutes {
		pattern = "other"
		if st, ok := old[pattern]; ok {
			return st
		}
	}
	label := routeLabel(pattern)
	st := &routeStats{label: label, took: m.duration.WithLabelValues(label)}
	grown := maps.Clone(old)
	grown[pattern] = st
	m.routes.Store(&grown)
	return st
}

// routeLabel is a mux pattern without its method, which has a label of its own.
func routeLabel(pattern string) string {
	if pattern == "" {
		return "unmatched"
	}
	if method, rest, ok := strings.Cut(pattern, " "); ok && !strings.Contains(method, "/") {
		pattern = strings.TrimLeft(rest, " \t")
	}
	return clean(pattern, 128)
}

const methodCount = 8

// methodIndex maps the methods of RFC 9110 §9 and RFC 5789 to a closed set.
func methodIndex(method string) int {
	switch method {
	case http.MethodGet, "":
		return 0
	case http.MethodPost:
		return 1
	case http.MethodHead:
		return 2
	case http.MethodDelete:
		return 3
	case http.MethodPut:
		return 4
	case http.MethodPatch:
		return 5
	case http.MethodOptions:
		return 6
	}
	return 7
}

func methodLabel(method string) string {
	return [methodCount]string{"GET", "POST", "HEAD", "DELETE", "PUT", "PATCH", "OPTIONS", "other"}[methodIndex(method)]
}

func classLabel(class int) string {
	return [6]string{"other", "1xx", "2xx", "3xx", "4xx", "5xx"}[class]
}
