package ledger

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/portico-ai/portico/internal/ai"
)

// Objects keeps whole objects by key, away from this machine: a bucket, or a
// database in its place. Errors are *ai.Error: Unavailable if another try may
// help, else what has to be put right.
type Objects interface {
	// Put stores the first size bytes of r, all or none, in place of what the key had.
	Put(ctx context.Context, key string, r io.ReaderAt, size int64) error
	// Get returns up to n bytes from off on, or with a negative off the last n, and
	// the size of the whole object. The error is ai.NotFound if there is none.
	Get(ctx context.Context, key string, off, n int64) (b []byte, size int64, err error)
	Delete(ctx context.Context, key string) error // of nothing is no error
	// List yields the objects whose keys begin with prefix and come after another
	// one, in the order of keys.
	List(ctx context.Context, prefix, after string) iter.Seq2[Object, error]
}

// An Object is one of a list.
type Object struct {
	Key      string
	Size     int64     // 0 where storing it was cut, and it cannot be read
	Modified time.Time // by the clock of whoever keeps it
}

// CheckObjects stores, reads, lists and deletes a small object. The error names
// what failed.
func CheckObjects(ctx context.Context, o Objects) error {
	const text = "portico checks that it can store, read, list and delete"
	key := "check/" + rand.Text()
	steps := []struct {
		name string
		do   func() error
	}{
		{"store an object", func() error { return o.Put(ctx, key, strings.NewReader(text), int64(len(text))) }},
		{"read a part of an object", func() error {
			b, size, err := o.Get(ctx, key, 8, 6)
			if err == nil && (string(b) != text[8:14] || size != int64(len(text))) {
				err = errors.New("other bytes came back")
			}
			return err
		}},
		{"list objects", func() error {
			for found, err := range o.List(ctx, key, "") {
				if err != nil || found.Key == key {
					return err
				}
			}
			return errors.New("what was stored is not listed")
		}},
		{"delete an object", func() error { return o.Delete(ctx, key) }},
	}
	for _, s := range steps {
		if err := s.do(); err != nil {
			return fmt.Errorf("cannot %s: %w", s.name, err)
		}
	}
	return nil
}

const remoteFolder = "bodies/"

// objectKey is where a segment of a store of bodies is kept in packed form.
func objectKey(store string, segment uint32) string {
	return remoteFolder + store + "/" + packedName(segment)
}

// isObjectKey reports whether a key is one that objectKey makes, of any store.
func isObjectKey(key string) bool {
	rest, ok := strings.CutPrefix(key, remoteFolder)
	store, name, found := strings.Cut(rest, "/")
	return ok && found && len(store) == storeIDLen && isSegmentName(name, packedSuffix, 8)
}

// A remoteReader reads bodies out of the packed segments that objects hold.
// Tables of contents are remembered, so that most bodies take one request, and
// what was read last, in which the bodies of neighbouring requests are.
type remoteReader struct {
	objects Objects

	mu     sync.Mutex
	tables map[string]remoteTable
	recent []remotePart // the oldest first
}

type remoteTable struct {
	pieces []piece
	size   int64
}

// A remotePart is some bytes of an object.
type remotePart struct {
	key   string
	from  int64
	bytes []byte
}

const (
	remoteTail    = 16 << 10 // bytes, which hold the table of half a gigabyte
	remoteTables  = 256      // remembered
	remoteParts   = 8        // remembered, of those up to
	remotePartMax = 1 << 20  // bytes
)

// load reads a body of one of the stores: that of its ref, and its own, in which a
// folder keeps what it was given by another.
func (r *remoteReader) load(ctx context.Context, own, id string, ref BodyRef) (b []byte, err error) {
	for _, store := range []string{ref.Store, own} {
		if store == "" || err != nil && store == ref.Store {
			continue
		}
		b, err = r.loadFrom(ctx, objectKey(store, ref.Segment), id, ref)
		if err == nil || !errors.Is(err, errNoBody) && ai.AsError(err).Kind != ai.NotFound {
			return b, err
		}
	}
	return nil, err
}

func (r *remoteReader) loadFrom(ctx context.Context, key, id string, ref BodyRef) ([]byte, error) {
	o := &remoteObject{ctx: ctx, objects: r.objects, key: key}
	p := &packedFile{f: o, at: -1}
	r.mu.Lock()
	known, ok := r.tables[key]
	r.mu.Unlock()
	if ok {
		o.size, p.pieces = known.size, known.pieces
	} else if err := r.open(o, p); err != nil {
		return nil, err
	}
	if err := r.fetch(o, p, ref.Offset, int64(bodyHead+len(id)+ref.Length)); err != nil {
		return nil, err
	}
	return readBody(p, id, ref)
}

// fetch brings what n bytes of the segment from off on are read from.
func (r *remoteReader) fetch(o *remoteObject, p *packedFile, off, n int64) error {
	from, length := p.span(off, n)
	if length == 0 {
		return errNoBody
	}
	r.mu.Lock()
	for _, part := range r.recent {
		if part.key == o.key && part.from <= from && from+length <= part.from+int64(len(part.bytes)) {
			o.from, o.part = part.from, part.bytes
		}
	}
	r.mu.Unlock()
	if o.part != nil {
		return nil
	}
	if err := o.fetch(from, length); err != nil || length > remotePartMax {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.recent) == remoteParts {
		r.recent = slices.Delete(r.recent, 0, 1)
	}
	r.recent = append(r.recent, remotePart{o.key, o.from, o.part})
	return nil
}

// open reads a table of contents.
func (r *remoteReader) open(o *remoteObject, p *packedFile) (err error) {
	if err = o.fetch(-1, remoteTail); err != nil {
		return err
	}
	defer func() { o.part = nil }()
	if p.pieces, err = readSeekTable(o); err != nil {
		return fmt.Errorf("%s: %w", o.key, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for key := range r.tables {
		if len(r.tables) < remoteTables {
			break
		}
		delete(r.tables, key) // any of them
	}
	r.tables[o.key] = remoteTable{p.pieces, o.size}
	return nil
}

// A remoteObject is an object as a file, of which a part is here.
type remoteObject struct {
	ctx     context.Context
	objects Objects
	key     string
	size    int64
	part    []byte
	from    int64 // of part
}

// fetch replaces the part; a negative off means the last n bytes.
func (o *remoteObject) fetch(off, n int64) (err error) {
	if o.part, o.size, err = o.objects.Get(o.ctx, o.key, off, n); err != nil {
		return err
	}
	if o.from = off; off < 0 {
		o.from = o.size - int64(len(o.part))
	}
	return nil
}

// ReadAt implements io.ReaderAt. What is not here is fetched by itself.
func (o *remoteObject) ReadAt(b []byte, off int64) (int, error) {
	if at := off - o.from; at >= 0 && at+int64(len(b)) <= int64(len(o.part)) {
		return copy(b, o.part[at:]), nil
	}
	part, _, err := o.objects.Get(o.ctx, o.key, off, int64(len(b)))
	if err != nil {
		return 0, err
	}
	if n := copy(b, part); n < len(b) {
		return n, io.ErrUnexpectedEOF
	}
	return len(b), nil
}

func (o *remoteObject) Size() (int64, error) { return o.size, nil }

func (o *remoteObject) Close() error { return nil }
