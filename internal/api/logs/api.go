package logs

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/portico-ai/portico/internal/access"
	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/api/admin"
	"github.com/portico-ai/portico/internal/control"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/directory"
	"github.com/portico-ai/portico/internal/export"
	"github.com/portico-ai/portico/internal/ledger"
)

// A Journal takes what clients tell us.
type Journal interface {
	Insert([]*ledger.Entry) error
	PutFeedback([]*ledger.Feedback) error
}

// A BodyStore keeps bodies and gives them back.
type BodyStore interface {
	Put(id string, kind byte, data []byte, release func()) (ledger.BodyRef, bool)
	Read(ctx context.Context, id string, ref ledger.BodyRef) ([]byte, error)
}

// Deps is what the API works with. All are required but Now.
type Deps struct {
	Logs    ledger.Logs
	Journal Journal
	Bodies  BodyStore
	Service *control.Service
	Formats map[ai.Dialect]dialect.Format
	// CatchUp waits until the log store has what the journal has, or ctx ends.
	CatchUp func(ctx context.Context) error
	// Price sets what an entry cost, if that can be told.
	Price func(*ledger.Entry)
	// Logging says what is kept of bodies.
	Logging func() *directory.Logging
	Exports *export.Runner
	MaxBody int64 // largest body of POST /v1/logs
	Now     func() time.Time
}

// API serves the routes over the ledger.
type API struct {
	Deps
	inserting sync.Mutex // one at a time, so that an id is not taken twice
}

// New makes the API.
func New(d Deps) *API {
	if d.Now == nil {
		d.Now = time.Now
	}
	return &API{Deps: d}
}

// Routes are for admin.New.
func (a *API) Routes() []admin.Route {
	return slices.Concat([]admin.Route{
		{Method: http.MethodGet, Pattern: "/logs", Scopes: []access.Scope{access.LogsList, access.LogsView}, Handle: a.list},
		{Method: http.MethodPost, Pattern: "/logs", Scopes: []access.Scope{access.LogsWrite}, Max: a.MaxBody, Handle: a.insert},
		{Method: http.MethodGet, Pattern: "/logs/{id}", Scopes: []access.Scope{access.LogsView, access.LogsWrite, access.Completions}, Handle: a.get},
		{Method: http.MethodGet, Pattern: "/traces", Scopes: []access.Scope{access.LogsView, access.LogsList}, Handle: a.listTraces},
		{Method: http.MethodGet, Pattern: "/traces/{id}", Scopes: []access.Scope{access.LogsView, access.LogsList}, Handle: a.trace},
		{Method: http.MethodGet, Pattern: "/feedback", Scopes: []access.Scope{access.LogsView, access.LogsList}, Handle: a.listFeedback},
		{Method: http.MethodPost, Pattern: "/feedback", Scopes: []access.Scope{access.LogsWrite}, Handle: a.createFeedback},
		{Method: http.MethodPut, Pattern: "/feedback/{id}", Scopes: []access.Scope{access.LogsWrite}, Handle: a.updateFeedback},
	}, a.savedFilterRoutes(), a.exportRoutes())
}

func (a *API) list(r *http.Request, p access.Principal) (any, error) {
	workspace, err := a.Service.Target(r.Context(), p, admin.WorkspaceRef(r))
	if err != nil {
		return nil, err
	}
	filter, page, err := ParseFilter(r.URL.Query())
	if err != nil {
		return nil, err
	}
	a.catchUp(r.Context())
	listing, err := a.Logs.List(r.Context(), workspace.ID, filter, page)
	if err != nil {
		return nil, err
	}
	rows := make([]any, len(listing.Entries))
	for i := range listing.Entries {
		e := &listing.Entries[i]
		rows[i] = Row(e, listing.Scores[e.TraceID])
	}
	return map[string]any{"object": "list", "total": listing.Total, "data": rows, "next": listing.Next}, nil
}

// catchUp waits a moment for the log store to take in what has been recorded, so
// that a client finds the request it has just made.
func (a *API) catchUp(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	_ = a.CatchUp(ctx) // an answer that lags is better than none
}

func (a *API) get(r *http.Request, p access.Principal) (any, error) {
	workspace, err := a.Service.Target(r.Context(), p, admin.WorkspaceRef(r))
	if err != nil {
		return nil, err
	}
	a.catchUp(r.Context())
	entry, err := a.find(r.Context(), workspace.ID, r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	var feedback []ledger.Feedback
	if entry.TraceID != "" {
		if feedback, err = a.Logs.Feedback(r.Context(), workspace.ID, ledger.FeedbackFilter{TraceIDs: []string{entry.TraceID}}); err != nil {
			return nil, err
		}
	}
	read := func(ref ledger.BodyRef) ([]byte, error) { return a.Bodies.Read(r.Context(), entry.ID, ref) }
	return Detail(&entry, feedback, read), nil
}

// find takes a log's id, or the one that its inserter gave it.
func (a *API) find(ctx context.Context, workspaceID, id string) (ledger.Entry, error) {
	entry, err := a.Logs.Get(ctx, workspaceID, id)
	if ai.AsError(err).Kind == ai.NotFound && err != nil {
		if e, err := a.Logs.Get(ctx, workspaceID, InsertedID(workspaceID, id)); err == nil {
			return e, nil
		}
	}
	return entry, err
}
