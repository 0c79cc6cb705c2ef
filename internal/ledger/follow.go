package ledger

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// FollowOptions tune a Follower; zero fields mean the defaults.
type FollowOptions struct {
	Name       string        // of the reader, for logs
	Batch      int           // entries applied at once, at most; 1,000
	Wait       time.Duration // how long a batch may fill; 200 ms
	Backoff    time.Duration // after a failed Apply, doubling up to 64 times itself; 100 ms
	Quarantine string        // file that takes, as JSON lines, entries that the reader cannot take
	Yields     bool          // retention drops what the reader has not applied, which it then misses
	Log        *slog.Logger
}

// A Follower feeds a Reader from a Journal. It never slows the journal down: a
// reader that lags is served from the files.
type Follower struct {
	j   *Journal
	r   Reader
	opt FollowOptions

	kick chan struct{}

	mu          sync.Mutex
	pos         Position      // applied up to here
	stored      Position      // what the reader should answer; only Run uses it
	lent        []*Entry      // the batch as the reader gets it; only Run uses it
	moved       chan struct{} // closed and replaced whenever pos moves
	quarantined atomic.Int64
}

// NewFollower prepares to feed r from j; Run does it. From then on j drops no
// segment that r has not applied, unless r Yields.
func NewFollower(j *Journal, r Reader, opt FollowOptions) *Follower {
	if opt.Batch <= 0 {
		opt.Batch = 1000
	}
	if opt.Wait <= 0 {
		opt.Wait = 200 * time.Millisecond
	}
	if opt.Backoff <= 0 {
		opt.Backoff = 100 * time.Millisecond
	}
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	opt.Log = opt.Log.With("reader", opt.Name)
	f := &Follower{j: j, r: r, opt: opt, kick: make(chan struct{}, 1), moved: make(chan struct{})}
	j.mu.Lock()
	j.followers = append(j.followers, f)
	j.mu.Unlock()
	return f
}

// Run applies entries until ctx ends, whose error it returns. What is then not
// applied stays in the journal for the next run.
func (f *Follower) Run(ctx context.Context) error {
	pos, err := f.position(ctx)
	if err != nil {
		return err
	}
	c := newCursor(f.j, pos)
	defer func() { c.close() }()
	f.stored = pos
	f.advance(c.pos)
	var batch []settled
	for ctx.Err() == nil {
		batch, err = c.read(batch[:0], f.opt.Batch)
		if err == nil && len(batch) > 0 {
			err = f.j.keep(c.pos)
		}
		if err != nil {
			f.opt.Log.Error("journal not readable; trying again", "error", err)
			c.close()
			clear(batch)
			f.sleep(ctx, f.opt.Backoff)
			c = newCursor(f.j, f.stored)
			continue
		}
		if len(batch) == 0 || f.apply(ctx, batch, c.pos, patience) {
			f.advance(c.pos)
		} else if ctx.Err() == nil {
			c.close()
			c = newCursor(f.j, f.stored)
			f.advance(c.pos)
		}
		clear(batch) // lets the entries go
		if len(batch) < f.opt.Batch {
			f.j.wait(ctx.Done(), f.kick, c.pos, f.opt.Batch, f.opt.Wait)
		}
	}
	return ctx.Err()
}

func (f *Follower) position(ctx context.Context) (Position, error) {
	for wait := f.opt.Backoff; ; wait = f.longer(wait) {
		pos, err := f.r.Position(ctx)
		if err == nil {
			return pos, nil
		}
		if ctx.Err() != nil {
			return Position{}, ctx.Err()
		}
		f.opt.Log.Error("reader does not know its position; trying again", "error", err)
		f.sleep(ctx, wait)
	}
}

// patience is how many failures are taken for bad luck before a batch is
// searched for an entry that the reader cannot take.
const patience = 3

func nextPatience(n int) int {
	if n == 1 {
		return patience
	}
	return 1
}

// apply hands a batch over until it is taken, setting aside entries that the
// reader cannot take. It returns false when ctx ended first, or when the reader
// is no longer where it was: it then goes on from f.stored.
func (f *Follower) apply(ctx context.Context, batch []settled, upTo Position, patience int) bool {
	wait := f.opt.Backoff
	for tries := 1; ; tries++ {
		err := f.try(ctx, batch, upTo)
		if err == nil {
			return true
		}
		if ctx.Err() != nil {
			return false
		}
		if f.strayed(ctx) {
			return false
		}
		f.opt.Log.Warn("entries not applied; trying again", "count", len(batch), "tries", tries, "error", err)
		if tries >= patience && f.r.Apply(ctx, nil, f.stored) == nil {
			// The reader works, so it is about the entries.
			if len(batch) == 1 {
				return f.setApart(ctx, batch[0], upTo, err)
			}
			half := len(batch) / 2
			return f.apply(ctx, batch[:half], batch[half-1].end, nextPatience(half)) &&
				f.apply(ctx, batch[half:], upTo, nextPatience(len(batch)-half))
		}
		f.sleep(ctx, wait)
		wait = f.longer(wait)
	}
}

