package sagemaker_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/provider"
	"github.com/portico-ai/portico/internal/provider/sagemaker"
	"github.com/portico-ai/portico/internal/sign"
)

type noTokens struct{}

// Do implements sign.Doer.
func (noTokens) Do(*http.Request) (*http.Response, error) { return nil, errors.New("no network") }

func row(t *testing.T) *provider.Provider {
	t.Helper()
	r, err := provider.NewRegistry(sagemaker.New(sign.Clients{Tokens: noTokens{}, Identity: noTokens{}}))
	if err != nil {
		t.Fatal(err)
	}
	p, _ := r.Get(sagemaker.ID)
	return p
}

func TestRequests(t *testing.T) {
	p := row(t)
	headers := http.Header{}
	want := map[string]string{}
	for _, name := range []string{"custom-attributes", "target-model", "target-variant", "target-container-hostname", "inference-id",
		"enable-explanations", "inference-component", "session-id"} {
		headers.Set("x-portkey-amzn-sagemaker-"+name, "value of "+name)
		want["X-Amzn-Sagemaker-"+name] = "value of " + name
	}
	headers.Set("x-portkey-amzn-sagemaker-model-name", "llama")
	headers.Set("x-portkey-aws-access-key-id", "AKIA")
	headers.Set("x-portkey-aws-secret-access-key", "secret")
	headers.Set("x-portkey-aws-region", "eu-west-1")
	for stream, path := range map[bool]string{false: "invocations", true: "invocations-response-stream"} {
		r, err := p.Encode(t.Context(), &provider.Call{Op: ai.Chat, Model: "my-endpoint", Stream: stream, Body: []byte(`{"model":"my-endpoint","n":1}`), Fields: p.FromHeader(headers)})
		if err != nil {
			t.Fatal(err)
		}
		if got, want := r.URL.String(), "https://runtime.sagemaker.eu-west-1.amazonaws.com/endpoints/my-endpoint/"+path; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		if body, _ := io.ReadAll(r.Body); string(body) != `{"model":"llama","n":1}` {
			t.Errorf("body %s", body)
		}
		for name, value := range want {
			if r.Header.Get(name) != value {
				t.Errorf("%s: %q", name, r.Header.Get(name))
			}
		}
		auth := r.Header.Get("Authorization")
		if !strings.Contains(auth, "/eu-west-1/sagemaker/aws4_request") || !strings.Contains(auth, "x-amzn-sagemaker-target-model") || r.Header.Get("X-Amzn-Sagemaker-Model-Name") != "" {
			t.Errorf("signed %s, sent %v", auth, r.Header)
		}
	}
}

func TestOwnIdentityStaysWithAmazon(t *testing.T) {
	c := &provider.Call{Op: ai.Chat, Model: "m", Body: []byte("{}"), Base: "https://evil.example", Fields: map[string]string{"aws_auth_type": "serviceRole"}}
	_, err := row(t).Encode(t.Context(), c)
	if e, ok := errors.AsType[*ai.Error](err); !ok || e.Param != "custom_host" {
		t.Errorf("got %v", err)
	}
}
