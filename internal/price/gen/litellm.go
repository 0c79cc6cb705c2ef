package main

import (
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
	"video_generation": "video",
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
var llImage = regexp.MustCompile(`\d+-x-\d+/`)

func readLiteLLM(dir string, p provider) (map[string]*facts, error) {
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
	all := make(map[string]*facts)
	for _, name := range slices.Sorted(maps.Keys(models)) { // a prefixed name follows the bare one, and counts
		raw := models[name]
		var m map[string]json.RawMessage
		if json.Unmarshal(raw, &m) != nil {
			continue // a remark, not a model
		}
		var by string
		_ = json.Unmarshal(m["litellm_provider"], &by)
		name = strings.TrimPrefix(name, p.prefix)
		if !slices.Contains(p.litellm, by) || llImage.MatchString(name) || name == "container" {
			continue
		}
		f, err := llFacts(m)
		if err != nil {
			return nil, fmt.Errorf("litellm: %s: %w", name, err)
		}
		all[name] = f
	}
	return all, nil
}

func llFacts(m map[string]json.RawMessage) (*facts, error) {
	f := newFacts()
	for key, raw := range m {
		if err := llFact(f, key, raw); err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
	}
	slices.Sort(f.supports)
	return f, nil
}

func llFact(f *facts, key string, raw json.RawMessage) error {
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
		return llSearch(f, raw)
	case "input_cost_per_second":
		return llUnit(f, "minute", raw, 60*dollarsPerUnit)
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
	if !ok {
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

func llSearch(f *facts, raw json.RawMessage) error {
	var v map[string]json.Number
	if err := json.Unmarshal(raw, &v); err != nil {
		return err
	}
	n, err := nano(v["search_context_size_medium"], dollarsPerUnit)
	f.units["web_search"] = n
	return err
}
