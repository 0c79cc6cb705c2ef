package app

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// A folderLock keeps a second process off a data folder. The lock is the
// kernel's, so a killed process leaves none; the file only says who holds it.
type folderLock struct{ f *os.File }

func lockFolder(dir string) (*folderLock, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("--data: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(dir, lockFile), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("--data: %w", err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		holder := readHolder(f)
		_ = f.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, fmt.Errorf("data folder %s is in use by another portico (%s)", dir, holder)
		}
		return nil, fmt.Errorf("lock %s: %w", dir, err)
	}
	if err := f.Truncate(0); err != nil {
		return nil, err
	}
	if _, err := fmt.Fprintf(f, "process %d\n", os.Getpid()); err != nil {
		return nil, err
	}
	return &folderLock{f}, nil
}

// folderHolder says whether a process holds the folder, and which one. It changes
// nothing: the lock it tries is a shared one, for a moment.
func folderHolder(dir string) (held bool, holder string, err error) {
	f, err := os.Open(filepath.Join(dir, lockFile))
	if errors.Is(err, fs.ErrNotExist) {
		return false, "", nil
	}
	if err != nil {
		return false, "", err
	}
	defer f.Close() //nolint:errcheck // only read; gives the lock back
	err = unix.Flock(int(f.Fd()), unix.LOCK_SH|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return true, readHolder(f), nil
	}
	return false, "", err
}

func readHolder(f *os.File) string {
	holder := make([]byte, 64)
	n, _ := f.ReadAt(holder, 0)
	return strings.TrimSpace(string(holder[:n]))
}

func (l *folderLock) release() error { return l.f.Close() }
