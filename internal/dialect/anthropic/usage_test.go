package anthropic

import (
	"compress/gzip"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/test/corpus"
)

// Another project's reading of real usage objects. Only what both name is
// compared.
func TestUsageVectors(t *testing.T) {
	f, err := os.Open(filepath.Join(corpus.Dir(t), "vectors", "usage", "genai-prices-usages.json.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Body      json.RawMessage
		Extracted []struct {
			Extractors []struct {
				Provider string `json:"provider_id"`
				Flavor   string `json:"api_flavor"`
			}
			Usage map[string]int64
		}
	}
	if err := json.NewDecoder(z).Decode(&cases); err != nil {
		t.Fatal(err)
	}
	compared := 0
	for i, c := range cases {
		// The list reads OpenAI's responses as Anthropic's, too.
		if jsonedit.Get(c.Body, "usage", "total_tokens") != nil {
			continue
		}
		for _, x := range c.Extracted {
			if len(x.Extractors) == 0 || x.Extractors[0].Provider != "anthropic" || x.Extractors[0].Flavor != "default" {
				continue
			}
			compared++
			u := New().Usage(ai.Chat, c.Body)
			for name, got := range map[string]int64{
				"input_tokens": u.InputTokens, "output_tokens": u.OutputTokens, "cache_read_tokens": u.CacheReadTokens,
				"cache_write_tokens": u.CacheWriteTokens, "web_searches": u.WebSearches, "output_reasoning_tokens": u.ReasoningTokens,
			} {
				if want, named := x.Usage[name]; named && got != want {
					t.Errorf("case %d, %s: got %d, want %d, of %s", i, name, got, want, c.Body)
				}
			}
		}
	}
	if compared < 100 {
		t.Errorf("only %d cases were compared", compared)
	}
}
