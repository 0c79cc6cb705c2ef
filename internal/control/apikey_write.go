package control

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/portico-ai/portico/internal/access"
	"github.com/portico-ai/portico/internal/ai"
)

// A NewKey is a key whose value is known this one time.
type NewKey struct {
	Key   APIKey
	Value ai.Secret
}

// CreateAPIKey makes a key of the given type; it works when this returns.
func (s *Service) CreateAPIKey(ctx context.Context, p access.Principal, typ access.KeyType, in APIKeyInput) (NewKey, error) {
	scopes, ok := keyScopes[typ]
	if !ok {
		return NewKey{}, invalid("type", "there is no key type %q", typ)
	}
	if err := require(p, scopes.create); err != nil {
		return NewKey{}, err
	}
	now := s.now()
	k := APIKey{ID: uuid.NewString(), OrgID: p.OrgID, Type: typ, CreationMode: cmp.Or(in.CreationMode, "api"), CreatedBy: actor(p), CreatedAt: now}
	if typ != access.OrgService {
		w, err := s.Target(ctx, p, in.Workspace)
		if err != nil {
			return NewKey{}, err
		}
		k.WorkspaceID = w.ID
		if typ == access.WorkspaceUser && in.ConfigRef == nil && w.UserKeyConfig != "" {
			in.ConfigRef = &w.UserKeyConfig
		}
	}
	if err := s.setKeyUser(ctx, p, &k, in.UserID); err != nil {
		return NewKey{}, err
	}
	if in.Name == nil {
		in.Name = new(string)
	}
	if in.Scopes == nil {
		k.Scopes = slices.DeleteFunc(typ.DefaultScopes(), func(s access.Scope) bool { return !p.MayGrant(s) })
	}
	if in.Scopes == nil && len(k.Scopes) == 0 {
		return NewKey{}, invalid("scopes", "you have none of the scopes that such a key gets by default; name the scopes it should have")
	}
	value := newKeyValue()
	s.setKeyValue(&k, value)
	views := keyViews{}
	err := s.write(ctx, func(tx Store) error {
		if err := s.applyKeyInput(ctx, tx, p, &k, in); err != nil {
			return err
		}
		if err := tx.InsertAPIKey(ctx, k); err != nil {
			return err
		}
		return s.viewKey(ctx, tx, k, views)
	}, func() { s.publishKeys(views) })
	return NewKey{Key: k, Value: ai.NewSecret(value)}, storeError(err, "API key")
}

func (s *Service) setKeyUser(ctx context.Context, p access.Principal, k *APIKey, userID string) error {
	if k.Type != access.WorkspaceUser {
		return nil
	}
	if userID == "" {
		userID = p.UserID
	}
	if userID == "" {
		return invalid("user_id", "user_id is required: whose key this is")
	}
	if p.OwnKeysOnly() && userID != p.UserID {
		return forbidden("A member makes keys for themselves only; ask an admin or a manager of the workspace")
	}
	in, err := isIn(ctx, s.store, Tenant{p.OrgID, k.WorkspaceID}, userID)
	if err == nil && !in {
		return invalid("user_id", "there is no user %q in the workspace; add them first", userID)
	}
	k.UserID = userID
	return storeError(err, "Member")
}

// UpdateAPIKey changes what the input names. Type, user and value stay.
func (s *Service) UpdateAPIKey(ctx context.Context, p access.Principal, id string, in APIKeyInput) error {
	var k APIKey
	views := keyViews{}
	err := s.write(ctx, func(tx Store) (err error) {
		if k, err = s.findAPIKey(ctx, tx, p, id); err != nil {
			return err
		}
		if err := require(p, keyScopes[k.Type].update); err != nil {
			return err
		}
		if err := s.applyKeyInput(ctx, tx, p, &k, in); err != nil {
			return err
		}
		if err := tx.UpdateAPIKey(ctx, k); err != nil {
			return err
		}
		return s.viewKey(ctx, tx, k, views)
	}, func() { s.publishKeys(views) })
	return storeError(err, "API key")
}

// applyKeyInput validates the input and writes it into k.
func (s *Service) applyKeyInput(ctx context.Context, tx Store, p access.Principal, k *APIKey, in APIKeyInput) error {
	var bad problems
	k.UpdatedAt = s.now()
	if in.Name != nil {
		bad.checkName(in.Name)
		k.Name = *in.Name
	}
	if in.Description != nil {
		bad.checkText("description", *in.Description)
		k.Description = *in.Description
	}
	if in.Metadata != nil {
		bad.checkMetadata("defaults.metadata", *in.Metadata)
		k.Defaults.Metadata = *in.Metadata
	}
	if in.AllowConfigOverride != nil {
		k.Defaults.LockConfig = !*in.AllowConfigOverride
	}
	if in.ExpiresAt != nil {
		if !in.ExpiresAt.IsZero() && !in.ExpiresAt.After(k.UpdatedAt) {
			bad.add("expires_at", "expires_at must be in the future")
		}
		k.ExpiresAt = in.ExpiresAt.UTC().Truncate(time.Millisecond)
	}
	checkKeyScopes(&bad, k.Type, in.Scopes)
	if err := bad.err(); err != nil {
		return err
	}
	if err := s.setKeyConfig(ctx, tx, k, in.ConfigRef); err != nil {
		return err
	}
	return setKeyScopes(p, k, in.Scopes)
}

func checkKeyScopes(bad *problems, typ access.KeyType, scopes *[]access.Scope) {
	if scopes == nil {
		return
	}
	if len(*scopes) == 0 {
		bad.add("scopes", "a key needs at least one scope")
	}
	for _, sc := range *scopes {
		switch {
		case !access.Known(sc):
			bad.add("scopes", "there is no scope %q%s", sc, didYouMean(nearestScope(sc)))
		case !typ.MayHold(sc):
			bad.add("scopes", "a key of type %s cannot hold the scope %q", typ, sc)
		}
	}
}

func nearestScope(s access.Scope) string {
	all := access.All()
	names := make([]string, len(all))
	for i, one := range all {
		names[i] = string(one)
	}
	return nearest(string(s), names)
}

// setKeyScopes gives the key the scopes. Nobody adds a scope that they could not
// use themselves; those the key has already may stay.
func setKeyScopes(p access.Principal, k *APIKey, scopes *[]access.Scope) error {
	if scopes == nil {
		return nil
	}
	for _, sc := range *scopes {
		if !slices.Contains(k.Scopes, sc) && !p.MayGrant(sc) {
			return forbidden("You cannot give a key the scope %s, which you do not have yourself", sc)
		}
	}
	k.Scopes = slices.Compact(slices.Sorted(slices.Values(*scopes)))
	return nil
}

func (s *Service) setKeyConfig(ctx context.Context, tx Store, k *APIKey, ref *string) error {
	if ref == nil {
		return nil
	}
	if *ref == "" {
		k.Defaults.ConfigID = ""
		return nil
	}
	if k.Type == access.OrgService {
		return invalid("defaults.config_id", "an organisation key does not call models and takes no default config")
	}
	c, err := tx.FindConfig(ctx, Tenant{Org: k.OrgID, Workspace: k.WorkspaceID}, *ref)
	if errors.Is(err, ErrNotFound) {
		return invalid("defaults.config_id", "there is no config %q in the key's workspace", *ref)
	}
	k.Defaults.ConfigID = c.ID
	return err
}

func (s *Service) setKeyValue(k *APIKey, value string) {
	d := s.Digest(value)
	k.Digest, k.Masked = hex.EncodeToString(d[:]), maskKey(value)
}
