package app

import (
	"context"
	"net/http"
	"time"

	"github.com/portico-ai/portico/internal/access"
	"github.com/portico-ai/portico/internal/api/admin"
	"github.com/portico-ai/portico/internal/api/logs"
	"github.com/portico-ai/portico/internal/ledger"
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
	a.catchUp(r.Context())
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

// catchUp waits a moment for the log store to take in what has been settled, so
// that a client finds the request it has just made.
func (a *App) catchUp(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	_ = a.follower.CatchUp(ctx) // an answer that lags is better than none
}

func (a *App) getLog(r *http.Request, p access.Principal) (any, error) {
	workspace, err := a.service.Target(r.Context(), p, admin.WorkspaceRef(r))
	if err != nil {
		return nil, err
	}
	a.catchUp(r.Context())
	entry, err := a.logs.Get(r.Context(), workspace.ID, r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	read := func(ref ledger.BodyRef) ([]byte, error) { return a.bodies.Read(entry.ID, ref) }
	return logs.Detail(&entry, read), nil
}
