package providertest

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/test/corpus"
)

// checkAnswer expects what the provider answered to be read as what it says.
func (s *subject) checkAnswer(t *testing.T, e *corpus.Exchange) {
	t.Helper()
	switch {
	case e.Status >= 400:
		s.checkError(t, e)
	case e.Chunking == "line":
		t.Skip("skipped: a stream of lines, which is not asked for")
	case len(e.ResponseChunks) > 0 && broken(e) != "":
		t.Skipf("skipped: an event of the recording is no JSON: %.80s", broken(e))
	case len(framed(t, e)) > 0:
		s.checkStream(t, e)
	case !json.Valid(e.Body()):
		t.Skipf("skipped: the recorded answer is not JSON: %.80s", e.Body())
	default:
		s.checkWhole(t, e)
	}
}

// broken is an event of a recorded stream that was cut when it was stored, "" if
// there is none.
func broken(e *corpus.Exchange) string {
	for _, data := range e.ResponseChunks {
		if e.Chunking == "sse-data" && data != "[DONE]" && !json.Valid([]byte(data)) {
			return data
		}
	}
	return ""
}

// checkError expects the provider's own words and status.
func (s *subject) checkError(t *testing.T, e *corpus.Exchange) {
	t.Helper()
	got := s.format.ParseError(e.Status, e.Body())
	if got.Kind != ai.Upstream || got.Status != e.Status || got.Message == "" {
		t.Errorf("kind %d, status %d, message %q; want an upstream error of status %d", got.Kind, got.Status, got.Message, e.Status)
	}
	want, ok := readError(e.Body())
	if s.endpoint.Dialect == ai.Bedrock {
		want, ok = readAmazonError(e.Body())
	}
	if !ok {
		return
	}
	if diff := cmp.Diff(want, toldError{got.Message, got.Type, got.Code}); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// checkWhole expects model and usage to be read from a whole reply, and a client
// of any other format to be told the same.
func (s *subject) checkWhole(t *testing.T, e *corpus.Exchange) {
	t.Helper()
	body, want := e.Body(), s.read(t, e)
	if got := s.format.Model(s.op, body); got != want.Model {
		t.Errorf("model %q, want %q", got, want.Model)
	}
	if diff := cmp.Diff(want.Usage, s.format.Usage(s.op, body)); diff != "" {
		t.Errorf("usage (-want +got):\n%s", diff)
	}
	s.eachClient(want, func(client ai.Dialect, pair dialect.Pair) {
		translated, err := pair.Reply(s.conversion(client), body)
		if err != nil {
			t.Errorf("for a client of %s: %v", client, err)
			return
		}
		got, err := readers[client].whole(translated)
		if err != nil {
			t.Fatal(err)
		}
		s.sameForClient(t, client, want, got)
	})
}

// eachClient calls f for every format that an answer may be translated to.
func (s *subject) eachClient(want said, f func(client ai.Dialect, pair dialect.Pair)) {
	if _, ok := s.format.(dialect.Translator); ok && (!s.op.Free() || s.op == ai.Models) {
		f(ai.OpenAI, dialect.Pair{Client: s.formats[ai.OpenAI], Provider: s.format})
	}
	if s.op != ai.Chat || len(want.Finish) > 1 {
		return // no other format has it, or more than one choice
	}
	for _, client := range clients {
		if _, ok := s.formats[client].(dialect.Translator); ok && client != s.endpoint.Dialect {
			f(client, dialect.Pair{Client: s.formats[client], Provider: s.format})
		}
	}
}

// asked is the model that the suite's clients ask for.
const asked = "m"

// conversion is that of a client who asked for nothing unusual.
func (s *subject) conversion(client ai.Dialect) *dialect.Conversion {
	return &dialect.Conversion{Op: s.op, Model: asked, Thoughts: s.p.Quirks.Thoughts, Strict: client == ai.OpenAI, Onward: client != ai.OpenAI, ID: "id", Now: 1}
}

// sameForClient compares what a client is told with what the provider said.
// Formats count only what they have a place for: see [levelled].
func (s *subject) sameForClient(t *testing.T, client ai.Dialect, want, got said) {
	t.Helper()
	want.Finish = slices.Clone(want.Finish)
	for i, reason := range want.Finish {
		if word, ok := s.p.Quirks.Finish[reason]; ok {
			want.Finish[i] = word
		}
	}
	if want.Model == "" && (s.op == ai.Chat || len(want.Finish)+want.Vectors+len(want.Ranked) > 0) {
		want.Model = asked // as a reply that names no model is told to be of
	}
	if client == ai.Bedrock { // it names no model and counts neither thoughts nor searches
		want.Model, want.Usage.ReasoningTokens, want.Usage.WebSearches = "", 0, 0
	}
	if client == ai.Gemini {
		want = asGemini(want)
	}
	if (client == ai.Responses || client == ai.Gemini) && len(want.Tools) == 0 { // which have no other sign of tool calls than the calls
		for i, reason := range want.Finish {
			if reason == "tool_calls" {
				want.Finish[i] = "stop"
			}
		}
	}
	if client == ai.Responses { // whose usage has no place for these
		for _, u := range []*ai.Usage{&want.Usage, &got.Usage} {
			u.WebSearches, u.CacheWrite1hTokens = 0, 0
		}
	}
	want, got = levelled(want), levelled(got)
	if client == ai.Cohere {
		want = asCohere(want)
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("for a client of %s (-want +got):\n%s", client, diff)
	}
}

// asGemini is an answer as far as Gemini's format can tell it: there is no word for
// what a cache was written, thoughts are counted beside the answer, so that there
// are never more of them than tokens, a call has always arguments, and a stream
// that ends has always a reason.
func asGemini(want said) said {
	want.Usage.CacheWriteTokens, want.Usage.CacheWrite1hTokens = 0, 0
	want.Usage.OutputTokens = max(want.Usage.OutputTokens, want.Usage.ReasoningTokens)
	want.Tools = slices.Clone(want.Tools)
	for i := range want.Tools {
		if want.Tools[i].Arguments == nil {
			want.Tools[i].Arguments = map[string]any{}
		}
	}
	if len(want.Finish) == 0 && want.Vectors == 0 && want.Models == nil {
		want.Finish = []string{"stop"}
	}
	return want
}

// ended reports whether a stream was whole: by its terminal event, or, where the
// format has none, by its finish reasons.
func (s *subject) ended(told said) bool {
	return told.Done || s.endpoint.Dialect == ai.Gemini && told.finished()
}

// levelled takes out of an answer what is not in every format: audio and image
// tokens, searches, the tier's name, whether zero is a count or unknown, tool arguments that are no
// JSON, and reasons to finish for which Anthropic has no word.
func levelled(s said) said {
	u := &s.Usage
	u.Known, u.InputAudioTokens, u.OutputAudioTokens, u.ServiceTier = false, 0, 0, ""
	u.InputImageTokens, u.OutputImageTokens, u.SearchContext, u.WebSearches, u.OtherTokens = 0, 0, "", 0, 0
	tools := slices.Clone(s.Tools)
	for i := range tools {
		if _, broken := tools[i].Arguments.(string); broken {
			tools[i].Arguments = map[string]any{}
		}
	}
	finish := slices.Clone(s.Finish)
	for i, reason := range finish {
		switch {
		case len(tools) > 0 && reason != "length" && reason != "content_filter":
			finish[i] = "tool_calls"
		case reason == "content_filter" || reason == "":
			finish[i] = "stop" // an end without a reason is one all the same
		}
	}
	if len(finish) == 0 && s.Done {
		finish = []string{"stop"}
	}
	s.Tools, s.Finish = tools, finish
	return s
}
