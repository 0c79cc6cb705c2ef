package main

import (
	"maps"
	"slices"
	"strings"

	"github.com/portico-ai/portico/internal/price"
)

// An opinion is what to make of a catalogue's figure.
type opinion int

const (
	plausible opinion = iota
	filledIn          // a default of the catalogue: no claim
	impossible
)

// judge finds figures that are plainly in the wrong place: reading from a cache
// never costs more than sending anew nor next to nothing, writing to it never
// less nor many times more; sound never comes cheaper out than in, text never
// many times so. A rate of sound that equals the one of text is filled in.
func judge(f *facts, kind string, k rateKey, n int64) opinion {
	of := func(d price.Dimension) (int64, bool) {
		base, ok := f.rates[rateKey{k.tier, k.above, d}]
		return base, ok
	}
	input, hasInput := of(price.Input)
	output, hasOutput := of(price.Output)
	soundIn, hasSoundIn := of(price.AudioInput)
	soundOut, hasSoundOut := of(price.AudioOutput)
	bad := false
	switch k.dim {
	case price.CacheRead, price.AudioCacheRead, price.CacheWrite, price.CacheWrite1h, price.Reasoning:
		if n == 0 {
			return filledIn
		}
	case price.Output:
		if n == input && (kind == "embedding" || kind == "rerank") {
			return filledIn // there is no output
		}
	}
	switch k.dim {
	case price.Input, price.Output:
		bad = output > 0 && input > 10*output
	case price.CacheRead:
		bad = hasInput && (n > input || n < input/200)
	case price.AudioCacheRead:
		bad = hasSoundIn && n > soundIn
	case price.CacheWrite, price.CacheWrite1h:
		bad = hasInput && (n < input || n > 4*input)
	case price.AudioInput, price.AudioOutput:
		if k.dim == price.AudioInput && hasInput && n == input || k.dim == price.AudioOutput && hasOutput && n == output {
			return filledIn
		}
		bad = hasSoundIn && hasSoundOut && soundOut < soundIn
	}
	if bad {
		return impossible
	}
	return plausible
}

// noSearch are the kinds of model that have no tools, and so no tool fees.
var noSearch = []string{"embedding", "moderation", "image", "speech", "transcription", "video"}

// tidy drops figures that say nothing: token rates of zero beside the real
// price, tiers of which half is missing, tool fees of models without tools.
func tidy(e price.Entry, rates map[rateKey]int64, units map[string]int64) {
	if _, grounded := units["search"]; slices.Contains(noSearch, e.Kind) && !grounded {
		delete(units, "web_search")
		delete(units, "file_search")
	}
	if _, counted := units["web_search"]; counted { // not one in every call
		for _, size := range []string{"low", "medium", "high"} {
			delete(units, "web_search_"+size+"_context")
		}
	}
	other := e.Images != nil
	for name := range units {
		video := strings.HasPrefix(name, "video_second")
		other = other || video || slices.Contains([]string{"minute", "character", "search_unit", "page"}, name)
	}
	dropFlatSteps(rates)
	all := maps.Clone(rates)
	for k, n := range all {
		_, in := all[rateKey{k.tier, k.above, price.Input}]
		_, out := all[rateKey{k.tier, k.above, price.Output}]
		_, sound := all[rateKey{k.tier, k.above, price.AudioOutput}]
		_, image := all[rateKey{k.tier, k.above, price.ImageOutput}]
		_, makesImages := all[rateKey{price.Standard, 0, price.ImageOutput}]
		inPart := k.tier != price.Standard && !(in && (out || e.Kind == "embedding") && image == makesImages)
		if inPart || n == 0 && (other || sound && k.dim == price.Output) {
			delete(rates, k)
		}
	}
}

// dropFlatSteps drops the steps that change nothing.
func dropFlatSteps(rates map[rateKey]int64) {
	type step struct {
		tier  price.Tier
		above int64
	}
	changes := make(map[step]bool)
	for k, n := range rates {
		if k.above == 0 {
			continue
		}
		below, ok := rates[rateKey{k.tier, 0, k.dim}]
		if !ok && (k.dim == price.CacheWrite || k.dim == price.CacheRead) { // charged as input
			below, ok = rates[rateKey{k.tier, 0, price.Input}]
		}
		at := step{k.tier, k.above}
		changes[at] = changes[at] || !ok || n != below
	}
	maps.DeleteFunc(rates, func(k rateKey, _ int64) bool { return k.above > 0 && !changes[step{k.tier, k.above}] })
}

// completeAnthropic adds what Anthropic's price page says of every model and
// the catalogues leave out: batches halve cache rates and long-context rates
// too, an hour of cache costs twice the input, a search costs a cent.
func completeAnthropic(rates map[rateKey]int64, units map[string]int64) []string {
	var notes []string
	input := rateKey{price.Standard, 0, price.Input}
	for k := range standard(rates) {
		hour := rateKey{k.tier, k.above, price.CacheWrite1h}
		if _, has := rates[hour]; k.dim == price.CacheWrite && !has {
			rates[hour] = 2 * rates[rateKey{k.tier, k.above, price.Input}]
			notes = add(notes, "cache_write_1h is twice the input rate.")
		}
	}
	if half, ok := rates[rateKey{price.Batch, 0, price.Input}]; ok && 2*half == rates[input] {
		for k, n := range standard(rates) {
			k.tier = price.Batch
			if _, has := rates[k]; !has {
				rates[k] = n / 2
				notes = add(notes, "Batch cache and long-context rates are half of the standard ones.")
			}
		}
	}
	if _, has := units["web_search"]; !has {
		units["web_search"] = 10_000_000
		notes = add(notes, "web_search is the same for all models.")
	}
	return notes
}

// completeGoogle adds the rates of sound, pictures and reasoning that the
// catalogues leave out of the other tiers: Google halves all rates in batches and
// with flex, and multiplies all alike with priority.
// Source: https://ai.google.dev/gemini-api/docs/pricing
func completeGoogle(rates map[rateKey]int64) []string {
	var notes []string
	in, out := rates[rateKey{price.Standard, 0, price.Input}], rates[rateKey{price.Standard, 0, price.Output}]
	for _, tier := range []price.Tier{price.Batch, price.Flex, price.Priority} {
		tierIn, tierOut := rates[rateKey{tier, 0, price.Input}], rates[rateKey{tier, 0, price.Output}]
		if in == 0 || tierIn == 0 || tierIn*out != tierOut*in {
			continue
		}
		for _, d := range []price.Dimension{price.AudioInput, price.AudioOutput, price.AudioCacheRead, price.ImageInput, price.ImageOutput, price.Reasoning} {
			n, has := rates[rateKey{price.Standard, 0, d}]
			k := rateKey{tier, 0, d}
			if _, known := rates[k]; has && !known && n*tierIn%in == 0 {
				rates[k] = n * tierIn / in
				notes = add(notes, "Sound, pictures and reasoning of other tiers are in proportion to text.")
			}
		}
	}
	return notes
}

// standard copies the standard rates, so that the map may grow meanwhile.
func standard(rates map[rateKey]int64) map[rateKey]int64 {
	some := make(map[rateKey]int64)
	for k, n := range rates {
		if k.tier == price.Standard {
			some[k] = n
		}
	}
	return some
}

func add(notes []string, s string) []string {
	if slices.Contains(notes, s) {
		return notes
	}
	return append(notes, s)
}
