package ledger

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/portico-ai/portico/internal/ai"
)

// RemoteOptions say where finished segments of bodies go, beside the disk.
type RemoteOptions struct {
	Objects Objects
	Every   time.Duration // a segment is ended after it, if it holds anything
	Cache   int64         // bytes of segments that stay on the disk once they are stored
	Most    int64         // bytes of all segments on the disk, 0 for no bound
}

// shipState is the shipper's cursor, kept beside the segments.
type shipState struct {
	Store   string `json:"store"`   // names this folder among those that share the objects
	Shipped uint32 `json:"shipped"` // segments up to this one are stored
}

const (
	shipFile   = "ship.json"
	storeIDLen = 16

	shipLook     = time.Second
	shipWaitMost = time.Minute // between tries
	packAgain    = time.Minute
	partingTime  = 10 * time.Second // for what is left when bodies are closed
)

// A shipper stores packed segments as objects, in order, and then lets the disk
// have its space back. What it has stored it remembers on the disk, synced, and
// only then is a segment dropped: a crash makes it store one twice, under the same
// key. Only its goroutine uses it, except for what Bodies.mu guards.
type shipper struct {
	RemoteOptions
	reader    remoteReader
	state     shipState // guarded by Bodies.mu
	failures  int64     // guarded by Bodies.mu
	checked   bool      // the state fits what is stored
	failed    int       // tries in a row
	repacking time.Time
	cancel    context.CancelFunc
	done      chan struct{}
}

// Shipping is what became of the segments that are stored elsewhere.
type Shipping struct {
	Store    string // "" if none are
	Shipped  uint32 // segments
	Failures int64  // tries
}

