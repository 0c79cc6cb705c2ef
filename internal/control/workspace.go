package control

import (
	"context"
	"errors"
	"time"

	"github.com/portico-ai/portico/internal/access"
)

// A Workspace is a project inside an organisation; keys, credentials and
// configs belong to one.
type Workspace struct {
	ID, OrgID, Slug, Name, Description string
	Icon                               string // an emoji, shown before the name
	IsDefault                          bool
	Metadata                           map[string]string // defaults.metadata
	UserKeyConfig                      string            // id of the config that new user keys get, "" for none
	CreatedBy                          string
	CreatedAt, UpdatedAt, ArchivedAt   time.Time
}

// Title is the name as it is shown, the icon before it.
func (w Workspace) Title() string {
	if w.Icon == "" {
		return w.Name
	}
	return w.Icon + " " + w.Name
}

// A WorkspaceStore keeps workspaces.
type WorkspaceStore interface {
	InsertWorkspace(ctx context.Context, w Workspace) error
	UpdateWorkspace(ctx context.Context, w Workspace) error
	// ArchiveWorkspace archives a workspace with everything in it, forgets the
	// secrets of its virtual keys, and ends its memberships.
	ArchiveWorkspace(ctx context.Context, t Tenant, at time.Time) error
	// FindWorkspace finds by id or slug; an empty ref means the default one.
	FindWorkspace(ctx context.Context, orgID, ref string) (Workspace, error)
	Workspaces(ctx context.Context, orgID string, f WorkspaceFilter, p Page) ([]Workspace, int, error)
}

// A WorkspaceFilter narrows a list. Empty fields do not.
type WorkspaceFilter struct {
	ID, ExactName, NameContains string
	Member                      string // a user's id: those they are a member of
	Archived                    bool   // archived ones instead of the others
}

// Workspaces lists the workspaces the caller can see: a workspace key sees its
// own, a person those they are a member of, who leads the organisation all.
func (s *Service) Workspaces(ctx context.Context, p access.Principal, f WorkspaceFilter, page Page) ([]Workspace, int, error) {
	if err := require(p, access.WorkspacesList); err != nil {
		return nil, 0, err
	}
	switch {
	case p.IsOrg():
	case p.IsSession():
		f.Member = p.UserID
	default:
		f.ID = p.WorkspaceID
	}
	list, total, err := s.store.Workspaces(ctx, p.OrgID, f, page)
	return list, total, storeError(err, "Workspace")
}

// Workspace finds one of the caller's workspaces by id or slug.
func (s *Service) Workspace(ctx context.Context, p access.Principal, ref string) (Workspace, error) {
	if err := require(p, access.WorkspacesRead); err != nil {
		return Workspace{}, err
	}
	return findWorkspace(ctx, s.store, p, ref)
}

// findWorkspace is for requests whose path names the workspace: one that the
// caller is not in does not exist for them.
func findWorkspace(ctx context.Context, store Store, p access.Principal, ref string) (Workspace, error) {
	w, err := store.FindWorkspace(ctx, p.OrgID, ref)
	if err == nil && !p.IsOrg() && w.ID != p.WorkspaceID {
		err = ErrNotFound
	}
	return w, storeError(err, "Workspace")
}

// Target is the workspace that a request is about. A workspace key is locked to
// its own, whatever ref says; an organisation principal names one by id or slug,
// and means the default one when it names none.
func (s *Service) Target(ctx context.Context, p access.Principal, ref string) (Workspace, error) {
	named := ref
	if !p.IsOrg() {
		ref = p.WorkspaceID
	}
	w, err := s.store.FindWorkspace(ctx, p.OrgID, ref)
	if errors.Is(err, ErrNotFound) {
		return Workspace{}, noWorkspace(ref)
	}
	// A person who means another one than the request was let in for must not
	// find their change in this one.
	if err == nil && !p.IsOrg() && p.IsSession() && named != "" && named != w.ID && named != w.Slug {
		return Workspace{}, noWorkspace(named)
	}
	return w, storeError(err, "Workspace")
}

// noWorkspace is the answer to a workspace that does not exist and to one that
// the caller is not in.
func noWorkspace(ref string) error {
	e := forbidden("There is no workspace %q here, or it is not yours", ref)
	e.Param = "workspace_id"
	return e
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
