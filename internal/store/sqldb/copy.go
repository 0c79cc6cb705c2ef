package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// ErrNotEmpty means that a database to be filled holds something already.
var ErrNotEmpty = errors.New("it holds an organisation already; give an empty database")

// A TableCount is how many rows of a table were copied.
type TableCount struct {
	Table string
	Rows  int64
}

// A table is one of the schema, with the tables that its rows refer to.
type table struct {
	name    string
	columns []string
	parents []string
}

// tables lists what a SQLite database of the newest schema consists of, each
// table after those it refers to.
func tables(ctx context.Context, q querier) ([]table, error) {
	names, err := texts(ctx, q, `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> 'schema_versions' ORDER BY name`)
	if err != nil {
		return nil, err
	}
	var ordered []table
	for len(names) > 0 {
		left := names[:0:0]
		for _, name := range names {
			t := table{name: name}
			if t.columns, err = texts(ctx, q, `SELECT name FROM pragma_table_info(?) ORDER BY cid`, name); err != nil {
				return nil, err
			}
			if t.parents, err = texts(ctx, q, `SELECT "table" FROM pragma_foreign_key_list(?)`, name); err != nil {
				return nil, err
			}
			waits := slices.ContainsFunc(t.parents, func(p string) bool { return p != name && slices.Contains(names, p) && !placed(ordered, p) })
			if waits {
				left = append(left, name)
				continue
			}
			ordered = append(ordered, t)
		}
		if len(left) == len(names) {
			return nil, fmt.Errorf("the tables %s refer to each other", strings.Join(left, ", "))
		}
		names = left
	}
	return ordered, nil
}

func placed(all []table, name string) bool {
	return slices.ContainsFunc(all, func(t table) bool { return t.name == name })
}

func texts(ctx context.Context, q querier, query string, args ...any) (all []string, err error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var v string
		if err := rows.Scan(&v); err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, rows.Err()
}

// Fill copies everything that from holds, as it is at one moment, into s, which
// must be empty, in one transaction. One of the two is SQLite. Both must have the
// newest schema. node goes on with what was running.
func (s *Store) Fill(ctx context.Context, from *Store, node string) (counts []TableCount, err error) {
	for _, one := range []*Store{s, from} {
		if have, known, err := one.Schema(ctx); err != nil || have != known {
			return nil, errors.Join(err, fmt.Errorf("schema version %d is not the newest, %d", have, known))
		}
	}
	read, err := from.read.BeginTx(ctx, &sql.TxOptions{Isolation: from.engine.snapshot, ReadOnly: true})
	if err != nil {
		return nil, err
	}
	defer func() { _ = read.Rollback() }()
	if unhurried := from.engine.unhurried; unhurried != "" {
		if _, err := read.ExecContext(ctx, unhurried); err != nil {
			return nil, err
		}
	}
	write, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	defer func() { _ = write.Rollback() }()
	if err := s.engine.begin(ctx, write); err != nil {
		return nil, err
	}
	sqlite := querier(read)
	if s.engine == sqliteEngine {
		sqlite = write
	}
	all, err := tables(ctx, sqlite)
	if err != nil {
		return nil, err
	}
	if n, err := count(ctx, write, "organisations"); err != nil || n > 0 {
		return nil, errors.Join(err, ErrNotEmpty)
	}
	c := copier{from: read, to: write, engine: s.engine}
	for _, t := range all {
		n, err := c.table(ctx, t)
		if err != nil {
			return nil, fmt.Errorf("copy the table %s: %w", t.name, err)
		}
		counts = append(counts, TableCount{t.name, n})
	}
	if _, err := write.ExecContext(ctx, s.engine.bind(`UPDATE exports SET node = ?`), node); err != nil {
		return nil, err
	}
	return counts, write.Commit()
}

type copier struct {
	from, to querier
	engine   *engine // of to
}

// batch is how many rows are inserted at once; SQLite takes 32,766 values.
const batch = 200

// table copies the rows and counts them again where they have come to.
func (c copier) table(ctx context.Context, t table) (n int64, err error) {
	// A target is empty but for what its migrations have put there.
	if _, err := c.to.ExecContext(ctx, "DELETE FROM "+t.name); err != nil {
		return 0, err
	}
	columns := strings.Join(t.columns, ", ")
	rows, err := c.from.QueryContext(ctx, "SELECT "+columns+" FROM "+t.name)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	var values []any
	for rows.Next() {
		row := make([]any, len(t.columns))
		into := make([]any, len(row))
		for i := range row {
			into[i] = &row[i]
		}
		if err := rows.Scan(into...); err != nil {
			return n, err
		}
		values = append(values, row...)
		if n++; n%batch == 0 {
			if err := c.insert(ctx, t, columns, values); err != nil {
				return n, err
			}
			values = values[:0]
		}
	}
	if err := errors.Join(rows.Err(), c.insert(ctx, t, columns, values)); err != nil {
		return n, err
	}
	there, err := count(ctx, c.to, t.name)
	here, hereErr := count(ctx, c.from, t.name)
	if err := errors.Join(err, hereErr); err != nil {
		return n, err
	}
	if here != n || there != n {
		return n, fmt.Errorf("%d rows were read of %d, and %d have arrived", n, here, there)
	}
	return n, nil
}

func (c copier) insert(ctx context.Context, t table, columns string, values []any) error {
	if len(values) == 0 {
		return nil
	}
	one := "(" + strings.TrimSuffix(strings.Repeat("?, ", len(t.columns)), ", ") + ")"
	marks := one + strings.Repeat(", "+one, len(values)/len(t.columns)-1)
	_, err := c.to.ExecContext(ctx, c.engine.bind("INSERT INTO "+t.name+" ("+columns+") VALUES "+marks), values...)
	return err
}

func count(ctx context.Context, q querier, table string) (n int64, err error) {
	err = q.QueryRowContext(ctx, "SELECT COUNT(*) FROM "+table).Scan(&n)
	return n, err
}
