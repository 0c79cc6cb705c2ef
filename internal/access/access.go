// Package access says who may do what: principals, roles and scopes. It is pure;
// finding out who somebody is happens elsewhere.
package access

import "slices"

// A Scope is a permission by its documented dot name.
type Scope string

// The scopes this version checks. The documented names of features to come may
// be granted and are kept.
const (
	Completions Scope = "completions.write"

	LogsView   Scope = "logs.view"
	LogsList   Scope = "logs.list"
	LogsWrite  Scope = "logs.write"
	LogsExport Scope = "logs.export"
	Analytics  Scope = "analytics.view"

	ConfigsCreate Scope = "configs.create"
	ConfigsRead   Scope = "configs.read"
	ConfigsUpdate Scope = "configs.update"
	ConfigsDelete Scope = "configs.delete"
	ConfigsList   Scope = "configs.list"

	VirtualKeysCreate Scope = "virtual_keys.create"
	VirtualKeysRead   Scope = "virtual_keys.read"
	VirtualKeysUpdate Scope = "virtual_keys.update"
	VirtualKeysDelete Scope = "virtual_keys.delete"
	VirtualKeysList   Scope = "virtual_keys.list"

	OrgKeysCreate Scope = "organisation_service_api_keys.create"
	OrgKeysRead   Scope = "organisation_service_api_keys.read"
	OrgKeysUpdate Scope = "organisation_service_api_keys.update"
	OrgKeysDelete Scope = "organisation_service_api_keys.delete"
	OrgKeysList   Scope = "organisation_service_api_keys.list"
	OrgKeysRotate Scope = "organisation_service_api_keys.rotate"

	ServiceKeysCreate Scope = "workspace_service_api_keys.create"
	ServiceKeysRead   Scope = "workspace_service_api_keys.read"
	ServiceKeysUpdate Scope = "workspace_service_api_keys.update"
	ServiceKeysDelete Scope = "workspace_service_api_keys.delete"
	ServiceKeysList   Scope = "workspace_service_api_keys.list"
	ServiceKeysRotate Scope = "workspace_service_api_keys.rotate"

	UserKeysCreate Scope = "workspace_user_api_keys.create"
	UserKeysRead   Scope = "workspace_user_api_keys.read"
	UserKeysUpdate Scope = "workspace_user_api_keys.update"
	UserKeysDelete Scope = "workspace_user_api_keys.delete"
	UserKeysList   Scope = "workspace_user_api_keys.list"
	UserKeysRotate Scope = "workspace_user_api_keys.rotate"

	OrgSettingsRead   Scope = "organisation_settings.read"
	OrgSettingsUpdate Scope = "organisation_settings.update"

	UsersCreate Scope = "organisation_users.create" // invites, too
	UsersRead   Scope = "organisation_users.read"
	UsersUpdate Scope = "organisation_users.update"
	UsersDelete Scope = "organisation_users.delete"
	UsersList   Scope = "organisation_users.list"

	WorkspacesCreate Scope = "workspaces.create"
	WorkspacesRead   Scope = "workspaces.read"
	WorkspacesUpdate Scope = "workspaces.update"
	WorkspacesDelete Scope = "workspaces.delete"
	WorkspacesList   Scope = "workspaces.list"

	MembersCreate Scope = "workspace_users.create"
	MembersRead   Scope = "workspace_users.read"
	MembersUpdate Scope = "workspace_users.update"
	MembersDelete Scope = "workspace_users.delete"
	MembersList   Scope = "workspace_users.list"
)

// KeyType is what kind of API key somebody holds.
type KeyType string

// The key types. An organisation key manages; it does not call models.
const (
	OrgService       KeyType = "organisation-service"
	WorkspaceService KeyType = "workspace-service"
	WorkspaceUser    KeyType = "workspace-user"
)

// A Principal is whoever makes a request, once known.
type Principal struct {
	OrgID       string
	WorkspaceID string // "" for an organisation key, an owner and an admin
	UserID      string
	KeyID       string  // "" for a console session
	KeyType     KeyType // "" for a console session
	Role        Role    // in the organisation; console sessions only
	Within      Role    // in the workspace; console sessions of plain members only
	Scopes      []Scope
}

// NoWorkspace is the WorkspaceID of a member who belongs to none. No workspace
// has this id, so what asks for its rows finds nothing.
const NoWorkspace = "none"

// IsSession reports whether a person acts in the console, and not a key.
func (p Principal) IsSession() bool { return p.KeyID == "" }

// OwnKeysOnly reports whether the principal sees and changes no user keys but
// its own: a plain member of a workspace.
func (p Principal) OwnKeysOnly() bool { return p.Within == Member }

// May reports whether the principal holds the scope. Holding one grants no other.
func (p Principal) May(s Scope) bool { return slices.Contains(p.Scopes, s) }

// IsOrg reports whether the principal acts for the organisation, and so names
// the workspace it means in each request.
func (p Principal) IsOrg() bool { return p.WorkspaceID == "" }
