package duckdb

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/portico-ai/portico/internal/ledger"
)

// Position implements ledger.Reader.
func (s *Store) Position(ctx context.Context) (ledger.Position, error) {
	d, done, err := s.use()
	if err != nil {
		return ledger.Position{}, err
	}
	defer done()
	var p ledger.Position
	if err := d.db.QueryRowContext(ctx, `SELECT segment, "offset" FROM store.reader`).Scan(&p.Segment, &p.Offset); err != nil {
		return p, fmt.Errorf("duckdb: position: %w", err)
	}
	return p, nil
}

// Apply implements ledger.Reader: rows and position are one transaction, and an
// entry that is there already is left as it is. After an error Position may have
// moved either way: forward if only the answer failed, back to the beginning if
// the file had to be set aside.
func (s *Store) Apply(ctx context.Context, batch []*ledger.Entry, upTo ledger.Position) error {
	return s.applyWith(ctx, fmt.Sprintf("%d entries", len(batch)), func(ctx context.Context, d *database) (bool, error) {
		return d.apply(ctx, batch, upTo)
	})
}

// applyWith runs a step that changes the store. The step reports besides whether
// the database can still be trusted.
func (s *Store) applyWith(ctx context.Context, what string, step func(context.Context, *database) (sound bool, err error)) error {
	s.applyMu.Lock()
	defer s.applyMu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	// A batch is short; cut in the middle it would leave its transaction behind.
	ctx = context.WithoutCancel(ctx)
	d, done, err := s.use()
	if err != nil {
		return errors.Join(err, s.reopen())
	}
	var sound bool
	s.thread.do(func() { sound, err = step(ctx, d) })
	done()
	if err == nil {
		return nil
	}
	err = fmt.Errorf("duckdb: apply %s: %w", what, err)
	if !sound {
		err = errors.Join(err, s.reopen())
	}
	return err
}

func (d *database) apply(ctx context.Context, batch []*ledger.Entry, upTo ledger.Position) (sound bool, err error) {
	return d.inTransaction(ctx, func() error {
		fresh, err := d.fresh(ctx, batch)
		if err == nil && len(fresh) > 0 {
			err = d.appendRows(fresh)
		}
		if err == nil {
			err = d.reprice(ctx, batch)
		}
		if err != nil {
			return err
		}
		return d.move(ctx, upTo, len(fresh))
	})
}

// move notes where the journal has been read to, and how many rows came.
func (d *database) move(ctx context.Context, upTo ledger.Position, rows int) error {
	_, err := d.writer.ExecContext(ctx, `UPDATE reader SET segment = ?, "offset" = ?, "rows" = "rows" + ?`, upTo.Segment, upTo.Offset, rows)
	return err
}

// inTransaction reports besides whether the database can still be trusted.
func (d *database) inTransaction(ctx context.Context, change func() error) (sound bool, err error) {
	if _, err := d.writer.ExecContext(ctx, `BEGIN`); err != nil {
		return false, err
	}
	if err := change(); err != nil {
		d.recent.forget()
		_, rerr := d.writer.ExecContext(ctx, `ROLLBACK`)
		return rerr == nil, errors.Join(err, rerr)
	}
	if _, err := d.writer.ExecContext(ctx, `COMMIT`); err != nil {
		return false, err
	}
	return true, nil
}

// fresh returns the entries of batch that are not stored, each once, and takes
// them for stored from then on.
func (d *database) fresh(ctx context.Context, batch []*ledger.Entry) ([]*ledger.Entry, error) {
	known, err := d.known(ctx, batch)
	if err != nil {
		return nil, err
	}
	fresh := make([]*ledger.Entry, 0, len(batch))
	for _, e := range batch {
		id := valid(e.ID)
		if !e.RepricedAt.IsZero() {
			continue
		}
		if _, ok := known[id]; ok || d.recent.knows(id) {
			continue
		}
		d.recent.add(id, e.StartedAt)
		fresh = append(fresh, e)
	}
	d.recent.age()
	return fresh, nil
}

// known looks for those of the batch's ids that are not recent, among rows that
// started no earlier.
func (d *database) known(ctx context.Context, batch []*ledger.Entry) (map[string]struct{}, error) {
	var oldest time.Time
	var ids []any
	for _, e := range batch {
		if d.recent.covers(e) || !e.RepricedAt.IsZero() {
			continue
		}
		if at := e.StartedAt; len(ids) == 0 || at.Before(oldest) {
			oldest = at
		}
		ids = append(ids, valid(e.ID))
	}
	if len(ids) == 0 {
		return nil, nil
	}
	const query = `SELECT id FROM store.logs WHERE started_at >= ? AND id IN (SELECT unnest(?::VARCHAR[]))`
	rows, err := d.writer.QueryContext(ctx, query, oldest.UTC().Truncate(time.Microsecond), ids)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	known := map[string]struct{}{}
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		known[id] = struct{}{}
	}
	return known, rows.Err()
}

// appendRows adds rows to logs within the open transaction.
func (d *database) appendRows(entries []*ledger.Entry) error {
	return d.writer.Raw(func(c any) error {
		if d.chunk == nil {
			d.chunk = newChunk()
		}
		a, err := newAppender(c, d.chunk)
		if err != nil {
			return err
		}
		for _, e := range entries {
			if err := a.add(e); err != nil {
				return errors.Join(fmt.Errorf("entry %s: %w", e.ID, err), a.close())
			}
		}
		return errors.Join(a.flush(), a.close())
	})
}
