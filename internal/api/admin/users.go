package admin

import (
	"net/http"

	"github.com/portico-ai/portico/internal/access"
	"github.com/portico-ai/portico/internal/control"
)

func (a *API) userRoutes() []Route {
	const one = "/admin/users/{id}"
	return []Route{
		{Method: "GET", Pattern: "/admin/users", Scopes: []access.Scope{access.UsersList}, Handle: a.listUsers},
		{Method: "GET", Pattern: one, Scopes: []access.Scope{access.UsersRead}, Handle: a.getUser},
		{Method: "PUT", Pattern: one, Scopes: []access.Scope{access.UsersUpdate}, Handle: a.updateUser},
		{Method: "DELETE", Pattern: one, Scopes: []access.Scope{access.UsersDelete}, Handle: a.deleteUser},
	}
}

func (a *API) listUsers(r *http.Request, p access.Principal) (any, error) {
	f := control.UserFilter{Role: access.Role(queryText(r, "role")), Email: queryText(r, "email")}
	all, total, err := a.svc.Users(r.Context(), p, f, pageOf(r))
	if err != nil {
		return nil, err
	}
	data := make([]object, len(all))
	for i, u := range all {
		data[i] = userView(u)
	}
	return list(total, data), nil
}

func (a *API) getUser(r *http.Request, p access.Principal) (any, error) {
	u, err := a.svc.User(r.Context(), p, r.PathValue("id"))
	return userView(u), err
}

func (a *API) updateUser(r *http.Request, p access.Principal) (any, error) {
	in, err := readInput(r, false)
	if err != nil {
		return nil, err
	}
	u := control.UserInput{Name: in.text("name")}
	if in.raw("role") != nil {
		role := in.role("")
		u.Role = &role
	}
	if err := in.err(); err != nil {
		return nil, err
	}
	return object{}, a.svc.UpdateUser(r.Context(), p, r.PathValue("id"), u)
}

func (a *API) deleteUser(r *http.Request, p access.Principal) (any, error) {
	return object{}, a.svc.DeleteUser(r.Context(), p, r.PathValue("id"))
}

func userView(u control.Person) object {
	workspaces := make([]string, len(u.Workspaces))
	for i, w := range u.Workspaces {
		workspaces[i] = w.WorkspaceID
	}
	return object{
		"object": "user", "id": u.ID, "first_name": u.FirstName(), "last_name": u.LastName(), "role": u.Role, "email": u.Email,
		"workspace_ids": workspaces, "created_at": stamp(u.CreatedAt), "last_updated_at": stamp(u.UpdatedAt),
	}
}
