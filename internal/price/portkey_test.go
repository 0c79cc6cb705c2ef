package price

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-ai/portico/test/corpus"
)

func TestPortkeyPricing(t *testing.T) {
	c := load(t)
	for _, tt := range []struct{ provider, model, want string }{
		{"openai", "gpt-4o", `{
			"batch_config":{"request_token":{"price":0.000125},"response_token":{"price":0.0005}},
			"calculate":{
				"request":{"operation":"sum","operands":[
					{"operation":"multiply","operands":[{"value":"input_tokens"},{"value":"rates.request_token"}]},
					{"operation":"multiply","operands":[{"value":"cache_read_tokens"},{"value":"rates.cache_read_input_token"}]}]},
				"response":{"operation":"multiply","operands":[{"value":"output_tokens"},{"value":"rates.response_token"}]}},
			"currency":"USD",
			"pay_as_you_go":{
				"additional_units":{"file_search":{"price":0.25},"web_search":{"price":1}},
				"cache_read_input_token":{"price":0.000125},
				"request_token":{"price":0.00025},"response_token":{"price":0.001}}}`},
		{"openai", "whisper-1", `{"currency":"USD","pay_as_you_go":{
			"request_audio_token":{"price":0.6},"request_token":{"price":0.6},"response_token":{"price":0}}}`},
		{"mock", "x", `{
			"calculate":{
				"request":{"operation":"sum","operands":[
					{"operation":"multiply","operands":[{"value":"input_tokens"},{"value":"rates.request_token"}]},
					{"operation":"multiply","operands":[{"value":"cache_read_tokens"},{"value":"rates.cache_read_input_token"}]}]},
				"response":{"operation":"multiply","operands":[{"value":"output_tokens"},{"value":"rates.response_token"}]}},
			"currency":"USD",
			"pay_as_you_go":{"additional_units":{"web_search":{"price":0.1}},
				"cache_read_input_token":{"price":0.0000025},
				"request_token":{"price":0.00001},"response_token":{"price":0.00004}}}`},
	} {
		got, ok := c.PortkeyPricing(tt.provider, tt.model)
		if !ok {
			t.Errorf("%s %s: no price", tt.provider, tt.model)
			continue
		}
		if d := cmp.Diff(plain(t, []byte(tt.want)), plain(t, got)); d != "" {
			t.Errorf("%s %s: -want +got\n%s", tt.provider, tt.model, d)
		}
	}
	if _, ok := c.PortkeyPricing("openai", "no-such-model"); ok {
		t.Error("a price for no model")
	}
}

// plain decodes JSON with numbers as they are written.
func plain(t *testing.T, data []byte) map[string]string {
	t.Helper()
	var v any
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatalf("%v in %s", err, data)
	}
	flat := make(map[string]string)
	flatten("", data, flat)
	return flat
}

func flatten(path string, data []byte, into map[string]string) {
	var object map[string]json.RawMessage
	var list []json.RawMessage
	switch {
	case json.Unmarshal(data, &object) == nil:
		for k, v := range object {
			flatten(path+"."+k, v, into)
		}
	case json.Unmarshal(data, &list) == nil:
		for i, v := range list {
			flatten(path+"."+string(rune('0'+i)), v, into)
		}
	default:
		into[path] = string(data)
	}
}

// TestPortkeyPricingAsPublished compares every price of the document with the
// one that Portkey publishes, for all providers and all entries on which the
// catalogues agree. A published price may not be missing.
func TestPortkeyPricingAsPublished(t *testing.T) {
	dir := filepath.Join(corpus.Specs(t), "catalogues", "portkey-models", "pricing")
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	c := load(t)
	compared := 0
	for _, file := range files {
		provider := strings.TrimSuffix(filepath.Base(file), ".json")
		var models map[string]struct {
			Config struct {
				Pay   json.RawMessage `json:"pay_as_you_go"`
				Fixed json.RawMessage `json:"fixed_cost"`
			} `json:"pricing_config"`
		}
		readJSON(t, file, &models)
		delete(models, "default")
		count := map[string]int{}
		for name, m := range models {
			p, ok := c.lookupStep(provider, name)
			if !ok || p.Uncertain {
				count["uncertain or unknown"]++
				continue
			}
			count["models"]++
			raw, _ := c.PortkeyPricing(provider, name)
			var doc struct {
				Pay   json.RawMessage `json:"pay_as_you_go"`
				Fixed json.RawMessage `json:"fixed_cost"`
			}
			if err := json.Unmarshal(raw, &doc); err != nil {
				t.Fatal(err)
			}
			want, got := map[string]string{}, map[string]string{}
			flatten("", m.Config.Pay, want)
			flatten("fixed", m.Config.Fixed, want)
			flatten("", doc.Pay, got)
			flatten("fixed", doc.Fixed, got)
			for key, w := range want {
				g, ok := got[key]
				if !ok { // of text alone, where there is nothing else
					g, ok = got[strings.Replace(key, "_text", "", 1)]
				}
				switch {
				case notKept(key) || saysNothing(t, key, w, want, p.Kind):
					count["left out"]++
				case !ok:
					t.Errorf("%s %s%s is missing, published is %s", provider, name, key, w)
				case !agrees(t, g, w):
					t.Errorf("%s %s%s = %s, published is %s", provider, name, key, g, w)
				default:
					count["prices"]++
				}
			}
		}
		t.Logf("%-20s %v", provider, count)
		compared += count["prices"]
		if count["models"] > 0 && count["prices"] == 0 {
			t.Errorf("%s: nothing could be compared", provider)
		}
	}
	if compared < 9000 {
		t.Errorf("only %d prices compared", compared)
	}
}

