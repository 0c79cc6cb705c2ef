package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
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
	if err := readJSON(filepath.Join(dir, "portkey-models", "pricing", p.id+".json"), &models); err != nil {
		return nil, err
	}
	delete(models, "default")
	all := make(map[string]*facts, len(models))
	for name, m := range models {
		f := newFacts()
		if err := m.facts(f); err != nil {
			return nil, fmt.Errorf("portkey-models: %s: %w", name, err)
		}
		if strings.HasPrefix(name, "tts") {
			perCharacter(f)
		}
		all[name] = f
	}
	return all, readPortkeyGeneral(dir, p, all)
}

// perCharacter corrects speech models, whose price per character stands there
// as a price per token.
func perCharacter(f *facts) {
	k := rateKey{price.Standard, 0, price.Input}
	f.units["character"] = f.rates[k] / 1_000_000
	f.rates = map[rateKey]int64{}
}

func (m pkModel) facts(f *facts) error {
	modes := m.Custom.Regions["default"].Modes
	for name, mode := range modes {
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
	for above, name := range steps {
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
	case n > tooMuch: // per minute, not per token
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
		if tier == price.Standard {
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
	if err := readJSON(filepath.Join(dir, "portkey-models", "general", p.id+".json"), &models); err != nil {
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
