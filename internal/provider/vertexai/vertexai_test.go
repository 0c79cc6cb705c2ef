package vertexai_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/provider"
	"github.com/portico-ai/portico/internal/provider/vertexai"
	"github.com/portico-ai/portico/internal/sign"
)

type doer func(*http.Request) (*http.Response, error)

// Do implements sign.Doer.
func (d doer) Do(r *http.Request) (*http.Response, error) { return d(r) }

// noTokens is the client of calls that ask for no token.
func noTokens(t *testing.T) sign.Doer {
	return doer(func(r *http.Request) (*http.Response, error) {
		t.Errorf("a token was asked for at %s", r.URL)
		return nil, errors.New("no network")
	})
}

// row is the provider as a registry gives it out.
func row(t *testing.T, tokens sign.Doer) *provider.Provider {
	t.Helper()
	r, err := provider.NewRegistry(vertexai.New(sign.Clients{Tokens: tokens, Identity: tokens}))
	if err != nil {
		t.Fatal(err)
	}
	p, _ := r.Get(vertexai.ID)
	return p
}

func call(op ai.Op, model string, fields ...string) *provider.Call {
	c := &provider.Call{Op: op, Model: model, Key: ai.NewSecret("ya29.token"), Body: []byte(`{}`),
		Fields: map[string]string{"vertex_project_id": "acme", "vertex_region": "us-east5"}}
	for i := 0; i < len(fields); i += 2 {
		c.Fields[fields[i]] = fields[i+1]
	}
	return c
}

func streamed(c *provider.Call) *provider.Call { c.Stream = true; return c }
func keyed(c *provider.Call, key string) *provider.Call {
	c.Key = ai.NewSecret(key)
	return c
}
func based(c *provider.Call, base string) *provider.Call { c.Base = base; return c }

