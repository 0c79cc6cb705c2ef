package logs

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/portico-ai/portico/internal/access"
	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/api/admin"
	"github.com/portico-ai/portico/internal/ledger"
)

// maxSpans is how many requests of a trace are shown.
const maxSpans = 2000

// A span is a request, or one attempt of it, or a parent that others name and
// nobody has told us of.
type span struct {
	ID       string      `json:"id"`   // span id
	Name     string      `json:"name"` // span name
	Kind     string      `json:"kind"` // request, attempt, unknown
	LogID    string      `json:"log_id"`
	Start    string      `json:"start"`
	OffsetMS json.Number `json:"offset_ms"` // after the trace's start
	MS       json.Number `json:"duration_ms"`
	Status   string      `json:"status"`
	Code     int         `json:"response_status_code"`
	AIOrg    string      `json:"ai_org"`
	AIModel  string      `json:"ai_model"`
	Units    int64       `json:"total_units"`
	CostNano *int64      `json:"cost_nano"`
	Error    *errorInfo  `json:"error"`
	Spans    []*span     `json:"spans"`

	start  time.Time
	micros int64
}

type trace struct {
	TraceID   string         `json:"trace_id"`
	Start     string         `json:"start"`
	MS        json.Number    `json:"duration_ms"`
	Requests  int            `json:"requests"`
	Units     int64          `json:"total_units"`
	CostNano  int64          `json:"cost_nano"` // of the requests whose cost is known
	Truncated bool           `json:"truncated"` // there are more requests than are shown
	Feedback  []feedbackView `json:"feedback"`
	Spans     []*span        `json:"spans"`
	Object    string         `json:"object"`
}

// trace shows the requests of a trace as a tree.
func (a *API) trace(r *http.Request, p access.Principal) (any, error) {
	workspace, err := a.Service.Target(r.Context(), p, admin.WorkspaceRef(r))
	if err != nil {
		return nil, err
	}
	a.catchUp(r.Context())
	id := r.PathValue("id")
	var entries []ledger.Entry
	after, more := "", true
	for more && len(entries) < maxSpans {
		var part []ledger.Entry
		part, after, err = a.Logs.Scan(r.Context(), workspace.ID, ledger.Filter{TraceIDs: []string{id}}, after, ledger.MaxPage)
		if err != nil {
			return nil, err
		}
		entries, more = append(entries, part...), after != ""
	}
	if len(entries) == 0 {
		return nil, ai.Errorf(ai.NotFound, "There is no trace with this id in the workspace")
	}
	feedback, err := a.Logs.Feedback(r.Context(), workspace.ID, ledger.FeedbackFilter{TraceIDs: []string{id}})
	if err != nil {
		return nil, err
	}
	t := Trace(id, entries)
	t.Truncated = more
	for i := range feedback {
		t.Feedback = append(t.Feedback, feedbackOf(&feedback[i]))
	}
	return t, nil
}

// Trace makes the tree of a trace's requests, oldest first on each level.
func Trace(id string, entries []ledger.Entry) *trace {
	t := &trace{TraceID: id, Requests: len(entries), Feedback: []feedbackView{}, Spans: []*span{}, Object: "trace"}
	all := make([]*span, len(entries))
	byID := map[string]*span{}
	for i := range entries {
		e := &entries[i]
		all[i] = requestSpan(e)
		if _, taken := byID[e.SpanID]; !taken && e.SpanID != "" {
			byID[e.SpanID] = all[i]
		}
		t.Units += e.Usage.TotalTokens()
		if e.CostKnown {
			t.CostNano += e.CostNano
		}
	}
	for i, s := range all {
		parent := t.parent(byID, entries[i].ParentSpanID, s)
		if parent == nil {
			t.Spans = append(t.Spans, s)
		} else {
			parent.Spans = append(parent.Spans, s)
		}
	}
	t.finish()
	return t
}

// parent finds the span that s is below, nil for none. A parent that nobody told
// us of, as of a client's own instrumentation, gets a place for its children.
func (t *trace) parent(byID map[string]*span, id string, s *span) *span {
	if id == "" {
		return nil
	}
	p, ok := byID[id]
	if !ok {
		p = &span{ID: id, Kind: "unknown", Spans: []*span{}}
		byID[id] = p
		t.Spans = append(t.Spans, p)
	}
	if p == s || s.holds(p) { // a circle: nothing is above anything
		return nil
	}
	return p
}

// holds reports whether p is somewhere below s.
func (s *span) holds(p *span) bool {
	return slices.ContainsFunc(s.Spans, func(c *span) bool { return c == p || c.holds(p) })
}

// finish gives unknown parents the time that their children span, orders the
// levels, and counts from the trace's start.
func (t *trace) finish() {
	root := &span{Spans: t.Spans}
	root.settle()
	root.place(root.start)
	t.Start, t.MS = timeText(root.start), millis(root.micros)
}

func (s *span) settle() {
	var first, last time.Time
	for _, c := range s.Spans {
		c.settle()
		if first.IsZero() || c.start.Before(first) {
			first = c.start
		}
		if end := c.start.Add(time.Duration(c.micros) * time.Microsecond); end.After(last) {
			last = end
		}
	}
	if s.start.IsZero() {
		s.start, s.micros = first, last.Sub(first).Microseconds()
	}
	slices.SortStableFunc(s.Spans, func(a, b *span) int { return cmp.Or(a.start.Compare(b.start), cmp.Compare(a.ID, b.ID)) })
}

func (s *span) place(origin time.Time) {
	s.Start, s.OffsetMS, s.MS = timeText(s.start), millis(s.start.Sub(origin).Microseconds()), millis(s.micros)
	for _, c := range s.Spans {
		c.place(origin)
	}
}

// requestSpan is a request; where there was more than one attempt they are below it.
func requestSpan(e *ledger.Entry) *span {
	s := &span{
		ID: e.SpanID, Name: e.SpanName, Kind: "request", LogID: e.ID, Status: string(e.State), Code: e.Status,
		AIOrg: e.Provider, AIModel: e.Model, Units: e.Usage.TotalTokens(), Error: errorOf(e.Error), Spans: []*span{}, start: e.StartedAt, micros: e.TotalMicros,
	}
	if e.CostKnown {
		s.CostNano = &e.CostNano
	}
	if len(e.Attempts) < 2 {
		return s
	}
	for i := range e.Attempts {
		x := &e.Attempts[i]
		status := ledger.OK
		if x.Error != nil {
			status = ledger.Failed
		}
		name := x.Step
		if x.Retry > 0 {
			name = fmt.Sprintf("%s, retry %d", x.Step, x.Retry)
		}
		s.Spans = append(s.Spans, &span{
			ID: fmt.Sprintf("%s-%d", e.SpanID, i+1), Name: name, Kind: "attempt", LogID: e.ID, Status: string(status), Code: x.Status,
			AIOrg: x.Provider, AIModel: x.Model, Error: errorOf(x.Error), Spans: []*span{},
			start: e.StartedAt.Add(time.Duration(x.StartMicros) * time.Microsecond), micros: x.TotalMicros,
		})
	}
	return s
}
