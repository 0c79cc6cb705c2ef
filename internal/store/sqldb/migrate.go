package sqldb

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"time"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// A migration brings a schema forward. All of them, in the order of their
// versions, make the schema that this program works with; versions may have gaps.
type migration struct {
	version int
	name    string
	sql     string
}

// migrations reads the embedded files, whose names start with their version.
func migrations() ([]migration, error) {
	names, err := fs.Glob(migrationFiles, "migrations/*.sql")
	if err != nil {
		return nil, err
	}
	slices.Sort(names)
	all := make([]migration, len(names))
	for i, path := range names {
		name := strings.TrimPrefix(path, "migrations/")
		number, _, _ := strings.Cut(name, "_")
		version, err := strconv.Atoi(number)
		if err != nil || len(number) != 4 || version <= newest(all[:i]) {
			return nil, fmt.Errorf("migration %s: want a name such as %04d_what_it_does.sql", name, newest(all[:i])+1)
		}
		text, err := migrationFiles.ReadFile(path)
		if err != nil {
			return nil, err
		}
		all[i] = migration{version, name, string(text)}
	}
	return all, nil
}

func newest(all []migration) int {
	if len(all) == 0 {
		return 0
	}
	return all[len(all)-1].version
}

// A migrationStep is a point in a migration at which the process may die.
type migrationStep string

const (
	stepBegun   migrationStep = "begun"   // the transaction is open
	stepChanged migrationStep = "changed" // the script has run
	stepNoted   migrationStep = "noted"   // its version is written down
	stepDone    migrationStep = "done"    // all of that is committed
)

// migrate applies what is missing, each migration in a transaction of its own
// and one process at a time. It refuses a schema that a newer version of the
// program has made. reached, if it is not nil, is told of every step.
func migrate(ctx context.Context, db *sql.DB, e *engine, reached func(version int, step migrationStep)) error {
	all, err := migrations()
	if err != nil {
		return err
	}
	if reached == nil {
		reached = func(int, migrationStep) {}
	}
	applied, err := appliedVersions(ctx, db, e)
	if err != nil {
		return fmt.Errorf("read the schema version: %w", err)
	}
	if err := refuseNewer(applied, all); err != nil {
		return err
	}
	for _, m := range all {
		if applied[m.version] {
			continue
		}
		if err := m.apply(ctx, db, e, func(s migrationStep) { reached(m.version, s) }); err != nil {
			return fmt.Errorf("migration %s: %w", m.name, err)
		}
	}
	return nil
}

func refuseNewer(applied map[int]bool, all []migration) error {
	for version := range applied {
		if !slices.ContainsFunc(all, func(m migration) bool { return m.version == version }) {
			return fmt.Errorf("the database has schema version %d, and this program knows versions up to %d: it was used by a newer one; start that, or restore a backup from before", version, newest(all))
		}
	}
	return nil
}

// appliedVersions is empty for a database without a schema.
func appliedVersions(ctx context.Context, q querier, e *engine) (map[int]bool, error) {
	var tables int
	if err := q.QueryRowContext(ctx, e.bind(e.hasTable), "schema_versions").Scan(&tables); err != nil || tables == 0 {
		return nil, err
	}
	rows, err := q.QueryContext(ctx, `SELECT version FROM schema_versions`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	applied := map[int]bool{}
	for rows.Next() {
		var version int
		if err := rows.Scan(&version); err != nil {
			return nil, err
		}
		applied[version] = true
	}
	return applied, rows.Err()
}

// schemaVersion is the newest that was applied, 0 for none.
func schemaVersion(ctx context.Context, q querier, e *engine) (version int, err error) {
	applied, err := appliedVersions(ctx, q, e)
	for v := range applied {
		version = max(version, v)
	}
	return version, err
}

// apply runs the migration, unless another process has done so meanwhile.
func (m migration) apply(ctx context.Context, db *sql.DB, e *engine, reached func(migrationStep)) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	if err := e.beginMigration(ctx, tx); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, e.ddl(`CREATE TABLE IF NOT EXISTS schema_versions (version INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at BIGINT NOT NULL)`)); err != nil {
		return err
	}
	if applied, err := appliedVersions(ctx, tx, e); err != nil || applied[m.version] {
		return err
	}
	reached(stepBegun)
	if _, err := tx.ExecContext(ctx, e.ddl(m.sql)); err != nil {
		return err
	}
	reached(stepChanged)
	if _, err := tx.ExecContext(ctx, e.bind(`INSERT INTO schema_versions (version, name, applied_at) VALUES (?, ?, ?)`), m.version, m.name, time.Now().UnixMilli()); err != nil {
		return err
	}
	reached(stepNoted)
	if err := tx.Commit(); err != nil {
		return err
	}
	reached(stepDone)
	return nil
}
