package control

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/portico-ai/portico/internal/access"
)

// A Workspace is a project inside an organisation; keys, credentials and
// configs belong to one.
type Workspace struct {
	ID, OrgID, Slug, Name, Description string
	IsDefault                          bool
	Metadata                           map[string]string // defaults.metadata
	CreatedAt, UpdatedAt               time.Time
}

// A WorkspaceStore keeps workspaces.
type WorkspaceStore interface {
	InsertWorkspace(ctx context.Context, w Workspace) error
	// FindWorkspace finds by id or slug; an empty ref means the default one.
	FindWorkspace(ctx context.Context, orgID, ref string) (Workspace, error)
	Workspaces(ctx context.Context, orgID string, f WorkspaceFilter, p Page) ([]Workspace, int, error)
}

// A WorkspaceFilter narrows a list. Empty fields do not.
type WorkspaceFilter struct {
	ID, ExactName, NameContains string
}

// WorkspaceInput is what a caller may say of a workspace.
type WorkspaceInput struct {
	Name, Description, Slug string
	Metadata                map[string]string
}

// CreateWorkspace makes a workspace in the caller's organisation.
func (s *Service) CreateWorkspace(ctx context.Context, p access.Principal, in WorkspaceInput) (Workspace, error) {
	if err := require(p, access.WorkspacesCreate); err != nil {
		return Workspace{}, err
	}
	var bad problems
	bad.checkName(&in.Name)
	bad.checkText("description", in.Description)
	bad.checkMetadata("defaults.metadata", in.Metadata)
	if in.Slug != "" {
		bad.checkSlug(in.Slug)
	}
	if err := bad.err(); err != nil {
		return Workspace{}, err
	}
	now := s.now()
	w := Workspace{
		ID: uuid.NewString(), OrgID: p.OrgID, Slug: cmp.Or(in.Slug, shortSlug("ws", in.Name)),
		Name: in.Name, Description: in.Description, Metadata: in.Metadata, CreatedAt: now, UpdatedAt: now,
	}
	err := s.write(ctx, func(tx Store) error { return tx.InsertWorkspace(ctx, w) }, nil)
	if errors.Is(err, ErrConflict) {
		return Workspace{}, conflict("slug", "a workspace with the slug %q already exists", w.Slug)
	}
	return w, storeError(err, "Workspace")
}

// Workspaces lists the workspaces the caller can see: a workspace key sees its own.
func (s *Service) Workspaces(ctx context.Context, p access.Principal, f WorkspaceFilter, page Page) ([]Workspace, int, error) {
	if err := require(p, access.WorkspacesList); err != nil {
		return nil, 0, err
	}
	f.ID = p.WorkspaceID
	list, total, err := s.store.Workspaces(ctx, p.OrgID, f, page)
	return list, total, storeError(err, "Workspace")
}

// Workspace finds one of the caller's workspaces by id or slug.
func (s *Service) Workspace(ctx context.Context, p access.Principal, ref string) (Workspace, error) {
	if err := require(p, access.WorkspacesRead); err != nil {
		return Workspace{}, err
	}
	w, err := s.store.FindWorkspace(ctx, p.OrgID, ref)
	if err == nil && !p.IsOrg() && w.ID != p.WorkspaceID {
		err = ErrNotFound
	}
	return w, storeError(err, "Workspace")
}

// Target is the workspace that a request is about. A workspace key is locked to
// its own, whatever ref says; an organisation principal names one by id or slug,
// and means the default one when it names none.
func (s *Service) Target(ctx context.Context, p access.Principal, ref string) (Workspace, error) {
	if !p.IsOrg() {
		ref = p.WorkspaceID
	}
	w, err := s.store.FindWorkspace(ctx, p.OrgID, ref)
	if errors.Is(err, ErrNotFound) {
		e := forbidden("There is no workspace %q here, or it is not yours", ref)
		e.Param = "workspace_id"
		return Workspace{}, e
	}
	return w, storeError(err, "Workspace")
}

func (w Workspace) tenant() Tenant { return Tenant{Org: w.OrgID, Workspace: w.ID} }

// locate runs find in the workspace a request is about. An organisation
// principal that names none is given what it asks for from any workspace; the
// default one comes first.
func (s *Service) locate(ctx context.Context, p access.Principal, ref string, find func(Tenant) error) error {
	w, err := s.Target(ctx, p, ref)
	if err != nil {
		return err
	}
	err = find(w.tenant())
	if errors.Is(err, ErrNotFound) && ref == "" && p.IsOrg() {
		err = find(Tenant{Org: p.OrgID})
	}
	return err
}
