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

	Tier      Tier  // the tier whose rates were applied
	Above     int64 // the long-context step applied: input was over this many tokens; 0 for none
	Assumed   bool  // the tier has no listed price: half of Standard for Batch, else Standard
	Uncertain bool  // the price is: its sources disagree
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
// one that the usage reports. Parts of a total (cached, reasoning, audio, image)
// are taken out of it, so that no token is charged twice; parts that exceed their
// total are cut to it, in the order of the lines.
func Cost(p Price, u ai.Usage, tier Tier) Bill {
	if tier == "" {
		tier = TierOf(u.ServiceTier)
	}
	b := Bill{Tier: tier, Uncertain: p.Uncertain}
	if len(p.Schedules) == 0 && len(p.Units) == 0 && len(p.Images) == 0 {
		b.Missing = "price"
		return b
	}
	r := receipt{known: true}
	if !p.Local {
		b.applyUsage(&r, &p, &u)
		r.units(&p, "call", 1)
		r.searches(&p, &u)
		if u.OtherTokens > 0 {
			r.lacks("price of the other model that was asked")
		}
	}
	b.Known, b.Missing = r.known, r.missing
	b.Lines, b.Nano = r.close()
	return b
}

// applyUsage charges tokens if the model has rates for them and the usage
// counts some, else what the usage counts of other things.
func (b *Bill) applyUsage(r *receipt, p *Price, u *ai.Usage) {
	byToken := len(p.Schedules) > 0
	switch {
	case byToken && u.TotalTokens() > 0:
		b.applyTokens(r, p, u)
	case r.things(p, u) || onlyPerCall(p):
	case byToken && (free(&p.Schedules[0]) || !countsThings(u)):
		b.applyTokens(r, p, u)
	default:
		r.lacks("usage in the unit of the price")
	}
}

// countsThings reports whether a usage is of something else than tokens.
func countsThings(u *ai.Usage) bool {
	return u.Images > 0 || u.AudioMillis > 0 || u.Characters > 0 || u.SearchUnits > 0 || u.Pages > 0
}

