package duckdb

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/portico-ai/portico/internal/ledger"
)

// Traces implements ledger.Logs.
func (s *Store) Traces(ctx context.Context, workspaceID string, f ledger.Filter, p ledger.Page) (out ledger.TraceListing, err error) {
	d, done, err := s.use()
	if err != nil {
		return out, err
	}
	defer done()
	found, next, err := d.traceIDs(ctx, func() *where { return filtered([]string{workspaceID}, &f) }, p)
	if err != nil {
		return out, err
	}
	out.Next = next
	if out.Traces, err = d.summaries(ctx, workspaceID, found); err != nil {
		return out, err
	}
	ids := make([]any, len(found))
	for i, t := range found {
		ids[i] = t.id
	}
	out.Scores, err = d.scores(ctx, workspaceID, ids)
	return out, err
}

// A foundTrace is a trace and the start of its newest entry that passed.
type foundTrace struct {
	id     string
	newest time.Time
}

// traceIDs finds the traces of a page. Traces are short: those of the newest
// entries are looked for among these, and further back only while there are too few.
func (d *database) traceIDs(ctx context.Context, filter func() *where, p ledger.Page) (list []foundTrace, next string, err error) {
	size, offset := p.Bounds()
	var at time.Time
	var id string
	if p.After != "" {
		if at, id, err = ledger.ParseCursor(p.After); err != nil {
			return nil, "", err
		}
	}
	counts, err := d.stretches(ctx, filter())
	if err != nil {
		return nil, "", fmt.Errorf("duckdb: count traces: %w", err)
	}
	for p.After != "" && len(counts) > 0 && counts[0].number > at.UnixMicro()>>stretchBits {
		counts = counts[1:]
	}
	for rows := int64(4 * (size + 1 + offset)); len(counts) > 0; rows *= 8 {
		n, sum := 0, int64(0)
		for ; n < len(counts) && sum < rows; n++ {
			sum += counts[n].rows
		}
		if list, err = d.tracesSince(ctx, filter, beginOf(counts[n-1].number), at, id, size+1, offset); err != nil {
			return nil, "", err
		}
		if len(list) > size || n == len(counts) {
			break
		}
	}
	if len(list) > size {
		list = list[:size]
		next = ledger.CursorAt(list[size-1].newest, list[size-1].id)
	}
	return list, next, nil
}

// tracesSince lists traces by their newest entry, as far back as low. With a
// cursor, which is (at, id), it lists those after it: none of their entries is newer.
func (d *database) tracesSince(ctx context.Context, filter func() *where, low, at time.Time, id string, limit, offset int) (list []foundTrace, err error) {
	w := filter()
	w.add("trace_id <> '' AND started_at >= ?", low)
	after := &where{}
	if !at.IsZero() {
		w.add("started_at <= ?", at)
		after.add("(newest < ? OR trace_id < ?)", at, id)
		newer := filter()
		newer.add("started_at > ? AND trace_id IN (SELECT trace_id FROM near)", at)
		after.add("trace_id NOT IN (SELECT trace_id FROM store.logs WHERE "+newer.String()+")", newer.args...)
	} else {
		after.add("true")
	}
	query := `WITH near AS (SELECT trace_id, max(started_at) AS newest FROM store.logs WHERE ` + w.String() + ` GROUP BY trace_id)
		SELECT trace_id, newest FROM near WHERE ` + after.String() + ` ORDER BY newest DESC, trace_id DESC LIMIT ? OFFSET ?`
	rows, err := d.db.QueryContext(ctx, query, append(append(w.args, after.args...), limit, offset)...)
	if err != nil {
		return nil, fmt.Errorf("duckdb: find traces: %w", err)
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	for rows.Next() {
		var t foundTrace
		if err := rows.Scan(&t.id, &t.newest); err != nil {
			return nil, fmt.Errorf("duckdb: find traces: %w", err)
		}
		t.newest = t.newest.UTC()
		list = append(list, t)
	}
	return list, rows.Err()
}

// listSeparator parts texts that are put together: no provider or model has it.
const listSeparator = "\x1f"

// summaries sums up whole traces, in the order of found.
func (d *database) summaries(ctx context.Context, workspaceID string, found []foundTrace) ([]ledger.TraceSummary, error) {
	if len(found) == 0 {
		return nil, nil
	}
	list, at, ids := make([]ledger.TraceSummary, len(found)), map[string]int{}, make([]any, len(found))
	for i, t := range found {
		list[i].TraceID, list[i].Newest, at[t.id], ids[i] = t.id, t.newest, i, t.id
	}
	// As in page, the rows are found by their narrow columns first.
	const query = `SELECT trace_id, min(started_at), max(started_at + to_microseconds(total_us)), count(*), count(*) FILTER (NOT (` + succeeded + `)),
		sum(input_tokens + output_tokens)::BIGINT, coalesce(sum(cost_nano) FILTER (cost_known), 0)::BIGINT, count(*) FILTER (cost_known),
		coalesce(string_agg(DISTINCT provider, chr(31) ORDER BY provider) FILTER (provider <> ''), ''),
		coalesce(string_agg(DISTINCT model, chr(31) ORDER BY model) FILTER (model <> ''), ''),
		first(shape ORDER BY started_at, id), first(path ORDER BY started_at, id), first(end_user ORDER BY started_at, id)
		FROM store.logs WHERE rowid IN (SELECT rowid FROM store.logs WHERE workspace_id = ? AND trace_id IN (SELECT unnest(?::VARCHAR[]))) GROUP BY trace_id`
	rows, err := d.db.QueryContext(ctx, query, valid(workspaceID), ids)
	if err != nil {
		return nil, fmt.Errorf("duckdb: sum up traces: %w", err)
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	for rows.Next() {
		var t ledger.TraceSummary
		var providers, models, shape string
		if err := rows.Scan(&t.TraceID, &t.Start, &t.End, &t.Requests, &t.Failed, &t.Tokens, &t.CostNano, &t.CostKnown, &providers, &models, &shape, &t.Path, &t.User); err != nil {
			return nil, fmt.Errorf("duckdb: sum up traces: %w", err)
		}
		var first ledger.Entry
		if err := json.Unmarshal([]byte(shape), &first); err != nil {
			return nil, fmt.Errorf("duckdb: shape of trace %s: %w", t.TraceID, err)
		}
		t.Name, t.Start, t.End, t.Providers, t.Models = first.SpanName, t.Start.UTC(), t.End.UTC(), parts(providers), parts(models)
		i := at[t.TraceID]
		t.Newest = list[i].Newest
		list[i] = t
	}
	return list, rows.Err()
}

func parts(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, listSeparator)
}
