package sign_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/sign"
)

// login plays Microsoft's token endpoint on loopback. It is also the doer that
// leads every request there.
type login struct {
	*httptest.Server
	status int // of token requests

	mu     sync.Mutex
	tokens []url.Values // forms of the token requests
	hosts  map[string]bool
}

const secret = "the-client-secret-value"

func newLogin(t *testing.T) *login {
	l := &login{status: http.StatusOK, hosts: map[string]bool{}}
	l.Server = httptest.NewServer(l)
	t.Cleanup(l.Close)
	return l
}

// Do implements sign.Doer.
func (l *login) Do(r *http.Request) (*http.Response, error) {
	l.mu.Lock()
	l.hosts[r.URL.Host] = true
	l.mu.Unlock()
	to, err := url.Parse(l.URL)
	if err != nil {
		return nil, err
	}
	r = r.Clone(r.Context())
	r.URL.Scheme, r.URL.Host = to.Scheme, to.Host
	return l.Client().Do(r)
}

// ServeHTTP implements http.Handler.
func (l *login) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	if strings.HasSuffix(r.URL.Path, "/openid-configuration") {
		const at = "https://login.microsoftonline.com/tenant"
		fmt.Fprintf(w, `{"issuer":%q,"authorization_endpoint":%q,"token_endpoint":%q}`, at+"/v2.0", at+"/oauth2/v2.0/authorize", at+"/oauth2/v2.0/token")
		return
	}
	if strings.HasSuffix(r.URL.Path, "/discovery/instance") {
		_, _ = io.WriteString(w, `{"tenant_discovery_endpoint":"https://login.microsoftonline.com/tenant/v2.0/.well-known/openid-configuration","metadata":[]}`)
		return
	}
	_ = r.ParseForm()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tokens = append(l.tokens, r.Form)
	if l.status != http.StatusOK {
		w.WriteHeader(l.status)
		_, _ = io.WriteString(w, `{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret provided."}`)
		return
	}
	fmt.Fprintf(w, `{"token_type":"Bearer","expires_in":3600,"access_token":"token-%d"}`, len(l.tokens))
}

func identity(more map[string]string) sign.Credential {
	fields := map[string]string{
		"azure_auth_mode": "entra", "azure_entra_tenant_id": "tenant", "azure_entra_client_id": "client", "azure_entra_client_secret": secret,
	}
	for k, v := range more {
		fields[k] = v
	}
	return sign.Credential{Key: ai.NewSecret("key"), Fields: fields}
}

// authorization signs a request and returns its credential.
func authorization(t *testing.T, e *sign.Entra, c sign.Credential) (string, error) {
	t.Helper()
	r := &http.Request{Header: http.Header{}}
	err := e.Sign(t.Context(), r, c)
	if err != nil && len(r.Header) > 0 {
		t.Errorf("a request that could not be signed has headers %v", r.Header)
	}
	if key := r.Header.Get("Api-Key"); key != "" {
		return "api-key " + key, err
	}
	return r.Header.Get("Authorization"), err
}

// What a credential has decides what is sent; only an identity asks for a token.
func TestEntraChoosesTheCredential(t *testing.T) {
	l := newLogin(t)
	for _, c := range []struct {
		name, want string
		fields     map[string]string
	}{
		{"key", "api-key key", map[string]string{"azure_auth_mode": ""}},
		{"default mode", "api-key key", map[string]string{"azure_auth_mode": "Default"}},
		{"ready token", "Bearer ready", map[string]string{"azure_ad_token": "ready"}},
		{"ready token with its prefix", "Bearer ready", map[string]string{"azure_ad_token": "Bearer ready"}},
		{"identity", "Bearer token-1", map[string]string{"azure_auth_mode": "ENTRA"}},
	} {
		got, err := authorization(t, sign.NewEntra(through(l)), identity(c.fields))
		if err != nil || got != c.want {
			t.Errorf("%s: got %q (%v), want %q", c.name, got, err, c.want)
		}
	}
	if len(l.tokens) != 1 {
		t.Errorf("%d token requests, want 1", len(l.tokens))
	}
}

func TestEntraCachesTokens(t *testing.T) {
	l := newLogin(t)
	e := sign.NewEntra(through(l))
	for range 2 {
		if got, err := authorization(t, e, identity(nil)); err != nil || got != "Bearer token-1" {
			t.Fatalf("got %q (%v)", got, err)
		}
	}
	if len(l.tokens) != 1 {
		t.Fatalf("%d token requests for two calls, want 1", len(l.tokens))
	}
	form := l.tokens[0]
	if form.Get("client_id") != "client" || form.Get("client_secret") != secret || form.Get("grant_type") != "client_credentials" ||
		!strings.HasPrefix(form.Get("scope"), "https://cognitiveservices.azure.com/.default") {
		t.Errorf("token request %v", form)
	}
	// Another secret or scope is another token, never the cached one.
	for i, more := range []map[string]string{{"azure_entra_client_secret": "other"}, {"azure_entra_scope": "https://example.net/.default"}, {"azure_entra_tenant_id": "tenant2"}} {
		if got, err := authorization(t, e, identity(more)); err != nil || got != fmt.Sprintf("Bearer token-%d", i+2) {
			t.Errorf("%v: got %q (%v)", more, got, err)
		}
	}
	if got := l.tokens[2].Get("scope"); !strings.HasPrefix(got, "https://example.net/.default") {
		t.Errorf("scope %q", got)
	}
	if !l.hosts["login.microsoftonline.com"] || len(l.hosts) != 1 {
		t.Errorf("asked %v", l.hosts)
	}
}

