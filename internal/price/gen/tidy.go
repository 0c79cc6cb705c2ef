package main

import (
	"slices"
	"strings"

	"github.com/portico-ai/portico/internal/price"
)

// plausible refuses figures that are plainly in the wrong place: reading from a
// cache never costs more than sending anew, writing to it never less.
func plausible(f *facts, k rateKey, n int64) bool {
	whole := price.Input
	if k.dim == price.AudioCacheRead {
		whole = price.AudioInput
	}
	base, ok := f.rates[rateKey{k.tier, k.above, whole}]
	if !ok {
		return true
	}
	switch k.dim {
	case price.CacheRead, price.AudioCacheRead:
		return n <= base
	case price.CacheWrite, price.CacheWrite1h:
		return n >= base
	}
	return true
}

// noSearch are the kinds of model that have no tools, and so no tool fees.
var noSearch = []string{"embedding", "moderation", "image", "speech", "transcription", "video"}

// tidy drops figures that say nothing: token rates of zero beside the real
// price, and tool fees of models without tools.
func tidy(e price.Entry, rates map[rateKey]int64, units map[string]int64) {
	if slices.Contains(noSearch, e.Kind) {
		delete(units, "web_search")
		delete(units, "file_search")
	}
	other := e.Images != nil
	for name := range units {
		video := strings.HasPrefix(name, "video_second")
		other = other || video || name == "minute" || name == "character"
	}
	for k, n := range rates {
		if n != 0 {
			continue
		}
		_, sound := rates[rateKey{k.tier, k.above, price.AudioOutput}]
		if other || sound && k.dim == price.Output {
			delete(rates, k)
		}
	}
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
