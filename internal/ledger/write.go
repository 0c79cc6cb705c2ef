package ledger

import (
	"errors"
	"fmt"
	"syscall"
	"time"

	"github.com/portico-ai/portico/internal/ai"
)

// write appends one framed record and returns where it begins. j.mu is held.
func (j *Journal) write(rec []byte) (place, error) {
	if j.closed {
		return place{}, refusal(errClosed)
	}
	if j.failed != nil {
		if time.Now().Before(j.retryAt) {
			return place{}, refusal(j.failed)
		}
		if err := j.resume(); err != nil {
			return place{}, j.refuse(err)
		}
	}
	if err := j.append(rec); err != nil {
		return place{}, j.refuse(err)
	}
	return place{j.end.Segment, j.end.Offset - int64(len(rec))}, nil
}

// append is write without the refusing state.
func (j *Journal) append(rec []byte) error {
	n := int64(len(rec))
	if j.end.Offset > 0 && j.end.Offset+n > j.opt.SegmentSize && !j.low {
		if err := j.roll(); err != nil {
			return err
		}
	}
	// Before the record, while j.open tells the truth about what precedes it. An
	// older checkpoint serves as well, only slower.
	if j.sinceCheck >= j.opt.CheckpointEvery {
		if err := j.syncIfPromised(); err != nil {
			return err
		}
		if err := j.checkpoint(); err != nil {
			j.log.Warn("journal checkpoint not written", "error", err)
		}
	}
	j.setAside(n)
	if _, err := j.f.WriteAt(rec, j.end.Offset); err != nil {
		return fmt.Errorf("write record: %w", err)
	}
	j.end.Offset += n
	j.sinceCheck += n
	return nil
}

// syncIfPromised comes before a checkpoint or another segment when records may
// be taken back, for neither can be.
func (j *Journal) syncIfPromised() error {
	if !j.power() {
		return nil
	}
	return j.syncNow()
}

// roll begins the next segment.
func (j *Journal) roll() error {
	if err := j.syncIfPromised(); err != nil {
		return err
	}
	f, err := j.dir.Create(segmentName(j.end.Segment + 1))
	if err != nil {
		return fmt.Errorf("begin segment: %w", err)
	}
	// What an interrupted roll may have left must not be taken for records.
	if err := f.Truncate(0); err != nil {
		return errors.Join(fmt.Errorf("begin segment: %w", err), f.Close())
	}
	if err := j.f.Truncate(j.end.Offset); err != nil {
		j.log.Warn("journal segment keeps disk space that was set aside", "segment", j.end.Segment, "error", err)
	}
	now := time.Now()
	j.sizes[j.end.Segment], j.finished[j.end.Segment] = j.end.Offset, now
	j.older, j.newNames = append(j.older, olderSegment{j.end.Segment, j.f}), true
	j.f, j.allocated = f, 0
	j.end, j.began = Position{Segment: j.end.Segment + 1}, now
	if j.power() {
		j.synced = j.end
	}
	j.sinceCheck = j.opt.CheckpointEvery // due
	j.wakeSyncer()
	return nil
}

// setAside keeps disk space allocated ahead of the end, so that admitted
// requests can be settled although something else has filled the disk.
func (j *Journal) setAside(n int64) {
	if j.allocated < 0 || j.end.Offset+n+headroom <= j.allocated {
		return
	}
	if j.low && time.Now().Before(j.retryAt) {
		return
	}
	from := max(j.allocated, j.end.Offset)
	size := int64(reserveStep)
	err := j.f.Allocate(from, size)
	if isFull(err) { // what is needed may still fit
		size = j.end.Offset + n + headroom - from
		err = j.f.Allocate(from, size)
	}
	switch {
	case err == nil:
		j.allocated, j.low = from+size, false
	case isFull(err):
		j.low, j.retryAt = true, time.Now().Add(retryEvery)
	default: // this disk cannot
		j.allocated, j.low = -1, false
	}
}

func isFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

// short reports whether n more bytes would eat into what settlements need.
func (j *Journal) short(n int) bool {
	if !j.low {
		return false
	}
	j.setAside(int64(n))
	return j.low && j.end.Offset+int64(n)+headroom > j.allocated
}

// refuse enters or prolongs the refusing state.
func (j *Journal) refuse(err error) error {
	if j.failed == nil {
		j.log.Error("journal refuses: record not written", "error", err)
	}
	j.failed, j.retryAt = err, time.Now().Add(retryEvery)
	// A part of the record may have been written; the next one goes over it.
	if terr := j.f.Truncate(j.end.Offset); terr != nil {
		j.failed = errors.Join(err, terr)
	}
	j.allocated = min(j.allocated, 0)
	return refusal(err)
}

// resume tries to leave the refusing state: it cuts off what a failed write
// left and writes what is owed.
func (j *Journal) resume() error {
	if err := j.f.Truncate(j.end.Offset); err != nil {
		return fmt.Errorf("cut off unfinished record: %w", err)
	}
	for len(j.owed) > 0 {
		e := j.owed[0]
		rec := encodeSettled(nil, e)
		if err := j.append(rec); err != nil {
			return err
		}
		j.owed, j.owedBytes = j.owed[1:], j.owedBytes-int64(len(rec))
		j.settled(e, int64(len(rec)))
	}
	j.owed, j.owedBytes = nil, 0
	j.log.Info("journal takes records again")
	j.failed = nil
	return nil
}

// owe keeps a settlement that could not be written. Its reply was withheld, and
// the entry says so.
func (j *Journal) owe(e *Entry, size int64) {
	if j.closed || j.owedBytes+size > maxOwed {
		j.stats.Lost++
		return
	}
	j.owed = append(j.owed, e.Withheld())
	j.owedBytes += size
}

// Withheld is the entry as it is recorded once Settle has failed, for the end of
// the reply was then not released.
func (e *Entry) Withheld() *Entry {
	kept := *e
	if kept.State == OK {
		kept.State = Failed
		kept.Error = &ErrorInfo{Message: "The reply was withheld because it could not be recorded", Type: "storage_exhausted", Code: "storage_exhausted"}
		if kept.Stream {
			kept.State = Truncated
		} else {
			kept.Status = (&ai.Error{Kind: ai.Unavailable}).HTTPStatus()
		}
	}
	return &kept
}

func refusal(err error) *ai.Error {
	return &ai.Error{
		Kind: ai.Unavailable, Op: "journal", Code: "storage_exhausted", Type: "storage_exhausted",
		Message: "The gateway cannot record requests at the moment, so it serves none; its disk is full or failing",
		Err:     err, RetryAfter: time.Second,
	}
}

func segmentName(n uint64) string { return fmt.Sprintf("%016d%s", n, segmentSuffix) }
