package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-ai/portico/internal/price"
)

const dollar = 1_000_000_000

func key(tier price.Tier, above int64, d price.Dimension) rateKey { return rateKey{tier, above, d} }

var (
	stdIn  = key(price.Standard, 0, price.Input)
	stdOut = key(price.Standard, 0, price.Output)
)

func TestNear(t *testing.T) {
	for _, tt := range []struct {
		a, b int64
		want bool
	}{
		{280_000_000, 275_000_000, true}, // to the cent
		{60_000_000, 60_500_000, true},   // rounded to two places
		{50_900_000, 51_000_000, true},
		{4_300_000, 4_300_200, true},
		{70_000_000, 75_000_000, false},
		{80_000_000, 90_000_000, false},
		{0, 10_000_000, false},
		{414_000_000, 400_000_000, false},
	} {
		if near(tt.a, tt.b) != tt.want || near(tt.b, tt.a) != tt.want {
			t.Errorf("near(%d, %d) is not %v", tt.a, tt.b, tt.want)
		}
	}
}

func TestSignificant(t *testing.T) {
	for _, tt := range []struct {
		n      int64
		figure string
		want   int64
	}{
		{1_849_800, "3.083e-05", 1_850_000}, {12_499_800, "0.00020833", 12_500_000}, {6_000_000, "0.0001", 6_000_000},
	} {
		if got := significant(tt.n, json.RawMessage(tt.figure)); got != tt.want {
			t.Errorf("significant(%d, %s) = %d, want %d", tt.n, tt.figure, got, tt.want)
		}
	}
}

// writeCatalogue makes a folder of portkey-models with one provider.
func writeCatalogue(t *testing.T, provider, pricing string) string {
	t.Helper()
	dir := t.TempDir()
	folder := filepath.Join(dir, "portkey-models", "pricing")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, provider+".json"), []byte(pricing), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestPortkeyUnits(t *testing.T) {
	pay := func(s string) string { return `{"pricing_config": {"pay_as_you_go": {` + s + `}}}` }
	dir := writeCatalogue(t, "acme", `{
		"default": `+pay(`"request_token": {"price": 9}`)+`,
		"7b": `+pay(`"request_token": {"price": 9}`)+`,
		"chat": `+pay(`"request_token": {"price": 0.0002}, "response_token": {"price": 0.0008}, "additional_units": {"web_search": {"price": 1}, "default_steps": {"price": 4}, "image_token": {"price": 0.003}}`)+`,
		"tts-1": `+pay(`"request_token": {"price": 0.0015}, "response_token": {"price": 0}`)+`,
		"rerank-2": `+pay(`"request_token": {"price": 0.2}, "response_token": {"price": 0}`)+`,
		"acme-ocr": `+pay(`"request_token": {"price": 0.4}, "response_token": {"price": 0}`)+`,
		"listen": `+pay(`"request_audio_token": {"price": 0.43}`)+`,
		"picture": `+pay(`"image": {"default": {"default": {"price": 4}}}`)+`,
		"cheap": `+pay(`"image": {"default": {"default": {"price": 0.00003}}}`)+`,
		"online": {"pricing_config": {"pay_as_you_go": {"request_token": {"price": 0.0001}}, "fixed_cost": {"request": {"price": 0.5}, "response": {"price": 0}}}}
	}`)
	all, err := readPortkey(dir, provider{id: "acme"})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]struct {
		input   int64
		units   map[string]int64
		picture int64
	}{
		"chat":     {2 * dollar, map[string]int64{"web_search": dollar / 100}, 0},
		"tts-1":    {0, map[string]int64{"character": 15_000}, 0},
		"rerank-2": {0, map[string]int64{"search_unit": 2_000_000}, 0},
		"acme-ocr": {0, map[string]int64{"page": 4_000_000}, 0},
		"listen":   {0, map[string]int64{"minute": 4_300_000}, 0},
		"picture":  {0, map[string]int64{}, 40_000_000},
		"cheap":    {0, map[string]int64{}, 0},
		"online":   {dollar, map[string]int64{"call": 5_000_000}, 0},
	} {
		f := all[name]
		if f == nil {
			t.Errorf("%s is missing", name)
			continue
		}
		if d := cmp.Diff(want.units, f.units); d != "" || f.rates[stdIn] != want.input || f.images["default"]["default"] != want.picture {
			t.Errorf("%s: rates %v, images %v, units -want +got %s", name, f.rates, f.images, d)
		}
	}
	if len(all) != 8 || all["chat"].rates[key(price.Standard, 0, price.ImageOutput)] != 30*dollar {
		t.Errorf("%d models, chat %v", len(all), all["chat"].rates)
	}
	all, err = readPortkey(dir, provider{id: "acme", mediaInDollars: true})
	if err != nil || all["picture"].images["default"]["default"] != 4*dollar || all["chat"].rates[stdIn] != 2*dollar {
		t.Errorf("pictures in dollars: %v, %v", all["picture"].images, err)
	}
	if all, err := readPortkey(dir, provider{id: "other"}); err != nil || len(all) != 0 {
		t.Errorf("a provider that is not there: %v, %v", all, err)
	}
}

