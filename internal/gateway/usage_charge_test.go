package gateway_test

import (
	"encoding/json"
	"math/big"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/portico-ai/portico/internal/ai"
)

// A priceList is a provider's prices as the file has them.
type priceList map[string]doc

func readPrices(t *testing.T) map[string]priceList {
	t.Helper()
	files, err := filepath.Glob("../price/data/*.json")
	check(t, err)
	all := map[string]priceList{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		check(t, err)
		check(t, json.Unmarshal(text, &all))
	}
	return all
}

// bare is how different spellings of a model's name are compared, from the most
// exact to the least.
var bare = []func(provider, name string) string{
	func(_, name string) string { return name },
	func(_, name string) string { return strings.ToLower(name) },
	func(p, name string) string { return withoutVersion(p, prefixed(p, strings.ToLower(name))) },
	func(p, name string) string {
		return withoutRegion(withoutVersion(p, prefixed(p, strings.ToLower(name))))
	},
	func(p, name string) string {
		return dated.ReplaceAllString(withoutRegion(withoutVersion(p, prefixed(p, strings.ToLower(name)))), "")
	},
}

var (
	prefixes  = regexp.MustCompile(`^(models/|openai/|anthropic/|azure/|accounts/fireworks/models/|arn:[^/]*/|@cf/|@hf/)+`)
	version   = regexp.MustCompile(`(-v\d+)?(:\d+)?$`)
	region    = regexp.MustCompile(`^(us|eu|apac|global|jp|au|ca)\.`)
	publisher = regexp.MustCompile(`^(google|anthropic|meta|mistralai)[./]`)
	dated     = regexp.MustCompile(`(-latest|-\d{8}|-\d{4}-\d{2}-\d{2}|@\d{8}|-00\d)$`)
)

func prefixed(provider, name string) string {
	if provider == "vertex-ai" {
		name = publisher.ReplaceAllString(name, "")
	}
	return prefixes.ReplaceAllString(strings.TrimPrefix(name, provider+"/"), "")
}

func withoutVersion(provider, name string) string {
	if provider != "bedrock" {
		return name
	}
	return version.ReplaceAllString(name, "")
}

func withoutRegion(name string) string { return region.ReplaceAllString(name, "") }

// find looks for a name under every spelling, slowly.
func (l priceList) find(provider, name string) (string, doc) {
	for i, spell := range bare {
		var found []string
		for key := range l {
			if own := bare[min(i, 3)]; own(provider, key) == spell(provider, name) { // what is dated on the list is another model
				found = append(found, key)
			}
		}
		if len(found) > 0 {
			slices.SortFunc(found, func(a, b string) int { return len(a) - len(b) })
			return found[0], l[found[0]]
		}
	}
	return "*", l["*"]
}

// charge is what a usage costs by an entry of a price file, in nano-dollars: an
// exact sum of fractions, rounded once, half up. known is false where something
// that was used has no price.
func charge(entry doc, u ai.Usage) (nano int64, known bool) {
	if entry["local"] == true {
		return 0, true
	}
	s := &sum{total: new(big.Rat), known: true}
	units := entry.in("units")
	rates, half := ratesFor(entry, u)
	switch {
	case rates != nil && u.InputTokens+u.OutputTokens > 0:
		s.tokens(rates, u, half, entry.text("kind") == "image")
	case s.things(entry, units, u):
	case rates != nil && (allZero(rates) || u.Images+u.AudioMillis+u.Characters+u.SearchUnits+u.Pages == 0):
	default:
		s.known = false
	}
	s.known = s.known && u.OtherTokens == 0
	s.unit(units, "call", 1)
	if units["web_search_low_context"] != nil {
		if !s.unit(units, "web_search_"+u.SearchContext+"_context", 1) {
			s.known = false
		}
	} else if u.WebSearches > 0 && !s.unit(units, "web_search", u.WebSearches) && !s.unit(units, "search", u.WebSearches) {
		s.known = false
	}
	return s.nano(), s.known
}

