package control

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"

	"github.com/google/uuid"
	"github.com/portico-ai/portico/internal/access"
)

const maxIcon = 32 // bytes; an emoji may be many

// WorkspaceInput is what a caller may say of a workspace. Nil fields keep their
// value.
type WorkspaceInput struct {
	Name, Description, Icon *string
	Metadata                *map[string]string
	UserKeyConfig           *string // id or slug of a config; "" for none; not of a new workspace

	// Of a new workspace only.
	Slug  string
	Users []string // ids of people who become its members
}

// CreateWorkspace makes a workspace in the caller's organisation. A person who
// makes one is its admin.
func (s *Service) CreateWorkspace(ctx context.Context, p access.Principal, in WorkspaceInput) (Workspace, error) {
	if err := require(p, access.WorkspacesCreate); err != nil {
		return Workspace{}, err
	}
	if in.Name == nil {
		in.Name = new(string) // told to be missing
	}
	if in.UserKeyConfig != nil && *in.UserKeyConfig != "" {
		return Workspace{}, invalid("defaults.user_api_key_config", "a new workspace has no configs yet; make the config in it, then set this")
	}
	in.UserKeyConfig = nil
	now := s.now()
	w := Workspace{ID: uuid.NewString(), OrgID: p.OrgID, CreatedBy: actor(p), CreatedAt: now}
	err := s.write(ctx, func(tx Store) error {
		if err := s.applyWorkspaceInput(ctx, tx, &w, in); err != nil {
			return err
		}
		w.Slug = cmp.Or(in.Slug, shortSlug("ws", w.Name))
		if err := tx.InsertWorkspace(ctx, w); err != nil {
			return err
		}
		return s.addFirstMembers(ctx, tx, p, w, in.Users)
	}, nil)
	if errors.Is(err, ErrConflict) {
		return Workspace{}, conflict("slug", "a workspace with the slug %q already exists", w.Slug)
	}
	return w, storeError(err, "Workspace")
}

func (s *Service) addFirstMembers(ctx context.Context, tx Store, p access.Principal, w Workspace, users []string) error {
	if len(users) > 0 {
		if err := mayGiveInWorkspace(p, access.Member, "users"); err != nil {
			return err
		}
	}
	if p.UserID != "" && !slices.Contains(users, p.UserID) {
		if err := s.addMember(ctx, tx, w, "users", MemberInput{p.UserID, access.Admin}); err != nil {
			return err
		}
	}
	for i, id := range users {
		role := access.Member
		if id == p.UserID {
			role = access.Admin
		}
		if err := s.addMember(ctx, tx, w, "users["+strconv.Itoa(i)+"]", MemberInput{id, role}); err != nil {
			return err
		}
	}
	return nil
}

// UpdateWorkspace changes what the input names; new metadata holds for the
// requests that come after it.
func (s *Service) UpdateWorkspace(ctx context.Context, p access.Principal, ref string, in WorkspaceInput) (Workspace, error) {
	if err := require(p, access.WorkspacesUpdate); err != nil {
		return Workspace{}, err
	}
	var w Workspace
	views := keyViews{}
	err := s.write(ctx, func(tx Store) (err error) {
		if w, err = findWorkspace(ctx, tx, p, ref); err != nil {
			return err
		}
		if err := s.applyWorkspaceInput(ctx, tx, &w, in); err != nil {
			return err
		}
		if err := tx.UpdateWorkspace(ctx, w); err != nil || in.Metadata == nil {
			return err
		}
		return s.viewWorkspaceKeys(ctx, tx, w, views)
	}, func() { s.publishKeys(views) })
	return w, storeError(err, "Workspace")
}

// viewWorkspaceKeys adds all keys of a workspace, as the transaction leaves them.
func (s *Service) viewWorkspaceKeys(ctx context.Context, tx Store, w Workspace, views keyViews) error {
	keys, _, err := tx.APIKeys(ctx, w.tenant(), APIKeyFilter{}, Everything)
	for _, k := range keys {
		if err == nil {
			err = s.viewKey(ctx, tx, k, views)
		}
	}
	return err
}

// applyWorkspaceInput validates the input and writes it into w.
func (s *Service) applyWorkspaceInput(ctx context.Context, tx Store, w *Workspace, in WorkspaceInput) error {
	var bad problems
	w.UpdatedAt = s.now()
	if in.Name != nil {
		bad.checkName(in.Name)
		w.Name = *in.Name
	}
	if in.Description != nil {
		bad.checkText("description", *in.Description)
		w.Description = *in.Description
	}
	if in.Icon != nil {
		if len(*in.Icon) > maxIcon {
			bad.add("icon", "icon is an emoji of at most %d bytes", maxIcon)
		}
		w.Icon = *in.Icon
	}
	if in.Metadata != nil {
		bad.checkMetadata("defaults.metadata", *in.Metadata)
		w.Metadata = *in.Metadata
	}
	if in.Slug != "" {
		bad.checkSlug(in.Slug)
	}
	if err := bad.err(); err != nil {
		return err
	}
	if in.UserKeyConfig == nil {
		return nil
	}
	w.UserKeyConfig = ""
	if *in.UserKeyConfig == "" {
		return nil
	}
	c, err := tx.FindConfig(ctx, w.tenant(), *in.UserKeyConfig)
	if errors.Is(err, ErrNotFound) {
		return invalid("defaults.user_api_key_config", "there is no config %q in this workspace", *in.UserKeyConfig)
	}
	w.UserKeyConfig = c.ID
	return err
}

// DeleteWorkspace archives a workspace; its keys stop working before this
// returns. One that holds something goes only by force, and then its name must be
// repeated. A name that is given must be right in any case.
func (s *Service) DeleteWorkspace(ctx context.Context, p access.Principal, ref, name string, force bool) error {
	if err := require(p, access.WorkspacesDelete); err != nil {
		return err
	}
	var w Workspace
	err := s.write(ctx, func(tx Store) (err error) {
		if w, err = findWorkspace(ctx, tx, p, ref); err != nil {
			return err
		}
		if err := mayDelete(ctx, tx, w, name, force); err != nil {
			return err
		}
		return tx.ArchiveWorkspace(ctx, w.tenant(), s.now())
	}, func() { s.directory.RemoveWorkspace(w.ID) })
	return storeError(err, "Workspace")
}

func mayDelete(ctx context.Context, tx Store, w Workspace, name string, force bool) error {
	if w.IsDefault {
		return conflict("", "the default workspace cannot be deleted")
	}
	if name != "" && name != w.Name && name != w.Title() {
		return invalid("name", "name is not this workspace's; repeat it to confirm that it is the one to delete")
	}
	_, configs, err := tx.Configs(ctx, w.tenant(), Page{Size: 1})
	if err != nil {
		return err
	}
	_, virtualKeys, err := tx.VirtualKeys(ctx, w.tenant(), Page{Size: 1})
	if err != nil || configs+virtualKeys == 0 {
		return err
	}
	if !force {
		return conflict("force_delete", "the workspace holds configs (%d) or virtual keys (%d); delete them first, or send its name and force_delete: true", configs, virtualKeys)
	}
	if name == "" {
		return invalid("name", "to delete a workspace that is not empty, repeat its name in name")
	}
	return nil
}
