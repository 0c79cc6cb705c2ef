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
	views := keyViews{}
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
		if err := tx.UpdateAPIKey(ctx, k); err != nil {
			return err
		}
		return s.viewKey(ctx, tx, k, views)
	}, func() { s.publishKeys(views) })
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

// keyViews are what the directory is to know of API keys, by id. They are read in
// the transaction that changes the keys, so that nothing is left to fail once that
// is done.
type keyViews map[string]map[directory.Digest]*directory.Key

// viewKey adds a key, as the transaction leaves it.
func (s *Service) viewKey(ctx context.Context, tx Store, k APIKey, to keyViews) (err error) {
	to[k.ID], err = s.directoryKeys(k, lookIn(ctx, tx))
	return err
}

// publishKeys makes the directory know the keys by their values, and by no others.
func (s *Service) publishKeys(views keyViews) {
	for id, values := range views {
		s.directory.PutKey(id, values)
	}
}

// directoryKeys is the data plane's view of a key, by the digest of its current
// value, and of the old one for as long as its transition lasts.
func (s *Service) directoryKeys(k APIKey, look lookup) (map[directory.Digest]*directory.Key, error) {
	d, err := parseDigest(k.Digest)
	if err != nil {
		return nil, err
	}
	metadata, err := keyMetadata(k, look)
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
		c, err := look.config(Tenant{Org: k.OrgID, Workspace: k.WorkspaceID}, k.Defaults.ConfigID)
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
func keyMetadata(k APIKey, look lookup) (map[string]string, error) {
	if k.WorkspaceID == "" {
		return k.Defaults.Metadata, nil
	}
	w, err := look.workspace(k.OrgID, k.WorkspaceID)
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
