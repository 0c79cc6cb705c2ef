package all_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tidwall/gjson"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/sse"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/dialect/all"
	"github.com/portico-ai/portico/test/corpus"
)

// notCarried are recorded answers of which something is not in its place.
var notCarried = map[string]string{
	"vertex-ai/generatecontent__vertexai-sdk-test-data__unary-success-function-call-mixed-content": "in the hub a message's calls follow all of its text",
}

// What a recorded answer becomes in the next request of a client that speaks the
// provider's own format, so that nothing is translated, is what it must become in
// that of any other.
func TestRecordedRounds(t *testing.T) {
	for _, r := range []struct {
		dialect   ai.Dialect
		providers []string
		endpoint  string
		kinds     []string
	}{
		{ai.Anthropic, []string{"anthropic", "azure-ai"}, "messages", []string{"tool-call", "parallel-tools", "thinking"}},
		{ai.Gemini, []string{"google", "vertex-ai"}, "generateContent", []string{"tool-call", "parallel-tools", "thinking"}},
		{ai.Responses, []string{"openai", "azure-openai"}, "responses", []string{"tool-call", "parallel-tools", "thinking"}},
		{ai.OpenAI, []string{"openai", "groq", "mistral-ai", "deepseek", "huggingface", "openrouter"}, "chat.completions", []string{"tool-call", "parallel-tools"}},
	} {
		own := clients[slices.IndexFunc(clients, func(c client) bool { return c.dialect == r.dialect })]
		s := sides[slices.IndexFunc(sides, func(s side) bool { return s.dialect == r.dialect })]
		rounds := 0
		for _, provider := range r.providers {
			if !corpus.Has(t, provider, r.endpoint) {
				continue
			}
			for _, e := range corpus.Exchanges(t, provider, r.endpoint) {
				if e.Status >= 400 || !slices.ContainsFunc(r.kinds, e.Is) || e.Is("server-tools") || e.Is("n-choices") || e.Is("stream-error") {
					continue
				}
				t.Run(e.ID, func(t *testing.T) {
					if reason := notCarried[e.ID]; reason != "" {
						t.Skip("skipped: " + reason)
					}
					answer, stream := recorded(t, e)
					want, _ := next(t, own, s, answer, stream)
					if slices.ContainsFunc(want, func(l line) bool { return l.of == others }) {
						t.Skip("skipped: it says things that other formats have no place for")
					}
					for _, cl := range clients {
						if cl.dialect != r.dialect {
							rounds++
							compareRound(t, cl, s, answer, stream, want)
						}
					}
				})
			}
		}
		t.Logf("%s: %d rounds", r.dialect, rounds)
	}
}