func (b *Bill) applyTokens(r *receipt, p *Price, u *ai.Usage) {
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
	r.tokens(rates, u, p.Kind == "image")
	r.half = false // only tokens are cheaper in a batch
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
	lines   [16]Line
	thirds  [16]uint64 // what a line costs per three million of its things
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
func (r *receipt) tokens(rates *Rates, u *ai.Usage, makesImages bool) {
	in, out := max(u.InputTokens, 0), max(u.OutputTokens, 0)

	write := take(&in, u.CacheWriteTokens)
	write1h := take(&write, u.CacheWrite1hTokens)
	read := take(&in, u.CacheReadTokens)
	// Usage does not say whether cached tokens were text, audio or image. Text is
	// assumed; only what cannot have been text is cached audio or image.
	audio := min(max(u.InputAudioTokens, 0), in+read)
	plainAudio := take(&in, audio)
	cachedAudio := take(&read, audio-plainAudio)
	image := min(max(u.InputImageTokens, 0), in+read)
	plainImage := take(&in, image)
	cachedImage := take(&read, image-plainImage)

	r.add(rates, Input, in, Input)
	r.add(rates, CacheWrite, write, CacheWrite, Input)
	r.add(rates, CacheWrite1h, write1h, CacheWrite1h, CacheWrite, Input)
	r.add(rates, CacheRead, read, CacheRead, Input)
	r.add(rates, AudioInput, plainAudio, AudioInput, Input)
	r.add(rates, AudioCacheRead, cachedAudio, AudioCacheRead, AudioInput, CacheRead, Input)
	r.add(rates, ImageInput, plainImage, ImageInput, Input)
	r.add(rates, ImageCacheRead, cachedImage, ImageCacheRead, CacheRead, ImageInput, Input)

	audioOut := take(&out, u.OutputAudioTokens)
	imageOut := take(&out, u.OutputImageTokens)
	reasoning := take(&out, u.ReasoningTokens)
	// The output of an image model is images, that of a speech model is sound,
	// unless the usage tells them apart from text.
	text := [3]Dimension{Output, ImageOutput, AudioOutput}
	if makesImages && imageOut == 0 {
		text = [3]Dimension{ImageOutput, Output, AudioOutput}
	}
	r.add(rates, Output, out, text[:]...)
	r.add(rates, Reasoning, reasoning, Reasoning, text[0], text[1], text[2])
	r.add(rates, AudioOutput, audioOut, AudioOutput, Output)
	r.add(rates, ImageOutput, imageOut, ImageOutput, Output)
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
	nano := rates.nano[d]
	if r.half {
		nano /= 2
	}
	r.line(kind.String(), n, nano, 3*uint64(nano))
}

// things charges what is not counted in tokens: pictures, sound, characters,
// search units, pages. It reports whether the price and the usage have one of
// these in common.
func (r *receipt) things(p *Price, u *ai.Usage) bool {
	found := false
	if u.Images > 0 {
		if nano, ok := p.image(u.ImageQuality, u.ImageSize); ok {
			r.line("image", u.Images, nano*million, 3*uint64(nano)*million)
			found = true
		}
	}
	if nano, ok := p.Units["minute"]; ok && u.AudioMillis > 0 {
		// A minute is 60,000 of what is counted, so a million of these cost 50/3.
		r.line("audio_ms", u.AudioMillis, nano/3*50+nano%3*50/3, 50*uint64(nano))
		found = true
	}
	for _, thing := range [...]struct {
		unit string
		n    int64
	}{{"character", u.Characters}, {"search_unit", u.SearchUnits}, {"page", u.Pages}} {
		found = r.units(p, thing.unit, thing.n) || found
	}
	return found
}

// image returns the price of a picture: of its quality, if that is listed, and
// of its size, if that is; else of any. A listed quality never has the price of
// another.
func (p *Price) image(quality, size string) (int64, bool) {
	for _, q := range [...]string{quality, "default", "standard"} {
		sizes, ok := p.Images[q]
		if !ok {
			continue
		}
		if nano, ok := sizes[size]; ok {
			return nano, true
		}
		nano, ok := sizes["default"]
		return nano, ok
	}
	nano, ok := p.Units["generated_images"]
	return nano, ok
}

// units charges n things that have a price each, and reports whether it did.
func (r *receipt) units(p *Price, name string, n int64) bool {
	nano, ok := p.Units[name]
	if !ok || n <= 0 {
		return false
	}
	r.line(name, n, nano*million, 3*uint64(nano)*million)
	return true
}

// searches charges the provider's own searches. Some providers call them
// "search"; search models have one in every call, priced by its context. A
// search that has no price makes the cost unknown.
func (r *receipt) searches(p *Price, u *ai.Usage) {
	if _, always := p.Units["web_search_low_context"]; always {
		nano, ok := p.Units["web_search_"+u.SearchContext+"_context"]
		if !ok {
			r.lacks("size of the search's context")
			return
		}
		r.line("web_search", 1, nano*million, 3*uint64(nano)*million)
		return
	}
	if u.WebSearches > 0 && !r.units(p, "web_search", u.WebSearches) && !r.units(p, "search", u.WebSearches) {
		r.lacks("web_search price")
	}
}

func (r *receipt) line(name string, n, nanoPerMillion int64, thirds uint64) {
	if thirds == 0 {
		return
	}
	r.lines[r.n] = Line{Name: name, Tokens: n, NanoPerMillion: nanoPerMillion}
	r.thirds[r.n] = thirds
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
		h, m := bits.Mul64(uint64(l.Tokens), r.thirds[i])
		var carry uint64
		lo, carry = bits.Add64(lo, m, 0)
		if hi, carry = bits.Add64(hi, h, carry); carry != 0 {
			hi = math.MaxUint64
		}
		next := round(hi, lo)
		l.Nano, sum = next-sum, next
	}
	lines := make([]Line, r.n)
	copy(lines, r.lines[:r.n])
	return lines, sum
}

// round divides a 128-bit number by three million, half up, and stops at
// MaxInt64.
func round(hi, lo uint64) int64 {
	const by = 3 * million
	lo, carry := bits.Add64(lo, by/2, 0)
	if hi, carry = bits.Add64(hi, 0, carry); carry != 0 || hi >= by {
		return math.MaxInt64
	}
	q, _ := bits.Div64(hi, lo, by)
	return int64(min(q, math.MaxInt64))
}
