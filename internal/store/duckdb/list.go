package duckdb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

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
	w := filtered([]string{workspaceID}, &f)
	var out ledger.Listing
	if err := d.db.QueryRowContext(ctx, `SELECT count(*) FROM store.logs WHERE `+w.String(), w.args...).Scan(&out.Total); err != nil {
		return out, fmt.Errorf("duckdb: count logs: %w", err)
	}
	out.Entries, out.Next, err = d.page(ctx, w, p, briefColumns, func(rows scanner) (ledger.Entry, error) {
		r, err := scan(rows, briefColumns)
		if err != nil {
			return ledger.Entry{}, err
		}
		return *r.Entry, nil
	})
	if err != nil {
		return out, err
	}
	out.Scores, err = d.scores(ctx, workspaceID, out.Entries)
	return out, err
}

// Scan implements ledger.Logs.
func (s *Store) Scan(ctx context.Context, workspaceID string, f ledger.Filter, after string, size int) ([]ledger.Entry, string, error) {
	d, done, err := s.use()
	if err != nil {
		return nil, "", err
	}
	defer done()
	return d.page(ctx, filtered([]string{workspaceID}, &f), ledger.Page{Size: size, After: after}, logColumns, scanWhole)
}

// page reads columns of a part of the rows, and where the next part begins.
func (d *database) page(ctx context.Context, w *where, p ledger.Page, columns []column, read func(scanner) (ledger.Entry, error)) (entries []ledger.Entry, next string, err error) {
	size, offset := p.Bounds()
	if p.After != "" {
		at, id, err := ledger.ParseCursor(p.After)
		if err != nil {
			return nil, "", err
		}
		w.add("started_at <= ? AND (started_at < ? OR id < ?)", at, at, id)
	}
	// One more than asked for tells whether there is a next page. The rows are
	// found by their narrow columns first; only those are then read whole.
	found := `SELECT rowid FROM store.logs WHERE ` + w.String() + ` ORDER BY started_at DESC, id DESC LIMIT ? OFFSET ?`
	rows, err := d.db.QueryContext(ctx,
		`SELECT `+names(columns)+` FROM store.logs WHERE rowid IN (`+found+`) ORDER BY started_at DESC, id DESC`, append(w.args, size+1, offset)...)
	if err != nil {
		return nil, "", fmt.Errorf("duckdb: list logs: %w", err)
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	for rows.Next() {
		e, err := read(rows)
		if err != nil {
			return nil, "", fmt.Errorf("duckdb: list logs: %w", err)
		}
		entries = append(entries, e)
	}
	if err := rows.Err(); err != nil {
		return nil, "", fmt.Errorf("duckdb: list logs: %w", err)
	}
	if len(entries) > size {
		entries = entries[:size]
		next = ledger.Cursor(&entries[size-1])
	}
	return entries, next, nil
}
