package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A feedbackReader knows entries and feedback by id.
type feedbackReader struct {
	mu       sync.Mutex
	entries  map[string]bool
	feedback map[string]int
	pos      Position
	fail     func() error // of ApplyFeedback
}

func (r *feedbackReader) Apply(_ context.Context, batch []*Entry, upTo Position) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range batch {
		r.entries[e.ID] = true
	}
	r.pos = upTo
	return nil
}

func (r *feedbackReader) ApplyFeedback(_ context.Context, batch []*Feedback, upTo Position) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fail != nil {
		if err := r.fail(); err != nil {
			return err
		}
	}
	for _, f := range batch {
		r.feedback[f.ID] = f.Value
	}
	r.pos = upTo
	return nil
}

func (r *feedbackReader) Position(context.Context) (Position, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.pos, nil
}

func newFeedbackReader() *feedbackReader {
	return &feedbackReader{entries: map[string]bool{}, feedback: map[string]int{}}
}

func feedback(id string, value int) *Feedback {
	at := time.Unix(1_700_000_000, 0).UTC()
	return &Feedback{ID: id, WorkspaceID: "w", TraceID: "t", Value: value, WeightMicro: FullWeight, Metadata: json.RawMessage(`{"a":[1,null]}`), CreatedAt: at, UpdatedAt: at}
}

func TestFeedbackReachesTheReaders(t *testing.T) {
	dir := t.TempDir()
	opt := Options{SegmentSize: 4 << 10, TailBytes: 2 << 10}
	j := mustOpen(t, dir, opt)
	entries, given := map[string]bool{}, map[string]int{}
	add := func(j *Journal, from, to int) {
		for n := from; n < to; n++ {
			for _, id := range settle(t, j, n, n+1) {
				entries[id] = true
			}
			a, b := feedback(fmt.Sprint("a", n%10), n), feedback(fmt.Sprint("b", n), -n)
			if err := j.PutFeedback([]*Feedback{a, b}); err != nil {
				t.Fatal(err)
			}
			given[a.ID], given[b.ID] = n, -n
		}
	}
	add(j, 0, 50)
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	j = mustOpen(t, dir, opt)
	defer j.Close()
	add(j, 50, 80)
	failures := 3
	r := newFeedbackReader()
	r.fail = func() error {
		if failures--; failures >= 0 {
			return errors.New("not now")
		}
		return nil
	}
	plain := &memReader{}
	f, _ := following(t, j, r, FollowOptions{Batch: 16})
	g, _ := following(t, j, plain, FollowOptions{Batch: 16})
	add(j, 80, 90)
	catchUp(t, f)
	catchUp(t, g)
	if d := cmp.Diff(entries, r.entries); d != "" {
		t.Errorf("entries: %s", d)
	}
	if d := cmp.Diff(given, r.feedback); d != "" {
		t.Errorf("feedback: %s", d)
	}
	if len(plain.seen()) != len(entries) || f.Quarantined() != 0 || j.Stats().Corrupt != 0 {
		t.Errorf("%d entries reached the reader that takes no feedback; %d quarantined, %d corrupt", len(plain.seen()), f.Quarantined(), j.Stats().Corrupt)
	}
	found, err := Inspect(t.Context(), dir, Position{})
	if err != nil || found.Feedback != 90 || found.Entries != 90 || found.Open != 0 || found.Corrupt != 0 {
		t.Errorf("inspection %+v, %v", found, err)
	}
}

// Feedback that a reader cannot take is set apart like an entry.
func TestFeedbackIsQuarantined(t *testing.T) {
	j := mustOpen(t, t.TempDir(), Options{})
	defer j.Close()
	r := newFeedbackReader()
	r.fail = func() error { return errors.New("never") }
	file := filepath.Join(t.TempDir(), "quarantine")
	f, _ := following(t, j, r, FollowOptions{Quarantine: file})
	if err := j.PutFeedback([]*Feedback{feedback("bad", 1)}); err != nil {
		t.Fatal(err)
	}
	settle(t, j, 0, 1)
	catchUp(t, f)
	text, err := os.ReadFile(file)
	var line struct{ Feedback []Feedback }
	if err != nil || json.Unmarshal(text, &line) != nil || len(line.Feedback) != 1 || line.Feedback[0].ID != "bad" || !r.entries["e0"] || f.Quarantined() != 1 {
		t.Errorf("%v; %d quarantined, entries %v, file %s", err, f.Quarantined(), r.entries, text)
	}
}

// What Insert could not write is nowhere: neither on disk nor owed to it.
func TestInsertKeepsNothingThatItCouldNotWrite(t *testing.T) {
	j := mustOpen(t, t.TempDir(), Options{})
	if err := j.Insert([]*Entry{entry("a"), entry("b")}); err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if err := j.Insert([]*Entry{entry("c")}); err == nil {
		t.Error("a closed journal takes entries")
	}
	if err := j.PutFeedback([]*Feedback{feedback("f", 1)}); err == nil {
		t.Error("a closed journal takes feedback")
	}
	if s := j.Stats(); s.Settled != 2 || s.Lost != 0 {
		t.Errorf("%+v", s)
	}
}
