package sqldb

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/portico-ai/portico/internal/control"
)

// A Store implements control.Store. Reads outside of a transaction see what was
// committed; changes take turns.
type Store struct {
	engine *engine
	link   *link   // nil for a file, which cannot be away
	q      querier // read, or a transaction
	write  *sql.DB // nil in a transaction
	read   *sql.DB // nil in a transaction
}

var _ control.Store = (*Store)(nil)

// querier is what a pool and a transaction have in common.
type querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// Close waits for running statements and closes the database.
func (s *Store) Close() error {
	if s.link != nil {
		return s.link.close()
	}
	return errors.Join(s.read.Close(), s.write.Close())
}

// Ping reports whether the database answers. For a server it says what is known
// of it, at once.
func (s *Store) Ping(ctx context.Context) error {
	if s.link != nil {
		return s.link.reason()
	}
	return s.read.PingContext(ctx)
}

// guard runs a part of the work with a database: for a server, unless that is
// away, and for no longer than limit.
func (s *Store) guard(ctx context.Context, limit time.Duration, do func(context.Context) error) error {
	if s.link == nil {
		return do(ctx)
	}
	return s.link.guard(ctx, limit, do)
}

// Atomically implements control.Store. Inside a transaction it joins that one.
func (s *Store) Atomically(ctx context.Context, do func(tx control.Store) error) error {
	if s.write == nil {
		return do(s)
	}
	return s.guard(ctx, transactionLimit, func(ctx context.Context) error { return s.transact(ctx, do) })
}

func (s *Store) transact(ctx context.Context, do func(tx control.Store) error) error {
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer func() { _ = tx.Rollback() }()
	if err := s.engine.begin(ctx, tx); err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	if err := do(&Store{engine: s.engine, link: s.link, q: tx}); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// exec changes rows. Outside of a transaction it is one of its own.
func (s *Store) exec(ctx context.Context, query string, args ...any) (changed int64, err error) {
	q := s.q
	if s.write != nil {
		q = s.write
	}
	if err := checkText(args); err != nil {
		return 0, err
	}
	err = s.guard(ctx, statementLimit, func(ctx context.Context) error {
		res, err := q.ExecContext(ctx, s.engine.bind(query), args...)
		if err == nil {
			changed, err = res.RowsAffected()
		}
		return err
	})
	if s.engine.isConflict(err) {
		err = fmt.Errorf("%w (%w)", control.ErrConflict, err)
	}
	return changed, err
}

// insert adds a row; columns and values go together.
func (s *Store) insert(ctx context.Context, table, columns string, values ...any) error {
	marks := strings.TrimSuffix(strings.Repeat("?, ", len(values)), ", ")
	_, err := s.exec(ctx, "INSERT INTO "+table+" ("+columns+") VALUES ("+marks+")", values...)
	return err
}

// change runs an update that must find its row.
func (s *Store) change(ctx context.Context, query string, args ...any) error {
	n, err := s.exec(ctx, query, args...)
	if err == nil && n == 0 {
		return control.ErrNotFound
	}
	return err
}

// Announce implements control.ChangeFeed.
func (s *Store) Announce(ctx context.Context) error {
	if s.engine.announce == "" {
		return nil
	}
	_, err := s.exec(ctx, s.engine.announce)
	return err
}

// Changes implements control.ChangeFeed.
func (s *Store) Changes(ctx context.Context) <-chan struct{} {
	if s.link == nil {
		return nil
	}
	return s.link.listen(ctx)
}

// scanner is a row, of one or of many.
type scanner interface{ Scan(dest ...any) error }

// one reads the first row, or returns ErrNotFound.
func one[T any](ctx context.Context, s *Store, scan func(scanner) (T, error), query string, args ...any) (v T, err error) {
	if err := checkText(args); err != nil {
		return v, err
	}
	err = s.guard(ctx, statementLimit, func(ctx context.Context) (err error) {
		v, err = scan(s.q.QueryRowContext(ctx, s.engine.bind(query), args...))
		return err
	})
	if errors.Is(err, sql.ErrNoRows) {
		err = control.ErrNotFound
	}
	return v, err
}

// unique reads the only row: ErrNotFound for none, ErrAmbiguous for several.
func unique[T any](ctx context.Context, s *Store, scan func(scanner) (T, error), query string, args ...any) (T, error) {
	all, err := many(ctx, s, scan, query+" LIMIT 2", args...)
	var none T
	switch {
	case err != nil:
		return none, err
	case len(all) == 0:
		return none, control.ErrNotFound
	case len(all) > 1:
		return none, control.ErrAmbiguous
	}
	return all[0], nil
}

func many[T any](ctx context.Context, s *Store, scan func(scanner) (T, error), query string, args ...any) (all []T, err error) {
	if err := checkText(args); err != nil {
		return nil, err
	}
	err = s.guard(ctx, statementLimit, func(ctx context.Context) error {
		rows, err := s.q.QueryContext(ctx, s.engine.bind(query), args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			v, err := scan(rows)
			if err != nil {
				return err
			}
			all = append(all, v)
		}
		return rows.Err()
	})
	return all, err
}

// page reads a part of a list and how long the whole is. from starts with the
// table's name and may go on with WHERE; order is a fixed list of columns.
func page[T any](ctx context.Context, s *Store, scan func(scanner) (T, error), columns, from, order string, p control.Page, args ...any) ([]T, int, error) {
	total, err := one(ctx, s, scanCount, "SELECT COUNT(*) FROM "+from, args...)
	if err != nil {
		return nil, 0, err
	}
	args = append(args, p.Size, int64(p.Number)*int64(p.Size))
	all, err := many(ctx, s, scan, "SELECT "+columns+" FROM "+from+" ORDER BY "+order+" LIMIT ? OFFSET ?", args...)
	return all, total, err
}

func scanCount(row scanner) (n int, err error) {
	err = row.Scan(&n)
	return n, err
}

// millis is how times are stored; 0 is the zero time.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// A timeColumn scans what millis made.
type timeColumn struct{ to *time.Time }

func (c timeColumn) Scan(v any) error {
	n, ok := v.(int64)
	if !ok {
		return fmt.Errorf("a time is an integer, not %T", v)
	}
	*c.to = time.Time{}
	if n != 0 {
		*c.to = time.UnixMilli(n).UTC()
	}
	return nil
}

// A jsonColumn stores and scans a structured value as JSON text.
type jsonColumn struct{ to any }

func (c jsonColumn) Scan(v any) error {
	text, ok := v.(string)
	if !ok {
		return fmt.Errorf("JSON is text, not %T", v)
	}
	return json.Unmarshal([]byte(text), c.to)
}

func toJSON(v any) string {
	b, _ := json.Marshal(v) // maps and slices of strings and plain structs always marshal
	return string(b)
}
