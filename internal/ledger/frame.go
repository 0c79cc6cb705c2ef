package ledger

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
)

// A record is framed as
//
//	length u32 | crc32c u32 | kind u8 | payload
//
// little-endian; length and checksum cover kind and payload. A payload is a JSON
// object and shorter than 16 MiB, so the length's last byte is zero, while no
// payload holds a zero byte: a frame is never found inside of another, and a
// reader that met garbage can find the next frame by looking for it.
const (
	frameHead = 8
	maxRecord = 1<<24 - 1
)

type kind byte

const (
	kindReserve kind = 1
	kindSettle  kind = 2
	kindProbe   kind = 3 // written to see whether the disk takes records again

	kindFeedback kind = 4
	kindReprice  kind = 5 // a settled entry again, with a cost
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// beginFrame makes room for a frame's head; endFrame fills it in.
func beginFrame(b []byte, k kind) []byte {
	return append(b[:0], 0, 0, 0, 0, 0, 0, 0, 0, byte(k))
}

func endFrame(b []byte) []byte {
	binary.LittleEndian.PutUint32(b, uint32(len(b)-frameHead)) //nolint:gosec // bounded by maxRecord
	binary.LittleEndian.PutUint32(b[4:], crc32.Checksum(b[frameHead:], castagnoli))
	return b
}

// A frame is one record as it was read. Its payload is valid until the next read.
type frame struct {
	kind       kind
	payload    []byte
	start, end int64
}

// A frameReader reads the frames of one segment between two offsets. Garbage is
// skipped and counted; garbage that nothing valid follows is left unread: off
// stays where it begins.
type frameReader struct {
	f       io.ReaderAt
	off     int64 // of the next frame
	limit   int64 // nothing is read beyond
	buf     []byte
	base    int64 // offset of buf[0]
	corrupt int   // stretches of garbage skipped
}

const readChunk = 256 << 10

func newFrameReader(f io.ReaderAt, from, limit int64) *frameReader {
	return &frameReader{f: f, off: from, limit: limit}
}

// next returns the next frame, or io.EOF when none follows before the limit.
func (r *frameReader) next() (frame, error) {
	fr, ok, err := r.at(r.off)
	if err != nil {
		return frame{}, err
	}
	if ok {
		r.off = fr.end
		return fr, nil
	}
	if r.off >= r.limit {
		return frame{}, io.EOF
	}
	for o := r.off + 1; o+frameHead < r.limit; o++ {
		fr, ok, err := r.at(o)
		if err != nil {
			return frame{}, err
		}
		if ok {
			r.corrupt++
			r.off = fr.end
			return fr, nil
		}
	}
	return frame{}, io.EOF
}

// at reads the frame that begins at off, if a whole and sound one does.
func (r *frameReader) at(off int64) (frame, bool, error) {
	const smallest = 1 + len("{}")
	head, err := r.view(off, frameHead+smallest)
	if err != nil || len(head) < frameHead+smallest {
		return frame{}, false, err
	}
	n := int64(binary.LittleEndian.Uint32(head))
	k := kind(head[frameHead])
	if n < int64(smallest) || n > maxRecord || off+frameHead+n > r.limit || k < kindReserve || k > kindReprice || head[frameHead+1] != '{' {
		return frame{}, false, nil
	}
	sum := binary.LittleEndian.Uint32(head[4:])
	rec, err := r.view(off, frameHead+int(n))
	if err != nil || len(rec) < frameHead+int(n) || crc32.Checksum(rec[frameHead:], castagnoli) != sum {
		return frame{}, false, err
	}
	return frame{kind: k, payload: rec[frameHead+1:], start: off, end: off + frameHead + n}, true, nil
}

// view returns up to n bytes from off; fewer only at the limit or the file's end.
func (r *frameReader) view(off int64, n int) ([]byte, error) {
	if off+int64(n) > r.limit {
		n = int(max(r.limit-off, 0))
	}
	if n == 0 {
		return nil, nil
	}
	if at := off - r.base; at >= 0 && at+int64(n) <= int64(len(r.buf)) {
		return r.buf[at : at+int64(n)], nil
	}
	want := int(min(int64(max(n, readChunk)), r.limit-off))
	if cap(r.buf) < want {
		r.buf = make([]byte, want)
	}
	got, err := r.f.ReadAt(r.buf[:want], off)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	r.buf, r.base = r.buf[:got], off
	return r.buf[:min(n, got)], nil
}
