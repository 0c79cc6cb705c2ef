package egress

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/textproto"
	"strconv"
	"strings"
)

// Which bytes a header name (an RFC 9110 token) and a value may hold.
var tokenBytes, valueBytes = byteClasses()

func byteClasses() (token, value [256]bool) {
	for c := range 256 {
		value[c] = c >= ' ' && c != 0x7f || c == '\t'
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		token[c] = letter || c < 0x80 && strings.IndexByte("!#$%&'*+-.^_`|~", byte(c)) >= 0
	}
	return token, value
}

func isToken(s string) bool {
	for i := range len(s) {
		if !tokenBytes[s[i]] {
			return false
		}
	}
	return s != ""
}

func isValue(s string) bool {
	for i := range len(s) {
		if !valueBytes[s[i]] {
			return false
		}
	}
	return true
}

// headEnd returns the length of the head in b with its empty line, 0 if it is
// not whole; the first scanned bytes were looked at before. Lines may end in a
// bare LF.
func headEnd(b []byte, scanned int) int {
	for at := max(0, scanned-3); ; {
		i := bytes.IndexByte(b[at:], '\n')
		if i < 0 {
			return 0
		}
		at += i + 1
		switch rest := b[at:]; {
		case len(rest) >= 1 && rest[0] == '\n':
			return at + 1
		case len(rest) >= 2 && rest[0] == '\r' && rest[1] == '\n':
			return at + 2
		}
	}
}

// parseHead reads a whole response head. The strings of the response share one
// copy of it.
func parseHead(head []byte) (*http.Response, error) {
	rest := string(head)
	line, rest, _ := cutLine(rest)
	resp := &http.Response{}
	if err := parseStatusLine(resp, line); err != nil {
		return nil, err
	}
	n := strings.Count(rest, "\n")
	resp.Header = make(http.Header, n)
	values := make([]string, n) // one array for all values
	for {
		var ok bool
		if line, rest, ok = cutLine(rest); !ok || line == "" {
			return resp, nil
		}
		name, value, err := parseField(line)
		if err != nil {
			return nil, err
		}
		if have, ok := resp.Header[name]; ok {
			resp.Header[name] = append(have, value)
			continue
		}
		values[0] = value
		resp.Header[name] = values[:1:1]
		values = values[1:]
	}
}

func cutLine(s string) (line, rest string, ok bool) {
	line, rest, ok = strings.Cut(s, "\n")
	return strings.TrimSuffix(line, "\r"), rest, ok
}

func parseStatusLine(resp *http.Response, line string) error {
	if len(line) < 12 || line[:7] != "HTTP/1." || line[7] < '0' || line[7] > '9' || line[8] != ' ' {
		return fmt.Errorf("status line %.40q is not HTTP/1", line)
	}
	code, err := strconv.ParseUint(line[9:12], 10, 16)
	if err != nil || code < 100 || len(line) > 12 && line[12] != ' ' || !isValue(line) {
		return fmt.Errorf("status line %.40q is malformed", line)
	}
	resp.StatusCode = int(code)
	resp.Status = line[9:]
	resp.Proto = line[:8]
	resp.ProtoMajor, resp.ProtoMinor = 1, int(line[7]-'0')
	return nil
}

func parseField(line string) (name, value string, err error) {
	name, value, ok := strings.Cut(line, ":")
	if !ok || !isToken(name) {
		return "", "", fmt.Errorf("header line %.40q is malformed", line)
	}
	value = strings.Trim(value, " \t")
	if !isValue(value) {
		return "", "", fmt.Errorf("the value of header %s holds a control character", name)
	}
	return textproto.CanonicalMIMEHeaderKey(name), value, nil
}

// framing says how a body is delimited.
type framing struct {
	kind framingKind
	left int64 // of a known length, or of the current chunk
}

type framingKind uint8

const (
	byLength framingKind = iota
	byChunks
	byClose
)

func (f framing) empty() bool { return f.kind == byLength && f.left == 0 }

// frame decides how the body is delimited, and refuses a head that says so in
// two ways. It completes the response as net/http does.
func frame(method string, resp *http.Response) (framing, error) {
	encodings := resp.Header["Transfer-Encoding"]
	lengths := resp.Header["Content-Length"]
	length, err := contentLength(lengths)
	if err != nil {
		return framing{}, err
	}
	if len(lengths) > 1 {
		resp.Header["Content-Length"] = lengths[:1]
	}
	delete(resp.Header, "Trailer")
	resp.Close = closes(resp)
	resp.ContentLength = length
	if len(encodings) > 0 {
		switch {
		case length >= 0:
			return framing{}, errors.New("the head has both Content-Length and Transfer-Encoding")
		case resp.ProtoMinor == 0:
			return framing{}, errors.New("HTTP/1.0 with Transfer-Encoding")
		case len(encodings) > 1 || !strings.EqualFold(encodings[0], "chunked"):
			return framing{}, fmt.Errorf("Transfer-Encoding %.40q is not chunked", strings.Join(encodings, ", "))
		}
		delete(resp.Header, "Transfer-Encoding")
		resp.TransferEncoding = []string{"chunked"}
	}
	if method == http.MethodHead || resp.StatusCode == http.StatusNoContent || resp.StatusCode == http.StatusNotModified {
		if method != http.MethodHead {
			resp.ContentLength = 0
		}
		return framing{}, nil
	}
	switch {
	case len(encodings) > 0:
		return framing{kind: byChunks}, nil
	case length >= 0:
		return framing{kind: byLength, left: length}, nil
	}
	resp.Close = true
	return framing{kind: byClose}, nil
}

// contentLength returns -1 if there is none. Repeated values must agree.
func contentLength(values []string) (int64, error) {
	if len(values) == 0 {
		return -1, nil
	}
	for _, v := range values {
		if v != values[0] {
			return 0, fmt.Errorf("Content-Length is both %.20q and %.20q", values[0], v)
		}
	}
	n, err := strconv.ParseUint(values[0], 10, 63)
	if err != nil {
		return 0, fmt.Errorf("Content-Length %.20q is not a number", values[0])
	}
	return int64(n), nil
}

func closes(resp *http.Response) bool {
	keep := false
	for _, v := range resp.Header["Connection"] {
		for token := range strings.SplitSeq(v, ",") {
			switch strings.ToLower(strings.Trim(token, " \t")) {
			case "close":
				return true
			case "keep-alive":
				keep = true
			}
		}
	}
	return resp.ProtoMinor == 0 && !keep
}