func TestStepsInNames(t *testing.T) {
	step := func(name, in, out string) string {
		return `"` + name + `": {"pricing_config": {"pay_as_you_go": {"request_token": {"price": ` + in + `}, "response_token": {"price": ` + out + `}}}}`
	}
	dir := writeCatalogue(t, "google", `{`+
		step("m-2.5-lte-128k", "0.0001", "0.0002")+`,`+step("m-2.5-gt-128k", "0.0002", "0.0004")+`,`+
		step("m-1.5-lte-128k", "0.0001", "0.0002")+`,`+step("m-1.5-gt-128k", "0.0002", "0.0004")+`,`+
		step("twice-lte-128k", "0.0001", "0.0002")+`,`+step("twice-lte-200k", "0.0009", "0.0009")+`}`)
	all, err := readPortkey(dir, provider{id: "google"})
	if err != nil || len(all) != 3 {
		t.Fatalf("%v, %v", all, err)
	}
	for name, above := range map[string]int64{"m-2.5": 200_000, "m-1.5": 128_000} {
		want := map[rateKey]int64{stdIn: dollar, stdOut: 2 * dollar, key(price.Standard, above, price.Input): 2 * dollar, key(price.Standard, above, price.Output): 4 * dollar}
		if d := cmp.Diff(want, all[name].rates); d != "" {
			t.Errorf("%s: -want +got\n%s", name, d)
		}
	}
	if f := all["twice"]; f.doubt == "" || f.rates[stdIn] != dollar {
		t.Errorf("twice: %+v", f)
	}
}

func TestLiteLLM(t *testing.T) {
	var models map[string]map[string]json.RawMessage
	if err := json.Unmarshal([]byte(`{
		"acme/steps": {"litellm_provider": "acme", "mode": "chat", "tiered_pricing": [
			{"input_cost_per_token": 1e-06, "output_cost_per_token": 5e-06, "range": [0, 32000.0]},
			{"input_cost_per_token": 2e-06, "output_cost_per_token": 1e-05, "range": [32000.0, 256000.0]}]},
		"acme/sonar": {"litellm_provider": "acme", "mode": "chat", "search_context_cost_per_query": {"search_context_size_low": 0.005, "search_context_size_medium": 0.008}},
		"acme/rank": {"litellm_provider": "acme", "mode": "rerank", "input_cost_per_query": 0.002},
		"acme/find": {"litellm_provider": "acme", "mode": "search", "input_cost_per_query": 0.005},
		"acme/draw": {"litellm_provider": "acme", "mode": "image_generation", "output_cost_per_image": 0.04},
		"acme/draw-by-token": {"litellm_provider": "acme", "mode": "image_generation", "output_cost_per_image": 0.04, "output_cost_per_image_token": 3e-05},
		"acme/hear": {"litellm_provider": "acme", "mode": "audio_transcription", "input_cost_per_second": 3.083e-05},
		"twice": {"litellm_provider": "acme", "mode": "chat", "input_cost_per_token": 1e-06},
		"acme/twice": {"litellm_provider": "acme", "mode": "chat", "input_cost_per_token": 2e-06},
		"max-x-max/50-steps/acme/draw": {"litellm_provider": "acme", "output_cost_per_image": 0.04},
		"acme/1-month-commitment/chat": {"litellm_provider": "acme", "input_cost_per_second": 0.01},
		"other/chat": {"litellm_provider": "other", "input_cost_per_token": 1e-06}
	}`), &models); err != nil {
		t.Fatal(err)
	}
	all, err := readLiteLLM(models, provider{id: "acme", litellm: []string{"acme"}, prefix: "acme/", byContext: true})
	if err != nil {
		t.Fatal(err)
	}
	want := map[rateKey]int64{stdIn: dollar, stdOut: 5 * dollar, key(price.Standard, 32_000, price.Input): 2 * dollar, key(price.Standard, 32_000, price.Output): 10 * dollar}
	if d := cmp.Diff(want, all["steps"].rates); d != "" {
		t.Errorf("steps: -want +got\n%s", d)
	}
	for name, units := range map[string]map[string]int64{
		"sonar": {"web_search_low_context": 5_000_000, "web_search_medium_context": 8_000_000}, "rank": {"search_unit": 2_000_000},
		"find": {"call": 5_000_000}, "hear": {"minute": 1_850_000}, "draw": {},
	} {
		if d := cmp.Diff(units, all[name].units); d != "" {
			t.Errorf("%s: -want +got\n%s", name, d)
		}
	}
	if all["draw"].images["default"]["default"] != 40_000_000 || all["draw-by-token"].images != nil {
		t.Errorf("pictures: %v, %v", all["draw"].images, all["draw-by-token"].images)
	}
	if f := all["twice"]; f.doubt == "" || f.rates[stdIn] != 2*dollar {
		t.Errorf("twice: %+v", f)
	}
	if len(all) != 8 {
		t.Errorf("%d models", len(all))
	}
}

