package telemetry

import (
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
)

// Labels that entries are counted by.
type (
	labels struct {
		op, provider string
		status       int
		state        string
	}
	attempt struct {
		provider string
		status   int
	}
)

// counters are what an entry with given labels adds to.
type counters struct {
	requests, input, output, unpriced prometheus.Counter
	cost                              *atomic.Int64 // nano-dollars
	duration                          prometheus.Observer
}

func (m *Metrics) counters(l labels) *counters {
	return &counters{
		requests: m.requests.WithLabelValues(l.op, l.provider, strconv.Itoa(l.status), l.state),
		input:    m.tokens.WithLabelValues(l.provider, "input"),
		output:   m.tokens.WithLabelValues(l.provider, "output"),
		cost:     m.costOf.get(l.provider, m.costCounter),
		unpriced: m.unpriced.WithLabelValues(l.provider),
		duration: m.duration.WithLabelValues(l.op, l.provider),
	}
}

// costCounter counts in whole nano-dollars: a sum of fractions of a dollar would
// drift from the journal's.
func (m *Metrics) costCounter(provider string) *atomic.Int64 {
	nano := new(atomic.Int64)
	m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: costName,
		Help: "Cost of requests whose price is known.", ConstLabels: prometheus.Labels{"provider": provider}},
		func() float64 { return float64(nano.Load()) / 1e9 }))
	return nano
}

func (m *Metrics) attemptCounter(a attempt) prometheus.Counter {
	return m.attempts.WithLabelValues(a.provider, strconv.Itoa(a.status))
}

// A cache saves hashing labels anew for every request. Labels are bounded, and
// with them its size.
type cache[K comparable, V any] struct {
	mu sync.RWMutex
	m  map[K]V
}

func (c *cache[K, V]) get(k K, create func(K) V) V {
	c.mu.RLock()
	v, ok := c.m[k]
	c.mu.RUnlock()
	if ok {
		return v
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.m == nil {
		c.m = map[K]V{}
	}
	v = create(k)
	c.m[k] = v
	return v
}
