// Package storetest holds the suites that every store of a port must pass. Each
// compares the store with package mem on random data.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/ledger"
	"github.com/portico-ai/portico/internal/store/mem"
)

// A LogStore is what a log store implements: it is fed and it is asked.
type LogStore interface {
	ledger.FeedbackReader
	ledger.Logs
}

// Logs runs the suite. open returns an empty store and closes it when t ends.
func Logs(t *testing.T, open func(t *testing.T) LogStore) {
	t.Run("agrees with the reference", func(t *testing.T) { agree(t, open(t)) })
	t.Run("pages are complete", func(t *testing.T) { pages(t, open(t)) })
	t.Run("entries come back whole", func(t *testing.T) { whole(t, open(t)) })
	t.Run("applying twice changes nothing", func(t *testing.T) { twice(t, open(t)) })
	t.Run("a cost may come later", func(t *testing.T) { repriced(t, open(t)) })
	t.Run("a canceled apply leaves no half", func(t *testing.T) { canceled(t, open(t)) })
	t.Run("workspaces are apart", func(t *testing.T) { apart(t, open(t)) })
	t.Run("odd text stays text", func(t *testing.T) { odd(t, open(t)) })
	t.Run("bytes that are no text are taken", func(t *testing.T) { notText(t, open(t)) })
	t.Run("scanning reads everything", func(t *testing.T) { scanned(t, open(t)) })
	t.Run("feedback agrees with the reference", func(t *testing.T) { feedbackAgrees(t, open(t)) })
	t.Run("the latest of a feedback counts", func(t *testing.T) { latestCounts(t, open(t)) })
	t.Run("traces agree with the reference", func(t *testing.T) { tracesAgree(t, open(t)) })
	t.Run("feedback comes in pages", func(t *testing.T) { feedbackPages(t, open(t)) })
	t.Run("times before 1970", func(t *testing.T) { longAgo(t, open(t)) })
	t.Run("a bad cursor is refused", func(t *testing.T) { badCursor(t, open(t)) })
}

// same compares what stores answer; an empty list and none are the same.
var same = cmpopts.EquateEmpty()

func agree(t *testing.T, s LogStore) {
	g := newGenerator(1)
	ref := &mem.Logs{}
	for i := range 8 {
		apply(t, []LogStore{ref, s}, g.entries(100), ledger.Position{Segment: 1, Offset: int64(i + 1)})
	}
	applyFeedback(t, []LogStore{ref, s}, g.feedbacks(30), ledger.Position{Segment: 1, Offset: 9})
	matched, asked := 0, 0
	for range 400 {
		f, p := g.filter(), g.page()
		want, err := ref.List(t.Context(), workspace(0), f, p)
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.List(t.Context(), workspace(0), f, p)
		if err != nil {
			t.Fatalf("%+v: %v", f, err)
		}
		if d := cmp.Diff(want, got, same); d != "" {
			t.Fatalf("filter %+v, page %+v: reference (-), store (+)\n%s", f, p, d)
		}
		if asked++; want.Total > 0 {
			matched++
		}
	}
	if matched < asked/4 {
		t.Errorf("only %d of %d random filters match anything: the comparison says little", matched, asked)
	}
}

func pages(t *testing.T, s LogStore) {
	g := newGenerator(2)
	ref := &mem.Logs{}
	apply(t, []LogStore{ref, s}, g.entries(500), ledger.Position{Segment: 1, Offset: 1})
	for _, f := range []ledger.Filter{{}, {Providers: []string{"openai"}}, {Text: "gpt"}} {
		var byOffset, byCursor []string
		after := ""
		for n := 0; ; n++ {
			a, err := s.List(t.Context(), workspace(0), f, ledger.Page{Size: 17, Offset: 17 * n})
			if err != nil {
				t.Fatal(err)
			}
			next := ledger.Page{Size: 17, After: after}
			if after != "" {
				next.Offset = 999 // means nothing beside a cursor
			}
			b, err := s.List(t.Context(), workspace(0), f, next)
			if err != nil {
				t.Fatal(err)
			}
			byOffset, byCursor = append(byOffset, ids(a)...), append(byCursor, ids(b)...)
			if (a.Next == "") != (b.Next == "") {
				t.Fatalf("page %d: next by offset %q, by cursor %q", n, a.Next, b.Next)
			}
			if after = b.Next; after == "" {
				break
			}
		}
		all, err := ref.List(t.Context(), workspace(0), f, ledger.Page{Size: ledger.MaxPage})
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(ids(all), byOffset); d != "" {
			t.Errorf("by offset: %s", d)
		}
		if d := cmp.Diff(ids(all), byCursor); d != "" {
			t.Errorf("by cursor: %s", d)
		}
	}
}

