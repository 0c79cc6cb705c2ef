package egress

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
)

// joinBelow is the size up to which a body is copied behind the head and sent
// in one write; larger ones are sent from where they are.
const joinBelow = 16 << 10

// bodyLength is the length of req's body, -1 if it is unknown.
func bodyLength(req *http.Request) int64 {
	if req.Body == nil || req.Body == http.NoBody {
		return 0
	}
	if req.ContentLength != 0 {
		return req.ContentLength
	}
	return -1
}

func badRequest(detail string) *Error {
	return &Error{Reason: BadRequest, Detail: detail, message: "the request cannot be sent: " + detail}
}

// newHead writes the head of req, and refuses what would not be one request.
func newHead(req *http.Request) ([]byte, error) {
	uri := req.URL.RequestURI()
	if err := checkRequestLine(req, uri); err != nil {
		return nil, err
	}
	length := bodyLength(req)
	capacity := 1024
	if length > 0 && length <= joinBelow {
		capacity += int(length) // the body is copied behind the head
	}
	return appendHead(make([]byte, 0, capacity), req, uri, length)
}

// checkRequestLine refuses what would end up as two lines, or as another request.
func checkRequestLine(req *http.Request, uri string) error {
	if req.Method != "" && !isToken(req.Method) {
		return badRequest("the method is not a token")
	}
	if req.URL.Host == "" {
		return badRequest("the URL has no host")
	}
	for _, s := range [...]string{uri, req.URL.Host, req.Host} {
		for i := range len(s) {
			if s[i] <= ' ' || s[i] == 0x7f {
				return badRequest("the URL holds a space or control character")
			}
		}
	}
	if strings.ContainsAny(req.Host, "/@?#\\") {
		return badRequest("the Host header is not a host")
	}
	return nil
}

// appendHead appends the request line and headers; length is the body's.
func appendHead(b []byte, req *http.Request, uri string, length int64) ([]byte, error) {
	method := req.Method
	if method == "" {
		method = http.MethodGet
	}
	host := req.Host
	if host == "" {
		host = req.URL.Host
	}
	b = append(append(b, method...), ' ')
	b = append(append(b, uri...), " HTTP/1.1\r\nHost: "...)
	b = append(append(b, host...), "\r\n"...)
	for name, values := range req.Header {
		if ofConnection(name) {
			continue
		}
		if !isToken(name) {
			return nil, badRequest(fmt.Sprintf("header name %q is not a token", name))
		}
		for _, v := range values {
			if !isValue(v) {
				return nil, badRequest("the value of header " + name + " holds a control character")
			}
			if name == "User-Agent" && v == "" {
				continue // how net/http says: none
			}
			b = append(append(b, name...), ": "...)
			b = append(append(b, v...), "\r\n"...)
		}
	}
	if req.Close {
		b = append(b, "Connection: close\r\n"...)
	}
	switch {
	case length < 0:
		b = append(b, "Transfer-Encoding: chunked\r\n"...)
	case length > 0 || method == http.MethodPost || method == http.MethodPut || method == http.MethodPatch:
		b = strconv.AppendInt(append(b, "Content-Length: "...), length, 10)
		b = append(b, "\r\n"...)
	}
	return append(b, "\r\n"...), nil
}

// ofConnection reports whether a header, in any case, belongs to one connection
// or is written from the request itself.
func ofConnection(name string) bool {
	var names []string
	switch len(name) {
	case 2:
		names = []string{"te"}
	case 4:
		names = []string{"host"}
	case 6:
		names = []string{"expect"}
	case 7:
		names = []string{"trailer", "upgrade"}
	case 10:
		names = []string{"connection", "keep-alive"}
	case 14:
		names = []string{"content-length"}
	case 16:
		names = []string{"proxy-connection"}
	case 17:
		names = []string{"transfer-encoding"}
	case 18:
		names = []string{"proxy-authenticate"}
	case 19:
		names = []string{"proxy-authorization"}
	}
	for _, n := range names {
		if strings.EqualFold(n, name) {
			return true
		}
	}
	return false
}

// bodyError is a request body that could not be read, or was not as long as
// announced; the connection is not to blame.
type bodyError struct{ err error }

func (e *bodyError) Error() string { return "reading the request body: " + e.err.Error() }
func (e *bodyError) Unwrap() error { return e.err }

// writeRequest writes head and body, and closes the body.
func writeRequest(conn net.Conn, head []byte, req *http.Request, length int64) error {
	if length == 0 {
		closeBody(req)
		_, err := conn.Write(head)
		return err
	}
	defer closeBody(req)
	w := &requestWriter{conn: conn, head: head, left: length, chunked: length < 0}
	if err := copyBody(w, req.Body); err != nil {
		return err
	}
	return w.end()
}

func copyBody(w *requestWriter, body io.Reader) error {
	if from, ok := body.(io.WriterTo); ok { // hands over all it has without a copy
		_, err := from.WriteTo(w)
		return err
	}
	buf := make([]byte, 32<<10)
	for {
		n, err := body.Read(buf)
		if n > 0 {
			if _, err := w.Write(buf[:n]); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return &bodyError{err}
		}
	}
}

// requestWriter frames a body, and sends the head together with its first part.
type requestWriter struct {
	conn    net.Conn
	head    []byte // nil once it is sent
	left    int64  // of the announced length
	chunked bool
}

func (w *requestWriter) Write(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if !w.chunked {
		if int64(len(p)) > w.left {
			return 0, &bodyError{errors.New("it is longer than its Content-Length")}
		}
		w.left -= int64(len(p))
		return len(p), w.write(w.head, p, nil)
	}
	lead := strconv.AppendInt(w.head, int64(len(p)), 16)
	return len(p), w.write(append(lead, "\r\n"...), p, []byte("\r\n"))
}

func (w *requestWriter) write(lead, p, tail []byte) error {
	w.head = nil
	if len(p) <= joinBelow {
		_, err := w.conn.Write(append(append(lead, p...), tail...))
		return err
	}
	parts := net.Buffers{lead, p, tail}
	_, err := parts.WriteTo(w.conn)
	return err
}

func (w *requestWriter) end() error {
	if w.chunked {
		_, err := w.conn.Write(append(w.head, "0\r\n\r\n"...))
		return err
	}
	if w.left > 0 {
		return &bodyError{fmt.Errorf("it ended %d bytes before its Content-Length", w.left)}
	}
	return nil
}
