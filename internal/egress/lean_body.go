package egress

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
)

const maxChunkLine = 256 // size, extensions and CRLF

// leanBody reads a response's body from its connection. It gives the connection
// back at the end of the body; closed before that, it closes the connection.
// Close may be called while another goroutine reads.
type leanBody struct {
	conn    *leanConn
	resp    *http.Response
	framing framing
	phase   chunkPhase
	state   atomic.Int32
	err     error // of a read; sticky
}

// Who owns the connection.
const (
	bodyOpen int32 = iota
	bodyDone
	bodyClosed
)

type chunkPhase uint8

const (
	atSize chunkPhase = iota
	inData
	atDataEnd
	inTrailer
)

// Read implements io.Reader. It returns what is there: several chunks that came
// together are one read.
func (b *leanBody) Read(p []byte) (int, error) {
	switch {
	case b.state.Load() == bodyClosed:
		return 0, http.ErrBodyReadAfterClose
	case b.err != nil:
		return 0, b.err
	case len(p) == 0:
		return 0, nil
	}
	n, err := b.read(p)
	if err == nil {
		return n, nil
	}
	b.err = err
	if !errors.Is(err, io.EOF) && b.state.Load() == bodyClosed {
		b.err = http.ErrBodyReadAfterClose
		return n, b.err
	}
	if b.state.CompareAndSwap(bodyOpen, bodyDone) {
		if errors.Is(err, io.EOF) {
			b.conn.release()
		} else {
			b.conn.discard()
		}
	}
	return n, b.err
}

// Close implements io.Closer. What has already been received is read to the end,
// if that spares the connection.
func (b *leanBody) Close() error {
	if b.state.CompareAndSwap(bodyOpen, bodyClosed) {
		b.conn.discard()
	}
	return nil
}

func (b *leanBody) read(p []byte) (int, error) {
	switch b.framing.kind {
	case byLength:
		return b.readLength(p)
	case byChunks:
		return b.readChunks(p)
	}
	return b.readToClose(p)
}

func (b *leanBody) readLength(p []byte) (int, error) {
	if int64(len(p)) > b.framing.left {
		p = p[:b.framing.left]
	}
	n, err := b.conn.some(p)
	b.framing.left -= int64(n)
	if err == nil && b.framing.left == 0 {
		err = io.EOF
	}
	return n, err
}

// readToClose takes the peer's closing for the end. A cut looks the same, which
// is why whoever reads a stream must know its terminal event.
func (b *leanBody) readToClose(p []byte) (int, error) {
	n, err := b.conn.some(p)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = io.EOF
	}
	return n, err
}

// some returns buffered bytes, or else reads once, past the buffer if p is large.
func (c *leanConn) some(p []byte) (int, error) {
	if c.from == c.to {
		if len(p) >= len(c.in)/2 {
			n, err := c.Conn.Read(p)
			if n > 0 {
				return n, nil
			}
			return 0, c.readError(err)
		}
		if err := c.fill(); err != nil {
			return 0, err
		}
	}
	n := copy(p, c.in[c.from:c.to])
	c.from += n
	return n, nil
}

// readChunks decodes as far as the buffer reaches, and waits only if that gave
// nothing.
func (b *leanBody) readChunks(p []byte) (int, error) {
	total := 0
	for {
		n, err := b.step(p[total:])
		total += n
		if err == nil && total < len(p) {
			continue
		}
		if !errors.Is(err, errMore) {
			return total, err
		}
		if total > 0 {
			return total, nil
		}
		if err := b.conn.fill(); err != nil {
			return 0, err
		}
	}
}

// errMore means that the buffer does not hold enough to go on.
var errMore = errors.New("more bytes are needed")

// step decodes one part of the chunked framing from the buffer.
func (b *leanBody) step(p []byte) (int, error) {
	switch b.phase {
	case atSize:
		return 0, b.readSize()
	case inData:
		return b.readData(p)
	case atDataEnd:
		return 0, b.readDataEnd()
	}
	return 0, b.readTrailer()
}

func (b *leanBody) readSize() error {
	line, err := b.line(maxChunkLine)
	if err != nil {
		return err
	}
	n, err := chunkSize(line)
	if err != nil {
		return err
	}
	b.framing.left = n
	b.phase = inData
	if n == 0 {
		b.phase = inTrailer
	}
	return nil
}

// line takes one line off the buffer, without its CRLF.
func (b *leanBody) line(limit int) ([]byte, error) {
	c := b.conn
	got := c.in[c.from:c.to]
	i := bytes.IndexByte(got, '\n')
	if i < 0 && len(got) < limit {
		return nil, errMore
	}
	if i < 0 || i >= limit {
		return nil, fmt.Errorf("chunked body: a line is longer than %d bytes", limit)
	}
	if i == 0 || got[i-1] != '\r' {
		return nil, errors.New("chunked body: a line ends without CR")
	}
	c.from += i + 1
	return got[:i-1], nil
}

// chunkSize reads a chunk's size; an extension after it is ignored.
func chunkSize(line []byte) (int64, error) {
	size, extension, _ := bytes.Cut(line, []byte(";"))
	size = bytes.TrimRight(size, " \t")
	if len(size) == 0 || len(size) > 15 {
		return 0, fmt.Errorf("chunked body: %.20q is not a size", size)
	}
	if bytes.IndexByte(extension, '\r') >= 0 {
		return 0, errors.New("chunked body: an extension holds a CR")
	}
	var n int64
	for _, c := range size {
		switch {
		case c >= '0' && c <= '9':
			n = n<<4 | int64(c-'0')
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			n = n<<4 | int64(c|0x20-'a'+10)
		default:
			return 0, fmt.Errorf("chunked body: %.20q is not a size", size)
		}
	}
	return n, nil
}

func (b *leanBody) readData(p []byte) (int, error) {
	c := b.conn
	if int64(len(p)) > b.framing.left {
		p = p[:b.framing.left]
	}
	n := copy(p, c.in[c.from:c.to])
	c.from += n
	if b.framing.left -= int64(n); b.framing.left == 0 {
		b.phase = atDataEnd
		return n, nil
	}
	if n < len(p) {
		return n, errMore
	}
	return n, nil
}

func (b *leanBody) readDataEnd() error {
	c := b.conn
	if c.to-c.from < 2 {
		return errMore
	}
	if c.in[c.from] != '\r' || c.in[c.from+1] != '\n' {
		return errors.New("chunked body: a chunk is longer than its size")
	}
	c.from += 2
	b.phase = atSize
	return nil
}

// readTrailer takes the fields after the last chunk, up to the empty line.
func (b *leanBody) readTrailer() error {
	line, err := b.line(bufferSize)
	if err != nil {
		return err
	}
	if len(line) == 0 {
		return io.EOF
	}
	name, value, err := parseField(string(line))
	if err != nil {
		return err
	}
	if len(b.resp.Trailer) >= 64 {
		return errors.New("chunked body: too many trailers")
	}
	if ofConnection(name) {
		return nil
	}
	if b.resp.Trailer == nil {
		b.resp.Trailer = http.Header{}
	}
	b.resp.Trailer.Add(name, value)
	return nil
}
