package gateway_test

import (
	"bytes"
	"encoding/base64"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws/protocol/eventstream"

	"github.com/portico-ai/portico/internal/ai"
)

const sonnet = "anthropic.claude-sonnet-4-5-20250929-v1:0"

// framed puts events into Amazon's framing, each as InvokeModel sends the model's
// own: in base64, as the payload's member bytes.
func framed(t *testing.T, events ...string) string {
	t.Helper()
	var b bytes.Buffer
	for _, event := range events {
		m := eventstream.Message{Payload: []byte(`{"bytes":"` + base64.StdEncoding.EncodeToString([]byte(event)) + `"}`)}
		for name, value := range map[string]string{":message-type": "event", ":event-type": "chunk", ":content-type": "application/json"} {
			m.Headers.Set(name, eventstream.StringValue(value))
		}
		if err := eventstream.NewEncoder().Encode(&b, m); err != nil {
			t.Fatal(err)
		}
	}
	return b.String()
}

func ofType(contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		_, _ = io.WriteString(w, body)
	}
}

// Claude's own replies name the model without the region of its inference
// profile, which raises the price by a tenth: 1000 tokens at $3.30, 2000 from the
// cache at $0.33 and 100 written at $16.50 a million are 3.3 + 0.66 + 1.65
// thousandths of a dollar; at the region's own price 3 + 0.6 + 1.5.
func TestClaudeOnBedrockCostsWhatTheNameAskedForSays(t *testing.T) {
	const (
		dear, plain = 5_610_000, 5_100_000
		usage       = `"usage":{"input_tokens":1000,"cache_read_input_tokens":2000,"output_tokens":100}`
		whole       = `{"id":"msg_bdrk_1","type":"message","role":"assistant","model":"claude-sonnet-4-5-20250929","content":[{"type":"text","text":"hi"}],"stop_reason":"end_turn",` + usage + `}`
		converse    = `{"output":{"message":{"role":"assistant","content":[{"text":"hi"}]}},"stopReason":"end_turn","usage":{"inputTokens":1000,"cacheReadInputTokens":2000,"outputTokens":100,"totalTokens":3100},"metrics":{"latencyMs":1}}`
	)
	stream := framed(t,
		`{"type":"message_start","message":{"id":"msg_bdrk_1","type":"message","role":"assistant","model":"claude-sonnet-4-5-20250929","content":[],"stop_reason":null,"usage":{"input_tokens":1000,"cache_read_input_tokens":2000,"output_tokens":1}}}`,
		`{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}`,
		`{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"hi"}}`,
		`{"type":"content_block_stop","index":0}`,
		`{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":100}}`,
		`{"type":"message_stop"}`)
	for name, test := range map[string]struct {
		client ai.Dialect
		model  string
		stream bool
		cost   int64
	}{
		"a region's profile":              {ai.Anthropic, "us." + sonnet, false, dear},
		"a region's profile, streamed":    {ai.Anthropic, "eu." + sonnet, true, dear},
		"the ARN of one":                  {ai.Anthropic, "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us." + sonnet, false, dear},
		"the global profile":              {ai.Anthropic, "global." + sonnet, false, plain},
		"the model":                       {ai.Anthropic, sonnet, true, plain},
		"a region's profile, in Converse": {ai.OpenAI, "us." + sonnet, false, dear},
	} {
		t.Run(name, func(t *testing.T) {
			handle := ofType("application/json", whole)
			switch {
			case test.stream:
				handle = ofType("application/vnd.amazon.eventstream", stream)
			case test.client == ai.OpenAI:
				handle = ofType("application/json", converse)
			}
			r := newRig(t, map[string]http.HandlerFunc{"bedrock": handle})
			body := `{"model":"` + test.model + `","max_tokens":100,"messages":[{"role":"user","content":"hi"}]}`
			if test.stream {
				body = `{"stream":true,` + body[1:]
			}
			c := r.chat(body, "X-Portkey-Virtual-Key", "my-bedrock")
			c.Dialect = test.client
			status, _, answer := r.answer(t, c)
			if status != 200 || !strings.Contains(answer, "hi") {
				t.Fatalf("status %d: %s", status, answer)
			}
			if e := r.ledger.only(t); !e.CostKnown || e.CostNano != test.cost {
				t.Errorf("cost %d (known: %t) of %s, want %d", e.CostNano, e.CostKnown, e.Model, test.cost)
			}
		})
	}
}

