package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/portico-ai/portico/test/corpus"
)

// A mirror is a provider that answers as it is told and remembers what it was asked.
type mirror struct {
	*httptest.Server
	mu     sync.Mutex
	answer http.HandlerFunc
	seen   *http.Request
	body   []byte
}

func newMirror(t *testing.T) *mirror {
	m := &mirror{}
	m.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		m.mu.Lock()
		m.seen, m.body = r, body
		answer := m.answer
		m.mu.Unlock()
		answer(w, r)
	}))
	t.Cleanup(m.Close)
	return m
}

func (m *mirror) answers(h http.HandlerFunc) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.answer, m.seen, m.body = h, nil, nil
}

func (m *mirror) asked() (*http.Request, []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.seen, m.body
}

// What OpenAI's platform answered on record comes back as it was, for the
// operations that have a name and for those that are proxied.
func TestRecordedPlatformTrafficIsRelayed(t *testing.T) {
	t.Parallel()
	m := newMirror(t)
	s := start(t, t.TempDir(), map[string]string{"openai": m.URL + "/v1"})
	cases := 0
	for _, endpoint := range []string{"assistants", "audio.speech", "audio.transcriptions", "batches", "containers", "conversations", "files", "fine-tuning", "images", "moderations"} {
		for _, e := range corpus.Exchanges(t, "openai", endpoint) {
			u, err := url.Parse(e.URL)
			if err != nil || e.Status == 0 || !strings.HasPrefix(u.Path, "/v1/") {
				continue
			}
			cases++
			t.Run(e.ID, func(t *testing.T) { relayRecorded(t, s, m, e, u) })
		}
	}
	if cases < 40 {
		t.Errorf("only %d cases", cases)
	}
	t.Logf("%d recorded exchanges", cases)
}

func relayRecorded(t *testing.T, s *server, m *mirror, e *corpus.Exchange, u *url.URL) {
	want := e.Body()
	m.answers(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", header(e.ResponseHeaders, "content-type"))
		w.WriteHeader(e.Status)
		_, _ = w.Write(want)
	})
	headers := []string{"X-Portkey-Provider", "openai", "Authorization", "Bearer sk-upstream"}
	var body any
	if bytes.HasPrefix(e.RequestBody, []byte("{")) {
		body = []byte(e.RequestBody)
	}
	got := s.call(e.Method, u.RequestURI(), workspaceKey, body, headers...)
	seen, sent := m.asked()
	if seen == nil {
		t.Fatalf("the provider was not called: %d %s", got.Status, got.Body)
	}
	if seen.Method != e.Method || seen.URL.RequestURI() != u.RequestURI() {
		t.Errorf("the provider saw %s %s, want %s %s", seen.Method, seen.URL.RequestURI(), e.Method, u.RequestURI())
	}
	if body != nil && e.Method != http.MethodGet && e.Method != http.MethodDelete && !bytes.Equal(sent, e.RequestBody) {
		t.Errorf("the provider received %.200s, want %.200s", sent, e.RequestBody)
	}
	if got.Status != e.Status {
		t.Errorf("status %d, want %d: %.300s", got.Status, e.Status, got.Body)
	}
	switch {
	case e.Status < 300 && got.Body != string(want):
		t.Errorf("the client received %.300q, want %.300q", got.Body, want)
	case e.Status >= 300 && !strings.HasSuffix(jsonMessage([]byte(got.Body)), jsonMessage(want)):
		t.Errorf("the client received %.300q, want the message of %.300q", got.Body, want)
	}
	if row := s.row(got); number(row["response_status_code"]) != float64(e.Status) {
		t.Errorf("logged with status %v", row["response_status_code"])
	}
}

func header(h map[string]string, name string) string {
	for k, v := range h {
		if strings.EqualFold(k, name) {
			return v
		}
	}
	return "application/json"
}

func jsonMessage(body []byte) string {
	var e struct {
		Error struct{ Message string } `json:"error"`
	}
	_ = json.Unmarshal(body, &e)
	return e.Error.Message
}

