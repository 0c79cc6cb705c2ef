package duckdb

import (
	"context"
	"fmt"

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
	if err != nil {
		return ledger.Answer{}, fmt.Errorf("duckdb: analyse: %w", err)
	}
	return out, nil
}

func (d *database) analyse(ctx context.Context, workspaceIDs []string, q *ledger.Question) (ledger.Answer, error) {
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
