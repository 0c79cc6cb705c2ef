package ledger

import (
	"sync"
	"syscall"
	"time"
)

// A faultFolder fails chosen operations of a real folder. A failing write first
// writes half of its bytes, as a full disk does.
type faultFolder struct {
	folder
	mu     sync.Mutex
	ops    int              // that change the disk, so far
	fail   func(n int) bool // says whether the nth one fails
	reads  int64            // bytes read
	block  chan struct{}    // writes wait for it when set
	failed int
	free   int64 // what Free reports, if set
}

func newFaultFolder(dir string, fail func(n int) bool) (*faultFolder, error) {
	d, err := openFolder(dir)
	return &faultFolder{folder: d, fail: fail}, err
}

func (d *faultFolder) set(fail func(n int) bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fail = fail
}

func (d *faultFolder) step() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ops++
	if d.fail != nil && d.fail(d.ops) {
		d.failed++
		return syscall.ENOSPC
	}
	return nil
}

func (d *faultFolder) wrap(f file, err error) (file, error) {
	if err != nil {
		return nil, err
	}
	return &faultFile{f, d}, nil
}

func (d *faultFolder) Open(name string) (file, error) { return d.wrap(d.folder.Open(name)) }

func (d *faultFolder) Create(name string) (file, error) {
	if err := d.step(); err != nil {
		return nil, err
	}
	return d.wrap(d.folder.Create(name))
}

func (d *faultFolder) Replace(name string, b []byte) error {
	if err := d.step(); err != nil {
		return err
	}
	return d.folder.Replace(name, b)
}

func (d *faultFolder) Rename(from, to string) error {
	if err := d.step(); err != nil {
		return err
	}
	return d.folder.Rename(from, to)
}

func (d *faultFolder) Remove(name string) error {
	if err := d.step(); err != nil {
		return err
	}
	return d.folder.Remove(name)
}

func (d *faultFolder) Stamp(name string, modified time.Time) error {
	if err := d.step(); err != nil {
		return err
	}
	return d.folder.Stamp(name, modified)
}

func (d *faultFolder) Sync() error {
	if err := d.step(); err != nil {
		return err
	}
	return d.folder.Sync()
}

func (d *faultFolder) Free() (free, total int64, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.free > 0 {
		return d.free, 1 << 40, nil
	}
	return d.folder.Free()
}

type faultFile struct {
	file
	d *faultFolder
}

func (f *faultFile) ReadAt(p []byte, off int64) (int, error) {
	f.d.mu.Lock()
	f.d.reads += int64(len(p))
	f.d.mu.Unlock()
	return f.file.ReadAt(p, off)
}

func (f *faultFile) WriteAt(p []byte, off int64) (int, error) {
	if f.d.block != nil {
		<-f.d.block
	}
	if err := f.d.step(); err != nil {
		n, werr := f.file.WriteAt(p[:len(p)/2], off)
		if werr != nil {
			err = werr
		}
		return n, err
	}
	return f.file.WriteAt(p, off)
}

func (f *faultFile) Sync() error {
	if err := f.d.step(); err != nil {
		return err
	}
	return f.file.Sync()
}

func (f *faultFile) Truncate(n int64) error {
	if err := f.d.step(); err != nil {
		return err
	}
	return f.file.Truncate(n)
}

func (f *faultFile) Allocate(off, n int64) error {
	if err := f.d.step(); err != nil {
		return err
	}
	return f.file.Allocate(off, n)
}
