package azureopenai_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/provider"
	"github.com/portico-ai/portico/internal/provider/azureopenai"
	"github.com/portico-ai/portico/internal/sign"
)

// noTokens is the token client of calls that need none.
type noTokens struct{ t *testing.T }

// Do implements sign.Doer.
func (n noTokens) Do(r *http.Request) (*http.Response, error) {
	n.t.Errorf("a token was asked for at %s", r.URL)
	return nil, errors.New("no network")
}

// row is the provider as a registry gives it out.
func row(t *testing.T, tokens sign.Doer) *provider.Provider {
	t.Helper()
	r, err := provider.NewRegistry(azureopenai.New(sign.Clients{Tokens: tokens, Identity: tokens}))
	if err != nil {
		t.Fatal(err)
	}
	p, _ := r.Get(azureopenai.ID)
	return p
}

func call(op ai.Op, fields ...string) *provider.Call {
	c := &provider.Call{Op: op, Model: "gpt-4o", Key: ai.NewSecret("the-key"), Fields: map[string]string{}}
	if op != ai.Models {
		c.Body = []byte(`{"seed":12345678901234567890, "model":"gpt-4o","x":1}`)
	}
	for i := 0; i < len(fields); i += 2 {
		c.Fields[fields[i]] = fields[i+1]
	}
	return c
}

// The deployment takes the model's place where the path has no room for it.
func TestResponsesModel(t *testing.T) {
	for name, test := range map[string]struct {
		call *provider.Call
		want string
	}{
		"a deployment":    {call(ai.CreateResponse, "resource_name", "res", "deployment_id", "dep"), `{"seed":12345678901234567890, "model":"dep","x":1}`},
		"only a model":    {call(ai.CreateResponse, "resource_name", "res"), `{"seed":12345678901234567890, "model":"gpt-4o","x":1}`},
		"a count of them": {call(ai.CountResponseTokens, "resource_name", "res", "deployment_id", "dep"), `{"seed":12345678901234567890, "model":"dep","x":1}`},
	} {
		r, err := row(t, noTokens{t}).Encode(t.Context(), test.call)
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := io.ReadAll(r.Body); string(got) != test.want {
			t.Errorf("%s: sent %s", name, got)
		}
	}
	c := call(ai.CreateResponse, "resource_name", "res")
	c.Model = ""
	if _, err := row(t, noTokens{t}).Encode(t.Context(), c); err == nil || !strings.Contains(err.Error(), "deployment_id") {
		t.Errorf("without a model: %v", err)
	}
}

