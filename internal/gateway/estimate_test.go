package gateway_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/portico-ai/portico/internal/ai"
)

// A reply without usage is charged by its text, and the entry says so; an attached
// picture counts at a flat rate, not by the size of its base64.
func TestAReplyWithoutUsageIsEstimated(t *testing.T) {
	const text = "Paris is the capital of France."
	reply := reply(200, `{"id":"1","object":"chat.completion","model":"gpt-4o","choices":[{"index":0,"finish_reason":"stop","message":{"role":"assistant","content":"`+text+
		`","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}}]}}]}`)
	picture := strings.Repeat("iVBORw0KGgo", 50_000)
	for name, tt := range map[string]struct {
		content string
		in      [2]int64 // tokens, at least and at most
	}{
		"text":    {`"What is the capital of France?"`, [2]int64{15, 30}},
		"picture": {`[{"type":"image_url","image_url":{"url":"data:image/png;base64,` + picture + `"}}]`, [2]int64{1000, 1100}},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, map[string]http.HandlerFunc{"openai": reply})
			_, _, body := r.answer(t, r.chat(`{"model":"gpt-4o","messages":[{"role":"user","content":`+tt.content+`}]}`, "X-Portkey-Virtual-Key", "my-openai"))
			if strings.Contains(body, "usage") {
				t.Errorf("the client is told a usage that the provider did not: %s", body)
			}
			e := r.ledger.only(t)
			u := e.Usage
			if !u.Known || !u.Estimated || u.OutputTokens != int64(len(text)+len(`{"a":1}`)+3)/4 || u.InputTokens < tt.in[0] || u.InputTokens > tt.in[1] {
				t.Errorf("usage %+v", u)
			}
			if want := u.InputTokens*2500 + u.OutputTokens*10_000; !e.CostKnown || e.CostNano != want {
				t.Errorf("cost %d (known %v), want %d", e.CostNano, e.CostKnown, want)
			}
		})
	}
}

// A vector costs what its input does.
func TestVectorsWithoutUsageAreEstimated(t *testing.T) {
	r := newRig(t, map[string]http.HandlerFunc{"google": reply(200, `{"embeddings":[{"values":[0.1,0.2]}]}`)})
	c := r.chat(`{"model":"gemini-embedding-001","input":"What is the capital of France?"}`, "X-Portkey-Virtual-Key", "my-google")
	c.Op = ai.Embed
	if status, _, body := r.answer(t, c); status != 200 {
		t.Fatalf("status %d: %s", status, body)
	}
	if e := r.ledger.only(t); !e.Usage.Estimated || e.Usage.InputTokens == 0 || e.Usage.OutputTokens != 0 || !e.CostKnown || e.CostNano == 0 {
		t.Errorf("usage %+v, cost %d (known %v)", e.Usage, e.CostNano, e.CostKnown)
	}
}

// A transcript that is mere text tells nothing; its client may say how long the
// sound is.
func TestATranscriptIsPaidByTheLengthThatItsClientTells(t *testing.T) {
	for name, tt := range map[string]struct {
		header, contentType, body string
		cost                      int64 // -1 for unknown
	}{
		"text":                {"90000", "text/plain", "Hello.", 9_000_000},
		"of the reply":        {"90000", "application/json", `{"text":"Hello.","usage":{"type":"duration","seconds":60}}`, 6_000_000},
		"plain JSON":          {"90000.4", "application/json", `{"text":"Hello."}`, 9_000_000},
		"not said":            {"", "text/plain", "Hello.", -1},
		"not a number":        {"NaN", "text/plain", "Hello.", -1},
		"longer than a life":  {"1e18", "text/plain", "Hello.", -1},
		"a length below zero": {"-5", "text/plain", "Hello.", -1},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, map[string]http.HandlerFunc{"openai": ofType(tt.contentType, tt.body)})
			c := r.chat(`{"model":"whisper-1"}`, "X-Portkey-Virtual-Key", "my-openai", "X-Portkey-Audio-File-Duration", tt.header)
			c.Op = ai.Transcribe
			if status, _, body := r.answer(t, c); status != 200 || body != tt.body {
				t.Fatalf("status %d: %s", status, body)
			}
			e := r.ledger.only(t)
			if e.CostKnown != (tt.cost >= 0) || e.CostKnown && e.CostNano != tt.cost || e.Usage.Estimated != (tt.cost > 6_000_000) {
				t.Errorf("cost %d (known %v), usage %+v; want %d", e.CostNano, e.CostKnown, e.Usage, tt.cost)
			}
		})
	}
}

// Workers AI tells no usage of a ranking, which is paid by the tokens of the texts.
func TestARankingWithoutUsageIsEstimated(t *testing.T) {
	r := newRig(t, map[string]http.HandlerFunc{"workers-ai": reply(200, `{"result":{"response":[{"id":0,"score":0.9}]},"success":true}`)})
	r.CheckHost = nil
	row, _ := r.Providers.Get("workers-ai")
	c := r.chat(`{"model":"@cf/baai/bge-reranker-base","query":"capital of France","documents":["Paris","Berlin"]}`,
		"X-Portkey-Provider", "workers-ai", "X-Portkey-Workers-Ai-Account-Id", "a", "X-Portkey-Custom-Host", strings.TrimSuffix(row.Base, "/v1")+"/ai/run")
	c.Op, c.ProviderKey = ai.Rerank, ai.NewSecret("sk-of-the-caller")
	if status, _, body := r.answer(t, c); status != 200 {
		t.Fatalf("status %d: %s", status, body)
	}
	if e := r.ledger.only(t); !e.Usage.Estimated || e.Usage.OutputTokens != 0 || !e.CostKnown || e.CostNano != e.Usage.InputTokens*3 {
		t.Errorf("usage %+v, cost %d (known %v)", e.Usage, e.CostNano, e.CostKnown)
	}
}
