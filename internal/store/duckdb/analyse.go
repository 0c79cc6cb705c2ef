package duckdb

import (
	"context"
	"fmt"
	"strings"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/ledger"
)

var _ ledger.Analytics = (*Store)(nil)

// Analyse implements ledger.Analytics.
func (s *Store) Analyse(ctx context.Context, workspaceIDs []string, q ledger.Question) (ledger.Answer, error) {
	if len(workspaceIDs) == 0 {
		return ledger.Answer{}, nil
	}
	d, done, err := s.use()
	if err != nil {
		return ledger.Answer{}, err
	}
	defer done()
	out, err := d.analyse(ctx, workspaceIDs, &q)
	if err == nil && len(out.Rows) == 0 && q.Offset > 0 {
		// Behind the last group no row says how many there are.
		q.Offset, q.Limit = 0, 1
		var first ledger.Answer
		first, err = d.analyse(ctx, workspaceIDs, &q)
		out.Total = first.Total
	}
	if outOfMemory(err) {
		e := ai.Errorf(ai.Invalid, "This needs more memory than the log store has: ask for a shorter time, a longer interval or fewer columns")
		e.Err = fmt.Errorf("duckdb: analyse: %w", err)
		return ledger.Answer{}, e
	}
	if err != nil {
		return ledger.Answer{}, fmt.Errorf("duckdb: analyse: %w", err)
	}
	return out, nil
}

func outOfMemory(err error) bool { return err != nil && strings.Contains(err.Error(), "Out of Memory") }

// analyse asks again for each half of the buckets, which have nothing in common,
// where the groups of all are more than memory holds.
func (d *database) analyse(ctx context.Context, workspaceIDs []string, q *ledger.Question) (ledger.Answer, error) {
	out, err := d.answer(ctx, workspaceIDs, q)
	if half := len(q.Edges) / 2; outOfMemory(err) && len(q.Edges) > 2 && q.Order == nil && q.Limit == 0 && q.Offset == 0 {
		early, late := *q, *q
		early.Edges, late.Edges = q.Edges[:half+1], q.Edges[half:]
		first, err := d.analyse(ctx, workspaceIDs, &early)
		if err != nil {
			return out, err
		}
		second, err := d.analyse(ctx, workspaceIDs, &late)
		for i := range second.Rows {
			second.Rows[i].Bucket += half
		}
		return ledger.Answer{Rows: append(first.Rows, second.Rows...), Total: first.Total + second.Total}, err
	}
	return out, err
}

func (d *database) answer(ctx context.Context, workspaceIDs []string, q *ledger.Question) (ledger.Answer, error) {
	var out ledger.Answer
	query, args := analysis(workspaceIDs, q)
	rows, err := d.db.QueryContext(ctx, query, args...)
	if err != nil {
		return out, err
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	for rows.Next() {
		row := ledger.AnswerRow{Keys: make([]string, len(q.By)), Values: make([]int64, len(q.Measures))}
		fields := []any{&out.Total, &row.Bucket}
		for i := range row.Keys {
			fields = append(fields, &row.Keys[i])
		}
		for i := range row.Values {
			fields = append(fields, &row.Values[i])
		}
		if err := rows.Scan(fields...); err != nil {
			return out, err
		}
		for i, m := range q.Measures {
			if m.How == ledger.Percentile {
				row.Values[i] = ledger.BinMicros(int16(row.Values[i])) //nolint:gosec // it was one
			}
		}
		out.Rows = append(out.Rows, row)
	}
	return out, rows.Err()
}
