package ledger

import (
	"os"

	"golang.org/x/sys/unix"
)

// allocate reserves blocks beyond the file's end, so that records still fit
// when something else has filled the disk.
func allocate(f *os.File, off, n int64) error {
	return unix.Fallocate(int(f.Fd()), unix.FALLOC_FL_KEEP_SIZE, off, n) //nolint:gosec // a descriptor fits
}

func diskFree(dir string) (free, total int64, err error) {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return 0, 0, err
	}
	return int64(st.Bavail) * st.Bsize, int64(st.Blocks) * st.Bsize, nil //nolint:gosec // sizes of a disk fit
}
