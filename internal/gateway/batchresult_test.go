package gateway_test

import (
	"encoding/base64"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/ledger"
)

// results is the path of the content of a file of results in Cloud Storage.
func results(model string) string {
	code := base64.RawURLEncoding.EncodeToString
	return "/files/gs-" + code([]byte("gs://bucket/out/predictions.jsonl")) + "." + code([]byte(model)) + "/content"
}

const vertexResult = `{"status":"","request":{"contents":[]},"requestId":"a","response":{"candidates":[{"content":{"parts":[{"text":"hi"}]},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":1,"candidatesTokenCount":2,"totalTokenCount":3}}}`

// Each line is an answer in the client's format; one that is none does not take
// the others with it.
func TestResultsAreTranslated(t *testing.T) {
	lines := []string{
		vertexResult, "", `{"requestId":"b","status":"Bad Request: too long","response":{}}`, `{"requestId":"c","response":{"candidates":5}}`, `no JSON`,
	}
	want := [][]string{
		{`"custom_id":"a"`, `"status_code":200`, `"content":"hi"`, `"total_tokens":3`, `"model":"gemini-2.5-flash"`, `"error":null`},
		{`"custom_id":"b"`, `"response":null`, `"message":"Bad Request: too long"`},
		{`"custom_id":"c"`, `"response":null`, `"code":"502"`},
		{`"custom_id":""`, `"response":null`, `is not a JSON object`},
	}
	r := newRig(t, map[string]http.HandlerFunc{"vertex-ai": ofType("application/json", strings.Join(lines, "\n"))})
	status, header, body := r.answer(t, r.vertex(ai.GetFileContent, "GET", results("publishers/google/models/gemini-2.5-flash"), ""))
	got := strings.Split(strings.TrimSpace(body), "\n")
	if status != 200 || len(got) != len(want) || header.Get("Content-Type") != "application/jsonl" || header.Get("Content-Length") != "" {
		t.Fatalf("status %d, %v, body %s", status, header, body)
	}
	for i := range want {
		for _, part := range want[i] {
			if !strings.Contains(got[i], part) {
				t.Errorf("line %d lacks %s: %s", i+1, part, got[i])
			}
		}
	}
	if e := r.ledger.only(t); e.State != ledger.OK || e.Usage.Known || e.CostNano != 0 || !e.CostKnown {
		t.Errorf("the entry is %+v", e)
	}
}

// A file that is cut short does not end as if it were whole, and one that is not
// there is an error.
func TestResultsThatBreak(t *testing.T) {
	r := newRig(t, map[string]http.HandlerFunc{"vertex-ai": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100000")
		_, _ = io.WriteString(w, strings.Repeat(vertexResult+"\n", 20))
	}})
	reply := r.Do(t.Context(), r.vertex(ai.GetFileContent, "GET", results("gemini-2.5-flash"), ""))
	defer reply.Stream.Close()
	var err error
	for err == nil {
		_, err = reply.Stream.Next()
	}
	if err == io.EOF {
		t.Error("it ended as if it were whole")
	}
	if e := r.ledger.only(t); e.State != ledger.Truncated {
		t.Errorf("the entry is %+v", e)
	}
	r = newRig(t, map[string]http.HandlerFunc{"vertex-ai": reply404})
	if status, _, body := r.answer(t, r.vertex(ai.GetFileContent, "GET", results("gemini-2.5-flash"), "")); status != 404 || !strings.Contains(body, "No such object") {
		t.Errorf("status %d, body %s", status, body)
	}
}

func reply404(w http.ResponseWriter, _ *http.Request) {
	w.WriteHeader(http.StatusNotFound)
	_, _ = io.WriteString(w, "No such object: bucket/out/predictions.jsonl")
}
