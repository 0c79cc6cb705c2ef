package ledger

import (
	"sort"
	"time"
)

// A settled is what readers are shown of one record, an entry or feedback, and
// the position after it.
type settled struct {
	entry    *Entry
	feedback []*Feedback
	end      Position
	size     int64
}

// id names the record.
func (s *settled) id() string {
	if s.entry != nil {
		return s.entry.ID
	}
	return s.feedback[0].ID
}

// A tail is the most recent entries, so that readers that keep up need not
// decode what was only just encoded. It covers the journal from start on.
type tail struct {
	start Position
	items []settled
	bytes int64
	limit int64
}

// push adds an entry whose record ends at to.
func (t *tail) push(to Position, e *Entry, size int64) { t.add(settled{entry: e, end: to, size: size}) }

func (t *tail) add(s settled) {
	t.items = append(t.items, s)
	t.bytes += s.size
	n := 0
	for t.bytes > t.limit && n < len(t.items) {
		t.bytes -= t.items[n].size
		t.start = t.items[n].end
		t.items[n].entry, t.items[n].feedback = nil, nil
		n++
	}
	t.items = t.items[n:]
}

// cut drops the entries that end after pos.
func (t *tail) cut(pos Position) {
	n := sort.Search(len(t.items), func(i int) bool { return pos.Before(t.items[i].end) })
	for i := n; i < len(t.items); i++ {
		t.bytes -= t.items[i].size
	}
	clear(t.items[n:])
	t.items = t.items[:n]
	if pos.Before(t.start) {
		t.start = pos
	}
}

// after returns the items that end after pos, or false when pos lies before
// what the tail covers.
func (t *tail) after(pos Position) ([]settled, bool) {
	if pos.Before(t.start) {
		return nil, false
	}
	i := sort.Search(len(t.items), func(i int) bool { return pos.Before(t.items[i].end) })
	return t.items[i:], true
}

// Before orders positions.
func (p Position) Before(q Position) bool {
	return p.Segment < q.Segment || p.Segment == q.Segment && p.Offset < q.Offset
}

// A waiter waits until some entries have been settled.
type waiter struct {
	need int
	ch   chan struct{}
}

func (w *waiter) signal() {
	select {
	case w.ch <- struct{}{}:
	default:
	}
}

// wake tells the waiters of one more entry. It never blocks. j.mu is held.
func (j *Journal) wake() {
	for w := range j.waiters {
		if w.need--; w.need <= 0 {
			w.signal()
		}
	}
}

// wait returns when n entries follow pos, or when some do and d has passed since
// the first was seen, or when stop or kick is ready.
func (j *Journal) wait(stop, kick <-chan struct{}, pos Position, n int, d time.Duration) {
	w := &waiter{ch: make(chan struct{}, 1)}
	defer func() {
		j.mu.Lock()
		delete(j.waiters, w)
		j.mu.Unlock()
	}()
	var patience <-chan time.Time
	for {
		have := j.await(w, pos, n)
		if have >= n {
			return
		}
		if have > 0 && patience == nil {
			t := time.NewTimer(d)
			defer t.Stop()
			patience = t.C
		}
		select {
		case <-w.ch:
		case <-patience:
			return
		case <-stop:
			return
		case <-kick:
			return
		}
	}
}

// await counts the entries after pos, up to n, and sets w to be signalled at the
// first, or, when there are some, at the nth.
func (j *Journal) await(w *waiter, pos Position, n int) int {
	j.mu.Lock()
	defer j.mu.Unlock()
	items, ok := j.tail.after(pos)
	if !ok {
		return n
	}
	w.need = 1
	if len(items) > 0 {
		w.need = n - len(items)
	}
	j.waiters[w] = struct{}{}
	return min(len(items), n)
}
