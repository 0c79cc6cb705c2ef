package sign_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/sign"
)

func TestFuncs(t *testing.T) {
	for _, c := range []struct {
		name string
		sign sign.Func
		key  string
		want http.Header
	}{
		{"bearer", sign.Bearer, "k", http.Header{"Authorization": {"Bearer k"}}},
		{"bearer with its prefix", sign.Bearer, "Bearer k", http.Header{"Authorization": {"Bearer k"}}},
		{"bearer in small letters", sign.Bearer, "bearer  k", http.Header{"Authorization": {"Bearer k"}}},
		{"a key that begins like it", sign.Bearer, "bearer-k", http.Header{"Authorization": {"Bearer bearer-k"}}},
		{"a key that is the word", sign.Bearer, "Bearer", http.Header{"Authorization": {"Bearer Bearer"}}},
		{"optional", sign.OptionalBearer, "k", http.Header{"Authorization": {"Bearer k"}}},
		{"optional without", sign.OptionalBearer, "", http.Header{}},
		{"scheme", sign.Scheme("Key"), "k", http.Header{"Authorization": {"Key k"}}},
		{"scheme with its prefix", sign.Scheme("Token"), "token k", http.Header{"Authorization": {"Token k"}}},
		{"scheme with the client's prefix", sign.Scheme("Token"), "Bearer k", http.Header{"Authorization": {"Token k"}}},
		{"header", sign.Header("x-api-key"), "k", http.Header{"X-Api-Key": {"k"}}},
		{"header keeps the key", sign.Header("X-Api-Key"), "Bearer k", http.Header{"X-Api-Key": {"Bearer k"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := &http.Request{Header: http.Header{}}
			if err := c.sign(t.Context(), r, sign.Credential{Key: ai.NewSecret(c.key)}); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, r.Header); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// A signature replaces whatever stood in its place.
func TestSignatureReplaces(t *testing.T) {
	r := &http.Request{Header: http.Header{"Authorization": {"Bearer other", "Basic more"}}}
	if err := sign.Bearer(t.Context(), r, sign.Credential{Key: ai.NewSecret("k")}); err != nil {
		t.Fatal(err)
	}
	if got := r.Header["Authorization"]; len(got) != 1 || got[0] != "Bearer k" {
		t.Errorf("got %q", got)
	}
}

func TestMissingKey(t *testing.T) {
	for name, f := range map[string]sign.Func{"bearer": sign.Bearer, "scheme": sign.Scheme("Key"), "header": sign.Header("X-Api-Key")} {
		r := &http.Request{Header: http.Header{}}
		e, ok := errors.AsType[*ai.Error](f(t.Context(), r, sign.Credential{}))
		if !ok || e.HTTPStatus() != http.StatusUnauthorized || e.Code != "missing_provider_key" || e.Type != "authentication_error" {
			t.Fatalf("%s: got %+v", name, e)
		}
		for _, place := range []string{"x-portkey-virtual-key", "api_key", "Authorization: Bearer"} {
			if !strings.Contains(e.Message, place) {
				t.Errorf("%s: the message does not name %s: %s", name, place, e.Message)
			}
		}
		if len(r.Header) != 0 {
			t.Errorf("%s: headers %v", name, r.Header)
		}
	}
}

// through are clients that are both one.
func through(d sign.Doer) sign.Clients { return sign.Clients{Tokens: d, Identity: d} }

// asked counts the requests of a client that answers none.
type asked int

// Do implements sign.Doer.
func (a *asked) Do(*http.Request) (*http.Response, error) {
	*a++
	return nil, errors.New("no network")
}

// Only the server's own identity is asked for where metadata services can be
// reached; what a credential names is asked for where they cannot.
func TestIdentityHasAWayOutOfItsOwn(t *testing.T) {
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI",
		"AWS_EC2_METADATA_DISABLED", "GOOGLE_APPLICATION_CREDENTIALS", "GCE_METADATA_HOST", "IDENTITY_ENDPOINT", "MSI_ENDPOINT"} {
		t.Setenv(name, "")
	}
	t.Setenv("CLOUDSDK_CONFIG", t.TempDir())
	google := func(c sign.Clients) sign.Func { return sign.NewGoogle(c).Sign }
	aws := func(c sign.Clients) sign.Func { return sign.NewAWS(c, "bedrock").Sign }
	entra := func(c sign.Clients) sign.Func { return sign.NewEntra(c).Sign }
	for _, c := range []struct {
		name   string
		signer func(sign.Clients) sign.Func
		fields map[string]string
		own    bool
	}{
		{"Google's workload identity", google, map[string]string{"vertex_auth_type": "workload"}, true},
		{"a service account", google, ofAccount(map[string]string{"token_uri": "http://169.254.169.254/token"}).Fields, false},
		{"an instance's role", aws, map[string]string{"aws_auth_type": "serviceRole"}, true},
		{"a role assumed with keys", aws, map[string]string{"aws_auth_type": "assumedRole", "aws_role_arn": "arn:aws:iam::1:role/r",
			"aws_access_key_id": "AKIA", "aws_secret_access_key": "secret"}, false},
		{"a managed identity", entra, map[string]string{"azure_auth_mode": "managed"}, true},
		{"an Entra client", entra, map[string]string{"azure_auth_mode": "entra", "azure_entra_tenant_id": "t", "azure_entra_client_id": "c", "azure_entra_client_secret": "s"}, false},
	} {
		var tokens, identity asked
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second) // the SDK of managed identities tries again and again
		err := c.signer(sign.Clients{Tokens: &tokens, Identity: &identity})(ctx, &http.Request{Header: http.Header{}}, sign.Credential{Fields: c.fields})
		cancel()
		if err == nil || (identity > 0) != c.own || (tokens > 0) == c.own {
			t.Errorf("%s: %d questions for tokens, %d for the identity (%v)", c.name, tokens, identity, err)
		}
	}
}
