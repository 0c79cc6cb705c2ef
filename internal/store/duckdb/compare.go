package duckdb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/duckdb/duckdb-go/v2"

	"github.com/portico-ai/portico/internal/ledger"
)

// A Comparison is what Compare found.
type Comparison struct {
	Entries, Rows int64 // compared
	Older         int64 // rows that began before the oldest entry, whose segment was dropped
	Repriced      int64 // rows with a cost that the entry lacks: portico reprice

	Missing    int64 // entries without a row
	Extra      int64 // rows without an entry
	Duplicates int64 // entries and rows too many of one id
	Different  int64 // rows that say something else than the entry

	Differences []Difference // some of them
}

// A Difference is one request of which the two do not agree.
type Difference struct {
	ID      string `json:"id"`
	What    string `json:"what"` // "missing", "extra", "duplicate", or the column
	Journal string `json:"journal,omitempty"`
	Store   string `json:"log_store,omitempty"`
}

// CompareOptions say what is expected.
type CompareOptions struct {
	Kept  time.Time // rows of requests that began before may have been dropped
	Whole bool      // the journal has everything from the beginning
	Show  int       // differences of each kind that are listed
}

// compared are the columns that must be equal, beside cost.
var compared = []string{"workspace_id", "provider", "model", "state", "status", "usage_known", "input_tokens", "output_tokens"}

// Compare holds the rows of the file at path against the journal's entries, which
// feed hands over one by one. It changes nothing. Entries are many, so they are
// put into a table of DuckDB's own, which it keeps in a temporary folder.
func Compare(ctx context.Context, path string, feed func(add func(*ledger.Entry) error) error, o CompareOptions) (c Comparison, err error) {
	tmp, err := os.MkdirTemp("", "portico-reconcile-*")
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(tmp)) }()
	connector, err := duckdb.NewConnector(":memory:?threads=2&memory_limit=512MB&autoinstall_known_extensions=false&autoload_known_extensions=false&temp_directory="+tmp, nil)
	if err != nil {
		return c, fmt.Errorf("duckdb: compare: %w", err)
	}
	db := sql.OpenDB(connector)
	defer func() { err = errors.Join(err, db.Close()) }()
	conn, err := db.Conn(ctx)
	if err != nil {
		return c, fmt.Errorf("duckdb: compare: %w", err)
	}
	defer conn.Close() //nolint:errcheck // with the database
	p := &comparer{ctx: ctx, conn: conn, o: o, found: &c}
	if err := p.run(path, feed); err != nil {
		return c, fmt.Errorf("duckdb: compare %s: %w", path, err)
	}
	return c, nil
}

type comparer struct {
	ctx   context.Context
	conn  *sql.Conn
	o     CompareOptions
	found *Comparison
}

func (p *comparer) run(path string, feed func(func(*ledger.Entry) error) error) error {
	for _, q := range []string{
		fmt.Sprintf(`ATTACH '%s' AS %s (TYPE duckdb, READ_ONLY)`, strings.ReplaceAll(path, "'", "''"), catalog),
		`CREATE TABLE entries (id VARCHAR, started_at TIMESTAMP, workspace_id VARCHAR, provider VARCHAR, model VARCHAR, state VARCHAR, status BIGINT,
			usage_known BOOLEAN, input_tokens BIGINT, output_tokens BIGINT, cost_known BOOLEAN, cost_nano BIGINT)`,
	} {
		if _, err := p.conn.ExecContext(p.ctx, q); err != nil {
			return err
		}
	}
	if err := p.conn.Raw(func(c any) error { return fillEntries(c.(driver.Conn), feed) }); err != nil {
		return err
	}
	// Each id once, so that joins pair rows one to one.
	const views = `CREATE VIEW e AS SELECT DISTINCT ON (id) * FROM entries ORDER BY id, started_at;
		CREATE VIEW l AS SELECT DISTINCT ON (id) * FROM store.logs ORDER BY id, started_at`
	if _, err := p.conn.ExecContext(p.ctx, views); err != nil {
		return err
	}
	return errors.Join(p.count(), p.missing(), p.extra(), p.duplicates(), p.different())
}

