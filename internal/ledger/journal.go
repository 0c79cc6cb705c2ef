package ledger

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/portico-ai/portico/internal/ai"
)

// Options tune a Journal; zero fields mean the defaults.
type Options struct {
	SegmentSize     int64 // bytes after which a new segment begins; 64 MiB
	CheckpointEvery int64 // bytes between checkpoints, which bound what Open must read; 8 MiB
	TailBytes       int64 // recent entries kept in memory for readers; 8 MiB
	Durability      Durability
	Log             *slog.Logger

	folder folder
}

const (
	retryEvery  = 100 * time.Millisecond // between attempts to write while refusing
	reserveStep = 4 << 20                // disk space set aside at a time
	headroom    = 1 << 20                // of it, kept for the settlements of admitted requests
	maxOwed     = 16 << 20               // bytes of settlements held in memory while refusing
)

// A Journal is the append-only record of reservations and settlements. Each is
// one write(2) of a whole record: what Reserve or Settle has returned nil for
// survives the death of the process, and with Durability Power that of the
// machine. When the disk takes no more, the journal refuses, and by itself takes
// up again once it does.
//
// A Journal may be used by many goroutines. A folder has one Journal at a time.
type Journal struct {
	dir folder
	opt Options
	log *slog.Logger

	mu         sync.Mutex
	f          file
	end        Position             // where the next record goes
	sizes      map[uint64]int64     // of the segments before end's
	finished   map[uint64]time.Time // when these were last written to
	began      time.Time            // when the first record of end's segment was written
	first      uint64               // the oldest segment
	open       map[string]place     // reservations without a settlement
	sinceCheck int64                // bytes written since the last checkpoint
	allocated  int64                // end of the disk space set aside in f; -1 if the disk cannot
	low        bool                 // no more could be set aside
	failed     error                // why writing is refused; nil when it is not
	retryAt    time.Time
	owed       []*Entry // settlements that wait for the disk
	owedBytes  int64
	closed     bool
	tail       tail
	waiters    map[*waiter]struct{}
	followers  []*Follower
	stats      Stats

	synced     Position // everything before is on the disk
	cuts       int      // how often records were taken back
	older      []olderSegment
	newNames   bool // segments were made whose names are not synced
	syncFaulty bool // the last sync failed
	promises   []*promise
	syncWake   chan struct{}
	syncerDone chan struct{}
	syncMu     sync.Mutex // held during a sync; j.mu is never waited for with it
	syncErr    error      // of a sync, until it is dealt with
}

// A place is where a record begins.
type place struct {
	segment uint64
	offset  int64
}

// Stats count what a journal did since Open.
type Stats struct {
	Reserved, Settled int64
	Open              int   // reservations without a settlement
	Bytes             int64 // of all segments
	Torn              int64 // bytes of an unfinished record cut off by Open
	Corrupt           int64 // stretches of damage skipped, by Open and by followers
	Interrupted       int64 // reservations of an earlier run settled by Open
	Lost              int64 // settlements that found neither disk nor memory
	Missed            int64 // segments dropped by retention before a reader that yields had read them
	Syncs             int64
}

var bufs = sync.Pool{New: func() any { b := make([]byte, 0, 4096); return &b }}

// Open opens the journal in dir, making it if need be, and recovers from a
// crash: an unfinished record at the end is cut off, damage is skipped, and
// every reservation left open is settled as Interrupted, once.
func Open(dir string, opt Options) (*Journal, error) {
	if opt.SegmentSize <= 0 {
		opt.SegmentSize = 64 << 20
	}
	if opt.CheckpointEvery <= 0 {
		opt.CheckpointEvery = 8 << 20
	}
	if opt.TailBytes <= 0 {
		opt.TailBytes = 8 << 20
	}
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	if opt.folder == nil {
		d, err := openFolder(dir)
		if err != nil {
			return nil, err
		}
		opt.folder = d
	}
	j := &Journal{
		dir: opt.folder, opt: opt, log: opt.Log,
		sizes: map[uint64]int64{}, finished: map[uint64]time.Time{}, open: map[string]place{}, waiters: map[*waiter]struct{}{},
		syncWake: make(chan struct{}, 1), syncerDone: make(chan struct{}),
	}
	j.tail.limit = opt.TailBytes
	if err := j.restore(); err != nil {
		if j.f != nil {
			err = errors.Join(err, j.f.Close())
		}
		return nil, fmt.Errorf("ledger: open journal: %w", err)
	}
	go j.syncer()
	return j, nil
}

// Reserve records that a request was admitted. The error is an *ai.Error of
// kind Unavailable when the record cannot be written; the request must then be
// refused, for it could not be accounted.
func (j *Journal) Reserve(r Reservation) error {
	bp := bufs.Get().(*[]byte)
	defer putBuf(bp)
	*bp = appendReservation(beginFrame(*bp, kindReserve), &r)
	if len(*bp)-frameHead > maxRecord {
		return ai.Errorf(ai.Invalid, "The request's metadata is larger than %d bytes; send less", maxRecord)
	}
	rec := endFrame(*bp)

	kept, err := j.reserve(rec, r.ID)
	if err != nil {
		return err
	}
	return kept.wait()
}

