package gateway_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/ledger"
)

func TestRerank(t *testing.T) {
	r := newRig(t, map[string]http.HandlerFunc{"cohere": reply(200,
		`{"id":"i","results":[{"index":1,"relevance_score":0.9}],"meta":{"billed_units":{"search_units":2}}}`)})
	c := r.chat(`{"model":"rerank-v3.5","query":"q","documents":["a",{"text":"b"}],"return_documents":true}`, "X-Portkey-Virtual-Key", "my-cohere")
	c.Op = ai.Rerank
	status, _, body := r.answer(t, c)
	if status != 200 || !strings.Contains(body, `"document":{"text":"b"}`) || !strings.Contains(body, `"model":"rerank-v3.5"`) {
		t.Fatalf("status %d, body %s", status, body)
	}
	sent := <-r.requests
	if got, _ := io.ReadAll(sent.Body); string(got) != `{"model":"rerank-v3.5","query":"q","documents":["a","b"]}` || !strings.HasSuffix(sent.URL.Path, "/v2/rerank") {
		t.Errorf("%s received %s", sent.URL, got)
	}
	e := r.ledger.only(t)
	if e.State != ledger.OK || e.Usage != (ai.Usage{Known: true, SearchUnits: 2}) || e.Model != "rerank-v3.5" {
		t.Errorf("the entry is %+v", e)
	}
	if r.ledger.body(e.Reply) != body || e.UpstreamRaw.IsZero() {
		t.Error("the reply is not kept")
	}
}

func TestRerankElsewhere(t *testing.T) {
	r := newRig(t, map[string]http.HandlerFunc{"openai": reply(200, `{}`)})
	c := r.chat(`{"model":"m","query":"q","documents":[]}`, "X-Portkey-Virtual-Key", "my-openai")
	c.Op = ai.Rerank
	if status, _, body := r.answer(t, c); status != 501 || !strings.Contains(body, "rerank is not supported by openai") {
		t.Errorf("status %d, body %s", status, body)
	}
}

// A client of Anthropic's format sees Cohere's thinking, and words for the end
// that its own format has, however strict it is about OpenAI's.
func TestAnthropicClientOfCohere(t *testing.T) {
	events := []string{
		`{"type":"message-start","id":"x","delta":{"message":{"role":"assistant"}}}`,
		`{"type":"content-start","index":0,"delta":{"message":{"content":{"type":"thinking","thinking":"hm"}}}}`,
		`{"type":"content-start","index":0,"delta":{"message":{"content":{"type":"text","text":"Hi"}}}}`,
		`{"type":"message-end","delta":{"finish_reason":"MAX_TOKENS","usage":{"billed_units":{"input_tokens":1,"output_tokens":2}}}}`,
	}
	r := newRig(t, map[string]http.HandlerFunc{"cohere": reply(200, "data: "+strings.Join(events, "\n\ndata: ")+"\n\ndata: [DONE]\n\n")})
	c := r.chat(`{"model":"command-a","max_tokens":5,"stream":true,"messages":[{"role":"user","content":"hi"}]}`, "X-Portkey-Virtual-Key", "my-cohere")
	c.Dialect = ai.Anthropic
	_, _, body := r.answer(t, c)
	for _, want := range []string{`"thinking_delta"`, `"text":"Hi"`, `"stop_reason":"max_tokens"`, "message_stop"} {
		if !strings.Contains(body, want) {
			t.Errorf("the stream lacks %s:\n%s", want, body)
		}
	}
	if e := r.ledger.only(t); e.State != ledger.OK || e.Usage.OutputTokens != 2 || len(e.Receipts) > 0 {
		t.Errorf("the entry is %+v", e)
	}
}
