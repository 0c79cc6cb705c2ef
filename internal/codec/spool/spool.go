// Package spool holds bodies that may be too large for memory: small ones there,
// larger ones in a file that has no name, so that nothing is left behind
// whatever happens to the process.
package spool

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
)

// inMemory is how many bytes are held before a file is used.
const inMemory = 1 << 20

// ErrTooLarge is returned for a body above the limit.
var ErrTooLarge = errors.New("the body is larger than the limit")

// A File is a body that can be read any number of times, also at once. It is
// written by one goroutine and complete before it is read.
type File struct {
	dir  string
	left int64 // bytes that may still be written
	mem  []byte
	disk *os.File
	size int64
}

// New returns an empty File of at most limit bytes, which goes to a file in dir
// when it is large.
func New(dir string, limit int64) *File { return &File{dir: dir, left: limit} }

// Write implements io.Writer. It fails with ErrTooLarge at the limit.
func (f *File) Write(p []byte) (int, error) {
	if int64(len(p)) > f.left {
		return 0, ErrTooLarge
	}
	f.left -= int64(len(p))
	f.size += int64(len(p))
	if f.disk == nil && len(f.mem)+len(p) <= inMemory {
		f.mem = append(f.mem, p...)
		return len(p), nil
	}
	if f.disk == nil {
		if err := f.spill(); err != nil {
			return 0, err
		}
	}
	return f.disk.Write(p)
}

func (f *File) spill() error {
	disk, err := os.CreateTemp(f.dir, "body-")
	if err != nil {
		return fmt.Errorf("spool a body: %w", err)
	}
	if err := os.Remove(disk.Name()); err != nil {
		return errors.Join(fmt.Errorf("spool a body: %w", err), disk.Close())
	}
	if _, err := disk.Write(f.mem); err != nil {
		return errors.Join(fmt.Errorf("spool a body: %w", err), disk.Close())
	}
	f.disk, f.mem = disk, nil
	return nil
}

// Size is how many bytes have been written.
func (f *File) Size() int64 { return f.size }

// Section reads n bytes from offset off.
func (f *File) Section(off, n int64) io.Reader {
	if f.disk != nil {
		return io.NewSectionReader(f.disk, off, n)
	}
	return bytes.NewReader(f.mem[off : off+n])
}

// A Body is a File as the body of a request.
type Body struct {
	*File
	Type string // media type
}

// ContentType implements ai.Upload.
func (b Body) ContentType() string { return b.Type }

// Open implements ai.Upload.
func (b Body) Open() io.Reader { return b.Section(0, b.size) }

// Close gives up what the File holds. Nothing may read it after that.
func (f *File) Close() error {
	f.mem = nil
	if f.disk != nil {
		return f.disk.Close()
	}
	return nil
}
