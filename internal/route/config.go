package route

import (
	"bytes"
	"encoding/json"
	"fmt"
	"iter"

	"github.com/tidwall/gjson"

	"github.com/portico-ai/portico/internal/ai"
)

// Limits of a Config. They bound what one request can make the gateway do.
const (
	MaxSize               = 1 << 20 // bytes of JSON
	MaxDepth              = 16      // levels of targets below the root
	MaxTargets            = 100     // targets of the root
	MaxConditionalTargets = 1000    // targets of a root whose mode is conditional
	MaxNested             = 50      // targets below one of the root's targets, all levels together
	MaxConditions         = 1000    // conditions of a config, all strategies together
	MaxParams             = 100     // keys of one override_params or default_params
	MaxAttempts           = 5       // retries of one target; more count as this many
	maxJSONDepth          = 100     // levels of JSON, whatever they mean
	maxProblems           = 100     // reported at once
)

// A Config is a routing config, validated and compiled. It is immutable and
// safe for concurrent use.
type Config struct {
	// Root is the top of the tree: a leaf if the config names one provider or
	// none, else a strategy over targets.
	Root *Target
	// Default guardrails are set at the root and appended to every leaf's own
	// hooks. Nil if absent; arrays of strings or objects otherwise.
	DefaultInputGuardrails, DefaultOutputGuardrails json.RawMessage

	raw           []byte
	warnings      []string
	needsProvider bool
}

// Options say how much Parse can know about the world. The zero value checks
// everything that needs no such knowledge.
type Options struct {
	// KnownProvider resolves a provider's id or a documented alias of it to the
	// id; nil accepts every name. It is not asked about "@slug".
	KnownProvider func(slug string) (id string, ok bool)
	// CheckHost judges a custom_host; nil accepts every one.
	CheckHost func(url string) error
	// ForSave adds what only a saved config must have: a default of every
	// conditional strategy, a complete cb_config.
	ForSave bool
}

// Parse validates and compiles a config. Its error is an *ai.Error of kind
// Invalid that lists every fault in Problems, each as "path: what was expected".
func Parse(raw []byte, opt Options) (*Config, error) {
	if len(raw) > MaxSize {
		return nil, invalid([]string{fmt.Sprintf("config: must be at most %d bytes, got %d", MaxSize, len(raw))})
	}
	var whole json.RawMessage
	if err := json.Unmarshal(raw, &whole); err != nil {
		return nil, &ai.Error{
			Kind: ai.Invalid, Type: "invalid_request_error", Code: "invalid_config", Param: "config",
			Message:  "Invalid config passed. You need to pass a valid json",
			Problems: []string{"config: " + syntaxFault(err)},
		}
	}
	raw = bytes.Clone(raw)
	if problems := scan(raw); len(problems) > 0 {
		return nil, invalid(problems)
	}
	p := &parser{opt: opt, cfg: &Config{raw: raw}}
	p.root(gjson.ParseBytes(raw))
	if len(p.problems) > 0 {
		return nil, invalid(p.problems)
	}
	p.cfg.warnings = p.warnings
	for t := range p.cfg.Leaves() {
		p.cfg.needsProvider = p.cfg.needsProvider || !t.NamesProvider()
	}
	return p.cfg, nil
}

// Direct is the config of a request that sends none: a single leaf without
// settings, whose provider the request names.
func Direct() *Config {
	root := &Target{Path: "config", Weight: 1, mode: modeSingle.String()}
	return &Config{Root: root, raw: []byte("{}"), needsProvider: true}
}

// Warnings are remarks on a config that works but may not do what its author
// meant: unknown keys close to known ones, settings without effect.
func (c *Config) Warnings() []string { return c.warnings }

// Raw is the JSON the config was parsed from. The caller must not change it.
func (c *Config) Raw() []byte { return c.raw }

// NeedsProvider reports whether some leaf names no provider, so that the request
// has to: by header, or by a model written "@slug/model".
func (c *Config) NeedsProvider() bool { return c.needsProvider }

// All yields every node of the tree, parents before children, in order.
func (c *Config) All() iter.Seq[*Target] {
	return func(yield func(*Target) bool) { c.Root.walk(yield) }
}

// Leaves yields the targets that can be called, in order.
func (c *Config) Leaves() iter.Seq[*Target] {
	return func(yield func(*Target) bool) {
		c.Root.walk(func(t *Target) bool { return !t.IsLeaf() || yield(t) })
	}
}

func invalid(problems []string) *ai.Error {
	msg := "Invalid config passed: " + problems[0]
	if more := len(problems) - 1; more > 0 {
		msg += fmt.Sprintf(" (and %d more)", more)
	}
	return &ai.Error{
		Kind: ai.Invalid, Type: "invalid_request_error", Code: "invalid_config", Param: "config",
		Message: msg, Problems: problems,
	}
}
