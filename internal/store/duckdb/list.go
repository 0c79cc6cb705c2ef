package duckdb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/ledger"
)

// Get implements ledger.Logs.
func (s *Store) Get(ctx context.Context, workspaceID, id string) (ledger.Entry, error) {
	d, done, err := s.use()
	if err != nil {
		return ledger.Entry{}, err
	}
	defer done()
	row := d.db.QueryRowContext(ctx, `SELECT `+names(logColumns)+` FROM store.logs WHERE workspace_id = ? AND id = ? LIMIT 1`, valid(workspaceID), valid(id))
	e, err := scanWhole(row)
	if errors.Is(err, sql.ErrNoRows) {
		return ledger.Entry{}, ai.Errorf(ai.NotFound, "There is no log with this id in the workspace")
	}
	if err != nil {
		return ledger.Entry{}, fmt.Errorf("duckdb: get log: %w", err)
	}
	return e, nil
}

// List implements ledger.Logs.
func (s *Store) List(ctx context.Context, workspaceID string, f ledger.Filter, p ledger.Page) (ledger.Listing, error) {
	d, done, err := s.use()
	if err != nil {
		return ledger.Listing{}, err
	}
	defer done()
	var out ledger.Listing
	out.Entries, out.Total, out.Next, err = d.page(ctx, filtered([]string{workspaceID}, &f), p, briefColumns, func(rows scanner) (ledger.Entry, error) {
		r, err := scan(rows, briefColumns)
		if err != nil {
			return ledger.Entry{}, err
		}
		return *r.Entry, nil
	})
	if err != nil {
		return out, err
	}
	traces := make([]any, 0, len(out.Entries))
	for i := range out.Entries {
		if t := out.Entries[i].TraceID; t != "" {
			traces = append(traces, t)
		}
	}
	out.Scores, err = d.scores(ctx, workspaceID, traces)
	return out, err
}

// Scan implements ledger.Logs.
func (s *Store) Scan(ctx context.Context, workspaceID string, f ledger.Filter, after string, size int) ([]ledger.Entry, string, error) {
	d, done, err := s.use()
	if err != nil {
		return nil, "", err
	}
	defer done()
	list, _, next, err := d.page(ctx, filtered([]string{workspaceID}, &f), ledger.Page{Size: size, After: after}, logColumns, scanWhole)
	return list, next, err
}

// page reads columns of a part of the rows, how many there are in all, and where
// the next part begins.
func (d *database) page(ctx context.Context, w *where, p ledger.Page, columns []column, read func(scanner) (ledger.Entry, error)) (entries []ledger.Entry, total int64, next string, err error) {
	size, offset := p.Bounds()
	last := int64(math.MaxInt64)
	var at time.Time
	var id string
	if p.After != "" {
		if at, id, err = ledger.ParseCursor(p.After); err != nil {
			return nil, 0, "", err
		}
		last = at.UnixMicro() >> stretchBits
	}
	counts, err := d.stretches(ctx, w)
	if err != nil {
		return nil, 0, "", fmt.Errorf("duckdb: count logs: %w", err)
	}
	for _, c := range counts {
		total += c.rows
	}
	low, high, offset := around(counts, last, offset, size+1)
	w.add("started_at >= ? AND started_at < ?", beginOf(low), beginOf(high+1))
	if p.After != "" {
		w.add("started_at <= ? AND (started_at < ? OR id < ?)", at, at, id)
	}
	// One more than asked for tells whether there is a next page. The rows are
	// found by their narrow columns first; only those are then read whole.
	found := `SELECT rowid FROM store.logs WHERE ` + w.String() + ` ORDER BY started_at DESC, id DESC LIMIT ? OFFSET ?`
	rows, err := d.db.QueryContext(ctx,
		`SELECT `+names(columns)+` FROM store.logs WHERE rowid IN (`+found+`) ORDER BY started_at DESC, id DESC`, append(w.args, size+1, offset)...)
	if err != nil {
		return nil, 0, "", fmt.Errorf("duckdb: list logs: %w", err)
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	for rows.Next() {
		e, err := read(rows)
		if err != nil {
			return nil, 0, "", fmt.Errorf("duckdb: list logs: %w", err)
		}
		entries = append(entries, e)
	}
	if err := rows.Err(); err != nil {
		return nil, 0, "", fmt.Errorf("duckdb: list logs: %w", err)
	}
	if len(entries) > size {
		entries = entries[:size]
		next = ledger.Cursor(&entries[size-1])
	}
	return entries, total, next, nil
}

// Rows are counted by stretches of time of 2^32 microseconds, some 72 minutes: so
// it is known in which of them a page is, and no others are sorted.
const stretchBits = 32

type stretch struct{ number, rows int64 }

func beginOf(number int64) time.Time { return time.UnixMicro(number << stretchBits).UTC() }

// stretches counts the rows of each stretch that has some, the latest first.
func (d *database) stretches(ctx context.Context, w *where) ([]stretch, error) {
	query := fmt.Sprintf(`SELECT epoch_us(started_at) >> %d AS number, count(*) FROM store.logs WHERE %s GROUP BY number ORDER BY number DESC`, stretchBits, w)
	rows, err := d.db.QueryContext(ctx, query, w.args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	var list []stretch
	for rows.Next() {
		var s stretch
		if err := rows.Scan(&s.number, &s.rows); err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	return list, rows.Err()
}

// around finds the stretches, from low to high, that have the rows wanted: those
// after the first offset of the ones that are in no later stretch than last. Of
// offset it leaves what is within them. The stretch last may have fewer rows than
// counted, for a cursor begins in it.
func around(counts []stretch, last int64, offset, wanted int) (low, high int64, rest int) {
	for len(counts) > 0 && counts[0].number > last {
		counts = counts[1:]
	}
	for len(counts) > 0 && int64(offset) >= counts[0].rows {
		offset -= int(counts[0].rows)
		counts = counts[1:]
	}
	if len(counts) == 0 {
		return 0, -1, offset
	}
	high, low = counts[0].number, counts[0].number
	need := int64(wanted + offset)
	for _, c := range counts {
		if low = c.number; c.number < last {
			need -= c.rows
		}
		if need <= 0 {
			break
		}
	}
	return low, high, offset
}
