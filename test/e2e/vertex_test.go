package e2e

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/portico-ai/portico/test/upstream"
)

const googleToken = "ya29.token-of-the-e2e-account"

// A tokenServer is where a service account's tokens come from.
type tokenServer struct {
	*httptest.Server
	asked  atomic.Int32
	status atomic.Int32 // of answers, 0 for a token
}

func newTokenServer(t *testing.T) *tokenServer {
	ts := &tokenServer{}
	ts.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ts.asked.Add(1)
		w.Header().Set("Content-Type", "application/json")
		if status := ts.status.Load(); status != 0 {
			w.WriteHeader(int(status))
			_, _ = io.WriteString(w, `{"error":"invalid_grant"}`)
			return
		}
		if r.FormValue("grant_type") != "urn:ietf:params:oauth:grant-type:jwt-bearer" || strings.Count(r.FormValue("assertion"), ".") != 2 {
			t.Errorf("token request %v", r.Form)
		}
		_, _ = io.WriteString(w, `{"token_type":"Bearer","expires_in":3599,"access_token":"`+googleToken+`"}`)
	}))
	t.Cleanup(ts.Close)
	return ts
}

// host is what an operator allows to be dialled.
func (ts *tokenServer) host() string { return strings.TrimPrefix(ts.URL, "http://") }

// account is the key file of a service account whose tokens come from here.
func (ts *tokenServer) account(t *testing.T) (file map[string]any, key string) {
	t.Helper()
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	key = string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	return map[string]any{"type": "service_account", "project_id": "acme", "private_key_id": "k", "private_key": key,
		"client_email": "bot@acme.iam.gserviceaccount.com", "token_uri": ts.URL + "/token"}, key
}

// withVertex runs portico with a stand-in for Vertex AI and a virtual key that
// holds a service account.
func withVertex(t *testing.T) (s *server, up *upstream.Server, ts *tokenServer, slug, key string) {
	t.Helper()
	up, ts = upstream.New(t, upstream.Options{}), newTokenServer(t)
	s = start(t, t.TempDir(), map[string]string{"vertex-ai": up.Base("vertex-ai")}, "--egress-allow", ts.host())
	account, key := ts.account(t)
	slug = s.virtualKey("vertex", "vertex-ai", map[string]any{"key": nil, "vertex_region": "us-east5", "vertex_service_account_json": account})
	return s, up, ts, slug, key
}

func ask(model string, stream bool) map[string]any {
	return map[string]any{"model": model, "max_tokens": 9, "stream": stream, "messages": []any{map[string]any{"role": "user", "content": "Hello"}}}
}

