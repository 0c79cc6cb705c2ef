package duckdb

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/portico-ai/portico/internal/ledger"
)

// repriceBatch is how many rows Reprice reads and changes at a time.
const repriceBatch = 1000

// Reprice shows price every row from a time on whose usage is known and whose
// cost is not, oldest first. Where price sets the cost and reports true, cost and
// price version are kept. Rows with a known cost are never touched, so doing it
// again changes nothing more. It returns how many rows it showed and changed,
// also when it fails: each batch is a transaction.
func (s *Store) Reprice(ctx context.Context, from time.Time, price func(*ledger.Entry) bool) (shown, priced int, err error) {
	s.applyMu.Lock()
	defer s.applyMu.Unlock()
	d, done, err := s.use()
	if err != nil {
		return 0, 0, err
	}
	defer done()
	at, id := from.UTC().Truncate(time.Microsecond), ""
	for {
		list, err := d.unpriced(ctx, at, id)
		if err != nil {
			return shown, priced, fmt.Errorf("duckdb: reprice: %w", err)
		}
		var known []*ledger.Entry
		for i := range list {
			if price(&list[i]) {
				known = append(known, &list[i])
			}
		}
		if err := d.keepCosts(ctx, known); err != nil {
			return shown, priced, fmt.Errorf("duckdb: reprice: %w", err)
		}
		shown, priced = shown+len(list), priced+len(known)
		if len(list) < repriceBatch {
			return shown, priced, nil
		}
		last := &list[len(list)-1]
		at, id = last.StartedAt, last.ID
	}
}

// unpriced reads the rows after a time and id.
func (d *database) unpriced(ctx context.Context, at time.Time, id string) ([]ledger.Entry, error) {
	query := `SELECT ` + names(logColumns) + ` FROM store.logs
		WHERE NOT cost_known AND usage_known AND started_at >= ? AND (started_at > ? OR id > ?)
		ORDER BY started_at, id LIMIT ?`
	rows, err := d.writer.QueryContext(ctx, query, at, at, id, repriceBatch)
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

// keepCosts writes the costs of rows that had none.
func (d *database) keepCosts(ctx context.Context, list []*ledger.Entry) error {
	if len(list) == 0 {
		return nil
	}
	ids, costs, details := make([]any, len(list)), make([]any, len(list)), make([]any, len(list))
	for i, e := range list {
		rest := e.Rest()
		ids[i], costs[i], details[i] = e.ID, e.CostNano, string(rest.AppendJSON(nil))
	}
	const update = `UPDATE logs SET cost_nano = n.cost, cost_known = true, detail = n.detail
		FROM (SELECT unnest(?::VARCHAR[]) AS id, unnest(?::BIGINT[]) AS cost, unnest(?::VARCHAR[]) AS detail) n
		WHERE logs.id = n.id AND NOT cost_known AND started_at >= ? AND started_at <= ?`
	if _, err := d.writer.ExecContext(ctx, `BEGIN`); err != nil {
		return err
	}
	if _, err := d.writer.ExecContext(ctx, update, ids, costs, details, list[0].StartedAt, list[len(list)-1].StartedAt); err != nil {
		_, rerr := d.writer.ExecContext(context.WithoutCancel(ctx), `ROLLBACK`)
		return errors.Join(err, rerr)
	}
	_, err := d.writer.ExecContext(context.WithoutCancel(ctx), `COMMIT`)
	return err
}