// Shipping says how far storing is.
func (b *Bodies) Shipping() Shipping {
	if b.ship == nil {
		return Shipping{}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return Shipping{b.ship.state.Store, b.ship.state.Shipped, b.ship.failures}
}

// Waiting is what is on the disk and not stored elsewhere yet, in bytes.
func (b *Bodies) Waiting() (total int64) {
	segs, err := bodySegments(b.dir)
	if err != nil {
		return 0
	}
	shipped := b.Shipping().Shipped
	for _, s := range segs {
		if size, _, err := b.dir.Stat(s.name()); err == nil && s.number > shipped {
			total += size
		}
	}
	return total
}

func newShipper(d folder, opt RemoteOptions) (*shipper, error) {
	s := &shipper{RemoteOptions: opt, reader: remoteReader{objects: opt.Objects, tables: map[string]remoteTable{}}, done: make(chan struct{})}
	text, err := d.Load(shipFile)
	switch {
	case err == nil && json.Unmarshal(text, &s.state) == nil && len(s.state.Store) == storeIDLen:
		return s, nil
	case err != nil && !isMissing(err):
		return nil, err
	}
	s.state = shipState{Store: newStoreID()}
	return s, s.state.save(d)
}

func newStoreID() string { return strings.ToLower(rand.Text())[:storeIDLen] }

// save replaces the state in one step that lasts.
func (s shipState) save(d folder) error {
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	tmp := shipFile + tmpSuffix
	f, err := d.Create(tmp)
	if err != nil {
		return err
	}
	err = f.Truncate(0)
	if err == nil {
		_, err = f.WriteAt(text, 0)
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := d.Rename(tmp, shipFile); err != nil {
		return err
	}
	return d.Sync()
}

// setShipState keeps a state and then goes by it.
func (b *Bodies) setShipState(s shipState) error {
	if err := s.save(b.dir); err != nil {
		return fmt.Errorf("keep what is stored: %w", err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ship.state = s
	return nil
}

func (b *Bodies) shipState() shipState {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.ship.state
}

// shipAll stores segments until ctx ends, and waits longer after each failure.
func (b *Bodies) shipAll(ctx context.Context) {
	defer close(b.ship.done)
	wait := shipLook
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
		b.endSegmentAfter(b.ship.Every)
		err := b.shipFinished(ctx)
		b.evict()
		if wait = shipLook; err != nil && ctx.Err() == nil {
			wait = b.noteFailure(err)
		} else if b.ship.failed > 0 {
			b.ship.failed = 0
			b.opt.Log.Info("bodies are stored again")
		}
	}
}

// noteFailure says how long to wait after one.
func (b *Bodies) noteFailure(err error) time.Duration {
	b.mu.Lock()
	b.ship.failures++
	b.mu.Unlock()
	if b.ship.failed++; b.ship.failed == 1 {
		b.opt.Log.Error("bodies are not stored; they stay on the disk, and it is tried again", "error", err)
	}
	return min(shipLook<<min(b.ship.failed, 6), shipWaitMost)
}

// endSegmentAfter ends the segment that bodies go to if it was begun long ago.
func (b *Bodies) endSegmentAfter(d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.next.Offset > 0 && time.Since(b.began) >= d {
		b.nextSegment()
	}
}

// shipFinished stores what is packed, up to the first segment that is not.
func (b *Bodies) shipFinished(ctx context.Context) error {
	if err := b.checkShipped(ctx); err != nil {
		return err
	}
	segs, err := bodySegments(b.dir)
	if err != nil {
		return err
	}
	for i, s := range segs {
		both := i+1 < len(segs) && segs[i+1].number == s.number
		if s.number <= b.shipState().Shipped || both {
			continue
		}
		if !s.packed {
			b.packLater(s.number)
			return nil
		}
		if err := b.shipOne(ctx, s.number); err != nil {
			return err
		}
	}
	return nil
}

func (b *Bodies) shipOne(ctx context.Context, n uint32) error {
	f, err := b.dir.Open(packedName(n))
	if isMissing(err) { // dropped
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // only read
	size, err := f.Size()
	if err != nil {
		return err
	}
	state := b.shipState()
	key := objectKey(state.Store, n)
	if err := b.ship.Objects.Put(ctx, key, f, size); err != nil {
		return err
	}
	if _, _, err := b.dir.Stat(packedName(n)); isMissing(err) { // its time came meanwhile
		if err := b.ship.Objects.Delete(ctx, key); err != nil {
			return err
		}
	}
	state.Shipped = n
	return b.setShipState(state)
}

// checkShipped compares the state with what is stored, once. One segment more is
// what a crash leaves. Anything else is stored by a copy of this folder: then
// this one goes by another name, and stores all it has under that.
func (b *Bodies) checkShipped(ctx context.Context) error {
	if b.ship.checked {
		return nil
	}
	state := b.shipState()
	for o, err := range b.ship.Objects.List(ctx, remoteFolder+state.Store+"/", objectKey(state.Store, state.Shipped)) {
		if err != nil {
			return err
		}
		if o.Size == 0 {
			continue
		}
		n := state.Shipped + 1
		size, _, err := b.dir.Stat(packedName(n))
		if o.Key == objectKey(state.Store, n) && err == nil && size == o.Size {
			state.Shipped = n
			continue
		}
		b.opt.Log.Warn("another copy of this data folder stores bodies; this one takes another name", "was", state.Store, "found", o.Key)
		state = shipState{Store: newStoreID()}
		break
	}
	if err := b.setShipState(state); err != nil {
		return err
	}
	b.ship.checked = true
	return nil
}

// packLater has a segment packed that could not be, unless it waits for that.
func (b *Bodies) packLater(n uint32) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if n >= b.next.Segment || slices.Contains(b.raw, n) || time.Since(b.ship.repacking) < packAgain {
		return
	}
	b.ship.repacking = time.Now()
	b.raw = append(b.raw, n)
	slices.Sort(b.raw)
}

// evict drops stored segments that the disk need not keep, the oldest first, and
// any that it cannot.
func (b *Bodies) evict() {
	keep := b.ship.Cache
	if free, total, err := b.dir.Free(); err == nil && free < 2*leftToJournal(b.opt.MinFree, total) {
		keep = 0
	}
	segs, err := bodySegments(b.dir)
	if err != nil {
		return
	}
	total, shipped := b.Bytes(), b.shipState().Shipped
	for _, s := range segs {
		if total <= keep || s.number > shipped {
			break
		}
		if size, _, err := b.dir.Stat(s.name()); err == nil && b.dir.Remove(s.name()) == nil {
			total -= size
		}
	}
	if b.ship.Most > 0 && total > b.ship.Most {
		if _, err := b.Drop(time.Time{}, b.ship.Most); err != nil {
			b.opt.Log.Error("old bodies not dropped", "error", err)
		}
	}
}

// part stores what is left when the writer has ended, as far as time allows. The
// rest waits for the next start.
func (b *Bodies) part() {
	if b.ship.failed > 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), partingTime)
	defer cancel()
	b.endSegmentAfter(0)
	for n, _ := b.finishedRaw(); n > 0 && ctx.Err() == nil; n, _ = b.finishedRaw() {
		if _, _, err := pack(b.dir, n, func(time.Duration) error { return ctx.Err() }); err != nil && !isMissing(err) {
			break
		}
		b.settleRaw(n)
	}
	if err := b.shipFinished(ctx); err != nil {
		b.opt.Log.Warn("bodies wait for the next start to be stored", "error", err)
	}
}

// DropRemote deletes the objects, of every folder that shares them, that were
// stored before a time. Other objects than segments of bodies are left alone.
func (b *Bodies) DropRemote(ctx context.Context, before time.Time) (d Dropped, err error) {
	if b.ship == nil || before.IsZero() {
		return d, nil
	}
	for o, err := range b.ship.Objects.List(ctx, remoteFolder, "") {
		if err != nil {
			return d, fmt.Errorf("ledger: list stored bodies: %w", err)
		}
		if !isObjectKey(o.Key) || !o.Modified.Before(before) {
			continue
		}
		if err := b.ship.Objects.Delete(ctx, o.Key); err != nil {
			return d, fmt.Errorf("ledger: delete stored bodies: %w", err)
		}
		d.Segments, d.Bytes = d.Segments+1, d.Bytes+o.Size
	}
	return d, nil
}

// countBodies counts the records of a segment, up to the first hole.
func countBodies(d folder, n uint32) (count int64) {
	f, err := openBodies(d, n)
	if err != nil {
		return 0
	}
	defer f.Close() //nolint:errcheck // only read
	var head [bodyHead]byte
	for at := int64(0); ; count++ {
		if _, err := f.ReadAt(head[:], at); err != nil {
			return count
		}
		length := binary.LittleEndian.Uint32(head[:])
		if length == 0 {
			return count
		}
		at += 8 + int64(length)
	}
}

// readRemote reads a body from where its segment is stored.
func (b *Bodies) readRemote(ctx context.Context, id string, ref BodyRef) ([]byte, error) {
	data, err := b.ship.reader.load(ctx, b.shipState().Store, id, ref)
	if e := ai.AsError(err); err != nil && e.Kind == ai.Unavailable {
		return nil, &ai.Error{Kind: ai.Unavailable, Op: "bodies.Read", Message: "The body is stored where it cannot be read now", Err: err}
	}
	return data, err
}
