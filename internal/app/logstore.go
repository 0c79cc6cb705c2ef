package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/portico-ai/portico/internal/egress"
	"github.com/portico-ai/portico/internal/ledger"
	"github.com/portico-ai/portico/internal/store/clickhouse"
	"github.com/portico-ai/portico/internal/store/duckdb"
	"github.com/portico-ai/portico/internal/store/postgres"
)

// A logStore is where the rows of the log are.
type logStore interface {
	ledger.FeedbackReader
	ledger.Logs
	ledger.Analytics
	// Drop deletes the rows of requests that began before a time, and says how many.
	Drop(ctx context.Context, before time.Time) (int64, error)
	// Unpriced shows the rows from a time on whose usage is known and whose cost is
	// not, oldest first, until show fails.
	Unpriced(ctx context.Context, from time.Time, show func(*ledger.Entry) error) error
	Empty(ctx context.Context) (bool, error) // there is no row
	Close() error
}

// openLogStore opens the one that the settings name.
func (a *App) openLogStore(ctx context.Context) (logStore, error) {
	if a.cfg.LogsURL.IsZero() {
		store, err := duckdb.Open(a.path(logsFile), duckdb.Options{Log: a.log})
		if err != nil {
			return nil, err // and not a nil *duckdb.Store
		}
		return store, nil
	}
	scheme, _, _ := strings.Cut(a.cfg.LogsURL.Reveal(), "://")
	journal, err := a.journalName()
	if err != nil {
		return nil, err
	}
	var store logStore
	switch scheme {
	case "postgres", "postgresql":
		store, err = a.openPostgres(ctx, journal)
	case "clickhouse":
		store, err = a.openClickHouse(ctx, journal)
	default:
		err = errors.New("must start with postgres:// or clickhouse://")
	}
	if err != nil {
		return nil, fmt.Errorf("--logs-url %w", err)
	}
	return store, nil
}

// logStorePolicy lets the log store's host be dialled, as the operator says it is, and
// no other private one.
func logStorePolicy(host string) (*egress.Policy, error) {
	policy := &egress.Policy{}
	return policy, policy.Trust(host)
}

func (a *App) openPostgres(ctx context.Context, journal string) (logStore, error) {
	host := "localhost:5432"
	if u, err := url.Parse(a.cfg.LogsURL.Reveal()); err == nil && u.Hostname() != "" { // else the store says what is wrong
		if host = u.Host; u.Port() == "" {
			host = net.JoinHostPort(u.Hostname(), "5432")
		}
	}
	policy, err := logStorePolicy(host)
	if err != nil {
		return nil, err
	}
	dialer := &egress.Dialer{Policy: policy, Timeout: 10 * time.Second}
	return postgres.Open(ctx, a.cfg.LogsURL, postgres.Options{Journal: journal, Dial: dialer.DialContext, Log: a.log})
}

func (a *App) openClickHouse(ctx context.Context, journal string) (logStore, error) {
	host, err := clickhouse.Host(a.cfg.LogsURL)
	if err != nil {
		return nil, err
	}
	policy, err := logStorePolicy(host)
	if err != nil {
		return nil, err
	}
	// ClickHouse closes connections that are idle for 10 seconds.
	client := egress.New(policy, egress.Options{IdleTimeout: 5 * time.Second})
	return clickhouse.Open(ctx, a.cfg.LogsURL, clickhouse.Options{Journal: journal, Do: client.Do, Log: a.log})
}

// journalName tells this folder's journal from those of other servers that share
// the log store. It is not part of a backup: a restored folder is another one.
func (a *App) journalName() (string, error) {
	path := a.path(journalNameFile)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		text = []byte(uuid.NewString() + "\n")
		err = os.WriteFile(path, text, 0o600)
	}
	name := strings.TrimSpace(string(text))
	if err == nil && uuid.Validate(name) != nil {
		err = fmt.Errorf("%s does not hold a UUID; remove it, and the journal is read into the log store again from its beginning", path)
	}
	return name, err
}

// logsElsewhere says where the log store is if it is not in the data folder,
// without the password.
func (c Config) logsElsewhere() string {
	if c.LogsURL.IsZero() {
		return ""
	}
	u, err := url.Parse(c.LogsURL.Reveal())
	if err != nil {
		return "a database whose URL cannot be read"
	}
	return u.Scheme + "://" + u.Host + u.Path
}

// requireLogs refuses to change a log store that the server has to make first.
func (a *App) requireLogs(ctx context.Context) error {
	if !a.cfg.LogsURL.IsZero() {
		return nil
	}
	switch found, err := duckdb.Inspect(ctx, a.path(logsFile)); {
	case errors.Is(err, fs.ErrNotExist), err == nil && !found.Current:
		return errors.New("the log store is not there or of another version: start the server once, which builds it from the journal")
	default:
		return err
	}
}
