package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/portico-ai/portico/internal/price"
)

type pkPrice struct {
	Price json.Number `json:"price"`
}

type pkModel struct {
	Config struct {
		PayAsYouGo pkRates            `json:"pay_as_you_go"`
		Batch      pkRates            `json:"batch_config"`
		FineTune   map[string]pkPrice `json:"finetune_config"`
		Fixed      map[string]pkPrice `json:"fixed_cost"`
	} `json:"pricing_config"`
	Custom struct {
		Tiers   map[string]string `json:"context_tier_map"`
		Regions map[string]struct {
			Modes map[string]pkMode `json:"execution_modes"`
		} `json:"regions"`
	} `json:"custom_pricing"`
}

type pkMode struct {
	Config struct {
		PayAsYouGo pkRates `json:"pay_as_you_go"`
	} `json:"pricing_config"`
	Tiers map[string]pkMode `json:"context_tiers"`
}

type pkRates map[string]json.RawMessage

var pkDimensions = map[string]price.Dimension{
	"request_token":                price.Input,
	"request_text_token":           price.Input,
	"response_token":               price.Output,
	"response_text_token":          price.Output,
	"cache_read_input_token":       price.CacheRead,
	"cache_read_text_input_token":  price.CacheRead,
	"cache_write_input_token":      price.CacheWrite,
	"reasoning_token":              price.Reasoning,
	"request_audio_token":          price.AudioInput,
	"response_audio_token":         price.AudioOutput,
	"cache_read_audio_input_token": price.AudioCacheRead,
	"request_image_token":          price.ImageInput,
	"response_image_token":         price.ImageOutput,
	"cache_read_image_input_token": price.ImageCacheRead,
}

func readPortkey(dir string, p provider) (map[string]*facts, error) {
	var models map[string]pkModel
	file := filepath.Join(dir, "portkey-models", "pricing", p.id+".json")
	if err := readJSON(file, &models); errors.Is(err, fs.ErrNotExist) {
		return nil, nil // a provider that it has no prices of
	} else if err != nil {
		return nil, err
	}
	all := make(map[string]*facts, len(models))
	for _, listed := range slices.Sorted(maps.Keys(models)) {
		name := p.name(listed)
		if name == "default" || pkSize.MatchString(name) {
			continue
		}
		f := newFacts()
		if err := models[listed].facts(f); err != nil {
			return nil, fmt.Errorf("portkey-models: %s: %w", name, err)
		}
		switch {
		case pkSpeech.MatchString(name):
			unitOf(f, "character", f.rates[rateKey{price.Standard, 0, price.Input}]/1_000_000)
		case f.units["minute"] > 0 && pkRerank.MatchString(name):
			unitOf(f, "search_unit", f.units["minute"])
		case f.units["minute"] > 0 && pkPages.MatchString(name):
			unitOf(f, "page", f.units["minute"])
		}
		if p.mediaInDollars {
			f.scaleMedia(100)
		}
		f.dropCheapMedia()
		all[name] = f
	}
	foldSteps(p, all)
	return all, readPortkeyGeneral(dir, p, all)
}

// pkSize is a price by the size of a model.
var pkSize = regexp.MustCompile(`^\d+b$`)

// pkSpeech is a speech model, whose price per character stands there as a price
// per token.
var pkSpeech = regexp.MustCompile(`^(tts|aura)\b`)

// What these models charge for stands there as a price per token, too.
var (
	pkRerank = regexp.MustCompile(`rerank|semantic-ranker`)
	pkPages  = regexp.MustCompile(`-ocr|document-ai`)
)

// unitOf makes a unit the only price, and corrects one that stands there as a
// price per token.
func unitOf(f *facts, unit string, nano int64) {
	f.rates = map[rateKey]int64{}
	f.units = map[string]int64{unit: nano}
}

// pkStep is a model's price up to or above some thousand tokens of input, as a
// model of its own.
var pkStep = regexp.MustCompile(`^(.+)-(lte|gt)-(\d+)k$`)

