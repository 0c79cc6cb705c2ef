package egress

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
)

// serveInProcess answers req from h without a socket. The handler runs beside
// the caller, as it would behind one: what it writes can be read at once,
// cancelling the request or closing the response's body cancels its context,
// and a panic (http.ErrAbortHandler included) cuts the body.
func serveInProcess(h http.Handler, req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancel(req.Context())
	body, sink := io.Pipe()
	w := &pipeWriter{header: http.Header{}, sink: sink, head: make(chan *http.Response, 1)}
	in := serverRequest(ctx, req)
	stop := context.AfterFunc(ctx, func() { _ = sink.CloseWithError(context.Cause(ctx)) })
	go func() {
		defer stop()
		defer closeBody(req)
		err := run(h, w, in)
		if err == nil && ctx.Err() != nil { // whatever it left out, the reply is not whole
			err = context.Cause(ctx)
		}
		w.finish(err)
	}()
	select {
	case resp, ok := <-w.head:
		if !ok {
			cancel()
			return nil, asError(req.Context(), req.URL.Host, io.ErrUnexpectedEOF)
		}
		resp.Request = req
		resp.Body = &pipeBody{PipeReader: body, cancel: cancel}
		return resp, nil
	case <-ctx.Done():
		err := asError(req.Context(), req.URL.Host, ctx.Err())
		cancel()
		return nil, err
	}
}

func serverRequest(ctx context.Context, req *http.Request) *http.Request {
	in := req.Clone(ctx)
	in.RequestURI = req.URL.RequestURI()
	in.RemoteAddr = "in-process"
	if in.Host == "" {
		in.Host = req.URL.Host
	}
	if in.Body == nil {
		in.Body = http.NoBody
	}
	return in
}

func run(h http.Handler, w http.ResponseWriter, in *http.Request) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = io.ErrUnexpectedEOF
			if v != http.ErrAbortHandler { //nolint:errorlint // a panic value, compared as net/http does
				err = fmt.Errorf("handler panicked: %v: %w", v, io.ErrUnexpectedEOF)
			}
		}
	}()
	h.ServeHTTP(w, in)
	return nil
}

// pipeWriter is an http.ResponseWriter whose response is read while it is written.
type pipeWriter struct {
	header http.Header
	sink   *io.PipeWriter
	head   chan *http.Response

	once   sync.Once
	length int64 // declared Content-Length, -1 if none
	sent   int64
}

func (w *pipeWriter) Header() http.Header { return w.header }

func (w *pipeWriter) WriteHeader(status int) {
	if status < 200 { // interim responses are not passed on
		return
	}
	w.once.Do(func() {
		header := w.header.Clone()
		w.length = -1
		if n, err := strconv.ParseInt(header.Get("Content-Length"), 10, 64); err == nil && n >= 0 {
			w.length = n
		}
		w.head <- &http.Response{
			Status:        strconv.Itoa(status) + " " + http.StatusText(status),
			StatusCode:    status,
			Proto:         "HTTP/1.1",
			ProtoMajor:    1,
			ProtoMinor:    1,
			Header:        header,
			ContentLength: w.length,
		}
	})
}

func (w *pipeWriter) Write(b []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	if w.length >= 0 && w.sent+int64(len(b)) > w.length {
		return 0, http.ErrContentLength
	}
	n, err := w.sink.Write(b)
	w.sent += int64(n)
	return n, err
}

// Flush implements http.Flusher. Nothing is held back, so it only sends the head.
func (w *pipeWriter) Flush() { w.WriteHeader(http.StatusOK) }

func (w *pipeWriter) finish(err error) {
	if err != nil {
		w.once.Do(func() { close(w.head) }) // no head: the caller gets an error instead of a reply
		_ = w.sink.CloseWithError(err)
		return
	}
	w.WriteHeader(http.StatusOK)
	if w.length > w.sent {
		_ = w.sink.CloseWithError(io.ErrUnexpectedEOF)
		return
	}
	_ = w.sink.Close()
}

// pipeBody tells the handler when its reader has gone.
type pipeBody struct {
	*io.PipeReader
	cancel context.CancelFunc
}

func (b *pipeBody) Read(p []byte) (int, error) {
	n, err := b.PipeReader.Read(p)
	if errors.Is(err, io.ErrClosedPipe) {
		err = http.ErrBodyReadAfterClose
	}
	return n, err
}

func (b *pipeBody) Close() error {
	err := b.PipeReader.Close()
	b.cancel()
	return err
}
