package e2e

import (
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws/protocol/eventstream"

	"github.com/portico-ai/portico/test/upstream"
)

// newTextModel is a model of Meta's behind InvokeModel. It checks signatures,
// refuses the prompt "busy", and breaks off the stream of the prompt "broken".
func newTextModel(t *testing.T) *httptest.Server {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		checkSignature(t, upstream.Request{Method: r.Method, Escaped: r.URL.EscapedPath(), Query: r.URL.RawQuery, Host: r.Host, Header: r.Header, Body: string(body)}, "bedrock")
		prompt := string(body)
		switch path := r.URL.EscapedPath(); {
		case strings.Contains(prompt, "busy"):
			w.Header().Set("X-Amzn-Errortype", "ThrottlingException")
			w.WriteHeader(http.StatusTooManyRequests)
			_, _ = io.WriteString(w, `{"message":"Too many requests, please wait."}`)
		case prompt != `{"prompt":"Hello","max_gen_len":5}` && !strings.Contains(prompt, "broken"):
			t.Errorf("%s was sent %s", path, prompt)
		case strings.HasSuffix(path, "/model/us.meta.llama3-1-8b-instruct-v1%3A0/invoke"):
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `{"generation":" from Llama.","prompt_token_count":9,"generation_token_count":4,"stop_reason":"length"}`)
		case strings.HasSuffix(path, "/invoke-with-response-stream"):
			w.Header().Set("Content-Type", "application/vnd.amazon.eventstream")
			writeChunk(t, w, `{"generation":" from ","prompt_token_count":9,"generation_token_count":1,"stop_reason":null}`)
			if strings.Contains(prompt, "broken") {
				return
			}
			writeChunk(t, w, `{"generation":"Llama.","prompt_token_count":null,"generation_token_count":4,"stop_reason":"length","amazon-bedrock-invocationMetrics":{"inputTokenCount":9,"outputTokenCount":4}}`)
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(srv.Close)
	return srv
}

// writeChunk writes a model's event as InvokeModel frames it, with Amazon's own code.
func writeChunk(t *testing.T, w io.Writer, event string) {
	header := func(name, value string) eventstream.Header {
		return eventstream.Header{Name: name, Value: eventstream.StringValue(value)}
	}
	err := eventstream.NewEncoder().Encode(w, eventstream.Message{
		Headers: eventstream.Headers{header(":message-type", "event"), header(":event-type", "chunk"), header(":content-type", "application/json")},
		Payload: []byte(`{"bytes":"` + base64.StdEncoding.EncodeToString([]byte(event)) + `"}`),
	})
	if err != nil {
		t.Error(err)
	}
}

// Models that continue a text are asked for completions, whole and streamed.
func TestBedrockCompletions(t *testing.T) {
	t.Parallel()
	s := start(t, t.TempDir(), map[string]string{"bedrock": newTextModel(t).URL})
	vk := s.bedrock(t)
	ask := func(prompt, more string) response {
		return s.call("POST", "/v1/completions", workspaceKey, `{"model":"@`+vk+`/us.meta.llama3-1-8b-instruct-v1:0","prompt":"`+prompt+`","max_tokens":5`+more+`}`)
	}
	for more, wants := range map[string][]string{
		"":               {`"object":"text_completion"`, `"text":" from Llama."`, `"finish_reason":"length"`, `"total_tokens":13`},
		`,"stream":true`: {`"text":" from "`, `"text":"Llama."`, `"finish_reason":"length"`, "data: [DONE]"},
	} {
		got := ask("Hello", more)
		for _, want := range wants {
			if got.Status != 200 || !strings.Contains(got.Body, want) {
				t.Errorf("%s: status %d, it lacks %s: %s", more, got.Status, want, got.Body)
			}
		}
		if row := s.rows(got.id())[got.id()]; row["req_units"] != float64(9) || row["res_units"] != float64(4) || row["status"] != "success" {
			t.Errorf("%s: the log says %v", more, row)
		}
	}
	wantError(t, ask("busy", ""), 429, "Too many requests, please wait.")
	if got := ask("broken", `,"stream":true`); !strings.Contains(got.Body, "ended before it was complete") || strings.Contains(got.Body, "[DONE]") {
		t.Errorf("a stream that breaks off: status %d, %s", got.Status, got.Body)
	}
	wantError(t, s.call("POST", "/v1/completions", workspaceKey, `{"model":"@`+vk+`/`+nova+`","prompt":"Hello"}`), 400, "use chat completions")
}
