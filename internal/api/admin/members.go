package admin

import (
	"net/http"

	"github.com/portico-ai/portico/internal/access"
	"github.com/portico-ai/portico/internal/control"
)

func (a *API) memberRoutes() []Route {
	const all, one = workspacePath + "/users", workspacePath + "/users/{user}"
	return []Route{
		{Method: "GET", Pattern: all, Scopes: []access.Scope{access.MembersList}, Handle: a.listMembers},
		{Method: "POST", Pattern: all, Scopes: []access.Scope{access.MembersCreate}, Handle: a.addMembers},
		{Method: "GET", Pattern: one, Scopes: []access.Scope{access.MembersRead}, Handle: a.getMember},
		{Method: "PUT", Pattern: one, Scopes: []access.Scope{access.MembersUpdate}, Handle: a.updateMember},
		{Method: "DELETE", Pattern: one, Scopes: []access.Scope{access.MembersDelete}, Handle: a.removeMember},
	}
}

func (a *API) listMembers(r *http.Request, p access.Principal) (any, error) {
	f := control.MemberFilter{Role: access.Role(queryText(r, "role")), Email: queryText(r, "email")}
	all, total, err := a.svc.Members(r.Context(), p, r.PathValue("ref"), f, pageOf(r))
	if err != nil {
		return nil, err
	}
	return list(total, memberViews(all)), nil
}

func (a *API) getMember(r *http.Request, p access.Principal) (any, error) {
	m, err := a.svc.Member(r.Context(), p, r.PathValue("ref"), r.PathValue("user"))
	return memberView(m), err
}

func (a *API) addMembers(r *http.Request, p access.Principal) (any, error) {
	in, err := readInput(r, false)
	if err != nil {
		return nil, err
	}
	var members []control.MemberInput
	for _, u := range in.objects("users") {
		members = append(members, control.MemberInput{UserID: u.must("id"), Role: u.role(access.Member)})
	}
	if err := in.err(); err != nil {
		return nil, err
	}
	return object{}, a.svc.AddMembers(r.Context(), p, r.PathValue("ref"), members)
}

func (a *API) updateMember(r *http.Request, p access.Principal) (any, error) {
	in, err := readInput(r, false)
	if err != nil {
		return nil, err
	}
	role := in.role("")
	if err := in.err(); err != nil {
		return nil, err
	}
	return object{}, a.svc.UpdateMember(r.Context(), p, r.PathValue("ref"), r.PathValue("user"), role)
}

func (a *API) removeMember(r *http.Request, p access.Principal) (any, error) {
	return object{}, a.svc.RemoveMember(r.Context(), p, r.PathValue("ref"), r.PathValue("user"))
}

// role reads the field role.
func (in *input) role(otherwise access.Role) access.Role {
	if name := in.text("role"); name != nil {
		return access.Role(*name)
	}
	return otherwise
}

func memberViews(all []control.Member) []object {
	data := make([]object, len(all))
	for i, m := range all {
		data[i] = memberView(m)
	}
	return data
}

func memberView(m control.Member) object {
	u := control.User{Name: m.Name}
	return object{
		"object": "workspace-user", "id": m.UserID, "first_name": u.FirstName(), "last_name": u.LastName(), "email": m.Email,
		"org_role": m.OrgRole, "role": m.Effective(), "status": control.Active, "workspace_id": m.WorkspaceID,
		"scopes": m.Effective().InWorkspace(), "settings": nil, "created_at": stamp(m.CreatedAt), "last_updated_at": stamp(m.UpdatedAt),
	}
}
