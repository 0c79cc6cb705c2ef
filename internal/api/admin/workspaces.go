package admin

import (
	"net/http"
	"slices"
	"strings"

	"github.com/portico-ai/portico/internal/access"
	"github.com/portico-ai/portico/internal/control"
)

// workspacePath starts the path of every route that names its workspace there.
const workspacePath = "/admin/workspaces/{ref}"

func (a *API) workspaceRoutes() []Route {
	return []Route{
		{Method: "GET", Pattern: "/admin/workspaces", Scopes: []access.Scope{access.WorkspacesList}, Handle: a.listWorkspaces},
		{Method: "POST", Pattern: "/admin/workspaces", Scopes: []access.Scope{access.WorkspacesCreate}, Handle: a.createWorkspace},
		{Method: "GET", Pattern: workspacePath, Scopes: []access.Scope{access.WorkspacesRead}, Handle: a.getWorkspace},
		{Method: "PUT", Pattern: workspacePath, Scopes: []access.Scope{access.WorkspacesUpdate}, Handle: a.updateWorkspace},
		{Method: "DELETE", Pattern: workspacePath, Scopes: []access.Scope{access.WorkspacesDelete}, Handle: a.deleteWorkspace},
	}
}

func (a *API) listWorkspaces(r *http.Request, p access.Principal) (any, error) {
	f := control.WorkspaceFilter{NameContains: queryText(r, "name"), ExactName: queryText(r, "exact_name", "exactName")}
	if status := queryText(r, "status"); status != "" {
		f.Archived = !slices.Contains(strings.Split(status, ","), string(control.Active))
	}
	all, total, err := a.svc.Workspaces(r.Context(), p, f, pageOf(r))
	if err != nil {
		return nil, err
	}
	data := make([]object, len(all))
	for i, w := range all {
		data[i] = workspaceView(r, w)
	}
	return list(total, data), nil
}

func (a *API) createWorkspace(r *http.Request, p access.Principal) (any, error) {
	w, err := readWorkspaceInput(r)
	if err != nil {
		return nil, err
	}
	made, err := a.svc.CreateWorkspace(r.Context(), p, w)
	if err != nil {
		return nil, err
	}
	return a.workspaceWithUsers(r, p, made)
}

func (a *API) getWorkspace(r *http.Request, p access.Principal) (any, error) {
	w, err := a.svc.Workspace(r.Context(), p, r.PathValue("ref"))
	if err != nil {
		return nil, err
	}
	return a.workspaceWithUsers(r, p, w)
}

func (a *API) updateWorkspace(r *http.Request, p access.Principal) (any, error) {
	in, err := readWorkspaceInput(r)
	if err != nil {
		return nil, err
	}
	w, err := a.svc.UpdateWorkspace(r.Context(), p, r.PathValue("ref"), in)
	if err != nil {
		return nil, err
	}
	return a.workspaceWithUsers(r, p, w)
}

func (a *API) deleteWorkspace(r *http.Request, p access.Principal) (any, error) {
	in, err := readInput(r, true)
	if err != nil {
		return nil, err
	}
	name, force := in.must("name"), in.flag("force_delete")
	if err := in.err(); err != nil {
		return nil, err
	}
	return object{}, a.svc.DeleteWorkspace(r.Context(), p, r.PathValue("ref"), name, force != nil && *force)
}

func readWorkspaceInput(r *http.Request) (control.WorkspaceInput, error) {
	in, err := readInput(r, false)
	if err != nil {
		return control.WorkspaceInput{}, err
	}
	in.refuse("usage_limits", "rate_limits")
	w := control.WorkspaceInput{
		Name: in.text("name"), Description: in.textOrNull("description"), Icon: in.textOrNull("icon"), Slug: in.must("slug"),
	}
	if users := in.texts("users"); users != nil {
		w.Users = *users
	}
	if d := in.object("defaults"); d != nil {
		d.refuse("input_guardrails", "output_guardrails")
		w.Metadata = d.textMap("metadata")
		w.UserKeyConfig = d.textOrNull("user_api_key_config")
	}
	return w, in.err()
}

// workspaceWithUsers shows a workspace and, to who may list them, its members.
func (a *API) workspaceWithUsers(r *http.Request, p access.Principal, w control.Workspace) (any, error) {
	view := workspaceView(r, w)
	if !p.May(access.MembersList) {
		return view, nil
	}
	members, _, err := a.svc.Members(r.Context(), p, w.ID, control.MemberFilter{}, control.Page{Size: maxPageSize})
	if err != nil {
		return nil, err
	}
	view["users"] = memberViews(members)
	return view, nil
}

func workspaceView(r *http.Request, w control.Workspace) object {
	name, status := w.Title(), control.Active
	if queryText(r, "name_format") == "plain" {
		name = w.Name
	}
	if !w.ArchivedAt.IsZero() {
		status = control.Archived
	}
	return object{
		"object": "workspace", "id": w.ID, "slug": w.Slug, "name": name, "description": orNull(w.Description), "icon": orNull(w.Icon),
		"organisation_id": w.OrgID, "is_default": bit(w.IsDefault), "status": status, "users": []object{},
		"defaults": object{
			"metadata": w.Metadata, "is_default": bit(w.IsDefault), "user_api_key_config": orNull(w.UserKeyConfig),
			"input_guardrails": []string{}, "output_guardrails": []string{}, "object": "workspace",
		},
		"usage_limits": []object{}, "rate_limits": []object{}, "created_by": orNull(w.CreatedBy),
		"created_at": stamp(w.CreatedAt), "last_updated_at": stamp(w.UpdatedAt),
	}
}
