package price

import (
	"compress/gzip"
	"encoding/json"
	"maps"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/test/corpus"
)

// TestAgainstPortkeyModels reads the published catalogue in the plainest way
// and compares the main rates: the same, or the entry says that it is uncertain.
func TestAgainstPortkeyModels(t *testing.T) {
	dir := filepath.Join(corpus.Specs(t), "catalogues", "portkey-models", "pricing")
	c := load(t)
	for _, provider := range []string{"openai", "anthropic", "azure-openai", "anyscale", "google"} {
		var models map[string]struct {
			Config struct {
				Pay map[string]struct {
					Price json.Number
				} `json:"pay_as_you_go"`
			} `json:"pricing_config"`
		}
		readJSON(t, filepath.Join(dir, provider+".json"), &models)
		delete(models, "default")
		same, uncertain, other := 0, 0, 0
		for name, m := range models {
			p, ok := c.Lookup(provider, name)
			switch {
			case !ok && len(m.Config.Pay) == 0:
				other++ // a name without a price
			case !ok:
				// Left out on purpose: its only figures are impossible.
				if in, out := m.Config.Pay["request_token"].Price, m.Config.Pay["response_token"].Price; !dearInput(in, out) {
					t.Errorf("%s %s is missing", provider, name)
				}
			case p.Uncertain:
				uncertain++
			case len(p.Schedules) == 0 || p.Kind == "image" || p.Kind == "video":
				other++ // per minute, character, image or second
			default:
				same++
				for key, d := range map[string]Dimension{"request_token": Input, "response_token": Output} {
					got, _ := p.Schedules[0].Steps[0].Rates.Get(d)
					if want := scaled(t, m.Config.Pay[key].Price, 1e13); got != want {
						t.Errorf("%s %s %s = %d, want %d", provider, name, d, got, want)
					}
				}
			}
		}
		t.Logf("%s: %d the same, %d uncertain, %d not per token", provider, same, uncertain, other)
		if same < len(models)*7/10 {
			t.Errorf("%s: only %d of %d could be compared", provider, same, len(models))
		}
	}
}

func dearInput(in, out json.Number) bool {
	i, _ := in.Float64()
	o, _ := out.Float64()
	return o > 0 && i > 10*o
}

// TestAgainstLiteLLM does the same with the other large catalogue.
func TestAgainstLiteLLM(t *testing.T) {
	var models map[string]json.RawMessage
	readJSON(t, filepath.Join(corpus.Specs(t), "catalogues", "litellm", "model_prices_and_context_window.json.gz"), &models)
	c := load(t)
	same, uncertain := 0, 0
	for name, raw := range models {
		var m struct {
			Provider string      `json:"litellm_provider"`
			Input    json.Number `json:"input_cost_per_token"`
			Output   json.Number `json:"output_cost_per_token"`
		}
		if json.Unmarshal(raw, &m) != nil || m.Input == "" || m.Output == "" {
			continue
		}
		provider, ok := map[string]string{"openai": "openai", "anthropic": "anthropic", "azure": "azure-openai"}[m.Provider]
		if !ok {
			continue
		}
		p, ok := c.Lookup(provider, strings.TrimPrefix(name, "azure/"))
		if !ok {
			t.Errorf("%s %s is missing", provider, name)
			continue
		}
		if p.Uncertain {
			uncertain++
			continue
		}
		same++
		r := &p.Schedules[0].Steps[0].Rates
		in, _ := r.Get(Input)
		out, _ := r.Get(Output)
		if wantIn, wantOut := scaled(t, m.Input, 1e15), scaled(t, m.Output, 1e15); in != wantIn || out != wantOut {
			t.Errorf("%s %s = %d, %d, want %d, %d", provider, name, in, out, wantIn, wantOut)
		}
	}
	t.Logf("%d the same, %d uncertain", same, uncertain)
	if same < 200 {
		t.Errorf("only %d compared", same)
	}
}

