package postgres

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/jackc/pgx/v5"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// lockNumber is of the lock that keeps servers that start together from making
// the tables at the same time.
const lockNumber = 0x706f727469636f // "portico"

// migrate applies the migrations that are missing, in one transaction. It refuses
// a schema that a newer version of the program has made.
func migrate(ctx context.Context, conn *pgx.Conn) (err error) {
	if err := suits(ctx, conn); err != nil {
		return err
	}
	names, err := fs.Glob(migrationFiles, "migrations/*.sql")
	if err != nil {
		return err
	}
	slices.Sort(names)
	tx, err := conn.Begin(ctx)
	if err != nil {
		return err
	}
	defer func() {
		if rerr := tx.Rollback(ctx); !errors.Is(rerr, pgx.ErrTxClosed) {
			err = errors.Join(err, rerr)
		}
	}()
	const prepare = `SET LOCAL statement_timeout = 0; SET LOCAL client_min_messages = warning; SELECT pg_advisory_xact_lock(%d);
		CREATE TABLE IF NOT EXISTS portico_schema_versions (version integer PRIMARY KEY, applied_at timestamptz NOT NULL)`
	if _, err := tx.Exec(ctx, fmt.Sprintf(prepare, lockNumber), pgx.QueryExecModeSimpleProtocol); err != nil {
		return fmt.Errorf("prepare the database: %w", err)
	}
	var have int
	if err := tx.QueryRow(ctx, `SELECT coalesce(max(version), 0) FROM portico_schema_versions`).Scan(&have); err != nil {
		return fmt.Errorf("read the schema version: %w", err)
	}
	if have > len(names) {
		return fmt.Errorf("its tables have schema version %d, and this program knows versions up to %d: they were made by a newer one; start that, or use another database", have, len(names))
	}
	for i, name := range names[have:] {
		text, err := migrationFiles.ReadFile(name)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, string(text), pgx.QueryExecModeSimpleProtocol); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if _, err := tx.Exec(ctx, `INSERT INTO portico_schema_versions VALUES ($1, now())`, have+i+1); err != nil {
			return err
		}
	}
	return tx.Commit(ctx)
}

// suits refuses databases in which questions would be answered wrongly.
func suits(ctx context.Context, conn *pgx.Conn) error {
	var encoding string
	var icu bool
	const query = `SELECT current_setting('server_encoding'), EXISTS (SELECT 1 FROM pg_collation WHERE collname = 'und-x-icu')`
	if err := conn.QueryRow(ctx, query).Scan(&encoding, &icu); err != nil {
		return err
	}
	switch {
	case encoding != "UTF8":
		return fmt.Errorf("its encoding is %s; make a database with ENCODING 'UTF8'", encoding)
	case !icu:
		return errors.New("it has no collation und-x-icu, by which text is searched; use a server that is built with ICU, as the usual packages are")
	}
	return nil
}
