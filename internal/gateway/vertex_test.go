package gateway_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/gateway"
)

// vertex makes a call of an operation of OpenAI's platform to Vertex AI, with the
// caller's own token.
func (r *rig) vertex(op ai.Op, method, rest, body string) *gateway.Call {
	c := r.chat(body, "X-Portkey-Provider", "vertex-ai", "X-Portkey-Vertex-Region", "us-east5", "X-Portkey-Vertex-Project-Id", "acme",
		"X-Portkey-Vertex-Storage-Bucket-Name", "bucket")
	c.Op, c.Method, c.Path, c.Rest, c.ProviderKey = op, method, "/v1"+rest, rest, ai.NewSecret("ya29.token")
	if body == "" {
		c.Body = nil
	}
	return c
}

// What is not relayed as OpenAI words it is translated both ways.
func TestPlatformOperationsAreTranslated(t *testing.T) {
	const job = `{"name":"projects/5/locations/us-east5/batchPredictionJobs/77","model":"publishers/google/models/gemini-2.5-flash","state":"JOB_STATE_RUNNING"}`
	for _, c := range []struct {
		name               string
		op                 ai.Op
		method, rest, body string
		reply              string
		sent, path, want   string
	}{
		{"a batch", ai.CreateBatch, "POST", "/batches", `{"model":"gemini-2.5-flash","input_file_id":"gs://bucket/in.jsonl","endpoint":"/v1/chat/completions"}`, job,
			`"model":"publishers/google/models/gemini-2.5-flash"`, "/batchPredictionJobs", `{"id":"77","object":"batch"`},
		{"its state", ai.GetBatch, "GET", "/batches/77", "", job, "", "/batchPredictionJobs/77", `"status":"in_progress"`},
		{"its end", ai.CancelBatch, "POST", "/batches/77/cancel", "", `{}`, "", "/batchPredictionJobs/77:cancel", `{"id":"77","object":"batch","status":"cancelling"}`},
		{"all", ai.ListBatches, "GET", "/batches?limit=2", "", `{"batchPredictionJobs":[` + job + `]}`, "", "/batchPredictionJobs", `"has_more":false`},
		{"a file", ai.GetFile, "GET", "/files/gs%3A%2F%2Fbucket%2Fin.jsonl", "", `{"bucket":"bucket","name":"in.jsonl","size":"5"}`, "", "/storage/v1/b/bucket/o/in.jsonl", `"bytes":5`},
		{"lines that claim to be JSON", ai.GetFileContent, "GET", "/files/gs%3A%2F%2Fbucket%2Fin.jsonl/content", "", "{\"a\":1}\n{\"a\":2}\n", "", "/storage/v1/b/bucket/o/in.jsonl", "{\"a\":1}\n{\"a\":2}\n"},
		{"an image", ai.ImageGenerate, "POST", "/images/generations", `{"model":"imagen-4.0-generate-001","prompt":"A fox"}`, `{"predictions":[{"bytesBase64Encoded":"AA=="}]}`,
			`{"instances":[{"prompt":"A fox"}],"parameters":{}}`, "/models/imagen-4.0-generate-001:predict", `"data":[{"b64_json":"AA=="}]`},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, map[string]http.HandlerFunc{"vertex-ai": reply(200, c.reply)})
			status, _, body := r.answer(t, r.vertex(c.op, c.method, c.rest, c.body))
			if status != 200 || !strings.Contains(body, c.want) {
				t.Fatalf("status %d, body %s", status, body)
			}
			sent := <-r.requests
			received, err := io.ReadAll(sent.Body)
			if err != nil || sent.Method != c.method || !strings.HasSuffix(sent.URL.Path, c.path) || !strings.Contains(string(received), c.sent) ||
				sent.Header.Get("Authorization") != "Bearer ya29.token" {
				t.Errorf("the provider received %s %s %v %s", sent.Method, sent.URL, sent.Header, received)
			}
		})
	}
}

// Images that were all held back are an error of the request's, on which a config
// may fall back.
func TestImagesThatAreHeldBack(t *testing.T) {
	r := newRig(t, map[string]http.HandlerFunc{"vertex-ai": reply(200, `{"predictions":[{"raiFilteredReason":"Not fit."}]}`)})
	status, _, body := r.answer(t, r.vertex(ai.ImageGenerate, "POST", "/images/generations", `{"model":"imagen-4.0-generate-001","prompt":"A fox"}`))
	if status != 400 || !strings.Contains(body, "content_policy_violation") || !strings.Contains(body, "Not fit.") {
		t.Errorf("status %d, body %s", status, body)
	}
}

// The same provider is spoken to in the format of each model's publisher.
func TestTheModelDecidesTheFormat(t *testing.T) {
	for model, want := range map[string]string{
		"gemini-2.5-flash":          `"contents":`,
		"anthropic.claude-opus-4-8": `"anthropic_version":"vertex-2023-10-16"`,
		"meta.llama-4-scout":        `"model":"meta/llama-4-scout"`,
	} {
		r := newRig(t, map[string]http.HandlerFunc{"vertex-ai": reply(429, `{"error":{"code":429,"message":"Quota exceeded.","status":"RESOURCE_EXHAUSTED"}}`)})
		status, _, body := r.answer(t, r.vertex(ai.Chat, "POST", "/chat/completions", `{"model":"`+model+`","max_tokens":5,"messages":[{"role":"user","content":"hi"}]}`))
		if status != 429 || !strings.Contains(body, "Quota exceeded.") {
			t.Errorf("%s: status %d, body %s", model, status, body)
		}
		if sent, err := io.ReadAll((<-r.requests).Body); err != nil || !strings.Contains(string(sent), want) {
			t.Errorf("%s: the provider received %s", model, sent)
		}
	}
}

// Claude's tokens are counted under a name of their own, at no cost.
func TestClaudesTokensAreCounted(t *testing.T) {
	r := newRig(t, map[string]http.HandlerFunc{"vertex-ai": reply(200, `{"input_tokens":8}`)})
	c := r.vertex(ai.CountTokens, "POST", "", `{"model":"anthropic.claude-opus-4-8","messages":[{"role":"user","content":"hi"}]}`)
	c.Dialect, c.Path = ai.Anthropic, "/v1/messages/count_tokens"
	if status, _, body := r.answer(t, c); status != 200 || body != `{"input_tokens":8}` {
		t.Errorf("status %d, body %s", status, body)
	}
	sent := <-r.requests
	got, _ := io.ReadAll(sent.Body)
	if !strings.HasSuffix(sent.URL.Path, "/publishers/anthropic/models/count-tokens:rawPredict") || !strings.Contains(string(got), `"model":"claude-opus-4-8"`) {
		t.Errorf("the provider received %s at %s", got, sent.URL)
	}
	if e := r.ledger.only(t); e.Usage.Known || !e.CostKnown || e.CostNano != 0 {
		t.Errorf("the entry is %+v", e)
	}
}
