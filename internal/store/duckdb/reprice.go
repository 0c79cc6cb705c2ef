package duckdb

import (
	"context"
	"time"

	"github.com/portico-ai/portico/internal/ledger"
)

// Unpriced is logsql.Asker.Unpriced.
func (s *Store) Unpriced(ctx context.Context, from time.Time, show func(*ledger.Entry) error) error {
	d, done, err := s.use()
	if err != nil {
		return err
	}
	defer done()
	return d.ask().Unpriced(ctx, from, show)
}

// reprice writes the costs of the batch's repriced entries to rows that have
// none, within the open transaction.
func (d *database) reprice(ctx context.Context, batch []*ledger.Entry) error {
	var ids, costs, details []any
	var first, last time.Time
	for _, e := range batch {
		if e.RepricedAt.IsZero() {
			continue
		}
		if at := e.StartedAt.UTC().Truncate(time.Microsecond); len(ids) == 0 {
			first, last = at, at
		} else if at.Before(first) {
			first = at
		} else if at.After(last) {
			last = at
		}
		rest := e.Rest()
		ids, costs, details = append(ids, valid(e.ID)), append(costs, e.CostNano), append(details, valid(string(rest.AppendJSON(nil))))
	}
	if len(ids) == 0 {
		return nil
	}
	const update = `UPDATE logs SET cost_nano = n.cost, cost_known = true, detail = n.detail
		FROM (SELECT unnest(?::VARCHAR[]) AS id, unnest(?::BIGINT[]) AS cost, unnest(?::VARCHAR[]) AS detail) n
		WHERE logs.id = n.id AND NOT cost_known AND started_at >= ? AND started_at <= ?`
	_, err := d.writer.ExecContext(ctx, update, ids, costs, details, first, last)
	return err
}
