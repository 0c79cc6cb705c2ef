package control

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/portico-ai/portico/internal/access"
)

// CreateVirtualKey stores a provider credential; it can be used when this returns.
func (s *Service) CreateVirtualKey(ctx context.Context, p access.Principal, in VirtualKeyInput) (VirtualKey, error) {
	if err := require(p, access.VirtualKeysCreate); err != nil {
		return VirtualKey{}, err
	}
	w, err := s.Target(ctx, p, in.Workspace)
	if err != nil {
		return VirtualKey{}, err
	}
	if in.Provider == nil {
		in.Provider = new(string)
	}
	info, err := s.provider(*in.Provider)
	if err != nil {
		return VirtualKey{}, err
	}
	if in.Name == nil {
		in.Name = new(string)
	}
	now := s.now()
	k := VirtualKey{
		ID: uuid.NewString(), OrgID: w.OrgID, WorkspaceID: w.ID, Provider: info.ID, Status: Active,
		Fields: map[string]string{}, OwnerID: actor(p), UpdatedBy: actor(p), CreatedAt: now,
	}
	var bad problems
	k.Slug = nameSlug(*in.Name)
	if in.Slug != nil && *in.Slug != "" {
		bad.checkSlug(*in.Slug)
		k.Slug = *in.Slug
	}
	var secrets credential
	s.applyVirtualKey(&bad, &k, &secrets, info, in)
	checkRequiredFields(&bad, info, k)
	checkRequiredSecrets(&bad, info, secrets)
	if err := bad.err(); err != nil {
		return VirtualKey{}, err
	}
	s.sealCredential(&k, secrets)
	err = s.write(ctx, func(tx Store) error { return tx.InsertVirtualKey(ctx, k) }, func() { s.publishVirtualKey(k) })
	if errors.Is(err, ErrConflict) {
		return VirtualKey{}, conflict("slug", "a virtual key with the slug %q already exists in this workspace", k.Slug)
	}
	return k, storeError(err, "Virtual key")
}

// UpdateVirtualKey changes what the input names. Secrets are bound to where they
// are sent: an update that changes that without sending a secret again drops it.
func (s *Service) UpdateVirtualKey(ctx context.Context, p access.Principal, ref string, in VirtualKeyInput) (VirtualKey, error) {
	if err := require(p, access.VirtualKeysUpdate); err != nil {
		return VirtualKey{}, err
	}
	var k VirtualKey
	err := s.write(ctx, func(tx Store) (err error) {
		if k, err = s.findVirtualKey(ctx, tx, p, in.Workspace, ref); err != nil {
			return err
		}
		if err := s.mergeVirtualKey(&k, in); err != nil {
			return err
		}
		k.UpdatedBy = actor(p)
		return tx.UpdateVirtualKey(ctx, k)
	}, func() { s.publishVirtualKey(k) })
	return k, storeError(err, "Virtual key")
}

func (s *Service) mergeVirtualKey(k *VirtualKey, in VirtualKeyInput) error {
	info, err := s.provider(k.Provider)
	if err != nil {
		return err
	}
	if in.Provider != nil && *in.Provider != k.Provider {
		return invalid("provider", "a virtual key keeps its provider (%s); make a new one instead", k.Provider)
	}
	if in.Slug != nil && *in.Slug != k.Slug && *in.Slug != k.ID {
		return invalid("slug", "a virtual key keeps its slug (%s); make a new one instead", k.Slug)
	}
	secrets, err := s.openCredential(*k)
	if err != nil {
		return err
	}
	before := destination(info, k)
	held := secrets
	var bad problems
	var sent credential
	s.applyVirtualKey(&bad, k, &sent, info, in)
	checkRequiredFields(&bad, info, *k)
	if err := bad.err(); err != nil {
		return err
	}
	if destination(info, k) != before {
		secrets = credential{}
	}
	secrets.merge(sent)
	var missing problems
	checkRequiredSecrets(&missing, info, secrets)
	switch {
	case !secrets.covers(held) || len(missing) > 0:
		k.Status = SecretMissing
	case !sent.empty():
		k.Status = Active
	}
	s.sealCredential(k, secrets)
	return nil
}

// applyVirtualKey validates the input; it writes what is secret into secrets and
// the rest into k.
func (s *Service) applyVirtualKey(bad *problems, k *VirtualKey, secrets *credential, info ProviderInfo, in VirtualKeyInput) {
	k.UpdatedAt = s.now()
	if in.Name != nil {
		bad.checkName(in.Name)
		k.Name = *in.Name
	}
	if in.Note != nil {
		bad.checkText("note", *in.Note)
		k.Note = *in.Note
	}
	if in.ExpiresAt != nil {
		if !in.ExpiresAt.IsZero() && !in.ExpiresAt.After(k.UpdatedAt) {
			bad.add("expires_at", "expires_at must be in the future")
		}
		k.ExpiresAt = in.ExpiresAt.UTC().Truncate(time.Millisecond)
	}
	if in.CustomHost != nil {
		bad.checkHost("custom_host", *in.CustomHost, s.checkHost)
		k.CustomHost = *in.CustomHost
	}
	if in.CustomHeaders != nil {
		bad.checkHeaders(*in.CustomHeaders)
		secrets.Headers = *in.CustomHeaders
	}
	if in.Key != nil {
		secrets.Key = strings.TrimSpace(*in.Key) // pasted ones end in a line break
		bad.checkSecret("key", secrets.Key)
	}
	applyDetails(bad, k, secrets, info, in.Details)
	bad.checkURLs(info, k.Fields, s.checkHost)
	applyDeployments(bad, k, in)
}
