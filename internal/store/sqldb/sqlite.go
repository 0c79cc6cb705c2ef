package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"time"

	"modernc.org/sqlite" // also registers the driver
	lib "modernc.org/sqlite/lib"
)

// readers is how many connections read at once, beside the one that writes.
const readers = 4

// busyTimeout is how long a connection waits for another process's lock.
const busyTimeout = 5 * time.Second

var sqliteEngine = &engine{
	bind: func(query string) string { return query },
	ddl:  func(script string) string { return script },
	// The connection begins with the lock that writers take (see dsn).
	begin:          func(context.Context, *sql.Tx) error { return nil },
	beginMigration: func(context.Context, *sql.Tx) error { return nil },
	hasTable:       `SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = ?`,
	isConflict:     isConflict,
}

// OpenSQLite opens the database file, made with mode 0600 if it is not there,
// and brings its schema up to date. The caller keeps other processes away or
// accepts that they take turns.
func OpenSQLite(ctx context.Context, path string) (*Store, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600) // SQLite gives its side files the same mode
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	_ = f.Close()
	write, err := sql.Open("sqlite", dsn(path, "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)", "secure_delete(1)"))
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	write.SetMaxOpenConns(1)
	if err := connect(ctx, write); err != nil {
		return nil, errors.Join(fmt.Errorf("open the database: %w", err), write.Close())
	}
	if err := migrate(ctx, write, sqliteEngine, nil); err != nil {
		return nil, errors.Join(err, write.Close())
	}
	read, err := sql.Open("sqlite", dsn(path, "query_only(1)"))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open the database: %w", err), write.Close())
	}
	read.SetMaxOpenConns(readers)
	return &Store{engine: sqliteEngine, q: read, write: write, read: read}, nil
}

// connect makes the first connection, which switches the file to WAL. For that
// switch alone SQLite does not wait on busy_timeout when another process opens
// the file at the same moment, so the waiting is done here.
func connect(ctx context.Context, db *sql.DB) error {
	const pause = 10 * time.Millisecond
	for waited := time.Duration(0); ; waited += pause {
		err := db.PingContext(ctx)
		if e, ok := errors.AsType[*sqlite.Error](err); !ok || e.Code()&0xff != lib.SQLITE_BUSY || waited >= busyTimeout {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}

// dsn takes the lock of a write transaction at its start, so that two that read
// before they write cannot get in each other's way.
func dsn(path string, pragmas ...string) string {
	v := url.Values{"_pragma": append([]string{fmt.Sprintf("busy_timeout(%d)", busyTimeout.Milliseconds())}, pragmas...), "_txlock": {"immediate"}}
	return (&url.URL{Scheme: "file", OmitHost: true, Path: path, RawQuery: v.Encode()}).String()
}

// isConflict reports whether a unique index was violated.
func isConflict(err error) bool {
	e, ok := errors.AsType[*sqlite.Error](err)
	return ok && (e.Code() == lib.SQLITE_CONSTRAINT_UNIQUE || e.Code() == lib.SQLITE_CONSTRAINT_PRIMARYKEY)
}
