package clickhouse

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/portico-ai/portico/internal/ledger"
	"github.com/portico-ai/portico/internal/store/logsql"
)

// Position implements ledger.Reader.
func (s *Store) Position(ctx context.Context) (ledger.Position, error) {
	s.applyMu.Lock()
	defer s.applyMu.Unlock()
	if err := s.Use(ctx); err != nil {
		return ledger.Position{}, err
	}
	p, err := s.position(ctx)
	return p, s.Explain(ctx, err)
}

func (s *Store) position(ctx context.Context) (p ledger.Position, err error) {
	number := uint64(1) // before any
	err = s.each(ctx, `SELECT segment, "offset", number FROM portico_journals FINAL WHERE journal = ?`, []any{s.opt.Journal}, &p.Segment, &p.Offset, &number)
	if err == nil {
		s.number = number
	}
	return p, err
}

// Apply implements ledger.Reader: first the rows are stored and then the position.
// Should that fail they come again, which changes nothing.
func (s *Store) Apply(ctx context.Context, batch []*ledger.Entry, upTo ledger.Position) error {
	return s.change(ctx, fmt.Sprintf("apply %d entries", len(batch)), upTo, func() error {
		entries, costs := logsql.Split(batch)
		if err := s.putRows(ctx, entries, 0); err != nil {
			return err
		}
		return s.putCosts(ctx, costs)
	})
}

// ApplyFeedback implements ledger.FeedbackReader.
func (s *Store) ApplyFeedback(ctx context.Context, batch []*ledger.Feedback, upTo ledger.Position) error {
	return s.change(ctx, fmt.Sprintf("apply %d feedback", len(batch)), upTo, func() error { return s.putFeedback(ctx, batch) })
}

func (s *Store) change(ctx context.Context, what string, upTo ledger.Position, put func() error) error {
	s.applyMu.Lock()
	defer s.applyMu.Unlock()
	if err := s.Use(ctx); err != nil {
		return err
	}
	err := put()
	if err == nil {
		err = s.move(ctx, upTo)
	}
	if err != nil {
		return s.Explain(ctx, fmt.Errorf("clickhouse: %s: %w", what, err))
	}
	return nil
}

// move notes where the journal has been read to. The row with the highest number
// counts, for positions may go back.
func (s *Store) move(ctx context.Context, upTo ledger.Position) error {
	if s.number == 0 {
		if _, err := s.position(ctx); err != nil {
			return err
		}
	}
	b := text(nil, s.opt.Journal)
	b = binary.LittleEndian.AppendUint64(b, upTo.Segment)
	b = binary.LittleEndian.AppendUint64(b, uint64(upTo.Offset)) //nolint:gosec // the same bits
	b = binary.LittleEndian.AppendUint64(b, s.number+1)
	err := s.insert(ctx, `portico_journals (journal, segment, "offset", number)`, b)
	if err != nil {
		s.number = 0 // it may have been stored all the same
		return err
	}
	s.number++
	return nil
}

// insert stores rows in ClickHouse's binary format, all of a partition or none.
func (s *Store) insert(ctx context.Context, into string, rows []byte) error {
	return s.client.exec(ctx, s.opt.Timeout, "INSERT INTO "+into+" SETTINGS async_insert = 0, max_partitions_per_insert_block = 0 FORMAT RowBinary", rows)
}

var rowColumns = func() string {
	names := make([]string, len(logsql.Columns))
	for i, c := range logsql.Columns {
		if names[i] = c.Name; c.Kind == logsql.Instant {
			names[i] = dialect.Started
		}
	}
	return "portico_logs (" + strings.Join(names, ", ") + ", version)"
}()

// putRows stores rows of one version.
func (s *Store) putRows(ctx context.Context, batch []*ledger.Entry, version byte) error {
	if len(batch) == 0 {
		return nil
	}
	b := s.buf[:0]
	for _, e := range batch {
		b = append(s.row(b, e), version)
	}
	if s.buf = b; cap(b) > 32<<20 {
		s.buf = nil
	}
	return s.insert(ctx, rowColumns, b)
}

// putCosts stores newer versions of the rows that have no cost. So a cost that is
// applied again finds one there.
func (s *Store) putCosts(ctx context.Context, list []*ledger.Entry) error {
	var lacking []*ledger.Entry
	for some := range slices.Chunk(list, 200) { // ids travel in the URL
		marks, args := make([]string, len(some)), make([]any, len(some))
		for i, e := range some {
			marks[i], args[i] = "?", logsql.UTF8(e.ID)
		}
		found := map[string]bool{}
		rows, err := s.client.query(ctx, `SELECT id FROM portico_logs FINAL WHERE NOT cost_known AND id IN (`+strings.Join(marks, ", ")+`)`, args)
		if err != nil {
			return err
		}
		for rows.Next() {
			var id string
			if err := rows.Scan(&id); err != nil {
				return errors.Join(err, rows.Close())
			}
			found[id] = true
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return err
		}
		for _, e := range some {
			if found[logsql.UTF8(e.ID)] {
				lacking = append(lacking, e)
			}
		}
	}
	return s.putRows(ctx, lacking, 1)
}

func (s *Store) row(b []byte, e *ledger.Entry) []byte {
	s.record.Load(e)
	for i := range logsql.Columns {
		switch v := logsql.Columns[i].Field(&s.record).(type) {
		case *string:
			b = text(b, *v)
		case *[]byte:
			b = append(binary.AppendUvarint(b, uint64(len(*v))), *v...)
		case *bool:
			b = append(b, map[bool]byte{true: 1}[*v])
		case *int16:
			b = binary.LittleEndian.AppendUint16(b, uint16(*v)) //nolint:gosec // the same bits
		case *int:
			b = binary.LittleEndian.AppendUint32(b, uint32(*v)) //nolint:gosec // small numbers
		case *int64:
			b = binary.LittleEndian.AppendUint64(b, uint64(*v)) //nolint:gosec // the same bits
		}
	}
	return b
}

func text(b []byte, s string) []byte {
	s = logsql.UTF8(s)
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// putFeedback stores versions of feedback, of which the one updated last counts.
func (s *Store) putFeedback(ctx context.Context, batch []*ledger.Feedback) error {
	if len(batch) == 0 {
		return nil
	}
	var b []byte
	for _, f := range logsql.Latest(batch) {
		for _, v := range dialect.FeedbackValues(f) {
			switch v := v.(type) {
			case string:
				b = text(b, v)
			case int64:
				b = binary.LittleEndian.AppendUint64(b, uint64(v)) //nolint:gosec // the same bits
			}
		}
	}
	names := make([]string, len(logsql.FeedbackColumns))
	for i, c := range logsql.FeedbackColumns {
		names[i] = c.Name
	}
	return s.insert(ctx, "portico_feedback ("+strings.Join(names, ", ")+")", b)
}
