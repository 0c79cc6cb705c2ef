package duckdb

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/portico-ai/portico/internal/ledger"
)

// feedbackTable holds each feedback once, as it was updated last. The weighted
// value is value * weight_micro, in millionths.
const feedbackTable = `CREATE TABLE IF NOT EXISTS feedback (
	id VARCHAR NOT NULL, org_id VARCHAR NOT NULL, workspace_id VARCHAR NOT NULL, key_id VARCHAR NOT NULL, user_id VARCHAR NOT NULL,
	trace_id VARCHAR NOT NULL, value BIGINT NOT NULL, weight_micro BIGINT NOT NULL, metadata VARCHAR NOT NULL,
	created_at TIMESTAMP NOT NULL, updated_at TIMESTAMP NOT NULL
);
`

const feedbackColumns = "id, org_id, workspace_id, key_id, user_id, trace_id, value, weight_micro, metadata, created_at, updated_at"

// ApplyFeedback implements ledger.FeedbackReader.
func (s *Store) ApplyFeedback(ctx context.Context, batch []*ledger.Feedback, upTo ledger.Position) error {
	return s.applyWith(ctx, fmt.Sprintf("%d feedback", len(batch)), func(ctx context.Context, d *database) (bool, error) {
		return d.inTransaction(ctx, func() error {
			if err := d.putFeedback(ctx, batch); err != nil {
				return err
			}
			return d.move(ctx, upTo, 0)
		})
	})
}

// putFeedback puts each feedback in place of one with its id that is not newer.
func (d *database) putFeedback(ctx context.Context, batch []*ledger.Feedback) error {
	latest := map[string]*ledger.Feedback{}
	for _, f := range batch {
		if had, ok := latest[f.ID]; !ok || !f.UpdatedAt.Before(had.UpdatedAt) {
			latest[f.ID] = f
		}
	}
	columns := make([][]any, 11)
	for _, f := range latest {
		for i, v := range []any{
			valid(f.ID), valid(f.OrgID), valid(f.WorkspaceID), valid(f.KeyID), valid(f.UserID), valid(f.TraceID), int64(f.Value), f.WeightMicro,
			valid(string(f.Metadata)), f.CreatedAt.UTC(), f.UpdatedAt.UTC(),
		} {
			columns[i] = append(columns[i], v)
		}
	}
	args := make([]any, len(columns))
	for i := range columns {
		args[i] = columns[i]
	}
	types := strings.Fields("VARCHAR VARCHAR VARCHAR VARCHAR VARCHAR VARCHAR BIGINT BIGINT VARCHAR TIMESTAMP TIMESTAMP")
	fresh := make([]string, len(types))
	for i, name := range strings.Split(feedbackColumns, ", ") {
		fresh[i] = "unnest(?::" + types[i] + "[]) AS " + name
	}
	from := "(SELECT " + strings.Join(fresh, ", ") + ") n"
	if _, err := d.writer.ExecContext(ctx, `DELETE FROM feedback USING `+from+` WHERE feedback.id = n.id AND feedback.updated_at <= n.updated_at`, args...); err != nil {
		return err
	}
	_, err := d.writer.ExecContext(ctx, `INSERT INTO feedback SELECT n.* FROM `+from+` WHERE NOT EXISTS (SELECT 1 FROM store.feedback f WHERE f.id = n.id)`, args...)
	return err
}

// Feedback implements ledger.Logs.
func (s *Store) Feedback(ctx context.Context, workspaceID string, f ledger.FeedbackFilter) ([]ledger.Feedback, error) {
	d, done, err := s.use()
	if err != nil {
		return nil, err
	}
	defer done()
	return d.feedback(ctx, feedbackThat(workspaceID, &f), ledger.MaxFeedback, 0)
}

