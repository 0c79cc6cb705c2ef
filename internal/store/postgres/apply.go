package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/portico-ai/portico/internal/ledger"
	"github.com/portico-ai/portico/internal/store/logsql"
)

// Position implements ledger.Reader.
func (s *Store) Position(ctx context.Context) (p ledger.Position, err error) {
	if err := s.Use(ctx); err != nil {
		return p, err
	}
	var segment int64
	err = s.pool.QueryRow(ctx, `SELECT segment, "offset" FROM portico_journals WHERE journal = $1`, s.opt.Journal).Scan(&segment, &p.Offset)
	if errors.Is(err, pgx.ErrNoRows) {
		return ledger.Position{}, nil
	}
	p.Segment = uint64(segment) //nolint:gosec // counted from 1
	return p, s.Explain(ctx, err)
}

// Apply implements ledger.Reader: rows and position are one transaction, and an
// entry that is there already is left as it is, but for a cost that it lacks.
func (s *Store) Apply(ctx context.Context, batch []*ledger.Entry, upTo ledger.Position) error {
	return s.change(ctx, fmt.Sprintf("apply %d entries", len(batch)), func(tx pgx.Tx) error {
		entries, costs := logsql.Split(batch)
		if err := putRows(ctx, tx, entries); err != nil {
			return err
		}
		if err := putCosts(ctx, tx, costs); err != nil {
			return err
		}
		return s.move(ctx, tx, upTo)
	})
}

// ApplyFeedback implements ledger.FeedbackReader.
func (s *Store) ApplyFeedback(ctx context.Context, batch []*ledger.Feedback, upTo ledger.Position) error {
	return s.change(ctx, fmt.Sprintf("apply %d feedback", len(batch)), func(tx pgx.Tx) error {
		if err := putFeedback(ctx, tx, batch); err != nil {
			return err
		}
		return s.move(ctx, tx, upTo)
	})
}

// change runs a transaction, one at a time.
func (s *Store) change(ctx context.Context, what string, change func(pgx.Tx) error) error {
	if err := s.Use(ctx); err != nil {
		return err
	}
	s.applyMu.Lock()
	defer s.applyMu.Unlock()
	err := s.pool.AcquireFunc(ctx, func(c *pgxpool.Conn) error { return pgx.BeginFunc(ctx, c, change) })
	if err != nil {
		return s.Explain(ctx, fmt.Errorf("postgres: %s: %w", what, err))
	}
	return nil
}

// move notes where the journal has been read to.
func (s *Store) move(ctx context.Context, tx pgx.Tx, upTo ledger.Position) error {
	_, err := tx.Exec(ctx, `INSERT INTO portico_journals VALUES ($1, $2, $3, now())
		ON CONFLICT (journal) DO UPDATE SET segment = excluded.segment, "offset" = excluded."offset", updated_at = excluded.updated_at`,
		s.opt.Journal, int64(upTo.Segment), upTo.Offset) //nolint:gosec // counted from 1
	return err
}

var columnNames = func() []string {
	names := make([]string, len(logsql.Columns))
	for i, c := range logsql.Columns {
		if names[i] = c.Name; c.Kind == logsql.Instant {
			names[i] = dialect.Started
		}
	}
	return names
}()

// putRows copies the rows to a table of the connection's own, which is several
// times cheaper than inserting them, and from there those that are new.
func putRows(ctx context.Context, tx pgx.Tx, batch []*ledger.Entry) error {
	if len(batch) == 0 {
		return nil
	}
	const own = `SET LOCAL client_min_messages = warning; CREATE TEMPORARY TABLE IF NOT EXISTS portico_batch (LIKE portico_logs) ON COMMIT DELETE ROWS`
	if _, err := tx.Exec(ctx, own, pgx.QueryExecModeSimpleProtocol); err != nil {
		return err
	}
	if _, err := tx.CopyFrom(ctx, pgx.Identifier{"portico_batch"}, columnNames, &source{batch: batch, row: make([]any, len(logsql.Columns))}); err != nil {
		return err
	}
	list := strings.Join(columnNames, ", ")
	_, err := tx.Exec(ctx, `INSERT INTO portico_logs (`+list+`) SELECT `+list+` FROM portico_batch ON CONFLICT (id) DO NOTHING`)
	return err
}

// putCosts writes the costs of rows that have none.
func putCosts(ctx context.Context, tx pgx.Tx, list []*ledger.Entry) error {
	batch := &pgx.Batch{}
	for _, e := range list {
		rest := e.Rest()
		batch.Queue(`UPDATE portico_logs SET cost_nano = $2, cost_known = true, detail = $3 WHERE id = $1 AND NOT cost_known`,
			clean(e.ID), e.CostNano, clean(string(rest.AppendJSON(nil))))
	}
	return tx.SendBatch(ctx, batch).Close()
}

// A source hands out the rows of a batch; it is a pgx.CopyFromSource.
type source struct {
	batch  []*ledger.Entry
	record logsql.Record
	row    []any
}

func (s *source) Next() bool { return len(s.batch) > 0 }
func (s *source) Err() error { return nil }

func (s *source) Values() ([]any, error) {
	s.record.Load(plain(s.batch[0]))
	s.batch = s.batch[1:]
	for i := range logsql.Columns {
		switch v := logsql.Columns[i].Field(&s.record).(type) {
		case *string:
			s.row[i] = clean(*v)
		case *[]byte:
			s.row[i] = *v
		case *bool:
			s.row[i] = *v
		case *int16:
			s.row[i] = *v
		case *int:
			s.row[i] = int32(*v) //nolint:gosec // small numbers
		case *int64:
			s.row[i] = *v
		}
	}
	return s.row, nil
}

// clean makes s what PostgreSQL takes as text: UTF-8 without a zero byte.
func clean(s string) string { return strings.ReplaceAll(logsql.UTF8(s), "\x00", "\ufffd") }

// plain is e, or a copy without zero bytes in its metadata: PostgreSQL does not
// read them in JSON either.
func plain(e *ledger.Entry) *ledger.Entry {
	zero := false
	for k, v := range e.Metadata {
		zero = zero || strings.Contains(k, "\x00") || strings.Contains(v, "\x00")
	}
	if !zero {
		return e
	}
	c := *e
	c.Metadata = make(map[string]string, len(e.Metadata))
	for k, v := range e.Metadata {
		c.Metadata[clean(k)] = clean(v)
	}
	return &c
}

// putFeedback puts each feedback in place of one with its id that is not newer.
func putFeedback(ctx context.Context, tx pgx.Tx, list []*ledger.Feedback) error {
	names, marks, sets := make([]string, len(logsql.FeedbackColumns)), make([]string, len(logsql.FeedbackColumns)), make([]string, len(logsql.FeedbackColumns))
	for i, c := range logsql.FeedbackColumns {
		names[i], marks[i], sets[i] = c.Name, fmt.Sprintf("$%d", i+1), c.Name+" = excluded."+c.Name
	}
	put := `INSERT INTO portico_feedback (` + strings.Join(names, ", ") + `) VALUES (` + strings.Join(marks, ", ") + `) ON CONFLICT (id) DO UPDATE SET ` +
		strings.Join(sets, ", ") + ` WHERE portico_feedback.updated_at <= excluded.updated_at`
	batch := &pgx.Batch{}
	for _, f := range logsql.Latest(list) {
		batch.Queue(put, dialect.FeedbackValues(f)...)
	}
	return tx.SendBatch(ctx, batch).Close()
}