func (f *Follower) try(ctx context.Context, batch []settled, upTo Position) error {
	entries, feedback := f.lent[:0], []*Feedback(nil)
	for _, s := range batch {
		if s.entry != nil {
			entries = append(entries, s.entry)
		}
		feedback = append(feedback, s.feedback...)
	}
	err := f.hand(ctx, entries, feedback, upTo)
	clear(entries)
	f.lent = entries
	if err != nil {
		return err
	}
	f.stored = upTo
	f.advance(upTo)
	return nil
}

// hand gives the reader what it takes. The position moves with the last part;
// should that fail, the entries come again, which changes nothing.
func (f *Follower) hand(ctx context.Context, entries []*Entry, feedback []*Feedback, upTo Position) error {
	r, ok := f.r.(FeedbackReader)
	if !ok || len(feedback) == 0 {
		return f.r.Apply(ctx, entries, upTo)
	}
	if len(entries) > 0 {
		if err := f.r.Apply(ctx, entries, f.stored); err != nil {
			return err
		}
	}
	return r.ApplyFeedback(ctx, feedback, upTo)
}

// strayed asks the reader for its position after a failure. It may have taken a
// batch although it could not say so, or have lost what it had and begun anew.
func (f *Follower) strayed(ctx context.Context) bool {
	pos, err := f.r.Position(ctx)
	if err != nil || pos == f.stored {
		return false
	}
	f.opt.Log.Warn("reader is not where it was; going on from there", "segment", pos.Segment, "offset", pos.Offset)
	f.stored = pos
	return true
}

// setApart writes an entry to the quarantine and moves past it.
func (f *Follower) setApart(ctx context.Context, s settled, upTo Position, cause error) bool {
	for wait := f.opt.Backoff; ; wait = f.longer(wait) {
		err := f.quarantine(s, cause)
		if err == nil {
			err = f.r.Apply(ctx, nil, upTo)
		}
		if err == nil {
			f.stored = upTo
			f.quarantined.Add(1)
			f.opt.Log.Error("entry set apart: the reader cannot take it", "id", s.id(), "file", f.opt.Quarantine, "error", cause)
			f.advance(upTo)
			return true
		}
		if ctx.Err() != nil {
			return false
		}
		f.sleep(ctx, wait)
	}
}

func (f *Follower) quarantine(s settled, cause error) error {
	if f.opt.Quarantine == "" {
		return nil
	}
	line, err := json.Marshal(struct {
		Reader string   `json:"reader"`
		After  Position `json:"after"`
		Error  string   `json:"error"`
		Entry  *Entry   `json:"entry,omitempty"`

		Feedback []*Feedback `json:"feedback,omitempty"`
	}{f.opt.Name, s.end, cause.Error(), s.entry, s.feedback})
	if err != nil {
		return err
	}
	file, err := os.OpenFile(f.opt.Quarantine, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("open quarantine: %w", err)
	}
	_, err = file.Write(append(line, '\n'))
	if cerr := file.Close(); err == nil {
		err = cerr
	}
	return err
}

// CatchUp waits until everything settled before the call has been applied, and
// makes that happen at once: after it, a client finds the request it just made.
func (f *Follower) CatchUp(ctx context.Context) error {
	goal := f.j.End()
	for {
		f.mu.Lock()
		done, moved := !f.pos.Before(goal), f.moved
		f.mu.Unlock()
		if done {
			return nil
		}
		select {
		case f.kick <- struct{}{}:
		default:
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Lag is how many bytes of the journal the reader has not applied.
func (f *Follower) Lag() int64 { return f.j.behind(f.applied()) }

// Quarantined counts the entries set apart.
func (f *Follower) Quarantined() int64 { return f.quarantined.Load() }

func (f *Follower) applied() Position {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.pos
}

func (f *Follower) advance(to Position) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.pos != to {
		f.pos = to
		close(f.moved)
		f.moved = make(chan struct{})
	}
}

func (f *Follower) longer(d time.Duration) time.Duration { return min(2*d, 64*f.opt.Backoff) }

func (f *Follower) sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
