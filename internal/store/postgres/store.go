package postgres

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/ledger"
	"github.com/portico-ai/portico/internal/store/logsql"
)

// Options tune a Store; zero fields mean the defaults.
type Options struct {
	Journal string                                                               // names the journal that Apply is fed from; never two at once
	Timeout time.Duration                                                        // of one statement; 60 s
	Dial    func(ctx context.Context, network, address string) (net.Conn, error) // nil: the driver's own
	Log     *slog.Logger
}

// A Store is the log store in a PostgreSQL database. It may be used by many
// goroutines.
type Store struct {
	*logsql.Server
	opt     Options
	target  string // for messages: no password
	pool    *pgxpool.Pool
	applyMu sync.Mutex // held by Apply, one at a time
}

var (
	_ ledger.FeedbackReader = (*Store)(nil)
	_ ledger.Logs           = (*Store)(nil)
	_ ledger.Analytics      = (*Store)(nil)
)

// Open makes a Store of the database at a URL such as
// postgres://user:password@host:5432/database?sslmode=verify-full, and its tables
// where they are missing. A server that cannot be reached is none the less a
// Store: it is tried again with each use. One that refuses the credentials, or
// whose tables a newer version has made, is an error.
func Open(ctx context.Context, address ai.Secret, opt Options) (*Store, error) {
	if opt.Timeout <= 0 {
		opt.Timeout = time.Minute
	}
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	u, err := url.Parse(address.Reveal())
	if err != nil || u.Hostname() == "" || strings.Trim(u.Path, "/") == "" {
		return nil, errors.New("must be a URL such as postgres://user:password@host:5432/database?sslmode=verify-full; characters such as / and @ in a password are written %2F and %40")
	}
	cfg, err := pgxpool.ParseConfig(address.Reveal())
	if err != nil {
		return nil, fmt.Errorf("postgres: %w", err) // in which the driver masks the password
	}
	s := &Store{opt: opt, target: u.Host + u.Path}
	s.Server = &logsql.Server{
		Asker: logsql.Asker{Dialect: &dialect, Query: s.query}, Unreachable: unreachable,
		Migrate: func(ctx context.Context) error {
			return s.pool.AcquireFunc(ctx, func(c *pgxpool.Conn) error { return migrate(ctx, c.Conn()) })
		},
	}
	s.configure(cfg, u.Query())
	if s.pool, err = pgxpool.NewWithConfig(ctx, cfg); err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	first, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	if err := s.Prepare(first); unreachable(err) {
		opt.Log.Warn("log store cannot be reached; requests wait in the journal until it can", "store", s.target, "error", err)
	} else if err != nil {
		s.pool.Close()
		return nil, fmt.Errorf("%s: %w", s.target, err)
	}
	return s, nil
}

func (s *Store) configure(cfg *pgxpool.Config, query url.Values) {
	c := cfg.ConnConfig
	if s.opt.Dial != nil {
		c.DialFunc = s.opt.Dial
		c.LookupFunc = func(_ context.Context, host string) ([]string, error) { return []string{host}, nil } // Dial looks it up
	}
	c.ConnectTimeout = 10 * time.Second
	// Questions differ each time, and are planned for their own values.
	c.DefaultQueryExecMode = pgx.QueryExecModeExec
	if c.RuntimeParams["application_name"] == "" {
		c.RuntimeParams["application_name"] = "portico"
	}
	if !query.Has("pool_max_conns") {
		cfg.MaxConns = 8
	}
	cfg.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, fmt.Sprintf(`SET statement_timeout = %d; SET work_mem = '64MB'; SET jit = off`, s.opt.Timeout.Milliseconds()), pgx.QueryExecModeSimpleProtocol)
		return err
	}
}

// unreachable reports whether err is about the way to the server, or about a
// server that takes nobody in at the moment, and not about what was asked.
func unreachable(err error) bool {
	if err == nil {
		return false
	}
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		switch e.Code {
		case "57P01", "57P02", "57P03", "53300", "25006": // shutting down, crashed, starting, full, a standby
			return true
		}
		return strings.HasPrefix(e.Code, "08")
	}
	_, connecting := errors.AsType[*pgconn.ConnectError](err)
	_, network := errors.AsType[net.Error](err)
	return connecting || network || pgconn.SafeToRetry(err) || strings.Contains(err.Error(), "conn closed") ||
		strings.Contains(err.Error(), "unexpected EOF")
}

// Empty reports whether there is no row.
func (s *Store) Empty(ctx context.Context) (empty bool, err error) {
	if err := s.Use(ctx); err != nil {
		return false, err
	}
	err = s.pool.QueryRow(ctx, `SELECT NOT EXISTS (SELECT 1 FROM portico_logs)`).Scan(&empty)
	return empty, s.Explain(ctx, err)
}

// Close ends all connections.
func (s *Store) Close() error {
	s.pool.Close()
	return nil
}