// ListFeedback implements ledger.Logs.
func (s *Store) ListFeedback(ctx context.Context, workspaceID string, f ledger.FeedbackFilter, p ledger.Page) (out ledger.FeedbackListing, err error) {
	d, done, err := s.use()
	if err != nil {
		return out, err
	}
	defer done()
	w := feedbackThat(workspaceID, &f)
	if err := d.db.QueryRowContext(ctx, `SELECT count(*) FROM store.feedback WHERE `+w.String(), w.args...).Scan(&out.Total); err != nil {
		return out, fmt.Errorf("duckdb: count feedback: %w", err)
	}
	if p.After != "" {
		at, id, err := ledger.ParseCursor(p.After)
		if err != nil {
			return ledger.FeedbackListing{}, err
		}
		w.add("created_at <= ? AND (created_at < ? OR id < ?)", at, at, id)
	}
	size, offset := p.Bounds()
	list, err := d.feedback(ctx, w, size+1, offset)
	if len(list) > size {
		list = list[:size]
		out.Next = ledger.CursorAt(list[size-1].CreatedAt, list[size-1].ID)
	}
	out.Feedback = list
	return out, err
}

func feedbackThat(workspaceID string, f *ledger.FeedbackFilter) *where {
	w := &where{}
	w.add("workspace_id = ?", workspaceID)
	anyOf(w, "id", f.IDs)
	anyOf(w, "trace_id", f.TraceIDs)
	anyOf(w, "value", f.Values)
	if !f.From.IsZero() {
		w.add("created_at >= ?", f.From.UTC())
	}
	if !f.To.IsZero() {
		w.add("created_at < ?", f.To.UTC())
	}
	return w
}

func (d *database) feedback(ctx context.Context, w *where, limit, offset int) (list []ledger.Feedback, err error) {
	query := `SELECT ` + feedbackColumns + ` FROM store.feedback WHERE ` + w.String() + ` ORDER BY created_at DESC, id DESC LIMIT ? OFFSET ?`
	rows, err := d.db.QueryContext(ctx, query, append(w.args, limit, offset)...)
	if err != nil {
		return nil, fmt.Errorf("duckdb: list feedback: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var b ledger.Feedback
		var metadata string
		var created, updated time.Time
		if err := rows.Scan(&b.ID, &b.OrgID, &b.WorkspaceID, &b.KeyID, &b.UserID, &b.TraceID, &b.Value, &b.WeightMicro, &metadata, &created, &updated); err != nil {
			return nil, fmt.Errorf("duckdb: list feedback: %w", err)
		}
		b.Metadata, b.CreatedAt, b.UpdatedAt = json.RawMessage(metadata), created.UTC(), updated.UTC()
		list = append(list, b)
	}
	return list, rows.Err()
}

// scores sums up the feedback of traces.
func (d *database) scores(ctx context.Context, workspaceID string, traces []any) (map[string]ledger.Score, error) {
	if len(traces) == 0 {
		return nil, nil
	}
	const query = `SELECT trace_id, count(*), sum(value * weight_micro)::BIGINT FROM store.feedback
		WHERE workspace_id = ? AND trace_id IN (SELECT unnest(?::VARCHAR[])) GROUP BY trace_id`
	rows, err := d.db.QueryContext(ctx, query, valid(workspaceID), traces)
	if err != nil {
		return nil, fmt.Errorf("duckdb: scores: %w", err)
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	var all map[string]ledger.Score
	for rows.Next() {
		var trace string
		var s ledger.Score
		if err := rows.Scan(&trace, &s.Count, &s.SumMicro); err != nil {
			return nil, fmt.Errorf("duckdb: scores: %w", err)
		}
		if all == nil {
			all = map[string]ledger.Score{}
		}
		all[trace] = s
	}
	return all, rows.Err()
}

// withFeedback is the rows of logs that are where, each as often as its trace has
// feedback, and with that.
func withFeedback(where string) string {
	return "(SELECT * FROM store.logs WHERE " + where + ") JOIN " +
		"(SELECT workspace_id, trace_id, id AS feedback_id, value AS score, value * weight_micro AS weighted FROM store.feedback) USING (workspace_id, trace_id)"
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
	w.add("(workspace_id, trace_id) IN (SELECT (workspace_id, trace_id) FROM store.feedback WHERE workspace_id IN ("+marks(len(workspaceIDs))+
		") GROUP BY workspace_id, trace_id HAVING "+strings.Join(having, " AND ")+")", args...)
}