// A client that calls Bedrock by its own path has a library that reads Amazon's
// framing: what is relayed keeps it, byte for byte.
func TestAmazonsFramingIsRelayedAsItIs(t *testing.T) {
	want := framed(t, `{"type":"message_start"}`, `{"type":"message_stop"}`)
	r := newRig(t, map[string]http.HandlerFunc{"bedrock": ofType("application/vnd.amazon.eventstream", want)})
	c := r.chat(`{"anthropic_version":"bedrock-2023-05-31"}`, "X-Portkey-Virtual-Key", "my-bedrock")
	c.Op, c.Method, c.Rest = ai.Proxy, http.MethodPost, "/model/us."+strings.Replace(sonnet, ":", "%3A", 1)+"/invoke-with-response-stream?x=1"
	status, header, body := r.answer(t, c)
	if status != 200 || body != want || header.Get("Content-Type") != "application/vnd.amazon.eventstream" {
		t.Errorf("status %d, type %s, body %q", status, header.Get("Content-Type"), body)
	}
	sent := <-r.requests
	if got := sent.URL.RequestURI(); got != "/v1"+c.Rest {
		t.Errorf("it was called at %s, want /v1%s", got, c.Rest)
	}
}

// Amazon does not tell what a reranking costs: queries are counted by their
// documents, of which one holds a hundred.
func TestRerankingIsCounted(t *testing.T) {
	r := newRig(t, map[string]http.HandlerFunc{"bedrock": reply(200, `{"results":[{"index":1,"relevance_score":0.9}]}`)})
	c := r.chat(`{"model":"amazon.rerank-v1:0","query":"q","documents":[`+strings.Repeat(`"a",`, 100)+`"b"]}`, "X-Portkey-Virtual-Key", "my-bedrock")
	c.Op = ai.Rerank
	status, _, body := r.answer(t, c)
	if status != 200 || !strings.Contains(body, `"usage":{"search_units":2}`) {
		t.Fatalf("status %d, body %s", status, body)
	}
	e := r.ledger.only(t)
	if e.Usage != (ai.Usage{Known: true, Estimated: true, SearchUnits: 2}) || e.CostNano != 2_000_000 || !e.CostKnown {
		t.Errorf("the entry is %+v", e)
	}
}

func TestClaudesTokensAreCountedOnBedrock(t *testing.T) {
	r := newRig(t, map[string]http.HandlerFunc{"bedrock": reply(200, `{"inputTokens":8}`)})
	c := r.chat(`{"model":"us.`+sonnet+`","messages":[{"role":"user","content":"hi"}]}`, "X-Portkey-Virtual-Key", "my-bedrock")
	c.Op, c.Dialect, c.Path = ai.CountTokens, ai.Anthropic, "/v1/messages/count_tokens"
	if status, _, body := r.answer(t, c); status != 200 || body != `{"input_tokens":8}` {
		t.Errorf("status %d, body %s", status, body)
	}
	sent := <-r.requests
	if !strings.HasSuffix(sent.URL.EscapedPath(), "/model/anthropic.claude-sonnet-4-5-20250929-v1%3A0/count-tokens") {
		t.Errorf("it was asked at %s", sent.URL)
	}
	if e := r.ledger.only(t); e.Usage.Known || !e.CostKnown || e.CostNano != 0 {
		t.Errorf("the entry is %+v", e)
	}
}
