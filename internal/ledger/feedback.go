package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/portico-ai/portico/internal/ai"
)

// A Feedback is what somebody thought of a trace: of all its requests together.
// A trace may have many. It is changed by recording it again under its id; the
// one that was updated last counts.
type Feedback struct {
	ID          string          `json:"id"`
	OrgID       string          `json:"org_id"`
	WorkspaceID string          `json:"workspace_id"`
	KeyID       string          `json:"key_id,omitempty"`  // who gave it
	UserID      string          `json:"user_id,omitempty"` // or this user, in the console
	TraceID     string          `json:"trace_id"`
	Value       int             `json:"value"`        // from -10 to 10
	WeightMicro int64           `json:"weight_micro"` // millionths, from 0 to FullWeight
	Metadata    json.RawMessage `json:"metadata"`     // a JSON object
	CreatedAt   time.Time       `json:"created_at"`   // UTC, whole microseconds
	UpdatedAt   time.Time       `json:"updated_at"`   // likewise
}

// FullWeight is a weight of 1.
const FullWeight = 1_000_000

// A Score sums up the feedback of a trace. The zero Score is that of none.
type Score struct {
	Count    int64
	SumMicro int64 // of value × weight, in millionths
}

// Mean is the average of value × weight, which is what filters and averages go by.
func (s Score) Mean() float64 {
	if s.Count == 0 {
		return 0
	}
	return float64(s.SumMicro) / float64(s.Count) / FullWeight
}

// Within reports whether there is feedback whose mean lies within the bounds,
// both inclusive and in millionths; nil is none.
func (s Score) Within(low, high *int64) bool {
	return s.Count > 0 && (low == nil || s.SumMicro >= *low*s.Count) && (high == nil || s.SumMicro <= *high*s.Count)
}

// A FeedbackFilter says which feedback of a workspace is meant. Zero fields do
// not; slices mean any of.
type FeedbackFilter struct {
	IDs, TraceIDs []string
	Values        []int
	From, To      time.Time // of the creation; From inclusive, To exclusive
}

// A FeedbackListing is one page.
type FeedbackListing struct {
	Feedback []Feedback
	Total    int64
	Next     string // "" at the end
}

// MaxFeedback is how much feedback one question is answered with, the newest.
const MaxFeedback = 1000

// A FeedbackReader is a Reader that takes feedback, too. A batch and the position
// are stored in one step, and applying a batch twice changes nothing, as with
// entries. Entries that came with feedback are applied first, without moving the
// position, so the reader must know them by id. A Reader that is none is not shown
// any feedback.
type FeedbackReader interface {
	Reader
	ApplyFeedback(ctx context.Context, batch []*Feedback, upTo Position) error
}

// feedbackRecord is several feedbacks that are recorded together, or not at all.
type feedbackRecord struct {
	ID   string      `json:"id"` // of the first; every record begins with one
	List []*Feedback `json:"list"`
}

// PutFeedback records all of list or, with an error as Reserve's, nothing. The
// list belongs to the journal from then on and must not be changed.
func (j *Journal) PutFeedback(list []*Feedback) error {
	if len(list) == 0 {
		return nil
	}
	payload, err := json.Marshal(feedbackRecord{list[0].ID, list})
	if err != nil {
		return fmt.Errorf("ledger: encode feedback: %w", err)
	}
	if len(payload) >= maxRecord {
		return ai.Errorf(ai.TooLarge, "The feedback is larger than %d bytes; send it in several parts", maxRecord)
	}
	kept, err := j.putFeedback(endFrame(append(beginFrame(nil, kindFeedback), payload...)), list)
	if err != nil {
		return err
	}
	return kept.wait()
}

func (j *Journal) putFeedback(rec []byte, list []*Feedback) (*promise, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.failed == nil && j.short(len(rec)) {
		return nil, refusal(errors.New("no disk space left but what admitted requests need"))
	}
	if _, err := j.write(rec); err != nil {
		return nil, err
	}
	j.tail.add(settled{feedback: list, end: j.end, size: int64(len(rec))})
	j.wake()
	if !j.power() {
		return nil, nil
	}
	return j.promise(nil), nil
}

// Insert records entries of requests that others have served. Unlike Settle it
// keeps nothing that could not be written: those before the error are recorded,
// the others are not. The entries belong to the journal from then on.
func (j *Journal) Insert(list []*Entry) error {
	kept, err := j.insert(list)
	for _, p := range kept {
		if lost := p.wait(); err == nil {
			err = lost
		}
	}
	return err
}

func (j *Journal) insert(list []*Entry) (kept []*promise, err error) {
	bp := bufs.Get().(*[]byte)
	defer putBuf(bp)
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, e := range list {
		rec := encodeSettled(*bp, e)
		*bp = rec
		if j.failed == nil && j.short(len(rec)) {
			return kept, refusal(errors.New("no disk space left but what admitted requests need"))
		}
		if _, err := j.write(rec); err != nil {
			return kept, err
		}
		j.stats.Settled++
		j.tail.push(j.end, e, int64(len(rec)))
		j.wake()
		if j.power() {
			kept = append(kept, j.promise(func() { j.stats.Settled-- }))
		}
	}
	return kept, nil
}
