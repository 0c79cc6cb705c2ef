package sign_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

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
