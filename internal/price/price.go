// Package price knows what models cost and computes the cost of a call.
//
// Prices are data: one JSON file per provider under data/, embedded in the
// binary and dated; an operator's file of the same format adds to it or
// overrides it. All money is integer: rates are nano-dollars (1e-9 US dollars)
// per million tokens or per unit, costs are nano-dollars, rounded once.
//
// What is not known is said to be unknown. No look-up and no cost is ever zero
// because something was missing.
package price

import (
	"slices"
	"time"
)

// A Tier is a provider's service tier, which selects a schedule of rates.
type Tier string

// The tiers that prices exist for.
const (
	Standard Tier = "standard"
	Batch    Tier = "batch"
	Flex     Tier = "flex"
	Priority Tier = "priority"
	Fast     Tier = "fast" // Anthropic's faster inference of the same model
)

// TierOf reads a service tier as providers spell it in their usage. Names that
// mean no special price ("", "default", "auto", "scale", …) are Standard.
func TierOf(name string) Tier {
	switch t := Tier(name); t {
	case Batch, Flex, Priority, Fast:
		return t
	}
	return Standard
}

// A Price is everything known about the price of one model. It is immutable
// and shares memory with its Catalogue. The zero Price is unknown.
type Price struct {
	Provider, Model string

	Sources   []string // catalogues that agree on the figures; "override" for an operator's
	AsOf      string   // date of the newest of them, YYYY-MM-DD
	Uncertain bool     // the sources disagree; Note says how
	Note      string
	Local     bool // runs on the operator's own machines: nothing is paid per call

	From    time.Time // in force from then on; zero means ever since
	earlier *Price    // what was in force before

	Schedules []Schedule       // Standard first
	Units     map[string]int64 // nano-dollars per unit: "web_search", "call", "minute", …

	Images   map[string]map[string]int64 // nano-dollars per image, by quality and size; "default" for either
	Training map[string]int64            // fine-tuning: nano-dollars per million_tokens, per hour

	Kind      string // "chat", "embedding", "image", …; "" if not known
	Context   int64  // tokens of input a call may have, 0 if not known
	MaxOutput int64  // tokens of output a call may have, 0 if not known
	Supports  []string
}

// at returns the price that was in force at a time, nil if there was none.
func (p *Price) at(t time.Time) *Price {
	for p != nil && p.From.After(t) {
		p = p.earlier
	}
	return p
}

// A Schedule is the rates of one service tier.
type Schedule struct {
	Tier  Tier
	Steps []Step // ascending; the first is for every size of input
}

// A Step is the rates of a whole call with more than Above input tokens.
type Step struct {
	Above int64
	Rates Rates
}

// schedule returns the tier's rates, or nil.
func (p *Price) schedule(t Tier) *Schedule {
	for i := range p.Schedules {
		if p.Schedules[i].Tier == t {
			return &p.Schedules[i]
		}
	}
	return nil
}

// at returns the rates of a call with that much input.
func (s *Schedule) at(input int64) *Rates {
	for i := len(s.Steps) - 1; i > 0; i-- {
		if input > s.Steps[i].Above {
			return &s.Steps[i].Rates
		}
	}
	return &s.Steps[0].Rates
}

// A Dimension is one kind of token that has a rate of its own.
type Dimension uint8

// The dimensions.
const (
	Input Dimension = iota
	Output
	CacheRead
	CacheWrite   // five minutes
	CacheWrite1h // one hour
	Reasoning
	AudioInput
	AudioOutput
	AudioCacheRead
	ImageInput
	ImageOutput
	ImageCacheRead
	dimensions
)

var dimensionNames = [dimensions]string{
	"input", "output", "cache_read", "cache_write", "cache_write_1h", "reasoning",
	"audio_input", "audio_output", "audio_cache_read",
	"image_input", "image_output", "image_cache_read",
}

// String returns the dimension's name in price files and receipts.
func (d Dimension) String() string { return dimensionNames[d] }

func dimension(name string) (Dimension, bool) {
	i := slices.Index(dimensionNames[:], name)
	return Dimension(max(i, 0)), i >= 0
}

// Rates are nano-dollars per million tokens, by dimension. Some are not set.
type Rates struct {
	nano [dimensions]int64
	set  uint16
}

// Get returns a rate in nano-dollars per million tokens, and whether it is set.
func (r *Rates) Get(d Dimension) (int64, bool) { return r.nano[d], r.set&(1<<d) != 0 }

// Set sets a rate in nano-dollars per million tokens.
func (r *Rates) Set(d Dimension, nano int64) {
	r.nano[d] = nano
	r.set |= 1 << d
}

// first returns the first rate that is set: a part without a rate of its own is
// charged as the whole that it is part of.
func (r *Rates) first(ds ...Dimension) (Dimension, bool) {
	for _, d := range ds {
		if r.set&(1<<d) != 0 {
			return d, true
		}
	}
	return 0, false
}

// IsZero reports whether no rate is set.
func (r *Rates) IsZero() bool { return r.set == 0 }
