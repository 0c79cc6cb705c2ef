package ledger

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// Dropped counts the segments that retention removed.
type Dropped struct {
	Segments int
	Bytes    int64
}

// segmentAge is how long one segment is written to where segments are dropped by
// age: a quiet gateway would else keep a month's entries with today's.
const segmentAge = 24 * time.Hour

// Drop removes the oldest segments: those that were last written to before a
// time, unless it is zero, and as many as it takes to bring the journal down to
// most bytes, unless that is 0. A segment stays until every reader has applied
// all of it, but for those that yield, and while a request is open that began in
// it. The last one stays.
func (j *Journal) Drop(before time.Time, most int64) (Dropped, error) {
	applied := j.appliedByAll()
	j.mu.Lock()
	if j.closed {
		j.mu.Unlock()
		return Dropped{}, errClosed
	}
	rollErr := j.rollOld(before)
	drop := j.droppable(before, most, applied)
	for _, n := range drop {
		delete(j.sizes, n)
		delete(j.finished, n)
		j.first = n + 1
	}
	j.mu.Unlock()
	var d Dropped
	errs := []error{rollErr}
	for _, n := range drop {
		size, _, err := j.dir.Stat(segmentName(n))
		if err == nil {
			err = j.dir.Remove(segmentName(n))
		}
		if err != nil { // the next start finds it again
			errs = append(errs, fmt.Errorf("ledger: drop journal segment: %w", err))
			continue
		}
		d.Segments, d.Bytes = d.Segments+1, d.Bytes+size
	}
	return d, errors.Join(errs...)
}

// rollOld begins another segment if this one has been written to for long.
func (j *Journal) rollOld(before time.Time) error {
	if before.IsZero() || j.failed != nil || j.low || j.end.Offset == 0 || time.Since(j.began) < segmentAge {
		return nil
	}
	return j.roll()
}

func (j *Journal) droppable(before time.Time, most int64, applied Position) (drop []uint64) {
	oldestOpen := j.end.Segment
	for _, p := range j.open {
		oldestOpen = min(oldestOpen, p.segment)
	}
	total := j.end.Offset
	var segs []uint64
	for n, size := range j.sizes {
		total += size
		segs = append(segs, n)
	}
	slices.Sort(segs)
	for _, n := range segs {
		old := !before.IsZero() && j.finished[n].Before(before)
		if !old && (most <= 0 || total <= most) || n >= oldestOpen || applied.Before(Position{n, j.sizes[n]}) {
			break
		}
		total -= j.sizes[n]
		drop = append(drop, n)
	}
	return drop
}

// appliedByAll is the position that every follower has passed that is waited for.
func (j *Journal) appliedByAll() Position {
	j.mu.Lock()
	least, followers := j.end, slices.Clone(j.followers)
	j.mu.Unlock()
	for _, f := range followers {
		if at := f.applied(); !f.opt.Yields && at.Before(least) {
			least = at
		}
	}
	return least
}

// Drop removes the oldest segments of bodies: those that were last written to
// before a time, unless it is zero, and as many as it takes to bring all down to
// most bytes, unless that is 0. The one that is written to stays. Bodies that
// should have been stored elsewhere, and for want of space were not, are counted.
func (b *Bodies) Drop(before time.Time, most int64) (Dropped, error) {
	b.lockFiles()
	defer b.filesMu.Unlock()
	current := b.oldestInUse(before)
	segs, err := bodySegments(b.dir)
	if err != nil {
		return Dropped{}, fmt.Errorf("ledger: drop bodies: %w", err)
	}
	sizes, times := make([]int64, len(segs)), make([]time.Time, len(segs))
	var total int64
	for i, s := range segs {
		if sizes[i], times[i], err = b.dir.Stat(s.name()); err != nil && !isMissing(err) {
			return Dropped{}, fmt.Errorf("ledger: drop bodies: %w", err)
		}
		total += sizes[i]
	}
	var d Dropped
	for i, s := range segs {
		old := !before.IsZero() && times[i].Before(before)
		if s.number >= current || !old && (most <= 0 || total <= most) {
			break
		}
		if !old {
			b.countLost(s.number)
		}
		if err := b.dir.Remove(s.name()); err != nil {
			return d, fmt.Errorf("ledger: drop bodies: %w", err)
		}
		b.settleRaw(s.number)
		total -= sizes[i]
		d.Segments, d.Bytes = d.Segments+1, d.Bytes+sizes[i]
	}
	return d, nil
}

// countLost counts the bodies of a segment as dropped if they are nowhere else.
func (b *Bodies) countLost(n uint32) {
	if b.ship == nil || n <= b.shipState().Shipped {
		return
	}
	lost := countBodies(b.dir, n)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.dropped += lost
}

// oldestInUse is the first segment that something may still be written to. It
// ends one that has been written to for long.
func (b *Bodies) oldestInUse(before time.Time) uint32 {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !before.IsZero() && b.next.Offset > 0 && time.Since(b.began) >= segmentAge {
		b.nextSegment()
	}
	oldest := b.next.Segment
	for _, list := range [][]body{b.queue, b.writing} {
		if len(list) > 0 {
			oldest = min(oldest, list[0].ref.Segment)
		}
	}
	return oldest
}

// Bytes is what the bodies take on the disk.
func (b *Bodies) Bytes() (total int64) {
	segs, err := bodySegments(b.dir)
	if err != nil {
		return 0
	}
	for _, s := range segs {
		if size, _, err := b.dir.Stat(s.name()); err == nil {
			total += size
		}
	}
	return total
}
