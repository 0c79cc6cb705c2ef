package logs

import (
	"encoding/json"
	"math"
	"net/http"
	"time"

	"github.com/google/uuid"

	"github.com/portico-ai/portico/internal/access"
	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/api/admin"
	"github.com/portico-ai/portico/internal/ledger"
)

const (
	maxFeedbacks     = 1000    // at once
	maxFeedbackNotes = 4 << 10 // bytes of one's metadata
	maxID            = 256     // bytes of an id that a client gives
)

type feedbackView struct {
	ID        string          `json:"id"`
	TraceID   string          `json:"trace_id"`
	Value     int             `json:"value"`
	Weight    json.Number     `json:"weight"`
	Metadata  json.RawMessage `json:"metadata"`
	APIKeyID  string          `json:"api_key_id"`
	UserID    string          `json:"user_id"`
	CreatedAt string          `json:"created_at"`
	UpdatedAt string          `json:"last_updated_at"`
	Object    string          `json:"object"`
}

func feedbackOf(f *ledger.Feedback) feedbackView {
	return feedbackView{
		f.ID, f.TraceID, f.Value, Fixed(f.WeightMicro, ledger.FullWeight), f.Metadata, f.KeyID, f.UserID,
		timeText(f.CreatedAt), timeText(f.UpdatedAt), "feedback",
	}
}

// listFeedback lists what was given, by its creation.
func (a *API) listFeedback(r *http.Request, p access.Principal) (any, error) {
	workspace, err := a.Service.Target(r.Context(), p, admin.WorkspaceRef(r))
	if err != nil {
		return nil, err
	}
	q := NewQuery(r.URL.Query())
	f := ledger.FeedbackFilter{TraceIDs: q.List("trace_id"), Values: q.scores("value"), From: q.time("time_of_generation_min"), To: q.time("time_of_generation_max")}
	page := q.page()
	if err := q.Err(); err != nil {
		return nil, err
	}
	a.catchUp(r.Context())
	listing, err := a.Logs.ListFeedback(r.Context(), workspace.ID, f, page)
	if err != nil {
		return nil, err
	}
	data := make([]feedbackView, len(listing.Feedback))
	for i := range listing.Feedback {
		data[i] = feedbackOf(&listing.Feedback[i])
	}
	return map[string]any{"object": "list", "total": listing.Total, "data": data, "next": listing.Next}, nil
}

func (a *API) createFeedback(r *http.Request, p access.Principal) (any, error) {
	workspace, err := a.Service.Target(r.Context(), p, admin.WorkspaceRef(r))
	if err != nil {
		return nil, err
	}
	items, _, err := readItems(r, maxFeedbacks)
	if err != nil {
		return nil, err
	}
	now := a.now()
	list, ids := make([]*ledger.Feedback, len(items)), make([]string, len(items))
	for i, it := range items {
		f := &ledger.Feedback{
			ID: uuid.NewString(), OrgID: workspace.OrgID, WorkspaceID: workspace.ID, KeyID: p.KeyID, UserID: p.UserID,
			TraceID: it.text("trace_id", maxID), WeightMicro: ledger.FullWeight, Metadata: json.RawMessage("{}"), CreatedAt: now, UpdatedAt: now,
		}
		if f.TraceID == "" {
			it.fail("trace_id", "is missing; give the x-portkey-trace-id of the request that is meant")
		}
		if readFeedback(it, f); *it.err != nil {
			return nil, *it.err
		}
		list[i], ids[i] = f, f.ID
	}
	if err := a.Journal.PutFeedback(list); err != nil {
		return nil, err
	}
	return feedbackSaved("Feedback successfully saved", ids), nil
}

// readFeedback takes the value, which must be there, and what else is.
func readFeedback(it *item, f *ledger.Feedback) {
	const want = "a whole number from -10 to 10"
	v, ok := it.whole("value", -10, 10, want)
	if !ok {
		it.fail("value", "must be %s", want)
	}
	f.Value = int(v)
	if w, ok := it.number("weight", 0, 1, "a number from 0 to 1"); ok {
		f.WeightMicro = int64(math.Round(w * ledger.FullWeight))
	}
	if raw, ok := it.fields["metadata"]; ok {
		var object map[string]json.RawMessage
		if err := json.Unmarshal(raw, &object); err != nil || len(raw) > maxFeedbackNotes {
			it.fail("metadata", "must be a JSON object of at most %d bytes", maxFeedbackNotes)
		}
		f.Metadata = raw
	}
}

func (a *API) updateFeedback(r *http.Request, p access.Principal) (any, error) {
	workspace, err := a.Service.Target(r.Context(), p, admin.WorkspaceRef(r))
	if err != nil {
		return nil, err
	}
	items, one, err := readItems(r, 1)
	if err != nil {
		return nil, err
	}
	if !one {
		return nil, ai.Errorf(ai.Invalid, "The body must be a JSON object, like {\"value\": 5}")
	}
	a.catchUp(r.Context()) // it may have been given just now
	found, err := a.Logs.Feedback(r.Context(), workspace.ID, ledger.FeedbackFilter{IDs: []string{r.PathValue("id")}})
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, ai.Errorf(ai.NotFound, "There is no feedback with this id in the workspace")
	}
	f := found[0]
	if readFeedback(items[0], &f); *items[0].err != nil {
		return nil, *items[0].err
	}
	if now := a.now(); now.After(f.UpdatedAt) {
		f.UpdatedAt = now
	} else {
		f.UpdatedAt = f.UpdatedAt.Add(time.Microsecond)
	}
	if err := a.Journal.PutFeedback([]*ledger.Feedback{&f}); err != nil {
		return nil, err
	}
	return feedbackSaved("Feedback successfully updated", []string{f.ID}), nil
}

func feedbackSaved(message string, ids []string) any {
	return map[string]any{"status": "success", "message": message, "feedback_ids": ids}
}

// now is in UTC and microseconds, the resolution that stores keep.
func (a *API) now() time.Time { return a.Now().UTC().Truncate(time.Microsecond) }