func (j *Journal) reserve(rec []byte, id string) (*promise, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.failed == nil && j.short(len(rec)) {
		return nil, refusal(errors.New("no disk space left but what admitted requests need"))
	}
	at, err := j.write(rec)
	if err != nil {
		return nil, err
	}
	j.open[id] = at
	j.stats.Reserved++
	if !j.power() {
		return nil, nil
	}
	return j.promise(func() { delete(j.open, id); j.stats.Reserved-- }), nil
}

// Settle records how a request ended, with or without a reservation before. e
// belongs to the journal from then on and must not be changed. On an error the
// end of the reply must be withheld; the entry is kept, marked so, and written
// once the disk takes it.
func (j *Journal) Settle(e *Entry) error {
	bp := bufs.Get().(*[]byte)
	defer putBuf(bp)
	rec := encodeSettled(*bp, e)
	*bp = rec

	kept, err := j.settle(rec, e)
	if err != nil {
		return err
	}
	return kept.wait()
}

func (j *Journal) settle(rec []byte, e *Entry) (*promise, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if _, err := j.write(rec); err != nil {
		j.owe(e, int64(len(rec)))
		return nil, err
	}
	return j.settled(e, int64(len(rec))), nil
}

// settled does what follows the writing of a settlement. j.mu is held.
func (j *Journal) settled(e *Entry, size int64) *promise {
	reserved, wasOpen := j.open[e.ID]
	delete(j.open, e.ID)
	j.stats.Settled++
	j.tail.push(j.end, e, size)
	j.wake()
	if !j.power() {
		return nil
	}
	return j.promise(func() {
		if wasOpen {
			j.open[e.ID] = reserved
		}
		j.stats.Settled--
		j.owe(e, size)
	})
}

// Reprice records the cost of a request that was settled without one. e is its
// whole entry with the cost and RepricedAt set; readers take only these from it.
// e belongs to the journal from then on.
func (j *Journal) Reprice(e *Entry) error {
	rec := encodeEntry(nil, kindReprice, e)
	j.mu.Lock()
	defer j.mu.Unlock()
	if _, err := j.write(rec); err != nil {
		return err
	}
	j.tail.push(j.end, e, int64(len(rec)))
	j.wake()
	return nil
}

func encodeSettled(b []byte, e *Entry) []byte { return encodeEntry(b, kindSettle, e) }

// encodeEntry frames e. One too large for a record loses its details first.
func encodeEntry(b []byte, k kind, e *Entry) []byte {
	b = appendEntry(beginFrame(b, k), e)
	if len(b)-frameHead > maxRecord {
		cut := *e
		cut.Attempts, cut.Decisions, cut.Receipts, cut.Metadata = nil, nil, nil, nil
		if e.Error != nil && len(e.Error.Message) > 4096 {
			cut.Error = &ErrorInfo{Message: e.Error.Message[:4096], Type: e.Error.Type, Code: e.Error.Code}
		}
		b = appendEntry(beginFrame(b, k), &cut)
	}
	return endFrame(b)
}

func putBuf(bp *[]byte) {
	if cap(*bp) <= 64<<10 {
		bufs.Put(bp)
	}
}

// Healthy says why the journal refuses, or nil. It tries the disk itself when
// the last attempt is a while ago, so that an idle gateway recovers too.
func (j *Journal) Healthy() error {
	kept, err := j.probe()
	if err != nil {
		return err
	}
	return kept.wait()
}

func (j *Journal) probe() (*promise, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.failed == nil {
		if j.short(0) {
			return nil, refusal(errors.New("disk space is nearly used up"))
		}
		return nil, nil
	}
	if _, err := j.write(endFrame(append(beginFrame(nil, kindProbe), '{', '}'))); err != nil || !j.power() {
		return nil, err
	}
	return j.promise(nil), nil
}

// End is the position after the last record.
func (j *Journal) End() Position {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.end
}

// Stats returns the counters.
func (j *Journal) Stats() Stats {
	j.mu.Lock()
	defer j.mu.Unlock()
	s := j.stats
	s.Open, s.Bytes = len(j.open), j.end.Offset
	for _, n := range j.sizes {
		s.Bytes += n
	}
	return s
}

// Close syncs, writes a checkpoint, so that the next Open has nothing to read, and
// closes the files. Reservations still open become Interrupted at the next Open.
func (j *Journal) Close() error {
	j.mu.Lock()
	if j.closed {
		j.mu.Unlock()
		return nil
	}
	j.closed = true
	close(j.syncWake)
	j.mu.Unlock()
	<-j.syncerDone
	j.mu.Lock()
	defer j.mu.Unlock()
	var err error
	if j.failed == nil {
		err = j.finish()
	}
	j.tellPromises(errClosed)
	for _, o := range j.older {
		if o.f != nil {
			err = errors.Join(err, o.f.Close())
		}
	}
	err = errors.Join(err, j.f.Close())
	if err != nil {
		return fmt.Errorf("ledger: close journal: %w", err)
	}
	return nil
}

func (j *Journal) finish() error {
	if err := j.syncNow(); err != nil {
		return err
	}
	return errors.Join(j.checkpoint(), j.f.Truncate(j.end.Offset)) // gives back what was set aside
}

// recordID reads the id that every payload begins with, without decoding it.
func recordID(payload []byte) (string, bool) {
	rest, ok := bytes.CutPrefix(payload, []byte(`{"id":"`))
	if !ok {
		return "", false
	}
	end := bytes.IndexByte(rest, '"')
	if end < 0 || bytes.IndexByte(rest[:end], '\\') >= 0 {
		return decodeID(payload)
	}
	return string(rest[:end]), true
}
