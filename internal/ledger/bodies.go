package ledger

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"log/slog"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/portico-ai/portico/internal/ai"
)

// The kinds of body. The number is stored.
const (
	BodyRequest     byte = 1 // as the client sent it
	BodyReply       byte = 2 // as the client received it
	BodyUpstream    byte = 3 // as sent to the provider
	BodyUpstreamRaw byte = 4 // as the provider answered
	BodyAttempt     byte = 5 // the reply of a failed attempt
)

// BodyOptions tune Bodies; zero fields mean the defaults.
type BodyOptions struct {
	QueueBytes  int64          // that wait to be written, at most; 64 MiB
	QueueCount  int            // bodies that wait to be written, at most; 16,384
	SegmentSize int64          // bytes after which a new segment begins; 64 MiB
	MinFree     int64          // disk space that bodies leave to the journal; 64 MiB, or a tenth of a smaller disk but no less than 8 MiB
	Remote      *RemoteOptions // nil: bodies are on the disk alone
	Log         *slog.Logger

	folder folder
}

// Bodies keeps what clients and providers sent, in append-only segment files
// written by one goroutine. It never makes a request wait or fail: when the
// writer cannot keep up or the disk is full, bodies are dropped and counted.
// Segments that are full are compressed in the background.
//
// A record is: length u32 | crc32c u32 | kind u8 | id length u8 | id | body,
// where length and checksum cover everything after the checksum.
type Bodies struct {
	dir folder
	opt BodyOptions

	mu       sync.Mutex
	queue    []body // accepted, not yet taken by the writer
	writing  []body // taken, not yet on disk
	bytes    int64  // of both
	next     BodyRef
	began    time.Time // when next's segment was
	raw      []uint32  // segments before next's that are not packed, ascending
	dropped  int64
	shedding time.Time // bodies are dropped until then
	closed   bool
	idle     chan struct{} // closed and replaced whenever a batch is done
	wake     chan struct{}
	done     chan struct{}
	stop     chan struct{} // closed to end the packer
	packed   chan struct{} // closed when it has ended
	load     cpuLoad       // only the packer uses it
	filesMu  sync.Mutex    // held while finished segments are packed or dropped
	yield    chan struct{} // makes the packer give filesMu up
	ship     *shipper      // nil: none

	w bodyWriter
}

type body struct {
	ref     BodyRef
	id      string
	kind    byte
	data    []byte
	release func()
}

const (
	bodyHead  = 10
	maxBodyID = math.MaxUint8
	shedFor   = time.Second // after the disk refused
	lingerFor = 5 * time.Millisecond

	defaultMinFree = 64 << 20
	maxBodyLen     = math.MaxUint32 - bodyHead - maxBodyID
)

var errNoBody = errors.New("another record, or none, is at this place")

