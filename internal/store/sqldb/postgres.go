package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/control"
)

const (
	// Locks of the database by which writers and migrations take turns.
	writeLock     = 0x706f_7274_0001
	migrationLock = 0x706f_7274_0002

	channel = "portico_changes"

	connections    = 8
	connectTimeout = 3 * time.Second
	migrateTimeout = 2 * time.Minute // waiting for another node's migrations included
)

// Sessions end what the client has given up, and a node that stands still in a
// transaction does not keep the others from writing.
const session = `SET statement_timeout = '5s'; SET lock_timeout = '3s'; SET idle_in_transaction_session_timeout = '10s'`

const unhurried = `SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0`

var postgresEngine = &engine{
	bind: numbered,
	ddl:  postgresTypes,
	begin: func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, fmt.Sprintf(`SELECT pg_advisory_xact_lock(%d)`, writeLock))
		return err
	},
	beginMigration: func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, fmt.Sprintf(`%s; SET LOCAL client_min_messages = warning; SELECT pg_advisory_xact_lock(%d)`, unhurried, migrationLock))
		return err
	},
	unhurried:  unhurried,
	hasTable:   `SELECT COUNT(*) FROM pg_tables WHERE schemaname = current_schema() AND tablename = ?`,
	announce:   `SELECT pg_notify('` + channel + `', '')`,
	snapshot:   sql.LevelRepeatableRead,
	isConflict: func(err error) bool { e, ok := errors.AsType[*pgconn.PgError](err); return ok && e.Code == "23505" },
}

// numbered writes question marks as $1, $2 and so on. Statements hold no others.
func numbered(query string) string {
	var b strings.Builder
	n := 0
	for {
		before, after, found := strings.Cut(query, "?")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		n++
		b.WriteString("$" + strconv.Itoa(n))
		query = after
	}
}

var columnType = regexp.MustCompile(`\b(TEXT|INTEGER)\b`)

// postgresTypes lets columns hold and compare what SQLite's do: text by its
// bytes, whatever the database's language, and integers of 64 bits.
func postgresTypes(script string) string {
	return columnType.ReplaceAllStringFunc(script, func(t string) string {
		if t == "TEXT" {
			return `TEXT COLLATE "C"`
		}
		return "BIGINT"
	})
}

// PostgresOptions tune a Store; zero fields mean the defaults.
type PostgresOptions struct {
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	Log  *slog.Logger
	AsIs bool // leave the schema as it is
}

// A PostgresURL is the address of a database that was found to be one.
type PostgresURL struct {
	Hosts []string // host:port, to be dialled in this order
	Name  string   // for messages: without user and password
	conf  *pgx.ConnConfig
}

// ParsePostgresURL reads an address such as
// postgres://user:password@host:5432/database?sslmode=verify-full.
func ParsePostgresURL(address ai.Secret) (PostgresURL, error) {
	u, err := url.Parse(address.Reveal())
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" || u.Host == "" || strings.Trim(u.Path, "/") == "" {
		return PostgresURL{}, errors.New("must be a URL such as postgres://user:password@host:5432/database?sslmode=verify-full; characters such as / and @ in a password are written %2F and %40")
	}
	conf, err := pgx.ParseConfig(address.Reveal())
	if err != nil {
		return PostgresURL{}, err // in which the driver masks the password
	}
	at := PostgresURL{Name: u.Host + u.Path, conf: conf}
	hostPort := func(host string, port uint16) string { return net.JoinHostPort(host, strconv.Itoa(int(port))) }
	at.Hosts = []string{hostPort(conf.Host, conf.Port)}
	for _, f := range conf.Fallbacks {
		at.Hosts = append(at.Hosts, hostPort(f.Host, f.Port))
	}
	return at, nil
}

// OpenPostgres makes a Store of a database on a server and brings its schema up
// to date. A server that cannot be reached is none the less a Store: everything
// is refused with control.ErrUnavailable until it can be. One that refuses the
// credentials, or whose schema a newer program has made, is an error.
func OpenPostgres(ctx context.Context, at PostgresURL, o PostgresOptions) (*Store, error) {
	l := newLink(at, o)
	if err := l.prepare(ctx); lost(err) {
		l.lose(err)
	} else if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", at.Name, err), l.close())
	}
	return &Store{engine: postgresEngine, link: l, q: l.db, write: l.db, read: l.db}, nil
}

func newLink(at PostgresURL, o PostgresOptions) *link {
	conf := at.conf.Copy()
	if o.Dial != nil {
		conf.DialFunc = pgconn.DialFunc(o.Dial)
		conf.LookupFunc = func(_ context.Context, host string) ([]string, error) { return []string{host}, nil } // Dial looks it up
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	conf.ConnectTimeout = connectTimeout
	// Nothing is kept on a connection, so that a pooler may share them.
	conf.DefaultQueryExecMode = pgx.QueryExecModeExec
	if conf.RuntimeParams["application_name"] == "" {
		conf.RuntimeParams["application_name"] = "portico"
	}
	l := &link{log: o.Log, listener: func(ctx context.Context, woken chan<- struct{}) { listen(ctx, conf, woken) }}
	l.ctx, l.stop = context.WithCancel(context.Background())
	l.db = stdlib.OpenDB(*conf, stdlib.OptionAfterConnect(func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, session)
		return err
	}))
	l.db.SetMaxOpenConns(connections)
	l.db.SetMaxIdleConns(connections / 2)
	l.db.SetConnMaxIdleTime(5 * time.Minute)
	prepared := o.AsIs // once is enough: a node that runs goes on while newer ones migrate
	l.prepare = func(ctx context.Context) error {
		err := prepare(ctx, l.db, prepared)
		prepared = prepared || err == nil
		return err
	}
	return l
}

// prepare sees that the server answers before it takes the time that migrations
// may need.
func prepare(ctx context.Context, db *sql.DB, migrated bool) error {
	first, cancel := context.WithTimeout(ctx, statementLimit)
	defer cancel()
	if err := suits(first, db); err != nil || migrated {
		return err
	}
	ctx, cancel = context.WithTimeout(ctx, migrateTimeout)
	defer cancel()
	return migrate(ctx, db, postgresEngine, nil)
}

func suits(ctx context.Context, db *sql.DB) error {
	var encoding, version string
	if err := db.QueryRowContext(ctx, `SELECT current_setting('server_encoding'), current_setting('server_version_num')`).Scan(&encoding, &version); err != nil {
		return err
	}
	if encoding != "UTF8" {
		return fmt.Errorf("its encoding is %s; make a database with ENCODING 'UTF8'", encoding)
	}
	if n, err := strconv.Atoi(version); err != nil || n < 120000 {
		return fmt.Errorf("its version is %s; PostgreSQL 12 or newer is needed", version)
	}
	return nil
}

// listen waits for announcements on a connection of its own, until that breaks or
// ctx ends. Whatever was announced before counts as announced.
func listen(ctx context.Context, conf *pgx.ConnConfig, woken chan<- struct{}) {
	conn, err := pgx.ConnectConfig(ctx, conf.Copy())
	if err != nil {
		return
	}
	defer func() {
		ended, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = conn.Close(ended)
	}()
	for _, err = conn.Exec(ctx, `LISTEN `+channel); err == nil; _, err = conn.WaitForNotification(ctx) {
		select {
		case woken <- struct{}{}:
		default: // one is enough
		}
	}
}

var _ control.ChangeFeed = (*Store)(nil)