func fillEntries(conn driver.Conn, feed func(func(*ledger.Entry) error) error) error {
	a, err := duckdb.NewAppenderFromConn(conn, "", "entries")
	if err != nil {
		return err
	}
	err = feed(func(e *ledger.Entry) error {
		return a.AppendRow(valid(e.ID), e.StartedAt.UTC().Truncate(time.Microsecond), valid(e.WorkspaceID), valid(e.Provider), valid(e.Model), string(e.State),
			int64(e.Status), e.Usage.Known, e.Usage.InputTokens, e.Usage.OutputTokens, e.CostKnown, e.CostNano)
	})
	return errors.Join(err, a.Close())
}

func (p *comparer) count() error {
	err := p.conn.QueryRowContext(p.ctx, `SELECT (SELECT count(*) FROM entries), (SELECT count(*) FROM store.logs)`).Scan(&p.found.Entries, &p.found.Rows)
	if err != nil || p.o.Whole {
		return err
	}
	return p.conn.QueryRowContext(p.ctx, `SELECT count(*) FROM store.logs WHERE `+older).Scan(&p.found.Older)
}

// older is true of rows from before the journal as it is now.
const older = `coalesce(started_at < (SELECT min(started_at) FROM entries), true)`

func (p *comparer) missing() error {
	return p.list(&p.found.Missing, "missing", `SELECT id, started_at::VARCHAR, '' FROM e ANTI JOIN l USING (id) WHERE started_at >= ?`, p.o.Kept.UTC())
}

func (p *comparer) extra() error {
	cond := ""
	if !p.o.Whole {
		cond = ` WHERE NOT ` + older
	}
	return p.list(&p.found.Extra, "extra", `SELECT id, '', started_at::VARCHAR FROM l ANTI JOIN e USING (id)`+cond)
}

func (p *comparer) duplicates() error {
	const q = `SELECT id, coalesce(e.n, 0)::VARCHAR, coalesce(l.n, 0)::VARCHAR
		FROM (SELECT id, count(*) AS n FROM entries GROUP BY id HAVING n > 1) e
		FULL JOIN (SELECT id, count(*) AS n FROM store.logs GROUP BY id HAVING n > 1) l USING (id)`
	return p.list(&p.found.Duplicates, "duplicate", q)
}

func (p *comparer) different() error {
	const cost = `CASE WHEN cost_known THEN cost_nano END`
	entry, row := strings.ReplaceAll(cost, "cost_", "e.cost_"), strings.ReplaceAll(cost, "cost_", "l.cost_")
	both := ` FROM e JOIN l USING (id) WHERE `
	repriced := `NOT e.cost_known AND l.cost_known`
	err := p.conn.QueryRowContext(p.ctx, `SELECT count(*)`+both+repriced).Scan(&p.found.Repriced)
	errs := []error{err}
	differs := []string{entry + ` IS DISTINCT FROM ` + row + ` AND NOT (` + repriced + `)`}
	for _, name := range compared {
		differs = append(differs, fmt.Sprintf(`e.%s <> l.%s`, name, name))
	}
	errs = append(errs, p.conn.QueryRowContext(p.ctx, `SELECT count(*)`+both+strings.Join(differs, ` OR `)).Scan(&p.found.Different))
	texts := []string{fmt.Sprintf(`SELECT id, coalesce((%s)::VARCHAR, 'unknown'), coalesce((%s)::VARCHAR, 'unknown')`, entry, row)}
	names := []string{"cost_nano"}
	for _, name := range compared {
		names = append(names, name)
		texts = append(texts, fmt.Sprintf(`SELECT id, e.%s::VARCHAR, l.%s::VARCHAR`, name, name))
	}
	for i, name := range names {
		errs = append(errs, p.list(new(int64), name, texts[i]+both+differs[i]))
	}
	return errors.Join(errs...)
}

// list counts what a query of id and both sides' words finds, and keeps some.
func (p *comparer) list(n *int64, what, query string, args ...any) error {
	if err := p.conn.QueryRowContext(p.ctx, `SELECT count(*) FROM (`+query+`)`, args...).Scan(n); err != nil || *n == 0 {
		return err
	}
	rows, err := p.conn.QueryContext(p.ctx, query+fmt.Sprintf(` ORDER BY id LIMIT %d`, p.o.Show), args...)
	if err != nil {
		return err
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	for rows.Next() {
		d := Difference{What: what}
		if err := rows.Scan(&d.ID, &d.Journal, &d.Store); err != nil {
			return err
		}
		p.found.Differences = append(p.found.Differences, d)
	}
	return rows.Err()
}