func compareRound(t *testing.T, cl client, s side, answer string, stream bool, want []line) {
	t.Helper()
	got, receipts := next(t, cl, s, answer, stream)
	gone := func(of feature) bool {
		return !slices.ContainsFunc(got, func(l line) bool { return l.of == of }) && len(reasonsFor(of, receipts)) > 0
	}
	want = joined(slices.DeleteFunc(slices.Clone(want), func(l line) bool { return gone(l.of) }))
	got = joined(got)
	if !s.ids {
		want, got = anonymous(want), anonymous(got)
	}
	if diff := cmp.Diff(texts(want), texts(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s\nreceipts %v", cl.name, diff, receipts)
	}
}

// joined makes texts that follow each other one, and leaves empty ones out: formats
// and chunks of streams cut them in other places. What remains of a reasoning item's
// seal is its id.
func joined(all []line) (out []line) {
	for _, l := range all {
		who, text, _ := strings.Cut(l.text, " ")
		switch last := len(out) - 1; {
		case l.of == parallelCalls:
			out = append(out, line{l.of, sameArguments(l.text)})
		case text == "" || l.of == sealed && strings.HasSuffix(text, " "): // it says nothing
		case l.of == sealed && strings.HasPrefix(text, "rs_"): // OpenAI seals anew with each event
			id, _, _ := strings.Cut(text, " ")
			out = append(out, line{l.of, "sealed " + id})
		case l.of != basic || who != "say":
			out = append(out, l)
		case last >= 0 && out[last].of == basic && strings.HasPrefix(out[last].text, "say "):
			out[last].text += text
		case last > 0 && out[last].of == textSignatures && out[last-1].of == basic:
			out[last-1].text += text // a text that is signed in its middle is so at its end, too
		default:
			out = append(out, l)
		}
	}
	return out
}

// sameArguments spells a call's arguments in one way. Where there are none some
// servers write nothing, others null; those that were cut are no object.
func sameArguments(call string) string {
	parts := strings.SplitN(call, " ", 4)
	v := map[string]any{}
	if json.Unmarshal([]byte(parts[3]), &v) != nil || v == nil {
		v = map[string]any{}
	}
	parts[3] = encode(v)
	return strings.Join(parts, " ")
}

// next is what the provider's next request says of an answer, and what was noted
// as lost.
func next(t *testing.T, cl client, s side, answer string, stream bool) ([]line, []ai.Receipt) {
	t.Helper()
	formats := all.New()
	pair := dialect.Pair{Client: formats[cl.dialect], Provider: formats[s.dialect]}
	talk := cl.begin()
	c := &dialect.Conversion{Op: ai.Chat, Model: "m", Stream: stream, Strict: cl.strict, Onward: cl.dialect != ai.OpenAI, ID: "0198-turn", Now: 1}
	c.Request = []byte(talk.request(stream))
	said := s
	said.whole = func(int, []block) string { return answer }
	said.stream, said.turns = said.whole, [][]block{nil}
	var results []string
	for i := range talk.told(t, reply(t, pair, c, said, 0, stream), stream) {
		results = append(results, fmt.Sprint("result ", i))
	}
	talk.results(results)
	request, err := pair.Request(c, []byte(talk.request(stream)))
	if err != nil {
		t.Fatalf("%s: %v", cl.name, err)
	}
	var lines []line
	for _, l := range s.read(t, string(request)) {
		if said := strings.HasPrefix(l.text, "say "); l.of == basic && !said || l.of == cacheMarks || l.of == failures {
			continue // the client's own
		}
		lines = append(lines, l)
	}
	return lines, c.Receipts
}

// recorded is an answer's body.
func recorded(t *testing.T, e *corpus.Exchange) (answer string, stream bool) {
	t.Helper()
	if len(e.ResponseChunks) == 0 {
		answer = string(e.Body())
		if gjson.Get(answer, "choices.0.message.function_call.name").Exists() {
			t.Skip("skipped: a call in the older form")
		}
		return answer, false
	}
	answer = strings.Join(e.ResponseChunks, "")
	if e.Chunking == "sse-data" {
		var framed []byte
		for _, data := range e.ResponseChunks {
			if data != "[DONE]" && !json.Valid([]byte(data)) {
				t.Skip("skipped: an event of the recording is no JSON")
			}
			framed = sse.AppendData(framed, []byte(data))
		}
		answer = string(framed)
	}
	switch {
	case !strings.Contains(answer, "data:"):
		t.Skipf("skipped: chunks of kind %s", e.Chunking)
	case strings.Contains(answer, "message_start") && !strings.Contains(answer, "message_stop"), strings.Contains(answer, "chat.completion.chunk") && !strings.Contains(answer, "[DONE]"):
		t.Skip("skipped: the recording ends before the answer")
	case strings.Count(answer, `{"type":"response.completed"`) > 1:
		t.Skip("skipped: the recording holds several answers")
	case strings.Contains(answer, "partialArgs") || strings.Contains(answer, "willContinue"):
		t.Skip("skipped: calls in pieces, which no client has asked for")
	}
	return answer, true
}
