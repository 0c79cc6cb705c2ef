package vertexai_test

import (
	"encoding/json"
	"testing"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/dialect/gemini"
	"github.com/portico-ai/portico/internal/provider/vertexai"
	"github.com/portico-ai/portico/test/corpus"
)

// suite are the endpoints whose recordings the conformance suite reads.
var suite = []string{"generateContent", "rawPredict", "predict", "embeddings", "count-tokens", "images"}

// The recordings that belong to no endpoint are read here: errors, and counts of
// tokens whose request is not known.
func TestOtherRecordings(t *testing.T) {
	errors := corpus.Exchanges(t, vertexai.ID, "error")
	for _, e := range errors {
		var want struct {
			Error struct {
				Code            int
				Message, Status string
			}
		}
		if err := json.Unmarshal(e.Body(), &want); err != nil {
			t.Fatalf("%s: %v", e.ID, err)
		}
		got := gemini.New().ParseError(e.Status, e.Body())
		if got.Kind != ai.Upstream || got.Status != want.Error.Code || got.Message != want.Error.Message || got.Type != want.Error.Status {
			t.Errorf("%s: got %+v, want %+v", e.ID, got, want.Error)
		}
	}
	counts := corpus.Exchanges(t, vertexai.ID, "other")
	for _, e := range counts {
		var reply struct{ TotalTokens int64 }
		if err := json.Unmarshal(e.Body(), &reply); err != nil || reply.TotalTokens == 0 {
			t.Errorf("%s is no count of tokens: %s", e.ID, e.Body())
		}
		if u := gemini.New().Usage(ai.CountContents, e.Body()); u.Known {
			t.Errorf("%s: counting tokens used some: %+v", e.ID, u)
		}
	}
	total := len(errors) + len(counts)
	for _, name := range suite {
		total += len(corpus.Exchanges(t, vertexai.ID, name))
	}
	if all := len(corpus.Exchanges(t, vertexai.ID, "")); total != all {
		t.Errorf("of %d recordings %d are read; name the endpoints of the others", all, total)
	}
}
