package ledger

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/klauspost/compress/zstd"
)

// Segments of bodies are packed once they are finished: cut into pieces that are
// compressed one by one, so that a body is read without unpacking the rest, while
// small bodies share what they have in common. A packed segment is a file in
// zstd's seekable format, which every zstd unpacks to the segment it was. Offsets
// of bodies are those in the segment.
const (
	zstdSuffix   = ".zst"
	packedSuffix = segmentSuffix + zstdSuffix
	tmpSuffix    = ".tmp"
	packPiece    = 256 << 10

	seekTableMagic  = 0x184D2A5E // of a frame that unpacking skips
	seekFooterMagic = 0x8F92EAB1
	seekFooter      = 9 // bytes: number of pieces u32, descriptor u8, magic u32
)

// packing is paced: it takes a fifth of one core at most, and on a busy gateway
// nothing until some segments wait.
const (
	packRest     = 4 // times as long as a piece took
	packLook     = time.Second
	mayWait      = 4   // segments
	busyFraction = 0.3 // of all cores
)

var (
	errPackStopped = errors.New("stopped")
	errPackYields  = errors.New("segments are dropped first")
)

// unpacker is shared: it unpacks pieces, and keeps nothing between them.
var unpacker = sync.OnceValues(func() (*zstd.Decoder, error) {
	return zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(4*packPiece))
})

// pack writes the packed form of a segment and then removes the segment. Whoever
// dies midway leaves the segment, its packed form, or both.
func pack(d folder, n uint32, rest func(worked time.Duration) error) (before, after int64, err error) {
	raw, err := d.Open(bodyName(n))
	if err != nil {
		return 0, 0, err
	}
	defer raw.Close() //nolint:errcheck // only read
	if before, err = raw.Size(); err != nil {
		return 0, 0, err
	}
	tmp := packedName(n) + tmpSuffix
	f, err := d.Create(tmp)
	if err != nil {
		return 0, 0, err
	}
	after, err = packInto(f, raw, before, rest)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return 0, 0, errors.Join(err, d.Remove(tmp))
	}
	_, written, err := d.Stat(bodyName(n)) // which is what its age goes by
	if err == nil {
		err = d.Stamp(tmp, written)
	}
	if err == nil {
		err = d.Rename(tmp, packedName(n))
	}
	if err != nil {
		return 0, 0, errors.Join(err, d.Remove(tmp))
	}
	if err := d.Sync(); err != nil {
		return 0, 0, err
	}
	return before, after, d.Remove(bodyName(n))
}

func packInto(f file, raw io.ReaderAt, size int64, rest func(time.Duration) error) (end int64, err error) {
	zip, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(packPiece), zstd.WithEncoderCRC(false))
	if err != nil {
		return 0, err
	}
	if err := f.Truncate(0); err != nil { // left by a crash
		return 0, err
	}
	var table []byte
	piece, packed := make([]byte, packPiece), []byte(nil)
	for from := int64(0); from < size; from += packPiece {
		began := time.Now()
		piece := piece[:min(packPiece, size-from)]
		if _, err := raw.ReadAt(piece, from); err != nil {
			return 0, err
		}
		packed = zip.EncodeAll(piece, packed[:0])
		if _, err := f.WriteAt(packed, end); err != nil {
			return 0, err
		}
		end += int64(len(packed))
		table = binary.LittleEndian.AppendUint32(table, uint32(len(packed))) //nolint:gosec // of a piece
		table = binary.LittleEndian.AppendUint32(table, uint32(len(piece)))  //nolint:gosec // of a piece
		if err := rest(time.Since(began)); err != nil {
			return 0, err
		}
	}
	tail := binary.LittleEndian.AppendUint32(nil, seekTableMagic)
	tail = binary.LittleEndian.AppendUint32(tail, uint32(len(table)+seekFooter)) //nolint:gosec // 8 bytes a piece
	tail = append(tail, table...)
	tail = binary.LittleEndian.AppendUint32(tail, uint32(len(table)/8)) //nolint:gosec // as above
	tail = append(tail, 0)
	tail = binary.LittleEndian.AppendUint32(tail, seekFooterMagic)
	_, err = f.WriteAt(tail, end)
	return end + int64(len(tail)), err
}

