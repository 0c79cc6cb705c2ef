package access

import "slices"

// holders says who may hold a scope: keys by their type, people by their role
// in a workspace. Owners and admins of the organisation hold every scope.
type holders uint8

const (
	byOrg     holders = 1 << iota // organisation keys
	byService                     // workspace service keys
	byUser                        // workspace user keys
	byLead                        // admins and managers of a workspace
	byMember                      // members of a workspace
)

const (
	byWorkspace = byService | byUser | byLead | byMember
	byAll       = byOrg | byWorkspace
	byWriters   = byAll &^ byMember // members look, they do not change
)

// A group is a resource and the verbs that go with it.
type group struct {
	resources []string
	verbs     []string
	holders   holders
}

var (
	crud   = []string{"create", "read", "update", "delete", "list"}
	rotate = []string{"create", "read", "update", "delete", "list", "rotate"}
	look   = []string{"read", "list"}
	change = []string{"create", "update", "delete"}
)

// groups is the permission table: the documented list of scopes and who may hold
// each. Where a scope appears twice, the holders add up.
var groups = []group{
	{[]string{"organisation_users", "organisation_guardrails", "deployments", "secret_references"}, crud, byOrg},
	{[]string{"organisation_service_api_keys"}, rotate, byOrg},
	{[]string{"organisation_settings"}, []string{"read", "update"}, byOrg},
	{[]string{"organisation_exclusions"}, []string{"update", "list"}, byOrg},
	{[]string{"audit_logs"}, []string{"list"}, byOrg},
	{[]string{"plugins"}, []string{"create", "update", "list"}, byOrg},
	{[]string{"workspaces"}, []string{"create", "delete"}, byOrg},
	{organisationShared, crud, byOrg},
	{organisationShared, []string{"list"}, byWorkspace},

	{[]string{"workspaces"}, look, byAll},
	{[]string{"workspaces"}, []string{"update"}, byWriters},
	{workspaceResources, look, byAll},
	{workspaceResources, change, byWriters},
	{[]string{"prompts"}, []string{"create", "read", "update", "list"}, byAll},
	{[]string{"prompts"}, []string{"delete", "publish"}, byWriters},
	{[]string{"virtual_keys"}, []string{"copy"}, byAll},
	{[]string{"virtual_keys"}, []string{"duplicate"}, byWriters},
	{[]string{"analytics"}, []string{"view"}, byAll},
	{[]string{"logs"}, []string{"list", "view"}, byAll},
	{[]string{"logs"}, []string{"export"}, byWriters},

	{[]string{"workspace_service_api_keys"}, rotate, byOrg | byService | byLead},
	{[]string{"workspace_user_api_keys"}, rotate, byOrg | byService | byLead | byMember}, // a member's own

	{[]string{"completions", "logs"}, []string{"write"}, byWorkspace},
	{[]string{"prompts"}, []string{"render"}, byWorkspace},
	{[]string{"guardrails", "mcp", "agents"}, []string{"invoke"}, byWorkspace},
}

var workspaceResources = []string{
	"workspace_users", "configs", "guardrails", "virtual_keys", "providers", "policies",
	"workspace_integrations", "workspace_mcp_integrations", "workspace_agent_integrations", "mcp_servers", "agent_servers",
}

var organisationShared = []string{
	"organisation_integrations", "organisation_mcp_integrations", "organisation_agent_integrations",
}

// catalogue maps every documented scope to its holders; order keeps the list's.
var catalogue, order = build(groups)

func build(groups []group) (map[Scope]holders, []Scope) {
	m, all := map[Scope]holders{}, []Scope(nil)
	for _, g := range groups {
		for _, resource := range g.resources {
			for _, verb := range g.verbs {
				s := Scope(resource + "." + verb)
				if _, seen := m[s]; !seen {
					all = append(all, s)
				}
				m[s] |= g.holders
			}
		}
	}
	return m, all
}

// All returns every documented scope. An owner holds them all.
func All() []Scope { return slices.Clone(order) }

// Known reports whether the scope is documented.
func Known(s Scope) bool { return catalogue[s] != 0 }

// MayHold reports whether a key of this type may be given the scope.
func (t KeyType) MayHold(s Scope) bool { return catalogue[s]&t.bit() != 0 }

// Scopes returns every scope that a key of this type may be given.
func (t KeyType) Scopes() []Scope {
	return slices.DeleteFunc(All(), func(s Scope) bool { return !t.MayHold(s) })
}

// DefaultScopes is what a key of this type gets when its creator names none: an
// organisation key manages everything; a workspace key calls models and can look
// up the requests it made.
func (t KeyType) DefaultScopes() []Scope {
	if t == OrgService {
		return t.Scopes()
	}
	return []Scope{Completions, "prompts.read", "prompts.list", "prompts.render", "guardrails.invoke", LogsWrite, LogsView}
}

func (t KeyType) bit() holders {
	switch t {
	case OrgService:
		return byOrg
	case WorkspaceService:
		return byService
	case WorkspaceUser:
		return byUser
	}
	return 0
}

// MayGrant reports whether the principal may put the scope on a key. Nobody
// grants what they lack, except that an organisation principal hands out the
// scopes that only workspace keys can hold.
func (p Principal) MayGrant(s Scope) bool {
	return p.May(s) || p.IsOrg() && catalogue[s] != 0 && catalogue[s]&byOrg == 0
}

// MayAny reports whether the principal holds at least one of the scopes.
func (p Principal) MayAny(scopes ...Scope) bool {
	return slices.ContainsFunc(scopes, p.May)
}
