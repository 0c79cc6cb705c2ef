package control

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/portico-ai/portico/internal/access"
)

// A Member is a person in a workspace.
type Member struct {
	OrgID, WorkspaceID, UserID string
	Role                       access.Role // as it was given; see Effective
	Email, Name                string
	OrgRole                    access.Role
	CreatedAt, UpdatedAt       time.Time
}

// Effective is the role that counts: who leads the organisation is an admin of
// every workspace.
func (m Member) Effective() access.Role {
	if m.OrgRole.LeadsOrganisation() {
		return access.Admin
	}
	return m.Role
}

// A Membership says where a person belongs.
type Membership struct {
	UserID                     string
	Role                       access.Role
	WorkspaceID, WorkspaceSlug string
}

// A MemberStore keeps who is in which workspace. Archived workspaces have no
// members.
type MemberStore interface {
	InsertMember(ctx context.Context, m Member) error
	UpdateMember(ctx context.Context, m Member) error
	DeleteMember(ctx context.Context, t Tenant, userID string) error
	FindMember(ctx context.Context, t Tenant, userID string) (Member, error)
	Members(ctx context.Context, t Tenant, f MemberFilter, p Page) ([]Member, int, error)
	// Memberships lists where the users belong; each one's default workspace comes
	// first, then the oldest.
	Memberships(ctx context.Context, orgID string, userIDs []string) ([]Membership, error)
}

// A MemberFilter narrows a list. Empty fields do not.
type MemberFilter struct {
	Role  access.Role // the effective one
	Email string
}

// MemberInput is a person and the role they are to have.
type MemberInput struct {
	UserID string
	Role   access.Role
}

// Members lists the people of a workspace.
func (s *Service) Members(ctx context.Context, p access.Principal, ref string, f MemberFilter, page Page) ([]Member, int, error) {
	if err := require(p, access.MembersList); err != nil {
		return nil, 0, err
	}
	w, err := findWorkspace(ctx, s.store, p, ref)
	if err != nil {
		return nil, 0, err
	}
	f.Email = normalEmail(f.Email)
	list, total, err := s.store.Members(ctx, w.tenant(), f, page)
	return list, total, storeError(err, "Member")
}

// Member finds one person of a workspace.
func (s *Service) Member(ctx context.Context, p access.Principal, ref, userID string) (Member, error) {
	if err := require(p, access.MembersRead); err != nil {
		return Member{}, err
	}
	w, err := findWorkspace(ctx, s.store, p, ref)
	if err != nil {
		return Member{}, err
	}
	m, err := s.store.FindMember(ctx, w.tenant(), userID)
	return m, storeError(err, "Member")
}

// AddMembers lets people of the organisation into a workspace: all, or none.
func (s *Service) AddMembers(ctx context.Context, p access.Principal, ref string, in []MemberInput) error {
	if err := require(p, access.MembersCreate); err != nil {
		return err
	}
	if len(in) == 0 {
		return invalid("users", "users is required: an array of {id, role}")
	}
	err := s.write(ctx, func(tx Store) error {
		w, err := findWorkspace(ctx, tx, p, ref)
		if err != nil {
			return err
		}
		for i, m := range in {
			at := "users[" + strconv.Itoa(i) + "]"
			if err := mayGiveInWorkspace(p, m.Role, at+".role"); err != nil {
				return err
			}
			if err := s.addMember(ctx, tx, w, at+".id", m); err != nil {
				return err
			}
		}
		return nil
	}, nil)
	return storeError(err, "Member")
}

// addMember adds one person; at is the field that names them.
func (s *Service) addMember(ctx context.Context, tx Store, w Workspace, at string, in MemberInput) error {
	u, err := tx.FindUser(ctx, w.OrgID, in.UserID)
	if errors.Is(err, ErrNotFound) {
		return invalid(at, "there is no user %q in the organisation; invite them first", in.UserID)
	}
	if err != nil {
		return storeError(err, "User")
	}
	now := s.now()
	err = tx.InsertMember(ctx, Member{OrgID: w.OrgID, WorkspaceID: w.ID, UserID: u.ID, Role: in.Role, CreatedAt: now, UpdatedAt: now})
	if errors.Is(err, ErrConflict) {
		return conflict(at, "%s is a member of the workspace already", u.Email)
	}
	return storeError(err, "Member")
}

// UpdateMember gives a person another role in a workspace. What the new role
// does not grant is taken from their keys there.
func (s *Service) UpdateMember(ctx context.Context, p access.Principal, ref, userID string, role access.Role) error {
	if err := require(p, access.MembersUpdate); err != nil {
		return err
	}
	if err := mayGiveInWorkspace(p, role, "role"); err != nil {
		return err
	}
	keys := s.newKeyChanges()
	err := s.write(ctx, func(tx Store) error {
		m, err := findMember(ctx, tx, p, ref, userID)
		if err != nil {
			return err
		}
		if m.OrgRole.LeadsOrganisation() && role != access.Admin {
			return conflict("role", "%s is %s of the organisation, and so an admin of every workspace", m.Email, article(m.OrgRole))
		}
		lost := without(m.Effective().InWorkspace(), role.InWorkspace())
		m.Role, m.UpdatedAt = role, s.now()
		if err := tx.UpdateMember(ctx, m); err != nil {
			return err
		}
		return keys.withdraw(ctx, tx, Tenant{m.OrgID, m.WorkspaceID}, m.UserID, lost, s.now())
	}, keys.publish)
	return storeError(err, "Member")
}

// RemoveMember takes a person out of a workspace, and their keys with them.
func (s *Service) RemoveMember(ctx context.Context, p access.Principal, ref, userID string) error {
	if err := require(p, access.MembersDelete); err != nil {
		return err
	}
	keys := s.newKeyChanges()
	err := s.write(ctx, func(tx Store) error {
		m, err := findMember(ctx, tx, p, ref, userID)
		if err != nil {
			return err
		}
		t := Tenant{m.OrgID, m.WorkspaceID}
		if err := tx.DeleteMember(ctx, t, userID); err != nil || m.OrgRole.LeadsOrganisation() {
			return err // who leads the organisation stays an admin here
		}
		return keys.revoke(ctx, tx, t, userID, s.now())
	}, keys.publish)
	return storeError(err, "Member")
}

func findMember(ctx context.Context, tx Store, p access.Principal, ref, userID string) (Member, error) {
	w, err := findWorkspace(ctx, tx, p, ref)
	if err != nil {
		return Member{}, err
	}
	return tx.FindMember(ctx, w.tenant(), userID)
}

// isIn reports whether a person is in a workspace, as a member or because they
// lead the organisation.
func isIn(ctx context.Context, store Store, t Tenant, userID string) (bool, error) {
	u, err := store.FindUser(ctx, t.Org, userID)
	if err == nil && !u.Role.LeadsOrganisation() {
		_, err = store.FindMember(ctx, t, userID)
	}
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}
