package duckdb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/duckdb/duckdb-go/v2"

	"github.com/portico-ai/portico/internal/ledger"
)

// Options tune a Store; zero fields mean the defaults.
type Options struct {
	MemoryLimit int64         // bytes that DuckDB may hold; 256 MiB
	Threads     int           // of one query; 2, or 1 on a single core
	RestAfter   time.Duration // without use, after which memory is given back; 30 s
	Log         *slog.Logger
}

// A Store is the log store in one file. It is a ledger.Reader, which fills it,
// and answers ledger.Logs. It may be used by many goroutines; Apply by one.
type Store struct {
	db      *sql.DB
	writer  *sql.Conn // keeps its connection, so that a batch costs no set-up
	opt     Options
	applyMu sync.Mutex
	newest  time.Time    // start of the newest row; guarded by applyMu
	using   sync.RWMutex // held for writing while memory is given back
	rest    *time.Timer
	closed  bool // guarded by using
}

var (
	_ ledger.Reader = (*Store)(nil)
	_ ledger.Logs   = (*Store)(nil)
)

// Open opens or makes the file at path. One that cannot be read is set aside
// under another name, with a warning, and an empty one takes its place: its
// position is the journal's beginning, so following the journal fills it again.
// A file that another process holds is an error.
func Open(path string, opt Options) (*Store, error) {
	if opt.MemoryLimit <= 0 {
		opt.MemoryLimit = 256 << 20
	}
	if opt.Threads <= 0 {
		opt.Threads = min(2, runtime.NumCPU())
	}
	if opt.RestAfter <= 0 {
		opt.RestAfter = 30 * time.Second
	}
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	s, err := open(path, opt)
	if err == nil || !ruined(err) {
		return s, err
	}
	aside, moveErr := SetAside(path)
	if moveErr != nil {
		return nil, errors.Join(err, moveErr)
	}
	opt.Log.Warn("log store cannot be read; set aside and built again from the journal", "file", path, "kept_as", aside, "error", err)
	return open(path, opt)
}

// SetAside moves the file at path and its write-ahead log out of the way, so that
// the next Open begins with an empty store and the journal fills it again. The
// store must not be open. It returns the file's new name.
func SetAside(path string) (string, error) {
	aside := fmt.Sprintf("%s.aside-%s", path, time.Now().UTC().Format("20060102T150405.000"))
	for _, suffix := range []string{"", ".wal"} {
		if err := os.Rename(path+suffix, aside+suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("duckdb: set aside: %w", err)
		}
	}
	return aside, nil
}

var errVersion = errors.New("the file has another schema version")

// ruined reports whether err is about the file's content, not about access to it.
func ruined(err error) bool {
	if errors.Is(err, errVersion) {
		return true
	}
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, fs.ErrNotExist) {
		return false
	}
	text := strings.ToLower(err.Error())
	for _, s := range []string{"could not set lock", "conflicting lock", "permission denied", "no space left", "out of memory", "too many open files"} {
		if strings.Contains(text, s) {
			return false
		}
	}
	return true
}

func open(path string, opt Options) (*Store, error) {
	dsn := fmt.Sprintf("%s?memory_limit=%dB&threads=%d&autoinstall_known_extensions=false&autoload_known_extensions=false",
		path, opt.MemoryLimit, opt.Threads)
	connector, err := duckdb.NewConnector(dsn, nil)
	if err != nil {
		return nil, fmt.Errorf("duckdb: open %s: %w", path, err)
	}
	db := sql.OpenDB(connector)
	db.SetMaxIdleConns(2)
	db.SetMaxOpenConns(8)
	s := &Store{db: db, opt: opt}
	if err := s.prepare(context.Background()); err != nil {
		return nil, errors.Join(fmt.Errorf("duckdb: open %s: %w", path, err), s.Close())
	}
	return s, nil
}

func (s *Store) prepare(ctx context.Context) error {
	var err error
	if s.writer, err = s.db.Conn(ctx); err != nil {
		return err
	}
	if _, err := s.writer.ExecContext(ctx, schema); err != nil {
		return err
	}
	var version int
	err = s.writer.QueryRowContext(ctx, `SELECT version FROM reader`).Scan(&version)
	if errors.Is(err, sql.ErrNoRows) {
		_, err = s.writer.ExecContext(ctx, `INSERT INTO reader VALUES (?, 0, 0)`, schemaVersion)
		version = schemaVersion
	}
	if err != nil {
		return err
	}
	if version != schemaVersion {
		return fmt.Errorf("%w: %d, not %d", errVersion, version, schemaVersion)
	}
	var newest sql.NullTime
	if err := s.writer.QueryRowContext(ctx, `SELECT max(started_at) FROM logs`).Scan(&newest); err != nil {
		return err
	}
	s.newest = newest.Time.UTC()
	s.rest = time.AfterFunc(s.opt.RestAfter, s.giveBack)
	return nil
}

// use marks the store as in use until the returned function is called.
func (s *Store) use() (done func()) {
	s.using.RLock()
	s.rest.Reset(s.opt.RestAfter)
	return s.using.RUnlock
}

// giveBack runs when the store has not been used for a while. It moves the
// write-ahead log into the file, so that the next Open is quick, and empties
// DuckDB's buffers, which it otherwise keeps up to the memory limit.
func (s *Store) giveBack() {
	s.using.Lock()
	defer s.using.Unlock()
	if s.closed {
		return
	}
	ctx := context.Background()
	_, err := s.writer.ExecContext(ctx, `CHECKPOINT`)
	// A limit below what is held is refused once all that can go has gone.
	_, _ = s.writer.ExecContext(ctx, `SET memory_limit = '16MB'`)
	_, limitErr := s.writer.ExecContext(ctx, fmt.Sprintf(`SET memory_limit = '%dB'`, s.opt.MemoryLimit))
	if err := errors.Join(err, limitErr); err != nil {
		s.opt.Log.Warn("log store could not give memory back", "error", err)
	}
}

// Close writes everything into the file and closes it.
func (s *Store) Close() error {
	s.using.Lock()
	defer s.using.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	if s.rest != nil {
		s.rest.Stop()
	}
	var err error
	if s.writer != nil {
		err = s.writer.Close()
	}
	return errors.Join(err, s.db.Close())
}

// raw runs f on the writer's driver connection.
func (s *Store) raw(f func(driver.Conn) error) error {
	return s.writer.Raw(func(c any) error {
		dc, ok := c.(driver.Conn)
		if !ok {
			return fmt.Errorf("duckdb: unexpected connection %T", c)
		}
		return f(dc)
	})
}
