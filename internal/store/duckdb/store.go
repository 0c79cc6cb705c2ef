package duckdb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/ledger"
)

// Options tune a Store; zero fields mean the defaults.
type Options struct {
	MemoryLimit int64         // bytes that DuckDB may hold; 96 MiB
	Threads     int           // of one query; 1, for with more DuckDB waits for them busily whenever it writes
	RestAfter   time.Duration // without use, after which memory is given back; 30 s
	Log         *slog.Logger
}

// A Store is the log store in one file. It is a ledger.Reader, which fills it,
// and answers ledger.Logs. It may be used by many goroutines.
type Store struct {
	path    string
	opt     Options
	applyMu sync.Mutex // held by Apply, one at a time
	thread  thread     // where Apply works; stopped with applyMu held

	using  sync.RWMutex // held for writing while the database is exchanged or rests
	d      *database    // nil while it cannot be opened
	rest   *time.Timer
	closed bool
}

var (
	_ ledger.FeedbackReader = (*Store)(nil)
	_ ledger.Logs           = (*Store)(nil)
)

// Open opens or makes the file at path. One that cannot be read, or whose rows
// are not all there, is set aside under another name, with a warning, and an
// empty one takes its place: its position is the journal's beginning, so
// following the journal fills it again. A file that another process holds is an
// error.
func Open(path string, opt Options) (*Store, error) {
	if path == "" || strings.ContainsRune(path, '?') {
		return nil, fmt.Errorf("duckdb: %q cannot be the path of the log store: it must not be empty or hold a question mark", path)
	}
	if opt.MemoryLimit <= 0 {
		opt.MemoryLimit = 96 << 20
	}
	if opt.Threads <= 0 {
		opt.Threads = 1
	}
	if opt.RestAfter <= 0 {
		opt.RestAfter = 30 * time.Second
	}
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	s := &Store{path: path, opt: opt}
	if err := s.open(); err != nil {
		return nil, err
	}
	s.thread = startThread()
	s.rest = time.AfterFunc(opt.RestAfter, s.giveBack)
	return s, nil
}

func (s *Store) open() error {
	d, err := openDatabase(s.path, s.opt)
	if err != nil && ruined(err) {
		aside, moveErr := SetAside(s.path)
		if moveErr != nil {
			return errors.Join(err, moveErr)
		}
		s.opt.Log.Warn("log store cannot be read; set aside and built again from the journal", "file", s.path, "kept_as", aside, "error", err)
		d, err = openDatabase(s.path, s.opt)
	}
	s.d = d
	return err
}

// use returns the database, which stays until done is called.
func (s *Store) use() (d *database, done func(), err error) {
	s.using.RLock()
	if s.d == nil {
		s.using.RUnlock()
		return nil, nil, &ai.Error{Kind: ai.Unavailable, Op: "duckdb", Message: "The log store is not usable at the moment", RetryAfter: time.Second}
	}
	s.rest.Reset(s.opt.RestAfter)
	return s.d, s.using.RUnlock, nil
}

// reopen exchanges the database after a failed commit. DuckDB may then, when a
// checkpoint was involved, have lost rows from memory that are safe on disk.
func (s *Store) reopen() error {
	s.using.Lock()
	defer s.using.Unlock()
	if s.closed {
		return errors.New("duckdb: the store is closed")
	}
	if s.d != nil {
		if err := s.d.abandon(); err != nil {
			s.opt.Log.Warn("log store not closed cleanly", "error", err)
		}
		s.d = nil
	}
	return s.open()
}

// giveBack runs when the store has not been used for a while. It moves the
// write-ahead log into the file, so that the next Open is quick, and empties
// DuckDB's buffers, which it otherwise keeps up to the memory limit.
func (s *Store) giveBack() {
	s.using.Lock()
	defer s.using.Unlock()
	if s.closed || s.d == nil {
		return
	}
	if err := s.d.shrink(s.opt.MemoryLimit); err != nil {
		s.opt.Log.Warn("log store could not move its write-ahead log into the file; opening it again", "error", err)
		err = s.d.abandon()
		s.d = nil
		if err := errors.Join(err, s.open()); err != nil {
			s.opt.Log.Error("log store not opened again", "error", err)
		}
	}
}

// Close writes everything into the file and closes it.
func (s *Store) Close() error {
	s.applyMu.Lock()
	defer s.applyMu.Unlock()
	s.using.Lock()
	defer s.using.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	s.rest.Stop()
	s.thread.stop()
	if s.d == nil {
		return nil
	}
	d := s.d
	s.d = nil
	return d.close()
}

// A database is one opening of the file.
type database struct {
	db     *sql.DB
	writer *sql.Conn // keeps its connection, so that a batch costs no set-up
	chunk  *chunk    // what it is filled through; nil before the first batch
	recent recent    // only Apply uses it
}

// abandon closes without a checkpoint, which would make permanent whatever is
// wrong in memory.
func (d *database) abandon() error {
	_, err := d.writer.ExecContext(context.Background(), `PRAGMA disable_checkpoint_on_shutdown`)
	return errors.Join(err, d.close())
}

func (d *database) close() error {
	if d.chunk != nil {
		d.chunk.close()
		d.chunk = nil
	}
	var err error
	if d.writer != nil {
		err = d.writer.Close()
	}
	return errors.Join(err, d.db.Close())
}

func (d *database) shrink(limit int64) error {
	ctx := context.Background()
	if _, err := d.writer.ExecContext(ctx, `CHECKPOINT `+catalog); err != nil {
		return err
	}
	// A limit below what is held is refused once all that can go has gone.
	_, _ = d.writer.ExecContext(ctx, `SET memory_limit = '16MB'`)
	_, err := d.writer.ExecContext(ctx, fmt.Sprintf(`SET memory_limit = '%dB'`, limit))
	return err
}
