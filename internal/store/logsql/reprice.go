package logsql

import (
	"context"
	"fmt"
	"time"

	"github.com/portico-ai/portico/internal/ledger"
)

// UnpricedBatch is how many rows Unpriced reads at a time.
const UnpricedBatch = 1000

// Unpriced shows every row from a time on whose usage is known and whose cost is
// not, oldest first, until show fails.
func (a Asker) Unpriced(ctx context.Context, from time.Time, show func(*ledger.Entry) error) error {
	at, id := from.UTC().Truncate(time.Microsecond), ""
	for {
		list, err := a.unpriced(ctx, at, id)
		if err != nil {
			return a.failed("requests without a cost", err)
		}
		for i := range list {
			if err := show(&list[i]); err != nil {
				return err
			}
		}
		if len(list) < UnpricedBatch {
			return nil
		}
		last := &list[len(list)-1]
		at, id = last.StartedAt, last.ID
	}
}

// unpriced reads the rows after a time and id.
func (a Asker) unpriced(ctx context.Context, at time.Time, id string) (list []ledger.Entry, err error) {
	w := &where{d: a.Dialect}
	w.add("NOT cost_known AND usage_known")
	w.add(a.Started+" >= ? AND ("+a.Started+" > ? OR id > ?)", a.instant(at), a.instant(at), id)
	query := "SELECT " + a.names(Columns) + " FROM " + a.Logs + " WHERE " + w.String() + fmt.Sprintf(" ORDER BY %s, id LIMIT %d", a.Started, UnpricedBatch)
	err = a.each(ctx, query, w.args, func(rows Rows) error {
		e, err := scanWhole(rows)
		list = append(list, e)
		return err
	})
	return list, err
}

// Split tells entries, which are new rows, from those that only bring a cost for a
// row that has none; of these it leaves the first of each id.
func Split(batch []*ledger.Entry) (entries, costs []*ledger.Entry) {
	first := -1
	for i, e := range batch {
		if !e.RepricedAt.IsZero() {
			first = i
			break
		}
	}
	if first < 0 {
		return batch, nil
	}
	entries = append(entries, batch[:first]...)
	known := map[string]bool{}
	for _, e := range batch[first:] {
		switch {
		case e.RepricedAt.IsZero():
			entries = append(entries, e)
		case !known[e.ID]:
			known[e.ID] = true
			costs = append(costs, e)
		}
	}
	return entries, costs
}
