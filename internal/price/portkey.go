package price

import (
	"encoding/json"
	"math"
	"regexp"
	"strings"
	"time"
)

// PortkeyPricing returns a model's price in the shape of Portkey's
// GET /model-configs/pricing/{provider}/{model}: US cents per token or unit, as
// exact decimals. It reports false for a model without a price. A price that the
// sources disagree on has besides "uncertain": true and a "note" that says how.
func (c *Catalogue) PortkeyPricing(provider, model string) (json.RawMessage, bool) {
	p, ok := c.lookupStep(provider, model)
	if !ok {
		return nil, false
	}
	doc := map[string]any{
		"pay_as_you_go": payAsYouGo(&p),
		"currency":      "USD",
	}
	if s := p.schedule(Standard); s != nil {
		r := &s.Steps[0].Rates
		doc["calculate"] = map[string]any{"request": requestTree(r), "response": responseTree(r, p.Kind)}
	}
	if s := p.schedule(Batch); s != nil {
		batch := map[string]any{}
		putRates(batch, &s.Steps[0].Rates)
		doc["batch_config"] = batch
	}
	if len(p.Training) > 0 {
		tune := map[string]any{}
		if n, ok := p.Training["million_tokens"]; ok {
			tune["pay_per_token"] = perToken(n)
		}
		if n, ok := p.Training["hour"]; ok {
			tune["pay_per_hour"] = perUnit(n)
		}
		doc["finetune_config"] = tune
	}
	if n, ok := p.Units["call"]; ok {
		doc["fixed_cost"] = map[string]any{"request": perUnit(n), "response": perUnit(0)}
	}
	if p.Uncertain {
		doc["uncertain"], doc["note"] = true, p.Note
	}
	return mustJSON(doc), true
}

// lookupStep is Lookup that also knows the names that Portkey's catalogue has
// for a model's long-context steps: "gemini-2.5-pro-gt-128k" is the rates above
// the limit, "gemini-2.5-pro-lte-128k" those up to it.
func (c *Catalogue) lookupStep(provider, model string) (Price, bool) {
	now := time.Now()
	if p, ok := c.Lookup(provider, model, now); ok {
		return p, true
	}
	part := stepName.FindStringSubmatch(model)
	if part == nil {
		return Price{}, false
	}
	p, ok := c.Lookup(provider, part[1], now)
	above := int64(0)
	if part[2] == "gt" {
		above = math.MaxInt64
	}
	schedules := make([]Schedule, 0, len(p.Schedules))
	for _, s := range p.Schedules {
		schedules = append(schedules, Schedule{Tier: s.Tier, Steps: []Step{{Rates: *s.at(above)}}})
	}
	p.Schedules = schedules
	return p, ok
}

var stepName = regexp.MustCompile(`^(.+)-(lte|gt)-\d+k$`)

func payAsYouGo(p *Price) map[string]any {
	pay := map[string]any{}
	extra := map[string]any{}
	if s := p.schedule(Standard); s != nil {
		r := &s.Steps[0].Rates
		putRates(pay, r)
		if n, ok := r.Get(CacheWrite1h); ok {
			extra["cache_write_1h"] = perToken(n)
		}
		if n, ok := r.Get(ImageOutput); ok && !seesImages(r) {
			extra["image_token"] = perToken(n)
		}
	}
	for name, n := range p.Units {
		switch size, video := strings.CutPrefix(name, "video_second."); {
		case name == "call": // fixed_cost
		case name == "minute", name == "character", name == "search_unit", name == "page":
			// That is where Portkey's catalogue keeps them, for want of a unit.
			if len(p.Schedules) == 0 {
				pay["request_token"], pay["response_token"] = perUnit(n), perUnit(0)
			}
			if name == "minute" {
				pay["request_audio_token"] = perUnit(n)
			}
		case video:
			extra["video_duration_seconds_"+strings.Replace(size, "x", "_", 1)] = perUnit(n)
		case name == "video_second":
			extra["video_duration_seconds"] = perUnit(n)
		default:
			extra[name] = perUnit(n)
		}
	}
	if len(extra) > 0 {
		pay["additional_units"] = extra
	}
	if len(p.Images) > 0 {
		images := map[string]any{}
		for quality, sizes := range p.Images {
			bySize := map[string]any{}
			for size, n := range sizes {
				bySize[size] = perUnit(n)
			}
			images[quality] = bySize
		}
		pay["image"] = images
	}
	return pay
}

