package gateway

import (
	"bytes"
	"io"
	"strings"
)

// A masked reader hides an attempt's secrets in a reply that passes through in
// blocks. A secret is covered by as many bytes as it has, so that the length
// that was announced still holds, and is found wherever a block ends.
type masked struct {
	src     io.Reader
	secrets [][]byte
	buf     []byte
	ready   int // bytes of buf that may be given out
	err     error
}

// masked returns src with the secrets hidden, or src itself if there are none.
func (d *destination) masked(src io.Reader) io.Reader {
	m := &masked{src: src}
	for v := range d.secrets {
		m.secrets = append(m.secrets, []byte(v))
	}
	if m.secrets == nil {
		return src
	}
	return m
}

// Read implements io.Reader.
func (m *masked) Read(p []byte) (int, error) {
	for m.ready == 0 {
		if m.err != nil {
			return 0, m.err
		}
		m.fill(len(p))
	}
	n := copy(p, m.buf[:m.ready])
	m.buf, m.ready = m.buf[:copy(m.buf, m.buf[n:])], m.ready-n
	return n, nil
}

// fill reads up to n bytes more and hides what they make whole. The beginning of
// a secret at the end stays until it is known what follows.
func (m *masked) fill(n int) {
	held := len(m.buf)
	if cap(m.buf) < held+n {
		m.buf = append(make([]byte, 0, held+n), m.buf...)
	}
	read, err := m.src.Read(m.buf[held : held+n])
	m.buf, m.err = m.buf[:held+read], err
	m.ready = len(m.buf)
	for _, secret := range m.secrets {
		cover(m.buf, secret)
	}
	if err != nil {
		return
	}
	for _, secret := range m.secrets {
		m.ready = min(m.ready, beginning(m.buf, secret))
	}
}

// cover writes over every place where b holds the secret.
func cover(b, secret []byte) {
	for {
		at := bytes.Index(b, secret)
		if at < 0 {
			return
		}
		copy(b[at:], coverOf(string(secret)))
		b = b[at+len(secret):]
	}
}

// coverOf is a secret's hint, as long as the secret.
func coverOf(secret string) string {
	return secret[:2] + strings.Repeat("*", len(secret)-5) + secret[len(secret)-3:]
}

// beginning is where b's end begins the secret, len(b) if it does not.
func beginning(b, secret []byte) int {
	at := max(0, len(b)-len(secret)+1)
	for at < len(b) {
		next := bytes.IndexByte(b[at:], secret[0])
		if next < 0 {
			return len(b)
		}
		if at += next; bytes.HasPrefix(secret, b[at:]) {
			return at
		}
		at++
	}
	return len(b)
}