// OpenBodies opens the bodies kept in dir, making it if need be. Every run
// writes segments of its own, so what a crash left is never appended to.
func OpenBodies(dir string, opt BodyOptions) (*Bodies, error) {
	if opt.QueueBytes <= 0 {
		opt.QueueBytes = 64 << 20
	}
	if opt.QueueCount <= 0 {
		opt.QueueCount = 16 << 10
	}
	if opt.SegmentSize <= 0 {
		opt.SegmentSize = 64 << 20
	}
	if opt.MinFree <= 0 {
		opt.MinFree = defaultMinFree
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
	segs, err := bodySegments(opt.folder)
	if err == nil {
		err = clearAfterCrash(opt.folder, segs)
	}
	if err != nil {
		return nil, fmt.Errorf("ledger: open bodies: %w", err)
	}
	b := &Bodies{
		dir: opt.folder, opt: opt, next: BodyRef{Segment: 1}, began: time.Now(),
		idle: make(chan struct{}), wake: make(chan struct{}, 1), done: make(chan struct{}),
		stop: make(chan struct{}), packed: make(chan struct{}), yield: make(chan struct{}),
		w: bodyWriter{dir: opt.folder, minFree: opt.MinFree},
	}
	for i, s := range segs {
		b.next.Segment = s.number + 1
		if both := i+1 < len(segs) && segs[i+1].number == s.number; !s.packed && !both {
			b.raw = append(b.raw, s.number)
		}
	}
	if opt.Remote != nil {
		if b.ship, err = newShipper(opt.folder, *opt.Remote); err != nil {
			return nil, fmt.Errorf("ledger: open bodies: %w", err)
		}
		// Those before may have left the disk, and their numbers are taken.
		b.next.Segment = max(b.next.Segment, b.ship.state.Shipped+1)
		ctx, cancel := context.WithCancel(context.Background())
		b.ship.cancel = cancel
		go b.shipAll(ctx)
	}
	go b.run()
	go b.packer()
	return b, nil
}

// Put takes a body of a request and says where it will be kept. data belongs to
// Bodies until release is called (nil will do), which happens exactly once, even
// when Put returns false: then the body was dropped and counted. An empty body
// is not kept and not counted.
func (b *Bodies) Put(id string, kind byte, data []byte, release func()) (BodyRef, bool) {
	if len(data) == 0 {
		letGo(release)
		return BodyRef{}, true
	}
	id = id[:min(len(id), maxBodyID)]
	size := int64(bodyHead + len(id) + len(data))

	b.mu.Lock()
	full := len(b.queue)+len(b.writing) >= b.opt.QueueCount || b.bytes+size > b.opt.QueueBytes
	if full || b.closed || len(data) > maxBodyLen || !b.shedding.IsZero() && time.Now().Before(b.shedding) {
		b.dropped++
		b.mu.Unlock()
		letGo(release)
		return BodyRef{}, false
	}
	if b.next.Offset > 0 && b.next.Offset+size > b.opt.SegmentSize {
		b.nextSegment()
	}
	ref := b.next
	ref.Length = len(data)
	if b.ship != nil {
		ref.Store = b.ship.state.Store
	}
	b.next.Offset += size
	b.bytes += size
	b.queue = append(b.queue, body{ref, id, kind, data, release})
	b.mu.Unlock()

	select {
	case b.wake <- struct{}{}:
	default:
	}
	return ref, true
}

// nextSegment ends the segment that bodies go to. b.mu is held.
func (b *Bodies) nextSegment() {
	b.raw = append(b.raw, b.next.Segment)
	b.next, b.began = BodyRef{Segment: b.next.Segment + 1}, time.Now()
}

// finishedRaw is the oldest segment that is not packed and that nothing more is
// written to, or 0, and how many there are.
func (b *Bodies) finishedRaw() (oldest uint32, count int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.raw) == 0 {
		return 0, 0
	}
	for _, list := range [][]body{b.writing, b.queue} {
		if len(list) > 0 && list[0].ref.Segment <= b.raw[0] {
			return 0, 0
		}
	}
	return b.raw[0], len(b.raw)
}

// settleRaw takes a segment off the list of those to be packed.
func (b *Bodies) settleRaw(n uint32) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.raw = slices.DeleteFunc(b.raw, func(r uint32) bool { return r == n })
}

func letGo(release func()) {
	if release != nil {
		release()
	}
}

// Dropped counts the bodies that were not kept.
func (b *Bodies) Dropped() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.dropped
}

// Queued is how many bytes wait to be written.
func (b *Bodies) Queued() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.bytes
}

// Read returns a body of the request id, whether it has not reached the disk yet,
// is on it, or was stored elsewhere. The error is ai.Unavailable when it cannot be
// read now, and ai.NotFound when it was lost or damaged, or when its place is
// another request's: a crash may lose a body whose ref is in the journal, and the
// next run writes where it would have been.
func (b *Bodies) Read(ctx context.Context, id string, ref BodyRef) ([]byte, error) {
	id = id[:min(len(id), maxBodyID)]
	if data, ok := b.pending(id, ref); ok {
		return data, nil
	}
	data, err := loadBody(b.dir, id, ref)
	if err != nil && b.ship != nil {
		data, err = b.readRemote(ctx, id, ref)
	}
	if ai.AsError(err).Kind == ai.Unavailable {
		return nil, err
	}
	if err != nil {
		return nil, &ai.Error{Kind: ai.NotFound, Op: "bodies.Read", Message: "The body is not kept", Err: err}
	}
	return data, nil
}

func (b *Bodies) pending(id string, ref BodyRef) ([]byte, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, list := range [][]body{b.queue, b.writing} {
		for _, p := range list {
			if p.ref == ref && p.id == id {
				return append([]byte(nil), p.data...), true
			}
		}
	}
	return nil, false
}