// newForm encodes a form of fields (name, value, …) and one file.
func newForm(t *testing.T, file []byte, fields ...string) (body []byte, contentType string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for i := 0; i < len(fields); i += 2 {
		if err := w.WriteField(fields[i], fields[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	part, err := w.CreateFormFile("file", "speech.wav")
	if err != nil {
		t.Fatal(err)
	}
	_, _ = part.Write(file)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), w.FormDataContentType()
}

// An upload that a provider refuses goes on to the next target whole, with the
// model and parameters of that target inside.
func TestUploadFallsBackWithItsFile(t *testing.T) {
	t.Parallel()
	m := newMirror(t)
	s := start(t, t.TempDir(), map[string]string{"openai": m.URL + "/v1"})
	vk := s.virtualKey("speech", "openai", map[string]any{"key": "sk-upstream-0123456789"})
	config := fmt.Sprintf(`{"strategy":{"mode":"fallback"},"targets":[{"virtual_key":%q},{"virtual_key":%q,"override_params":{"model":"whisper-2","temperature":0.5},"drop_params":["language"]}]}`, vk, vk)
	file := bytes.Repeat([]byte{0, 1, 2, '\r', '\n', '-'}, 500_000)
	body, contentType := newForm(t, file, "model", "whisper-1", "language", "en", "timestamp_granularities[]", "word", "timestamp_granularities[]", "segment")
	calls := 0
	m.answers(func(w http.ResponseWriter, r *http.Request) {
		if calls++; calls == 1 {
			w.WriteHeader(503)
			return
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = io.WriteString(w, "spoken words")
	})
	got := s.call("POST", "/v1/audio/transcriptions", workspaceKey, body, "Content-Type", contentType, "X-Portkey-Config", config)
	if got.Status != 200 || got.Body != "spoken words" || got.Header.Get("X-Portkey-Last-Used-Option-Index") != "config.targets[1]" {
		t.Fatalf("status %d, %q, served by %s", got.Status, got.Body, got.Header.Get("X-Portkey-Last-Used-Option-Index"))
	}
	seen, sent := m.asked()
	seen.Body = io.NopCloser(bytes.NewReader(sent))
	if err := seen.ParseMultipartForm(64 << 20); err != nil {
		t.Fatal(err)
	}
	form := seen.MultipartForm
	if fmt.Sprint(form.Value) != "map[model:[whisper-2] temperature:[0.5] timestamp_granularities[]:[word segment]]" {
		t.Errorf("the fields are %v", form.Value)
	}
	f, err := form.File["file"][0].Open()
	if err != nil {
		t.Fatal(err)
	}
	if received, _ := io.ReadAll(f); !bytes.Equal(received, file) {
		t.Errorf("the file arrived with %d bytes of %d", len(received), len(file))
	}
	row := s.row(got)
	if fmt.Sprint(row["ai_model"]) != "whisper-2" {
		t.Errorf("logged with model %v", row["ai_model"])
	}
}

func TestUploadsThatAreRefused(t *testing.T) {
	t.Parallel()
	m := newMirror(t)
	m.answers(func(w http.ResponseWriter, r *http.Request) { t.Error("the provider was called") })
	s := start(t, t.TempDir(), map[string]string{"openai": m.URL + "/v1"}, "--max-upload", "1MiB")
	body, contentType := newForm(t, make([]byte, 2<<20), "model", "whisper-1")
	small, smallType := newForm(t, []byte("x"), "model", "whisper-1")
	twice, twiceType := newForm(t, []byte("x"), "model", "whisper-1", "model", "gpt-4o-transcribe")
	auth := []string{"X-Portkey-Provider", "openai", "Authorization", "Bearer sk-upstream"}
	for name, test := range map[string]struct {
		body   []byte
		typ    string
		status int
		says   string
	}{
		"too large":   {body, contentType, 413, "--max-upload"},
		"cut":         {small[:len(small)-10], smallType, 400, "multipart form"},
		"no boundary": {small, "multipart/form-data; boundary=other", 400, "multipart form"},
		"empty":       {[]byte{}, smallType, 400, "multipart form"},
		"two models":  {twice, twiceType, 400, "model once"},
	} {
		t.Run(name, func(t *testing.T) {
			got := s.call("POST", "/v1/audio/transcriptions", workspaceKey, test.body, append(auth, "Content-Type", test.typ)...)
			wantError(t, got, test.status, test.says)
		})
	}
	s.alive()
}

// A reply that breaks off must not look whole.
func TestRawReplyThatBreaksOff(t *testing.T) {
	t.Parallel()
	m := newMirror(t)
	s := start(t, t.TempDir(), map[string]string{"openai": m.URL + "/v1"})
	for _, announced := range []bool{true, false} {
		m.answers(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "audio/mpeg")
			if announced {
				w.Header().Set("Content-Length", "100000")
			}
			_, _ = w.Write(make([]byte, 50_000))
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		})
		got, err := s.try("POST", "/v1/audio/speech", workspaceKey, []byte(`{"model":"tts-1","input":"hi","voice":"alloy"}`),
			"X-Portkey-Provider", "openai", "Authorization", "Bearer sk-upstream")
		if err == nil {
			t.Errorf("length announced: %v: the client received %d bytes as if that were all", announced, len(got.Body))
		}
	}
	rows := s.logs("", 2)
	for _, row := range rows {
		if row["status"] != "truncated" {
			t.Errorf("logged as %v", row["status"])
		}
	}
}

// Any path that is not Portico's own goes to the provider that the request names.
func TestProxy(t *testing.T) {
	t.Parallel()
	m := newMirror(t)
	s := start(t, t.TempDir(), map[string]string{"openai": m.URL + "/v1"})
	vk := s.virtualKey("own", "openai", map[string]any{"key": "sk-stored-0123456789"})
	m.answers(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Set-Cookie", "a=b")
		if strings.HasSuffix(r.URL.Path, "/fails") {
			w.WriteHeader(418)
			_, _ = io.WriteString(w, `{"odd":["shape"]}`)
			return
		}
		_, _ = io.WriteString(w, `{"ok":true}`)
	})
	for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE"} {
		for path, want := range map[string]string{
			"/v1/vector_stores/vs_1/search?limit=2&a=%20b": "/v1/vector_stores/vs_1/search?limit=2&a=%20b",
			"/v1/proxy/odd%20path/x":                       "/v1/odd%20path/x",
		} {
			var body any
			if method != "GET" {
				body = []byte(`[1, {"model":"x"}]`)
			}
			got := s.call(method, path, workspaceKey, body, "X-Portkey-Virtual-Key", vk, "Authorization", "Bearer sk-mine", "OpenAI-Beta", "assistants=v2", "X-Custom", "1",
				"Connection", "X-Hop", "X-Hop", "1")
			seen, sent := m.asked()
			if got.Status != 200 || got.Body != `{"ok":true}` || seen == nil {
				t.Fatalf("%s %s: %d %s", method, path, got.Status, got.Body)
			}
			if seen.Method != method || seen.URL.RequestURI() != want || body != nil && string(sent) != `[1, {"model":"x"}]` {
				t.Errorf("%s %s: the provider saw %s %s %s", method, path, seen.Method, seen.URL.RequestURI(), sent)
			}
			h := seen.Header
			if h.Get("Authorization") != "Bearer sk-stored-0123456789" || h.Get("Openai-Beta") != "assistants=v2" || h.Get("X-Custom") != "1" {
				t.Errorf("%s %s: headers %v", method, path, h)
			}
			for name := range h {
				if strings.HasPrefix(name, "X-Portkey-") || name == "X-Hop" {
					t.Errorf("%s went to the provider", name)
				}
			}
			if got.Header.Get("Set-Cookie") != "" {
				t.Error("the provider set a cookie")
			}
		}
	}
	got := s.call("POST", "/v1/things/fails", workspaceKey, []byte(`{}`), "X-Portkey-Virtual-Key", vk)
	if got.Status != 418 || got.Body != `{"odd":["shape"]}` {
		t.Errorf("an error of the provider became %d %s", got.Status, got.Body)
	}
	s.row(got)
	if got := s.call("GET", "/v1/no/such/path", workspaceKey, nil); got.Status != 404 {
		t.Errorf("a path that names no provider: %d %s", got.Status, got.Body)
	}
	if got := s.call("GET", "/v1/things", adminKey, nil, "X-Portkey-Virtual-Key", vk); got.Status != 401 && got.Status != 403 {
		t.Errorf("an admin key: %d %s", got.Status, got.Body)
	}
	if got := s.call("GET", "/%76%31/proxy/things", workspaceKey, nil, "X-Portkey-Virtual-Key", vk); got.Status != 400 {
		t.Errorf("an encoded prefix: %d %s", got.Status, got.Body)
	}
	if got := s.call("GET", "/v1/a/..%2f..%2fb", workspaceKey, nil, "X-Portkey-Virtual-Key", vk); got.Status != 400 {
		t.Errorf("a path that climbs: %d %s", got.Status, got.Body)
	}
}

