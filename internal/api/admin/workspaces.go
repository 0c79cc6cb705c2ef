package admin

import (
	"net/http"

	"github.com/portico-ai/portico/internal/access"
	"github.com/portico-ai/portico/internal/control"
)

func (a *API) workspaceRoutes() []Route {
	return []Route{
		{Method: "GET", Pattern: "/admin/workspaces", Scopes: []access.Scope{access.WorkspacesList}, Handle: a.listWorkspaces},
		{Method: "POST", Pattern: "/admin/workspaces", Scopes: []access.Scope{access.WorkspacesCreate}, Handle: a.createWorkspace},
		{Method: "GET", Pattern: "/admin/workspaces/{ref}", Scopes: []access.Scope{access.WorkspacesRead}, Handle: a.getWorkspace},
	}
}

func (a *API) listWorkspaces(r *http.Request, p access.Principal) (any, error) {
	f := control.WorkspaceFilter{NameContains: queryText(r, "name"), ExactName: queryText(r, "exact_name", "exactName")}
	all, total, err := a.svc.Workspaces(r.Context(), p, f, pageOf(r))
	if err != nil {
		return nil, err
	}
	data := make([]object, len(all))
	for i, w := range all {
		data[i] = workspaceView(w)
	}
	return list(total, data), nil
}

func (a *API) createWorkspace(r *http.Request, p access.Principal) (any, error) {
	in, err := readInput(r, false)
	if err != nil {
		return nil, err
	}
	in.refuse("usage_limits", "rate_limits", "users")
	w := control.WorkspaceInput{Name: in.must("name"), Description: in.must("description"), Slug: in.must("slug")}
	if d := in.object("defaults"); d != nil {
		d.refuse("input_guardrails", "output_guardrails", "user_api_key_config")
		if m := d.textMap("metadata"); m != nil {
			w.Metadata = *m
		}
	}
	if err := in.err(); err != nil {
		return nil, err
	}
	made, err := a.svc.CreateWorkspace(r.Context(), p, w)
	return workspaceView(made), err
}

func (a *API) getWorkspace(r *http.Request, p access.Principal) (any, error) {
	w, err := a.svc.Workspace(r.Context(), p, r.PathValue("ref"))
	return workspaceView(w), err
}

func workspaceView(w control.Workspace) object {
	return object{
		"object": "workspace", "id": w.ID, "slug": w.Slug, "name": w.Name, "description": orNull(w.Description), "icon": nil,
		"organisation_id": w.OrgID, "is_default": bit(w.IsDefault), "status": control.Active, "users": []object{},
		"defaults": object{"metadata": w.Metadata}, "usage_limits": []object{}, "rate_limits": []object{},
		"created_at": stamp(w.CreatedAt), "last_updated_at": stamp(w.UpdatedAt),
	}
}
