// Package mem keeps what stores keep, in memory: slow and obviously right. The
// other stores are compared with it.
package mem

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/ledger"
)

// Logs is a log store. The zero value is empty and ready.
type Logs struct {
	mu       sync.Mutex
	entries  map[string]*ledger.Entry
	feedback map[string]ledger.Feedback
	pos      ledger.Position
}

var (
	_ ledger.FeedbackReader = (*Logs)(nil)
	_ ledger.Logs           = (*Logs)(nil)
)

// Apply implements ledger.Reader.
func (l *Logs) Apply(_ context.Context, batch []*ledger.Entry, upTo ledger.Position) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.entries == nil {
		l.entries = map[string]*ledger.Entry{}
	}
	for _, e := range batch {
		had, ok := l.entries[e.ID]
		switch {
		case !e.RepricedAt.IsZero():
			if ok && !had.CostKnown {
				had.CostNano, had.CostKnown, had.PriceVersion, had.Charge, had.RepricedAt = e.CostNano, e.CostKnown, e.PriceVersion, e.Charge, e.RepricedAt
			}
		case !ok:
			kept := *e
			l.entries[e.ID] = &kept
		}
	}
	l.pos = upTo
	return nil
}

// Position implements ledger.Reader.
func (l *Logs) Position(context.Context) (ledger.Position, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.pos, nil
}

// Get implements ledger.Logs.
func (l *Logs) Get(_ context.Context, workspaceID, id string) (ledger.Entry, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e, ok := l.entries[id]
	if !ok || e.WorkspaceID != workspaceID {
		return ledger.Entry{}, ai.Errorf(ai.NotFound, "There is no log with this id in the workspace")
	}
	return *e, nil
}

// List implements ledger.Logs.
func (l *Logs) List(_ context.Context, workspaceID string, f ledger.Filter, p ledger.Page) (ledger.Listing, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	all, scores := l.matching(workspaceID, &f)
	out := ledger.Listing{Total: int64(len(all))}
	var err error
	if out.Entries, out.Next, err = part(all, p); err != nil {
		return ledger.Listing{}, err
	}
	for i, e := range out.Entries {
		if s, ok := scores[e.TraceID]; ok {
			if out.Scores == nil {
				out.Scores = map[string]ledger.Score{}
			}
			out.Scores[e.TraceID] = s
		}
		out.Entries[i] = e.Brief()
	}
	return out, nil
}

// Scan implements ledger.Logs.
func (l *Logs) Scan(_ context.Context, workspaceID string, f ledger.Filter, after string, size int) ([]ledger.Entry, string, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	all, _ := l.matching(workspaceID, &f)
	return part(all, ledger.Page{Size: size, After: after})
}

// matching are the entries that pass, and the workspace's scores.
func (l *Logs) matching(workspaceID string, f *ledger.Filter) ([]*ledger.Entry, map[string]ledger.Score) {
	scores := l.scores(workspaceID)
	var all []*ledger.Entry
	for _, e := range l.entries {
		if e.WorkspaceID == workspaceID && passes(e, f) && (f.FeedbackMin == nil && f.FeedbackMax == nil || scores[e.TraceID].Within(f.FeedbackMin, f.FeedbackMax)) {
			all = append(all, e)
		}
	}
	return all, scores
}

// part cuts a page out of a list, and says where the next begins.
func part(all []*ledger.Entry, p ledger.Page) (page []ledger.Entry, next string, err error) {
	found, next, err := pageOf(all, p, func(e *ledger.Entry) (time.Time, string) { return e.StartedAt, e.ID })
	for _, e := range found {
		page = append(page, *e)
	}
	return page, next, err
}

func newestFirst(a, b *ledger.Entry) int {
	if c := b.StartedAt.Compare(a.StartedAt); c != 0 {
		return c
	}
	return strings.Compare(b.ID, a.ID)
}

func passes(e *ledger.Entry, f *ledger.Filter) bool {
	total := e.Usage.TotalTokens()
	return (f.From.IsZero() || !e.StartedAt.Before(f.From)) &&
		(f.To.IsZero() || e.StartedAt.Before(f.To)) &&
		anyOf(f.IDs, e.ID) && anyOf(f.TraceIDs, e.TraceID) && anyOf(f.SpanIDs, e.SpanID) &&
		anyOf(f.Statuses, e.Status) && anyOf(f.States, e.State) &&
		anyOf(f.Providers, e.Provider) && anyOf(f.Models, e.Model) &&
		anyOf(f.ProviderModels, ledger.ProviderModel{Provider: e.Provider, Model: e.Model}) &&
		anyOf(f.Virtual, e.Virtual) && (anyOf(f.Configs, e.ConfigSlug) || anyOf(f.Configs, e.ConfigID)) &&
		anyOf(f.KeyIDs, e.KeyID) && (len(f.Users) == 0 || slices.Contains(f.Users, e.EndUser())) && anyOf(f.Caches, e.Cache) &&
		(f.CostMin == nil && f.CostMax == nil || e.CostKnown && between(e.CostNano, f.CostMin, f.CostMax)) &&
		between(total, f.TokensMin, f.TokensMax) &&
		between(e.Usage.InputTokens, f.InputMin, f.InputMax) &&
		between(e.Usage.OutputTokens, f.OutputMin, f.OutputMax) &&
		(len(f.Prompts) == 0 || slices.Contains(f.Prompts, e.Metadata[ledger.PromptKey]) && hasKey(e.Metadata, ledger.PromptKey)) &&
		hasAll(e.Metadata, f.Metadata) && mentions(e, f.Text)
}

func anyOf[T comparable](list []T, v T) bool { return len(list) == 0 || slices.Contains(list, v) }

func between(n int64, low, high *int64) bool {
	return (low == nil || n >= *low) && (high == nil || n <= *high)
}

func hasKey(m map[string]string, key string) bool {
	_, ok := m[key]
	return ok
}

func hasAll(have, want map[string]string) bool {
	for k, v := range want {
		if got, ok := have[k]; !ok || got != v {
			return false
		}
	}
	return true
}

func mentions(e *ledger.Entry, text string) bool {
	in := []string{e.ID, e.TraceID, e.Model, e.AskModel, e.Path}
	if e.Error != nil {
		in = append(in, e.Error.Message, e.Error.Code)
	}
	for k, v := range e.Metadata {
		in = append(in, k, v)
	}
	text = strings.ToLower(text)
	return slices.ContainsFunc(in, func(s string) bool { return strings.Contains(strings.ToLower(s), text) })
}
