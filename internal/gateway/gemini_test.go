package gateway_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/gateway"
	"github.com/portico-ai/portico/internal/ledger"
)

const (
	askGemini    = `{ "contents":[{"role":"user","parts":[{"text":"hi"}]}], "unknown":12345678901234567890 }`
	okGemini     = `{"candidates":[{"content":{"parts":[{"text":"hello"}],"role":"model"},"finishReason":"STOP","index":0}],"extra":1.0,"usageMetadata":{"promptTokenCount":1000,"candidatesTokenCount":6,"thoughtsTokenCount":4,"totalTokenCount":1010},"modelVersion":"gemini-2.5-flash","responseId":"r"}`
	geminiPart   = "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"hel\"}],\"role\":\"model\"},\"index\":0}],\"modelVersion\":\"gemini-2.5-flash\"}\r\n\r\n"
	geminiEnd    = "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"lo\"}],\"role\":\"model\"},\"finishReason\":\"STOP\",\"index\":0}],\"usageMetadata\":{\"promptTokenCount\":7,\"candidatesTokenCount\":1,\"totalTokenCount\":8},\"modelVersion\":\"gemini-2.5-flash\"}\r\n\r\n"
	geminiBroken = "data: {\"error\":{\"code\":503,\"message\":\"Overloaded.\",\"status\":\"UNAVAILABLE\"}}\r\n\r\n"
)

// gemini makes a call in Gemini's format, as its door does.
func (r *rig) gemini(op ai.Op, model, body string, headers ...string) *gateway.Call {
	c := r.chat(body, headers...)
	c.Op, c.Dialect, c.Model, c.Stream, c.WantsUsage = op, ai.Gemini, model, false, true
	c.Path = "/v1beta/models/" + model
	return c
}

// sent is the next request that a provider received.
func (r *rig) sent(t *testing.T) (req *http.Request, body string) {
	t.Helper()
	req = <-r.requests
	b, err := io.ReadAll(req.Body)
	if err != nil {
		t.Fatal(err)
	}
	return req, string(b)
}

func TestGeminiPassesThroughByteForByte(t *testing.T) {
	r := newRig(t, map[string]http.HandlerFunc{"google": reply(200, okGemini)})
	status, _, body := r.answer(t, r.gemini(ai.Chat, "@my-google/gemini-2.5-flash", askGemini))
	if status != 200 || body != okGemini {
		t.Fatalf("status %d, body %s", status, body)
	}
	req, sent := r.sent(t)
	if sent != askGemini || req.URL.Path != "/v1/models/gemini-2.5-flash:generateContent" || req.Header.Get("X-Goog-Api-Key") != "sk-stored-google" {
		t.Errorf("the provider received %s %v %s", req.URL, req.Header, sent)
	}
	e := r.ledger.only(t)
	if e.State != ledger.OK || e.Usage.InputTokens != 1000 || e.Usage.OutputTokens != 10 || e.Usage.ReasoningTokens != 4 || e.Model != "gemini-2.5-flash" || len(e.Receipts) > 0 {
		t.Errorf("the entry is %+v", e)
	}
}

func TestGeminiModelOfTheConfig(t *testing.T) {
	const config = `{"strategy":{"mode":"conditional","conditions":[{"query":{"params.model":{"$eq":"asked"}},"then":"a"}],"default":"b"},"targets":[
		{"name":"a","virtual_key":"my-google","override_params":{"model":"tunedModels/mine","labels":{"team":"x"}}},{"name":"b","virtual_key":"my-google"}]}`
	r := newRig(t, map[string]http.HandlerFunc{"google": reply(200, okGemini)})
	if status, _, body := r.answer(t, r.gemini(ai.Chat, "asked", `{"contents":[]}`, "X-Portkey-Config", config)); status != 200 {
		t.Fatalf("status %d, %s", status, body)
	}
	if req, sent := r.sent(t); req.URL.Path != "/v1/tunedModels/mine:generateContent" || sent != `{"contents":[],"labels":{"team":"x"}}` {
		t.Errorf("the provider received %s %s", req.URL, sent)
	}
}

