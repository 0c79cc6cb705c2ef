package clickhouse

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/ledger"
	"github.com/portico-ai/portico/internal/store/logsql"
)

// Options tune a Store; zero fields mean the defaults.
type Options struct {
	Journal string                                      // names the journal that Apply is fed from; never two at once
	Timeout time.Duration                               // of one statement; 60 s
	Do      func(*http.Request) (*http.Response, error) // sends a request
	Log     *slog.Logger
}

// A Store is the log store in a ClickHouse database. It may be used by many
// goroutines.
type Store struct {
	*logsql.Server
	opt    Options
	target string // for messages: no password
	client *client

	applyMu sync.Mutex // held by Apply, one at a time
	buf     []byte
	record  logsql.Record
	number  uint64 // of the position stored last; 0 if it is not known
}

var (
	_ ledger.FeedbackReader = (*Store)(nil)
	_ ledger.Logs           = (*Store)(nil)
	_ ledger.Analytics      = (*Store)(nil)
)

// Open makes a Store of the database at a URL such as
// clickhouse://user:password@host:8443/database?secure=true, and its tables where
// they are missing. A server that cannot be reached is none the less a Store: it
// is tried again with each use. One that refuses the credentials, or whose tables
// a newer version has made, is an error.
func Open(ctx context.Context, address ai.Secret, opt Options) (*Store, error) {
	if opt.Timeout <= 0 {
		opt.Timeout = time.Minute
	}
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	c, err := newClient(address)
	if err != nil {
		return nil, err
	}
	c.do, c.timeout = opt.Do, opt.Timeout
	s := &Store{opt: opt, target: c.base + c.database, client: c}
	s.Server = &logsql.Server{Asker: logsql.Asker{Dialect: &dialect, Query: c.query}, Migrate: s.migrate, Unreachable: unreachable}
	first, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	if err := s.Prepare(first); unreachable(err) {
		opt.Log.Warn("log store cannot be reached; requests wait in the journal until it can", "store", s.target, "error", err)
	} else if err != nil {
		return nil, fmt.Errorf("%s: %w", s.target, err)
	}
	return s, nil
}

//go:embed migrations/*.sql
var migrationFiles embed.FS

// migrate makes the tables, and refuses a schema that a newer version of the
// program has made. Servers that start together may both make them: every
// statement may run twice.
func (s *Store) migrate(ctx context.Context) error {
	names, err := fs.Glob(migrationFiles, "migrations/*.sql")
	if err != nil {
		return err
	}
	slices.Sort(names)
	if err := s.exec(ctx, `CREATE TABLE IF NOT EXISTS portico_schema_versions (version UInt32, applied_at DateTime DEFAULT now()) ENGINE = ReplacingMergeTree ORDER BY version`); err != nil {
		return fmt.Errorf("prepare the database: %w", err)
	}
	have := 0
	if err := s.each(ctx, `SELECT max(version) FROM portico_schema_versions`, nil, &have); err != nil {
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
		statements := append(strings.Split(strings.TrimSpace(string(text)), ";\n\n"), fmt.Sprintf(`INSERT INTO portico_schema_versions (version) VALUES (%d)`, have+i+1))
		for _, statement := range statements {
			if err := s.exec(ctx, strings.TrimSuffix(statement, ";")); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	return nil
}

func (s *Store) exec(ctx context.Context, statement string) error {
	return s.client.exec(ctx, s.opt.Timeout, statement, nil)
}

// each scans the rows of an answer into the same places, so that the last is left.
func (s *Store) each(ctx context.Context, text string, args []any, dest ...any) (err error) {
	rows, err := s.client.query(ctx, text, args)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := rows.Scan(dest...); err != nil {
			return err
		}
	}
	return rows.Err()
}

// Empty reports whether there is no row.
func (s *Store) Empty(ctx context.Context) (bool, error) {
	if err := s.Use(ctx); err != nil {
		return false, err
	}
	var rows int64
	err := s.each(ctx, `SELECT count() FROM (SELECT 1 FROM portico_logs LIMIT 1)`, nil, &rows)
	return rows == 0, s.Explain(ctx, err)
}

// Close has nothing to close: the connections are the client's.
func (s *Store) Close() error { return nil }
