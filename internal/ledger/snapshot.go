package ledger

import (
	"errors"
	"fmt"
	"io"
	"strings"
)

// A SegmentFile is the first Size bytes of a segment file. While somebody else
// appends to the segment, these bytes stay as they are.
type SegmentFile struct {
	Name string
	Size int64
}

// JournalFiles lists the segments of the journal in dir, up to the last whole
// record of this moment. It may be called beside the process that writes the
// journal. The listed bytes are a journal by themselves: Open settles as
// Interrupted what is reserved and not settled in them. The checkpoint is left
// out; Open does without.
func JournalFiles(dir string) ([]SegmentFile, error) {
	files, err := segmentFiles(osFolder(dir), func(n uint64) string { return segmentName(n) })
	if err != nil {
		return nil, fmt.Errorf("ledger: list the journal: %w", err)
	}
	if len(files) == 0 {
		return nil, nil
	}
	// A record that is only half there may be taken back: the journal does so
	// when the disk is full. A whole one stays.
	last := &files[len(files)-1]
	if last.Size, err = wholeRecords(osFolder(dir), *last); err != nil {
		return nil, fmt.Errorf("ledger: list the journal: %w", err)
	}
	return files, nil
}

// BodyFiles lists the segments of the bodies in dir, as long as they are at
// this moment. A body that is not wholly there reads as not kept.
func BodyFiles(dir string) ([]SegmentFile, error) {
	files, err := segmentFiles(osFolder(dir), func(n uint64) string { return bodyName(uint32(n)) }) //nolint:gosec // made from such a number
	if err != nil {
		return nil, fmt.Errorf("ledger: list the bodies: %w", err)
	}
	return files, nil
}

// IsJournalFile and IsBodyFile report whether a segment file has this name.
func IsJournalFile(name string) bool { return isSegmentName(name, 16) }

// IsBodyFile is IsJournalFile for bodies.
func IsBodyFile(name string) bool { return isSegmentName(name, 8) }

func isSegmentName(name string, digits int) bool {
	number, ok := strings.CutSuffix(name, segmentSuffix)
	return ok && len(number) == digits && strings.Trim(number, "0123456789") == ""
}

// segmentFiles measures the segments in ascending order, so that all but the
// last were finished when the list was made.
func segmentFiles(d folder, nameOf func(uint64) string) ([]SegmentFile, error) {
	segs, err := segments(d)
	if err != nil && !isMissing(err) {
		return nil, err
	}
	files := make([]SegmentFile, 0, len(segs))
	for _, n := range segs {
		f, err := d.Open(nameOf(n))
		if err != nil {
			return nil, err
		}
		size, err := f.Size()
		if err := errors.Join(err, f.Close()); err != nil {
			return nil, err
		}
		files = append(files, SegmentFile{nameOf(n), size})
	}
	return files, nil
}

// wholeRecords is where the last whole record of a segment ends.
func wholeRecords(d folder, s SegmentFile) (end int64, err error) {
	f, err := d.Open(s.Name)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	r := newFrameReader(f, 0, s.Size)
	for {
		if _, err := r.next(); errors.Is(err, io.EOF) {
			return r.off, nil
		} else if err != nil {
			return 0, err
		}
	}
}
