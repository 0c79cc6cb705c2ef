// Package sign is how a request to a provider proves who sends it. A Func puts
// the credential on the request; it never logs or returns it.
package sign

import (
	"context"
	"net/http"
	"strings"

	"github.com/portico-ai/portico/internal/ai"
)

// A Credential is what a call proves itself with: the provider's API key, and
// the row's other fields by name (region, tenant, client id and so on).
type Credential struct {
	Key    ai.Secret
	Fields map[string]string
}

// A Doer sends a request for a token; in production it is a guarded client.
type Doer interface {
	Do(*http.Request) (*http.Response, error)
}

// Clients are how signers ask for tokens.
type Clients struct {
	Tokens   Doer // asks token endpoints, which a tenant's credential may name
	Identity Doer // asks for the server's own identity where the environment says; nothing of a tenant's goes into where
}

// A Func signs r. An error means that the credential cannot be used: it is an
// *ai.Error that says what is missing.
type Func func(ctx context.Context, r *http.Request, c Credential) error

// Bearer sends the key as "Authorization: Bearer <key>".
func Bearer(_ context.Context, r *http.Request, c Credential) error {
	if c.Key.IsZero() {
		return missingKey()
	}
	r.Header["Authorization"] = []string{"Bearer " + trimBearer(c.Key.Reveal())}
	return nil
}

// Scheme sends the key as "Authorization: <name> <key>".
func Scheme(name string) Func {
	return func(_ context.Context, r *http.Request, c Credential) error {
		if c.Key.IsZero() {
			return missingKey()
		}
		key := trimBearer(c.Key.Reveal())
		if prefix := name + " "; len(key) > len(prefix) && strings.EqualFold(key[:len(prefix)], prefix) {
			key = key[len(prefix):]
		}
		r.Header["Authorization"] = []string{name + " " + key}
		return nil
	}
}

// OptionalBearer is Bearer for servers that may be open, such as a local one.
func OptionalBearer(ctx context.Context, r *http.Request, c Credential) error {
	if c.Key.IsZero() {
		return nil
	}
	return Bearer(ctx, r, c)
}

// Header sends the key as the value of the named header.
func Header(name string) Func {
	name = http.CanonicalHeaderKey(name)
	return func(_ context.Context, r *http.Request, c Credential) error {
		if c.Key.IsZero() {
			return missingKey()
		}
		r.Header[name] = []string{c.Key.Reveal()}
		return nil
	}
}

func missingKey() error {
	return &ai.Error{
		Kind: ai.Unauthenticated, Type: "authentication_error", Code: "missing_provider_key",
		Message: "No API key for the provider. Use a virtual key (x-portkey-virtual-key or @slug/model), " +
			"put api_key in the config's target, or send the provider's key as Authorization: Bearer beside x-portkey-api-key",
	}
}

func trimBearer(key string) string {
	if len(key) > 7 && strings.EqualFold(key[:7], "bearer ") {
		return strings.TrimLeft(key[7:], " ")
	}
	return key
}
