package logsql

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/ledger"
)

// Get is that of ledger.Logs.
func (a Asker) Get(ctx context.Context, workspaceID, id string) (e ledger.Entry, err error) {
	found := false
	query := `SELECT ` + a.names(Columns) + ` FROM ` + a.Logs + ` WHERE workspace_id = ? AND id = ? LIMIT 1`
	err = a.each(ctx, query, []any{a.Text(workspaceID), a.Text(id)}, func(rows Rows) error {
		found = true
		e, err = scanWhole(rows)
		return err
	})
	if err != nil {
		return ledger.Entry{}, a.failed("get log", err)
	}
	if !found {
		return ledger.Entry{}, ai.Errorf(ai.NotFound, "There is no log with this id in the workspace")
	}
	return e, nil
}

// List is that of ledger.Logs.
func (a Asker) List(ctx context.Context, workspaceID string, f ledger.Filter, p ledger.Page) (out ledger.Listing, err error) {
	out.Entries, out.Total, out.Next, err = a.page(ctx, a.filtered([]string{workspaceID}, &f), p, BriefColumns, scanBrief)
	if err != nil {
		return out, err
	}
	var traces []string
	for i := range out.Entries {
		if t := out.Entries[i].TraceID; t != "" && !slices.Contains(traces, t) {
			traces = append(traces, t)
		}
	}
	out.Scores, err = a.scores(ctx, workspaceID, traces)
	return out, err
}

// Scan is that of ledger.Logs.
func (a Asker) Scan(ctx context.Context, workspaceID string, f ledger.Filter, after string, size int) ([]ledger.Entry, string, error) {
	list, _, next, err := a.page(ctx, a.filtered([]string{workspaceID}, &f), ledger.Page{Size: size, After: after}, Columns, scanWhole)
	return list, next, err
}

// names are columns as questions read them.
func (d *Dialect) names(list []Column) string {
	all := make([]string, len(list))
	for i, c := range list {
		if all[i] = c.Name; c.Kind == Instant {
			all[i] = d.Micros
		}
	}
	return strings.Join(all, ", ")
}

// page reads columns of a part of the rows, how many there are in all, and where
// the next part begins.
func (a Asker) page(ctx context.Context, w *where, p ledger.Page, columns []Column, read func(Rows) (ledger.Entry, error)) (entries []ledger.Entry, total int64, next string, err error) {
	size, offset := p.Bounds()
	last := int64(math.MaxInt64)
	var at time.Time
	var id string
	if p.After != "" {
		if at, id, err = ledger.ParseCursor(p.After); err != nil {
			return nil, 0, "", err
		}
		last = at.UnixMicro() >> stretchBits
	}
	counts, err := a.stretches(ctx, w)
	if err != nil {
		return nil, 0, "", a.failed("count logs", err)
	}
	for _, c := range counts {
		total += c.rows
	}
	low, high, offset := around(counts, last, offset, size+1)
	w.add(a.Started+" >= ? AND "+a.Started+" < ?", a.Instant(low<<stretchBits), a.Instant((high+1)<<stretchBits))
	if p.After != "" {
		w.add(a.Started+" <= ? AND ("+a.Started+" < ? OR id < ?)", a.instant(at), a.instant(at), id)
	}
	// One more than asked for tells whether there is a next page.
	order := " ORDER BY " + a.Started + " DESC, id DESC"
	part := " FROM " + a.Logs + " WHERE " + w.String() + order + fmt.Sprintf(" LIMIT %d OFFSET %d", size+1, offset)
	if a.RowID != "" {
		// The rows are found by their narrow columns first; only those are then read whole.
		part = " FROM " + a.Logs + " WHERE " + a.RowID + " IN (SELECT " + a.RowID + part + ")" + order
	}
	err = a.each(ctx, "SELECT "+a.names(columns)+part, w.args, func(rows Rows) error {
		e, err := read(rows)
		entries = append(entries, e)
		return err
	})
	if err != nil {
		return nil, 0, "", a.failed("list logs", err)
	}
	if len(entries) > size {
		entries = entries[:size]
		next = ledger.Cursor(&entries[size-1])
	}
	return entries, total, next, nil
}

// Rows are counted by stretches of time of 2^32 microseconds, some 72 minutes: so
// it is known in which of them a page is, and no others are sorted.
const stretchBits = 32

type stretch struct{ number, rows int64 }

// stretches counts the rows of each stretch that has some, the latest first.
func (a Asker) stretches(ctx context.Context, w *where) (list []stretch, err error) {
	// Made positive first: databases differ in how they round what is below 0.
	number := fmt.Sprintf(a.Divide, fmt.Sprintf("(%s + %d)", a.Micros, 1<<62), strconv.Itoa(1<<stretchBits)) + fmt.Sprintf(" - %d", 1<<(62-stretchBits))
	query := "SELECT " + number + " AS stretch, count(*) FROM " + a.Logs + " WHERE " + w.String() + " GROUP BY stretch ORDER BY stretch DESC"
	err = a.each(ctx, query, w.args, func(rows Rows) error {
		var s stretch
		err := rows.Scan(&s.number, &s.rows)
		list = append(list, s)
		return err
	})
	return list, err
}

// around finds the stretches, from low to high, that have the rows wanted: those
// after the first offset of the ones that are in no later stretch than last. Of
// offset it leaves what is within them. The stretch last may have fewer rows than
// counted, for a cursor begins in it.
func around(counts []stretch, last int64, offset, wanted int) (low, high int64, rest int) {
	for len(counts) > 0 && counts[0].number > last {
		counts = counts[1:]
	}
	for len(counts) > 0 && int64(offset) >= counts[0].rows {
		offset -= int(counts[0].rows)
		counts = counts[1:]
	}
	if len(counts) == 0 {
		return 0, -1, offset
	}
	high, low = counts[0].number, counts[0].number
	need := int64(wanted + offset)
	for _, c := range counts {
		if low = c.number; c.number < last {
			need -= c.rows
		}
		if need <= 0 {
			break
		}
	}
	return low, high, offset
}
