package duckdb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// dropSpan is how much time's rows one transaction deletes: bounded, so that
// rows are taken in between, whatever has piled up.
const dropSpan = 24 * time.Hour

// Drop deletes the rows of requests that began before a time, the oldest first,
// and returns how many. Rows lie in the order of time, so their space comes free
// in whole row groups, at DuckDB's next checkpoint: new rows use it again, and
// what is free at the file's end is given back.
func (s *Store) Drop(ctx context.Context, before time.Time) (dropped int64, err error) {
	for {
		n, more, err := s.dropSome(ctx, before.UTC().Truncate(time.Microsecond))
		dropped += n
		if err != nil {
			return dropped, fmt.Errorf("duckdb: drop old rows: %w", err)
		}
		if !more {
			return dropped, nil
		}
	}
}

func (s *Store) dropSome(ctx context.Context, before time.Time) (n int64, more bool, err error) {
	s.applyMu.Lock()
	defer s.applyMu.Unlock()
	if err := ctx.Err(); err != nil {
		return 0, false, err
	}
	ctx = context.WithoutCancel(ctx) // cut in the middle it would leave its transaction behind
	d, done, err := s.use()
	if err != nil {
		return 0, false, err
	}
	n, more, sound, err := d.drop(ctx, before)
	done()
	if !sound {
		err = errors.Join(err, s.reopen())
	}
	return n, more, err
}

// drop reports besides whether the database can still be trusted.
func (d *database) drop(ctx context.Context, before time.Time) (n int64, more, sound bool, err error) {
	var oldest sql.NullTime
	err = d.writer.QueryRowContext(ctx, `SELECT min(started_at) FROM store.logs`).Scan(&oldest)
	if err != nil || !oldest.Valid || !oldest.Time.Before(before) {
		return 0, false, true, err
	}
	upTo := oldest.Time.Add(dropSpan)
	if more = upTo.Before(before); !more {
		upTo = before
	}
	if _, err := d.writer.ExecContext(ctx, `BEGIN`); err != nil {
		return 0, false, false, err
	}
	res, err := d.writer.ExecContext(ctx, `DELETE FROM logs WHERE started_at < ?`, upTo)
	if err == nil {
		n, err = res.RowsAffected()
	}
	if err == nil {
		_, err = d.writer.ExecContext(ctx, `UPDATE reader SET "rows" = "rows" - ?`, n)
	}
	if err != nil {
		_, rerr := d.writer.ExecContext(ctx, `ROLLBACK`)
		return 0, false, rerr == nil, errors.Join(err, rerr)
	}
	if _, err := d.writer.ExecContext(ctx, `COMMIT`); err != nil {
		return 0, false, false, err
	}
	return n, more, true, nil
}
