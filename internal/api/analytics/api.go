// Package analytics serves Portkey's analytics: graphs over time, groups and
// summaries of the log. Each endpoint is a few questions to the log store and the
// shape of their answers.
package analytics

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/portico-ai/portico/internal/access"
	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/api/admin"
	"github.com/portico-ai/portico/internal/control"
	"github.com/portico-ai/portico/internal/ledger"
)

// Deps is what the API works with. All are required.
type Deps struct {
	Store   ledger.Analytics
	Service *control.Service
	// CatchUp waits until the log store has what the journal has, or ctx ends.
	CatchUp func(ctx context.Context) error
}

// API serves the routes.
type API struct{ Deps }

// New makes the API.
func New(d Deps) *API { return &API{d} }

// object is a JSON object in an answer.
type object = map[string]any

// Routes are for admin.New.
func (a *API) Routes() []admin.Route {
	var all []admin.Route
	add := func(path string, answer func(*query) any) {
		all = append(all, admin.Route{
			Method: http.MethodGet, Pattern: "/analytics" + path, Scopes: []access.Scope{access.Analytics},
			Handle: func(r *http.Request, p access.Principal) (any, error) { return a.answer(r, p, answer) },
		})
	}
	for _, g := range graphs {
		for _, path := range g.paths {
			add("/graphs/"+path, func(q *query) any {
				summary, points := g.draw(q)
				return object{"summary": summary, "data_points": points, "object": "analytics-graph"}
			})
		}
	}
	add("/summary/cache", cacheSummary)
	add("/groups/users", userGroups)
	add("/groups/ai-models", modelGroups)
	add("/groups/metadata/{key}", metadataGroups)
	add("/groups/{by}", grouped)
	return all
}

func (a *API) answer(r *http.Request, p access.Principal, answer func(*query) any) (any, error) {
	req, err := parse(r.URL.Query())
	if err != nil {
		return nil, err
	}
	q := &query{request: req, http: r, store: a.Store}
	if q.workspaces, err = a.targets(r, p); err != nil {
		return nil, err
	}
	a.catchUp(r.Context())
	v := answer(q)
	return v, q.err
}

// catchUp waits a moment for the log store to take in what has been recorded, so
// that a client finds the request it has just made.
func (a *API) catchUp(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	_ = a.CatchUp(ctx) // an answer that lags is better than none
}

// targets are the workspaces that a request is about: a workspace key's own, or
// those that an organisation's key names, separated by commas. One that names none
// means the default workspace, and all that it may list where it asks for groups
// of workspaces.
func (a *API) targets(r *http.Request, p access.Principal) ([]control.Workspace, error) {
	ref := admin.WorkspaceRef(r)
	switch {
	case !p.IsOrg():
		ref = "" // whatever it says
	case ref == "" && dimensions[r.PathValue("by")].Field == ledger.ByWorkspace && p.May(access.WorkspacesList):
		list, _, err := a.Service.Workspaces(r.Context(), p, control.WorkspaceFilter{}, control.Page{Size: 1000})
		return list, err
	}
	var list []control.Workspace
	for part := range strings.SplitSeq(ref, ",") {
		w, err := a.Service.Target(r.Context(), p, strings.TrimSpace(part))
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(list, func(o control.Workspace) bool { return o.ID == w.ID }) {
			list = append(list, w)
		}
	}
	return list, nil
}

// A query answers one request. What it is asked after an error is nothing.
type query struct {
	*request
	http       *http.Request
	store      ledger.Analytics
	workspaces []control.Workspace
	err        error
}

// ask asks the store about the entries of the request.
func (q *query) ask(question ledger.Question) ledger.Answer {
	if q.err != nil {
		return ledger.Answer{}
	}
	ids := make([]string, len(q.workspaces))
	for i, w := range q.workspaces {
		ids[i] = w.ID
	}
	if question.Filter.From.IsZero() {
		question.Filter = q.filter
	}
	var answer ledger.Answer
	answer, q.err = q.store.Analyse(q.http.Context(), ids, question)
	return answer
}

// whole are the values over everything of a question without groups.
func (q *query) whole(question ledger.Question) []int64 {
	a := q.ask(question)
	if len(a.Rows) == 0 {
		return make([]int64, len(question.Measures))
	}
	return a.Rows[0].Values
}

// A series has the values of measures for every bucket, those without entries too.
type series struct {
	at     []time.Time
	values [][]int64
}

func (q *query) series(question ledger.Question) series {
	n := len(q.edges) - 1
	s := series{q.edges[:n], make([][]int64, n)}
	for i := range s.values {
		s.values[i] = make([]int64, len(question.Measures))
	}
	question.Edges = q.edges
	for _, row := range q.ask(question).Rows {
		s.values[row.Bucket] = row.Values
	}
	return s
}

// sum adds up one measure, which must be one that can be.
func (s series) sum(i int) int64 {
	total := int64(0)
	for _, v := range s.values {
		total += v[i]
	}
	return total
}

// points makes the data points.
func (s series) points(point func(v []int64) object) []object {
	list := make([]object, len(s.values))
	for i, v := range s.values {
		list[i] = point(v)
		list[i]["timestamp"] = stamp(s.at[i])
	}
	return list
}

// stamp writes the beginning of a bucket, in the zone that days begin by.
func stamp(t time.Time) string { return t.Format(time.RFC3339) }

// badRequest names what is at fault.
func badRequest(param, format string, args ...any) error {
	e := ai.Errorf(ai.Invalid, param+" "+format, args...)
	e.Param = param
	return e
}
