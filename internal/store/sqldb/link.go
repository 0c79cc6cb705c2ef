package sqldb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/portico-ai/portico/internal/control"
)

const (
	// statementLimit and transactionLimit are how long somebody waits for a
	// server that does not answer, before all others are spared the wait.
	statementLimit   = 4 * time.Second
	transactionLimit = 5 * time.Second

	probeEvery = 250 * time.Millisecond
	closeLimit = 2 * time.Second
)

// A link is the way to a database server. Once somebody has found the server
// away, nobody else waits for it: one goroutine asks until it is back, and
// everybody is refused at once until then.
type link struct {
	db *sql.DB
	// prepare connects and sees to the schema. It is called until it succeeds,
	// at the start and whenever the server was away.
	prepare func(ctx context.Context) error
	// listener is sent to when another process announces a change.
	listener func(ctx context.Context, woken chan<- struct{})
	log      *slog.Logger

	mu     sync.Mutex
	away   error // why, nil while the server answers
	closed bool
	stop   context.CancelFunc
	ctx    context.Context
	work   sync.WaitGroup
}

// guard runs do within the limit, unless the server is away.
func (l *link) guard(ctx context.Context, limit time.Duration, do func(context.Context) error) error {
	if err := l.reason(); err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	err := do(limited)
	if err == nil || ctx.Err() != nil || limited.Err() == nil && !lost(err) || errors.Is(err, control.ErrUnavailable) {
		return err
	}
	l.lose(err)
	return fmt.Errorf("%w (%w)", control.ErrUnavailable, err)
}

// reason says why the server cannot be used, nil if it can.
func (l *link) reason() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.away == nil {
		return nil
	}
	return fmt.Errorf("%w (%w)", control.ErrUnavailable, l.away)
}

// lose begins to ask for the server.
func (l *link) lose(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.away != nil || l.closed {
		return
	}
	l.away = err
	l.log.Warn("the control plane's database cannot be reached", "error", err)
	l.work.Go(l.probe)
}

func (l *link) probe() {
	tick := time.NewTicker(probeEvery)
	defer tick.Stop()
	for {
		select {
		case <-l.ctx.Done():
			return
		case <-tick.C:
		}
		err := l.prepare(l.ctx)
		if l.ctx.Err() != nil {
			return
		}
		l.mu.Lock()
		if err != nil && !lost(err) && err.Error() != l.away.Error() {
			l.log.Error("the control plane's database cannot be used", "error", err)
		}
		l.away = err
		l.mu.Unlock()
		if err == nil {
			l.log.Info("the control plane's database is back")
			return
		}
	}
}

// listen returns what is sent to after changes of others, until ctx ends.
func (l *link) listen(ctx context.Context) <-chan struct{} {
	woken := make(chan struct{}, 1)
	ctx, cancel := context.WithCancel(ctx)
	unlink := context.AfterFunc(l.ctx, cancel)
	l.work.Go(func() {
		defer cancel()
		defer unlink()
		for ctx.Err() == nil {
			l.listener(ctx, woken)
			select {
			case <-ctx.Done():
			case <-time.After(time.Second):
			}
		}
	})
	return woken
}

// close does not wait long for a server that is away: its connections say
// goodbye and listen for an answer.
func (l *link) close() error {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	l.stop()
	done := make(chan error, 1)
	go func() {
		l.work.Wait()
		done <- l.db.Close()
	}()
	select {
	case err := <-done:
		return err
	case <-time.After(closeLimit):
		return nil
	}
}

// lost reports whether err is about the way to the server, or about a server
// that takes nobody in at the moment, and not about what was asked.
func lost(err error) bool {
	if err == nil {
		return false
	}
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		switch e.Code {
		case "57P01", "57P02", "57P03", "53300": // shutting down, crashed, starting, full
			return true
		}
		return strings.HasPrefix(e.Code, "08")
	}
	_, connecting := errors.AsType[*pgconn.ConnectError](err)
	_, network := errors.AsType[net.Error](err)
	return connecting || network || pgconn.SafeToRetry(err) || errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone) ||
		errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) || strings.Contains(err.Error(), "conn closed")
}
