package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/portico-ai/portico/internal/ledger"
	"github.com/portico-ai/portico/internal/store/logsql"
)

var dialect = logsql.Dialect{
	Name: "postgres", Logs: "portico_logs", Feedback: "portico_feedback",
	Started: "started_us", Micros: "started_us", MicrosOf: "%s",
	Instant:  func(micros int64) any { return micros },
	Contains: "strpos(%s, %s) > 0", StartsWith: "starts_with(%s, %s)",
	// One call for all columns: to find the lower case of a text is dear.
	Mentions: func(columns []string) string {
		return `strpos(lower(concat_ws(E'\x1f', ` + strings.Join(columns, ", ") + `) COLLATE "und-x-icu"), ?) > 0`
	},
	Member: `coalesce(metadata::json ->> ?::text, '') COLLATE "C"`,
	Key:    func(name string) string { return name },
	Divide: "%s / %s",
	Users:  "count(DISTINCT nullif(end_user, ''))%s",
	Quantiles: func(ranks []int, filter string) string {
		return "percentile_disc(ARRAY[" + strings.Join(logsql.Shares(ranks), ", ") + "]::float8[]) WITHIN GROUP (ORDER BY latency_bin)" + filter
	},
	Joined:     "coalesce(string_agg(DISTINCT %[1]s, chr(31) ORDER BY %[1]s) FILTER (WHERE %[1]s <> ''), '')",
	First:      "(array_agg(%s ORDER BY started_us, id))[1]",
	NumberText: `CAST(%s AS text) COLLATE "C"`, Double: "DOUBLE PRECISION", Text: clean,
	OutOfMemory: func(err error) bool { return hasCode(err, "53200", "53100") }, // or disk
	TooLong:     func(err error) bool { return hasCode(err, "57014") },
}

func hasCode(err error, codes ...string) bool {
	e, ok := errors.AsType[*pgconn.PgError](err)
	return ok && slices.Contains(codes, e.Code)
}

// query runs a question, whose parameters it numbers.
func (s *Store) query(ctx context.Context, text string, args []any) (logsql.Rows, error) {
	ctx, cancel := context.WithTimeout(ctx, s.opt.Timeout+5*time.Second) // the server gives up earlier, if it can be reached
	rows, err := s.pool.Query(ctx, numbered(text), args...)
	if err != nil {
		cancel()
		return nil, err
	}
	return answer{rows, cancel}, nil
}

func numbered(text string) string {
	parts := strings.Split(text, "?")
	var b strings.Builder
	for i, part := range parts[:len(parts)-1] {
		b.WriteString(part)
		b.WriteByte('$')
		b.WriteString(strconv.Itoa(i + 1))
	}
	b.WriteString(parts[len(parts)-1])
	return b.String()
}

type answer struct {
	pgx.Rows
	cancel context.CancelFunc
}

func (a answer) Close() error {
	a.Rows.Close()
	a.cancel()
	return nil
}

func (s *Store) ask() logsql.Asker { return logsql.Asker{Dialect: &dialect, Query: s.query} }

// Get implements ledger.Logs.
func (s *Store) Get(ctx context.Context, workspaceID, id string) (ledger.Entry, error) {
	if err := s.use(ctx); err != nil {
		return ledger.Entry{}, err
	}
	e, err := s.ask().Get(ctx, workspaceID, id)
	return e, s.explain(ctx, err)
}

// List implements ledger.Logs.
func (s *Store) List(ctx context.Context, workspaceID string, f ledger.Filter, p ledger.Page) (ledger.Listing, error) {
	if err := s.use(ctx); err != nil {
		return ledger.Listing{}, err
	}
	l, err := s.ask().List(ctx, workspaceID, f, p)
	return l, s.explain(ctx, err)
}

// Scan implements ledger.Logs.
func (s *Store) Scan(ctx context.Context, workspaceID string, f ledger.Filter, after string, size int) ([]ledger.Entry, string, error) {
	if err := s.use(ctx); err != nil {
		return nil, "", err
	}
	list, next, err := s.ask().Scan(ctx, workspaceID, f, after, size)
	return list, next, s.explain(ctx, err)
}

// Traces implements ledger.Logs.
func (s *Store) Traces(ctx context.Context, workspaceID string, f ledger.Filter, p ledger.Page) (ledger.TraceListing, error) {
	if err := s.use(ctx); err != nil {
		return ledger.TraceListing{}, err
	}
	l, err := s.ask().Traces(ctx, workspaceID, f, p)
	return l, s.explain(ctx, err)
}

// Feedback implements ledger.Logs.
func (s *Store) Feedback(ctx context.Context, workspaceID string, f ledger.FeedbackFilter) ([]ledger.Feedback, error) {
	if err := s.use(ctx); err != nil {
		return nil, err
	}
	list, err := s.ask().Feedback(ctx, workspaceID, f)
	return list, s.explain(ctx, err)
}

// ListFeedback implements ledger.Logs.
func (s *Store) ListFeedback(ctx context.Context, workspaceID string, f ledger.FeedbackFilter, p ledger.Page) (ledger.FeedbackListing, error) {
	if err := s.use(ctx); err != nil {
		return ledger.FeedbackListing{}, err
	}
	l, err := s.ask().ListFeedback(ctx, workspaceID, f, p)
	return l, s.explain(ctx, err)
}

// Analyse implements ledger.Analytics.
func (s *Store) Analyse(ctx context.Context, workspaceIDs []string, q ledger.Question) (ledger.Answer, error) {
	if err := s.use(ctx); err != nil {
		return ledger.Answer{}, err
	}
	a, err := s.ask().Analyse(ctx, workspaceIDs, q)
	return a, s.explain(ctx, err)
}

// Unpriced is logsql.Asker.Unpriced.
func (s *Store) Unpriced(ctx context.Context, from time.Time, show func(*ledger.Entry) error) error {
	if err := s.use(ctx); err != nil {
		return err
	}
	return s.explain(ctx, s.ask().Unpriced(ctx, from, show))
}

// dropBatch is how many rows one transaction of Drop deletes.
const dropBatch = 50_000

// Drop deletes the rows of requests that began before a time, of all servers, and
// returns how many. Their space is for new rows once autovacuum has been there.
func (s *Store) Drop(ctx context.Context, before time.Time) (dropped int64, err error) {
	if err := s.use(ctx); err != nil {
		return 0, err
	}
	for {
		done, err := s.pool.Exec(ctx, `DELETE FROM portico_logs WHERE ctid = ANY (ARRAY(SELECT ctid FROM portico_logs WHERE started_us < $1 LIMIT $2))`,
			before.UnixMicro(), int64(dropBatch))
		if err != nil {
			return dropped, s.explain(ctx, fmt.Errorf("postgres: drop old rows: %w", err))
		}
		dropped += done.RowsAffected()
		if done.RowsAffected() < dropBatch {
			return dropped, nil
		}
	}
}
