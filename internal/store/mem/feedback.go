package mem

import (
	"cmp"
	"context"
	"slices"

	"github.com/portico-ai/portico/internal/ledger"
)

// ApplyFeedback implements ledger.FeedbackReader.
func (l *Logs) ApplyFeedback(_ context.Context, batch []*ledger.Feedback, upTo ledger.Position) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.feedback == nil {
		l.feedback = map[string]ledger.Feedback{}
	}
	for _, f := range batch {
		if had, ok := l.feedback[f.ID]; !ok || !f.UpdatedAt.Before(had.UpdatedAt) {
			l.feedback[f.ID] = *f
		}
	}
	l.pos = upTo
	return nil
}

// Feedback implements ledger.Logs.
func (l *Logs) Feedback(_ context.Context, workspaceID string, f ledger.FeedbackFilter) ([]ledger.Feedback, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := l.feedbackOf(workspaceID, &f)
	return all[:min(len(all), ledger.MaxFeedback)], nil
}

// feedbackOf is the feedback that passes, newest first.
func (l *Logs) feedbackOf(workspaceID string, f *ledger.FeedbackFilter) []ledger.Feedback {
	var all []ledger.Feedback
	for _, b := range l.feedback {
		if b.WorkspaceID == workspaceID && anyOf(f.IDs, b.ID) && anyOf(f.TraceIDs, b.TraceID) && anyOf(f.Values, b.Value) &&
			(f.From.IsZero() || !b.CreatedAt.Before(f.From)) && (f.To.IsZero() || b.CreatedAt.Before(f.To)) {
			all = append(all, b)
		}
	}
	slices.SortFunc(all, func(a, b ledger.Feedback) int {
		return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), cmp.Compare(b.ID, a.ID))
	})
	return all
}

// scores sums up the workspace's feedback by trace.
func (l *Logs) scores(workspaceID string) map[string]ledger.Score {
	all := map[string]ledger.Score{}
	for _, f := range l.feedback {
		if f.WorkspaceID == workspaceID {
			s := all[f.TraceID]
			s.Count++
			s.SumMicro += int64(f.Value) * f.WeightMicro
			all[f.TraceID] = s
		}
	}
	return all
}
