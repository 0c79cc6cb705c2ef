package egress

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

const (
	bufferSize  = 8 << 10
	inlineWrite = 64 << 10 // bodies above this are written beside the reading
	maxInterim  = 64       // 1xx responses before the real one
)

var buffers = sync.Pool{New: func() any { return new([bufferSize]byte) }}

// leanConn is a connection that serves one request at a time. It belongs to the
// pool, to the goroutine in do, or to the response's body.
type leanConn struct {
	net.Conn
	lean      *lean
	target    target
	reused    bool
	idleSince time.Time
	state     *tls.ConnectionState // kept, because every response shows it

	in      []byte // received and not yet used: in[from:to]
	from    int
	to      int
	std     *[bufferSize]byte // in's array, if it is a pooled one
	gotByte bool              // something of this response has come

	ctx     context.Context
	stop    func() bool // detaches the connection from ctx
	aborted atomic.Bool

	written chan error  // of a write beside the reading; nil if there is none
	broken  atomic.Bool // not to be used again
}

// do sends req and reads the response's head. On an error the connection is
// closed; stale reports that the peer closed it before a byte of the response.
func (c *leanConn) do(req *http.Request, head []byte) (resp *http.Response, stale bool, err error) {
	c.begin(req.Context())
	if resp, err = c.exchange(req, head); err == nil {
		return resp, false, nil
	}
	stale = !c.gotByte && ended(err) && !c.aborted.Load()
	c.discard()
	return nil, stale, asError(req.Context(), req.URL.Host, err)
}

func (c *leanConn) begin(ctx context.Context) {
	c.ctx = ctx
	c.gotByte = false
	c.std = buffers.Get().(*[bufferSize]byte)
	c.in, c.from, c.to = c.std[:], 0, 0
	c.stop = func() bool { return true }
	if ctx.Done() != nil {
		c.stop = context.AfterFunc(ctx, c.abort)
	}
}

// abort ends every read and write at once; it may be called at any time.
func (c *leanConn) abort() {
	c.aborted.Store(true)
	_ = c.SetDeadline(time.Unix(1, 0))
}

// release gives the connection back to the pool after a whole response, or
// closes it if it cannot serve another.
func (c *leanConn) release() {
	if !c.stop() || !c.wrote() || c.broken.Load() || c.from != c.to {
		c.discard()
		return
	}
	c.unload()
	c.lean.pool.put(c)
}

// wrote reports whether the whole request is out; a write beside the reading
// that is as good as done is waited for.
func (c *leanConn) wrote() bool {
	if c.written == nil {
		return true
	}
	timer := time.NewTimer(50 * time.Millisecond)
	defer timer.Stop()
	select {
	case err := <-c.written:
		c.written = nil
		return err == nil
	case <-timer.C:
		return false
	}
}

// discard closes the connection. Its buffer is not reused: a reader that Close
// has interrupted may still hold it.
func (c *leanConn) discard() {
	c.stop()
	_ = c.Close()
}

func (c *leanConn) unload() {
	if c.std != nil {
		buffers.Put(c.std)
	}
	c.std, c.in, c.from, c.to = nil, nil, 0, 0
	c.ctx, c.stop = nil, nil
}

func (c *leanConn) exchange(req *http.Request, head []byte) (*http.Response, error) {
	if err := c.send(req, head); err != nil {
		return nil, err
	}
	resp, err := c.readResponse(req)
	if err != nil && c.written != nil && !c.gotByte {
		return nil, c.uploadError(err)
	}
	return resp, err
}

// uploadError prefers why the request could not be sent over why no answer came.
func (c *leanConn) uploadError(err error) error {
	select {
	case sendErr := <-c.written:
		c.written = nil
		if sendErr != nil && !ended(sendErr) && !errors.Is(sendErr, os.ErrDeadlineExceeded) {
			return sendErr
		}
	default:
	}
	return err
}

