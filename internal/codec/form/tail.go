package form

import (
	"bytes"
	"io"
)

// maxTail is at least as much as multipart.Reader reads ahead.
const maxTail = 8 << 10

// A tail remembers the end of what was read from r: for multipart.Reader a body
// that breaks off in a part's headers ends as well as one with its closing line.
type tail struct {
	r    io.Reader
	last []byte
}

// Read implements io.Reader.
func (t *tail) Read(p []byte) (int, error) {
	n, err := t.r.Read(p)
	t.last = append(t.last, p[:n]...)
	if over := len(t.last) - maxTail; over > 0 {
		t.last = append(t.last[:0], t.last[over:]...)
	}
	return n, err
}

// holds reports whether a line that is at the end begins with text.
func (t *tail) holds(text string) bool {
	return bytes.HasPrefix(t.last, []byte(text)) || bytes.Contains(t.last, []byte("\n"+text))
}
