package api

import (
	"net/http"
	"strings"
	"time"

	"github.com/portico-ai/portico/internal/access"
	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/directory"
)

// A Caller is who sent a request to the data plane, and what they carried.
type Caller struct {
	Key         *directory.Key
	ProviderKey ai.Secret // the caller's own credential for a provider, if any
	Carrier     string    // canonical name of the header that carried the Portico key
}

// Keys finds out who is calling from an API key. It holds no key itself.
type Keys struct {
	Directory directory.Directory
	Digest    func(key string) directory.Digest
	Now       func() time.Time // nil means time.Now
}

// CarriesKey reports whether a request brings a credential in any of the headers
// that Identify reads.
func CarriesKey(h http.Header) bool {
	return h.Get("X-Portkey-Api-Key") != "" || bearerToken(h) != "" || h.Get("X-Api-Key") != "" || h.Get("X-Goog-Api-Key") != ""
}

// Identify finds the caller by the key in x-portkey-api-key, else in
// Authorization: Bearer, else in x-api-key (as Anthropic's SDK sends it), else in
// x-goog-api-key (as Google's does). What the others then hold is the caller's own provider key. A key that is unknown,
// malformed or expired is answered with 401, and two different ones with 400:
// which of them counts must not depend on who reads the request.
func (k Keys) Identify(h http.Header) (*Caller, error) {
	own, bearer, apiKey := strings.TrimSpace(h.Get("X-Portkey-Api-Key")), bearerToken(h), strings.TrimSpace(h.Get("X-Api-Key"))
	for _, v := range h["X-Portkey-Api-Key"] {
		if strings.TrimSpace(v) != own {
			return nil, twoKeys()
		}
	}
	c := &Caller{}
	googKey := strings.TrimSpace(h.Get("X-Goog-Api-Key"))
	value, others := "", []string(nil)
	switch {
	case own != "":
		value, c.Carrier, others = own, "X-Portkey-Api-Key", []string{bearer, apiKey, googKey}
	case bearer != "":
		value, c.Carrier, others = bearer, "Authorization", []string{apiKey, googKey}
	case apiKey != "":
		value, c.Carrier, others = apiKey, "X-Api-Key", []string{googKey}
	case googKey != "":
		value, c.Carrier = googKey, "X-Goog-Api-Key"
	default:
		return nil, noKey()
	}
	for _, other := range others {
		if other == "" || other == value {
			continue
		}
		if _, ours := k.Directory.Key(k.Digest(other)); ours {
			return nil, twoKeys()
		}
		if c.ProviderKey.IsZero() {
			c.ProviderKey = ai.NewSecret(other)
		}
	}
	key, ok := k.Directory.Key(k.Digest(value))
	if !ok {
		return nil, InvalidKey()
	}
	if !key.ExpiresAt.IsZero() && !k.now().Before(key.ExpiresAt) {
		return nil, &ai.Error{Kind: ai.Unauthenticated, Type: "authentication_error", Code: "01",
			Message: "Portkey Error: API Key expired. Error Code: 01"}
	}
	c.Key = key
	return c, nil
}

func (k Keys) now() time.Time {
	if k.Now != nil {
		return k.Now()
	}
	return time.Now()
}

// InvalidKey has the wording that Portkey's clients know.
func InvalidKey() error {
	return &ai.Error{Kind: ai.Unauthenticated, Type: "authentication_error", Code: "03", Message: "Portkey Error: Invalid API Key. Error Code: 03"}
}

func noKey() error {
	return &ai.Error{Kind: ai.Unauthenticated, Type: "authentication_error", Code: "03",
		Message: "Portkey Error: Invalid API Key. Error Code: 03. No API key was sent; use x-portkey-api-key: <key> or Authorization: Bearer <key>"}
}

func twoKeys() error {
	return &ai.Error{Kind: ai.Invalid, Type: "invalid_request_error", Param: "x-portkey-api-key", Code: "two_keys",
		Message: "This request carries two different API keys; send one, in x-portkey-api-key or as Authorization: Bearer"}
}

// MayInfer refuses keys that may not call models, and says which can.
func (c *Caller) MayInfer() error {
	p := c.Key.Principal
	if p.KeyType == access.OrgService {
		return &ai.Error{Kind: ai.Forbidden, Type: "permission_error", Code: "admin_key",
			Message: "This is an admin key: it manages and does not call models. Make a workspace key with POST /v1/api-keys/workspace/service and use that"}
	}
	if !p.May(access.Completions) {
		return &ai.Error{Kind: ai.Forbidden, Type: "permission_error", Code: "033",
			Message: "Portkey Error: Forbidden! This API key lacks the scope " + string(access.Completions) + ". Error Code: 033"}
	}
	return nil
}

func bearerToken(h http.Header) string {
	v := h.Get("Authorization")
	if len(v) > 7 && strings.EqualFold(v[:7], "bearer ") {
		return strings.TrimSpace(v[7:])
	}
	return ""
}

func firstOf(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}
