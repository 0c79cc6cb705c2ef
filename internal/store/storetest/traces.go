package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/ledger"
	"github.com/portico-ai/portico/internal/store/mem"
)

// tracesAgree compares pages of traces, some of which last for hours, and looks
// that all pages together have every trace once.
func tracesAgree(t *testing.T, s LogStore) {
	g := newGenerator(11)
	ref := &mem.Logs{}
	for i := range 4 {
		list := g.entries(100)
		for j := range list {
			list[j].TraceID = ""
			if n := g.rnd.IntN(60); n > 0 {
				list[j].TraceID = fmt.Sprintf("Trace-%d", n)
			}
			list[j].StartedAt = list[j].StartedAt.Add(time.Duration(g.rnd.IntN(12)) * time.Hour)
		}
		apply(t, []LogStore{ref, s}, list, ledger.Position{Segment: 1, Offset: int64(i + 1)})
	}
	applyFeedback(t, []LogStore{ref, s}, g.feedbacks(30), ledger.Position{Segment: 1, Offset: 9})
	for _, f := range []ledger.Filter{{}, {Providers: []string{"openai"}}, {States: []ledger.State{ledger.Failed}}, {TraceIDs: []string{"Trace-3"}}, {Models: []string{"none"}}} {
		for _, size := range []int{1, 3, 100} {
			seen := []string{}
			for p := (ledger.Page{Size: size}); ; {
				want, err := ref.Traces(t.Context(), workspace(0), f, p)
				if err != nil {
					t.Fatal(err)
				}
				got, err := s.Traces(t.Context(), workspace(0), f, p)
				if err != nil {
					t.Fatal(err)
				}
				if d := cmp.Diff(want, got, same); d != "" {
					t.Fatalf("filter %+v, page %+v: reference (-), store (+)\n%s", f, p, d)
				}
				for _, x := range got.Traces {
					seen = append(seen, x.TraceID)
				}
				if p.After = got.Next; p.After == "" {
					break
				}
			}
			all := len(seen)
			slices.Sort(seen)
			if len(slices.Compact(seen)) != all || f.Providers == nil && f.States == nil && f.TraceIDs == nil && f.Models == nil && all < 50 {
				t.Errorf("filter %+v, pages of %d: %d traces, %d of them different", f, size, all, len(slices.Compact(seen)))
			}
		}
	}
	p := ledger.Page{Size: 4, Offset: 6}
	want, _ := ref.Traces(t.Context(), workspace(1), ledger.Filter{}, p)
	if got, err := s.Traces(t.Context(), workspace(1), ledger.Filter{}, p); err != nil || cmp.Diff(want, got, same) != "" || len(got.Traces) != 4 {
		t.Errorf("%v, by offset: reference (-), store (+)\n%s", err, cmp.Diff(want, got, same))
	}
	if l, err := s.Traces(t.Context(), "theirs", ledger.Filter{}, ledger.Page{}); err != nil || len(l.Traces) > 0 {
		t.Errorf("another workspace sees %d traces, %v", len(l.Traces), err)
	}
	if _, err := s.Traces(t.Context(), workspace(0), ledger.Filter{}, ledger.Page{After: "x"}); ai.AsError(err).Kind != ai.Invalid {
		t.Errorf("a bad cursor: %v", err)
	}
}

func feedbackPages(t *testing.T, s LogStore) {
	g := newGenerator(12)
	ref := &mem.Logs{}
	applyFeedback(t, []LogStore{ref, s}, g.feedbacks(120), ledger.Position{Segment: 1, Offset: 1})
	for _, f := range []ledger.FeedbackFilter{{}, {Values: []int{-3, 4, 5}}, {TraceIDs: []string{"Trace-1"}}, {From: g.start()}, {To: g.start()}} {
		found := 0
		for p := (ledger.Page{Size: 7}); ; {
			want, err := ref.ListFeedback(t.Context(), workspace(0), f, p)
			if err != nil {
				t.Fatal(err)
			}
			got, err := s.ListFeedback(t.Context(), workspace(0), f, p)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(want, got, same); d != "" {
				t.Fatalf("filter %+v, page %+v: reference (-), store (+)\n%s", f, p, d)
			}
			found += len(got.Feedback)
			if p.After = got.Next; p.After == "" {
				if int64(found) != got.Total || found == 0 {
					t.Errorf("filter %+v: %d found of %d", f, found, got.Total)
				}
				break
			}
		}
	}
	if l, err := s.ListFeedback(t.Context(), "theirs", ledger.FeedbackFilter{}, ledger.Page{}); err != nil || len(l.Feedback) > 0 {
		t.Errorf("another workspace sees %d, %v", len(l.Feedback), err)
	}
	if _, err := s.ListFeedback(t.Context(), workspace(0), ledger.FeedbackFilter{}, ledger.Page{After: "x"}); ai.AsError(err).Kind != ai.Invalid {
		t.Errorf("a bad cursor: %v", err)
	}
}