func TestMergeRules(t *testing.T) {
	says := func(source string, kind string, rates map[rateKey]int64) view {
		f := newFacts()
		f.kind, f.rates = kind, rates
		return view{source, "2026-01-02", f}
	}
	for _, tt := range []struct {
		name, model string
		views       []view
		ok          bool
		want        price.Entry
	}{
		{"one's input is not mixed with another's output", "m", []view{
			says("a", "", map[rateKey]int64{stdIn: 3 * dollar, stdOut: 10 * dollar}),
			says("b", "", map[rateKey]int64{stdIn: 2 * dollar, stdOut: 9 * dollar}),
			says("c", "", map[rateKey]int64{stdIn: 2 * dollar, stdOut: 18 * dollar}),
		}, true, price.Entry{Source: []string{"a"}, Uncertain: true, Rates: map[string]string{"input": "3", "output": "10"},
			Note: "input: a 3, b 2, c 2; took 2. output: a 10, b 9, c 18; took 10. No two have both; took a."}},
		{"a lone price of nothing is not believed", "m", []view{says("a", "chat", map[rateKey]int64{stdIn: 0, stdOut: 0})}, false, price.Entry{}},
		{"nothing is believed of two", "m", []view{
			says("a", "", map[rateKey]int64{stdIn: 0, stdOut: 0}), says("b", "", map[rateKey]int64{stdIn: 0, stdOut: 0}),
		}, true, price.Entry{Source: []string{"a", "b"}, Rates: map[string]string{"input": "0", "output": "0"}}},
		{"nothing is believed of a name that says so", "m:free", []view{says("a", "", map[rateKey]int64{stdIn: 0, stdOut: 0})},
			true, price.Entry{Source: []string{"a"}, Rates: map[string]string{"input": "0", "output": "0"}}},
		{"a cheap output is doubted", "m", []view{says("a", "", map[rateKey]int64{stdIn: 7 * dollar, stdOut: 2 * dollar})},
			true, price.Entry{Source: []string{"a"}, Uncertain: true, Note: "The output is listed as cheaper than the input.", Rates: map[string]string{"input": "7", "output": "2"}}},
		{"a very cheap one is believed of two", "m", []view{
			says("a", "", map[rateKey]int64{stdIn: 7 * dollar, stdOut: dollar / 10}), says("b", "", map[rateKey]int64{stdIn: 7 * dollar, stdOut: dollar / 10}),
		}, true, price.Entry{Source: []string{"a", "b"}, Rates: map[string]string{"input": "7", "output": "0.1"}}},
		{"an embedding has no output", "m", []view{
			says("a", "embedding", map[rateKey]int64{stdIn: dollar, stdOut: 0}), says("b", "embedding", map[rateKey]int64{stdIn: dollar, stdOut: dollar}),
		}, true, price.Entry{Source: []string{"a", "b"}, Kind: "embedding", Rates: map[string]string{"input": "1", "output": "0"}}},
		{"a step that changes nothing is dropped", "m", []view{says("a", "", map[rateKey]int64{
			stdIn: dollar, stdOut: 2 * dollar, key(price.Standard, 9, price.Input): dollar, key(price.Standard, 9, price.Output): 2 * dollar,
		})}, true, price.Entry{Source: []string{"a"}, Rates: map[string]string{"input": "1", "output": "2"}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.ok {
				tt.want.AsOf = "2026-01-02"
			}
			got, ok := merge("acme", tt.model, tt.views)
			if ok != tt.ok {
				t.Fatalf("kept: %v", ok)
			}
			if d := cmp.Diff(tt.want, got); ok && d != "" {
				t.Errorf("-want +got\n%s", d)
			}
		})
	}
}

func TestCompleteGoogle(t *testing.T) {
	rates := map[rateKey]int64{
		stdIn: dollar, stdOut: 4 * dollar, key(price.Standard, 0, price.AudioInput): 3 * dollar,
		key(price.Batch, 0, price.Input): dollar / 2, key(price.Batch, 0, price.Output): 2 * dollar,
		key(price.Flex, 0, price.Input): dollar / 2, key(price.Flex, 0, price.Output): 3 * dollar, // no one factor
	}
	if notes := completeGoogle(rates); len(notes) != 1 || rates[key(price.Batch, 0, price.AudioInput)] != 3*dollar/2 {
		t.Errorf("batch: %v %v", notes, rates)
	}
	if _, has := rates[key(price.Flex, 0, price.AudioInput)]; has {
		t.Errorf("flex: %v", rates)
	}
}

// TestProvidersAreListedOnce holds the table against slips.
func TestProvidersAreListedOnce(t *testing.T) {
	ids, names := map[string]bool{}, map[string]string{}
	for _, p := range providers {
		if ids[p.id] {
			t.Errorf("%s is listed twice", p.id)
		}
		ids[p.id] = true
		for _, l := range p.litellm {
			if names[l] != "" {
				t.Errorf("LiteLLM's %s is of %s and of %s", l, names[l], p.id)
			}
			names[l] = p.id
		}
	}
}