// foldSteps makes one model of the steps of one.
func foldSteps(p provider, all map[string]*facts) {
	steps := make(map[string]*facts)
	for name, f := range all {
		if pkStep.MatchString(name) {
			steps[name] = f
			delete(all, name)
		}
	}
	for _, f := range all {
		f.own = true
	}
	for _, kind := range []string{"lte", "gt"} {
		for _, name := range slices.Sorted(maps.Keys(steps)) {
			part := pkStep.FindStringSubmatch(name)
			base := all[part[1]]
			switch {
			case part[2] != kind:
			case kind == "lte" && base != nil && !base.own && !sameRates(base, steps[name]):
				base.doubt = "portkey-models has it twice, with other figures."
			case kind == "lte" && base == nil:
				first := *steps[name]
				first.rates = maps.Clone(first.rates)
				all[part[1]] = &first
			case kind == "gt" && base != nil && !(base.own && sameRates(steps[name], steps[part[1]+"-lte-"+part[3]+"k"])):
				addStep(base, steps[name], stepLimit(p, part[1], part[3]))
			}
		}
	}
}

func sameRates(a, b *facts) bool { return b != nil && maps.Equal(a.rates, b.rates) }

// addStep takes the rates of f as base's above a limit, unless it has some, and
// the units that base lacks.
func addStep(base, f *facts, limit int64) {
	for k := range base.rates {
		if k.above == limit {
			return
		}
	}
	for k, n := range f.rates {
		base.rate(k.tier, limit, k.dim, n)
	}
	for unit, n := range f.units {
		if _, has := base.units[unit]; !has {
			base.units[unit] = n
		}
	}
}

func (m pkModel) facts(f *facts) error {
	modes := m.Custom.Regions["default"].Modes
	for _, name := range slices.Sorted(maps.Keys(modes)) {
		mode := modes[name]
		if err := mode.facts(f, price.TierOf(name), m.Custom.Tiers); err != nil {
			return err
		}
	}
	if err := m.Config.PayAsYouGo.facts(f, price.Standard, 0); err != nil {
		return err
	}
	if err := m.Config.Batch.facts(f, price.Batch, 0); err != nil {
		return err
	}
	if n, err := nano(cmp.Or(m.Config.Fixed["request"].Price, "0"), centsPerUnit); err != nil {
		return err
	} else if n > 0 {
		f.units["call"] = n
	}
	for name, v := range m.Config.FineTune {
		unit, scale := "million_tokens", int64(centsPerToken)
		if name == "pay_per_hour" {
			unit, scale = "hour", centsPerUnit
		}
		n, err := nano(v.Price, scale)
		if err != nil {
			return err
		}
		if n > 0 {
			f.training[unit] = n
		}
	}
	return nil
}

func (m pkMode) facts(f *facts, tier price.Tier, steps map[string]string) error {
	if err := m.Config.PayAsYouGo.facts(f, tier, 0); err != nil {
		return err
	}
	for _, above := range slices.Sorted(maps.Keys(steps)) {
		name := steps[above]
		n, err := strconv.ParseInt(above, 10, 64)
		if err != nil {
			return err
		}
		if err := m.Tiers[name].Config.PayAsYouGo.facts(f, tier, n); err != nil {
			return err
		}
	}
	return nil
}

func (r pkRates) facts(f *facts, tier price.Tier, above int64) error {
	for _, key := range slices.Sorted(maps.Keys(r)) {
		raw := r[key]
		var err error
		switch d, ok := pkDimensions[key]; {
		case key == "image":
			err = pkImages(f, raw)
		case key == "additional_units":
			err = pkUnits(f, tier, above, raw)
		case ok:
			err = pkRate(f, tier, above, d, raw)
		case strings.HasPrefix(key, "cached_"): // an alias of cache_read_…
		default:
			err = fmt.Errorf("unknown key")
		}
		if err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
	}
	return nil
}

