package storetest

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-ai/portico/internal/ledger"
	"github.com/portico-ai/portico/internal/store/mem"
)

// feedbacks are of few ids, so that some are updates of others.
func (g *generator) feedbacks(n int) []*ledger.Feedback {
	list := make([]*ledger.Feedback, n)
	for i := range list {
		at := g.start()
		list[i] = &ledger.Feedback{
			ID: fmt.Sprintf("feedback-%d", g.rnd.IntN(2*n)), OrgID: "org", WorkspaceID: workspace(g.rnd.IntN(workspaces)), KeyID: g.some("key"), UserID: pick(g, users),
			TraceID: g.some("Trace"), Value: g.rnd.IntN(21) - 10, WeightMicro: pick(g, []int64{0, 1, 333_333, ledger.FullWeight}),
			Metadata: json.RawMessage(fmt.Sprintf(`{"text":%q,"n":[1,{"a":null}]}`, pick(g, texts))), CreatedAt: at, UpdatedAt: at.Add(time.Duration(g.rnd.IntN(3)) * time.Microsecond),
		}
	}
	return list
}

func (g *generator) feedbackBounds() (low, high *int64) {
	a, b := g.rnd.Int64N(10_000_000)-8_000_000, g.rnd.Int64N(10_000_000)-2_000_000
	switch g.rnd.IntN(3) {
	case 0:
		return &a, nil
	case 1:
		return nil, &b
	}
	return &a, &b
}

func feedbackAgrees(t *testing.T, s LogStore) {
	g := newGenerator(8)
	ref := &mem.Logs{}
	for i := range 5 {
		applyFeedback(t, []LogStore{ref, s}, g.feedbacks(40), ledger.Position{Segment: 1, Offset: int64(i + 1)})
	}
	applyFeedback(t, []LogStore{ref, s}, nil, ledger.Position{Segment: 1, Offset: 7})
	found := 0
	for w := range workspaces {
		for _, f := range []ledger.FeedbackFilter{{}, {IDs: []string{"feedback-1", "feedback-2", "none"}}, {TraceIDs: []string{"Trace-1", "Trace-2"}}, {IDs: []string{"feedback-3"}, TraceIDs: []string{"Trace-0"}}} {
			want, err := ref.Feedback(t.Context(), workspace(w), f)
			if err != nil {
				t.Fatal(err)
			}
			got, err := s.Feedback(t.Context(), workspace(w), f)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(want, got, same); d != "" {
				t.Errorf("%+v: reference (-), store (+)\n%s", f, d)
			}
			found += len(got)
		}
	}
	if found == 0 {
		t.Error("no feedback was found: the comparison says nothing")
	}
	for _, other := range []string{"", "theirs", "%"} {
		if l, err := s.Feedback(t.Context(), other, ledger.FeedbackFilter{}); err != nil || len(l) != 0 {
			t.Errorf("as %q: %d found, %v", other, len(l), err)
		}
	}
}

// latestCounts applies versions of a feedback out of order, in one batch and in several.
func latestCounts(t *testing.T, s LogStore) {
	version := func(id string, n int) *ledger.Feedback {
		at := time.Unix(1_700_000_000, 0).UTC()
		return &ledger.Feedback{ID: id, WorkspaceID: "w", TraceID: "t", Value: n, WeightMicro: ledger.FullWeight, Metadata: json.RawMessage(`{}`),
			CreatedAt: at, UpdatedAt: at.Add(time.Duration(n) * time.Second)}
	}
	at := func(n int64) ledger.Position { return ledger.Position{Segment: 3, Offset: n} }
	e := ledger.Entry{ID: "e", WorkspaceID: "w", TraceID: "t", State: ledger.OK, StartedAt: time.Unix(1_700_000_000, 0).UTC()}
	apply(t, []LogStore{s}, []ledger.Entry{e}, at(1))
	applyFeedback(t, []LogStore{s}, []*ledger.Feedback{version("a", 3), version("a", 1), version("b", 1)}, at(2))
	applyFeedback(t, []LogStore{s}, []*ledger.Feedback{version("a", 2), version("b", 4)}, at(3))
	applyFeedback(t, []LogStore{s}, []*ledger.Feedback{version("a", 3), version("b", 4)}, at(4))
	got, err := s.Feedback(t.Context(), "w", ledger.FeedbackFilter{TraceIDs: []string{"t"}})
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]int{}
	for _, f := range got {
		values[f.ID] = f.Value
	}
	if d := cmp.Diff(map[string]int{"a": 3, "b": 4}, values); d != "" || len(got) != 2 {
		t.Errorf("%d found: %s", len(got), d)
	}
	l, err := s.List(t.Context(), "w", ledger.Filter{}, ledger.Page{})
	if want := (ledger.Score{Count: 2, SumMicro: 7 * ledger.FullWeight}); err != nil || l.Scores["t"] != want {
		t.Errorf("scores %+v, %v; want %+v", l.Scores, err, want)
	}
	if pos, err := s.Position(t.Context()); err != nil || pos != at(4) {
		t.Errorf("position %+v, %v", pos, err)
	}
}

// scanned reads everything in parts, whole, and in the order of lists.
func scanned(t *testing.T, s LogStore) {
	g := newGenerator(9)
	ref := &mem.Logs{}
	apply(t, []LogStore{ref, s}, g.entries(300), ledger.Position{Segment: 1, Offset: 1})
	for _, f := range []ledger.Filter{{}, {Providers: []string{"openai"}}} {
		read := func(s LogStore) (all []ledger.Entry) {
			for after := ""; ; {
				part, next, err := s.Scan(t.Context(), workspace(0), f, after, 13)
				if err != nil {
					t.Fatal(err)
				}
				all = append(all, part...)
				if after = next; after == "" {
					return all
				}
			}
		}
		want, got := read(ref), read(s)
		if d := cmp.Diff(want, got, same); d != "" || len(want) < 20 {
			t.Errorf("of %d, reference (-), store (+)\n%s", len(want), d)
		}
		if !slices.ContainsFunc(got, func(e ledger.Entry) bool { return len(e.Attempts) > 0 }) {
			t.Error("no entry is whole")
		}
	}
}

func applyFeedback(t *testing.T, stores []LogStore, batch []*ledger.Feedback, upTo ledger.Position) {
	t.Helper()
	for _, s := range stores {
		if err := s.ApplyFeedback(t.Context(), batch, upTo); err != nil {
			t.Fatalf("%T: %v", s, err)
		}
		if pos, err := s.Position(t.Context()); err != nil || pos != upTo {
			t.Fatalf("%T: position %+v, %v; want %+v", s, pos, err, upTo)
		}
	}
}