// ratesFor chooses the tier and the long-context step. A batch without rates of
// its own costs half.
func ratesFor(entry doc, u ai.Usage) (rates doc, half bool) {
	schedule := entry
	switch u.ServiceTier {
	case "batch", "flex", "priority", "fast":
		if tier := entry.in("tiers", u.ServiceTier); tier != nil {
			schedule = tier
		} else {
			half = u.ServiceTier == "batch"
		}
	}
	rates = schedule.in("rates")
	var highest int64
	for key := range schedule.in("long") {
		if above, _ := strconv.ParseInt(key, 10, 64); u.InputTokens > above && above > highest {
			rates, highest = schedule.in("long", key), above
		}
	}
	return rates, half
}

func allZero(rates doc) bool {
	for _, v := range rates {
		if dollars(v).Sign() != 0 {
			return false
		}
	}
	return true
}

type sum struct {
	total *big.Rat // dollars
	known bool
}

func dollars(v any) *big.Rat {
	text, _ := v.(string)
	r, ok := new(big.Rat).SetString(text)
	if !ok {
		panic("not an amount: " + text)
	}
	return r
}

func (s *sum) nano() int64 {
	r := new(big.Rat).Mul(s.total, big.NewRat(1e9, 1))
	r.Add(r, big.NewRat(1, 2))
	return new(big.Int).Div(r.Num(), r.Denom()).Int64()
}

func (s *sum) add(price *big.Rat, n, per int64) {
	s.total.Add(s.total, new(big.Rat).Mul(price, big.NewRat(n, per)))
}

// tokens charges every token once, at the first rate that the entry has.
func (s *sum) tokens(rates doc, u ai.Usage, half, pictures bool) {
	at := func(n int64, names ...string) {
		for _, name := range names {
			if n <= 0 {
				return
			}
			if v := rates[name]; v != nil {
				price := dollars(v)
				if half {
					price.Mul(price, big.NewRat(1, 2))
				}
				s.add(price, n, 1e6)
				return
			}
		}
		if n > 0 {
			s.known = false
		}
	}
	write5m := u.CacheWriteTokens - u.CacheWrite1hTokens
	fresh := u.InputTokens - u.CacheWriteTokens - u.CacheReadTokens
	audio, image := min(u.InputAudioTokens, fresh), int64(0)
	image = min(u.InputImageTokens, fresh-audio)
	at(fresh-audio-image, "input")
	at(audio, "audio_input", "input")
	at(image, "image_input", "input")
	at(write5m, "cache_write", "input")
	at(u.CacheWrite1hTokens, "cache_write_1h", "cache_write", "input")
	at(u.CacheReadTokens-(u.InputAudioTokens-audio)-(u.InputImageTokens-image), "cache_read", "input")
	at(u.InputAudioTokens-audio, "audio_cache_read", "audio_input", "cache_read", "input")
	at(u.InputImageTokens-image, "image_cache_read", "cache_read", "image_input", "input")
	soundOut, imageOut := min(u.OutputAudioTokens, u.OutputTokens), int64(0)
	imageOut = min(u.OutputImageTokens, u.OutputTokens-soundOut)
	thoughts := min(u.ReasoningTokens, u.OutputTokens-soundOut-imageOut)
	plain := []string{"output", "image_output", "audio_output"}
	if pictures && imageOut == 0 {
		plain = []string{"image_output", "output", "audio_output"}
	}
	at(u.OutputTokens-soundOut-imageOut-thoughts, plain...)
	at(thoughts, append([]string{"reasoning"}, plain...)...)
	at(soundOut, "audio_output", "output")
	at(imageOut, "image_output", "output")
}

func (s *sum) things(entry, units doc, u ai.Usage) (found bool) {
	if u.Images > 0 {
		for _, quality := range []string{u.ImageQuality, "default", "standard"} {
			if sizes := entry.in("images", quality); sizes != nil {
				found = s.unit(sizes, u.ImageSize, u.Images) || s.unit(sizes, "default", u.Images)
				break
			}
		}
		found = found || entry.in("images") == nil && s.unit(units, "generated_images", u.Images)
	}
	if v := units["minute"]; v != nil && u.AudioMillis > 0 {
		s.add(dollars(v), u.AudioMillis, 60_000)
		found = true
	}
	for name, n := range map[string]int64{"character": u.Characters, "search_unit": u.SearchUnits, "page": u.Pages} {
		found = s.unit(units, name, n) || found
	}
	return found
}

func (s *sum) unit(units doc, name string, n int64) bool {
	v := units[name]
	if v == nil || n <= 0 {
		return false
	}
	s.add(dollars(v), n, 1)
	return true
}
