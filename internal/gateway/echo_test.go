package gateway_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/portico-ai/portico/internal/ai"
)

// A key that a provider sends back in a reply that is no JSON is hidden, as it is
// in one that is, and the reply keeps its length.
func TestEchoedKeysOfRelayedReplies(t *testing.T) {
	const key = "sk-stored-openai"
	for name, test := range map[string]struct {
		status            int
		contentType, body string
		relayed           bool // the bytes pass through, so that only the key differs
	}{
		"sound":         {200, "audio/mpeg", "\xff\xf3" + strings.Repeat("\x00", 40_000) + key + "\xff", true},
		"text":          {200, "text/plain", "you sent " + key, true},
		"JSON":          {200, "application/json", `{"text":"you sent ` + key + `"}`, false},
		"events":        {200, "text/event-stream", `data: {"type":"transcript.text.done","text":"` + key + `"}` + "\n\n", false},
		"text error":    {403, "text/plain", "bad key " + key, false},
		"HTML error":    {500, "text/html", "<p>" + key + "</p>", false},
		"unnamed error": {418, "", "\x00" + key, false},
		"JSON error":    {401, "application/json", `{"error":{"message":"bad key ` + key + `"}}`, false},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, map[string]http.HandlerFunc{"openai": func(w http.ResponseWriter, _ *http.Request) {
				w.Header()["Content-Type"] = []string{test.contentType}
				w.WriteHeader(test.status)
				_, _ = io.WriteString(w, test.body)
			}})
			for _, op := range []ai.Op{ai.Transcribe, ai.Proxy} {
				c := r.media(op, "/audio/transcriptions", `{"model":"whisper-1"}`, "x-portkey-virtual-key", "my-openai")
				status, _, body := r.answer(t, c)
				if status != test.status || strings.Contains(body, key) || !strings.Contains(body, "sk*****") || !strings.Contains(body, "nai") {
					t.Errorf("%s: %d %.200q", op, status, body)
				}
				if test.relayed && len(body) != len(test.body) {
					t.Errorf("%s: %d bytes of %d", op, len(body), len(test.body))
				}
			}
			for ref, kept := range r.ledger.bodies {
				if strings.Contains(string(kept), key) {
					t.Errorf("the log keeps it in body %v: %.200q", ref, kept)
				}
			}
		})
	}
}

// So is one inside a reply that came compressed.
func TestEchoedKeysOfCompressedReplies(t *testing.T) {
	r := newRig(t, map[string]http.HandlerFunc{"openai": zipped("audio/mpeg", "\xff\xf3 sk-stored-openai \xff", 0)})
	c := r.media(ai.Speech, "/audio/speech", `{"model":"tts-1","input":"hi"}`, "x-portkey-virtual-key", "my-openai")
	if status, _, body := r.answer(t, c); status != 200 || body != "\xff\xf3 sk***********nai \xff" {
		t.Errorf("%d %q", status, body)
	}
}