// Each door reaches each family of models, whole and streamed, with one token.
func TestVertexUnderAllDoors(t *testing.T) {
	t.Parallel()
	s, up, ts, slug, key := withVertex(t)
	const at = "/vertex-ai/v1/projects/acme/locations/us-east5/publishers/"
	for _, c := range []struct {
		door, model, path string
		stream            bool
		want              string
	}{
		{"/v1/chat/completions", "gemini-2.5-flash", at + "google/models/gemini-2.5-flash:generateContent", false, `"content":"Hello from Vertex."`},
		{"/v1/chat/completions", "gemini-2.5-flash", at + "google/models/gemini-2.5-flash:streamGenerateContent", true, "data: [DONE]\n\n"},
		{"/v1/messages", "gemini-2.5-flash", at + "google/models/gemini-2.5-flash:generateContent", false, `"text":"Hello from Vertex."`},
		{"/v1/messages", "gemini-2.5-flash", at + "google/models/gemini-2.5-flash:streamGenerateContent", true, "event: message_stop\n"},
		{"/v1/chat/completions", "anthropic.claude-haiku-4-5@20251001", at + "anthropic/models/claude-haiku-4-5@20251001:rawPredict", false, `"content":"Hello from Claude."`},
		{"/v1/chat/completions", "claude-haiku-4-5@20251001", at + "anthropic/models/claude-haiku-4-5@20251001:streamRawPredict", true, "data: [DONE]\n\n"},
		{"/v1/messages", "claude-haiku-4-5@20251001", at + "anthropic/models/claude-haiku-4-5@20251001:rawPredict", false, `"id":"msg_vrtx_own"`},
		{"/v1/messages", "claude-haiku-4-5@20251001", at + "anthropic/models/claude-haiku-4-5@20251001:streamRawPredict", true, "event: message_stop\n"},
	} {
		got := s.call("POST", c.door, workspaceKey, ask("@"+slug+"/"+c.model, c.stream))
		body := strings.ReplaceAll(got.Body, `": "`, `":"`)
		if got.Status != 200 || !strings.Contains(body, c.want) || strings.HasPrefix(got.Header.Get("Content-Type"), "text/event-stream") != c.stream {
			t.Errorf("%s of %s: status %d, %v, %s", c.door, c.model, got.Status, got.Header, got.Body)
			continue
		}
		sent := up.Requests("vertex-ai")
		last := sent[len(sent)-1]
		if last.Path != c.path || last.Header.Get("Authorization") != "Bearer "+googleToken {
			t.Errorf("%s of %s was sent to %s with %v", c.door, c.model, last.Path, last.Header)
		}
		if row := s.row(got); row["ai_model"] == "" || row["total_units"] != 14.0 || row["usage_estimated"] != false {
			t.Errorf("the log has %v", row)
		}
	}
	embedding := s.call("POST", "/v1/embeddings", workspaceKey, map[string]any{"model": "@" + slug + "/text-embedding-005", "input": "Hello"})
	if embedding.Status != 200 || !strings.Contains(embedding.Body, `"embedding":[0.5,-0.25]`) && !strings.Contains(embedding.Body, `"embedding":[0.5, -0.25]`) {
		t.Errorf("embedding: status %d, %s", embedding.Status, embedding.Body)
	}
	image := s.call("POST", "/v1/images/generations", workspaceKey, map[string]any{"model": "@" + slug + "/imagen-4.0-generate-001", "prompt": "A fox"})
	if image.Status != 200 || !strings.Contains(image.Body, `"b64_json":"iVBORw0KGgo="`) {
		t.Errorf("image: status %d, %s", image.Status, image.Body)
	}
	if n := ts.asked.Load(); n != 1 {
		t.Errorf("%d tokens were asked for, want 1", n)
	}
	s.stop()
	secret := key[30:90] // a line of the private key
	for _, canary := range []string{secret, googleToken} {
		if strings.Contains(s.output.String(), canary) {
			t.Error("a secret is in the output")
		}
		err := filepath.WalkDir(s.Data, func(path string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			b, err := os.ReadFile(path)
			if strings.Contains(string(b), canary) {
				t.Errorf("a secret is in %s", path)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// A token endpoint that refuses is not taken for the provider, and one that the
// operator did not allow is not asked.
func TestVertexTokenEndpoint(t *testing.T) {
	t.Parallel()
	s, up, ts, slug, _ := withVertex(t)
	ts.status.Store(400)
	got := s.call("POST", "/v1/chat/completions", workspaceKey, ask("@"+slug+"/gemini-2.5-flash", false))
	if got.Status != 401 || !strings.Contains(got.Body, "google_token") {
		t.Errorf("status %d, %s", got.Status, got.Body)
	}
	inside := newTokenServer(t)
	account, _ := inside.account(t)
	other := s.virtualKey("inside", "vertex-ai", map[string]any{"key": nil, "vertex_region": "us-east5", "vertex_service_account_json": account})
	got = s.call("POST", "/v1/chat/completions", workspaceKey, ask("@"+other+"/gemini-2.5-flash", false))
	if got.Status != 503 || inside.asked.Load() != 0 {
		t.Errorf("status %d, %s; asked %d times", got.Status, got.Body, inside.asked.Load())
	}
	if n := len(up.Requests("vertex-ai")); n != 0 {
		t.Errorf("%d calls went out without a token", n)
	}
}

// A request cannot turn a stored account to another host, nor use the identity of
// the server.
func TestVertexHostile(t *testing.T) {
	t.Parallel()
	s, up, ts, slug, _ := withVertex(t)
	trap := newCanary(t, "127.0.0.8:0")
	for name, headers := range map[string][]string{
		"custom host":  {"X-Portkey-Custom-Host", "http://" + trap.Addr},
		"region":       {"X-Portkey-Vertex-Region", trap.Addr + "/#"},
		"project":      {"X-Portkey-Vertex-Project-Id", "another"},
		"no project":   {"X-Portkey-Vertex-Project-Id", "../../../" + trap.Addr},
		"own identity": {"X-Portkey-Vertex-Auth-Type", "workload"},
	} {
		got := s.call("POST", "/v1/chat/completions", workspaceKey, ask("@"+slug+"/gemini-2.5-flash", false), headers...)
		if got.Status != 400 {
			t.Errorf("%s: status %d, %s", name, got.Status, got.Body)
		}
	}
	if sent, asked := len(up.Requests("vertex-ai")), ts.asked.Load(); sent+int(asked) > 0 {
		t.Errorf("%d calls and %d token requests went out", sent, asked)
	}
	trap.silent(t)
}
