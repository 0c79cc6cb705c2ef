package logsql

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/portico-ai/portico/internal/ledger"
)

// Traces is that of ledger.Logs.
func (a Asker) Traces(ctx context.Context, workspaceID string, f ledger.Filter, p ledger.Page) (out ledger.TraceListing, err error) {
	found, next, err := a.traceIDs(ctx, func() *where { return a.filtered([]string{workspaceID}, &f) }, p)
	if err != nil {
		return out, err
	}
	out.Next = next
	if out.Traces, err = a.summaries(ctx, workspaceID, found); err != nil {
		return out, a.failed("sum up traces", err)
	}
	ids := make([]string, len(found))
	for i, t := range found {
		ids[i] = t.id
	}
	out.Scores, err = a.scores(ctx, workspaceID, ids)
	return out, err
}

// A foundTrace is a trace and the start of its newest entry that passed.
type foundTrace struct {
	id     string
	newest time.Time
}

// traceIDs finds the traces of a page. Traces are short: those of the newest
// entries are looked for among these, and further back only while there are too few.
func (a Asker) traceIDs(ctx context.Context, filter func() *where, p ledger.Page) (list []foundTrace, next string, err error) {
	size, offset := p.Bounds()
	var at time.Time
	var id string
	if p.After != "" {
		if at, id, err = ledger.ParseCursor(p.After); err != nil {
			return nil, "", err
		}
	}
	counts, err := a.stretches(ctx, filter())
	if err != nil {
		return nil, "", a.failed("count traces", err)
	}
	for p.After != "" && len(counts) > 0 && counts[0].number > at.UnixMicro()>>stretchBits {
		counts = counts[1:]
	}
	for rows := int64(4 * (size + 1 + offset)); len(counts) > 0; rows *= 8 {
		n, sum := 0, int64(0)
		for ; n < len(counts) && sum < rows; n++ {
			sum += counts[n].rows
		}
		if list, err = a.tracesSince(ctx, filter, counts[n-1].number<<stretchBits, at, id, size+1, offset); err != nil {
			return nil, "", a.failed("find traces", err)
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
func (a Asker) tracesSince(ctx context.Context, filter func() *where, low int64, at time.Time, id string, limit, offset int) (list []foundTrace, err error) {
	w, after := filter(), &where{d: a.Dialect}
	w.add("trace_id <> '' AND "+a.Started+" >= ?", a.Instant(low))
	if !at.IsZero() {
		w.add(a.Started+" <= ?", a.instant(at))
		after.add("(newest < ? OR trace_id < ?)", a.instant(at), id)
		newer := filter()
		newer.add(a.Started+" > ? AND trace_id IN (SELECT trace_id FROM near)", a.instant(at))
		after.add("trace_id NOT IN (SELECT trace_id FROM "+a.Logs+" WHERE "+newer.String()+")", newer.args...)
	} else {
		after.add("true")
	}
	query := "WITH near AS (SELECT trace_id, max(" + a.Started + ") AS newest FROM " + a.Logs + " WHERE " + w.String() + " GROUP BY trace_id) " +
		"SELECT trace_id, " + fmt.Sprintf(a.MicrosOf, "newest") + " FROM near WHERE " + after.String() +
		fmt.Sprintf(" ORDER BY newest DESC, trace_id DESC LIMIT %d OFFSET %d", limit, offset)
	err = a.each(ctx, query, append(w.args, after.args...), func(rows Rows) error {
		var t foundTrace
		var newest int64
		err := rows.Scan(&t.id, &newest)
		t.newest = time.UnixMicro(newest).UTC()
		list = append(list, t)
		return err
	})
	return list, err
}

// listSeparator parts the texts that Dialect.Joined puts together: no provider or
// model has it.
const listSeparator = "\x1f"

// summaries sums up whole traces, in the order of found.
func (a Asker) summaries(ctx context.Context, workspaceID string, found []foundTrace) ([]ledger.TraceSummary, error) {
	if len(found) == 0 {
		return nil, nil
	}
	list, at, ids := make([]ledger.TraceSummary, len(found)), map[string]int{}, make([]string, len(found))
	for i, t := range found {
		list[i].Newest, at[t.id], ids[i] = t.newest, i, t.id
	}
	w := &where{d: a.Dialect}
	w.add("workspace_id = ?", workspaceID)
	w.oneOf("trace_id", ids)
	rows := w.String()
	if a.RowID != "" {
		// As in page, the rows are found by their narrow columns first.
		rows = a.RowID + " IN (SELECT " + a.RowID + " FROM " + a.Logs + " WHERE " + rows + ")"
	}
	err := a.each(ctx, "SELECT trace_id, "+a.summary()+" FROM "+a.Logs+" WHERE "+rows+" GROUP BY trace_id", w.args, func(rows Rows) error {
		t, err := scanSummary(rows)
		i := at[t.TraceID]
		t.Newest = list[i].Newest
		list[i] = t
		return err
	})
	return list, err
}

// summary is what scanSummary reads after the trace's id.
func (d *Dialect) summary() string {
	list := []string{
		"min(" + d.Micros + ")", "max(" + d.Micros + " + total_us)", "count(*)", "count(*)" + filterClause(ledger.NotSucceeded),
		"CAST(sum(input_tokens + output_tokens) AS BIGINT)", "CAST(sum(" + quantities[ledger.Cost] + ") AS BIGINT)", "count(*) FILTER (WHERE cost_known)",
		fmt.Sprintf(d.Joined, "provider"), fmt.Sprintf(d.Joined, "model"),
		fmt.Sprintf(d.First, "shape"), fmt.Sprintf(d.First, "path"), fmt.Sprintf(d.First, "end_user"),
	}
	return strings.Join(list, ", ")
}

func scanSummary(rows Rows) (t ledger.TraceSummary, err error) {
	var start, end int64
	var providers, models, shape string
	if err := rows.Scan(&t.TraceID, &start, &end, &t.Requests, &t.Failed, &t.Tokens, &t.CostNano, &t.CostKnown, &providers, &models, &shape, &t.Path, &t.User); err != nil {
		return t, err
	}
	var first ledger.Entry
	if err := json.Unmarshal([]byte(shape), &first); err != nil {
		return t, fmt.Errorf("shape of trace %s: %w", t.TraceID, err)
	}
	t.Name, t.Start, t.End = first.SpanName, time.UnixMicro(start).UTC(), time.UnixMicro(end).UTC()
	t.Providers, t.Models = parts(providers), parts(models)
	return t, nil
}

func parts(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, listSeparator)
}
