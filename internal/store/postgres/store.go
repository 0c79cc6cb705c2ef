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
	opt     Options
	target  string // for messages: no password
	pool    *pgxpool.Pool
	applyMu sync.Mutex // held by Apply, one at a time

	mu     sync.Mutex
	ready  bool      // the schema is known to be ours
	tried  time.Time // when it could not be looked at last
	failed error     // why not
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
	s.configure(cfg, u.Query())
	if s.pool, err = pgxpool.NewWithConfig(ctx, cfg); err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	first, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	if err := s.prepare(first); unreachable(err) {
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

// prepare makes the tables once the server can be reached.
func (s *Store) prepare(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ready || time.Since(s.tried) < retryAfter {
		return s.failed
	}
	s.failed = s.pool.AcquireFunc(ctx, func(c *pgxpool.Conn) error { return migrate(ctx, c.Conn()) })
	if s.ready = s.failed == nil; !s.ready && ctx.Err() == nil {
		s.tried = time.Now()
	}
	return s.failed
}

// retryAfter is how long callers are spared the wait for a server that could not
// be reached.
const retryAfter = time.Second

// use is called before anything is asked or changed.
func (s *Store) use(ctx context.Context) error {
	if err := s.prepare(ctx); err != nil {
		return s.explain(ctx, err)
	}
	return nil
}

// explain makes of an error that the server cannot be reached one that clients
// are told of.
func (s *Store) explain(ctx context.Context, err error) error {
	if err == nil || ctx.Err() != nil || !unreachable(err) {
		return err
	}
	return &ai.Error{
		Kind: ai.Unavailable, Op: "postgres", RetryAfter: 5 * time.Second, Err: err,
		Message: "The log store cannot be reached at the moment; requests are recorded and will be in it later",
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
	if err := s.use(ctx); err != nil {
		return false, err
	}
	err = s.pool.QueryRow(ctx, `SELECT NOT EXISTS (SELECT 1 FROM portico_logs)`).Scan(&empty)
	return empty, s.explain(ctx, err)
}

// Close ends all connections.
func (s *Store) Close() error {
	s.pool.Close()
	return nil
}
