package price

import (
	"strings"
	"testing"
	"time"
)

// today is a day of the catalogue's.
var today = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

func TestLookupNames(t *testing.T) {
	c := load(t)
	for _, tt := range []struct {
		provider, model, want string // want "" for unknown
	}{
		{"openai", "gpt-4o", "gpt-4o"},
		{"openai", "gpt-4o-2024-05-13", "gpt-4o-2024-05-13"}, // a price of its own
		{"openai", "GPT-4o", "gpt-4o"},
		{"openai", "gpt-4o-2099-12-31", "gpt-4o"},
		{"openai", "openai/gpt-4o", "gpt-4o"},
		{"openai", "models/gpt-4o", "gpt-4o"},
		{"openai", "gpt-4.1-latest", "gpt-4.1"},
		{"openai", "gpt-5-chat-latest", "gpt-5-chat-latest"},
		{"openai", "ft:gpt-4o-mini-2024-07-18:acme::abc123", "ft:gpt-4o-mini-2024-07-18"},
		{"openai", "ft:gpt-4.1-2099-01-01:acme:x:abc", "ft:gpt-4.1"},
		{"openai", "ft:gpt-5:acme::abc123", ""}, // never the base model's price
		{"openai", "gpt-4o-20240513x", ""},
		{"openai", "gpt-4o-", ""},
		{"openai", "", ""},
		{"openai", "default", ""},
		{"anthropic", "claude-3-7-sonnet", "claude-3-7-sonnet-latest"},
		{"anthropic", "claude-3-5-sonnet@20240620", "claude-3-5-sonnet-20240620"},
		{"anthropic", "claude-opus-4-5@20990101", "claude-opus-4-5"},
		{"anthropic", "claude-haiku-4-5-20990101", "claude-haiku-4-5"},
		{"anthropic", "anthropic/claude-sonnet-4-5", "claude-sonnet-4-5"},
		{"anthropic", "gpt-4o", ""},
		{"azure-openai", "gpt-4o-2024-08-06.ft-0123abcd", "gpt-4o-2024-08-06.ft"},
		{"azure-openai", "gpt-4o-2099-08-06.ft-0123abcd", "gpt-4o.ft"},
		{"azure-openai", "eu/gpt-4o-2024-11-20", "eu/gpt-4o-2024-11-20"},
		{"anyscale", "mistralai/Mixtral-8x22B-Instruct-v0.1", "mistralai/Mixtral-8x22B-Instruct-v0.1"},
		{"ollama", "qwen2.5:7b", "qwen2.5:7b"},
		{"bedrock", "anthropic.claude-haiku-4-5-20251001-v1:0", "anthropic.claude-haiku-4-5-20251001-v1:0"},
		{"bedrock", "us.anthropic.claude-haiku-4-5-20251001-v1:0", "us.anthropic.claude-haiku-4-5-20251001-v1:0"}, // a surcharge
		{"bedrock", "ca.anthropic.claude-3-haiku-20240307-v1:0", "anthropic.claude-3-haiku-20240307-v1:0"},
		{"bedrock", "anthropic.claude-3-haiku-20240307", "anthropic.claude-3-haiku-20240307-v1:0"},
		{"bedrock", "anthropic.claude-3-haiku-20240307-v1:0:48k", "anthropic.claude-3-haiku-20240307-v1:0"},
		{"bedrock", "zai.glm-5-v1:0", "zai.glm-5"},
		{"bedrock", "anthropic.claude-3-haiku-20240307-v1%3A0", "anthropic.claude-3-haiku-20240307-v1:0"},
		{"bedrock", "bedrock/amazon.nova-lite-v1:0", "amazon.nova-lite-v1:0"},
		{"bedrock", "eu-west-2/qwen.qwen3-coder-next", "eu-west-2/qwen.qwen3-coder-next"},
		{"bedrock", "eu-west-9/amazon.nova-lite-v1:0", "amazon.nova-lite-v1:0"},
		{"bedrock", "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-3-haiku-20240307-v1:0", "anthropic.claude-3-haiku-20240307-v1:0"},
		{"bedrock", "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.amazon.nova-lite-v1:0", "us.amazon.nova-lite-v1:0"},
		{"bedrock", "arn:aws:bedrock:us-east-1:123456789012:provisioned-model/abc", ""},
		{"bedrock", "arn:aws:bedrock:us-east-1:123456789012:imported-model/amazon.nova-lite-v1:0", ""},
		{"google", "models/gemini-2.5-flash", "gemini-2.5-flash"},
		{"google", "gemini-2.5-flash-001", "gemini-2.5-flash"},
		{"google", "gemini-1.5-pro-002", "gemini-1.5-pro-002"},
		{"google", "tunedModels/mine", ""},
		{"vertex-ai", "google/gemini-2.5-pro", "gemini-2.5-pro"},
		{"vertex-ai", "google.gemini-2.5-pro", "gemini-2.5-pro"},
		{"vertex-ai", "projects/p/locations/l/publishers/google/models/gemini-2.5-pro", "gemini-2.5-pro"},
		{"vertex-ai", "anthropic.claude-sonnet-4@20250514", "claude-sonnet-4@20250514"},
		{"vertex-ai", "meta.llama-4-scout-17b-16e-instruct-maas", "meta/llama-4-scout-17b-16e-instruct-maas"},
		{"vertex-ai", "endpoints.1234567890", ""},
		{"vertex-ai", "claude-3-5-haiku-20241022", "claude-3-5-haiku@20241022"}, // as its replies name it
		{"openrouter", "anthropic/claude-3-haiku", "anthropic/claude-3-haiku"},
		{"openrouter", "openrouter/anthropic/claude-3-haiku", "anthropic/claude-3-haiku"},
		{"openrouter", "anthropic/claude-3-haiku:free", ""}, // no such variant, and not the paid price
		{"openrouter", "google/gemma-3-12b-it:free", "google/gemma-3-12b-it:free"},
		{"openrouter", "openrouter/auto", ""},
		{"workers-ai", "@cf/meta/llama-3.1-8b-instruct", "@cf/meta/llama-3.1-8b-instruct"},
		{"workers-ai", "meta/llama-3.1-8b-instruct", "@cf/meta/llama-3.1-8b-instruct"},
		{"fireworks-ai", "accounts/fireworks/models/gpt-oss-120b", "gpt-oss-120b"},
		{"fireworks-ai", "gpt-oss-120b", "gpt-oss-120b"},
		{"fireworks-ai", "accounts/acme/models/gpt-oss-120b", ""},
		{"together-ai", "META-LLAMA/llama-3.3-70b-instruct-turbo", "meta-llama/Llama-3.3-70B-Instruct-Turbo"},
		{"mistral-ai", "ft:open-mistral-7b:acme:20240401:1234", ""},
		{"mistral-ai", "mistral-large-latest", "mistral-large-latest"},
		{"deepseek", "deepseek-chat", "deepseek-chat"},
		{"azure-ai", "llama-3.3-70b-instruct", "Llama-3.3-70B-Instruct"},
		{"huggingface", "Qwen/Qwen3-32B:groq", "Qwen/Qwen3-32B:groq"},
		{"huggingface", "Qwen/Qwen3-32B", ""}, // depends on who runs it
		{"mock", "anything", "anything"},
		{"nobody", "gpt-4o", ""},
	} {
		p, ok := c.Lookup(tt.provider, tt.model, today)
		if ok != (tt.want != "") || p.Model != tt.want {
			t.Errorf("Lookup(%q, %q) = %q, %v, want %q", tt.provider, tt.model, p.Model, ok, tt.want)
		}
	}
}

