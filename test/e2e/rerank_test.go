package e2e

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// cohereStream is a stream of version 2 of Cohere's chat: thinking, a plan, a call.
const cohereStream = `event: message-start
data: {"id":"c-1","type":"message-start","delta":{"message":{"role":"assistant"}}}

event: content-start
data: {"type":"content-start","index":0,"delta":{"message":{"content":{"type":"thinking","thinking":"look"}}}}

event: content-end
data: {"type":"content-end","index":0}

event: tool-plan-delta
data: {"type":"tool-plan-delta","delta":{"message":{"tool_plan":"I will look."}}}

event: tool-call-start
data: {"type":"tool-call-start","index":0,"delta":{"message":{"tool_calls":{"id":"t1","type":"function","function":{"name":"clock","arguments":""}}}}}

event: tool-call-end
data: {"type":"tool-call-end","index":0}

event: message-end
data: {"type":"message-end","delta":{"finish_reason":"TOOL_CALL","usage":{"billed_units":{"input_tokens":9,"output_tokens":4}}}}

data: [DONE]

`

// rankers plays Cohere and Voyage.
func rankers(t *testing.T) map[string]string {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Content-Type", "application/json")
		switch {
		case r.URL.Path == "/cohere/v2/rerank" && strings.Contains(string(body), "busy"):
			w.WriteHeader(http.StatusTooManyRequests)
			fmt.Fprint(w, `{"message":"slow down"}`)
		case r.URL.Path == "/cohere/v2/rerank":
			fmt.Fprint(w, `{"id":"r","results":[{"index":1,"relevance_score":0.9}],"meta":{"billed_units":{"search_units":1}}}`)
		case r.URL.Path == "/voyage/rerank":
			fmt.Fprint(w, `{"object":"list","data":[{"relevance_score":0.5,"index":0}],"model":"rerank-2","usage":{"total_tokens":12}}`)
		case r.URL.Path == "/cohere/v2/chat":
			w.Header().Set("Content-Type", "text/event-stream")
			fmt.Fprint(w, cohereStream)
		case r.URL.Path == "/cohere/v2/embed":
			fmt.Fprint(w, `{"embeddings":{"float":[[0.5]]},"meta":{"billed_units":{"input_tokens":3}}}`)
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(srv.Close)
	return map[string]string{"cohere": srv.URL + "/cohere", "voyage": srv.URL + "/voyage"}
}

func TestRerank(t *testing.T) {
	t.Parallel()
	s := start(t, t.TempDir(), rankers(t), "--max-body", "4KiB")
	own := []string{"X-Portkey-Provider", "cohere", "Authorization", "Bearer sk-upstream"}
	ask := func(query string, headers ...string) response {
		return s.call("POST", "/v1/rerank", workspaceKey,
			`{"model":"rerank-x","query":"`+query+`","documents":["a",{"text":"b"}],"return_documents":true}`, headers...)
	}
	if got := ask("q", own...); got.Status != 200 || !strings.Contains(got.Body, `"relevance_score":0.9,"document":{"text":"b"}`) {
		t.Errorf("status %d: %s", got.Status, got.Body)
	}
	config := `{"strategy":{"mode":"fallback"},"targets":[{"provider":"cohere","api_key":"sk-cohere-0123456789"},{"provider":"voyage","api_key":"sk-voyage-0123456789"}]}`
	got := ask("busy", "X-Portkey-Config", config)
	if got.Status != 200 || got.Header.Get("X-Portkey-Provider") != "voyage" || !strings.Contains(got.Body, `"results":[{"index":0`) {
		t.Errorf("fallback to another ranker: status %d, %s", got.Status, got.Body)
	}
	got = ask("busy", own...)
	wantError(t, got, 429, "cohere error: slow down")
	got = ask(strings.Repeat("q", 8<<10), own...)
	wantError(t, got, 413, "--max-body")
	got = s.call("POST", "/v1/rerank", workspaceKey, `{"query":"q"}`, own...)
	wantError(t, got, 400, "documents")

	rows := s.logs("", 5)
	kinds := map[string]int{}
	for _, row := range rows {
		kinds[fmt.Sprint(row["op"], " ", row["ai_org"], " ", row["response_status_code"])]++
	}
	for _, want := range []string{"rerank cohere 200", "rerank voyage 200", "rerank cohere 429"} {
		if kinds[want] != 1 {
			t.Errorf("the log has %v, want one %q", kinds, want)
		}
	}
}

// Cohere's chat and vectors, for clients of OpenAI's and Anthropic's formats.
func TestCohere(t *testing.T) {
	t.Parallel()
	s := start(t, t.TempDir(), rankers(t))
	own := []string{"X-Portkey-Provider", "cohere", "Authorization", "Bearer sk-upstream"}
	for path, want := range map[string][]string{
		"/v1/chat/completions": {`"content":"I will look."`, `"name":"clock"`, `"arguments":"{}"`, `"finish_reason":"tool_calls"`, "data: [DONE]"},
		"/v1/messages":         {`"thinking_delta"`, `"text":"I will look."`, `"type":"tool_use"`, `"stop_reason":"tool_use"`, "message_stop"},
	} {
		got := s.call("POST", path, workspaceKey, `{"model":"command-a","max_tokens":9,"stream":true,"messages":[{"role":"user","content":"time?"}]}`, own...)
		for _, text := range want {
			if !strings.Contains(got.Body, text) {
				t.Errorf("%s: status %d, %s is not in\n%s", path, got.Status, text, got.Body)
			}
		}
	}
	got := s.call("POST", "/v1/embeddings", workspaceKey, `{"model":"embed-v4.0","input":"a"}`, own...)
	if want := `{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.5]}],"model":"embed-v4.0","usage":{"prompt_tokens":3,"total_tokens":3}}`; got.Body != want {
		t.Errorf("status %d, %s", got.Status, got.Body)
	}
}