// A packedFile reads a packed segment as the segment it was.
type packedFile struct {
	f      sizedReader
	pieces []piece
	at     int    // index of the piece that data is; -1 for none
	data   []byte // unpacked
}

type sizedReader interface {
	readAtCloser
	Size() (int64, error)
}

// A piece is at from in the file and begins at start in the segment.
type piece struct {
	from, packed int64
	start, size  int64
}

func openPacked(d folder, n uint32) (*packedFile, error) {
	f, err := d.Open(packedName(n))
	if err != nil {
		return nil, err
	}
	pieces, err := readSeekTable(f)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("packed segment %d: %w", n, err), f.Close())
	}
	return &packedFile{f: f, pieces: pieces, at: -1}, nil
}

var errSeekTable = errors.New("its table of contents is damaged")

func readSeekTable(f sizedReader) ([]piece, error) {
	size, err := f.Size()
	if err != nil {
		return nil, err
	}
	var footer [seekFooter]byte
	if size < seekFooter {
		return nil, errSeekTable
	}
	if _, err := f.ReadAt(footer[:], size-seekFooter); err != nil {
		return nil, err
	}
	n := int64(binary.LittleEndian.Uint32(footer[:]))
	length := 8 + 8*n + seekFooter
	if binary.LittleEndian.Uint32(footer[5:]) != seekFooterMagic || footer[4] != 0 || length > size {
		return nil, errSeekTable
	}
	table := make([]byte, 8*n)
	if _, err := f.ReadAt(table, size-seekFooter-8*n); err != nil {
		return nil, err
	}
	pieces := make([]piece, n)
	var from, start int64
	for i := range pieces {
		packed, size := int64(binary.LittleEndian.Uint32(table[8*i:])), int64(binary.LittleEndian.Uint32(table[8*i+4:]))
		if size > packPiece {
			return nil, errSeekTable
		}
		pieces[i] = piece{from, packed, start, size}
		from, start = from+packed, start+size
	}
	if from != size-length {
		return nil, errSeekTable
	}
	return pieces, nil
}

// ReadAt implements io.ReaderAt. One goroutine may use it at a time.
func (p *packedFile) ReadAt(b []byte, off int64) (n int, err error) {
	for n < len(b) {
		at := off + int64(n)
		i := sort.Search(len(p.pieces), func(i int) bool { return at < p.pieces[i].start+p.pieces[i].size })
		if i == len(p.pieces) {
			return n, io.EOF
		}
		if err := p.unpack(i); err != nil {
			return n, err
		}
		n += copy(b[n:], p.data[at-p.pieces[i].start:])
	}
	return n, nil
}

// span is where the pieces are that n bytes from off on are read from.
func (p *packedFile) span(off, n int64) (from, length int64) {
	for _, one := range p.pieces {
		if one.start < off+n && off < one.start+one.size {
			if length == 0 {
				from = one.from
			}
			length += one.packed
		}
	}
	return from, length
}

func (p *packedFile) unpack(i int) error {
	if p.at == i {
		return nil
	}
	p.at = -1
	u, err := unpacker()
	if err != nil {
		return err
	}
	packed := make([]byte, p.pieces[i].packed)
	if _, err := p.f.ReadAt(packed, p.pieces[i].from); err != nil {
		return err
	}
	if p.data, err = u.DecodeAll(packed, p.data[:0]); err != nil {
		return err
	}
	if int64(len(p.data)) != p.pieces[i].size {
		return errSeekTable
	}
	p.at = i
	return nil
}

func (p *packedFile) Close() error { return p.f.Close() }

type readAtCloser interface {
	io.ReaderAt
	io.Closer
}

// openBodies opens a segment of bodies, packed or not. It is packed before it is
// removed, so it is looked for in this order.
func openBodies(d folder, n uint32) (readAtCloser, error) {
	f, err := d.Open(bodyName(n))
	if !isMissing(err) {
		return f, err
	}
	return openPacked(d, n)
}