// send writes the request; a body that may not fit the kernel's buffers is
// written beside the reading, since the peer may answer before it has read all.
func (c *leanConn) send(req *http.Request, head []byte) error {
	length := bodyLength(req)
	if length >= 0 && length <= inlineWrite {
		return c.sent(writeRequest(c.Conn, head, req, length))
	}
	written := make(chan error, 1)
	c.written = written
	go func() {
		err := c.sent(writeRequest(c.Conn, head, req, length))
		written <- err
		if err != nil {
			c.abort()
		}
	}()
	return nil
}

// sent forgives a peer that stopped reading: its answer may be there.
func (c *leanConn) sent(err error) error {
	if err == nil || !ended(err) {
		return err
	}
	c.broken.Store(true)
	if !c.aborted.Load() {
		_ = c.SetReadDeadline(time.Now().Add(grace))
	}
	return nil
}

// readResponse skips interim responses and reads the head of the real one.
func (c *leanConn) readResponse(req *http.Request) (*http.Response, error) {
	budget := int(c.lean.opt.MaxHeaderBytes)
	for range maxInterim {
		head, err := c.readHead(budget)
		if err != nil {
			return nil, err
		}
		budget -= len(head)
		resp, err := parseHead(head)
		if err != nil {
			return nil, badResponse(req, err)
		}
		if resp.StatusCode >= 200 {
			return c.finish(req, resp)
		}
		if resp.StatusCode == http.StatusSwitchingProtocols {
			return nil, badResponse(req, errors.New("switches protocols unasked"))
		}
	}
	return nil, badResponse(req, fmt.Errorf("sent more than %d interim responses", maxInterim))
}

func badResponse(req *http.Request, err error) *Error {
	return &Error{Reason: BadResponse, Detail: req.URL.Host, Err: err, message: "the upstream answered with something that is not valid HTTP"}
}

// readHead returns the bytes up to and with the empty line. They are valid until
// the next read.
func (c *leanConn) readHead(limit int) ([]byte, error) {
	for scanned := 0; ; {
		if n := headEnd(c.in[c.from:c.to], scanned); n > 0 {
			if n > limit {
				break
			}
			head := c.in[c.from : c.from+n]
			c.from += n
			return head, nil
		}
		scanned = c.to - c.from
		if scanned >= limit {
			break
		}
		if err := c.fill(); err != nil {
			return nil, err
		}
	}
	return nil, &Error{
		Reason: BadResponse, Detail: c.target.addr, Err: fmt.Errorf("response head is larger than %d bytes", c.lean.opt.MaxHeaderBytes),
		message: "the upstream answered with a head that is too large",
	}
}

// fill reads once more from the connection, behind what is buffered.
func (c *leanConn) fill() error {
	if c.from == c.to {
		c.from, c.to = 0, 0
	}
	if c.to == len(c.in) {
		c.makeRoom()
	}
	n, err := c.Read(c.in[c.to:])
	c.to += n
	if n > 0 {
		c.gotByte = true
		return nil
	}
	return c.readError(err)
}

func (c *leanConn) makeRoom() {
	if c.from > 0 {
		c.to = copy(c.in, c.in[c.from:c.to])
		c.from = 0
		return
	}
	grown := make([]byte, 2*len(c.in))
	c.to = copy(grown, c.in[:c.to])
	c.in, c.std = grown, nil
}

// readError is what a failed read means to the caller: a cut is never an
// ordinary end.
func (c *leanConn) readError(err error) error {
	if c.aborted.Load() && c.ctx.Err() != nil {
		return context.Cause(c.ctx)
	}
	if err == nil || errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// finish puts the body on the response. Without one the connection is free.
func (c *leanConn) finish(req *http.Request, resp *http.Response) (*http.Response, error) {
	framing, err := frame(req.Method, resp)
	if err != nil {
		return nil, badResponse(req, err)
	}
	if secure, ok := c.Conn.(*tls.Conn); ok {
		if c.state == nil {
			s := secure.ConnectionState()
			c.state = &s
		}
		resp.TLS = c.state
	}
	resp.Request = req
	if resp.Close || req.Close {
		c.broken.Store(true)
	}
	if framing.empty() {
		resp.Body = http.NoBody
		c.release()
		return resp, nil
	}
	resp.Body = &leanBody{conn: c, resp: resp, framing: framing}
	return resp, nil
}