func TestBatchOutput(t *testing.T) {
	t.Parallel()
	m := newMirror(t)
	s := start(t, t.TempDir(), map[string]string{"openai": m.URL + "/v1"})
	auth := []string{"X-Portkey-Provider", "openai", "Authorization", "Bearer sk-upstream"}
	const lines = "{\"id\":\"1\"}\n{\"id\":\"2\"}\n"
	for batch, test := range map[string]struct {
		answer string
		status int
		want   string
	}{
		"done":    {`{"id":"b","status":"completed","output_file_id":"file-1"}`, 200, lines},
		"running": {`{"id":"b","status":"in_progress","output_file_id":null}`, 409, "in_progress"},
		"failed":  {`{"id":"b","status":"failed","error_file_id":"file-2"}`, 409, "file-2"},
	} {
		m.answers(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/v1/files/file-1/content" {
				w.Header().Set("Content-Type", "application/octet-stream")
				_, _ = io.WriteString(w, lines)
				return
			}
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, test.answer)
		})
		got := s.call("GET", "/v1/batches/b/output", workspaceKey, nil, auth...)
		if got.Status != test.status || !strings.Contains(got.Body, test.want) {
			t.Errorf("%s: %d %s", batch, got.Status, got.Body)
		}
	}
	m.answers(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		_, _ = io.WriteString(w, "the proxy's page")
	})
	got := s.call("GET", "/v1/batches/b/output", workspaceKey, nil, auth...)
	if got.Status != 200 || got.Body != "the proxy's page" {
		t.Errorf("what is no batch: %d %s", got.Status, got.Body)
	}
	if row := s.row(got); row["status"] != "success" {
		t.Errorf("what is no batch is logged as %v", row)
	}
}