// TestAgainstRecordedUsage compares the cost of recorded usages with what an
// independent library made of them.
func TestAgainstRecordedUsage(t *testing.T) {
	type priced struct {
		Provider string      `json:"provider_id"`
		Input    json.Number `json:"input_price"`
		Output   json.Number `json:"output_price"`
	}
	var cases []struct {
		Model     string `json:"model"`
		Extracted []struct {
			Extractors []priced         `json:"extractors"`
			Usage      map[string]int64 `json:"usage"`
		} `json:"extracted"`
	}
	readJSON(t, filepath.Join(corpus.Dir(t), "vectors", "usage", "genai-prices-usages.json.gz"), &cases)
	c := load(t)
	compared, skipped := 0, map[string]int{}
	for _, tc := range cases {
		for _, x := range tc.Extracted {
			for _, e := range x.Extractors {
				if e.Provider != "openai" && e.Provider != "anthropic" {
					continue
				}
				p, ok := c.Lookup(e.Provider, tc.Model)
				switch {
				case e.Input == "":
					skipped["they have no price"]++
					continue
				case !ok:
					skipped["we have no price: "+e.Provider+" "+tc.Model]++
					continue
				case p.Model == "claude-sonnet-5":
					skipped["they use the introductory price: "+p.Model]++
					continue
				case !slices.Contains(p.Sources, "genai-prices"):
					skipped["prices differ: "+p.Model]++
					continue
				case x.Usage["input_audio_tokens"] > 0 && strings.Contains(tc.Model, "audio-preview"):
					skipped["they price sound as text: "+tc.Model]++
					continue
				}
				u := x.Usage
				b := Cost(p, ai.Usage{
					Known: true, InputTokens: u["input_tokens"], OutputTokens: u["output_tokens"],
					CacheReadTokens: u["cache_read_tokens"], CacheWriteTokens: u["cache_write_tokens"],
					InputAudioTokens: u["input_audio_tokens"], OutputAudioTokens: u["output_audio_tokens"],
				}, "")
				compared++
				if want := dollarsSum(t, e.Input, e.Output); b.Nano != want || !b.Known {
					t.Errorf("%s %s %v: cost %d (known %v), want %d", e.Provider, tc.Model, u, b.Nano, b.Known, want)
				}
			}
		}
	}
	t.Logf("%d compared", compared)
	for _, why := range slices.Sorted(maps.Keys(skipped)) {
		t.Logf("%d not compared: %s", skipped[why], why)
	}
	if compared < 500 {
		t.Errorf("only %d compared", compared)
	}
}

func dollarsSum(t *testing.T, in, out json.Number) int64 {
	t.Helper()
	sum := new(big.Rat)
	for _, n := range []json.Number{in, out} {
		if n == "" {
			continue
		}
		r, ok := new(big.Rat).SetString(n.String())
		if !ok {
			t.Fatalf("not a number: %s", n)
		}
		sum.Add(sum, r)
	}
	sum.Mul(sum, new(big.Rat).SetInt64(1e9))
	sum.Add(sum, big.NewRat(1, 2))
	return new(big.Int).Div(sum.Num(), sum.Denom()).Int64()
}

func scaled(t *testing.T, n json.Number, scale int64) int64 {
	t.Helper()
	if n == "" {
		return 0
	}
	r, ok := new(big.Rat).SetString(n.String())
	if !ok {
		t.Fatalf("not a number: %s", n)
	}
	r.Mul(r, new(big.Rat).SetInt64(scale)).Add(r, big.NewRat(1, 2))
	return new(big.Int).Div(r.Num(), r.Denom()).Int64()
}

func readJSON(t *testing.T, file string, v any) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if !strings.HasSuffix(file, ".gz") {
		if err := json.NewDecoder(f).Decode(v); err != nil {
			t.Fatal(err)
		}
		return
	}
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.NewDecoder(z).Decode(v); err != nil {
		t.Fatal(err)
	}
}
