package control

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/portico-ai/portico/internal/access"
)

// mayGiveInWorkspace refuses a role that does not exist, or that can do what the
// caller cannot. field is where the request names the role.
func mayGiveInWorkspace(p access.Principal, role access.Role, field string) error {
	if !slices.Contains(access.WorkspaceRoles, role) {
		return invalid(field, "role in a workspace is one of %s", roleNames(access.WorkspaceRoles))
	}
	return mayGive(p, role, role.InWorkspace(), field)
}

// mayGiveInOrganisation does the same for a role in the organisation. Only an
// owner makes an owner.
func mayGiveInOrganisation(p access.Principal, role access.Role, field string) error {
	if !slices.Contains(access.OrganisationRoles, role) {
		return invalid(field, "role in the organisation is one of %s", roleNames(access.OrganisationRoles))
	}
	if role == access.Owner && p.Role != access.Owner {
		e := forbidden("Only an owner can make another owner")
		e.Param = field
		return e
	}
	return mayGive(p, role, role.InOrganisation(), field)
}

func mayGive(p access.Principal, role access.Role, scopes []access.Scope, field string) error {
	if s := p.Lacks(scopes); s != "" {
		e := forbidden("You cannot make somebody %s: that includes the scope %s, which you do not have yourself", article(role), s)
		e.Param = field
		return e
	}
	return nil
}

// article writes a role into a sentence: "a member", "an admin".
func article(r access.Role) string {
	if strings.ContainsRune("aeiou", rune(r[0])) {
		return "an " + string(r)
	}
	return "a " + string(r)
}

func roleNames(roles []access.Role) string {
	names := make([]string, len(roles))
	for i, r := range roles {
		names[i] = string(r)
	}
	return strings.Join(names, ", ")
}

// without returns the scopes of a that are not in b.
func without(a, b []access.Scope) []access.Scope {
	return slices.DeleteFunc(slices.Clone(a), func(s access.Scope) bool { return slices.Contains(b, s) })
}

// keyChanges are what a change of a person's role does to their keys, to be
// published once it is stored.
type keyChanges struct {
	s       *Service
	changed keyViews
	gone    []string
}

func (s *Service) newKeyChanges() keyChanges { return keyChanges{s: s, changed: keyViews{}} }

// revoke archives a person's keys in a tenant.
func (c *keyChanges) revoke(ctx context.Context, tx Store, t Tenant, userID string, at time.Time) error {
	keys, err := userKeys(ctx, tx, t, userID)
	for _, k := range keys {
		if err == nil {
			err = tx.ArchiveAPIKey(ctx, t, k.ID, at)
			c.gone = append(c.gone, k.ID)
		}
	}
	return err
}

// withdraw takes scopes from a person's keys in a workspace. A key that has none
// left is archived.
func (c *keyChanges) withdraw(ctx context.Context, tx Store, t Tenant, userID string, lost []access.Scope, at time.Time) error {
	if len(lost) == 0 {
		return nil
	}
	keys, err := userKeys(ctx, tx, t, userID)
	if err != nil {
		return err
	}
	for _, k := range keys {
		left := without(k.Scopes, lost)
		switch {
		case len(left) == len(k.Scopes):
			continue
		case len(left) == 0:
			err = tx.ArchiveAPIKey(ctx, t, k.ID, at)
			c.gone = append(c.gone, k.ID)
		default:
			k.Scopes, k.UpdatedAt = left, at
			if err = tx.UpdateAPIKey(ctx, k); err == nil {
				err = c.s.viewKey(ctx, tx, k, c.changed)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func userKeys(ctx context.Context, tx Store, t Tenant, userID string) ([]APIKey, error) {
	keys, _, err := tx.APIKeys(ctx, t, APIKeyFilter{UserID: userID}, Everything)
	return keys, err
}

func (c *keyChanges) publish() {
	c.s.publishKeys(c.changed)
	for _, id := range c.gone {
		c.s.directory.RemoveKey(id)
	}
}
