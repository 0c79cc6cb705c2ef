package mem

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/portico-ai/portico/internal/ledger"
)

// Traces implements ledger.Logs.
func (l *Logs) Traces(_ context.Context, workspaceID string, f ledger.Filter, p ledger.Page) (ledger.TraceListing, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	passed, scores := l.matching(workspaceID, &f)
	newest := map[string]time.Time{}
	for _, e := range passed {
		if e.TraceID != "" && e.StartedAt.After(newest[e.TraceID]) {
			newest[e.TraceID] = e.StartedAt
		}
	}
	var list []ledger.TraceSummary
	for id, at := range newest {
		list = append(list, ledger.TraceSummary{TraceID: id, Newest: at})
	}
	var out ledger.TraceListing
	var err error
	if out.Traces, out.Next, err = pageOf(list, p, func(t ledger.TraceSummary) (time.Time, string) { return t.Newest, t.TraceID }); err != nil {
		return ledger.TraceListing{}, err
	}
	all := l.traces(workspaceID)
	for i := range out.Traces {
		sumUp(&out.Traces[i], all[out.Traces[i].TraceID])
	}
	for _, t := range out.Traces {
		if s, ok := scores[t.TraceID]; ok {
			if out.Scores == nil {
				out.Scores = map[string]ledger.Score{}
			}
			out.Scores[t.TraceID] = s
		}
	}
	return out, nil
}

// traces are the workspace's entries by their trace.
func (l *Logs) traces(workspaceID string) map[string][]*ledger.Entry {
	all := map[string][]*ledger.Entry{}
	for _, e := range l.entries {
		if e.WorkspaceID == workspaceID {
			all[e.TraceID] = append(all[e.TraceID], e)
		}
	}
	return all
}

// sumUp sums up the entries of a trace.
func sumUp(t *ledger.TraceSummary, entries []*ledger.Entry) {
	slices.SortFunc(entries, newestFirst)
	for _, e := range entries {
		t.Start, t.Name, t.Path, t.User = e.StartedAt, e.SpanName, e.Path, e.EndUser()
		if end := e.StartedAt.Add(time.Duration(e.TotalMicros) * time.Microsecond); end.After(t.End) {
			t.End = end
		}
		t.Requests++
		if !e.Succeeded() {
			t.Failed++
		}
		t.Tokens += e.Usage.InputTokens + e.Usage.OutputTokens
		if e.CostKnown {
			t.CostNano += e.CostNano
			t.CostKnown++
		}
		t.Providers, t.Models = with(t.Providers, e.Provider), with(t.Models, e.Model)
	}
}

// with adds s to a sorted list, if it is something new.
func with(list []string, s string) []string {
	if i, found := slices.BinarySearch(list, s); !found && s != "" {
		return slices.Insert(list, i, s)
	}
	return list
}

// ListFeedback implements ledger.Logs.
func (l *Logs) ListFeedback(_ context.Context, workspaceID string, f ledger.FeedbackFilter, p ledger.Page) (out ledger.FeedbackListing, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := l.feedbackOf(workspaceID, &f)
	out.Total = int64(len(all))
	out.Feedback, out.Next, err = pageOf(all, p, func(b ledger.Feedback) (time.Time, string) { return b.CreatedAt, b.ID })
	return out, err
}

// pageOf cuts a page out of a list that it sorts by key, the newest first, and
// says where the next begins.
func pageOf[T any](all []T, p ledger.Page, key func(T) (time.Time, string)) (page []T, next string, err error) {
	order := func(at time.Time, id string, other T) int {
		otherAt, otherID := key(other)
		return cmp.Or(otherAt.Compare(at), strings.Compare(otherID, id))
	}
	slices.SortFunc(all, func(a, b T) int {
		at, id := key(a)
		return order(at, id, b)
	})
	size, offset := p.Bounds()
	if p.After != "" {
		at, id, err := ledger.ParseCursor(p.After)
		if err != nil {
			return nil, "", err
		}
		all = slices.DeleteFunc(all, func(e T) bool { return order(at, id, e) >= 0 })
	}
	all = all[min(offset, len(all)):]
	if len(all) > size {
		all = all[:size]
		next = ledger.CursorAt(key(all[size-1]))
	}
	return all, next, nil
}