var portkeyKeys = [dimensions]string{
	Input: "request_token", Output: "response_token", Reasoning: "reasoning_token",
	CacheRead: "cache_read_input_token", CacheWrite: "cache_write_input_token",
	AudioInput: "request_audio_token", AudioOutput: "response_audio_token",
	AudioCacheRead: "cache_read_audio_input_token",
	ImageInput:     "request_image_token", ImageOutput: "response_image_token",
	ImageCacheRead: "cache_read_image_input_token",
}

// portkeyTextKeys are the names of text rates beside image rates.
var portkeyTextKeys = map[Dimension]string{
	Input: "request_text_token", Output: "response_text_token", CacheRead: "cache_read_text_input_token",
}

// putRates adds the rates under their names. One of text beside one of images
// has two.
func putRates(into map[string]any, r *Rates) {
	for d := range dimensions {
		n, ok := r.Get(d)
		if !ok || d == ImageOutput && !seesImages(r) { // then an additional unit
			continue
		}
		if portkeyKeys[d] != "" {
			into[portkeyKeys[d]] = perToken(n)
		}
		if text := portkeyTextKeys[d]; text != "" && seesImages(r) {
			into[text] = perToken(n)
		}
	}
}

func seesImages(r *Rates) bool {
	_, ok := r.Get(ImageInput)
	return ok
}

// perToken turns nano-dollars per million tokens into cents per token.
func perToken(nano int64) map[string]json.Number {
	return map[string]json.Number{"price": json.Number(shift(nano, 9+6-2))}
}

// perUnit turns nano-dollars per unit into cents per unit.
func perUnit(nano int64) map[string]json.Number {
	return map[string]json.Number{"price": json.Number(shift(nano, 9-2))}
}

// node is one node of the tree that says how Portkey's clients compute a cost.
type node struct {
	Operation string `json:"operation,omitempty"`
	Operands  []node `json:"operands,omitempty"`
	Value     string `json:"value,omitempty"`
}

type term struct {
	tokens string
	dim    Dimension
}

// requestTree counts input_tokens as those neither cached nor audio.
func requestTree(r *Rates) node {
	return sum(r, []term{
		{"input_tokens", Input},
		{"cache_write_tokens", CacheWrite},
		{"cache_read_tokens", CacheRead},
		{"audio_input_tokens", AudioInput},
		{"cache_read_audio_tokens", AudioCacheRead},
	})
}

func responseTree(r *Rates, kind string) node {
	output := Output
	if _, ok := r.Get(ImageOutput); ok && kind == "image" && seesImages(r) {
		output = ImageOutput
	}
	return sum(r, []term{{"output_tokens", output}, {"audio_output_tokens", AudioOutput}})
}

// sum adds up the terms that have a rate; the first is always there.
func sum(r *Rates, terms []term) node {
	var products []node
	for i, t := range terms {
		if _, ok := r.Get(t.dim); ok || i == 0 {
			products = append(products, node{Operation: "multiply", Operands: []node{
				{Value: t.tokens}, {Value: "rates." + portkeyKeys[t.dim]},
			}})
		}
	}
	if len(products) == 1 {
		return products[0]
	}
	return node{Operation: "sum", Operands: products}
}

// PortkeyGeneral returns what is known of a model beside its price, in the
// shape of Portkey's GET /model-configs/general/{provider}/{model}. It reports
// false for a model of which nothing is known.
func (c *Catalogue) PortkeyGeneral(provider, model string) (json.RawMessage, bool) {
	p, ok := c.Lookup(provider, model, time.Now())
	if !ok || p.Kind == "" {
		return nil, false
	}
	supported := []string{}
	for _, s := range p.Supports {
		switch s {
		case "vision":
			s = "image"
		case "prompt_cache":
			s = "cache_control"
		}
		supported = append(supported, s)
	}
	doc := map[string]any{"type": map[string]any{"primary": p.Kind, "supported": supported}}
	if p.MaxOutput > 0 {
		doc["params"] = []map[string]any{{"key": "max_tokens", "maxValue": p.MaxOutput}}
	}
	if p.Context > 0 {
		doc["context_window"] = p.Context
	}
	if p.Kind == "chat" {
		doc["messages"] = map[string]any{"options": []string{"system", "user", "assistant"}}
	}
	return mustJSON(doc), true
}

// mustJSON encodes a value that has an encoding by construction.
func mustJSON(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}