func pkRate(f *facts, tier price.Tier, above int64, d price.Dimension, raw json.RawMessage) error {
	n, err := pkNano(raw, centsPerToken)
	if err != nil {
		return err
	}
	switch {
	case n >= tooMuch: // per minute, not per token
		f.units["minute"] = n / 1_000_000
	case n == 0 && d != price.Input && d != price.Output: // how that catalogue says "no such price"
	default:
		f.rate(tier, above, d, n)
	}
	return nil
}

func pkUnits(f *facts, tier price.Tier, above int64, raw json.RawMessage) error {
	var units map[string]json.RawMessage
	if err := json.Unmarshal(raw, &units); err != nil {
		return err
	}
	for name, raw := range units {
		switch name {
		case "request_audio_token", "response_audio_token": // the same again, or here only
			if err := pkRate(f, tier, above, pkDimensions[name], raw); err != nil {
				return err
			}
			continue
		case "routing_units": // Azure's model router, which no usage counts
			continue
		case "default_steps", "default_duration_seconds", "default_sample_count": // no prices
			continue
		case "embedding_text_token", "embedding_image_token": // a hundredth of what the provider lists
			continue
		case "image_token":
			if err := pkRate(f, tier, above, price.ImageOutput, raw); err != nil {
				return err
			}
			continue
		case "cache_write_1h":
			if err := pkRate(f, tier, above, price.CacheWrite1h, raw); err != nil {
				return err
			}
			continue
		}
		n, err := pkNano(raw, centsPerUnit)
		if err != nil {
			return err
		}
		if size, ok := strings.CutPrefix(name, "video_duration_seconds_"); ok {
			name = "video_second." + strings.Replace(size, "_", "x", 1)
		}
		if tier == price.Standard && above == 0 {
			f.units[name] = n
		}
	}
	return nil
}

func pkImages(f *facts, raw json.RawMessage) error {
	var images map[string]map[string]pkPrice
	if err := json.Unmarshal(raw, &images); err != nil {
		return err
	}
	f.images = make(map[string]map[string]int64)
	for quality, sizes := range images {
		f.images[quality] = make(map[string]int64)
		for size, v := range sizes {
			n, err := nano(v.Price, centsPerUnit)
			if err != nil {
				return err
			}
			f.images[quality][size] = n
		}
	}
	return nil
}

func pkNano(raw json.RawMessage, scale int64) (int64, error) {
	var v pkPrice
	if err := json.Unmarshal(raw, &v); err != nil {
		return 0, err
	}
	return nano(v.Price, scale)
}

var pkKinds = map[string]string{
	"chat": "chat", "embedding": "embedding", "text": "completion", "moderation": "moderation",
	"image": "image", "realtime": "realtime",
}

// readPortkeyGeneral adds kind, limits and abilities to the models with prices.
func readPortkeyGeneral(dir string, p provider, all map[string]*facts) error {
	var models map[string]json.RawMessage
	file := filepath.Join(dir, "portkey-models", "general", p.id+".json")
	if err := readJSON(file, &models); errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	for name, f := range all {
		var g struct {
			Params []struct {
				Key string
				Max json.Number `json:"maxValue"`
			}
			Type struct {
				Primary   string
				Supported []string
			}
		}
		if json.Unmarshal(models[name], &g) != nil {
			continue // not every entry there is a model
		}
		f.kind = pkKinds[g.Type.Primary]
		for _, s := range g.Type.Supported {
			switch s {
			case "tools":
				f.supports = append(f.supports, "tools")
			case "image":
				f.supports = append(f.supports, "vision")
			}
		}
		for _, param := range g.Params {
			if param.Key == "max_tokens" || param.Key == "max_completion_tokens" {
				f.maxOutput, _ = param.Max.Int64()
			}
		}
	}
	return nil
}

func readJSON(file string, v any) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, v); err != nil {
		return fmt.Errorf("%s: %w", filepath.Base(file), err)
	}
	return nil
}
