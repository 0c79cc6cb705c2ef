package control

import (
	"context"
	"strings"

	"github.com/portico-ai/portico/internal/access"
)

// FirstName and LastName are the two parts that clients show of a name.
func (u User) FirstName() string { first, _ := splitName(u.Name); return first }

// LastName is empty for a name of one word.
func (u User) LastName() string { _, last := splitName(u.Name); return last }

func splitName(name string) (first, last string) {
	first, last, _ = strings.Cut(name, " ")
	return first, strings.TrimSpace(last)
}

// A Person is a user and where they belong.
type Person struct {
	User
	Workspaces []Membership
}

// UserInput is what a caller may say of a user. Nil fields keep their value.
type UserInput struct {
	Name *string
	Role *access.Role
}

// Users lists the people of the organisation.
func (s *Service) Users(ctx context.Context, p access.Principal, f UserFilter, page Page) ([]Person, int, error) {
	if err := require(p, access.UsersList); err != nil {
		return nil, 0, err
	}
	f.Email = normalEmail(f.Email)
	users, total, err := s.store.Users(ctx, p.OrgID, f, page)
	if err != nil {
		return nil, 0, storeError(err, "User")
	}
	people, err := s.people(ctx, p.OrgID, users...)
	return people, total, err
}

// User finds one person.
func (s *Service) User(ctx context.Context, p access.Principal, id string) (Person, error) {
	if err := require(p, access.UsersRead); err != nil {
		return Person{}, err
	}
	u, err := s.store.FindUser(ctx, p.OrgID, id)
	if err != nil {
		return Person{}, storeError(err, "User")
	}
	people, err := s.people(ctx, p.OrgID, u)
	if err != nil {
		return Person{}, err
	}
	return people[0], nil
}

// people says where the users belong.
func (s *Service) people(ctx context.Context, orgID string, users ...User) ([]Person, error) {
	ids := make([]string, len(users))
	all := make([]Person, len(users))
	at := map[string]int{}
	for i, u := range users {
		ids[i], all[i].User, at[u.ID] = u.ID, u, i
	}
	memberships, err := s.store.Memberships(ctx, orgID, ids)
	for _, m := range memberships {
		one := &all[at[m.UserID]]
		one.Workspaces = append(one.Workspaces, m)
	}
	return all, storeError(err, "Member")
}

// UpdateUser changes what the input names. Only an owner changes an owner, and
// the last one stays. Who leads the organisation no longer keeps, in each
// workspace, what their role there grants.
func (s *Service) UpdateUser(ctx context.Context, p access.Principal, id string, in UserInput) error {
	if err := require(p, access.UsersUpdate); err != nil {
		return err
	}
	var bad problems
	if in.Name != nil {
		bad.checkName(in.Name)
	}
	if err := bad.err(); err != nil {
		return err
	}
	if in.Role != nil {
		if err := mayGiveInOrganisation(p, *in.Role, "role"); err != nil {
			return err
		}
	}
	keys := s.newKeyChanges()
	err := s.write(ctx, func(tx Store) error {
		u, err := tx.FindUser(ctx, p.OrgID, id)
		if err != nil {
			return err
		}
		before := u.Role
		if in.Name != nil {
			u.Name = *in.Name
		}
		if in.Role != nil {
			u.Role = *in.Role
		}
		if err := mayChangeUser(ctx, tx, p, u, before); err != nil {
			return err
		}
		u.UpdatedAt = s.now()
		if err := tx.UpdateUser(ctx, u); err != nil {
			return err
		}
		if !before.LeadsOrganisation() || u.Role.LeadsOrganisation() {
			return nil
		}
		return s.stepDown(ctx, tx, u, &keys)
	}, keys.publish)
	return storeError(err, "User")
}

// mayChangeUser guards owners. u is as it shall be, without a role where the user
// goes.
func mayChangeUser(ctx context.Context, tx Store, p access.Principal, u User, before access.Role) error {
	if before != access.Owner {
		return nil
	}
	if p.Role != access.Owner {
		return forbidden("Only an owner can change or remove an owner")
	}
	if u.Role == access.Owner {
		return nil
	}
	owners, err := tx.CountUsers(ctx, u.OrgID, access.Owner)
	if err == nil && owners < 2 {
		return conflict("role", "%s is the last owner; make somebody else an owner first", u.Email)
	}
	return err
}

// stepDown withdraws what a user held as a leader of the organisation and does
// not hold any more.
func (s *Service) stepDown(ctx context.Context, tx Store, u User, keys *keyChanges) error {
	now := s.now()
	if err := tx.CancelInvitesBy(ctx, u.OrgID, u.ID, now); err != nil {
		return err
	}
	memberships, err := tx.Memberships(ctx, u.OrgID, []string{u.ID})
	if err != nil {
		return err
	}
	roles := map[string]access.Role{}
	for _, m := range memberships {
		roles[m.WorkspaceID] = m.Role
	}
	all, err := userKeys(ctx, tx, Tenant{Org: u.OrgID}, u.ID)
	if err != nil {
		return err
	}
	done := map[string]bool{}
	for _, k := range all {
		if done[k.WorkspaceID] {
			continue
		}
		done[k.WorkspaceID] = true
		t := Tenant{u.OrgID, k.WorkspaceID}
		if role, in := roles[k.WorkspaceID]; in {
			err = keys.withdraw(ctx, tx, t, u.ID, without(access.Admin.InWorkspace(), role.InWorkspace()), now)
		} else {
			err = keys.revoke(ctx, tx, t, u.ID, now)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// DeleteUser removes a person: their sessions end and their keys stop working
// before this returns, and the invites they have sent are void.
func (s *Service) DeleteUser(ctx context.Context, p access.Principal, id string) error {
	if err := require(p, access.UsersDelete); err != nil {
		return err
	}
	keys := s.newKeyChanges()
	err := s.write(ctx, func(tx Store) error {
		u, err := tx.FindUser(ctx, p.OrgID, id)
		if err != nil {
			return err
		}
		before := u.Role
		u.Role = ""
		if err := mayChangeUser(ctx, tx, p, u, before); err != nil {
			return err
		}
		now := s.now()
		if err := keys.revoke(ctx, tx, Tenant{Org: u.OrgID}, u.ID, now); err != nil {
			return err
		}
		if err := tx.CancelInvitesBy(ctx, u.OrgID, u.ID, now); err != nil {
			return err
		}
		return tx.ArchiveUser(ctx, u.OrgID, u.ID, now)
	}, keys.publish)
	return storeError(err, "User")
}
