package ledger

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"time"
)

// A bodyWriter puts batches of bodies where their refs say. Only the writing
// goroutine uses it.
type bodyWriter struct {
	dir     folder
	minFree int64
	f       file
	segment uint32
	buf     []byte // records joined into one write
	at      int64  // where buf goes
	held    int    // records in buf
	checked time.Time
	since   int // bytes taken since then
	full    bool
}

const (
	joinLimit  = 1 << 20  // bytes joined into one write
	directFrom = 64 << 10 // bodies from here on are written without copying
	checkEvery = time.Second
	checkBytes = 1 << 20 // so that a burst does not outrun the check
)

var errDiskLow = errors.New("disk space is left to the journal")

// write writes a batch and returns how many bodies of it were lost, and why.
// What is lost leaves a hole; reading it fails.
func (w *bodyWriter) write(batch []body) (lost int, err error) {
	for i := range batch {
		if w.low(len(batch[i].data)) {
			n, e := w.flush()
			w.drop()
			return lost + n + len(batch) - i, errors.Join(e, errDiskLow)
		}
		n, e := w.add(&batch[i])
		lost, err = lost+n, errors.Join(err, e)
		if e != nil { // a full disk refuses the rest too: do not ask a thousand times
			w.drop()
			return lost + len(batch) - i - 1, err
		}
	}
	n, e := w.flush()
	w.drop()
	return lost + n, errors.Join(err, e)
}

// add takes one body, writing what is joined when it must.
func (w *bodyWriter) add(p *body) (lost int, err error) {
	size := bodyHead + len(p.id) + len(p.data)
	contiguous := p.ref.Segment == w.segment && w.at+int64(len(w.buf)) == p.ref.Offset
	if w.held > 0 && (!contiguous || len(w.buf)+size > joinLimit) {
		if lost, err = w.flush(); err != nil {
			return lost + 1, err
		}
	}
	if err := w.seek(p.ref); err != nil {
		return lost + 1, err
	}
	w.head(p)
	w.held++
	if len(p.data) < directFrom {
		w.buf = append(w.buf, p.data...)
		return lost, nil
	}
	dataAt := w.at + int64(len(w.buf))
	if lost, err = w.flush(); err != nil {
		return lost, err
	}
	if _, err := w.f.WriteAt(p.data, dataAt); err != nil {
		return lost + 1, fmt.Errorf("write body: %w", err)
	}
	return lost, nil
}

// seek opens the segment of ref and, if nothing is joined, moves to its offset.
func (w *bodyWriter) seek(ref BodyRef) error {
	if w.f == nil || ref.Segment != w.segment {
		if err := w.close(); err != nil {
			return err
		}
		f, err := w.dir.Create(bodyName(ref.Segment))
		if err != nil {
			return fmt.Errorf("begin body segment: %w", err)
		}
		w.f, w.segment = f, ref.Segment
	}
	if w.held == 0 {
		w.at = ref.Offset
	}
	return nil
}

func (w *bodyWriter) head(p *body) {
	from := len(w.buf)
	w.buf = append(w.buf, 0, 0, 0, 0, 0, 0, 0, 0, p.kind, byte(len(p.id))) //nolint:gosec // cut to fit by Put
	w.buf = append(w.buf, p.id...)
	rec := w.buf[from:]
	sum := crc32.Update(crc32.Checksum(rec[8:], castagnoli), castagnoli, p.data)
	binary.LittleEndian.PutUint32(rec, uint32(2+len(p.id)+len(p.data))) //nolint:gosec // bounded by Put
	binary.LittleEndian.PutUint32(rec[4:], sum)
}

// flush writes what is joined and returns how many records were lost.
func (w *bodyWriter) flush() (lost int, err error) {
	if w.held == 0 {
		return 0, nil
	}
	if _, err = w.f.WriteAt(w.buf, w.at); err != nil {
		lost, err = w.held, fmt.Errorf("write bodies: %w", err)
	}
	w.buf, w.held = w.buf[:0], 0
	return lost, err
}

// drop forgets what is joined, and a buffer that has grown large.
func (w *bodyWriter) drop() {
	w.buf, w.held = w.buf[:0], 0
	if cap(w.buf) > 2*joinLimit {
		w.buf = nil
	}
}

// low reports whether the disk is nearly full. It looks once a second and
// whenever enough has been taken.
func (w *bodyWriter) low(n int) bool {
	w.since += n
	if now := time.Now(); w.since >= checkBytes || now.Sub(w.checked) >= checkEvery {
		w.checked, w.since = now, 0
		free, total, err := w.dir.Free()
		w.full = err == nil && free < leftToJournal(w.minFree, total)
	}
	return w.full
}

// leftToJournal is the disk space that bodies do not use.
func leftToJournal(minFree, total int64) int64 { return min(minFree, max(total/10, 2*reserveStep)) }

func (w *bodyWriter) close() error {
	if w.f == nil {
		return nil
	}
	f := w.f
	w.f = nil
	return f.Close()
}