func loadBody(dir folder, id string, ref BodyRef) (_ []byte, err error) {
	f, err := openBodies(dir, ref.Segment)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return readBody(f, id, ref)
}

// readBody reads a body out of its segment, packed or not.
func readBody(f io.ReaderAt, id string, ref BodyRef) ([]byte, error) {
	var head [bodyHead]byte
	if _, err := f.ReadAt(head[:], ref.Offset); err != nil {
		return nil, err
	}
	n, idLen := int64(binary.LittleEndian.Uint32(head[:])), int(head[9])
	if n != int64(2+idLen+ref.Length) || idLen != len(id) {
		return nil, errNoBody
	}
	rest := make([]byte, idLen+ref.Length)
	if _, err := f.ReadAt(rest, ref.Offset+bodyHead); err != nil {
		return nil, err
	}
	sum := crc32.Update(crc32.Checksum(head[8:], castagnoli), castagnoli, rest)
	if sum != binary.LittleEndian.Uint32(head[4:]) {
		return nil, errors.New("checksum does not match")
	}
	if string(rest[:idLen]) != id {
		return nil, errNoBody
	}
	return rest[idLen:], nil
}

// Flush waits until every body accepted before the call is written or dropped.
func (b *Bodies) Flush(ctx context.Context) error {
	b.mu.Lock()
	goal := b.next
	b.mu.Unlock()
	for {
		b.mu.Lock()
		oldest, idle := goal, b.idle
		if len(b.writing) > 0 {
			oldest = b.writing[0].ref
		} else if len(b.queue) > 0 {
			oldest = b.queue[0].ref
		}
		b.mu.Unlock()
		if oldest.Segment > goal.Segment || oldest.Segment == goal.Segment && oldest.Offset >= goal.Offset {
			return nil
		}
		select {
		case <-idle:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Close writes what is queued and ends the writer. Put drops from then on.
func (b *Bodies) Close() error {
	b.mu.Lock()
	if b.closed {
		b.mu.Unlock()
		<-b.done
		return nil
	}
	b.closed = true
	b.mu.Unlock()
	close(b.stop)
	<-b.packed
	if b.ship != nil {
		b.ship.cancel()
		<-b.ship.done
	}
	select {
	case b.wake <- struct{}{}:
	default:
	}
	<-b.done
	err := b.w.close()
	if b.ship != nil {
		b.part()
	}
	return err
}

// run is the writer.
func (b *Bodies) run() {
	defer close(b.done)
	var spare []body
	for {
		b.mu.Lock()
		batch, closed := b.queue, b.closed
		b.queue, b.writing = spare[:0], batch
		b.mu.Unlock()
		if len(batch) == 0 {
			if closed {
				return
			}
			spare = batch
			<-b.wake
			b.linger()
			continue
		}
		lost, err := b.w.write(batch)
		b.finish(batch, lost, err)
		clear(batch)
		spare = batch
	}
}

// linger lets a batch fill, so that a busy gateway wakes the writer some hundred
// times a second and not once a body.
func (b *Bodies) linger() {
	b.mu.Lock()
	hurry := b.closed || b.bytes > b.opt.QueueBytes/4 || len(b.queue) > b.opt.QueueCount/4
	b.mu.Unlock()
	if !hurry {
		time.Sleep(lingerFor)
	}
}

// finish accounts for a written batch and gives its buffers back.
func (b *Bodies) finish(batch []body, lost int, err error) {
	b.mu.Lock()
	for _, p := range batch {
		b.bytes -= int64(bodyHead + len(p.id) + len(p.data))
	}
	b.writing = nil
	b.dropped += int64(lost)
	was := b.shedding
	b.shedding = time.Time{}
	if err != nil {
		b.shedding = time.Now().Add(shedFor)
	}
	close(b.idle)
	b.idle = make(chan struct{})
	b.mu.Unlock()
	for _, p := range batch {
		letGo(p.release)
	}
	if err != nil && was.IsZero() {
		b.opt.Log.Error("bodies are dropped: not written", "count", lost, "error", err)
	}
}

func bodyName(n uint32) string { return fmt.Sprintf("%08d%s", n, segmentSuffix) }
