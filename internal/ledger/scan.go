package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// A Scanned says what Scan went over.
type Scanned struct {
	First   uint64   // the oldest segment there is
	End     Position // after the last whole record
	Corrupt int64    // stretches of damage, and entries that cannot be read
}

// Scan shows visit every entry of the journal in dir whose record begins at from
// or after it, in order, with the position behind it. It changes nothing, and may
// be called beside the process that writes the journal.
func Scan(ctx context.Context, dir string, from Position, visit func(e *Entry, end Position) error) (s Scanned, err error) {
	d := osFolder(dir)
	segs, err := segments(d)
	if err != nil {
		return s, fmt.Errorf("ledger: scan the journal: %w", err)
	}
	if len(segs) > 0 {
		s.First = segs[0]
	}
	s.End = from
	for i, n := range segs {
		if n < from.Segment {
			continue
		}
		at := Position{Segment: n}
		if n == from.Segment {
			at = from
		}
		if err := s.segment(ctx, d, at, i == len(segs)-1, visit); err != nil && !isMissing(err) { // dropped meanwhile
			return s, fmt.Errorf("ledger: scan segment %d: %w", n, err)
		}
	}
	return s, nil
}

func (s *Scanned) segment(ctx context.Context, d folder, at Position, last bool, visit func(*Entry, Position) error) (err error) {
	f, err := d.Open(segmentName(at.Segment))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	size, err := f.Size()
	if err != nil {
		return err
	}
	r := newFrameReader(f, at.Offset, size)
	for {
		fr, err := r.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if fr.kind != kindSettle {
			continue
		}
		e := new(Entry)
		if json.Unmarshal(fr.payload, e) != nil {
			s.Corrupt++
			continue
		}
		if err := errors.Join(ctx.Err(), visit(e, Position{at.Segment, fr.end})); err != nil {
			return err
		}
	}
	s.End = Position{at.Segment, r.off}
	s.Corrupt += int64(r.corrupt)
	if !last && r.off < size {
		s.Corrupt++
	}
	return nil
}
