package e2e

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/portico-ai/portico/test/upstream"
)

const askGemini = `{"contents":[{"role":"user","parts":[{"text":"Hello"}]}]}`

// withGoogle runs portico with a stand-in for Google and a virtual key for it.
func withGoogle(t *testing.T) (s *server, up *upstream.Server, slug string) {
	t.Helper()
	up = upstream.New(t, upstream.Options{})
	s = start(t, t.TempDir(), map[string]string{"google": up.Base("google")})
	return s, up, s.virtualKey("google", "google", nil)
}

func TestGeminiDoor(t *testing.T) {
	t.Parallel()
	s, up, slug := withGoogle(t)
	path := func(method string) string { return "/v1beta/models/@" + slug + "/gemini-2.5-flash:" + method }
	e, err := up.Exchange("google", "hello")
	if err != nil {
		t.Fatal(err)
	}
	if got := s.call("POST", path("generateContent"), "", askGemini, "X-Goog-Api-Key", workspaceKey); got.Status != 200 || got.Body != string(e.Body()) {
		t.Errorf("status %d, %s", got.Status, got.Body)
	}
	if e, err = up.Exchange("google", "hello-stream"); err != nil {
		t.Fatal(err)
	}
	got := s.call("POST", path("streamGenerateContent")+"?alt=sse&key="+workspaceKey, "", askGemini)
	if got.Status != 200 || got.Body != string(e.Body()) || !strings.HasPrefix(got.Header.Get("Content-Type"), "text/event-stream") {
		t.Errorf("status %d, %v, %s", got.Status, got.Header, got.Body)
	}
	var elements []json.RawMessage
	got = s.call("POST", path("streamGenerateContent"), workspaceKey, askGemini)
	if err := json.Unmarshal([]byte(got.Body), &elements); err != nil || len(elements) != 2 || !strings.HasPrefix(got.Header.Get("Content-Type"), "application/json") {
		t.Errorf("%v, %v, %s", err, got.Header, got.Body)
	}
	script(t, up, "google", upstream.Step{Case: "hello-stream", DropTerminal: true, Times: -1})
	got = s.call("POST", path("streamGenerateContent"), workspaceKey, askGemini)
	if err := json.Unmarshal([]byte(got.Body), &elements); err != nil || len(elements) != 2 || !bytes.Contains(elements[1], []byte(`"error"`)) || strings.Contains(got.Body, "finishReason") {
		t.Errorf("a cut stream: %v, %s", err, got.Body)
	}
	for want, got := range map[int]response{
		401: s.call("POST", path("generateContent")+"?key=nobody", "", askGemini),
		400: s.call("POST", path("generateContent")+"?key=other-"+workspaceKey, "", askGemini, "X-Goog-Api-Key", workspaceKey),
		404: s.call("POST", path("deleteContent"), workspaceKey, askGemini),
	} {
		if got.Status != want || !strings.Contains(got.Body, `"status":`) {
			t.Errorf("status %d, want %d: %s", got.Status, want, got.Body)
		}
	}
}

func TestGeminiUnderOtherDoors(t *testing.T) {
	t.Parallel()
	s, _, slug := withGoogle(t)
	model := "@" + slug + "/gemini-2.5-flash"
	chat := s.call("POST", "/v1/chat/completions", workspaceKey, map[string]any{"model": model, "messages": []any{map[string]any{"role": "user", "content": "Hello"}}})
	if chat.Status != 200 || !strings.Contains(chat.Body, `"content":"Hello! How can I help?"`) {
		t.Errorf("status %d, %s", chat.Status, chat.Body)
	}
	message := s.call("POST", "/v1/messages", workspaceKey, map[string]any{"model": model, "max_tokens": 9, "stream": true, "messages": []any{map[string]any{"role": "user", "content": "Hello"}}})
	if message.Status != 200 || !strings.Contains(message.Body, `"text":"Hello!"`) || !strings.HasSuffix(message.Body, "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n") {
		t.Errorf("status %d, %s", message.Status, message.Body)
	}
}

// A key in an address is in no file and in nothing that is printed, used well or
// badly.
func TestKeyInTheAddressIsFoundNowhere(t *testing.T) {
	t.Parallel()
	s, up, slug := withGoogle(t)
	const stranger = "canary-address-key-3c9a51e7"
	for _, key := range []string{workspaceKey, stranger} {
		for _, path := range []string{"/v1beta/models/@" + slug + "/g:generateContent?key=", "/v1beta/models/x:nothing?key=", "/v1beta/models?key=", "/v1beta/none?key="} {
			s.call("POST", path+key, "", askGemini)
			s.call("GET", path+key, "", nil)
		}
	}
	// As the caller's own key for Google, beside the Portico key.
	if got := s.call("POST", "/v1beta/models/g:generateContent?key="+stranger, workspaceKey, askGemini, "X-Portkey-Provider", "google"); got.Status != 200 {
		t.Errorf("status %d, %s", got.Status, got.Body)
	}
	sent := up.Requests("google")
	if last := sent[len(sent)-1]; last.Header.Get("X-Goog-Api-Key") != stranger || strings.Contains(last.Query, "key") {
		t.Errorf("the provider received %s %v", last.Query, last.Header)
	}
	s.stop()
	for _, secret := range []string{workspaceKey, stranger} {
		if strings.Contains(s.output.String(), secret) {
			t.Errorf("%s is in the output", secret)
		}
		err := filepath.WalkDir(s.Data, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			b, err := os.ReadFile(path)
			if bytes.Contains(b, []byte(secret)) {
				t.Errorf("%s is in %s", secret, path)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
