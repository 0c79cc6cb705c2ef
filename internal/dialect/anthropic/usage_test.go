package anthropic

import (
	"compress/gzip"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
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
		if strings.Contains(string(c.Body), `"compaction"`) {
			continue // it does not add what is charged beside the totals
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

// Summing up a long context is charged like the rest, though the totals leave it
// out, and an advisor is another model.
func TestIterations(t *testing.T) {
	const body = `{"usage":{"input_tokens":23000,"output_tokens":1000,"service_tier":"standard","iterations":[
		{"type":"compaction","input_tokens":180000,"output_tokens":3500,"cache_read_input_tokens":7},
		{"type":"advisor_message","model":"claude-fable-5","input_tokens":2564,"output_tokens":99},
		{"type":"message","input_tokens":23000,"output_tokens":1000}]}}`
	want := ai.Usage{Known: true, InputTokens: 203_007, OutputTokens: 4500, CacheReadTokens: 7, OtherTokens: 2663, ServiceTier: "standard"}
	if got := New().Usage(ai.Chat, []byte(body)); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	w := New().Watch(ai.Chat)
	for range 2 { // cumulative
		w.Observe([]byte("event: message_delta\ndata: " + strings.ReplaceAll(`{"type":"message_delta","delta":{"stop_reason":"end_turn"},`+body[1:], "\n", "") + "\n\n"))
	}
	if got := w.Usage(); got != want {
		t.Errorf("streamed: got %+v, want %+v", got, want)
	}
}
