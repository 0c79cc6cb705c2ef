// Package telemetry is how the program is watched from outside, by what the ledger
// records: metrics for Prometheus, and spans and metrics for a collector of OpenTelemetry.
package telemetry

import (
	"net/http"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/portico-ai/portico/internal/ledger"
)

// Metrics counts what the ledger records. Labels are bounded: an operation, a
// known provider's id, a status code, an outcome; never a model or a key.
type Metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	attempts *prometheus.CounterVec
	tokens   *prometheus.CounterVec
	unpriced *prometheus.CounterVec
	duration *prometheus.HistogramVec
	first    *prometheus.HistogramVec

	retries, fallbacks prometheus.Counter
	cached             *prometheus.CounterVec
	parts              *prometheus.CounterVec
	compat             *compat // nil: none

	of         cache[labels, *counters]
	costOf     cache[string, *atomic.Int64]
	attemptsOf cache[attempt, prometheus.Counter]
}

var latencyBuckets = []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 120, 300}

// NewMetrics makes the metrics of one process; version is shown as build info.
func NewMetrics(version string) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "portico_requests_total",
			Help: "Requests that ended, by operation, provider, status and state."}, []string{"op", "provider", "status", "state"}),
		attempts: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "portico_attempts_total",
			Help: "Calls of providers, retries and fallbacks included."}, []string{"provider", "status"}),
		tokens: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "portico_tokens_total",
			Help: "Tokens, by direction; input includes what was cached."}, []string{"provider", "direction"}),
		unpriced: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "portico_unpriced_requests_total",
			Help: "Requests whose price is not known."}, []string{"provider"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "portico_request_duration_seconds",
			Help: "From the request's first byte to the reply's last.", Buckets: latencyBuckets}, []string{"op", "provider"}),
		first: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "portico_first_token_seconds",
			Help: "Streams: to the first meaningful event.", Buckets: latencyBuckets}, []string{"provider"}),
	}
	m.retries = prometheus.NewCounter(prometheus.CounterOpts{Name: "portico_retries_total", Help: "Calls of providers after the first of a target."})
	m.fallbacks = prometheus.NewCounter(prometheus.CounterOpts{Name: "portico_fallbacks_total", Help: "Requests that another target than a fallback's first answered."})
	m.cached = prometheus.NewCounterVec(prometheus.CounterOpts{Name: "portico_cache_requests_total", Help: "Requests, by what the cache had for them."}, []string{"status"})
	m.parts = prometheus.NewCounterVec(prometheus.CounterOpts{Name: "portico_token_parts_total",
		Help: "Parts of the tokens: cache reads and writes of input, reasoning of output."}, []string{"provider", "part"})
	info := prometheus.NewGauge(prometheus.GaugeOpts{Name: "portico_build_info", Help: "Always 1.",
		ConstLabels: prometheus.Labels{"version": version}})
	info.Set(1)
	m.registry.MustRegister(m.requests, m.attempts, m.tokens, m.unpriced, m.duration, m.first, m.retries, m.fallbacks, m.cached, m.parts, info,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// WithCompat adds Portkey's metrics.
func (m *Metrics) WithCompat(opt Compat) { m.compat = newCompat(opt, m.registry) }

// Counter adds a figure that only grows, and is read when it is asked for.
func (m *Metrics) Counter(name, help string, read func() float64) {
	m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help}, read))
}

// Gauge adds a figure that is read when it is asked for.
func (m *Metrics) Gauge(name, help string, read func() float64) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, read))
}

// Observe counts an entry.
func (m *Metrics) Observe(e *ledger.Entry) {
	c := m.of.get(labels{string(e.Op), e.Provider, e.Status, string(e.State)}, m.counters)
	c.requests.Inc()
	for i := range e.Attempts {
		a := &e.Attempts[i]
		m.attemptsOf.get(attempt{a.Provider, a.Status}, m.attemptCounter).Inc()
		if a.Retry > 0 {
			m.retries.Inc()
		}
	}
	m.observeRest(e)
	if e.Usage.Known {
		c.input.Add(float64(e.Usage.InputTokens))
		c.output.Add(float64(e.Usage.OutputTokens))
	}
	if e.CostKnown {
		c.cost.Add(e.CostNano)
	} else {
		c.unpriced.Inc()
	}
	c.duration.Observe(float64(e.TotalMicros) / 1e6)
	if e.FirstTokenMicros > 0 {
		m.first.WithLabelValues(e.Provider).Observe(float64(e.FirstTokenMicros) / 1e6)
	}
}

func (m *Metrics) observeRest(e *ledger.Entry) {
	if e.Fallback {
		m.fallbacks.Inc()
	}
	if e.Cache != "" {
		m.cached.WithLabelValues(e.Cache).Inc()
	}
	for _, p := range [...]struct {
		name string
		n    int64
	}{{"cache_read", e.Usage.CacheReadTokens}, {"cache_write", e.Usage.CacheWriteTokens}, {"reasoning", e.Usage.ReasoningTokens}} {
		if p.n > 0 {
			m.parts.WithLabelValues(e.Provider, p.name).Add(float64(p.n))
		}
	}
	if m.compat != nil {
		m.compat.observe(e)
	}
}

// Handler serves the metrics in Prometheus' text format.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}
