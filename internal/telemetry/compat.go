package telemetry

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/portico-ai/portico/internal/ledger"
)

// Compat says which of Portkey's metrics there are beside ours: its names, units
// and labels, for dashboards that are made for them.
type Compat struct {
	App, Env                      string   // constant labels
	Model, ConfigName, APIKeyName bool     // labels that are there only when asked for
	Metadata                      []string // keys; each is a label metadata_<key>
}

// Bounds of what callers decide: a label has so many values, and there are so many
// combinations; what comes beyond is counted as other.
const (
	maxValues = 100
	maxSeries = 1000
	other     = "other"
)

// compat counts entries under Portkey's names.
type compat struct {
	opt    Compat
	labels []string

	count, cost, tokens          *prometheus.CounterVec
	http, llm, total, processing *prometheus.HistogramVec

	mu     sync.Mutex
	values []map[string]bool // seen of each label
	series map[string]*compatSeries
}

type compatSeries struct {
	count, cost, tokens          prometheus.Counter
	http, llm, total, processing prometheus.Observer
}

var (
	secondBuckets = []float64{.1, .3, .5, 1, 3, 5, 10, 30, 60, 120, 300, 600, 1800, 3000}
	milliBuckets  = []float64{.1, 1, 5, 10, 50, 100, 300, 500, 1000, 3000, 5000, 10_000, 30_000, 60_000, 300_000, 1_000_000, 10_000_000}

	notInLabels = regexp.MustCompile(`[^a-zA-Z0-9_]`)
)

func newCompat(opt Compat, registry *prometheus.Registry) *compat {
	c := &compat{opt: opt, series: map[string]*compatSeries{}, labels: []string{"method", "endpoint", "code", "provider", "source", "stream", "cacheStatus"}}
	for _, l := range []struct {
		on   bool
		name string
	}{{opt.Model, "model"}, {opt.ConfigName, "config_name"}, {opt.APIKeyName, "api_key_name"}} {
		if l.on {
			c.labels = append(c.labels, l.name)
		}
	}
	c.opt.Metadata = nil
	for _, key := range opt.Metadata {
		if label := "metadata_" + notInLabels.ReplaceAllString(key, "_"); !slices.Contains(c.labels, label) {
			c.labels, c.opt.Metadata = append(c.labels, label), append(c.opt.Metadata, key)
		}
	}
	c.values = make([]map[string]bool, len(c.labels))
	for i := range c.values {
		c.values[i] = map[string]bool{}
	}
	fixed := prometheus.Labels{"app": opt.App, "env": opt.Env}
	counter := func(name, help string) *prometheus.CounterVec {
		v := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help, ConstLabels: fixed}, c.labels)
		registry.MustRegister(v)
		return v
	}
	histogram := func(name, help string, buckets []float64) *prometheus.HistogramVec {
		v := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, ConstLabels: fixed, Buckets: buckets}, c.labels)
		registry.MustRegister(v)
		return v
	}
	c.count = counter("request_count", "Requests that ended.")
	c.cost = counter("llm_cost_sum", "Cost of requests whose price is known, in US cents.")
	c.tokens = counter("llm_token_sum", "Tokens of requests and replies.")
	c.http = histogram("http_request_duration_seconds", "From the request's first byte to the reply's last.", secondBuckets)
	c.llm = histogram("llm_request_duration_milliseconds", "Waiting for providers, all attempts.", milliBuckets)
	c.total = histogram("portkey_request_duration_milliseconds", "From the request's first byte to the reply's last.", milliBuckets)
	c.processing = histogram("portkey_processing_time_excluding_last_byte_ms", "The gateway's own part of a request.", milliBuckets)
	return c
}

func (c *compat) observe(e *ledger.Entry) {
	s := c.of(e)
	s.count.Inc()
	if e.CostKnown {
		s.cost.Add(float64(e.CostNano) / 1e7)
	}
	s.tokens.Add(float64(e.Usage.TotalTokens()))
	s.http.Observe(float64(e.TotalMicros) / 1e6)
	s.total.Observe(float64(e.TotalMicros) / 1e3)
	s.llm.Observe(float64(e.UpstreamMicros) / 1e3)
	s.processing.Observe(float64(max(e.TotalMicros-e.UpstreamMicros, 0)) / 1e3)
}

// of finds the series of an entry's labels.
func (c *compat) of(e *ledger.Entry) *compatSeries {
	values := append(make([]string, 0, len(c.labels)), e.Method, string(e.Op), strconv.Itoa(e.Status), e.Provider, "gateway", strconv.FormatBool(e.Stream), e.Cache)
	if c.opt.Model {
		values = append(values, e.Model)
	}
	if c.opt.ConfigName {
		values = append(values, e.ConfigSlug)
	}
	if c.opt.APIKeyName {
		values = append(values, e.KeyID)
	}
	for _, key := range c.opt.Metadata {
		values = append(values, e.Metadata[key])
	}
	for i := range values {
		values[i] = strings.ToValidUTF8(values[i], "\uFFFD")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	key := make([]byte, 0, 128)
	for i, v := range values {
		if seen := c.values[i]; !seen[v] {
			if len(seen) >= maxValues {
				values[i] = other
			} else {
				seen[v] = true
			}
		}
		key = append(append(key, values[i]...), 0)
	}
	if s, ok := c.series[string(key)]; ok {
		return s
	}
	if len(c.series) >= maxSeries {
		for i := range values {
			values[i] = other
		}
		key = []byte(other)
		if s, ok := c.series[other]; ok {
			return s
		}
	}
	s := &compatSeries{
		count: c.count.WithLabelValues(values...), cost: c.cost.WithLabelValues(values...), tokens: c.tokens.WithLabelValues(values...),
		http: c.http.WithLabelValues(values...), llm: c.llm.WithLabelValues(values...), total: c.total.WithLabelValues(values...), processing: c.processing.WithLabelValues(values...),
	}
	c.series[string(key)] = s
	return s
}
