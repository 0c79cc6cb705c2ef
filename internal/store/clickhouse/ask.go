package clickhouse

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/portico-ai/portico/internal/ledger"
	"github.com/portico-ai/portico/internal/store/logsql"
)

var dialect = logsql.Dialect{
	Name: "clickhouse", Logs: "portico_logs FINAL", Feedback: "portico_feedback FINAL",
	Started: "started_us", Micros: "started_us", MicrosOf: "%s",
	Instant:  func(micros int64) any { return micros },
	Contains: "position(%s, %s) > 0", StartsWith: "startsWith(%s, %s)",
	Mentions: func(columns []string) string {
		return "position(lowerUTF8(" + strings.Join(columns, "), ?) > 0 OR position(lowerUTF8(") + "), ?) > 0"
	},
	Member: "JSONExtractString(metadata, ?)",
	Key:    func(name string) string { return name },
	Divide: "intDiv(%s, %s)",
	Users:  "count(DISTINCT nullif(end_user, ''))%s",
	// Of the exact quantiles this one rounds its rank up, and it counts how often
	// each value comes instead of keeping them all.
	Quantiles: func(ranks []int, filter string) string {
		return "quantilesExactWeighted(" + strings.Join(logsql.Shares(ranks), ", ") + ")(latency_bin, 1)" + filter
	},
	Joined:     "arrayStringConcat(arraySort(groupUniqArrayIf(%[1]s, %[1]s <> '')), char(31))",
	First:      "argMin(%s, (started_us, id))",
	NumberText: "toString(%s)", Double: "Float64", Text: logsql.UTF8,
	OutOfMemory: func(err error) bool { return codeOf(err) == memoryLimit },
	TooLong:     func(err error) bool { return codeOf(err) == timeoutExceeded || codeOf(err) == tooSlow },
}

func (s *Store) ask() logsql.Asker { return logsql.Asker{Dialect: &dialect, Query: s.client.query} }

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

// mutationTimeout is how long a partition may take to be written anew.
const mutationTimeout = 15 * time.Minute

// Drop deletes the rows of requests that began before the UTC day of a time, of
// all servers, and returns how many. Whole months go at once; of one that is to
// stay in part what there is must be written anew, so it is done once a day.
func (s *Store) Drop(ctx context.Context, before time.Time) (dropped int64, err error) {
	if err := s.use(ctx); err != nil {
		return 0, err
	}
	before = before.UTC().Truncate(24 * time.Hour)
	rows, err := s.client.query(ctx, `SELECT toYYYYMM(fromUnixTimestamp64Micro(started_us, 'UTC')) AS month, count() FROM portico_logs WHERE started_us < ? GROUP BY month ORDER BY month`, []any{before.UnixMicro()})
	if err != nil {
		return 0, s.explain(ctx, fmt.Errorf("clickhouse: drop old rows: %w", err))
	}
	var months, counts []int64
	for rows.Next() {
		var month, count int64
		if err = rows.Scan(&month, &count); err != nil {
			break
		}
		months, counts = append(months, month), append(counts, count)
	}
	if err == nil {
		err = rows.Err()
	}
	_ = rows.Close() // read to its end
	for i := 0; i < len(months) && err == nil; i++ {
		change := fmt.Sprintf(`ALTER TABLE portico_logs DROP PARTITION %d`, months[i])
		if months[i] == int64(before.Year()*100+int(before.Month())) {
			change = fmt.Sprintf(`ALTER TABLE portico_logs DELETE IN PARTITION %d WHERE started_us < %d SETTINGS mutations_sync = 1`, months[i], before.UnixMicro())
		}
		if err = s.client.exec(ctx, mutationTimeout, change, nil); err == nil {
			dropped += counts[i]
		}
	}
	if err != nil {
		err = s.explain(ctx, fmt.Errorf("clickhouse: drop old rows: %w", err))
	}
	return dropped, err
}
