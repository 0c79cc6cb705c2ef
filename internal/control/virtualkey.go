package control

import (
	"context"
	"encoding/json"
	"time"

	"github.com/portico-ai/portico/internal/access"
	"github.com/portico-ai/portico/internal/directory"
)

// A VirtualKey is a stored provider credential: what callers name instead of
// the provider's key.
type VirtualKey struct {
	ID, OrgID, WorkspaceID string
	Slug, Name, Note       string
	Provider               string // provider id
	Status                 Status // stored: active or secret_missing
	Fields                 map[string]string
	Deployments            []Deployment
	CustomHost             string
	Destination            string // what Sealed is bound to
	Sealed                 string // all secrets, as one sealed JSON text; "" if there are none
	Masked                 string // the provider's key as shown
	OwnerID, UpdatedBy     string
	ExpiresAt              time.Time // zero: never
	CreatedAt, UpdatedAt   time.Time
}

// A Deployment is one Azure deployment, chosen by its alias. The JSON names are
// those that clients see.
type Deployment struct {
	Name       string `json:"deploymentName"`
	Alias      string `json:"alias,omitempty"`
	APIVersion string `json:"apiVersion"`
	ModelSlug  string `json:"modelSlug,omitempty"`
	IsDefault  bool   `json:"is_default"`
}

// StatusAt is the status at the given time.
func (k *VirtualKey) StatusAt(now time.Time) Status {
	if !k.ExpiresAt.IsZero() && !now.Before(k.ExpiresAt) {
		return Expired
	}
	return k.Status
}

// A VirtualKeyStore keeps virtual keys. Slugs are unique in a workspace; a ref
// is an id or a slug.
type VirtualKeyStore interface {
	InsertVirtualKey(ctx context.Context, k VirtualKey) error
	UpdateVirtualKey(ctx context.Context, k VirtualKey) error
	// ArchiveVirtualKey also forgets the secrets.
	ArchiveVirtualKey(ctx context.Context, t Tenant, id string, at time.Time) error
	FindVirtualKey(ctx context.Context, t Tenant, ref string) (VirtualKey, error)
	VirtualKeys(ctx context.Context, t Tenant, p Page) ([]VirtualKey, int, error)
}

// VirtualKeyInput is what a caller may say of a virtual key. Nil fields keep
// their value. Details are the provider's own fields by their snake_case name.
type VirtualKeyInput struct {
	Workspace     string // id or slug; for organisation principals
	Name, Note    *string
	Slug          *string // new ones only
	Provider      *string // new ones only
	Key           *string // the provider's API key
	Details       map[string]json.RawMessage
	Deployments   *[]Deployment
	CustomHost    *string
	CustomHeaders *map[string]string
	ExpiresAt     *time.Time // zero: never
}

// VirtualKeys lists a workspace's virtual keys.
func (s *Service) VirtualKeys(ctx context.Context, p access.Principal, ref string, page Page) ([]VirtualKey, Workspace, int, error) {
	if err := require(p, access.VirtualKeysList); err != nil {
		return nil, Workspace{}, 0, err
	}
	w, err := s.Target(ctx, p, ref)
	if err != nil {
		return nil, Workspace{}, 0, err
	}
	list, total, err := s.store.VirtualKeys(ctx, w.tenant(), page)
	return list, w, total, storeError(err, "Virtual key")
}

// VirtualKey finds a virtual key by id or slug.
func (s *Service) VirtualKey(ctx context.Context, p access.Principal, workspace, ref string) (VirtualKey, error) {
	if err := require(p, access.VirtualKeysRead); err != nil {
		return VirtualKey{}, err
	}
	k, err := s.findVirtualKey(ctx, s.store, p, workspace, ref)
	return k, storeError(err, "Virtual key")
}

func (s *Service) findVirtualKey(ctx context.Context, store Store, p access.Principal, workspace, ref string) (k VirtualKey, err error) {
	err = s.locate(ctx, p, workspace, func(t Tenant) error {
		k, err = store.FindVirtualKey(ctx, t, ref)
		return err
	})
	return k, err
}

// DeleteVirtualKey archives a virtual key and forgets its secrets.
func (s *Service) DeleteVirtualKey(ctx context.Context, p access.Principal, workspace, ref string) error {
	if err := require(p, access.VirtualKeysDelete); err != nil {
		return err
	}
	var k VirtualKey
	err := s.write(ctx, func(tx Store) (err error) {
		if k, err = s.findVirtualKey(ctx, tx, p, workspace, ref); err != nil {
			return err
		}
		return tx.ArchiveVirtualKey(ctx, k.tenant(), k.ID, s.now())
	}, func() { s.directory.RemoveIntegration(k.WorkspaceID, k.ID) })
	return storeError(err, "Virtual key")
}

func (k *VirtualKey) tenant() Tenant { return Tenant{Org: k.OrgID, Workspace: k.WorkspaceID} }

func (k *VirtualKey) publicDeployments() []directory.Deployment {
	out := make([]directory.Deployment, len(k.Deployments))
	for i, d := range k.Deployments {
		out[i] = directory.Deployment(d)
	}
	return out
}
