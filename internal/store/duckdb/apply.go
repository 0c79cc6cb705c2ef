package duckdb

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"time"

	"github.com/duckdb/duckdb-go/v2"

	"github.com/portico-ai/portico/internal/ledger"
)

// Position implements ledger.Reader.
func (s *Store) Position(ctx context.Context) (ledger.Position, error) {
	defer s.use()()
	var p ledger.Position
	err := s.db.QueryRowContext(ctx, `SELECT segment, "offset" FROM reader`).Scan(&p.Segment, &p.Offset)
	if err != nil {
		return p, fmt.Errorf("duckdb: position: %w", err)
	}
	return p, nil
}

// Apply implements ledger.Reader: rows and position are one transaction, and an
// entry that is there already is left as it is.
func (s *Store) Apply(ctx context.Context, batch []ledger.Entry, upTo ledger.Position) (err error) {
	defer s.use()()
	s.applyMu.Lock()
	defer s.applyMu.Unlock()
	if _, err := s.writer.ExecContext(ctx, `BEGIN`); err != nil {
		return fmt.Errorf("duckdb: apply: %w", err)
	}
	newest := s.newest
	defer func() {
		if err != nil {
			s.newest = newest
			// Not on ctx, which may be why we are here.
			_, rerr := s.writer.ExecContext(context.WithoutCancel(ctx), `ROLLBACK`)
			err = errors.Join(fmt.Errorf("duckdb: apply %d entries: %w", len(batch), err), rerr)
		}
	}()
	fresh, err := s.fresh(ctx, batch)
	if err != nil {
		return err
	}
	if len(fresh) > 0 {
		if err := s.appendRows(fresh); err != nil {
			return err
		}
	}
	const move = `UPDATE reader SET segment = ?, "offset" = ?`
	if _, err := s.writer.ExecContext(ctx, move, upTo.Segment, upTo.Offset); err != nil {
		return err
	}
	_, err = s.writer.ExecContext(ctx, `COMMIT`)
	return err
}

// fresh returns the entries of batch that are not stored, each once, and notes
// the newest. Rows are looked for only among those as old as the batch.
func (s *Store) fresh(ctx context.Context, batch []ledger.Entry) ([]*ledger.Entry, error) {
	if len(batch) == 0 {
		return nil, nil
	}
	oldest, newest := batch[0].StartedAt, batch[0].StartedAt
	for i := range batch {
		if at := batch[i].StartedAt; at.Before(oldest) {
			oldest = at
		} else if at.After(newest) {
			newest = at
		}
	}
	known, err := s.known(ctx, batch, oldest.Truncate(time.Microsecond))
	if err != nil {
		return nil, err
	}
	if newest.After(s.newest) {
		s.newest = newest
	}
	fresh := make([]*ledger.Entry, 0, len(batch))
	for i := range batch {
		e := &batch[i]
		if _, ok := known[e.ID]; !ok {
			known[e.ID] = struct{}{}
			fresh = append(fresh, e)
		}
	}
	return fresh, nil
}

// known returns which of the batch's ids are stored.
func (s *Store) known(ctx context.Context, batch []ledger.Entry, oldest time.Time) (map[string]struct{}, error) {
	known := make(map[string]struct{}, len(batch))
	if oldest.After(s.newest) {
		return known, nil
	}
	ids := make([]any, len(batch))
	for i := range batch {
		ids[i] = batch[i].ID
	}
	rows, err := s.writer.QueryContext(ctx,
		`SELECT id FROM logs WHERE started_at >= ? AND id IN (SELECT unnest(?::VARCHAR[]))`, oldest, ids)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		known[id] = struct{}{}
	}
	return known, rows.Err()
}

func (s *Store) appendRows(entries []*ledger.Entry) error {
	return s.raw(func(c driver.Conn) error {
		a, err := duckdb.NewAppenderFromConn(c, "", "logs")
		if err != nil {
			return err
		}
		var row []driver.Value
		var buf []byte
		for _, e := range entries {
			row, buf = values(row[:0], e, buf)
			if err := a.AppendRow(row...); err != nil {
				return errors.Join(fmt.Errorf("entry %s: %w", e.ID, err), a.Close())
			}
		}
		return a.Close()
	})
}
