package price

import (
	"math"
	"math/bits"

	"github.com/portico-ai/portico/internal/ai"
)

// A Bill is the cost of one call, and how it came about.
type Bill struct {
	// Known reports that Nano is the whole cost. If it is false, Nano is the part
	// that could be computed (often 0), a lower bound and not a price; Missing
	// says what is not known.
	Known   bool
	Missing string

	Nano  int64  // nano-dollars
	Lines []Line // the receipt: amounts add up to Nano exactly; empty amounts are left out

	Tier    Tier  // the tier whose rates were applied
	Above   int64 // the long-context step applied: input was over this many tokens; 0 for none
	Assumed bool  // the tier has no listed price: half of Standard for Batch, else Standard
}

// A Line is one position of a Bill. For things that are not tokens, Tokens
// counts them and NanoPerMillion is the price of a million of them.
type Line struct {
	Name           string `json:"name"`
	Tokens         int64  `json:"tokens"`
	NanoPerMillion int64  `json:"nano_per_million"`
	Nano           int64  `json:"nano"`
}

const million = 1_000_000

// Cost computes what a call cost. The tier is the one asked for; "" takes the
// one that the usage reports. Parts of a total (cached, reasoning, audio) are
// taken out of it, so that no token is charged twice; parts that exceed their
// total are cut to it, in the order of the lines.
func Cost(p Price, u ai.Usage, tier Tier) Bill {
	if tier == "" {
		tier = TierOf(u.ServiceTier)
	}
	b := Bill{Tier: tier}
	if len(p.Schedules) == 0 && len(p.Units) == 0 && len(p.Images) == 0 {
		b.Missing = "price"
		return b
	}
	r := receipt{known: true}
	b.applyTokens(&r, &p, &u)
	r.units(&p, "call", 1, false)
	r.units(&p, "web_search", u.WebSearches, true)
	b.Known, b.Missing = r.known, r.missing
	b.Lines, b.Nano = r.close()
	return b
}

func (b *Bill) applyTokens(r *receipt, p *Price, u *ai.Usage) {
	if p.Local {
		return
	}
	if len(p.Schedules) == 0 {
		if !onlyPerCall(p) {
			r.lacks("usage in the unit of the price")
		}
		return
	}
	if !u.Known {
		if !free(&p.Schedules[0]) {
			r.lacks("usage")
		}
		return
	}
	s := p.schedule(b.Tier)
	if s == nil {
		s, b.Assumed = &p.Schedules[0], true
		r.half = b.Tier == Batch
		if !r.half {
			b.Tier = Standard
		}
	}
	rates := s.at(u.InputTokens)
	for i := range s.Steps {
		if &s.Steps[i].Rates == rates {
			b.Above = s.Steps[i].Above
		}
	}
	r.tokens(rates, u)
}

// onlyPerCall reports whether a price without token rates is a fixed one.
func onlyPerCall(p *Price) bool {
	_, fixed := p.Units["call"]
	return fixed && len(p.Images) == 0
}

func free(s *Schedule) bool {
	for i := range s.Steps {
		for _, n := range s.Steps[i].Rates.nano {
			if n != 0 {
				return false
			}
		}
	}
	return true
}

// A receipt gathers lines on the stack.
type receipt struct {
	lines   [12]Line
	n       int
	half    bool
	known   bool
	missing string
}

func (r *receipt) lacks(what string) {
	if r.known {
		r.known, r.missing = false, what
	}
}

// tokens takes the totals of a usage apart and charges every part once.
func (r *receipt) tokens(rates *Rates, u *ai.Usage) {
	in, out := max(u.InputTokens, 0), max(u.OutputTokens, 0)

	write := take(&in, u.CacheWriteTokens)
	write1h := take(&write, u.CacheWrite1hTokens)
	read := take(&in, u.CacheReadTokens)
	// Usage does not say whether cached tokens were text or audio. Text is
	// assumed; only what cannot have been text is cached audio.
	audio := min(max(u.InputAudioTokens, 0), in+read)
	plainAudio := take(&in, audio)
	cachedAudio := take(&read, audio-plainAudio)

	r.add(rates, Input, in, Input)
	r.add(rates, CacheWrite, write, CacheWrite, Input)
	r.add(rates, CacheWrite1h, write1h, CacheWrite1h, CacheWrite, Input)
	r.add(rates, CacheRead, read, CacheRead, Input)
	r.add(rates, AudioInput, plainAudio, AudioInput, Input)
	r.add(rates, AudioCacheRead, cachedAudio, AudioCacheRead, AudioInput, CacheRead, Input)

	audioOut := take(&out, u.OutputAudioTokens)
	reasoning := take(&out, u.ReasoningTokens)
	// The output of an image model is images, that of a speech model is sound,
	// whether or not the usage says so.
	r.add(rates, Output, out, ImageOutput, Output, AudioOutput)
	r.add(rates, Reasoning, reasoning, Reasoning, ImageOutput, Output, AudioOutput)
	r.add(rates, AudioOutput, audioOut, AudioOutput, Output)
}

// take moves up to n from the total and returns what it moved.
func take(total *int64, n int64) int64 {
	n = min(max(n, 0), *total)
	*total -= n
	return n
}

// add charges n tokens of a kind at the first of the rates that is set.
func (r *receipt) add(rates *Rates, kind Dimension, n int64, ds ...Dimension) {
	if n == 0 {
		return
	}
	d, ok := rates.first(ds...)
	if !ok {
		r.lacks(kind.String() + " price")
		return
	}
	r.line(kind.String(), n, rates.nano[d])
}

// units charges n things that are not tokens. Searches that have no price make
// the cost unknown; a model without a price per call has none.
func (r *receipt) units(p *Price, name string, n int64, needed bool) {
	if n <= 0 || p.Local {
		return
	}
	nano, ok := p.Units[name]
	if !ok {
		if needed {
			r.lacks(name + " price")
		}
		return
	}
	half := r.half
	r.half = false // only tokens are cheaper in a batch
	r.line(name, n, nano*million)
	r.half = half
}

func (r *receipt) line(name string, n, nanoPerMillion int64) {
	if r.half {
		nanoPerMillion /= 2
	}
	if nanoPerMillion == 0 {
		return
	}
	r.lines[r.n] = Line{Name: name, Tokens: n, NanoPerMillion: nanoPerMillion}
	r.n++
}

// close rounds the exact sum once, half up. A line's amount is the difference
// that it makes to the rounded running sum, so that the lines add up.
func (r *receipt) close() ([]Line, int64) {
	if r.n == 0 {
		return nil, 0
	}
	var hi, lo uint64
	var sum int64
	for i := range r.lines[:r.n] {
		l := &r.lines[i]
		h, m := bits.Mul64(uint64(l.Tokens), uint64(l.NanoPerMillion))
		var carry uint64
		lo, carry = bits.Add64(lo, m, 0)
		hi, _ = bits.Add64(hi, h, carry)
		next := round(hi, lo)
		l.Nano, sum = next-sum, next
	}
	lines := make([]Line, r.n)
	copy(lines, r.lines[:r.n])
	return lines, sum
}

// round divides a 128-bit number by a million, half up, and stops at MaxInt64.
func round(hi, lo uint64) int64 {
	lo, carry := bits.Add64(lo, million/2, 0)
	hi += carry
	if hi >= million {
		return math.MaxInt64
	}
	q, _ := bits.Div64(hi, lo, million)
	return int64(min(q, math.MaxInt64))
}
