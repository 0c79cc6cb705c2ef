package logsql

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/portico-ai/portico/internal/ledger"
)

// FeedbackColumns are the table feedback, which holds each feedback once, as it
// was updated last. The weighted value is value * weight_micro, in millionths. Times are Instants.
var FeedbackColumns = []struct {
	Name string
	Kind Kind
}{
	{"id", Text}, {"org_id", Text}, {"workspace_id", Text}, {"key_id", Text}, {"user_id", Text}, {"trace_id", Text},
	{"value", Int64}, {"weight_micro", Int64}, {"metadata", JSON}, {"created_at", Instant}, {"updated_at", Instant},
}

// FeedbackValues are the values of a feedback in the order of FeedbackColumns:
// strings and int64s.
func (d *Dialect) FeedbackValues(f *ledger.Feedback) []any {
	return []any{
		d.Text(f.ID), d.Text(f.OrgID), d.Text(f.WorkspaceID), d.Text(f.KeyID), d.Text(f.UserID), d.Text(f.TraceID),
		int64(f.Value), f.WeightMicro, d.Text(string(f.Metadata)), f.CreatedAt.UnixMicro(), f.UpdatedAt.UnixMicro(),
	}
}

// Latest leaves of each feedback the version that counts.
func Latest(batch []*ledger.Feedback) []*ledger.Feedback {
	at := map[string]int{}
	var list []*ledger.Feedback
	for _, f := range batch {
		i, ok := at[f.ID]
		switch {
		case !ok:
			at[f.ID] = len(list)
			list = append(list, f)
		case !f.UpdatedAt.Before(list[i].UpdatedAt):
			list[i] = f
		}
	}
	return list
}

// Feedback is that of ledger.Logs.
func (a Asker) Feedback(ctx context.Context, workspaceID string, f ledger.FeedbackFilter) ([]ledger.Feedback, error) {
	return a.feedback(ctx, a.feedbackThat(workspaceID, &f), ledger.MaxFeedback, 0)
}

// ListFeedback is that of ledger.Logs.
func (a Asker) ListFeedback(ctx context.Context, workspaceID string, f ledger.FeedbackFilter, p ledger.Page) (out ledger.FeedbackListing, err error) {
	w := a.feedbackThat(workspaceID, &f)
	count := "SELECT count(*) FROM " + a.Dialect.Feedback + " WHERE " + w.String()
	if err := a.each(ctx, count, w.args, func(rows Rows) error { return rows.Scan(&out.Total) }); err != nil {
		return out, a.failed("count feedback", err)
	}
	if p.After != "" {
		at, id, err := ledger.ParseCursor(p.After)
		if err != nil {
			return ledger.FeedbackListing{}, err
		}
		w.add("created_at <= ? AND (created_at < ? OR id < ?)", a.instant(at), a.instant(at), id)
	}
	size, offset := p.Bounds()
	list, err := a.feedback(ctx, w, size+1, offset)
	if len(list) > size {
		list = list[:size]
		out.Next = ledger.CursorAt(list[size-1].CreatedAt, list[size-1].ID)
	}
	out.Feedback = list
	return out, err
}

func (d *Dialect) feedbackThat(workspaceID string, f *ledger.FeedbackFilter) *where {
	w := &where{d: d}
	w.add("workspace_id = ?", workspaceID)
	anyOf(w, "id", f.IDs)
	anyOf(w, "trace_id", f.TraceIDs)
	anyOf(w, "value", f.Values)
	if !f.From.IsZero() {
		w.add("created_at >= ?", d.instant(f.From))
	}
	if !f.To.IsZero() {
		w.add("created_at < ?", d.instant(f.To))
	}
	return w
}

func (a Asker) feedback(ctx context.Context, w *where, limit, offset int) (list []ledger.Feedback, err error) {
	names := make([]string, len(FeedbackColumns))
	for i, c := range FeedbackColumns {
		if names[i] = c.Name; c.Kind == Instant {
			names[i] = fmt.Sprintf(a.MicrosOf, c.Name)
		}
	}
	query := "SELECT " + strings.Join(names, ", ") + " FROM " + a.Dialect.Feedback + " WHERE " + w.String() + fmt.Sprintf(" ORDER BY created_at DESC, id DESC LIMIT %d OFFSET %d", limit, offset)
	err = a.each(ctx, query, w.args, func(rows Rows) error {
		var b ledger.Feedback
		var metadata string
		var created, updated int64
		err := rows.Scan(&b.ID, &b.OrgID, &b.WorkspaceID, &b.KeyID, &b.UserID, &b.TraceID, &b.Value, &b.WeightMicro, &metadata, &created, &updated)
		b.Metadata, b.CreatedAt, b.UpdatedAt = json.RawMessage(metadata), time.UnixMicro(created).UTC(), time.UnixMicro(updated).UTC()
		list = append(list, b)
		return err
	})
	if err != nil {
		return nil, a.failed("list feedback", err)
	}
	return list, nil
}

// scores sums up the feedback of traces.
func (a Asker) scores(ctx context.Context, workspaceID string, traces []string) (all map[string]ledger.Score, err error) {
	if len(traces) == 0 {
		return nil, nil
	}
	w := &where{d: a.Dialect}
	w.add("workspace_id = ?", workspaceID)
	w.oneOf("trace_id", traces)
	query := "SELECT trace_id, count(*), CAST(sum(value * weight_micro) AS BIGINT) FROM " + a.Dialect.Feedback + " WHERE " + w.String() + " GROUP BY trace_id"
	err = a.each(ctx, query, w.args, func(rows Rows) error {
		var trace string
		var s ledger.Score
		err := rows.Scan(&trace, &s.Count, &s.SumMicro)
		if all == nil {
			all = map[string]ledger.Score{}
		}
		all[trace] = s
		return err
	})
	if err != nil {
		return nil, a.failed("scores", err)
	}
	return all, nil
}

// withFeedback is the rows of logs that are where, each as often as its trace has
// feedback, and with that.
func (d *Dialect) withFeedback(where string) string {
	return "(SELECT * FROM " + d.Logs + " WHERE " + where + ") AS e JOIN " +
		"(SELECT workspace_id, trace_id, id AS feedback_id, value AS score, value * weight_micro AS weighted FROM " + d.Feedback + ") AS b USING (workspace_id, trace_id)"
}

// feedback keeps traces whose mean lies within the bounds.
func (w *where) feedback(workspaceIDs []string, low, high *int64) {
	if low == nil && high == nil {
		return
	}
	having, args := []string{}, arguments(workspaceIDs)
	if low != nil {
		having, args = append(having, "sum(value * weight_micro) >= ? * count(*)"), append(args, *low)
	}
	if high != nil {
		having, args = append(having, "sum(value * weight_micro) <= ? * count(*)"), append(args, *high)
	}
	w.add("(workspace_id, trace_id) IN (SELECT workspace_id, trace_id FROM "+w.d.Feedback+" WHERE workspace_id IN ("+marks(len(workspaceIDs))+
		") GROUP BY workspace_id, trace_id HAVING "+strings.Join(having, " AND ")+")", args...)
}