// A bodySegment is one file of bodies.
type bodySegment struct {
	number uint32
	packed bool
}

func (s bodySegment) name() string {
	if s.packed {
		return packedName(s.number)
	}
	return bodyName(s.number)
}

// bodySegments lists a folder's segments, ascending. Of one that is there in both
// forms the packed one comes last.
func bodySegments(d folder) ([]bodySegment, error) {
	names, err := d.Names()
	if err != nil {
		return nil, err
	}
	var list []bodySegment
	for _, name := range names {
		if !IsBodyFile(name) {
			continue
		}
		digits, _, _ := strings.Cut(name, ".")
		if n, err := strconv.ParseUint(digits, 10, 32); err == nil && n > 0 {
			list = append(list, bodySegment{uint32(n), strings.HasSuffix(name, packedSuffix)})
		}
	}
	slices.SortFunc(list, func(a, b bodySegment) int { return strings.Compare(a.name(), b.name()) })
	return list, nil
}

// clearAfterCrash removes what packing leaves when it is cut.
func clearAfterCrash(d folder, segs []bodySegment) error {
	names, err := d.Names()
	if err != nil {
		return err
	}
	var errs []error
	for _, name := range names {
		if strings.HasSuffix(name, packedSuffix+tmpSuffix) {
			errs = append(errs, d.Remove(name))
		}
	}
	for i, s := range segs {
		if s.packed && i > 0 && segs[i-1].number == s.number {
			errs = append(errs, d.Remove(bodyName(s.number)))
		}
	}
	return errors.Join(errs...)
}

func packedName(n uint32) string { return fmt.Sprintf("%08d%s", n, packedSuffix) }

// packer packs finished segments until Close, the oldest first.
func (b *Bodies) packer() {
	defer close(b.packed)
	look := time.NewTicker(packLook)
	defer look.Stop()
	for {
		select {
		case <-b.stop:
			return
		case <-look.C:
		}
		n, waiting := b.finishedRaw()
		if waiting == 0 || b.hold() {
			continue
		}
		b.filesMu.Lock()
		before, after, err := pack(b.dir, n, b.restBetween)
		b.filesMu.Unlock()
		switch {
		case errors.Is(err, errPackStopped):
			return
		case errors.Is(err, errPackYields):
			continue
		case err == nil:
			b.opt.Log.Info("bodies compressed", "segment", n, "bytes", before, "to", after)
		case !isMissing(err): // all of a missing one was dropped
			b.opt.Log.Warn("bodies are left uncompressed until the next start", "segment", n, "error", err)
		}
		b.settleRaw(n)
	}
}

// lockFiles keeps the packer off the files, in the middle of a segment if need be.
func (b *Bodies) lockFiles() {
	for !b.filesMu.TryLock() {
		select {
		case b.yield <- struct{}{}:
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// hold reports whether packing should wait for a quieter moment. Only the packer
// asks.
func (b *Bodies) hold() bool {
	busy := b.load.busy()
	_, waiting := b.finishedRaw()
	return busy && waiting <= mayWait
}

// restBetween comes after each piece, and goes on for as long as the process is busy.
func (b *Bodies) restBetween(worked time.Duration) error {
	for rest := min(packRest*worked, packLook); ; rest = packLook {
		select {
		case <-b.stop:
			return errPackStopped
		case <-b.yield:
			return errPackYields
		case <-time.After(rest):
		}
		if !b.load.due() || !b.hold() {
			return nil
		}
	}
}

// cpuLoad tells how busy the process is.
type cpuLoad struct {
	at   time.Time
	used time.Duration
}

// due reports whether it is time to look again.
func (l *cpuLoad) due() bool { return time.Since(l.at) >= packLook/4 }

// busy reports whether the process has used much of the machine since the last call.
func (l *cpuLoad) busy() bool {
	was := *l
	l.at, l.used = time.Now(), cpuTime()
	return !was.at.IsZero() && float64(l.used-was.used) > busyFraction*float64(l.at.Sub(was.at))*float64(runtime.GOMAXPROCS(0))
}
