package logsql

import (
	"context"

	"github.com/portico-ai/portico/internal/ledger"
)

// Analyse is that of ledger.Analytics.
func (a Asker) Analyse(ctx context.Context, workspaceIDs []string, q ledger.Question) (ledger.Answer, error) {
	if len(workspaceIDs) == 0 {
		return ledger.Answer{}, nil
	}
	out, err := a.analyse(ctx, workspaceIDs, &q)
	if err == nil && len(out.Rows) == 0 && q.Offset > 0 {
		// Behind the last group no row says how many there are.
		q.Offset, q.Limit = 0, 1
		var first ledger.Answer
		first, err = a.analyse(ctx, workspaceIDs, &q)
		out.Total = first.Total
	}
	if err != nil {
		return ledger.Answer{}, a.failed("analyse", err)
	}
	return out, nil
}

// analyse asks again for each half of the buckets, which have nothing in common,
// where the groups of all are more than memory holds.
func (a Asker) analyse(ctx context.Context, workspaceIDs []string, q *ledger.Question) (ledger.Answer, error) {
	out, err := a.answer(ctx, workspaceIDs, q)
	if half := len(q.Edges) / 2; err != nil && a.OutOfMemory(err) && len(q.Edges) > 2 && q.Order == nil && q.Limit == 0 && q.Offset == 0 {
		early, late := *q, *q
		early.Edges, late.Edges = q.Edges[:half+1], q.Edges[half:]
		first, err := a.analyse(ctx, workspaceIDs, &early)
		if err != nil {
			return out, err
		}
		second, err := a.analyse(ctx, workspaceIDs, &late)
		for i := range second.Rows {
			second.Rows[i].Bucket += half
		}
		return ledger.Answer{Rows: append(first.Rows, second.Rows...), Total: first.Total + second.Total}, err
	}
	return out, err
}

func (a Asker) answer(ctx context.Context, workspaceIDs []string, q *ledger.Question) (out ledger.Answer, err error) {
	query, args := a.analysis(workspaceIDs, q)
	err = a.each(ctx, query, args, func(rows Rows) error {
		row := ledger.AnswerRow{Keys: make([]string, len(q.By)), Values: make([]int64, len(q.Measures))}
		fields := []any{&out.Total, &row.Bucket}
		for i := range row.Keys {
			fields = append(fields, &row.Keys[i])
		}
		for i := range row.Values {
			fields = append(fields, &row.Values[i])
		}
		if err := rows.Scan(fields...); err != nil {
			return err
		}
		for i, m := range q.Measures {
			if m.How == ledger.Percentile {
				row.Values[i] = ledger.BinMicros(int16(row.Values[i])) //nolint:gosec // it was one
			}
		}
		out.Rows = append(out.Rows, row)
		return nil
	})
	return out, err
}
