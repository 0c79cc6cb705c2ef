package e2e

import (
	"encoding/json"
	"path"
	"strings"
	"testing"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/provider"
	"github.com/portico-ai/portico/internal/provider/all"
	"github.com/portico-ai/portico/internal/sign"
	"github.com/portico-ai/portico/test/corpus"
	"github.com/portico-ai/portico/test/upstream"
)

// TestRecordedAnswersPassThrough sends every recorded chat completion of every
// provider that speaks OpenAI's format through the binary. What arrives is what
// was recorded, byte for byte; a stream without its end mark gets one, or ends in
// an error, and never looks complete when it is not.
func TestRecordedAnswersPassThrough(t *testing.T) {
	corpus.Dir(t)
	registry, err := all.New(sign.Clients{})
	if err != nil {
		t.Fatal(err)
	}
	up := upstream.New(t, upstream.Options{})
	bases, fields := map[string]string{}, map[string][]string{}
	for _, id := range registry.IDs() {
		row, _ := registry.Get(id)
		if e, ok := row.Endpoint(ai.Chat); ok && e.Dialect == ai.OpenAI && id != "azure-openai" && corpus.Has(t, id, "chat.completions") {
			bases[id], fields[id] = up.URL+"/"+id, requiredFields(row)
		}
	}
	s := start(t, t.TempDir(), bases)
	for id := range bases {
		t.Run(id, func(t *testing.T) {
			s.t = t
			passed := 0
			for _, e := range corpus.Exchanges(t, id, "chat.completions") {
				if e.Chunking == "sse-data" || e.Is("stream-error") || len(e.ResponseChunks) == 0 && !json.Valid(e.Body()) {
					continue // stored without its framing; an error; no JSON
				}
				checkPassed(t, s, e, fields[id])
				passed++
			}
			t.Logf("%d answers", passed)
		})
	}
}

// requiredFields are the headers without which a provider refuses a call.
func requiredFields(p *provider.Provider) []string {
	var headers []string
	for _, f := range p.Fields {
		if f.Required && !f.Secret {
			headers = append(headers, "X-Portkey-"+f.Header, "f")
		}
	}
	return headers
}

func checkPassed(t *testing.T, s *server, e *corpus.Exchange, fields []string) {
	t.Helper()
	stream := len(e.ResponseChunks) > 0
	body := map[string]any{"model": "m", "messages": []any{map[string]any{"role": "user", "content": "Hello"}}, "stream": stream}
	if stream {
		body["stream_options"] = map[string]any{"include_usage": true}
	}
	headers := append([]string{"X-Portkey-Provider", e.Provider, "Authorization", "Bearer sk-upstream",
		"X-Portkey-Forward-Headers", upstream.CaseHeader, upstream.CaseHeader, strings.TrimSuffix(path.Base(e.File), ".json"),
		"X-Portkey-Strict-Open-Ai-Compliance", "false"}, fields...)
	got := s.call("POST", "/v1/chat/completions", workspaceKey, body, headers...)
	want := string(e.Body())
	switch {
	case e.Status >= 400:
		if got.Status != e.Status || got.errorMessage(t) == "" {
			t.Errorf("%s: status %d, want %d and a message: %.300s", e.ID, got.Status, e.Status, got.Body)
		}
	case !stream:
		if got.Status != 200 || got.Body != want {
			t.Errorf("%s: status %d, %.300s\nwant %.300s", e.ID, got.Status, got.Body, want)
		}
	default:
		checkPassedStream(t, e, got.Body, want)
	}
}

const endMark = "data: [DONE]"

// checkPassedStream expects the stream that was recorded, but for the index of a
// call that the provider gave none: OpenAI's clients count from 0.
func checkPassedStream(t *testing.T, e *corpus.Exchange, got, want string) {
	t.Helper()
	want = strings.Replace(want, `"index":-1`, `"index":0`, 1)
	if whole, _, ok := strings.Cut(want, endMark); ok {
		want = whole + endMark // some recordings hold two streams
	} else if strings.Contains(got, "event: error") {
		got, _, _ = strings.Cut(got, "event: error")
		if !strings.HasPrefix(strings.TrimSpace(want), strings.TrimSpace(got)) {
			t.Errorf("%s: before the error came …%.300q", e.ID, tail(got))
		}
		return
	} else {
		want = strings.TrimRight(want, "\r\n") + "\n\n" + endMark
		got = strings.Replace(got, "\r\n\r\n"+endMark, "\n\n"+endMark, 1)
	}
	if got = strings.TrimRight(got, " \r\n"); got != want {
		t.Errorf("%s: %d bytes that end in %q, want %d that end in %q", e.ID, len(got), tail(got), len(want), tail(want))
	}
}

func tail(s string) string { return s[max(0, len(s)-120):] }
