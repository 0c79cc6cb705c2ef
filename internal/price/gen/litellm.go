package main

import (
	"cmp"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/portico-ai/portico/internal/price"
)

// llKey takes a price key apart: what, per what, and its conditions.
var llKey = regexp.MustCompile(`^(.+?)(_above_1hr)?(?:_above_(\d+)k_tokens)?(_batches|_flex|_priority)?$`)

var llDimensions = map[string]price.Dimension{
	"input_cost_per_token":              price.Input,
	"output_cost_per_token":             price.Output,
	"cache_read_input_token_cost":       price.CacheRead,
	"cache_creation_input_token_cost":   price.CacheWrite,
	"output_cost_per_reasoning_token":   price.Reasoning,
	"input_cost_per_audio_token":        price.AudioInput,
	"output_cost_per_audio_token":       price.AudioOutput,
	"cache_read_input_audio_token_cost": price.AudioCacheRead,
	"input_cost_per_image_token":        price.ImageInput,
	"output_cost_per_image_token":       price.ImageOutput,
}

var llTiers = map[string]price.Tier{
	"": price.Standard, "_batches": price.Batch, "_flex": price.Flex, "_priority": price.Priority,
}

var llKinds = map[string]string{
	"chat": "chat", "responses": "chat", "completion": "completion", "embedding": "embedding",
	"image_generation": "image", "image_edit": "image", "audio_speech": "speech",
	"audio_transcription": "transcription", "moderation": "moderation", "realtime": "realtime",
	"video_generation": "video", "rerank": "rerank", "ocr": "ocr", "search": "search",
}

var llSupports = map[string]string{
	"supports_function_calling": "tools",
	"supports_vision":           "vision",
	"supports_reasoning":        "reasoning",
	"supports_response_schema":  "json_schema",
	"supports_prompt_caching":   "prompt_cache",
	"supports_pdf_input":        "pdf",
	"supports_audio_input":      "audio_input",
	"supports_audio_output":     "audio_output",
}

// llImage is an image price that has quality and size in the model's name.
var llImage = regexp.MustCompile(`(\d+|max)-x-(\d+|max)/`)

// llSize is a price by the size of a model, or by the hour of a reserved one.
var llSize = regexp.MustCompile(`^(fireworks|together)-ai-|-commitment/`)

// openLiteLLM reads the whole catalogue: model names to their fields.
func openLiteLLM(dir string) (map[string]map[string]json.RawMessage, error) {
	file, err := os.Open(filepath.Join(dir, "litellm", "model_prices_and_context_window.json.gz"))
	if err != nil {
		return nil, err
	}
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	if err != nil {
		return nil, err
	}
	var models map[string]json.RawMessage
	if err := json.NewDecoder(unzipped).Decode(&models); err != nil {
		return nil, fmt.Errorf("litellm: %w", err)
	}
	all := make(map[string]map[string]json.RawMessage, len(models))
	for name, raw := range models {
		var m map[string]json.RawMessage
		if json.Unmarshal(raw, &m) == nil { // else a remark, not a model
			all[name] = m
		}
	}
	return all, nil
}

func readLiteLLM(models map[string]map[string]json.RawMessage, p provider) (map[string]*facts, error) {
	all := make(map[string]*facts)
	for _, listed := range slices.Sorted(maps.Keys(models)) {
		m := models[listed]
		var by string
		_ = json.Unmarshal(m["litellm_provider"], &by)
		if !slices.Contains(p.litellm, by) {
			continue
		}
		name := p.name(strings.TrimPrefix(listed, p.prefix))
		if llImage.MatchString(name) || llSize.MatchString(name) || name == "" || name == "container" {
			continue
		}
		f, err := llFacts(m, p)
		if err != nil {
			return nil, fmt.Errorf("litellm: %s: %w", name, err)
		}
		if p.converted {
			for k, n := range f.rates {
				f.rates[k] = threeDigits(n)
			}
		}
		if other := all[name]; other != nil && !sameMain(f, other) {
			f.doubt, other.doubt = "litellm has it twice, with other figures.", "litellm has it twice, with other figures."
		}
		if all[name] == nil || name != listed { // of two names for one model the fuller is ours
			all[name] = f
		}
	}
	return all, nil
}

// sameMain reports whether two have the same rates for input and output.
func sameMain(a, b *facts) bool {
	in, out := rateKey{price.Standard, 0, price.Input}, rateKey{price.Standard, 0, price.Output}
	return a.rates[in] == b.rates[in] && a.rates[out] == b.rates[out]
}

func llFacts(m map[string]json.RawMessage, p provider) (*facts, error) {
	f := newFacts()
	for key, raw := range m {
		if err := llFact(f, p, key, raw); err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
	}
	if n, ok := f.units["call"]; ok && f.kind == "rerank" {
		delete(f.units, "call")
		f.units["search_unit"] = n
	}
	if f.kind != "image" || f.rates[rateKey{price.Standard, 0, price.ImageOutput}] > 0 {
		f.images = nil // what a picture comes to in tokens, in words
	}
	slices.Sort(f.supports)
	return f, nil
}

