package app

import (
	"net/http"

	"github.com/portico-ai/portico/internal/access"
	"github.com/portico-ai/portico/internal/api/admin"
	"github.com/portico-ai/portico/internal/api/logs"
)

// logRoutes are the control plane's routes over the ledger.
func (a *App) logRoutes() []admin.Route {
	return []admin.Route{
		{Method: http.MethodGet, Pattern: "/logs", Scopes: []access.Scope{access.LogsList, access.LogsView}, Handle: a.listLogs},
		{Method: http.MethodGet, Pattern: "/logs/{id}", Scopes: []access.Scope{access.LogsView, access.LogsWrite, access.Completions}, Handle: a.getLog},
	}
}

func (a *App) listLogs(r *http.Request, p access.Principal) (any, error) {
	workspace, err := a.service.Target(r.Context(), p, admin.WorkspaceRef(r))
	if err != nil {
		return nil, err
	}
	filter, page, err := logs.ParseFilter(r.URL.Query())
	if err != nil {
		return nil, err
	}
	listing, err := a.logs.List(r.Context(), workspace.ID, filter, page)
	if err != nil {
		return nil, err
	}
	rows := make([]any, len(listing.Entries))
	for i := range listing.Entries {
		rows[i] = logs.Row(&listing.Entries[i])
	}
	return map[string]any{"object": "list", "total": listing.Total, "data": rows, "next": listing.Next}, nil
}

func (a *App) getLog(r *http.Request, p access.Principal) (any, error) {
	workspace, err := a.service.Target(r.Context(), p, admin.WorkspaceRef(r))
	if err != nil {
		return nil, err
	}
	entry, err := a.logs.Get(r.Context(), workspace.ID, r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	return logs.Detail(&entry, a.bodies.Read), nil
}