// notKept are members that are no prices of a call, or say another one again.
func notKept(key string) bool {
	again := []string{".routing_units", ".default_", ".cached_", ".embedding_", ".additional_units.request_audio_token", ".additional_units.response_audio_token"}
	return slices.ContainsFunc(again, func(s string) bool { return strings.Contains(key, s) })
}

// saysNothing reports whether a published price is no claim: the catalogue's 0
// for "not known", the price of the whole repeated for a part of it, an
// embedding's output, a picture that costs less than any does.
func saysNothing(t *testing.T, key, cents string, of map[string]string, kind string) bool {
	input, output := of[".request_token.price"], of[".response_token.price"]
	if main := strings.HasPrefix(key, ".request_token") || strings.HasPrefix(key, ".response_token"); !main {
		return cents == "0" || cents == input || cents == output ||
			strings.HasPrefix(key, ".image.") && scaled(t, json.Number(cents), 1e7) < 1_000_000
	}
	others := len(of) - 2
	return cents == "0" && others > 0 || kind == "embedding" && key == ".response_token.price"
}

// agrees reports whether two amounts are the same but for rounding.
func agrees(t *testing.T, ours, published string) bool {
	a, b := scaled(t, json.Number(ours), 1e13), scaled(t, json.Number(published), 1e13)
	return 50*max(a-b, b-a) <= max(a, b)
}

func TestPortkeyPricingOfSteps(t *testing.T) {
	c := load(t)
	for model, want := range map[string]string{
		"gemini-2.5-pro-lte-128k": "0.000125", "gemini-2.5-pro": "0.000125", "gemini-2.5-pro-gt-128k": "0.00025", "gemini-2.5-pro-gt-200k": "0.00025",
	} {
		raw, ok := c.PortkeyPricing("google", model)
		if got := plain(t, raw)[".pay_as_you_go.request_token.price"]; !ok || got != want {
			t.Errorf("%s: %s, want %s", model, got, want)
		}
	}
	if _, ok := c.PortkeyPricing("google", "no-such-model-gt-128k"); ok {
		t.Error("a price for no model")
	}
}

func TestPortkeyPricingShowsUncertainty(t *testing.T) {
	c := load(t)
	raw, _ := c.PortkeyPricing("zhipu", "glm-4.7")
	doc := plain(t, raw)
	if doc[".uncertain"] != "true" || !strings.Contains(doc[".note"], "took 0.6") || doc[".pay_as_you_go.request_token.price"] != "0.00006" {
		t.Errorf("glm-4.7: %s", raw)
	}
	if raw, _ := c.PortkeyPricing("openai", "gpt-4o"); plain(t, raw)[".uncertain"] != "" {
		t.Errorf("gpt-4o: %s", raw)
	}
}

func TestPortkeyGeneral(t *testing.T) {
	c := load(t)
	got, ok := c.PortkeyGeneral("anthropic", "claude-sonnet-4-5")
	want := `{"context_window":200000,"messages":{"options":["system","user","assistant"]},` +
		`"params":[{"key":"max_tokens","maxValue":64000}],` +
		`"type":{"primary":"chat","supported":["json_schema","pdf","cache_control","reasoning","tools","image"]}}`
	if !ok || string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if _, ok := c.PortkeyGeneral("openai", "no-such-model"); ok {
		t.Error("facts of no model")
	}
}