func llFact(f *facts, p provider, key string, raw json.RawMessage) error {
	switch key {
	case "mode":
		var mode string
		err := json.Unmarshal(raw, &mode)
		f.kind = llKinds[mode]
		return err
	case "max_input_tokens":
		return llCount(raw, &f.context)
	case "max_output_tokens":
		return llCount(raw, &f.maxOutput)
	case "search_context_cost_per_query":
		return llSearch(f, p, raw)
	case "tiered_pricing":
		return llSteps(f, raw)
	case "input_cost_per_query":
		return llUnit(f, "call", raw, dollarsPerUnit) // a rerank model's is a search unit; see llFacts
	case "input_cost_per_request":
		return llUnit(f, "call", raw, dollarsPerUnit)
	case "ocr_cost_per_page":
		return llUnit(f, "page", raw, dollarsPerUnit)
	case "output_cost_per_image":
		return llPicture(f, raw)
	case "input_cost_per_second":
		err := llUnit(f, "minute", raw, 60*dollarsPerUnit)
		if n, ok := f.units["minute"]; ok {
			f.units["minute"] = significant(n, raw) // prices are by the minute or hour, and were rounded by the second
		}
		return err
	case "input_cost_per_character":
		return llUnit(f, "character", raw, dollarsPerUnit)
	case "output_cost_per_video_per_second":
		return llUnit(f, "video_second", raw, dollarsPerUnit)
	}
	if ability := llSupports[key]; ability != "" && string(raw) == "true" {
		f.supports = append(f.supports, ability)
	}
	part := llKey.FindStringSubmatch(key)
	d, ok := llDimensions[part[1]]
	if !ok || string(raw) == "null" {
		return nil // a price that nobody asks for, or no price
	}
	if part[2] != "" {
		d = price.CacheWrite1h
	}
	above, _ := strconv.ParseInt(part[3], 10, 64)
	n, err := nano(json.Number(raw), dollarsPerToken)
	if err != nil {
		return err
	}
	f.rate(llTiers[part[4]], above*1000, d, n)
	return nil
}

func llCount(raw json.RawMessage, n *int64) error {
	var v json.Number
	if err := json.Unmarshal(raw, &v); err != nil {
		return err
	}
	*n, _ = v.Int64()
	return nil
}

func llUnit(f *facts, unit string, raw json.RawMessage, scale int64) error {
	n, err := nano(json.Number(raw), scale)
	if n > 0 {
		f.units[unit] = n
	}
	return err
}

// significant rounds n to as many significant digits as the figure has that it
// comes from.
func significant(n int64, figure json.RawMessage) int64 {
	mantissa, _, _ := strings.Cut(strings.ToLower(string(figure)), "e")
	digits := len(strings.TrimLeft(strings.Replace(mantissa, ".", "", 1), "0"))
	unit := int64(1)
	for len(strconv.FormatInt(n/unit, 10)) > digits {
		unit *= 10
	}
	return (n + unit/2) / unit * unit
}

// threeDigits rounds to three significant digits, if that changes next to
// nothing.
func threeDigits(n int64) int64 {
	if r := significant(n, json.RawMessage("100")); 1000*max(n-r, r-n) < n {
		return r
	}
	return n
}

// llSearch reads what a search costs by the size of the context it fetches.
func llSearch(f *facts, p provider, raw json.RawMessage) error {
	var v map[string]json.Number
	if err := json.Unmarshal(raw, &v); err != nil {
		return err
	}
	for _, size := range []string{"low", "medium", "high"} {
		n, err := nano(cmp.Or(v["search_context_size_"+size], "0"), dollarsPerUnit)
		if err != nil {
			return err
		}
		switch {
		case n == 0:
		case p.byContext:
			f.units["web_search_"+size+"_context"] = n
		case size == "medium":
			f.units[cmp.Or(p.search, "web_search")] = n
		}
	}
	return nil
}

// llSteps reads rates by ranges of input tokens.
func llSteps(f *facts, raw json.RawMessage) error {
	var steps []map[string]json.RawMessage
	if err := json.Unmarshal(raw, &steps); err != nil {
		return err
	}
	for _, step := range steps {
		var from []float64
		if json.Unmarshal(step["range"], &from) != nil || len(from) == 0 {
			continue // by something else than tokens
		}
		for key, raw := range step {
			d, ok := llDimensions[key]
			if !ok {
				continue
			}
			n, err := nano(json.Number(raw), dollarsPerToken)
			if err != nil {
				return err
			}
			f.rate(price.Standard, int64(from[0]), d, n)
		}
	}
	return nil
}

func llPicture(f *facts, raw json.RawMessage) error {
	n, err := nano(json.Number(raw), dollarsPerUnit)
	if n >= leastPicture {
		f.images = map[string]map[string]int64{"default": {"default": n}}
	}
	return err
}
