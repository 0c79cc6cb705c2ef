package ledger

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"
)

const checkpointName = "checkpoint.json"

// A checkpoint says which reservations were open at a position, so that Open
// need not read what lies before it. It may be older than the journal, never
// newer.
type checkpoint struct {
	Segment uint64            `json:"segment"`
	Offset  int64             `json:"offset"`
	Synced  uint64            `json:"synced"` // segments before this one are on the disk
	Open    []openReservation `json:"open"`
}

type openReservation struct {
	ID      string `json:"id"`
	Segment uint64 `json:"segment"`
	Offset  int64  `json:"offset"`
}

func (j *Journal) checkpoint() error {
	c := checkpoint{Segment: j.end.Segment, Offset: j.end.Offset, Synced: j.synced.Segment, Open: make([]openReservation, 0, len(j.open))}
	for id, p := range j.open {
		c.Open = append(c.Open, openReservation{id, p.segment, p.offset})
	}
	b, err := json.Marshal(c)
	if err != nil {
		return err
	}
	j.sinceCheck = 0
	return j.dir.Replace(checkpointName, b)
}

// loadCheckpoint returns the zero checkpoint when there is none to be trusted.
func (j *Journal) loadCheckpoint(segs []uint64, sizes map[uint64]int64) checkpoint {
	b, err := j.dir.Load(checkpointName)
	if err != nil {
		if !isMissing(err) {
			j.log.Warn("journal checkpoint not read; reading the whole journal", "error", err)
		}
		return checkpoint{}
	}
	var c checkpoint
	if err := json.Unmarshal(b, &c); err != nil || !slices.Contains(segs, c.Segment) || c.Offset > sizes[c.Segment] {
		j.log.Warn("journal checkpoint does not fit the journal; reading all of it")
		return checkpoint{}
	}
	return c
}

// restore finds the end, cuts off an unfinished record and settles what an
// earlier run left open.
func (j *Journal) restore() error {
	segs, err := segments(j.dir)
	if err != nil {
		return err
	}
	if len(segs) == 0 {
		segs = []uint64{1}
		j.sizes[1] = 0
	} else if err := j.measure(segs); err != nil {
		return err
	}
	j.first = segs[0]
	last := segs[len(segs)-1]
	c := j.loadCheckpoint(segs, j.sizes)
	for _, o := range c.Open {
		j.open[o.ID] = place{o.Segment, o.Offset}
	}
	if j.f, err = j.dir.Create(segmentName(last)); err != nil {
		return err
	}
	j.newNames, j.synced = true, Position{Segment: c.Synced}
	for _, n := range segs {
		if n >= c.Synced && n < last {
			j.older = append(j.older, olderSegment{number: n})
		}
		if n < c.Segment {
			continue
		}
		var from int64
		if n == c.Segment {
			from = c.Offset
		}
		if err := j.replay(n, from, n == last); err != nil {
			return fmt.Errorf("segment %d: %w", n, err)
		}
	}
	delete(j.sizes, last)
	j.began = j.firstRecord()
	j.tail.start = j.end
	if j.power() { // from here on everything before j.synced stays, and the rest may be taken back
		w := j.syncWork()
		if err := j.syncFiles(w); err != nil {
			j.unfinished(w)
			return fmt.Errorf("sync: %w", err)
		}
		_ = j.finishSync(w, nil)
	}
	j.settleOpen()
	if err := j.syncIfPromised(); err != nil {
		return nil // it refuses for now, and owes what it could not keep
	}
	if err := j.checkpoint(); err != nil {
		j.log.Warn("journal checkpoint not written", "error", err)
	}
	return nil
}

func (j *Journal) measure(segs []uint64) error {
	for _, n := range segs {
		var err error
		if j.sizes[n], j.finished[n], err = j.dir.Stat(segmentName(n)); err != nil {
			return err
		}
	}
	return nil
}

// replay reads one segment for its open reservations, and in the last one finds
// the end.
func (j *Journal) replay(n uint64, from int64, last bool) error {
	f := j.f
	if !last {
		var err error
		if f, err = j.dir.Open(segmentName(n)); err != nil {
			return err
		}
		defer f.Close() //nolint:errcheck // only read
	}
	r := newFrameReader(f, from, j.sizes[n])
	for {
		fr, err := r.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		id, ok := recordID(fr.payload)
		switch {
		case !ok:
		case fr.kind == kindReserve:
			j.open[id] = place{n, fr.start}
		case fr.kind == kindSettle:
			delete(j.open, id)
		}
	}
	j.stats.Corrupt += int64(r.corrupt)
	if r.corrupt > 0 {
		j.log.Error("journal damaged; the records around the damage are kept", "segment", n, "places", r.corrupt)
	}
	junk := j.sizes[n] - r.off
	if !last {
		if junk > 0 {
			j.stats.Corrupt++
		}
		return nil
	}
	j.end = Position{Segment: n, Offset: r.off}
	if junk > 0 {
		j.stats.Torn = junk
		j.log.Warn("journal ended in an unfinished record; cut off", "segment", n, "bytes", junk)
	}
	return f.Truncate(r.off)
}

// firstRecord is when the last segment's first request began.
func (j *Journal) firstRecord() time.Time {
	var first struct {
		StartedAt time.Time `json:"started_at"`
	}
	fr, err := newFrameReader(j.f, 0, j.end.Offset).next()
	if err != nil || json.Unmarshal(fr.payload, &first) != nil || first.StartedAt.IsZero() {
		return time.Now()
	}
	return first.StartedAt
}

// settleOpen writes an Interrupted settlement for every open reservation. Dying
// midway is harmless: those written are no longer open to the next Open. What
// the disk does not take is owed.
func (j *Journal) settleOpen() {
	ids := make([]string, 0, len(j.open))
	for id := range j.open {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b string) int {
		p, q := j.open[a], j.open[b]
		return cmp.Or(cmp.Compare(p.segment, q.segment), cmp.Compare(p.offset, q.offset))
	})
	for _, id := range ids {
		r, err := j.reservation(j.open[id])
		if err != nil {
			j.log.Error("reservation of an interrupted request is unreadable", "id", id, "error", err)
			j.stats.Corrupt++
			delete(j.open, id)
			continue
		}
		e := r.interrupted()
		j.stats.Interrupted++
		_, _ = j.settle(encodeSettled(nil, e), e) // what cannot be written is owed
	}
	if n := j.stats.Interrupted; n > 0 {
		j.log.Warn("requests cut by a crash are recorded as interrupted", "count", n)
	}
}

// reservation reads back one reservation.
func (j *Journal) reservation(p place) (r *Reservation, err error) {
	f, err := j.dir.Open(segmentName(p.segment))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	size, err := f.Size()
	if err != nil {
		return nil, err
	}
	fr, ok, err := newFrameReader(f, p.offset, size).at(p.offset)
	if err != nil {
		return nil, err
	}
	if !ok || fr.kind != kindReserve {
		return nil, errors.New("damaged record")
	}
	r = new(Reservation)
	return r, json.Unmarshal(fr.payload, r)
}

func decodeID(payload []byte) (string, bool) {
	var v struct {
		ID string `json:"id"`
	}
	err := json.Unmarshal(payload, &v)
	return v.ID, err == nil && v.ID != ""
}
