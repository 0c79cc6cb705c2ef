package duckdb

import (
	"context"
	"fmt"
	"time"

	"github.com/portico-ai/portico/internal/ledger"
)

// unpricedBatch is how many rows Unpriced reads at a time.
const unpricedBatch = 1000

// Unpriced shows every row from a time on whose usage is known and whose cost is
// not, oldest first, until show fails.
func (s *Store) Unpriced(ctx context.Context, from time.Time, show func(*ledger.Entry) error) error {
	at, id := from.UTC().Truncate(time.Microsecond), ""
	for {
		list, err := s.unpriced(ctx, at, id)
		if err != nil {
			return fmt.Errorf("duckdb: requests without a cost: %w", err)
		}
		for i := range list {
			if err := show(&list[i]); err != nil {
				return err
			}
		}
		if len(list) < unpricedBatch {
			return nil
		}
		last := &list[len(list)-1]
		at, id = last.StartedAt, last.ID
	}
}

// unpriced reads the rows after a time and id.
func (s *Store) unpriced(ctx context.Context, at time.Time, id string) ([]ledger.Entry, error) {
	d, done, err := s.use()
	if err != nil {
		return nil, err
	}
	defer done()
	query := `SELECT ` + names(logColumns) + ` FROM store.logs
		WHERE NOT cost_known AND usage_known AND started_at >= ? AND (started_at > ? OR id > ?)
		ORDER BY started_at, id LIMIT ?`
	rows, err := d.db.QueryContext(ctx, query, at, at, id, unpricedBatch)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	var list []ledger.Entry
	for rows.Next() {
		e, err := scanWhole(rows)
		if err != nil {
			return nil, err
		}
		list = append(list, e)
	}
	return list, rows.Err()
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