func TestURLs(t *testing.T) {
	const at = "https://us-east5-aiplatform.googleapis.com/v1/projects/acme/locations/us-east5"
	for _, c := range []struct {
		name string
		call *provider.Call
		want string
	}{
		{"Gemini", call(ai.Chat, "gemini-2.5-flash"), at + "/publishers/google/models/gemini-2.5-flash:generateContent"},
		{"Gemini, streamed", streamed(call(ai.Chat, "gemini-2.5-flash")), at + "/publishers/google/models/gemini-2.5-flash:streamGenerateContent?alt=sse"},
		{"Gemini by its publisher", call(ai.Chat, "google.gemini-2.5-flash"), at + "/publishers/google/models/gemini-2.5-flash:generateContent"},
		{"Gemini by its collection", call(ai.Chat, "models/gemini-2.5-flash"), at + "/publishers/google/models/gemini-2.5-flash:generateContent"},
		{"a resource", call(ai.Chat, "publishers/google/models/gemini-2.5-flash"), at + "/publishers/google/models/gemini-2.5-flash:generateContent"},
		{"a tuned model", call(ai.Chat, "google.endpoints.123"), at + "/endpoints/123:generateContent"},
		{"a tuned model, streamed", streamed(call(ai.Chat, "google/endpoints/123")), at + "/endpoints/123:streamGenerateContent?alt=sse"},
		{"tokens", call(ai.CountContents, "gemini-2.5-flash"), at + "/publishers/google/models/gemini-2.5-flash:countTokens"},
		{"Claude", call(ai.Chat, "claude-sonnet-4-5@20250929"), at + "/publishers/anthropic/models/claude-sonnet-4-5@20250929:rawPredict"},
		{"tokens, by Claude", call(ai.CountTokens, "anthropic.claude-opus-4-8"), at + "/publishers/anthropic/models/count-tokens:rawPredict"},
		{"Claude, streamed", streamed(call(ai.Chat, "anthropic.claude-haiku-4-5@20251001")), at + "/publishers/anthropic/models/claude-haiku-4-5@20251001:streamRawPredict"},
		{"Mistral", call(ai.Chat, "mistralai.mistral-medium-3"), at + "/publishers/mistralai/models/mistral-medium-3:rawPredict"},
		{"Codestral, streamed", streamed(call(ai.Chat, "codestral-2")), at + "/publishers/mistralai/models/codestral-2:streamRawPredict"},
		{"Jamba", call(ai.Chat, "ai21/jamba-1.5-large"), at + "/publishers/ai21/models/jamba-1.5-large:rawPredict"},
		{"Llama", call(ai.Chat, "meta.llama-3.3-70b-instruct-maas"), at + "/endpoints/openapi/chat/completions"},
		{"Llama, streamed", streamed(call(ai.Chat, "llama-3.3-70b-instruct-maas")), at + "/endpoints/openapi/chat/completions"},
		{"DeepSeek", call(ai.Chat, "deepseek-ai/deepseek-v3.2-maas"), at + "/endpoints/openapi/chat/completions"},
		{"an endpoint", call(ai.Chat, "endpoints.1234"), at + "/endpoints/1234/chat/completions"},
		{"texts", call(ai.Embed, "text-embedding-005"), at + "/publishers/google/models/text-embedding-005:predict"},
		{"texts, by Gemini", call(ai.Embed, "gemini-embedding-001"), at + "/publishers/google/models/gemini-embedding-001:predict"},
		{"contents", call(ai.Embed, "gemini-embedding-2"), at + "/publishers/google/models/gemini-embedding-2:embedContent"},
		{"images", call(ai.ImageGenerate, "imagen-4.0-generate-001"), at + "/publishers/google/models/imagen-4.0-generate-001:predict"},
		{"a model like a path", call(ai.Chat, "google/../../x?y#z"), at + "/publishers/google/models/..%2F..%2Fx%3Fy%23z:generateContent"},
		{"models", call(ai.Models, ""), "https://us-east5-aiplatform.googleapis.com/v1beta1/publishers/google/models?pageSize=200"},
		{"global", call(ai.Chat, "gemini-3-pro", "vertex_region", "global"),
			"https://aiplatform.googleapis.com/v1/projects/acme/locations/global/publishers/google/models/gemini-3-pro:generateContent"},
		{"Europe", call(ai.Chat, "claude-opus-4-8", "vertex_region", "eu"),
			"https://aiplatform.eu.rep.googleapis.com/v1/projects/acme/locations/eu/publishers/anthropic/models/claude-opus-4-8:rawPredict"},
		{"United States", call(ai.Chat, "claude-opus-4-8", "vertex_region", "us"),
			"https://aiplatform.us.rep.googleapis.com/v1/projects/acme/locations/us/publishers/anthropic/models/claude-opus-4-8:rawPredict"},
		{"express mode", keyed(call(ai.Chat, "gemini-2.5-flash", "vertex_project_id", "", "vertex_region", ""), "AIzaSy-key"),
			"https://aiplatform.googleapis.com/v1/publishers/google/models/gemini-2.5-flash:generateContent"},
		{"an API key and a project", keyed(call(ai.Chat, "gemini-2.5-flash"), "AIzaSy-key"), at + "/publishers/google/models/gemini-2.5-flash:generateContent"},
		{"a host of the caller's", based(call(ai.Chat, "gemini-2.5-flash"), "https://123.us-east5-9.prediction.vertexai.goog/"),
			"https://123.us-east5-9.prediction.vertexai.goog/v1/projects/acme/locations/us-east5/publishers/google/models/gemini-2.5-flash:generateContent"},
	} {
		r, err := row(t, noTokens(t)).Encode(t.Context(), c.call)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if got := r.URL.String(); got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
}

// Whatever else a provider's API has is reached as the client calls it.
func TestProxied(t *testing.T) {
	c := call(ai.Proxy, "claude-opus-4-8")
	c.Method, c.Rest = http.MethodGet, "/v1/projects/acme/locations/us-east5/cachedContents?pageSize=5"
	r, err := row(t, noTokens(t)).Encode(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if got := r.Method + " " + r.URL.String(); got != "GET https://us-east5-aiplatform.googleapis.com"+c.Rest || r.Header.Get("Authorization") != "Bearer ya29.token" {
		t.Errorf("got %s with %v", got, r.Header)
	}
}

func TestDialects(t *testing.T) {
	p := row(t, noTokens(t))
	for _, c := range []struct {
		op    ai.Op
		model string
		want  ai.Dialect // "" if it is not offered
	}{
		{ai.Chat, "gemini-2.5-flash", ai.Gemini}, {ai.Chat, "google.endpoints.5", ai.Gemini}, {ai.Chat, "gemma-3-27b-it", ai.Gemini},
		{ai.Chat, "claude-opus-4-8", ai.Anthropic}, {ai.Chat, "anthropic/claude-opus-4-8", ai.Anthropic},
		{ai.Chat, "mistral-small-2503", ai.OpenAI}, {ai.Chat, "meta.llama-4-scout", ai.OpenAI}, {ai.Chat, "acme/model", ai.OpenAI}, {ai.Chat, "endpoints.5", ai.OpenAI},
		{ai.Embed, "text-embedding-005", ai.Predict}, {ai.Embed, "multimodalembedding@001", ai.Predict}, {ai.Embed, "gemini-embedding-2", ai.Gemini},
		{ai.Embed, "claude-opus-4-8", ""}, {ai.CountContents, "claude-opus-4-8", ""}, {ai.CountTokens, "claude-opus-4-8", ai.Anthropic}, {ai.CountTokens, "gemini-2.5-flash", ""}, {ai.ImageGenerate, "meta.llama-4-scout", ""}, {ai.ImageGenerate, "gemini-2.5-flash-image", ai.Gemini}, {ai.ImageEdit, "gemini-2.5-flash-image", ai.Gemini},
		{ai.ImageEdit, "imagen-3.0-capability-001", ai.Predict}, {ai.ImageEdit, "claude-opus-4-8", ""},
		{ai.ImageGenerate, "imagen-4.0-generate-001", ai.Predict}, {ai.Models, "", ai.Gemini}, {ai.Complete, "claude-opus-4-8", ""},
	} {
		e, ok := p.EndpointFor(c.op, ai.OpenAI, c.model)
		if ok != (c.want != "") || e.Dialect != c.want {
			t.Errorf("%s of %s: %q %t, want %q", c.op, c.model, e.Dialect, ok, c.want)
		}
		_, err := p.Encode(t.Context(), call(c.op, c.model))
		if e, _ := errors.AsType[*ai.Error](err); (e != nil && e.Kind == ai.Unsupported) != (c.want == "") {
			t.Errorf("%s of %s: %v", c.op, c.model, err)
		}
	}
}

func TestBodies(t *testing.T) {
	for _, c := range []struct {
		name string
		op   ai.Op
		in   string
		call *provider.Call
		want string
	}{
		{"Gemini", ai.Chat, `{"contents":[], "x":12345678901234567890}`, call(ai.Chat, "gemini-2.5-flash"), `{"contents":[], "x":12345678901234567890}`},
		{"Gemini, named in the body", ai.Chat, `{"model":"models/gemini-2.5-flash","contents":[]}`, call(ai.Chat, "gemini-2.5-flash"), `{"contents":[]}`},
		{"Gemini's tier", ai.Chat, `{"contents":[],"serviceTier":"flex"}`, call(ai.Chat, "gemini-2.5-flash"), `{"contents":[]}`},
		{"Claude", ai.Chat, `{"model":"claude-x","max_tokens":5,"stream":true}`, call(ai.Chat, "claude-x"),
			`{"max_tokens":5,"stream":true,"anthropic_version":"vertex-2023-10-16"}`},
		{"Claude, with the version of Anthropic's API", ai.Chat, `{"max_tokens":5}`, call(ai.Chat, "claude-x", "anthropic_version", "2023-06-01"),
			`{"max_tokens":5,"anthropic_version":"vertex-2023-10-16"}`},
		{"Claude, with a version", ai.Chat, `{"anthropic_version":"vertex-2023-10-16"}`, call(ai.Chat, "claude-x", "anthropic_version", "vertex-2030-01-01"),
			`{"anthropic_version":"vertex-2030-01-01"}`},
		{"Claude, with its own version", ai.Chat, `{"anthropic_version":"vertex-2030-01-01"}`, call(ai.Chat, "claude-x"), `{"anthropic_version":"vertex-2030-01-01"}`},
		{"Claude's tokens", ai.CountTokens, `{"model":"anthropic.claude-x","messages":[]}`, call(ai.CountTokens, "anthropic.claude-x"),
			`{"model":"claude-x","messages":[],"anthropic_version":"vertex-2023-10-16"}`},
		{"Mistral", ai.Chat, `{"model":"mistralai.mistral-medium-3","max_completion_tokens":5,"stream":true,"stream_options":{"include_usage":true}}`,
			call(ai.Chat, "mistralai.mistral-medium-3"), `{"model":"mistral-medium-3","stream":true,"max_tokens":5}`},
		{"Mistral, with both limits", ai.Chat, `{"model":"mistral-medium-3","max_completion_tokens":5,"max_tokens":6}`,
			call(ai.Chat, "mistral-medium-3"), `{"model":"mistral-medium-3","max_tokens":6}`},
		{"Llama", ai.Chat, `{"model":"meta.llama-4-scout","stream":true,"stream_options":{"include_usage":true}}`, call(ai.Chat, "meta.llama-4-scout"),
			`{"model":"meta/llama-4-scout","stream":true,"stream_options":{"include_usage":true}}`},
		{"Llama by its name", ai.Chat, `{"model":"llama-4-scout"}`, call(ai.Chat, "llama-4-scout"), `{"model":"meta/llama-4-scout"}`},
		{"an endpoint", ai.Chat, `{"model":"endpoints.5","x":1}`, call(ai.Chat, "endpoints.5"), `{"model":"endpoints.5","x":1}`},
		{"tokens", ai.CountContents, `{"contents":[]}`, call(ai.CountContents, "gemini-2.5-flash"), `{"contents":[]}`},
		{"tokens of a whole request", ai.CountContents, `{"generateContentRequest":{"model":"models/m","contents":[],"tools":[]}}`, call(ai.CountContents, "gemini-2.5-flash"),
			`{"contents":[],"tools":[]}`},
		{"a content", ai.Embed, `{"model":"models/m","content":{"parts":[]}}`, call(ai.Embed, "gemini-embedding-2"), `{"content":{"parts":[]}}`},
		{"a content from a list", ai.Embed, `{"requests":[{"model":"models/m","content":{"parts":[]},"outputDimensionality":8}]}`,
			call(ai.Embed, "gemini-embedding-2"), `{"content":{"parts":[]},"outputDimensionality":8}`},
	} {
		c.call.Body = []byte(c.in)
		r, err := row(t, noTokens(t)).Encode(t.Context(), c.call)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if body, err := io.ReadAll(r.Body); err != nil || string(body) != c.want || r.ContentLength != int64(len(body)) {
			t.Errorf("%s: got %s (%v), want %s", c.name, body, err, c.want)
		}
		if string(c.call.Body) != c.in {
			t.Errorf("%s: the call's own body changed", c.name)
		}
	}
}

func TestHeaders(t *testing.T) {
	for _, c := range []struct {
		name, header, want string
		call               *provider.Call
		body               string
	}{
		{"token", "Authorization", "Bearer ya29.token", call(ai.Chat, "gemini-2.5-flash"), `{}`},
		{"API key", "X-Goog-Api-Key", "AIzaSy-key", keyed(call(ai.Chat, "gemini-2.5-flash"), "AIzaSy-key"), `{}`},
		{"beta features", "Anthropic-Beta", "a,b", call(ai.Chat, "claude-x", "anthropic_beta", "a,b"), `{}`},
		{"flex", "X-Vertex-AI-LLM-Shared-Request-Type", "flex", call(ai.Chat, "gemini-2.5-flash"), `{"service_tier":"FLEX"}`},
		{"priority", "X-Vertex-AI-LLM-Shared-Request-Type", "priority", call(ai.Chat, "gemini-2.5-flash"), `{"serviceTier":"priority"}`},
		{"standard", "X-Vertex-AI-LLM-Shared-Request-Type", "", call(ai.Chat, "gemini-2.5-flash"), `{"serviceTier":"standard"}`},
	} {
		c.call.Body, c.call.Header = []byte(c.body), http.Header{"User-Agent": {"test"}}
		r, err := row(t, noTokens(t)).Encode(t.Context(), c.call)
		if err != nil || r.Header.Get(c.header) != c.want || strings.Contains(r.URL.String(), "key") {
			t.Errorf("%s: got %v (%v) to %s, want %s", c.name, r.Header, err, r.URL, c.want)
		}
		if len(c.call.Header) != 1 {
			t.Errorf("%s: the call's own headers changed: %v", c.name, c.call.Header)
		}
	}
}

// account is what matters here of a service account's key file.
func account(project string) string {
	text, err := json.Marshal(map[string]string{"type": "service_account", "project_id": project, "client_email": "bot@acme"})
	if err != nil {
		panic(err)
	}
	return string(text)
}

func TestMistakes(t *testing.T) {
	const noKey = "private_key" // what an account that is asked for a token lacks
	for _, c := range []struct {
		name, param, message string
		call                 *provider.Call
	}{
		{"no region", "vertex_region", "x-portkey-vertex-region", call(ai.Chat, "m", "vertex_region", "")},
		{"no project", "vertex_project_id", "x-portkey-vertex-project-id", call(ai.Chat, "m", "vertex_project_id", "")},
		{"no model", "model", "must name a model", call(ai.Chat, "")},
		{"no model of a publisher's", "model", "must name a model", call(ai.Chat, "anthropic/")},
		{"region that is a host", "vertex_region", "letters", call(ai.Chat, "m", "vertex_region", "evil.example#")},
		{"region that is a path", "vertex_region", "letters", call(ai.Chat, "m", "vertex_region", "evil.example/x")},
		{"project that is a path", "vertex_project_id", "letters", call(ai.Chat, "m", "vertex_project_id", "../../x")},
		{"an account's project that is a path", "vertex_project_id", "letters", call(ai.Chat, "m", "vertex_service_account_json", account("x/../y"))},
		{"an account's project that is a host", "vertex_project_id", "letters", call(ai.Chat, "m", "vertex_service_account_json", account("a@evil.example"))},
		{"an account without a key", "vertex_service_account_json", noKey, call(ai.Chat, "m", "vertex_service_account_json", account("acme"))},
		{"an account that is no JSON", "vertex_service_account_json", "JSON", call(ai.Chat, "m", "vertex_service_account_json", "x")},
		{"several contents", "input", "one at a time", func() *provider.Call {
			c := call(ai.Embed, "gemini-embedding-2")
			c.Body = []byte(`{"requests":[{},{}]}`)
			return c
		}()},
	} {
		_, err := row(t, noTokens(t)).Encode(t.Context(), c.call)
		e, ok := errors.AsType[*ai.Error](err)
		if !ok || e.Kind != ai.Invalid || e.Param != c.param || !strings.Contains(e.Message, c.message) {
			t.Errorf("%s: got %+v", c.name, err)
		}
	}
	_, err := row(t, noTokens(t)).Encode(t.Context(), keyed(call(ai.Chat, "m"), ""))
	if e, ok := errors.AsType[*ai.Error](err); !ok || e.Kind != ai.Unauthenticated {
		t.Errorf("without a credential: got %v", err)
	}
}

// The project of the service account that signs is the one that is billed.
func TestAccountsProject(t *testing.T) {
	c := call(ai.Chat, "gemini-2.5-flash", "vertex_service_account_json", signingAccount(t, "bots"))
	r, err := row(t, doer(tokenOf("account"))).Encode(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(r.URL.Path, "/projects/bots/") || r.Header.Get("Authorization") != "Bearer account" {
		t.Errorf("got %s with %v", r.URL, r.Header)
	}
	if c.Fields["vertex_project_id"] != "acme" {
		t.Error("the call's own fields changed")
	}
}

// A request may bring a service account; it must not lead the server's own
// identity into the project that the account names.
func TestOwnIdentityKeepsItsProject(t *testing.T) {
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", "")
	t.Setenv("CLOUDSDK_CONFIG", t.TempDir())
	c := call(ai.Chat, "gemini-2.5-flash", "vertex_service_account_json", account("bots"), "vertex_auth_type", "workload")
	r, err := row(t, doer(tokenOf("own"))).Encode(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(r.URL.Path, "/projects/acme/") || r.Header.Get("Authorization") != "Bearer own" {
		t.Errorf("got %s with %v", r.URL, r.Header)
	}
}

// tokenOf answers every token request with the same token.
func tokenOf(token string) func(*http.Request) (*http.Response, error) {
	return func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"application/json"}}, Request: r,
			Body: io.NopCloser(strings.NewReader(`{"access_token":"` + token + `","token_type":"Bearer","expires_in":3600}`))}, nil
	}
}

