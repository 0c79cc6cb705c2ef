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

// dropBatch is how many rows one transaction of Drop deletes.
const dropBatch = 50_000

// Drop deletes the rows of requests that began before a time, of all servers, and
// returns how many. Their space is for new rows once autovacuum has been there.
func (s *Store) Drop(ctx context.Context, before time.Time) (dropped int64, err error) {
	if err := s.Use(ctx); err != nil {
		return 0, err
	}
	for {
		done, err := s.pool.Exec(ctx, `DELETE FROM portico_logs WHERE ctid = ANY (ARRAY(SELECT ctid FROM portico_logs WHERE started_us < $1 LIMIT $2))`,
			before.UnixMicro(), int64(dropBatch))
		if err != nil {
			return dropped, s.Explain(ctx, fmt.Errorf("postgres: drop old rows: %w", err))
		}
		dropped += done.RowsAffected()
		if done.RowsAffected() < dropBatch {
			return dropped, nil
		}
	}
}
