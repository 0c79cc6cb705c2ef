package ledger

import (
	"encoding/json"
	"errors"
	"io"
)

// A cursor reads settled entries in order, from memory while it keeps up and
// from the files when it does not. One goroutine uses it.
type cursor struct {
	j    *Journal
	pos  Position
	cuts int  // the journal's, when pos was right
	f    file // of pos.Segment, when reading files
	r    *frameReader
}

const batchBytes = 8 << 20 // a batch ends after this much, however few entries

// errWithdrawn ends the use of a cursor: what it stands behind may have been
// taken back, and something else written in its place.
var errWithdrawn = errors.New("records were taken back")

func newCursor(j *Journal, pos Position) *cursor {
	j.mu.Lock()
	defer j.mu.Unlock()
	end := j.end
	if pos == (Position{}) { // a new reader misses nothing
		pos.Segment = j.first
	}
	if end.Before(pos) {
		// The journal is not the one that was read. Readers know entries by
		// id, so reading again harms nothing while going on would lose some.
		j.log.Warn("reader is ahead of the journal; it reads from the beginning", "segment", pos.Segment, "offset", pos.Offset)
		pos = Position{Segment: j.first}
	}
	return &cursor{j: j, pos: pos, cuts: j.cuts}
}

func (c *cursor) close() {
	if c.f != nil {
		_ = c.f.Close() // only read
		c.f, c.r = nil, nil
	}
}

// read fills batch, which comes in empty, with up to limit entries and moves on. An empty result means
// that there is nothing new.
func (c *cursor) read(batch []settled, limit int) ([]settled, error) {
	for {
		c.j.mu.Lock()
		if c.cuts != c.j.cuts {
			c.j.mu.Unlock()
			return nil, errWithdrawn
		}
		end := c.j.end
		items, ok := c.j.tail.after(c.pos)
		if ok {
			batch = appendBounded(batch, items, limit)
			if len(batch) == len(items) {
				c.pos = end
			} else {
				c.pos = batch[len(batch)-1].end
			}
		}
		c.j.mu.Unlock()
		if ok {
			c.close()
			return batch, nil
		}
		var err error
		batch, err = c.readFile(batch, end, limit)
		if err != nil || len(batch) > 0 {
			return batch, err
		}
	}
}

func appendBounded(batch, items []settled, limit int) []settled {
	var bytes int64
	for _, it := range items {
		if len(batch) >= limit || bytes > batchBytes {
			break
		}
		batch = append(batch, it)
		bytes += it.size
	}
	return batch
}

// readFile reads on in the current segment, and steps to the next at its end.
func (c *cursor) readFile(batch []settled, end Position, limit int) ([]settled, error) {
	if err := c.openSegment(end); err != nil {
		return batch, err
	}
	var bytes int64
	for len(batch) < limit && bytes <= batchBytes {
		skipped := c.r.corrupt
		fr, err := c.r.next()
		if errors.Is(err, io.EOF) {
			c.finishSegment(end)
			break
		}
		if err != nil {
			return batch, err
		}
		c.pos.Offset = fr.end
		if c.r.corrupt > skipped {
			c.j.countCorrupt(c.pos)
		}
		s, err := decode(fr)
		if err != nil {
			c.j.countCorrupt(c.pos)
			continue
		}
		if s.entry == nil && len(s.feedback) == 0 {
			continue
		}
		s.end, s.size = c.pos, fr.end-fr.start
		batch = append(batch, s)
		bytes += s.size
	}
	return batch, nil
}

// decode reads what a record shows readers, which for some kinds is nothing.
func decode(fr frame) (s settled, err error) {
	switch fr.kind {
	case kindSettle, kindReprice:
		s.entry = new(Entry)
		return s, json.Unmarshal(fr.payload, s.entry)
	case kindFeedback:
		var r feedbackRecord
		err = json.Unmarshal(fr.payload, &r)
		s.feedback = r.List
	}
	return s, err
}

func (c *cursor) openSegment(end Position) error {
	if c.f == nil {
		c.pos = c.j.skipDropped(c.pos)
	}
	limit := end.Offset
	if c.pos.Segment < end.Segment {
		c.j.mu.Lock()
		limit = c.j.sizes[c.pos.Segment]
		c.j.mu.Unlock()
	}
	if c.f == nil {
		f, err := c.j.dir.Open(segmentName(c.pos.Segment))
		if isMissing(err) && c.pos.Segment < end.Segment {
			c.j.countCorrupt(c.pos)
			c.pos = Position{Segment: c.pos.Segment + 1}
			return c.openSegment(end)
		}
		if err != nil {
			return err
		}
		c.f, c.r = f, newFrameReader(f, c.pos.Offset, limit)
	}
	c.r.limit = limit
	return nil
}

// skipDropped is pos, or the beginning of what there is where that was dropped
// before it was read.
func (j *Journal) skipDropped(pos Position) Position {
	j.mu.Lock()
	defer j.mu.Unlock()
	if pos.Segment >= j.first {
		return pos
	}
	j.stats.Missed += int64(j.first - pos.Segment) //nolint:gosec // few
	j.log.Warn("old segments were dropped before a reader had read them", "from", pos.Segment, "to", j.first-1)
	return Position{Segment: j.first}
}

// finishSegment moves past the end of what can be read of a segment.
func (c *cursor) finishSegment(end Position) {
	if c.r.off < c.r.limit {
		c.j.countCorrupt(c.pos)
	}
	if c.pos.Segment >= end.Segment {
		c.pos = end
		return
	}
	c.close()
	c.pos = Position{Segment: c.pos.Segment + 1}
}

func (j *Journal) countCorrupt(at Position) {
	j.mu.Lock()
	j.stats.Corrupt++
	j.mu.Unlock()
	j.log.Error("journal damaged; the records around the damage are kept", "segment", at.Segment, "before", at.Offset)
}

// behind is how many bytes of the journal follow pos.
func (j *Journal) behind(pos Position) int64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	if pos.Segment >= j.end.Segment {
		return max(j.end.Offset-pos.Offset, 0)
	}
	n := j.end.Offset - pos.Offset
	for s, size := range j.sizes {
		if s >= pos.Segment {
			n += size
		}
	}
	return n
}