// signingAccount is an account with a key.
func signingAccount(t *testing.T, project string) string {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(map[string]string{"type": "service_account", "project_id": project, "client_email": "bot@acme",
		"token_uri":   "https://oauth2.googleapis.com/token",
		"private_key": string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// The gateway's own identity is not sent where the caller likes, and no request
// can ask for it.
func TestOwnIdentityStaysWithGoogle(t *testing.T) {
	asked := errors.New("asked")
	p := row(t, doer(func(*http.Request) (*http.Response, error) { return nil, asked }))
	for _, base := range []string{
		"https://evil.example", "http://us-east5-aiplatform.googleapis.com", "https://us-east5-aiplatform.googleapis.com.evil.example",
		"https://us-east5-aiplatform.googleapis.com@evil.example", "https://evilaiplatform.googleapis.com", "https://storage.googleapis.com",
		"https://1.us-east5-9.prediction.vertexai.goog", "https://evil.example/.rep.googleapis.com", "https://us-east5-aiplatform.googleapis.com:8443",
	} {
		_, err := p.Encode(t.Context(), based(call(ai.Chat, "m", "vertex_auth_type", "Workload"), base))
		if e, ok := errors.AsType[*ai.Error](err); !ok || e.Kind != ai.Invalid || e.Param != "custom_host" {
			t.Errorf("%s: got %v", base, err)
		}
	}
	for _, v := range []string{"workload", "WORKLOAD"} {
		if err := p.CheckRequest(p.FromHeader(http.Header{"X-Portkey-Vertex-Auth-Type": {v}})); err == nil {
			t.Errorf("a request may ask for %s", v)
		}
	}
}

// Where the host is Google's or the operator's, the identity is used.
func TestOwnIdentityIsUsed(t *testing.T) {
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", "")
	t.Setenv("CLOUDSDK_CONFIG", t.TempDir())
	p := row(t, doer(func(*http.Request) (*http.Response, error) { return nil, errors.New("no network") }))
	overridden := *p
	overridden.Base = "http://127.0.0.1:9"
	for base, p := range map[string]*provider.Provider{"": &overridden, "https://aiplatform.googleapis.com": p, "https://aiplatform.eu.rep.googleapis.com": p} {
		_, err := p.Encode(t.Context(), based(call(ai.Chat, "m", "vertex_auth_type", "workload"), base))
		if e, ok := errors.AsType[*ai.Error](err); !ok || e.Code != "google_token" {
			t.Errorf("base %q: got %v, want the token to be asked for", base, err)
		}
	}
}
