package logs

import (
	"net/http"

	"github.com/portico-ai/portico/internal/access"
	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/api/admin"
	"github.com/portico-ai/portico/internal/control"
)

func (a *API) savedFilterRoutes() []admin.Route {
	scopes := []access.Scope{access.LogsView, access.LogsList}
	return []admin.Route{
		{Method: http.MethodGet, Pattern: "/logs/filters", Scopes: scopes, Handle: a.listSavedFilters},
		{Method: http.MethodPost, Pattern: "/logs/filters", Scopes: scopes, Handle: a.createSavedFilter},
		{Method: http.MethodPut, Pattern: "/logs/filters/{id}", Scopes: scopes, Handle: a.updateSavedFilter},
		{Method: http.MethodDelete, Pattern: "/logs/filters/{id}", Scopes: scopes, Handle: a.deleteSavedFilter},
	}
}

func (a *API) listSavedFilters(r *http.Request, p access.Principal) (any, error) {
	list, total, err := a.Service.SavedFilters(r.Context(), p, admin.WorkspaceRef(r), admin.PageOf(r))
	if err != nil {
		return nil, err
	}
	data := make([]any, len(list))
	for i := range list {
		data[i] = savedFilterView(&list[i])
	}
	return map[string]any{"object": "list", "total": total, "data": data}, nil
}

func (a *API) createSavedFilter(r *http.Request, p access.Principal) (any, error) {
	in, workspace, err := readSavedFilter(r)
	if err != nil {
		return nil, err
	}
	f, err := a.Service.CreateSavedFilter(r.Context(), p, workspace, in)
	return savedFilterView(&f), err
}

func (a *API) updateSavedFilter(r *http.Request, p access.Principal) (any, error) {
	in, workspace, err := readSavedFilter(r)
	if err != nil {
		return nil, err
	}
	f, err := a.Service.UpdateSavedFilter(r.Context(), p, workspace, r.PathValue("id"), in)
	return savedFilterView(&f), err
}

func (a *API) deleteSavedFilter(r *http.Request, p access.Principal) (any, error) {
	return map[string]any{}, a.Service.DeleteSavedFilter(r.Context(), p, admin.WorkspaceRef(r), r.PathValue("id"))
}

func readSavedFilter(r *http.Request) (in control.SavedFilterInput, workspace string, err error) {
	it, err := readOne(r)
	if err != nil {
		return in, "", err
	}
	in.Name, in.Filters, in.Shared = it.optional("name"), readFilters(it, "filters"), it.flag("shared")
	return in, workspaceOf(r, it), *it.err
}

// readOne reads a body that is one object; none at all is an empty one.
func readOne(r *http.Request) (*item, error) {
	body, err := readBody(r)
	if err != nil {
		return nil, err
	}
	if len(body) == 0 {
		body = []byte("{}")
	}
	it, err := readItem("", body)
	if err != nil {
		return nil, ai.Errorf(ai.Invalid, "The body must be a JSON object")
	}
	return it, nil
}

// workspaceOf is the workspace that the query or the body names.
func workspaceOf(r *http.Request, it *item) string {
	if ref := admin.WorkspaceRef(r); ref != "" {
		return ref
	}
	return it.text("workspace_id", maxID)
}

func savedFilterView(f *control.SavedFilter) any {
	return map[string]any{
		"object": "filter", "id": f.ID, "name": f.Name, "filters": f.Filters, "shared": f.Shared, "owner_id": f.OwnerID, "workspace_id": f.WorkspaceID,
		"created_at": timeText(f.CreatedAt), "last_updated_at": timeText(f.UpdatedAt),
	}
}
