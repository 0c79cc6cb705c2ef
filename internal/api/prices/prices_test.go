package prices

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/portico-ai/portico/internal/price"
)

func TestHandler(t *testing.T) {
	c, err := price.Load()
	if err != nil {
		t.Fatal(err)
	}
	h := Handler(price.NewBook(c))
	for _, tt := range []struct {
		path   string
		status int
		has    string
	}{
		{"/model-configs/pricing/openai/gpt-4o", 200, `"request_token":{"price":0.00025}`},
		{"/model-configs/pricing/anyscale/meta-llama/Llama-2-7b-chat-hf", 200, `"request_token":{"price":0.000015}`},
		{"/model-configs/pricing/anyscale/meta-llama%2FLlama-2-7b-chat-hf", 200, `"request_token":{"price":0.000015}`},
		{"/model-configs/pricing/bedrock/us.anthropic.claude-haiku-4-5-20251001-v1:0", 200, `"request_token":{"price":0.00011}`},
		{"/model-configs/pricing/workers-ai/@cf/meta/llama-3.1-8b-instruct", 200, `"request_token"`},
		{"/model-configs/pricing/vertex-ai/claude-sonnet-4@20250514", 200, `"request_token":{"price":0.0003}`},
		{"/model-configs/pricing/fireworks-ai/accounts/fireworks/models/gpt-oss-120b", 200, `"request_token":{"price":0.000015}`},
		{"/model-configs/pricing/google/gemini-2.5-pro-gt-128k", 200, `"request_token":{"price":0.00025}`},
		{"/model-configs/pricing/stability-ai/core", 200, `"image":{"default":{"default":{"price":3}}}`},
		{"/model-configs/pricing/deepgram/nova-3", 200, `"request_audio_token":{"price":0.43}`},
		{"/model-configs/pricing/cohere/rerank-v3.5", 200, `"request_token":{"price":0.2}`},
		{"/model-configs/pricing/perplexity-ai/llama-3.1-sonar-huge-128k-online", 200, `"fixed_cost":{"request":{"price":0.5},"response":{"price":0}}`},
		{"/model-configs/pricing/zhipu/glm-4.7", 200, `"uncertain":true`},
		{"/model-configs/general/openai/gpt-4o", 200, `"primary":"chat"`},
		{"/model-configs/pricing/openai/no-such-model", 404, `{"error":"Model not found"}`},
		{"/model-configs/general/openai/no-such-model", 404, `{"error":"Model not found"}`},
		{"/model-configs/pricing/openai/", 404, `{"error":"Model not found"}`},
		{"/model-configs/pricing/openai", 404, `{"error":"Model not found"}`},
	} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, tt.path, nil))
		if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.has) {
			t.Errorf("%s: %d %s, want %d %s", tt.path, w.Code, w.Body, tt.status, tt.has)
		}
		if !json.Valid(w.Body.Bytes()) || w.Header().Get("Content-Type") != "application/json" {
			t.Errorf("%s: not JSON: %s", tt.path, w.Body)
		}
	}
}