func TestGeminiClientOfOtherProviders(t *testing.T) {
	r := newRig(t, map[string]http.HandlerFunc{"openai": reply(200, okJSON)})
	status, _, body := r.answer(t, r.gemini(ai.Chat, "@my-openai/gpt-4o-mini", askGemini))
	if status != 200 || !strings.Contains(body, `"candidates":[{"content":{"parts":[{"text":"hello"}],"role":"model"},"finishReason":"STOP"`) || !strings.Contains(body, `"promptTokenCount":1000`) {
		t.Fatalf("status %d, body %s", status, body)
	}
	req, sent := r.sent(t)
	if req.URL.Path != "/v1/chat/completions" || !strings.HasPrefix(sent, `{"model":"gpt-4o-mini","messages":[{"role":"user","content":"hi"}]`) {
		t.Errorf("the provider received %s %s", req.URL, sent)
	}
	if e := r.ledger.only(t); len(e.Receipts) != 1 || e.Receipts[0].Path != "unknown" || e.Dialect != ai.Gemini || e.AskModel != "@my-openai/gpt-4o-mini" {
		t.Errorf("the entry is %+v", e)
	}
}

func TestGeminiProviderOfOtherClients(t *testing.T) {
	r := newRig(t, map[string]http.HandlerFunc{"google": reply(200, okGemini)})
	status, _, body := r.answer(t, r.chat(`{"model":"@my-google/gemini-2.5-flash","messages":[{"role":"user","content":"hi"}]}`))
	if status != 200 || !strings.Contains(body, `"content":"hello"`) || !strings.Contains(body, `"finish_reason":"stop"`) || !strings.Contains(body, `"completion_tokens":10`) {
		t.Errorf("an OpenAI client is told %d %s", status, body)
	}
	if req, sent := r.sent(t); req.URL.RequestURI() != "/v1/models/gemini-2.5-flash:generateContent" || sent != `{"contents":[{"role":"user","parts":[{"text":"hi"}]}]}` {
		t.Errorf("the provider received %s %s", req.URL, sent)
	}
	c := r.chat(`{"model":"@my-google/gemini-2.5-flash","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}`)
	c.Dialect = ai.Anthropic
	status, _, body = r.answer(t, c)
	if status != 200 || !strings.Contains(body, `"content":[{"type":"text","text":"hello"}],"stop_reason":"end_turn"`) {
		t.Errorf("an Anthropic client is told %d %s", status, body)
	}
}

func TestGeminiStreams(t *testing.T) {
	r := newRig(t, map[string]http.HandlerFunc{"google": reply(200, geminiPart+geminiEnd)})
	c := r.chat(`{"model":"@my-google/gemini-2.5-flash","stream":true,"stream_options":{"include_usage":true},"messages":[{"role":"user","content":"hi"}]}`)
	_, _, body := r.answer(t, c)
	if !strings.HasSuffix(body, "data: [DONE]\n\n") || strings.Count(body, `"usage":`) != 1 || !strings.Contains(body, `"finish_reason":"stop"`) {
		t.Errorf("an OpenAI client is told %s", body)
	}
	if req, _ := r.sent(t); req.URL.RequestURI() != "/v1/models/gemini-2.5-flash:streamGenerateContent?alt=sse" {
		t.Errorf("asked at %s", req.URL)
	}
	e := r.ledger.only(t)
	if e.State != ledger.OK || e.Usage.InputTokens != 7 || e.Usage.Estimated {
		t.Errorf("the entry is %+v", e)
	}
	r.ledger.settled, r.ledger.reserved = nil, nil
	own := r.gemini(ai.Chat, "@my-google/gemini-2.5-flash", askGemini)
	own.Stream = true
	if _, _, body := r.answer(t, own); body != geminiPart+geminiEnd {
		t.Errorf("a Gemini client is told %q", body)
	}
}

// An end without a finish reason is a cut, however cleanly HTTP ends it.
func TestGeminiStreamsThatBreak(t *testing.T) {
	for name, stream := range map[string]string{"cut": geminiPart, "error": geminiPart + geminiBroken} {
		for _, d := range []ai.Dialect{ai.OpenAI, ai.Anthropic, ai.Gemini} {
			r := newRig(t, map[string]http.HandlerFunc{"google": reply(200, stream)})
			c := r.chat(`{"model":"@my-google/g","max_tokens":9,"stream":true,"messages":[{"role":"user","content":"hi"}]}`)
			if d == ai.Gemini {
				c = r.gemini(ai.Chat, "@my-google/g", askGemini)
				c.Stream = true
			}
			c.Dialect = d
			_, _, body := r.answer(t, c)
			if strings.Contains(body, "[DONE]") || strings.Contains(body, "message_stop") || strings.Contains(body, "finishReason") || !strings.Contains(body, `"error"`) {
				t.Errorf("%s, %s: the client is told %s", name, d, body)
			}
			if e := r.ledger.only(t); e.State != ledger.Truncated || e.Error == nil {
				t.Errorf("%s, %s: the entry is %+v", name, d, e)
			}
		}
	}
}

