package control

import (
	"context"
	"encoding/hex"
	"maps"
	"time"

	"github.com/portico-ai/portico/internal/access"
	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/directory"
)

// Bounds of the time in which both values of a rotated key work.
const (
	MinTransition = 30 * time.Minute
	MaxTransition = 365 * 24 * time.Hour
)

// RotateAPIKey gives a key a new value. The old one works for the transition
// (0 means the least), and no third is made until then. Who rotates a key gets
// its power, so they must be able to grant it.
func (s *Service) RotateAPIKey(ctx context.Context, p access.Principal, id string, transition time.Duration) (NewKey, error) {
	if transition == 0 {
		transition = MinTransition
	}
	if transition < MinTransition || transition > MaxTransition {
		return NewKey{}, invalid("key_transition_period_ms", "key_transition_period_ms is between %d (30 minutes) and %d (a year)",
			MinTransition.Milliseconds(), MaxTransition.Milliseconds())
	}
	var k APIKey
	value := newKeyValue()
	err := s.write(ctx, func(tx Store) (err error) {
		if k, err = s.findAPIKey(ctx, tx, p, id); err != nil {
			return err
		}
		if err := s.mayRotate(p, k); err != nil {
			return err
		}
		k.UpdatedAt = s.now()
		k.OldDigest, k.OldUntil = k.Digest, k.UpdatedAt.Add(transition)
		s.setKeyValue(&k, value)
		return tx.UpdateAPIKey(ctx, k)
	}, func() { s.publishKey(ctx, k) })
	return NewKey{Key: k, Value: ai.NewSecret(value)}, storeError(err, "API key")
}

func (s *Service) mayRotate(p access.Principal, k APIKey) error {
	if err := require(p, keyScopes[k.Type].rotate); err != nil {
		return err
	}
	for _, sc := range k.Scopes {
		if !p.MayGrant(sc) {
			return forbidden("You cannot rotate a key that holds the scope %s, which you do not have yourself", sc)
		}
	}
	if k.OldDigest != "" && s.now().Before(k.OldUntil) {
		return conflict("id", "this key is in rotation until %s; it has two values already", k.OldUntil.Format(time.RFC3339))
	}
	return nil
}

// publishKey makes the directory know the key by its current value, and by the
// old one for as long as its transition lasts.
func (s *Service) publishKey(ctx context.Context, k APIKey) {
	values, err := s.directoryKeys(ctx, k)
	if err != nil {
		// Stored but not published: better to refuse the key than to serve an old state.
		s.log.ErrorContext(ctx, "an API key could not be published", "key", k.ID, "error", err)
		s.directory.RemoveKey(k.ID)
		return
	}
	s.directory.PutKey(k.ID, values)
}

// directoryKeys is the data plane's view of a key, by digest.
func (s *Service) directoryKeys(ctx context.Context, k APIKey) (map[directory.Digest]*directory.Key, error) {
	d, err := parseDigest(k.Digest)
	if err != nil {
		return nil, err
	}
	metadata, err := s.keyMetadata(ctx, k)
	if err != nil {
		return nil, err
	}
	view := &directory.Key{
		ID: k.ID, Name: k.Name, ExpiresAt: k.ExpiresAt, LockConfig: k.Defaults.LockConfig, Metadata: metadata,
		Principal: access.Principal{
			OrgID: k.OrgID, WorkspaceID: k.WorkspaceID, UserID: k.UserID, KeyID: k.ID, KeyType: k.Type, Scopes: k.Scopes,
		},
	}
	if k.Defaults.ConfigID != "" {
		c, err := s.store.FindConfig(context.WithoutCancel(ctx), Tenant{Org: k.OrgID, Workspace: k.WorkspaceID}, k.Defaults.ConfigID)
		if err != nil {
			return nil, err
		}
		view.ConfigSlug = c.Slug
	}
	values := map[directory.Digest]*directory.Key{d: view}
	if k.OldDigest == "" || !s.now().Before(k.OldUntil) {
		return values, nil
	}
	old, err := parseDigest(k.OldDigest)
	if err != nil {
		return nil, err
	}
	leaving := *view
	if leaving.ExpiresAt.IsZero() || k.OldUntil.Before(leaving.ExpiresAt) {
		leaving.ExpiresAt = k.OldUntil
	}
	values[old] = &leaving
	return values, nil
}

// keyMetadata is what the key's requests carry: its own defaults, and over them
// those of its workspace.
func (s *Service) keyMetadata(ctx context.Context, k APIKey) (map[string]string, error) {
	if k.WorkspaceID == "" {
		return k.Defaults.Metadata, nil
	}
	w, err := s.store.FindWorkspace(context.WithoutCancel(ctx), k.OrgID, k.WorkspaceID)
	if err != nil || len(w.Metadata) == 0 {
		return k.Defaults.Metadata, err
	}
	all := maps.Clone(w.Metadata)
	for key, value := range k.Defaults.Metadata {
		if _, stronger := all[key]; !stronger {
			all[key] = value
		}
	}
	return all, nil
}

func parseDigest(text string) (d directory.Digest, err error) {
	_, err = hex.Decode(d[:], []byte(text))
	return d, err
}
