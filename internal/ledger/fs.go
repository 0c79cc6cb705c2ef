package ledger

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A file is what journal and bodies need of one; tests put failing ones in place.
type file interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
	Truncate(size int64) error
	Size() (int64, error)
	Sync() error
	// Allocate sets disk space aside for [off, off+n) without changing the size.
	Allocate(off, n int64) error
}

// A folder is one directory of segment files.
type folder interface {
	Open(name string) (file, error)   // for reading
	Create(name string) (file, error) // for reading and writing; made if absent
	Names() ([]string, error)
	Load(name string) ([]byte, error)
	// Replace writes a small file in one step: old or new, never a mixture.
	Replace(name string, b []byte) error
	Rename(from, to string) error
	Remove(name string) error
	Stat(name string) (size int64, modified time.Time, err error)
	// Stamp sets when a file counts as modified.
	Stamp(name string, modified time.Time) error
	// Sync makes the names last: which files there are.
	Sync() error
	// Free says how many bytes the disk has left, and has in all.
	Free() (free, total int64, err error)
}

type osFolder string

func openFolder(dir string) (folder, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("ledger: make folder: %w", err)
	}
	return osFolder(dir), nil
}

func (d osFolder) path(name string) string { return filepath.Join(string(d), name) }

func (d osFolder) Open(name string) (file, error) {
	f, err := os.Open(d.path(name))
	if err != nil {
		return nil, err
	}
	return osFile{f}, nil
}

func (d osFolder) Create(name string) (file, error) {
	f, err := os.OpenFile(d.path(name), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	return osFile{f}, nil
}

func (d osFolder) Names() ([]string, error) {
	list, err := os.ReadDir(string(d))
	if err != nil {
		return nil, err
	}
	names := make([]string, len(list))
	for i, e := range list {
		names[i] = e.Name()
	}
	return names, nil
}

func (d osFolder) Load(name string) ([]byte, error) { return os.ReadFile(d.path(name)) }

func (d osFolder) Replace(name string, b []byte) error {
	tmp := d.path(name + ".tmp")
	if err := os.WriteFile(tmp, b, 0o600); err != nil {
		return errors.Join(err, os.Remove(tmp))
	}
	return os.Rename(tmp, d.path(name))
}

func (d osFolder) Rename(from, to string) error { return os.Rename(d.path(from), d.path(to)) }

func (d osFolder) Remove(name string) error { return os.Remove(d.path(name)) }

func (d osFolder) Stat(name string) (size int64, modified time.Time, err error) {
	st, err := os.Stat(d.path(name))
	if err != nil {
		return 0, time.Time{}, err
	}
	return st.Size(), st.ModTime(), nil
}

func (d osFolder) Stamp(name string, modified time.Time) error {
	return os.Chtimes(d.path(name), time.Time{}, modified)
}

func (d osFolder) Sync() error {
	f, err := os.Open(string(d))
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

func (d osFolder) Free() (free, total int64, err error) { return diskFree(string(d)) }

type osFile struct{ *os.File }

func (f osFile) Size() (int64, error) {
	st, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return st.Size(), nil
}

func (f osFile) Allocate(off, n int64) error { return allocate(f.File, off, n) }

const segmentSuffix = ".seg"

// segments lists the numbers of a folder's segment files, ascending.
func segments(d folder) ([]uint64, error) {
	names, err := d.Names()
	if err != nil {
		return nil, err
	}
	var list []uint64
	for _, name := range names {
		digits, ok := strings.CutSuffix(name, segmentSuffix)
		if !ok {
			continue
		}
		n, err := strconv.ParseUint(digits, 10, 64)
		if err == nil && n > 0 {
			list = append(list, n)
		}
	}
	slices.Sort(list)
	return list, nil
}

func isMissing(err error) bool { return errors.Is(err, fs.ErrNotExist) }
