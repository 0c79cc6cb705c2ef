package api

import (
	"net/http"
	"slices"
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
}

// Identify reads the key of a data-plane request: x-portkey-api-key, else
// Authorization: Bearer, else x-api-key (as Anthropic's SDK sends it). What the
// others then hold is the caller's own provider key.
func (k Keys) Identify(h http.Header) (*Caller, error) {
	own, bearer, apiKey := h.Get("X-Portkey-Api-Key"), bearerToken(h), h.Get("X-Api-Key")
	c := &Caller{}
	if values := h["X-Portkey-Api-Key"]; len(values) > 1 && slices.ContainsFunc(values, func(v string) bool { return v != own }) {
		return nil, twoKeys("x-portkey-api-key")
	}
	var value string
	switch {
	case own != "":
		value, c.Carrier = own, "X-Portkey-Api-Key"
		if other := firstOf(bearer, apiKey); other != "" && other != own {
			if _, ours := k.Directory.Key(k.Digest(other)); ours {
				return nil, twoKeys("Authorization")
			}
			c.ProviderKey = ai.NewSecret(other)
		}
	case bearer != "":
		value, c.Carrier = bearer, "Authorization"
		c.ProviderKey = ai.NewSecret(apiKey)
	default:
		value, c.Carrier = apiKey, "X-Api-Key"
	}
	if value == "" {
		return nil, invalidKey("No API key was sent. Use x-portkey-api-key: <key> or Authorization: Bearer <key>")
	}
	key, ok := k.Directory.Key(k.Digest(value))
	if !ok {
		return nil, invalidKey("Portkey Error: Invalid API Key. Error Code: 03")
	}
	if !key.ExpiresAt.IsZero() && time.Now().After(key.ExpiresAt) {
		return nil, &ai.Error{Kind: ai.Unauthenticated, Type: "authentication_error", Code: "01",
			Message: "Portkey Error: API Key expired. Error Code: 01"}
	}
	c.Key = key
	return c, nil
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

// twoKeys refuses a request of which nobody could say whose it is.
func twoKeys(header string) error {
	return &ai.Error{Kind: ai.Invalid, Type: "invalid_request_error", Param: header, Code: "two_keys",
		Message: "The request carries two different API keys. Send one in x-portkey-api-key; Authorization is for the provider's key"}
}

func invalidKey(message string) error {
	return &ai.Error{Kind: ai.Unauthenticated, Type: "authentication_error", Code: "03", Message: message}
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
