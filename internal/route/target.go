package route

import (
	"encoding/json"
	"time"

	"github.com/portico-ai/portico/internal/ai"
)

// A Target is one node of a config: a leaf, which is called, or a strategy over
// further targets. Its Settings are the effective ones: what its ancestors set
// is already merged in.
type Target struct {
	Path string // where it stands: "config", "config.targets[1].targets[0]"
	Name string // what a condition calls it; "" if unnamed
	ID   string // the outermost "id" on the way down; "" if there is none

	// Who is called. VirtualKey is the slug of a stored credential, whether it
	// was written virtual_key, provider "@slug" or override_params.model
	// "@slug/model" (of which only "model" remains then); it decides over
	// Provider. A leaf may have neither: see NamesProvider.
	Provider   string
	VirtualKey string
	APIKey     ai.Secret
	PromptID   string // a stored prompt that replaces the request's
	// Passthrough leaves the choice of the provider to the request.
	Passthrough bool
	// Fields are the keys this package gives no meaning, the provider's own:
	// resource_name, aws_region. Text values are kept as text, others as JSON.
	Fields map[string]ai.Secret

	Weight float64 // share under a loadbalance; 1 if absent

	Settings

	Strategy *Strategy // nil for a leaf
	Targets  []*Target

	parent   *Target
	index    int    // among the parent's targets
	mode     string // strategies on the way down, outermost first
	fallback bool   // some fallback on the way down is past its first target
}

// IsLeaf reports whether the target is called itself.
func (t *Target) IsLeaf() bool { return t.Strategy == nil }

// NamesProvider reports whether the target says by itself who is to be called. A
// prompt says so for its target.
func (t *Target) NamesProvider() bool {
	return t.Provider != "" || t.VirtualKey != "" || t.PromptID != ""
}

func (t *Target) walk(yield func(*Target) bool) bool {
	if !yield(t) {
		return false
	}
	for _, child := range t.Targets {
		if !child.walk(yield) {
			return false
		}
	}
	return true
}

// Settings are what a target does besides choosing. A child inherits each from
// its parent unless it sets its own; params are merged key by key.
type Settings struct {
	DefaultParams  []Param  // for keys the request leaves out
	OverrideParams []Param  // set whatever the request says; applied after DefaultParams
	DropParams     []string // paths removed last: "a.b", "a[0].b", "a[*].b"; parents' first

	Retry Retry
	Cache *Cache // nil: none

	RequestTimeout    time.Duration // to the response head, per attempt; 0: the default
	FirstTokenTimeout time.Duration // to a stream's first meaningful event; 0: the default
	StreamIdleTimeout time.Duration // between a stream's events; 0: the default

	CustomHost     string   // base URL; "" for the provider's own
	ForwardHeaders []string // client headers to send on, lower-case
	Strict         *bool    // strict_open_ai_compliance; nil: not said
	Lossless       bool     // strict_translation: refuse what a translation would have to leave out

	Before, After Hooks // around the call
}

// A Param is one key of override_params or default_params, in written order.
type Param struct {
	Name  string
	Value json.RawMessage
}

// Retry says how often and when a target is tried again.
type Retry struct {
	Attempts      int   // beyond the first try, 0 to MaxAttempts
	OnStatusCodes []int // what is worth a retry
	UseRetryAfter bool  // a 429's Retry-After sets the wait
}

// Cache says how answers are cached.
type Cache struct {
	Mode   string          // "simple" or "semantic"
	MaxAge time.Duration   // 0: not said
	Raw    json.RawMessage // the object as written, for keys this package does not read
}

// Hooks are the lists around a call, unread: arrays, nil if absent. A child that
// sets one of a side's lists replaces the parent's whole side.
type Hooks struct{ Hooks, Guardrails, Mutators json.RawMessage }

// IsZero reports whether no list is set.
func (h Hooks) IsZero() bool { return h.Hooks == nil && h.Guardrails == nil && h.Mutators == nil }

// A Strategy is how a target chooses among its targets.
type Strategy struct {
	mode       mode
	codes      []int // of a fallback; nil: anything but a success
	conditions []condition
	fallthru   int       // index of a conditional's default; -1: none
	sums       []float64 // running totals of a loadbalance's weights

	CircuitBreaker json.RawMessage // cb_config, nil if absent
	Sticky         json.RawMessage // nil if absent
}

// Mode is the strategy's name as configs write it.
func (s *Strategy) Mode() string { return s.mode.String() }

type mode uint8

const (
	modeSingle mode = iota
	modeLoadbalance
	modeFallback
	modeConditional
)

var modeNames = []string{"single", "loadbalance", "fallback", "conditional"}

func (m mode) String() string { return modeNames[m] }
