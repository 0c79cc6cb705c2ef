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
	"time"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/test/corpus"
)

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
				provider := genAIProviders[e.Provider]
				p, ok := c.Lookup(provider, tc.Model, time.Date(2026, 8, 21, 0, 0, 0, 0, time.UTC)) // the date of the library
				switch {
				case e.Input == "":
					skipped["they have no price"]++
					continue
				case !ok:
					skipped["we have no price: "+e.Provider+" "+tc.Model]++
					continue
				case !slices.Contains(p.Sources, "genai-prices"):
					skipped["prices differ: "+p.Model]++
					continue
				case x.Usage["cache_audio_read_tokens"] > 0:
					skipped["our usage does not tell cached sound apart: "+p.Model]++
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
