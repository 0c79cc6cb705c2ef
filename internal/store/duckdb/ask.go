package duckdb

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/portico-ai/portico/internal/ledger"
	"github.com/portico-ai/portico/internal/store/logsql"
)

var _ ledger.Analytics = (*Store)(nil)

var dialect = logsql.Dialect{
	Name: "duckdb", Logs: catalog + ".logs", Feedback: catalog + ".feedback",
	Started: "started_at", Micros: "epoch_us(started_at)", MicrosOf: "epoch_us(%s)",
	Instant:  func(micros int64) any { return time.UnixMicro(micros).UTC() },
	Contains: "contains(%s, %s)", StartsWith: "starts_with(%s, %s)",
	Mentions: func(columns []string) string {
		return "contains(lower(" + strings.Join(columns, "), ?) OR contains(lower(") + "), ?)"
	},
	Member: "coalesce(json_extract_string(metadata, ?), '')",
	Key:    func(name string) string { return "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(name) },
	Divide: "%s // %s",
	// Hashes of 64 bits take a third of the memory of texts. Two of a million
	// users share one with a probability of 3 in 100 million.
	Users: "count(DISTINCT nullif(hash(end_user), hash('')))%s",
	Quantiles: func(ranks []int, filter string) string {
		shares := make([]string, len(ranks))
		for i, r := range ranks {
			shares[i] = fmt.Sprintf("0.%02d", r)
		}
		return "quantile_disc(latency_bin, [" + strings.Join(shares, ", ") + "])" + filter
	},
	Joined:     "coalesce(string_agg(DISTINCT %[1]s, chr(31) ORDER BY %[1]s) FILTER (%[1]s <> ''), '')",
	First:      "first(%s ORDER BY started_at, id)",
	NumberText: "CAST(%s AS VARCHAR)", Double: "DOUBLE", RowID: "rowid", Texts: "(SELECT unnest(?::VARCHAR[]))", Text: logsql.UTF8,
	OutOfMemory: func(err error) bool { return strings.Contains(err.Error(), "Out of Memory") },
	TooLong:     func(error) bool { return false },
}

// ask runs a question on the database.
func (d *database) ask() logsql.Asker {
	return logsql.Asker{Dialect: &dialect, Query: func(ctx context.Context, text string, args []any) (logsql.Rows, error) {
		rows, err := d.db.QueryContext(ctx, text, args...)
		if err != nil {
			return nil, err
		}
		return rows, nil
	}}
}

// Get implements ledger.Logs.
func (s *Store) Get(ctx context.Context, workspaceID, id string) (ledger.Entry, error) {
	d, done, err := s.use()
	if err != nil {
		return ledger.Entry{}, err
	}
	defer done()
	return d.ask().Get(ctx, workspaceID, id)
}

// List implements ledger.Logs.
func (s *Store) List(ctx context.Context, workspaceID string, f ledger.Filter, p ledger.Page) (ledger.Listing, error) {
	d, done, err := s.use()
	if err != nil {
		return ledger.Listing{}, err
	}
	defer done()
	return d.ask().List(ctx, workspaceID, f, p)
}

// Scan implements ledger.Logs.
func (s *Store) Scan(ctx context.Context, workspaceID string, f ledger.Filter, after string, size int) ([]ledger.Entry, string, error) {
	d, done, err := s.use()
	if err != nil {
		return nil, "", err
	}
	defer done()
	return d.ask().Scan(ctx, workspaceID, f, after, size)
}

// Traces implements ledger.Logs.
func (s *Store) Traces(ctx context.Context, workspaceID string, f ledger.Filter, p ledger.Page) (ledger.TraceListing, error) {
	d, done, err := s.use()
	if err != nil {
		return ledger.TraceListing{}, err
	}
	defer done()
	return d.ask().Traces(ctx, workspaceID, f, p)
}

// Feedback implements ledger.Logs.
func (s *Store) Feedback(ctx context.Context, workspaceID string, f ledger.FeedbackFilter) ([]ledger.Feedback, error) {
	d, done, err := s.use()
	if err != nil {
		return nil, err
	}
	defer done()
	return d.ask().Feedback(ctx, workspaceID, f)
}

// ListFeedback implements ledger.Logs.
func (s *Store) ListFeedback(ctx context.Context, workspaceID string, f ledger.FeedbackFilter, p ledger.Page) (ledger.FeedbackListing, error) {
	d, done, err := s.use()
	if err != nil {
		return ledger.FeedbackListing{}, err
	}
	defer done()
	return d.ask().ListFeedback(ctx, workspaceID, f, p)
}

// Analyse implements ledger.Analytics.
func (s *Store) Analyse(ctx context.Context, workspaceIDs []string, q ledger.Question) (ledger.Answer, error) {
	d, done, err := s.use()
	if err != nil {
		return ledger.Answer{}, err
	}
	defer done()
	return d.ask().Analyse(ctx, workspaceIDs, q)
}

// valid makes s what DuckDB takes as text.
func valid[T ~string](s T) string { return logsql.UTF8(string(s)) }
