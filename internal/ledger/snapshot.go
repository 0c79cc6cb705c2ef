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
	segs, err := segments(osFolder(dir))
	if err != nil && !isMissing(err) {
		return nil, fmt.Errorf("ledger: list the journal: %w", err)
	}
	// In ascending order, so that all but the last were finished when they are measured.
	names := make([]string, len(segs))
	for i, n := range segs {
		names[i] = segmentName(n)
	}
	files, err := measureFiles(osFolder(dir), names)
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
// this moment. A body that is not wholly there reads as not kept. While they are
// copied, a file may give way to its packed form (PackedFile), or be dropped.
func BodyFiles(dir string) ([]SegmentFile, error) {
	d := osFolder(dir)
	segs, err := bodySegments(d)
	if err != nil && !isMissing(err) {
		return nil, fmt.Errorf("ledger: list the bodies: %w", err)
	}
	var names []string
	for i, s := range segs {
		if i > 0 && segs[i-1].number == s.number {
			continue // the same again, packed
		}
		names = append(names, s.name())
	}
	files, err := measureFiles(d, names)
	if err != nil {
		return nil, fmt.Errorf("ledger: list the bodies: %w", err)
	}
	return files, nil
}

// PackedFile is the name of a body segment's packed form.
func PackedFile(name string) string {
	return strings.TrimSuffix(name, zstdSuffix) + zstdSuffix
}

// IsJournalFile and IsBodyFile report whether a segment file has this name.
func IsJournalFile(name string) bool { return isSegmentName(name, segmentSuffix, 16) }

// IsBodyFile is IsJournalFile for bodies.
func IsBodyFile(name string) bool {
	return isSegmentName(name, segmentSuffix, 8) || isSegmentName(name, packedSuffix, 8)
}

func isSegmentName(name, suffix string, digits int) bool {
	number, ok := strings.CutSuffix(name, suffix)
	return ok && len(number) == digits && strings.Trim(number, "0123456789") == ""
}

// measureFiles takes the sizes of files, leaving out those that are gone.
func measureFiles(d folder, names []string) ([]SegmentFile, error) {
	files := make([]SegmentFile, 0, len(names))
	for _, name := range names {
		size, _, err := d.Stat(name)
		if isMissing(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		files = append(files, SegmentFile{name, size})
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
