package logs

import (
	"encoding/json"
	"net/http"

	"github.com/portico-ai/portico/internal/access"
	"github.com/portico-ai/portico/internal/api/admin"
	"github.com/portico-ai/portico/internal/ledger"
)

// A traceRow is one trace in a list: all its requests together.
type traceRow struct {
	TraceID             string      `json:"trace_id"`
	Name                string      `json:"name"` // of the first request's span
	Path                string      `json:"path"` // of the first request
	User                string      `json:"user"` // likewise
	Start               string      `json:"start"`
	LastRequestAt       string      `json:"last_request_at"` // of the newest that passed the filters
	MS                  json.Number `json:"duration_ms"`
	Requests            int64       `json:"requests"`
	Failed              int64       `json:"failed"`
	Units               int64       `json:"total_units"`
	CostNano            int64       `json:"cost_nano"`    // of the requests whose cost is known
	CostUnknown         int64       `json:"cost_unknown"` // how many others there are
	AIOrgs              []string    `json:"ai_orgs"`
	AIModels            []string    `json:"ai_models"`
	FeedbackCount       int64       `json:"feedback_count"`
	AvgWeightedFeedback *float64    `json:"avg_weighted_feedback"`
	Object              string      `json:"object"`
}

// TraceRow shapes a trace, with its score, as GET /v1/traces lists it.
func TraceRow(t *ledger.TraceSummary, s ledger.Score) any {
	return traceRow{
		TraceID: t.TraceID, Name: t.Name, Path: t.Path, User: t.User, Start: timeText(t.Start), LastRequestAt: timeText(t.Newest),
		MS: millis(t.End.Sub(t.Start).Microseconds()), Requests: t.Requests, Failed: t.Failed, Units: t.Tokens, CostNano: t.CostNano,
		CostUnknown: t.Requests - t.CostKnown, AIOrgs: append([]string{}, t.Providers...), AIModels: append([]string{}, t.Models...),
		FeedbackCount: s.Count, AvgWeightedFeedback: meanOf(s), Object: "trace_summary",
	}
}

// listTraces lists the traces that have a request which passes the filters.
func (a *API) listTraces(r *http.Request, p access.Principal) (any, error) {
	workspace, err := a.Service.Target(r.Context(), p, admin.WorkspaceRef(r))
	if err != nil {
		return nil, err
	}
	filter, page, err := ParseFilter(r.URL.Query())
	if err != nil {
		return nil, err
	}
	a.catchUp(r.Context())
	listing, err := a.Logs.Traces(r.Context(), workspace.ID, filter, page)
	if err != nil {
		return nil, err
	}
	rows := make([]any, len(listing.Traces))
	for i := range listing.Traces {
		t := &listing.Traces[i]
		rows[i] = TraceRow(t, listing.Scores[t.TraceID])
	}
	return map[string]any{"object": "list", "data": rows, "next": listing.Next}, nil
}
