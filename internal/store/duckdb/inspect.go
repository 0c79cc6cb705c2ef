package duckdb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"

	"github.com/duckdb/duckdb-go/v2"

	"github.com/portico-ai/portico/internal/ledger"
)

// An Inspection is what Inspect found.
type Inspection struct {
	Current bool            // the tables are those of this program; if not, the next Open builds them again
	Rows    int64           // log rows
	Upto    ledger.Position // the journal was read up to here
}

// Inspect opens the file at path for reading alone, and counts. It changes
// nothing. A file that another process has open for writing is an error.
func Inspect(ctx context.Context, path string) (found Inspection, err error) {
	if _, err := os.Stat(path); err != nil {
		return found, fmt.Errorf("duckdb: inspect: %w", err)
	}
	connector, err := duckdb.NewConnector(path+"?access_mode=READ_ONLY&threads=1&memory_limit=256MB&autoinstall_known_extensions=false&autoload_known_extensions=false", nil)
	if err != nil {
		return found, fmt.Errorf("duckdb: inspect %s: %w", path, err)
	}
	db := sql.OpenDB(connector)
	defer func() { err = errors.Join(err, db.Close()) }()
	var version int
	err = db.QueryRowContext(ctx, `SELECT version, segment, "offset" FROM reader`).Scan(&version, &found.Upto.Segment, &found.Upto.Offset)
	if err != nil {
		return found, fmt.Errorf("duckdb: inspect %s: %w", path, err)
	}
	found.Current = version == schemaVersion
	if err := db.QueryRowContext(ctx, `SELECT count(*) FROM logs`).Scan(&found.Rows); err != nil {
		return found, fmt.Errorf("duckdb: inspect %s: %w", path, err)
	}
	return found, nil
}

// Empty reports whether there is no row.
func (s *Store) Empty(ctx context.Context) (empty bool, err error) {
	d, done, err := s.use()
	if err != nil {
		return false, err
	}
	defer done()
	if err := d.db.QueryRowContext(ctx, `SELECT count(*) = 0 FROM store.logs`).Scan(&empty); err != nil {
		return false, fmt.Errorf("duckdb: count rows: %w", err)
	}
	return empty, nil
}