func whole(t *testing.T, s LogStore) {
	list := newGenerator(3).entries(100)
	apply(t, []LogStore{s}, list, ledger.Position{Segment: 1, Offset: 1})
	for _, want := range list {
		got, err := s.Get(t.Context(), want.WorkspaceID, want.ID)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, got, same); d != "" {
			t.Errorf("stored (-), read (+):\n%s", d)
		}
	}
}

func twice(t *testing.T, s LogStore) {
	list := newGenerator(4).entries(60)
	at := func(n int64) ledger.Position { return ledger.Position{Segment: 2, Offset: n} }
	apply(t, []LogStore{s}, list[:30], at(30))
	apply(t, []LogStore{s}, list[:30], at(30))                              // the same again
	apply(t, []LogStore{s}, list[10:50], at(50))                            // some known
	apply(t, []LogStore{s}, append(list[50:60:60], list[50:60]...), at(60)) // twice in a batch
	apply(t, []LogStore{s}, nil, at(70))                                    // position alone
	apply(t, []LogStore{s}, list, ledger.Position{Segment: 1})              // the journal read from its beginning
	seen := map[string]int{}
	for w := range workspaces {
		l, err := s.List(t.Context(), workspace(w), ledger.Filter{}, ledger.Page{Size: ledger.MaxPage})
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range ids(l) {
			seen[id]++
		}
	}
	if len(seen) != len(list) {
		t.Errorf("%d entries, want %d", len(seen), len(list))
	}
	for id, n := range seen {
		if n != 1 {
			t.Errorf("%s is there %d times", id, n)
		}
	}
	if pos, err := s.Position(t.Context()); err != nil || pos != (ledger.Position{Segment: 1}) {
		t.Errorf("position %+v, %v", pos, err)
	}
}

func canceled(t *testing.T, s LogStore) {
	list := newGenerator(5).entries(50)
	apply(t, []LogStore{s}, list[:10], ledger.Position{Segment: 1, Offset: 10})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := s.Apply(ctx, pointers(list[10:]), ledger.Position{Segment: 1, Offset: 50})
	pos, perr := s.Position(t.Context())
	if perr != nil {
		t.Fatal(perr)
	}
	stored := 0
	for _, e := range list[10:] {
		if _, err := s.Get(t.Context(), e.WorkspaceID, e.ID); err == nil {
			stored++
		}
	}
	if done := err == nil; done != (stored == 40) || done != (pos.Offset == 50) || !done && stored != 0 {
		t.Errorf("apply said %v, stored %d of 40, position %+v", err, stored, pos)
	}
	apply(t, []LogStore{s}, list[10:], ledger.Position{Segment: 1, Offset: 50}) // and still works
}

func apart(t *testing.T, s LogStore) {
	e := newGenerator(6).entries(1)[0]
	e.WorkspaceID = "mine"
	apply(t, []LogStore{s}, []ledger.Entry{e}, ledger.Position{Segment: 1, Offset: 1})
	for _, other := range []string{"", "theirs", "mine'", "%", "min_"} {
		if _, err := s.Get(t.Context(), other, e.ID); !isKind(err, ai.NotFound) {
			t.Errorf("Get as %q: %v, want not found", other, err)
		}
		l, err := s.List(t.Context(), other, ledger.Filter{Text: e.ID}, ledger.Page{})
		if err != nil || l.Total != 0 || len(l.Entries) != 0 {
			t.Errorf("List as %q: %+v, %v", other, l, err)
		}
	}
	if _, err := s.Get(t.Context(), "mine", "no such id"); !isKind(err, ai.NotFound) {
		t.Errorf("Get of nothing: %v, want not found", err)
	}
}

