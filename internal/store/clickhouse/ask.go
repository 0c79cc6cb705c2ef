package clickhouse

import (
	"context"
	"fmt"
	"strings"
	"time"

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

// mutationTimeout is how long a partition may take to be written anew.
const mutationTimeout = 15 * time.Minute

// Drop deletes the rows of requests that began before the UTC day of a time, of
// all servers, and returns how many. Whole months go at once; of one that is to
// stay in part what there is must be written anew, so it is done once a day.
func (s *Store) Drop(ctx context.Context, before time.Time) (dropped int64, err error) {
	if err := s.Use(ctx); err != nil {
		return 0, err
	}
	before = before.UTC().Truncate(24 * time.Hour)
	rows, err := s.client.query(ctx, `SELECT toYYYYMM(fromUnixTimestamp64Micro(started_us, 'UTC')) AS month, count() FROM portico_logs WHERE started_us < ? GROUP BY month ORDER BY month`, []any{before.UnixMicro()})
	if err != nil {
		return 0, s.Explain(ctx, fmt.Errorf("clickhouse: drop old rows: %w", err))
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
		err = s.Explain(ctx, fmt.Errorf("clickhouse: drop old rows: %w", err))
	}
	return dropped, err
}
