package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"path/filepath"
	"strings"

	"github.com/portico-ai/portico/internal/price"
)

// facts is what one catalogue says of one model, in our units.
type facts struct {
	rates    map[rateKey]int64 // nano-dollars per million tokens
	units    map[string]int64  // nano-dollars per unit
	images   map[string]map[string]int64
	training map[string]int64

	own   bool   // has a name without a step
	doubt string // the catalogue contradicts itself

	kind               string
	context, maxOutput int64
	supports           []string
}

type rateKey struct {
	tier  price.Tier
	above int64
	dim   price.Dimension
}

// A source is one catalogue's view of one provider.
type source struct {
	name   string
	asOf   string
	models map[string]*facts
}

// The catalogues and the dates of the copies they were read from.
const (
	portkeyName, portkeyAsOf = "portkey-models", "2026-08-21"
	litellmName, litellmAsOf = "litellm", "2026-07-24"
	genaiName, genaiAsOf     = "genai-prices", "2026-08-21"
)

// catalogues are the three as they were published, decoded once.
type catalogues struct {
	dir     string
	litellm map[string]map[string]json.RawMessage
	genai   []geProvider
}

func open(dir string) (*catalogues, error) {
	c := &catalogues{dir: dir}
	var err error
	if c.litellm, err = openLiteLLM(dir); err != nil {
		return nil, err
	}
	return c, readJSON(filepath.Join(dir, "genai-prices", "data.json"), &c.genai)
}

// of returns what each catalogue says of the provider.
func (c *catalogues) of(p provider) ([]source, error) {
	pk, err := readPortkey(c.dir, p)
	if err != nil {
		return nil, err
	}
	ll, err := readLiteLLM(c.litellm, p)
	if err != nil {
		return nil, err
	}
	genai, err := readGenAI(c.genai, p)
	if err != nil {
		return nil, err
	}
	ge := make(map[string]*facts)
	for _, names := range []map[string]*facts{pk, ll} {
		for name := range names {
			if f := genai.find(name); f != nil {
				ge[name] = f
			}
		}
	}
	if !p.genaiOnlyVotes {
		genai.addOwn(p, ge)
	}
	return []source{
		{portkeyName, portkeyAsOf, pk},
		{litellmName, litellmAsOf, ll},
		{genaiName, genaiAsOf, ge},
	}, nil
}

func newFacts() *facts {
	return &facts{rates: map[rateKey]int64{}, units: map[string]int64{}, training: map[string]int64{}}
}

// tooMuch is more than any token costs: $1,000 per million. Catalogues put
// prices per minute or per video second under token keys.
const tooMuch = 1_000 * 1_000_000_000

// leastPicture is less than any picture, megapixel or second of video costs:
// figures below it are in another unit.
const leastPicture = 1_000_000 // a tenth of a cent

// isMedia reports whether a unit is of pictures or video.
func isMedia(unit string) bool {
	return strings.HasPrefix(unit, "video_second") || unit == "megapixels" || unit == "generated_images"
}

func (f *facts) scaleMedia(by int64) {
	for unit := range f.units {
		if isMedia(unit) {
			f.units[unit] *= by
		}
	}
	for _, sizes := range f.images {
		for size := range sizes {
			sizes[size] *= by
		}
	}
}

func (f *facts) dropCheapMedia() {
	maps.DeleteFunc(f.units, func(unit string, n int64) bool { return isMedia(unit) && n < leastPicture })
	maps.DeleteFunc(f.images, func(_ string, sizes map[string]int64) bool {
		maps.DeleteFunc(sizes, func(_ string, n int64) bool { return n < leastPicture })
		return len(sizes) == 0
	})
	if len(f.images) == 0 {
		f.images = nil
	}
}

func (f *facts) rate(tier price.Tier, above int64, d price.Dimension, nano int64) {
	f.rates[rateKey{tier, above, d}] = nano
}

// Scales from the catalogues' units to nano-dollars.
const (
	dollarsPerToken   = 1e15 // to nano-dollars per million tokens
	centsPerToken     = 1e13
	dollarsPerMillion = 1e9
	dollarsPerUnit    = 1e9 // to nano-dollars per unit
	centsPerUnit      = 1e7
)

// nano multiplies a JSON number exactly and rounds what binary fractions left.
func nano(n json.Number, scale int64) (int64, error) {
	r, ok := new(big.Rat).SetString(n.String())
	if !ok {
		return 0, fmt.Errorf("%q is not a number", n)
	}
	r.Mul(r, new(big.Rat).SetInt64(scale))
	r.Add(r, big.NewRat(1, 2))
	q := new(big.Int).Div(r.Num(), r.Denom())
	if q.Sign() < 0 || !q.IsInt64() {
		return 0, fmt.Errorf("%q is out of range", n)
	}
	return q.Int64(), nil
}