// A cut in the middle of a line ending leaves the error an event of its own.
func TestGeminiStreamsThatBreakInALineEnding(t *testing.T) {
	r := newRig(t, map[string]http.HandlerFunc{"google": cut(strings.TrimSuffix(geminiPart, "\n"))})
	c := r.gemini(ai.Chat, "@my-google/g", askGemini)
	c.Stream = true
	if _, _, body := r.answer(t, c); !strings.HasPrefix(body, geminiPart+"data: {\"error\":") {
		t.Errorf("the client is told %q", body)
	}
}

func TestGeminiOtherOperations(t *testing.T) {
	const counted = `{"totalTokens":9}`
	r := newRig(t, map[string]http.HandlerFunc{"google": reply(200, counted), "openai": reply(200, okJSON)})
	if status, _, body := r.answer(t, r.gemini(ai.CountContents, "@my-google/g", askGemini)); status != 200 || body != counted {
		t.Errorf("status %d, %s", status, body)
	}
	if req, sent := r.sent(t); req.URL.Path != "/v1/models/g:countTokens" || sent != askGemini {
		t.Errorf("the provider received %s %s", req.URL, sent)
	}
	if status, _, body := r.answer(t, r.gemini(ai.CountContents, "@my-openai/g", askGemini)); status != 501 || !strings.Contains(body, `"status":"UNIMPLEMENTED"`) {
		t.Errorf("status %d, %s", status, body)
	}
	if status, _, body := r.answer(t, r.gemini(ai.Models, "", "")); status != 200 || !strings.HasPrefix(body, `{"models":[{"name":"models/@my-`) {
		t.Errorf("status %d, %s", status, body)
	}
}

func TestGeminiEmbeddings(t *testing.T) {
	r := newRig(t, map[string]http.HandlerFunc{
		"google": reply(200, `{"embeddings":[{"values":[1,-0.5]}]}`), "openai": reply(200, `{"data":[{"index":0,"embedding":[1]}],"usage":{"prompt_tokens":2,"total_tokens":2}}`),
	})
	c := r.chat(`{"model":"@my-google/gemini-embedding-001","input":"a","encoding_format":"base64"}`)
	c.Op = ai.Embed
	if status, _, body := r.answer(t, c); status != 200 || !strings.Contains(body, `"embedding":"AACAPwAAAL8="`) {
		t.Errorf("status %d, %s", status, body)
	}
	if req, sent := r.sent(t); req.URL.Path != "/v1/models/gemini-embedding-001:batchEmbedContents" || !strings.Contains(sent, `"model":"models/gemini-embedding-001"`) {
		t.Errorf("the provider received %s %s", req.URL, sent)
	}
	batch := `{"requests":[{"model":"models/@my-google/e","content":{"parts":[{"text":"a"}]}}]}`
	if status, _, body := r.answer(t, r.gemini(ai.Embed, "@my-google/e", batch)); status != 200 {
		t.Errorf("status %d, %s", status, body)
	}
	if req, sent := r.sent(t); req.URL.Path != "/v1/models/e:batchEmbedContents" || sent != strings.Replace(batch, "@my-google/", "", 1) {
		t.Errorf("the provider received %s %s", req.URL, sent)
	}
	single := `{"content":{"parts":[{"text":"a"}]}}`
	if status, _, body := r.answer(t, r.gemini(ai.Embed, "@my-openai/e", single)); status != 200 || body != `{"embedding":{"values":[1]},"usageMetadata":{"promptTokenCount":2}}` {
		t.Errorf("status %d, %s", status, body)
	}
}

func TestGeminiErrorSaysWhenToComeBack(t *testing.T) {
	r := newRig(t, map[string]http.HandlerFunc{"google": reply(429, `{"error":{"code":429,"message":"Quota.","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"34s"}]}}`)})
	status, header, body := r.answer(t, r.gemini(ai.Chat, "@my-google/g", askGemini))
	if status != 429 || header.Get("Retry-After") != "34" || body != `{"error":{"code":429,"message":"google error: Quota.","status":"RESOURCE_EXHAUSTED"}}` {
		t.Errorf("status %d, %v, %s", status, header, body)
	}
}
