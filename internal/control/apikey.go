package control

import (
	"context"
	"time"

	"github.com/portico-ai/portico/internal/access"
)

// An APIKey lets a program in. Its values are stored as digests only.
type APIKey struct {
	ID, OrgID         string
	WorkspaceID       string // "" for an organisation key
	UserID            string // whose it is; workspace user keys only
	Type              access.KeyType
	Name, Description string
	Masked            string // as shown: ab*****xyz
	Scopes            []access.Scope
	Defaults          KeyDefaults
	CreationMode      string // "ui", "api", "auto"
	CreatedBy         string
	ExpiresAt         time.Time // zero: never
	CreatedAt         time.Time
	UpdatedAt         time.Time

	Digest    string    // of the current value, hexadecimal
	OldDigest string    // of the one before, while a rotation lasts
	OldUntil  time.Time // when the old value stops working
}

// KeyDefaults apply to requests made with a key.
type KeyDefaults struct {
	Metadata   map[string]string
	ConfigID   string // "" for none
	LockConfig bool   // requests may not name another config
}

// Status is active or expired at the given time.
func (k *APIKey) Status(now time.Time) Status {
	if !k.ExpiresAt.IsZero() && !now.Before(k.ExpiresAt) {
		return Expired
	}
	return Active
}

// An APIKeyStore keeps API keys. Digests are unique. With an empty workspace in
// the tenant, queries cover all keys of the organisation, its own included.
type APIKeyStore interface {
	InsertAPIKey(ctx context.Context, k APIKey) error
	UpdateAPIKey(ctx context.Context, k APIKey) error
	ArchiveAPIKey(ctx context.Context, t Tenant, id string, at time.Time) error
	FindAPIKey(ctx context.Context, t Tenant, id string) (APIKey, error)
	APIKeys(ctx context.Context, t Tenant, f APIKeyFilter, p Page) ([]APIKey, int, error)
}

// An APIKeyFilter narrows a list. Empty fields do not.
type APIKeyFilter struct {
	Types    []access.KeyType
	IDs      []string
	ConfigID string // keys that have it as their default
	UserID   string // keys that are this user's
}

// APIKeyInput is what a caller may say of a key. Nil fields keep their value,
// or get the default of a new key.
type APIKeyInput struct {
	Workspace           string // id or slug; for organisation principals
	Name, Description   *string
	UserID              string // new user keys only
	Scopes              *[]access.Scope
	Metadata            *map[string]string
	ConfigRef           *string // id or slug of a config; "" for none
	AllowConfigOverride *bool
	ExpiresAt           *time.Time // zero: never
	CreationMode        string
}

// keyScopes are the scopes that the verbs on a key of a type need.
var keyScopes = map[access.KeyType]struct{ create, read, update, delete, list, rotate access.Scope }{
	access.OrgService: {access.OrgKeysCreate, access.OrgKeysRead, access.OrgKeysUpdate,
		access.OrgKeysDelete, access.OrgKeysList, access.OrgKeysRotate},
	access.WorkspaceService: {access.ServiceKeysCreate, access.ServiceKeysRead, access.ServiceKeysUpdate,
		access.ServiceKeysDelete, access.ServiceKeysList, access.ServiceKeysRotate},
	access.WorkspaceUser: {access.UserKeysCreate, access.UserKeysRead, access.UserKeysUpdate,
		access.UserKeysDelete, access.UserKeysList, access.UserKeysRotate},
}

// APIKeys lists the keys of the types that the caller may list. An organisation
// principal that names no workspace sees all of them.
func (s *Service) APIKeys(ctx context.Context, p access.Principal, ref string, f APIKeyFilter, page Page) ([]APIKey, int, error) {
	for _, t := range []access.KeyType{access.OrgService, access.WorkspaceService, access.WorkspaceUser} {
		if p.May(keyScopes[t].list) {
			f.Types = append(f.Types, t)
		}
	}
	if len(f.Types) == 0 {
		return nil, 0, require(p, access.OrgKeysList, access.ServiceKeysList, access.UserKeysList)
	}
	if p.OwnKeysOnly() {
		f.UserID = p.UserID
	}
	t := Tenant{Org: p.OrgID, Workspace: p.WorkspaceID}
	if p.IsOrg() && ref != "" {
		w, err := s.Target(ctx, p, ref)
		if err != nil {
			return nil, 0, err
		}
		t = w.tenant()
	}
	list, total, err := s.store.APIKeys(ctx, t, f, page)
	return list, total, storeError(err, "API key")
}

// APIKey finds one key.
func (s *Service) APIKey(ctx context.Context, p access.Principal, id string) (APIKey, error) {
	k, err := s.findAPIKey(ctx, s.store, p, id)
	if err != nil {
		return APIKey{}, err
	}
	return k, require(p, keyScopes[k.Type].read)
}

func (s *Service) findAPIKey(ctx context.Context, store Store, p access.Principal, id string) (APIKey, error) {
	k, err := store.FindAPIKey(ctx, Tenant{Org: p.OrgID, Workspace: p.WorkspaceID}, id)
	if err == nil && p.OwnKeysOnly() && k.UserID != p.UserID {
		err = ErrNotFound
	}
	return k, storeError(err, "API key")
}

// DeleteAPIKey revokes a key; it stops working before this returns, and so do the
// links of invites that were made with it. A key that
// manages keys cannot revoke itself by mistake: it must be another one.
func (s *Service) DeleteAPIKey(ctx context.Context, p access.Principal, id string) error {
	k, err := s.findAPIKey(ctx, s.store, p, id)
	if err != nil {
		return err
	}
	if err := require(p, keyScopes[k.Type].delete); err != nil {
		return err
	}
	if k.ID == p.KeyID {
		return conflict("id", "a key cannot delete itself; use another key or the console")
	}
	err = s.write(ctx, func(tx Store) error {
		if err := tx.CancelInvitesBy(ctx, p.OrgID, id, s.now()); err != nil {
			return err
		}
		return tx.ArchiveAPIKey(ctx, Tenant{Org: p.OrgID, Workspace: p.WorkspaceID}, id, s.now())
	}, func() { s.directory.RemoveKey(id) })
	return storeError(err, "API key")
}
