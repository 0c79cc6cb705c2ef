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
	case len(e.ResponseChunks) > 0:
		s.checkStream(t, e)
	case !json.Valid(e.Body()):
		t.Skipf("skipped: the recorded answer is not JSON: %.80s", e.Body())
	default:
		s.checkWhole(t, e)
	}
}

// checkError expects the provider's own words and status.
func (s *subject) checkError(t *testing.T, e *corpus.Exchange) {
	t.Helper()
	got := s.format.ParseError(e.Status, e.Body())
	if got.Kind != ai.Upstream || got.Status != e.Status || got.Message == "" {
		t.Errorf("kind %d, status %d, message %q; want an upstream error of status %d", got.Kind, got.Status, got.Message, e.Status)
	}
	want, ok := readError(e.Body())
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
	s.eachClient(want, func(client ai.Dialect, tr dialect.Translator) {
		reply := tr.ReplyToHub
		if s.endpoint.Dialect == ai.OpenAI {
			reply = tr.ReplyFromHub
		}
		translated, err := reply(s.conversion(), body)
		if err != nil {
			t.Errorf("for a client of %s: %v", client, err)
			return
		}
		got, err := readers[client].whole(translated)
		if err != nil {
			t.Fatal(err)
		}
		sameForClient(t, client, want, got)
	})
}

// eachClient calls f for every format that an answer may be translated to: the
// hub's answers to the others, any other's to the hub.
func (s *subject) eachClient(want said, f func(ai.Dialect, dialect.Translator)) {
	if s.op == ai.CountTokens {
		return // no other format has it
	}
	if tr, ok := s.format.(dialect.Translator); ok {
		f(ai.OpenAI, tr)
		return
	}
	if s.op != ai.Chat || len(want.Finish) > 1 {
		return // no other format has it, or more than one choice
	}
	for client, format := range s.formats {
		if tr, ok := format.(dialect.Translator); ok {
			f(client, tr)
		}
	}
}

// asked is the model that the suite's clients ask for.
const asked = "m"

// conversion is that of a client who asked for nothing unusual.
func (s *subject) conversion() *dialect.Conversion {
	return &dialect.Conversion{Op: s.op, Model: asked, Strict: true, ID: "id", Now: 1}
}

// sameForClient compares what a client is told with what the provider said.
// Formats count only what they have a place for: see [levelled].
func sameForClient(t *testing.T, client ai.Dialect, want, got said) {
	t.Helper()
	if want.Model == "" && len(want.Finish)+want.Vectors > 0 {
		want.Model = asked // as a reply that names no model is told to be of
	}
	if client == ai.Gemini { // it has no word for what a cache was written
		want.Usage.CacheWriteTokens, want.Usage.CacheWrite1hTokens = 0, 0
	}
	if diff := cmp.Diff(levelled(want), levelled(got), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("for a client of %s (-want +got):\n%s", client, diff)
	}
}

// ended reports whether a stream was whole: by its terminal event, or, where the
// format has none, by its finish reasons.
func (s *subject) ended(told said) bool {
	return told.Done || s.endpoint.Dialect == ai.Gemini && told.finished()
}

// levelled takes out of an answer what is not in every format: audio tokens,
// searches, the tier's name, whether zero is a count or unknown, tool arguments that are no
// JSON, and reasons to finish for which Anthropic has no word.
func levelled(s said) said {
	u := &s.Usage
	u.Known, u.InputAudioTokens, u.OutputAudioTokens, u.ServiceTier, u.WebSearches = false, 0, 0, "", 0
	tools := slices.Clone(s.Tools)
	for i := range tools {
		if _, broken := tools[i].Arguments.(string); broken {
			tools[i].Arguments = map[string]any{}
		}
	}
	finish := slices.Clone(s.Finish)
	for i, reason := range finish {
		switch {
		case reason == "content_filter":
			finish[i] = "stop"
		case len(tools) > 0 && reason != "length":
			finish[i] = "tool_calls"
		case reason == "":
			finish[i] = "stop"
		}
	}
	s.Tools, s.Finish = tools, finish
	return s
}
