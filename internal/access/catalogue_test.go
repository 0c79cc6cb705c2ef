package access

import "testing"

func TestCatalogue(t *testing.T) {
	tests := []struct {
		scope              Scope
		org, service, user bool
	}{
		{Completions, false, true, true},
		{LogsWrite, false, true, true},
		{LogsView, true, true, true},
		{ConfigsCreate, true, true, true},
		{"organisation_users.create", true, false, false},
		{"organisation_integrations.create", true, false, false},
		{"organisation_integrations.list", true, true, true},
		{ServiceKeysRotate, true, true, false},
		{OrgKeysCreate, true, false, false},
		{WorkspacesCreate, true, false, false},
		{WorkspacesList, true, true, true},
		{"virtual_keys.copy", true, true, true},
		{"configs.crate", false, false, false},
	}
	for _, tt := range tests {
		for typ, want := range map[KeyType]bool{OrgService: tt.org, WorkspaceService: tt.service, WorkspaceUser: tt.user, "": false} {
			if got := typ.MayHold(tt.scope); got != want {
				t.Errorf("%q may hold %s = %v, want %v", typ, tt.scope, got, want)
			}
		}
	}
}

func TestDefaultScopesMayBeHeld(t *testing.T) {
	for _, typ := range []KeyType{OrgService, WorkspaceService, WorkspaceUser} {
		for _, s := range typ.DefaultScopes() {
			if !typ.MayHold(s) {
				t.Errorf("%s gets %s by default but may not hold it", typ, s)
			}
		}
	}
}

func TestMayGrant(t *testing.T) {
	admin := Principal{Scopes: []Scope{ServiceKeysCreate}}
	key := Principal{WorkspaceID: "w", Scopes: []Scope{ServiceKeysCreate, LogsView}}
	tests := []struct {
		name  string
		p     Principal
		scope Scope
		want  bool
	}{
		{"an admin hands out inference, which it cannot hold", admin, Completions, true},
		{"an admin does not hand out what it could hold but does not", admin, ConfigsCreate, false},
		{"a workspace key hands out what it holds", key, LogsView, true},
		{"a workspace key does not hand out what it lacks", key, Completions, false},
		{"nobody hands out an unknown scope", admin, "root", false},
	}
	for _, tt := range tests {
		if got := tt.p.MayGrant(tt.scope); got != tt.want {
			t.Errorf("%s: MayGrant(%s) = %v", tt.name, tt.scope, got)
		}
	}
}