// odd stores values that patterns, quotes and JSON would misread, and looks for
// each of them: it finds that one entry and no other.
func odd(t *testing.T, s LogStore) {
	values := []string{`100%`, `a_b`, `axb`, `it's`, `"quoted"`, `back\slash`, `\`, `';DROP TABLE logs;--`, "new\nline", `{"k":"v"}`, `,"k":"v"`, "Grün", "日本"}
	var list []ledger.Entry
	for i, v := range values {
		list = append(list, ledger.Entry{
			ID: fmt.Sprintf("00000000-0000-0000-0000-%012d", i), StartedAt: time.Unix(1_700_000_000+int64(i), 0).UTC(),
			WorkspaceID: "w", State: ledger.OK, Metadata: map[string]string{"k": v, "other": "value"},
		})
	}
	apply(t, []LogStore{s}, list, ledger.Position{Segment: 1, Offset: 1})
	for i, v := range values {
		for name, f := range map[string]ledger.Filter{"metadata": {Metadata: map[string]string{"k": v}}, "text": {Text: v}} {
			if name == "text" && v == `\` {
				continue // part of another value too
			}
			l, err := s.List(t.Context(), "w", f, ledger.Page{})
			if err != nil || l.Total != 1 || l.Entries[0].ID != list[i].ID {
				t.Errorf("%s %q: %d found, %v", name, v, l.Total, err)
			}
		}
	}
	for _, f := range []ledger.Filter{{Metadata: map[string]string{"k": "absent"}}, {Metadata: map[string]string{"k": "100%", "other": "no"}}, {Text: "%"}, {Text: "a_"}} {
		want := int64(0)
		if f.Text != "" {
			want = 1
		}
		if l, err := s.List(t.Context(), "w", f, ledger.Page{}); err != nil || l.Total != want {
			t.Errorf("%+v: %d found, want %d, %v", f, l.Total, want, err)
		}
	}
}

// notText stores what a client may send in a header. It must not cost the row.
func notText(t *testing.T, s LogStore) {
	e := newGenerator(7).entry()
	e.Model, e.AskModel, e.Path, e.SDK = "\xff\xfe", "nul\x00byte", "/v1/\x80", "\xc3"
	e.Metadata = map[string]string{"k\xff": "v\xfe"}
	e.Error = &ledger.ErrorInfo{Message: "\xed\xa0\x80"}
	apply(t, []LogStore{s}, []ledger.Entry{e}, ledger.Position{Segment: 1, Offset: 1})
	if _, err := s.Get(t.Context(), e.WorkspaceID, e.ID); err != nil {
		t.Error(err)
	}
	if l, err := s.List(t.Context(), e.WorkspaceID, ledger.Filter{}, ledger.Page{}); err != nil || l.Total != 1 {
		t.Errorf("%d listed, %v", l.Total, err)
	}
	if l, err := s.List(t.Context(), e.WorkspaceID, ledger.Filter{Text: "\xff", Models: []string{"\xff"}, Metadata: map[string]string{"\xff": "x"}}, ledger.Page{}); err != nil || l.Total != 0 {
		t.Errorf("%d found by what is no text, %v", l.Total, err)
	}
}

func longAgo(t *testing.T, s LogStore) {
	ref := &mem.Logs{}
	var list []ledger.Entry
	for i, micros := range []int64{-2_000_000_000_000_000, -1 << 40, -1<<40 - 1, -1 << 32, -1, 0, 1, 1 << 32, 1 << 40} {
		list = append(list, ledger.Entry{ID: fmt.Sprint(i), TraceID: fmt.Sprint("trace-", i/2), WorkspaceID: "w", StartedAt: time.UnixMicro(micros).UTC(), State: ledger.OK})
	}
	apply(t, []LogStore{ref, s}, list, ledger.Position{Segment: 1, Offset: 1})
	for after, n := "", 0; n < 5; n++ {
		want, err := ref.List(t.Context(), "w", ledger.Filter{}, ledger.Page{Size: 2, After: after})
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.List(t.Context(), "w", ledger.Filter{}, ledger.Page{Size: 2, After: after})
		if d := cmp.Diff(want, got, same); d != "" || err != nil {
			t.Fatalf("page %d, %v: reference (-), store (+)\n%s", n, err, d)
		}
		after = got.Next
	}
	for p := (ledger.Page{Size: 2}); ; {
		want, err := ref.Traces(t.Context(), "w", ledger.Filter{}, p)
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.Traces(t.Context(), "w", ledger.Filter{}, p)
		if d := cmp.Diff(want, got, same); d != "" || err != nil {
			t.Fatalf("traces of %+v, %v: reference (-), store (+)\n%s", p, err, d)
		}
		if p.After = got.Next; p.After == "" {
			break
		}
	}
}

func badCursor(t *testing.T, s LogStore) {
	for _, after := range []string{"x", "1.2", "....", "AAAA.", "' OR 1=1 --"} {
		if _, err := s.List(t.Context(), "w", ledger.Filter{}, ledger.Page{After: after}); !isKind(err, ai.Invalid) {
			t.Errorf("after %q: %v, want an invalid input", after, err)
		}
		if _, _, err := s.Scan(t.Context(), "w", ledger.Filter{}, after, 10); !isKind(err, ai.Invalid) {
			t.Errorf("scan after %q: %v, want an invalid input", after, err)
		}
	}
}

func apply(t *testing.T, stores []LogStore, batch []ledger.Entry, upTo ledger.Position) {
	t.Helper()
	for _, s := range stores {
		if err := s.Apply(t.Context(), pointers(batch), upTo); err != nil {
			t.Fatalf("%T: %v", s, err)
		}
		if pos, err := s.Position(t.Context()); err != nil || pos != upTo {
			t.Fatalf("%T: position %+v, %v; want %+v", s, pos, err, upTo)
		}
	}
}

func pointers(list []ledger.Entry) []*ledger.Entry {
	batch := make([]*ledger.Entry, len(list))
	for i := range list {
		batch[i] = &list[i]
	}
	return batch
}

func ids(l ledger.Listing) []string {
	var list []string
	for _, e := range l.Entries {
		list = append(list, e.ID)
	}
	return list
}

func isKind(err error, kind ai.Kind) bool {
	e, ok := errors.AsType[*ai.Error](err)
	return ok && e.Kind == kind
}