func TestURLs(t *testing.T) {
	const override = "http://127.0.0.1:9000/openai"
	for _, c := range []struct {
		name string
		call *provider.Call
		base string
		want string
	}{
		{"chat", call(ai.Chat, "resource_name", "res", "deployment_id", "dep", "api_version", "2024-10-21"), "",
			"POST https://res.openai.azure.com/openai/deployments/dep/chat/completions?api-version=2024-10-21"},
		{"default version", call(ai.Chat, "resource_name", "res", "deployment_id", "dep"), "",
			"POST https://res.openai.azure.com/openai/deployments/dep/chat/completions?api-version=2024-10-21"},
		{"preview version", call(ai.Chat, "resource_name", "res", "deployment_id", "gpt-4.1_b", "api_version", "2025-04-01-preview"), "",
			"POST https://res.openai.azure.com/openai/deployments/gpt-4.1_b/chat/completions?api-version=2025-04-01-preview"},
		{"completions", call(ai.Complete, "resource_name", "res", "deployment_id", "dep"), "",
			"POST https://res.openai.azure.com/openai/deployments/dep/completions?api-version=2024-10-21"},
		{"embeddings", call(ai.Embed, "resource_name", "res", "deployment_id", "dep"), "",
			"POST https://res.openai.azure.com/openai/deployments/dep/embeddings?api-version=2024-10-21"},
		{"models", call(ai.Models, "resource_name", "res"), "", "GET https://res.openai.azure.com/openai/models?api-version=2024-10-21"},
		{"v1 chat", call(ai.Chat, "resource_name", "res", "deployment_id", "dep", "api_version", "v1"), "",
			"POST https://res.openai.azure.com/openai/v1/chat/completions"},
		{"v1 models", call(ai.Models, "resource_name", "res", "api_version", "v1"), "", "GET https://res.openai.azure.com/openai/v1/models"},
		{"transcription", call(ai.Transcribe, "resource_name", "res", "deployment_id", "whisper"), "",
			"POST https://res.openai.azure.com/openai/deployments/whisper/audio/transcriptions?api-version=2024-10-21"},
		{"v1 image", call(ai.ImageGenerate, "resource_name", "res", "deployment_id", "dep", "api_version", "v1"), "",
			"POST https://res.openai.azure.com/openai/v1/images/generations"},
		{"file", relay(ai.GetFile, "GET", "/files/file-1?limit=2", "resource_name", "res"), "",
			"GET https://res.openai.azure.com/openai/files/file-1?api-version=2024-10-21&limit=2"},
		{"v1 batch", relay(ai.CreateBatch, "POST", "/batches", "resource_name", "res", "api_version", "v1"), "",
			"POST https://res.openai.azure.com/openai/v1/batches"},
		{"proxy with its own version", relay(ai.Proxy, "POST", "/threads?api-version=x", "resource_name", "res"), "",
			"POST https://res.openai.azure.com/openai/threads?api-version=x"},
		{"responses in the v1 surface", call(ai.CreateResponse, "resource_name", "res"), "", "POST https://res.openai.azure.com/openai/v1/responses"},
		{"responses although the version has none", call(ai.CreateResponse, "resource_name", "res", "api_version", "2024-12-01-preview"), "",
			"POST https://res.openai.azure.com/openai/v1/responses"},
		{"responses of a preview version", call(ai.CreateResponse, "resource_name", "res", "api_version", "2025-04-01-preview"), "",
			"POST https://res.openai.azure.com/openai/responses?api-version=2025-04-01-preview"},
		{"a stored response", relay(ai.GetResponse, "GET", "/responses/resp_1?include=a", "resource_name", "res"), "",
			"GET https://res.openai.azure.com/openai/v1/responses/resp_1?include=a"},
		{"a stored response of a preview version", relay(ai.ListResponseItems, "GET", "/responses/resp_1/input_items?include=a", "resource_name", "res", "api_version", "2025-04-01-preview"), "",
			"GET https://res.openai.azure.com/openai/responses/resp_1/input_items?api-version=2025-04-01-preview&include=a"},
		{"base override", call(ai.Chat, "deployment_id", "dep"), override,
			"POST " + override + "/deployments/dep/chat/completions?api-version=2024-10-21"},
		{"base override with a slash", call(ai.Models), override + "/", "GET " + override + "/models?api-version=2024-10-21"},
		{"v1 on a base override", call(ai.Chat, "deployment_id", "dep", "api_version", "v1"), override, "POST " + override + "/v1/chat/completions"},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.call.Base = c.base
			r, err := row(t, noTokens{t}).Encode(t.Context(), c.call)
			if err != nil {
				t.Fatal(err)
			}
			if got := r.Method + " " + r.URL.String(); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func relay(op ai.Op, method, rest string, fields ...string) *provider.Call {
	c := call(op, fields...)
	c.Method, c.Rest = method, rest
	return c
}

// A deployment is in the path, or is the body's model; nothing else of the body
// changes.
func TestBodies(t *testing.T) {
	for version, want := range map[string]string{
		"2024-10-21": `{"seed":12345678901234567890, "model":"gpt-4o","x":1}`,
		"v1":         `{"seed":12345678901234567890, "model":"dep","x":1}`,
	} {
		c := call(ai.Chat, "resource_name", "res", "deployment_id", "dep", "api_version", version)
		r, err := row(t, noTokens{t}).Encode(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		if string(body) != want || r.ContentLength != int64(len(want)) {
			t.Errorf("%s: got %s (%d bytes), want %s", version, body, r.ContentLength, want)
		}
		if !strings.Contains(string(c.Body), `"gpt-4o"`) {
			t.Errorf("%s: the call's own body changed", version)
		}
	}
}

func TestAliases(t *testing.T) {
	p := row(t, noTokens{t})
	for _, fields := range []map[string]string{
		{"resource_name": "res", "deployment_id": "dep", "api_version": "2024-06-01"},
		{"azure_resource_name": "res", "azure_deployment_id": "dep", "azure_api_version": "2024-06-01"},
		{"azure_resource_name": "res", "azure_deployment_name": "dep", "api_version": "2024-06-01"},
		{"resource_name": "res", "deployment_name": "dep", "azure_api_version": "2024-06-01"},
		p.FromHeader(http.Header{"X-Portkey-Azure-Resource-Name": {"res"}, "X-Portkey-Azure-Deployment-Id": {"dep"}, "X-Portkey-Azure-Api-Version": {"2024-06-01"}}),
	} {
		c := call(ai.Chat)
		c.Fields = p.Normalize(fields)
		r, err := p.Encode(t.Context(), c)
		if err != nil {
			t.Errorf("%v: %v", fields, err)
			continue
		}
		if got, want := r.URL.String(), "https://res.openai.azure.com/openai/deployments/dep/chat/completions?api-version=2024-06-01"; got != want {
			t.Errorf("%v: got %s", fields, got)
		}
	}
}

func TestCredentials(t *testing.T) {
	for _, c := range []struct {
		name, key     string
		fields        []string
		header, value string
	}{
		{"key", "the-key", nil, "Api-Key", "the-key"},
		{"token", "the-key", []string{"azure_ad_token", "the-token"}, "Authorization", "Bearer the-token"},
		{"token alone", "", []string{"azure_ad_token", "Bearer the-token"}, "Authorization", "Bearer the-token"},
	} {
		t.Run(c.name, func(t *testing.T) {
			req := call(ai.Chat, append(c.fields, "resource_name", "res", "deployment_id", "dep")...)
			req.Key = ai.NewSecret(c.key)
			r, err := row(t, noTokens{t}).Encode(t.Context(), req)
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range []string{"Api-Key", "Authorization"} {
				want := map[string]string{c.header: c.value}[name]
				if got := r.Header.Get(name); got != want {
					t.Errorf("%s: %q, want %q", name, got, want)
				}
			}
			if strings.Contains(r.URL.String(), "the-") {
				t.Errorf("a credential is in the URL %s", r.URL)
			}
		})
	}
}

func TestMistakes(t *testing.T) {
	all := []string{"resource_name", "res", "deployment_id", "dep"}
	for _, c := range []struct {
		name           string
		call           *provider.Call
		param, message string
	}{
		{"no resource", call(ai.Chat, "deployment_id", "dep"), "resource_name", "x-portkey-azure-resource-name"},
		{"no deployment", call(ai.Chat, "resource_name", "res"), "deployment_id", "x-portkey-azure-deployment-id"},
		{"no deployment for v1", call(ai.Chat, "resource_name", "res", "api_version", "v1"), "deployment_id", "x-portkey-azure-deployment-id"},
		{"resource that is a host", call(ai.Chat, "resource_name", "evil.example#", "deployment_id", "dep"), "resource_name", "letters"},
		{"deployment that is a path", call(ai.Chat, "resource_name", "res", "deployment_id", "x/.."), "deployment_id", "letters"},
		{"version that is a query", call(ai.Chat, append(all, "api_version", "1&x=y")...), "api_version", "letters"},
		{"unknown mode", call(ai.Chat, append(all, "azure_auth_mode", "magic")...), "azure_auth_mode", "default, entra, managed or workload"},
		{"half an identity", call(ai.Chat, append(all, "azure_auth_mode", "entra", "azure_entra_tenant_id", "t")...), "azure_entra_client_id", "needs azure_entra_client_id"},
	} {
		_, err := row(t, noTokens{t}).Encode(t.Context(), c.call)
		e, ok := errors.AsType[*ai.Error](err)
		if !ok || e.Kind != ai.Invalid || e.Param != c.param || !strings.Contains(e.Message, c.message) {
			t.Errorf("%s: got %+v", c.name, err)
		}
	}
	_, err := row(t, noTokens{t}).Encode(t.Context(), &provider.Call{Op: ai.Chat, Fields: map[string]string{"resource_name": "res", "deployment_id": "dep"}})
	if e, ok := errors.AsType[*ai.Error](err); !ok || e.Kind != ai.Unauthenticated {
		t.Errorf("without a credential: got %v", err)
	}
}

// The gateway's own identity is not sent where the caller likes.
func TestOwnIdentityStaysWithAzure(t *testing.T) {
	refusal := errors.New("asked")
	p := row(t, doer(func(*http.Request) (*http.Response, error) { return nil, refusal }))
	for _, mode := range []string{"managed", "Workload"} {
		for _, base := range []string{
			"https://evil.example/openai", "http://res.openai.azure.com/openai", "https://res.openai.azure.com.evil.example/openai",
			"https://evil-openai.azure.com/openai", "https://vm.westeurope.cloudapp.azure.com/openai", "https://res.openai.azure.com@evil.example/openai",
			"https://evil.example/.openai.azure.com",
		} {
			c := call(ai.Chat, "deployment_id", "dep", "azure_auth_mode", mode)
			c.Base = base
			_, err := p.Encode(t.Context(), c)
			if e, ok := errors.AsType[*ai.Error](err); !ok || e.Kind != ai.Invalid || e.Param != "custom_host" || errors.Is(err, refusal) {
				t.Errorf("%s to %s: got %v", mode, base, err)
			}
		}
	}
}

// Where the host is Azure's or the operator's, the identity is used.
func TestOwnIdentityIsUsed(t *testing.T) {
	t.Setenv("AZURE_TENANT_ID", "tenant")
	t.Setenv("AZURE_FEDERATED_TOKEN_FILE", "token-file")
	p := row(t, doer(func(*http.Request) (*http.Response, error) { return nil, errors.New("no network") }))
	overridden := *p
	overridden.Base = "http://127.0.0.1:9/openai"
	for base, p := range map[string]*provider.Provider{"": &overridden, "https://res.cognitiveservices.azure.com/openai": p} {
		c := call(ai.Chat, "deployment_id", "dep", "azure_auth_mode", "workload", "azure_workload_client_id", "me")
		c.Base = base
		_, err := p.Encode(t.Context(), c)
		if e, ok := errors.AsType[*ai.Error](err); !ok || e.Code != "azure_token" {
			t.Errorf("base %q: got %v, want the token to be asked for", base, err)
		}
	}
}

type doer func(*http.Request) (*http.Response, error)

// Do implements sign.Doer.
func (d doer) Do(r *http.Request) (*http.Response, error) { return d(r) }
