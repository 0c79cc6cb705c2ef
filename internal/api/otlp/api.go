// Package otlp takes traces and logs of programs that are instrumented with
// OpenTelemetry, over OTLP/HTTP, and records them: a call of a model becomes a log
// with its tokens and cost, any other span a place in its trace.
package otlp

import (
	"context"
	"net/http"
	"time"

	"github.com/portico-ai/portico/internal/access"
	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/api/admin"
	"github.com/portico-ai/portico/internal/api/logs"
	"github.com/portico-ai/portico/internal/control"
	"github.com/portico-ai/portico/internal/ledger"
)

// Deps is what the API works with. All are required but Now.
type Deps struct {
	// Record keeps logs of a workspace, as logs.API.Record does.
	Record  func(r *http.Request, workspaceID string, list []*logs.Insertion) (int, error)
	Service *control.Service
	// Price sets what an entry cost, if that can be told.
	Price func(*ledger.Entry) bool
	// Provider is the id of what a trace calls a provider; false if none is meant.
	Provider func(name string) (id string, ok bool)
	MaxBody  int64 // largest body, as it comes and when it is unpacked
	Now      func() time.Time
}

// API serves the routes.
type API struct {
	Deps
	slots chan struct{}
}

const (
	atOnce      = 2 // calls that are decoded, which takes several times their size
	waitForSlot = 5 * time.Second
	retryAfter  = 5 * time.Second
)

// New makes the API.
func New(d Deps) *API {
	if d.Now == nil {
		d.Now = time.Now
	}
	return &API{Deps: d, slots: make(chan struct{}, atOnce)}
}

// Routes are for admin.New. Both bases are documented by Portkey; below each,
// exporters append the signal's own path.
func (a *API) Routes() []admin.Route {
	route := func(pattern string, handle func(*http.Request, access.Principal) (any, error)) admin.Route {
		return admin.Route{Method: http.MethodPost, Pattern: pattern, Scopes: []access.Scope{access.LogsWrite}, Max: a.MaxBody, Handle: handle, Refusal: refusal}
	}
	return []admin.Route{
		route("/otel/v1/traces", a.traces), route("/otel/v1/logs", a.logs),
		route("/logs/otel", a.traces), route("/logs/otel/v1/traces", a.traces), route("/logs/otel/v1/logs", a.logs),
	}
}

// take waits for a slot; the caller gives it back.
func (a *API) take(ctx context.Context) (free func(), err error) {
	wait := time.NewTimer(waitForSlot)
	defer wait.Stop()
	select {
	case a.slots <- struct{}{}:
		return func() { <-a.slots }, nil
	case <-wait.C:
		e := ai.Errorf(ai.Unavailable, "Too many exports are being taken in; send this one again later")
		e.RetryAfter = retryAfter
		return nil, e
	case <-ctx.Done():
		return nil, ai.Errorf(ai.Canceled, "The client left")
	}
}

// receive reads a call and hands what it brings to collect, which answers with the
// logs it makes of that.
func (a *API) receive(r *http.Request, p access.Principal, s signal, collect func(*mapper) []*logs.Insertion) (any, error) {
	workspace, err := a.Service.Target(r.Context(), p, admin.WorkspaceRef(r))
	if err != nil {
		return nil, err
	}
	free, err := a.take(r.Context())
	if err != nil {
		return nil, err
	}
	defer free()
	enc, err := a.decode(r, s.request)
	if err != nil {
		return nil, err
	}
	m := &mapper{api: a, principal: p, workspace: workspace, now: a.Now()}
	list := collect(m)
	if len(list) > 0 {
		if _, err := a.Record(r, workspace.ID, list); err != nil {
			return nil, err
		}
	}
	return enc.reply(http.StatusOK, s.response(m.refused, m.why())), nil
}
