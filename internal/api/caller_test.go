package api

import (
	"crypto/sha256"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/portico-ai/portico/internal/access"
	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/directory"
)

func testKeys() Keys {
	digest := func(key string) directory.Digest { return sha256.Sum256([]byte(key)) }
	key := func(id string, typ access.KeyType, expires time.Time) *directory.Key {
		return &directory.Key{ID: id, ExpiresAt: expires, Principal: access.Principal{KeyType: typ, Scopes: []access.Scope{access.Completions}}}
	}
	m := directory.NewMemory()
	m.Load(directory.Snapshot{Keys: map[directory.Digest]*directory.Key{
		digest("mine"):  key("mine", access.WorkspaceService, time.Time{}),
		digest("yours"): key("yours", access.WorkspaceService, time.Time{}),
		digest("old"):   key("old", access.WorkspaceService, time.Unix(1, 0)),
		digest("admin"): key("admin", access.OrgService, time.Time{}),
	}})
	return Keys{Directory: m, Digest: digest}
}

func TestIdentify(t *testing.T) {
	for name, test := range map[string]struct {
		headers  http.Header
		id       string
		carrier  string
		provider string
		status   int // of the error, 0 for none
	}{
		"own header":                     {http.Header{"X-Portkey-Api-Key": {"mine"}}, "mine", "X-Portkey-Api-Key", "", 0},
		"bearer":                         {http.Header{"Authorization": {"Bearer mine"}}, "mine", "Authorization", "", 0},
		"bearer in another case":         {http.Header{"Authorization": {"bearer mine"}}, "mine", "Authorization", "", 0},
		"x-api-key":                      {http.Header{"X-Api-Key": {"mine"}}, "mine", "X-Api-Key", "", 0},
		"own and a provider's bearer":    {http.Header{"X-Portkey-Api-Key": {"mine"}, "Authorization": {"Bearer sk-1"}}, "mine", "X-Portkey-Api-Key", "sk-1", 0},
		"own and a provider's x-api-key": {http.Header{"X-Portkey-Api-Key": {"mine"}, "X-Api-Key": {"sk-2"}}, "mine", "X-Portkey-Api-Key", "sk-2", 0},
		"bearer and x-api-key":           {http.Header{"Authorization": {"Bearer mine"}, "X-Api-Key": {"sk-3"}}, "mine", "Authorization", "sk-3", 0},
		"x-goog-api-key":                 {http.Header{"X-Goog-Api-Key": {"mine"}}, "mine", "X-Goog-Api-Key", "", 0},
		"own and a provider's x-goog":    {http.Header{"X-Portkey-Api-Key": {"mine"}, "X-Goog-Api-Key": {"gk-1"}}, "mine", "X-Portkey-Api-Key", "gk-1", 0},
		"bearer and x-goog-api-key":      {http.Header{"Authorization": {"Bearer mine"}, "X-Goog-Api-Key": {"gk-2"}}, "mine", "Authorization", "gk-2", 0},
		"x-api-key and ours in x-goog":   {http.Header{"X-Api-Key": {"mine"}, "X-Goog-Api-Key": {"yours"}}, "", "", "", 400},
		"the same key twice":             {http.Header{"X-Portkey-Api-Key": {"mine"}, "Authorization": {"Bearer mine"}}, "mine", "X-Portkey-Api-Key", "", 0},
		"two of ours":                    {http.Header{"X-Portkey-Api-Key": {"mine"}, "Authorization": {"Bearer yours"}}, "", "", "", 400},
		"two of ours in one header":      {http.Header{"X-Portkey-Api-Key": {"mine", "yours"}}, "", "", "", 400},
		"unknown":                        {http.Header{"X-Portkey-Api-Key": {"nope"}}, "", "", "", 401},
		"expired":                        {http.Header{"X-Portkey-Api-Key": {"old"}}, "", "", "", 401},
		"none":                           {http.Header{}, "", "", "", 401},
		"basic":                          {http.Header{"Authorization": {"Basic bWluZQ=="}}, "", "", "", 401},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := testKeys().Identify(test.headers)
			if test.status != 0 {
				if e, ok := errors.AsType[*ai.Error](err); !ok || e.HTTPStatus() != test.status {
					t.Fatalf("%v, want status %d", err, test.status)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if c.Key.ID != test.id || c.Carrier != test.carrier || c.ProviderKey.Reveal() != test.provider {
				t.Errorf("key %s by %s, provider's %q", c.Key.ID, c.Carrier, c.ProviderKey.Reveal())
			}
		})
	}
}

func TestAdminKeysDoNotCallModels(t *testing.T) {
	c, err := testKeys().Identify(http.Header{"X-Portkey-Api-Key": {"admin"}})
	if err != nil {
		t.Fatal(err)
	}
	e, ok := errors.AsType[*ai.Error](c.MayInfer())
	if !ok || e.HTTPStatus() != 403 {
		t.Errorf("an admin key may call models: %v", e)
	}
}
