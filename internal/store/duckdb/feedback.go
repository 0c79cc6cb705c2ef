package duckdb

import (
	"context"
	"fmt"
	"strings"

	"github.com/portico-ai/portico/internal/ledger"
	"github.com/portico-ai/portico/internal/store/logsql"
)

// feedbackTable has logsql.FeedbackColumns.
const feedbackTable = `CREATE TABLE IF NOT EXISTS feedback (
	id VARCHAR NOT NULL, org_id VARCHAR NOT NULL, workspace_id VARCHAR NOT NULL, key_id VARCHAR NOT NULL, user_id VARCHAR NOT NULL,
	trace_id VARCHAR NOT NULL, value BIGINT NOT NULL, weight_micro BIGINT NOT NULL, metadata VARCHAR NOT NULL,
	created_at TIMESTAMP NOT NULL, updated_at TIMESTAMP NOT NULL
);
`

// ApplyFeedback implements ledger.FeedbackReader.
func (s *Store) ApplyFeedback(ctx context.Context, batch []*ledger.Feedback, upTo ledger.Position) error {
	return s.applyWith(ctx, fmt.Sprintf("%d feedback", len(batch)), func(ctx context.Context, d *database) (bool, error) {
		return d.inTransaction(ctx, func() error {
			if err := d.putFeedback(ctx, batch); err != nil {
				return err
			}
			return d.move(ctx, upTo, 0)
		})
	})
}

// putFeedback puts each feedback in place of one with its id that is not newer.
func (d *database) putFeedback(ctx context.Context, batch []*ledger.Feedback) error {
	columns := make([][]any, len(logsql.FeedbackColumns))
	for _, f := range logsql.Latest(batch) {
		for i, v := range dialect.FeedbackValues(f) {
			columns[i] = append(columns[i], v)
		}
	}
	args, fresh := make([]any, len(columns)), make([]string, len(columns))
	for i, c := range logsql.FeedbackColumns {
		args[i] = columns[i]
		fresh[i] = map[logsql.Kind]string{
			logsql.Text: "unnest(?::VARCHAR[])", logsql.JSON: "unnest(?::VARCHAR[])", logsql.Int64: "unnest(?::BIGINT[])",
			logsql.Instant: "make_timestamp(unnest(?::BIGINT[]))",
		}[c.Kind] + " AS " + c.Name
	}
	from := "(SELECT " + strings.Join(fresh, ", ") + ") n"
	if _, err := d.writer.ExecContext(ctx, `DELETE FROM feedback USING `+from+` WHERE feedback.id = n.id AND feedback.updated_at <= n.updated_at`, args...); err != nil {
		return err
	}
	_, err := d.writer.ExecContext(ctx, `INSERT INTO feedback SELECT n.* FROM `+from+` WHERE NOT EXISTS (SELECT 1 FROM store.feedback f WHERE f.id = n.id)`, args...)
	return err
}
