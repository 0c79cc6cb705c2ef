package mem

import (
	"bytes"
	"context"
	"io"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/ledger"
)

// Objects keeps objects. The zero value is empty and ready.
type Objects struct {
	mu    sync.Mutex
	bytes map[string][]byte
	times map[string]time.Time
	fail  error
	calls int
}

var _ ledger.Objects = (*Objects)(nil)

// Fail makes every call fail from now on; nil ends that.
func (o *Objects) Fail(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.fail = err
}

// Calls is how many there were.
func (o *Objects) Calls() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.calls
}

func (o *Objects) begin() error {
	o.calls++
	return o.fail
}

// Put implements ledger.Objects.
func (o *Objects) Put(_ context.Context, key string, r io.ReaderAt, size int64) error {
	var b bytes.Buffer
	if _, err := io.Copy(&b, io.NewSectionReader(r, 0, size)); err != nil {
		return err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if err := o.begin(); err != nil {
		return err
	}
	if o.bytes == nil {
		o.bytes, o.times = map[string][]byte{}, map[string]time.Time{}
	}
	o.bytes[key], o.times[key] = b.Bytes(), time.Now()
	return nil
}

// Get implements ledger.Objects.
func (o *Objects) Get(_ context.Context, key string, off, n int64) ([]byte, int64, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if err := o.begin(); err != nil {
		return nil, 0, err
	}
	b, ok := o.bytes[key]
	size := int64(len(b))
	if off < 0 {
		off = max(size-n, 0)
	}
	if !ok || off >= size {
		return nil, 0, ai.Errorf(ai.NotFound, "There is no such object")
	}
	return slices.Clone(b[off:min(off+n, size)]), size, nil
}

// Delete implements ledger.Objects.
func (o *Objects) Delete(_ context.Context, key string) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if err := o.begin(); err != nil {
		return err
	}
	delete(o.bytes, key)
	return nil
}

// List implements ledger.Objects.
func (o *Objects) List(_ context.Context, prefix, after string) iter.Seq2[ledger.Object, error] {
	return func(yield func(ledger.Object, error) bool) {
		o.mu.Lock()
		err := o.begin()
		var list []ledger.Object
		for _, key := range slices.Sorted(maps.Keys(o.bytes)) {
			if strings.HasPrefix(key, prefix) && key > after {
				list = append(list, ledger.Object{Key: key, Size: int64(len(o.bytes[key])), Modified: o.times[key]})
			}
		}
		o.mu.Unlock()
		if err != nil {
			yield(ledger.Object{}, err)
			return
		}
		for _, one := range list {
			if !yield(one, nil) {
				return
			}
		}
	}
}
