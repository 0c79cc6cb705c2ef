package price

import (
	"encoding/json"
	"path/filepath"
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
// one that Portkey publishes, for the entries on which all agree.
func TestPortkeyPricingAsPublished(t *testing.T) {
	dir := filepath.Join(corpus.Specs(t), "catalogues", "portkey-models", "pricing")
	c := load(t)
	compared := 0
	for _, provider := range []string{"openai", "anthropic", "azure-openai", "anyscale", "google"} {
		var models map[string]struct {
			Config struct {
				Pay json.RawMessage `json:"pay_as_you_go"`
			} `json:"pricing_config"`
		}
		readJSON(t, filepath.Join(dir, provider+".json"), &models)
		for name, m := range models {
			p, ok := c.Lookup(provider, name)
			if !ok || p.Uncertain {
				continue
			}
			raw, _ := c.PortkeyPricing(provider, name)
			var doc struct {
				Pay json.RawMessage `json:"pay_as_you_go"`
			}
			if err := json.Unmarshal(raw, &doc); err != nil {
				t.Fatal(err)
			}
			want, got := map[string]string{}, map[string]string{}
			flatten("", m.Config.Pay, want)
			flatten("", doc.Pay, got)
			for key, g := range got {
				w, ok := want[key]
				if !ok {
					continue // added from another catalogue
				}
				compared++
				if a, b := scaled(t, json.Number(g), 1e13), scaled(t, json.Number(w), 1e13); a != b {
					t.Errorf("%s %s%s = %s, published is %s", provider, name, key, g, w)
				}
			}
		}
	}
	t.Logf("%d prices compared", compared)
	if compared < 1000 {
		t.Errorf("only %d compared", compared)
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