func TestEntraRefused(t *testing.T) {
	for _, c := range []struct {
		status int
		kind   ai.Kind
		want   string
	}{
		{http.StatusUnauthorized, ai.Unauthenticated, "check the tenant, client and secret"},
		{http.StatusBadRequest, ai.Unauthenticated, "check the tenant, client and secret"},
		{http.StatusServiceUnavailable, ai.Unavailable, "could not be asked"},
	} {
		l := newLogin(t)
		l.status = c.status
		_, err := authorization(t, sign.NewEntra(through(l)), identity(nil))
		e, ok := errors.AsType[*ai.Error](err)
		if !ok || e.Kind != c.kind || e.Code != "azure_token" || !strings.Contains(e.Message, c.want) || !strings.Contains(e.Message, "entra") {
			t.Fatalf("%d: got %+v", c.status, e)
		}
		if strings.Contains(err.Error(), secret) {
			t.Errorf("%d: the secret is in the error: %v", c.status, err)
		}
		if len(l.tokens) != 1 {
			t.Errorf("%d: asked %d times; retries are not the signer's", c.status, len(l.tokens))
		}
	}
}

type broken struct{}

// Do implements sign.Doer.
func (broken) Do(*http.Request) (*http.Response, error) { return nil, errors.New("no route to host") }

func TestEntraUnreachable(t *testing.T) {
	_, err := authorization(t, sign.NewEntra(through(broken{})), identity(nil))
	if e, ok := errors.AsType[*ai.Error](err); !ok || e.Kind != ai.Unavailable || strings.Contains(err.Error(), secret) {
		t.Errorf("got %v", err)
	}
}

// A call that ends while the token is awaited ends for its own reason.
func TestEntraCanceled(t *testing.T) {
	l := newLogin(t)
	for _, cause := range []error{context.Canceled, &ai.Error{Kind: ai.Timeout, Message: "too late"}} {
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(cause)
		err := sign.NewEntra(through(l)).Sign(ctx, &http.Request{Header: http.Header{}}, identity(nil))
		want := ai.Canceled
		if told, ok := errors.AsType[*ai.Error](cause); ok {
			want = told.Kind
		}
		if e, ok := errors.AsType[*ai.Error](err); !ok || e.Kind != want {
			t.Errorf("%v: got %v", cause, err)
		}
	}
}

func TestEntraMistakes(t *testing.T) {
	t.Setenv("AZURE_TENANT_ID", "")
	t.Setenv("AZURE_CLIENT_ID", "")
	t.Setenv("AZURE_FEDERATED_TOKEN_FILE", "")
	l := newLogin(t)
	for _, c := range []struct {
		name, param, message string
		fields               map[string]string
	}{
		{"no tenant", "azure_entra_tenant_id", "needs azure_entra_tenant_id", map[string]string{"azure_entra_tenant_id": ""}},
		{"no client", "azure_entra_client_id", "needs azure_entra_client_id", map[string]string{"azure_entra_client_id": ""}},
		{"no secret", "azure_entra_client_secret", "needs azure_entra_client_secret", map[string]string{"azure_entra_client_secret": ""}},
		{"tenant that is a path", "azure_auth_mode", "is not set up", map[string]string{"azure_entra_tenant_id": "../evil.example"}},
		{"unknown mode", "azure_auth_mode", "default, entra, managed or workload", map[string]string{"azure_auth_mode": "entry"}},
		{"workload without its environment", "azure_auth_mode", "environment", map[string]string{"azure_auth_mode": "workload"}},
	} {
		_, err := authorization(t, sign.NewEntra(through(l)), identity(c.fields))
		e, ok := errors.AsType[*ai.Error](err)
		if !ok || e.Kind != ai.Invalid || e.Param != c.param || !strings.Contains(e.Message, c.message) {
			t.Errorf("%s: got %+v", c.name, e)
		}
	}
	if len(l.hosts) > 0 {
		t.Errorf("a mistake was sent to %v", l.hosts)
	}
}

// The gateway's own identities are asked for through the guarded client too.
func TestEntraOwnIdentities(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("the-federated-token"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AZURE_TENANT_ID", "tenant")
	t.Setenv("AZURE_FEDERATED_TOKEN_FILE", file)
	for _, c := range []struct{ mode, field, host, form, want string }{
		{"managed", "azure_managed_client_id", "169.254.169.254", "client_id", "me"},
		{"workload", "azure_workload_client_id", "login.microsoftonline.com", "client_assertion", "the-federated-token"},
	} {
		l := newLogin(t)
		got, err := authorization(t, sign.NewEntra(through(l)), sign.Credential{Fields: map[string]string{"azure_auth_mode": c.mode, c.field: "me"}})
		if err != nil || got != "Bearer token-1" || !l.hosts[c.host] || len(l.hosts) != 1 {
			t.Fatalf("%s: got %q (%v) from %v", c.mode, got, err, l.hosts)
		}
		if form := l.tokens[0]; form.Get(c.form) != c.want || form.Get("client_id") != "me" {
			t.Errorf("%s: token request %v", c.mode, form)
		}
	}
}

// Identities that callers make up do not fill the memory, and the cache stays of
// use.
func TestEntraForgets(t *testing.T) {
	e := sign.NewEntra(through(broken{}))
	for i := range 3000 {
		_, _ = authorization(t, e, identity(map[string]string{"azure_entra_client_id": fmt.Sprint("client-", i), "azure_entra_tenant_id": "t"}))
	}
	if n := e.Remembered(); n == 0 || n > 1000 {
		t.Errorf("%d identities are remembered", n)
	}
}
