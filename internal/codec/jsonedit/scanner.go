package jsonedit

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"unicode/utf8"

	"github.com/portico-ai/portico/internal/ai"
)

// A scanner checks a document byte by byte, except that strings, which are most
// of it, are crossed eight bytes at a time. Once fault is set all its methods
// do nothing that matters.
type scanner struct {
	b     []byte
	at    int
	depth int
	fault *ai.Error

	seen  uint // bit i: guarded[i] has been seen
	found Top
}

func (s *scanner) fail(at int, format string, args ...any) {
	if s.fault == nil {
		s.fault = invalid("The request body is not valid JSON: at byte %d %s", at, fmt.Sprintf(format, args...))
	}
	s.at = len(s.b)
}

// expected fails at the current byte.
func (s *scanner) expected(what string) {
	if s.at >= len(s.b) {
		s.fail(len(s.b), "it ends where %s was expected", what)
		return
	}
	s.fail(s.at, "%s was expected, not %q", what, s.b[s.at:s.at+1])
}

func (s *scanner) space() { s.at = skipSpace(s.b, s.at) }

// peek is the byte after any white space, 0 at the end.
func (s *scanner) peek() byte {
	if s.at < len(s.b) && s.b[s.at] > ' ' {
		return s.b[s.at]
	}
	if s.space(); s.at < len(s.b) {
		return s.b[s.at]
	}
	return 0
}

func (s *scanner) value() {
	switch c := s.peek(); c {
	case '{':
		s.object(false)
	case '[':
		s.array()
	case '"':
		s.text()
	case 't':
		s.literal("true")
	case 'f':
		s.literal("false")
	case 'n':
		s.literal("null")
	default:
		if c != '-' && !isDigit(c) {
			s.expected("a value")
			return
		}
		s.number()
	}
}

func (s *scanner) enter() bool {
	s.at++
	if s.depth++; s.depth > MaxDepth {
		s.fail(s.at-1, "it is nested more than %d levels deep", MaxDepth)
		return false
	}
	return true
}

func (s *scanner) object(top bool) {
	if !s.enter() {
		return
	}
	if s.peek() == '}' {
		s.leave()
		return
	}
	for {
		if s.peek() != '"' {
			s.expected("a key in double quotes")
			return
		}
		key := s.at
		s.text()
		kend := s.at
		if s.peek() != ':' {
			s.expected("a colon")
			return
		}
		s.at++
		s.peek()
		val := s.at
		if s.value(); s.fault != nil {
			return
		}
		if top {
			if s.member(s.b[key:kend], s.b[val:s.at]); s.fault != nil {
				return
			}
		}
		if more := s.more('}'); !more {
			return
		}
	}
}

func (s *scanner) array() {
	if !s.enter() {
		return
	}
	if s.peek() == ']' {
		s.leave()
		return
	}
	for {
		if s.value(); s.fault != nil {
			return
		}
		if more := s.more(']'); !more {
			return
		}
	}
}

// more reads the comma before another member, or the end of the container.
func (s *scanner) more(bracket byte) bool {
	switch s.peek() {
	case ',':
		s.at++
		return true
	case bracket:
		s.leave()
	default:
		s.expected(fmt.Sprintf("a comma or %q", string(bracket)))
	}
	return false
}

func (s *scanner) leave() {
	s.at++
	s.depth--
}

func (s *scanner) literal(word string) {
	if len(s.b)-s.at < len(word) || string(s.b[s.at:s.at+len(word)]) != word {
		s.expected("a value")
		return
	}
	s.at += len(word)
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func (s *scanner) number() {
	if s.b[s.at] == '-' {
		s.at++
	}
	if s.at < len(s.b) && s.b[s.at] == '0' {
		s.at++
	} else {
		s.digits()
	}
	if s.at < len(s.b) && s.b[s.at] == '.' {
		s.at++
		s.digits()
	}
	if s.at < len(s.b) && s.b[s.at]|0x20 == 'e' {
		s.at++
		if s.at < len(s.b) && (s.b[s.at] == '+' || s.b[s.at] == '-') {
			s.at++
		}
		s.digits()
	}
}

// digits reads at least one.
func (s *scanner) digits() {
	from := s.at
	for s.at < len(s.b) && isDigit(s.b[s.at]) {
		s.at++
	}
	if s.at == from {
		s.expected("a digit")
	}
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// special has the high bit set of each byte of x that is a quote, a backslash,
// a control character or not ASCII. Above the lowest such byte it may be wrong.
func special(x uint64) uint64 {
	quote := x ^ ones*'"'
	slash := x ^ ones*'\\'
	return ((quote - ones) | (slash - ones) | (x - ones*' ') | x) & highs
}

// text reads the string that begins at the current byte.
func (s *scanner) text() {
	for i := s.at + 1; ; {
		i = skipPlain(s.b, i)
		if i == len(s.b) {
			s.fail(i, "it ends inside the string that began at byte %d", s.at)
			return
		}
		if s.b[i] == '"' {
			s.at = i + 1
			return
		}
		n := s.unusual(i)
		if n == 0 {
			return
		}
		i += n
	}
}

// skipPlain returns the offset of the first byte at or after i that needs a
// closer look, len(b) if none does.
func skipPlain(b []byte, i int) int {
	for len(b)-i >= 8 {
		m := special(binary.LittleEndian.Uint64(b[i:]))
		if m != 0 {
			return i + bits.TrailingZeros64(m)/8
		}
		i += 8
	}
	for i < len(b) && b[i] >= ' ' && b[i] != '"' && b[i] != '\\' && b[i] < utf8.RuneSelf {
		i++
	}
	return i
}

// unusual checks what is not plain text at i and returns its length, 0 after a
// fault.
func (s *scanner) unusual(i int) int {
	c := s.b[i]
	if c == '\\' {
		return s.escape(i)
	}
	if c < ' ' {
		s.fail(i, "there is a bare control character %q in a string; escape it", c)
		return 0
	}
	end := i
	for end < len(s.b) && s.b[end] >= utf8.RuneSelf {
		r, n := utf8.DecodeRune(s.b[end:])
		if r == utf8.RuneError && n == 1 {
			s.fail(end, "a string is not valid UTF-8")
			return 0
		}
		end += n
	}
	return end - i
}

func (s *scanner) escape(i int) int {
	if i+1 >= len(s.b) {
		s.fail(len(s.b), "it ends inside a string")
		return 0
	}
	switch s.b[i+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		if len(s.b)-i >= 6 && isHex(s.b[i+2]) && isHex(s.b[i+3]) && isHex(s.b[i+4]) && isHex(s.b[i+5]) {
			return 6
		}
	}
	s.fail(i, "there is an invalid escape in a string")
	return 0
}

func isHex(c byte) bool {
	return isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'f'
}
