package access

import (
	"slices"
	"testing"
)

// The documented table of roles, written down once more.
func TestRolesInAWorkspace(t *testing.T) {
	tests := []struct {
		scope        Scope
		lead, member bool
	}{
		{ConfigsCreate, true, false},
		{ConfigsRead, true, true},
		{ConfigsList, true, true},
		{VirtualKeysDelete, true, false},
		{VirtualKeysList, true, true},
		{"virtual_keys.copy", true, true},
		{"prompts.create", true, true},
		{"prompts.delete", true, false},
		{"prompts.publish", true, false},
		{MembersList, true, true},
		{MembersCreate, true, false},
		{ServiceKeysCreate, true, false},
		{UserKeysCreate, true, true},
		{LogsView, true, true},
		{LogsExport, true, false},
		{Analytics, true, true},
		{Completions, true, true},
		{WorkspacesRead, true, true},
		{WorkspacesUpdate, true, false},
		{WorkspacesCreate, false, false},
		{WorkspacesDelete, false, false},
		{UsersList, false, false},
		{OrgKeysCreate, false, false},
		{OrgSettingsRead, false, false},
		{"audit_logs.list", false, false},
		{"secret_references.read", false, false},
	}
	for _, tt := range tests {
		for role, want := range map[Role]bool{Admin: tt.lead, Manager: tt.lead, Member: tt.member, Owner: false, "": false} {
			if got := slices.Contains(role.InWorkspace(), tt.scope); got != want {
				t.Errorf("%q in a workspace holds %s = %v, want %v", role, tt.scope, got, want)
			}
		}
		for role, want := range map[Role]bool{Owner: true, Admin: true, Member: false, Manager: false, "": false} {
			if got := slices.Contains(role.InOrganisation(), tt.scope); got != want {
				t.Errorf("%q in the organisation holds %s = %v, want %v", role, tt.scope, got, want)
			}
		}
	}
}

// A role below another has no scope that the other lacks, and who leads a
// workspace can hand out what its keys may hold.
func TestRolesNest(t *testing.T) {
	lead := Principal{WorkspaceID: "w", Scopes: Admin.InWorkspace()}
	for _, typ := range []KeyType{WorkspaceService, WorkspaceUser} {
		if s := lead.Lacks(typ.Scopes()); s != "" {
			t.Errorf("an admin of a workspace cannot grant %s to a %s key", s, typ)
		}
	}
	if s := lead.Lacks(Member.InWorkspace()); s != "" {
		t.Errorf("an admin of a workspace lacks a member's %s", s)
	}
	if s := (Principal{WorkspaceID: "w", Scopes: Member.InWorkspace()}).Lacks(Manager.InWorkspace()); s == "" {
		t.Error("a member could make a manager")
	}
	if s := (Principal{Scopes: OrgService.Scopes()}).Lacks(Admin.InOrganisation()); s != "" {
		t.Errorf("an organisation key with every scope cannot make an admin, for want of %s", s)
	}
	if s := (Principal{Scopes: []Scope{UsersCreate, UsersUpdate}}).Lacks(Admin.InOrganisation()); s == "" {
		t.Error("a key that manages users could make an admin")
	}
}
