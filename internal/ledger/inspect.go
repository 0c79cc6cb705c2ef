package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"

	"github.com/portico-ai/portico/internal/ai"
)

// An Inspection is what Inspect found.
type Inspection struct {
	Segments     int
	First        uint64 // the oldest segment; beyond 1 if older ones were dropped
	Bytes        int64
	Reservations int64
	Entries      int64
	Feedback     int64 // records of it
	Open         int   // reservations without an entry: requests in flight, or cut by a crash
	EntriesUpTo  int64 // of Entries, those that end at or before the position asked for
	Corrupt      int64 // stretches of damage, and records that cannot be read
	Torn         int64 // bytes of an unfinished record at the end
	Sample       []KeptBody
}

// A KeptBody is a body that an entry says is kept.
type KeptBody struct {
	ID  string // of the request
	Ref BodyRef
}

// sampleSize is how many entries an Inspection takes bodies of.
const sampleSize = 500

// Inspect reads every record of the journal in dir and checks its checksum. It
// changes nothing, and may be called beside the process that writes the journal.
// The bodies of some entries, evenly chosen, come back for CheckBody.
func Inspect(ctx context.Context, dir string, upTo Position) (Inspection, error) {
	d := osFolder(dir)
	segs, err := segments(d)
	if err != nil {
		return Inspection{}, fmt.Errorf("ledger: inspect the journal: %w", err)
	}
	i := inspector{upTo: upTo, open: map[string]struct{}{}}
	if len(segs) > 0 {
		i.found.First = segs[0]
	}
	for at, n := range segs {
		if err := i.segment(ctx, d, n, at == len(segs)-1); err != nil {
			return Inspection{}, fmt.Errorf("ledger: inspect segment %d: %w", n, err)
		}
	}
	i.found.Segments, i.found.Open = len(segs), len(i.open)
	for _, e := range i.sample {
		i.found.Sample = append(i.found.Sample, e.keptBodies()...)
	}
	return i.found, nil
}

type inspector struct {
	upTo   Position
	found  Inspection
	open   map[string]struct{}
	sample []Entry
}

func (i *inspector) segment(ctx context.Context, d folder, n uint64, last bool) (err error) {
	f, err := d.Open(segmentName(n))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	size, err := f.Size()
	if err != nil {
		return err
	}
	i.found.Bytes += size
	r := newFrameReader(f, 0, size)
	for records := 0; ; records++ {
		if records%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		fr, err := r.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		i.record(fr, Position{Segment: n, Offset: fr.end})
	}
	i.found.Corrupt += int64(r.corrupt)
	switch rest := size - r.off; {
	case rest == 0:
	case last:
		i.found.Torn = rest
	default:
		i.found.Corrupt++
	}
	return nil
}

func (i *inspector) record(fr frame, end Position) {
	id, ok := recordID(fr.payload)
	switch {
	case fr.kind == kindProbe || fr.kind == kindReprice:
	case !ok:
		i.found.Corrupt++
	case fr.kind == kindReserve:
		i.found.Reservations++
		i.open[id] = struct{}{}
	case fr.kind == kindFeedback:
		i.found.Feedback++
	default:
		i.found.Entries++
		delete(i.open, id)
		if !i.upTo.Before(end) {
			i.found.EntriesUpTo++
		}
		i.choose(fr.payload)
	}
}

// choose gives every entry the same chance to be in the sample, and decodes only
// those that get in.
func (i *inspector) choose(payload []byte) {
	at := len(i.sample)
	if at == sampleSize {
		if at = int(rand.Int64N(i.found.Entries)); at >= sampleSize {
			return
		}
	}
	var e Entry
	if err := json.Unmarshal(payload, &e); err != nil {
		i.found.Corrupt++
		return
	}
	if at == len(i.sample) {
		i.sample = append(i.sample, e)
		return
	}
	i.sample[at] = e
}

func (e *Entry) keptBodies() (kept []KeptBody) {
	for _, ref := range []BodyRef{e.Request, e.Reply, e.Upstream, e.UpstreamRaw} {
		if !ref.IsZero() {
			kept = append(kept, KeptBody{e.ID, ref})
		}
	}
	return kept
}

// ErrBodyDropped is of a body whose segment is older than all that are kept.
var ErrBodyDropped = errors.New("dropped with its segment")

// CheckBody reads one body from the files in dir. One that is still on its way
// to the disk is an error too.
func CheckBody(dir string, b KeptBody) error {
	d := osFolder(dir)
	_, err := loadBody(d, b.ID[:min(len(b.ID), maxBodyID)], b.Ref)
	if isMissing(err) {
		if segs, serr := bodySegments(d); serr == nil && len(segs) > 0 && b.Ref.Segment < segs[0].number {
			err = ErrBodyDropped
		}
	}
	if err != nil {
		return fmt.Errorf("ledger: body of request %s: %w", b.ID, err)
	}
	return nil
}

// A StoredBodies checks bodies that the folder of a data folder has stored as
// objects. It changes nothing, and may be used beside the process that stores.
type StoredBodies struct {
	reader *remoteReader
	store  string
}

// OpenStored makes one for the bodies in dir.
func OpenStored(dir string, o Objects) StoredBodies {
	var s shipState
	if text, err := osFolder(dir).Load(shipFile); err == nil {
		_ = json.Unmarshal(text, &s) // a damaged one names no store: then the refs do
	}
	return StoredBodies{&remoteReader{objects: o, tables: map[string]remoteTable{}}, s.Store}
}

// Check reads one body. One whose segment was deleted is ErrBodyDropped.
func (s StoredBodies) Check(ctx context.Context, b KeptBody) error {
	if s.store == "" && b.Ref.Store == "" {
		return fmt.Errorf("ledger: body of request %s: nothing was stored", b.ID)
	}
	_, err := s.reader.load(ctx, s.store, b.ID[:min(len(b.ID), maxBodyID)], b.Ref)
	if err != nil && ai.AsError(err).Kind == ai.NotFound {
		err = ErrBodyDropped
	}
	if err != nil {
		return fmt.Errorf("ledger: body of request %s: %w", b.ID, err)
	}
	return nil
}

// DiskFree says how many bytes the disk of dir has left, and has in all. low
// means that bodies are no longer kept, so that the journal goes on.
func DiskFree(dir string) (free, total int64, low bool, err error) {
	if free, total, err = diskFree(dir); err != nil {
		return 0, 0, false, fmt.Errorf("ledger: free disk space: %w", err)
	}
	return free, total, free < leftToJournal(defaultMinFree, total), nil
}
