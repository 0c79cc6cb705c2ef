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
	h := Handler(c)
	for _, tt := range []struct {
		path   string
		status int
		has    string
	}{
		{"/model-configs/pricing/openai/gpt-4o", 200, `"request_token":{"price":0.00025}`},
		{"/model-configs/pricing/anyscale/meta-llama/Llama-2-7b-chat-hf", 200, `"request_token":{"price":0.000015}`},
		{"/model-configs/pricing/anyscale/meta-llama%2FLlama-2-7b-chat-hf", 200, `"request_token":{"price":0.000015}`},
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
