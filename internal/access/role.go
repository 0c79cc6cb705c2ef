package access

import "slices"

// A Role is what a person is, in the organisation or in a workspace.
type Role string

// The roles. An organisation has owners, admins and members; a workspace has
// admins, managers and members. Owners and admins of the organisation are admins
// of every workspace.
const (
	Owner   Role = "owner"
	Admin   Role = "admin"
	Manager Role = "manager"
	Member  Role = "member"
)

// OrganisationRoles and WorkspaceRoles list the roles, the strongest first.
var (
	OrganisationRoles = []Role{Owner, Admin, Member}
	WorkspaceRoles    = []Role{Admin, Manager, Member}
)

// LeadsOrganisation reports whether the role in the organisation reaches into
// every workspace.
func (r Role) LeadsOrganisation() bool { return r == Owner || r == Admin }

// InOrganisation returns the scopes that the role in the organisation gives in
// all of it. A plain member's come from their workspaces.
func (r Role) InOrganisation() []Scope {
	if r.LeadsOrganisation() {
		return All()
	}
	return nil
}

// InWorkspace returns the scopes that the role in a workspace gives there.
func (r Role) InWorkspace() []Scope {
	var bit holders
	switch r {
	case Admin, Manager:
		bit = byLead
	case Member:
		bit = byMember
	}
	return slices.DeleteFunc(All(), func(s Scope) bool { return catalogue[s]&bit == 0 })
}

// Lacks returns a scope of those that the principal could not grant, "" if there
// is none. Nobody hands out a role that can do what they cannot.
func (p Principal) Lacks(scopes []Scope) Scope {
	for _, s := range scopes {
		if !p.MayGrant(s) {
			return s
		}
	}
	return ""
}
