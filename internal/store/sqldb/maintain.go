package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
)

// OpenReadOnly opens a database file as it is: the schema is not brought up to
// date and nothing can be written. Other processes may go on using it. A Store
// so opened is for Schema, Check, CopyTo and queries.
func OpenReadOnly(ctx context.Context, path string) (*Store, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	db, err := sql.Open("sqlite", dsn(path)+"&mode=ro")
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	if err := db.PingContext(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open the database: %w", err), db.Close())
	}
	return &Store{engine: sqliteEngine, q: db, write: db, read: db}, nil
}

// Schema says which version the database's schema has, 0 for none, and which is
// the newest that this program knows.
func (s *Store) Schema(ctx context.Context) (have, known int, err error) {
	all, err := migrations()
	if err != nil {
		return 0, 0, err
	}
	err = s.guard(ctx, statementLimit, func(ctx context.Context) error {
		have, err = schemaVersion(ctx, s.q, s.engine)
		return err
	})
	if err != nil {
		return 0, 0, fmt.Errorf("read the schema version: %w", err)
	}
	return have, newest(all), nil
}

// Check reads the whole database and describes what is wrong with it: damage,
// and references that lead nowhere. Nothing wrong gives an empty list. A server
// looks after both itself.
func (s *Store) Check(ctx context.Context) (problems []string, err error) {
	if s.link != nil {
		return nil, nil
	}
	text := func(row scanner) (v string, err error) {
		err = row.Scan(&v)
		return v, err
	}
	found, err := many(ctx, s, text, `PRAGMA integrity_check(20)`)
	if err != nil {
		return nil, fmt.Errorf("check the database: %w", err)
	}
	for _, p := range found {
		if p != "ok" {
			problems = append(problems, p)
		}
	}
	dangling, err := many(ctx, s, func(row scanner) (string, error) {
		var table, parent string
		var id sql.NullInt64
		var key int
		err := row.Scan(&table, &id, &parent, &key)
		return fmt.Sprintf("row %d of %s refers to a row of %s that is not there", id.Int64, table, parent), err
	}, `PRAGMA foreign_key_check`)
	if err != nil {
		return nil, fmt.Errorf("check the database: %w", err)
	}
	return append(problems, dangling...), nil
}

// CopyTo writes the database, as it is at one moment, to a new file of mode
// 0600. Others may read and write meanwhile; what they commit later is not in it.
func (s *Store) CopyTo(ctx context.Context, path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) // SQLite fills an empty file
	if err != nil {
		return fmt.Errorf("copy the database: %w", err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("copy the database: %w", err)
	}
	if _, err := s.read.ExecContext(ctx, `VACUUM INTO ?`, path); err != nil {
		return fmt.Errorf("copy the database: %w", err)
	}
	return nil
}