func TestOverrides(t *testing.T) {
	c := load(t)
	next, err := c.WithOverrides(strings.NewReader(`{
		"openai": {"gpt-4o": {"rates": {"input": "1.5", "output": "6"}, "as_of": "2099-01-02"}},
		"house":  {"house-7b": {"rates": {"input": "0"}, "units": {"call": "0.001"}}}
	}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []struct{ provider, model, input string }{
		{"openai", "gpt-4o", "1.5"}, {"openai", "gpt-4o-mini", "0.15"}, {"house", "house-7b", "0"},
	} {
		p, ok := next.Lookup(want.provider, want.model, today)
		if !ok || show(&p.Schedules[0].Steps[0].Rates, Input) != want.input {
			t.Errorf("%s %s: %+v, want input %s", want.provider, want.model, p, want.input)
		}
	}
	if p, _ := next.Lookup("openai", "gpt-4o", today); p.schedule(Priority) != nil || p.Sources[0] != "override" {
		t.Errorf("an override replaces the whole entry: %+v", p)
	}
	if !strings.HasPrefix(next.Version(), "2099-01-02-") || next.Version() == c.Version() {
		t.Errorf("version %s after %s", next.Version(), c.Version())
	}
	if p, _ := c.Lookup("openai", "gpt-4o", today); show(&p.Schedules[0].Steps[0].Rates, Input) != "2.5" {
		t.Error("the first catalogue changed")
	}
	if again := load(t); again.Version() != c.Version() {
		t.Error("the version is not the same for the same data")
	}
}

func TestOverrideErrorsNameThePath(t *testing.T) {
	c := load(t)
	for _, tt := range []struct{ file, want string }{
		{`[]`, "not a price file"},
		{`{"openai": {"m": {"rates": {"input": 2.5}}}}`, "openai.m.rates: is a JSON number"},
		{`{"openai": {"m": {"rates": {"input": "2,5"}}}}`, `openai.m.rates.input: "2,5" is not a decimal number`},
		{`{"openai": {"m": {"rates": {"input": "-1"}}}}`, `openai.m.rates.input: "-1" is not a decimal number`},
		{`{"openai": {"m": {"rates": {"input": "1."}}}}`, `openai.m.rates.input: "1." is not a decimal number`},
		{`{"openai": {"m": {"rates": {"input": "0.1234567891"}}}}`, "more than nine decimal places"},
		{`{"openai": {"m": {"rates": {"input": "99999999999999999999"}}}}`, "over 1000000 dollars"},
		{`{"openai": {"m": {"units": {"call": "6000.01"}}}}`, `openai.m.units.call: "6000.01" is over 6000 dollars`},
		{`{"openai": {"m": {"rates": {"inptu": "1"}}}}`, "openai.m.rates.inptu: is not a rate; known are input, output"},
		{`{"openai": {"m": {"rates": {}}}}`, "openai.m.rates: is empty"},
		{`{"openai": {"m": {}}}`, "openai.m: has no price"},
		{`{"openai": {"m": {"rate": {}}}}`, `openai.m: json: unknown field "rate"`},
		{`{"openai": {"m": {"rates": {"input": "1"}, "tiers": {"bulk": {"rates": {"input": "1"}}}}}}`, "openai.m.tiers.bulk: is not a tier"},
		{`{"openai": {"m": {"rates": {"input": "1"}, "tiers": {"batch": {"rates": {"input": "x"}}}}}}`, "openai.m.tiers.batch.rates.input:"},
		{`{"openai": {"m": {"rates": {"input": "1"}, "long": {"200k": {"input": "1"}}}}}`, "openai.m.long.200k: the key is a number"},
		{`{"openai": {"m": {"rates": {"input": "1"}, "units": {"call": "x"}}}}`, "openai.m.units.call:"},
		{`{"openai": {"m": {"units": {"serch": "1"}}}}`, "openai.m.units.serch: is not a unit; known are call, web_search,"},
		{`{"openai": {"m": {"images": {"hd": {"1x1": "x"}}}}}`, "openai.m.images.hd.1x1:"},
		{`{"openai": {"m": {"rates": {"input": "1"}, "as_of": "yesterday"}}}`, "openai.m.as_of:"},
		{`{"openai": {"m": {"rates": {"input": "1"}, "from": "soon"}}}`, `openai.m.from: "soon" is neither a date`},
		{`{"openai": {"m": {"rates": {"input": "1"}, "earlier": [{"rates": {"input": "2"}}]}}}`, "openai.m.earlier[0].from: must be earlier"},
		{`{"openai": {"m": {"rates": {"input": "1"}, "from": "2026-02-01", "earlier": [{"rates": {"input": "2"}, "from": "2026-02-01"}]}}}`, "openai.m.earlier[0].from: must be earlier"},
		{`{"openai": {"m": {"rates": {"input": "1"}, "from": "2026-02-01", "earlier": [{"rates": {"input": "x"}}]}}}`, "openai.m.earlier[0].rates.input:"},
		{`{"openai": {"m": {"rates": {"input": "1"}, "from": "2026-02-01", "earlier": [{"rates": {"input": "2"}, "earlier": [{}]}]}}}`, "openai.m.earlier[0].earlier: prices before it"},
	} {
		_, err := c.WithOverrides(strings.NewReader(tt.file))
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s\n\tgave %v\n\twant %s", tt.file, err, tt.want)
		}
	}
}

// A price holds from its date on, and what was before it until then: the
// entry's own earlier figures, and before those the catalogue's.
func TestPricesHaveDates(t *testing.T) {
	next, err := load(t).WithOverrides(strings.NewReader(`{
		"openai": {"gpt-4o": {"from": "2026-12-01", "rates": {"input": "1"}, "earlier": [{"from": "2026-11-15T12:00:00+02:00", "rates": {"input": "2"}}]}},
		"house": {"house-7b": {"from": "2026-11-01", "rates": {"input": "5"}}, "*": {"rates": {"input": "7"}},
			"house-8b": {"from": "2026-11-01", "rates": {"input": "5"}, "earlier": [{"rates": {"input": "6"}}]}}
	}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ provider, model, at, input string }{
		{"openai", "gpt-4o", "2026-12-01T00:00:00Z", "1"},
		{"openai", "gpt-4o", "2026-11-30T23:59:59Z", "2"},
		{"openai", "gpt-4o", "2026-11-15T10:00:00Z", "2"},
		{"openai", "gpt-4o", "2026-11-15T09:59:59Z", "2.5"},
		{"openai", "openai/GPT-4o-2099-01-01", "2026-11-20T00:00:00Z", "2"},
		{"house", "house-7b", "2026-11-01T00:00:00Z", "5"},
		{"house", "house-7b", "2026-10-31T23:59:59Z", "7"},
		{"house", "house-8b", "2020-01-01T00:00:00Z", "6"},
		{"anthropic", "claude-sonnet-5", "2026-08-31T23:59:59Z", "2"},
		{"anthropic", "claude-sonnet-5", "2026-09-01T00:00:00Z", "3"},
	} {
		at, err := time.Parse(time.RFC3339, tt.at)
		if err != nil {
			t.Fatal(err)
		}
		p, ok := next.Lookup(tt.provider, tt.model, at)
		if !ok || show(&p.Schedules[0].Steps[0].Rates, Input) != tt.input {
			t.Errorf("%s %s at %s: %+v, want input %s", tt.provider, tt.model, tt.at, p, tt.input)
		}
	}
}

func FuzzOverrides(f *testing.F) {
	c := new(Catalogue)
	f.Add(`{"openai": {"m": {"rates": {"input": "2.5"}, "long": {"5": {"output": "1"}}}}}`)
	f.Fuzz(func(t *testing.T, file string) {
		next, err := c.WithOverrides(strings.NewReader(file))
		if err != nil {
			return
		}
		for _, provider := range next.Providers() {
			for _, model := range next.Models(provider) {
				p := next.shelves[provider]().byName[model]
				if _, ok := next.PortkeyPricing(provider, model); !ok && model != "" && p.at(time.Now()) != nil {
					t.Errorf("%s %s has no price", provider, model)
				}
			}
		}
	})
}
