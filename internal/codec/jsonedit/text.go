package jsonedit

import (
	"bytes"
	"encoding/json"
	"strconv"
	"unicode/utf8"
)

// Text returns the text of a JSON string, "" if raw is none.
func Text(raw []byte) string {
	if len(raw) < 2 || raw[0] != '"' || raw[len(raw)-1] != '"' {
		return ""
	}
	inner := raw[1 : len(raw)-1]
	if bytes.IndexByte(inner, '\\') < 0 {
		return string(inner)
	}
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return s
}

// IsNull reports whether raw is null or nothing at all.
func IsNull(raw []byte) bool { return len(raw) == 0 || raw[0] == 'n' }

// Kind is the first byte of a value, which tells its type: '{', '[', '"', 't',
// 'f', 'n', '-' or a digit; 0 if raw is empty.
func Kind(raw []byte) byte {
	if len(raw) == 0 {
		return 0
	}
	return raw[0]
}

const hex = "0123456789abcdef"

// AppendString appends s as a JSON string. Bytes that are not UTF-8 become
// U+FFFD; nothing else is escaped than what JSON asks for.
func AppendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	dst = appendEscaped(dst, []byte(s))
	return append(dst, '"')
}

// AppendQuoted appends the bytes of a document as a JSON string, as for tool
// arguments, which one format writes as an object and another as its text.
func AppendQuoted(dst, doc []byte) []byte {
	dst = append(dst, '"')
	dst = appendEscaped(dst, doc)
	return append(dst, '"')
}

func appendEscaped(dst, s []byte) []byte {
	from := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRune(s[i:])
			if r == utf8.RuneError && n == 1 {
				dst = append(append(dst, s[from:i]...), "\ufffd"...)
				from = i + 1
			}
			i += n
			continue
		}
		if c >= 0x20 && c != '"' && c != '\\' {
			i++
			continue
		}
		dst = append(dst, s[from:i]...)
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
		i++
		from = i
	}
	return append(dst, s[from:]...)
}

// TextLen returns the length in bytes of a JSON string's text, 0 if raw is none.
func TextLen(raw []byte) int {
	if len(raw) < 2 || raw[0] != '"' {
		return 0
	}
	inner := raw[1 : len(raw)-1]
	n := len(inner)
	for {
		i := bytes.IndexByte(inner, '\\')
		if i < 0 || i+1 >= len(inner) {
			return n
		}
		if inner[i+1] != 'u' || i+6 > len(inner) {
			n--
			inner = inner[i+2:]
			continue
		}
		n -= 6 - escapedLen(inner[i+2:i+6])
		inner = inner[i+6:]
	}
}

// escapedLen is the length in UTF-8 of the rune with the given four hex digits.
// Each half of a surrogate pair counts as half of its four bytes.
func escapedLen(digits []byte) int {
	r, err := strconv.ParseUint(string(digits), 16, 16)
	if err != nil {
		return len(digits)
	}
	switch {
	case r < 0x80:
		return 1
	case r < 0x800, r >= 0xd800 && r < 0xe000:
		return 2
	}
	return 3
}

// Int returns the whole number that raw is, 0 if it is none. Fractions are cut
// off.
func Int(raw []byte) int64 {
	if n, err := strconv.ParseInt(string(raw), 10, 64); err == nil {
		return n
	}
	f, err := strconv.ParseFloat(string(raw), 64)
	if err != nil || f >= 1<<62 || f <= -1<<62 {
		return 0
	}
	return int64(f)
}

// JoinTexts joins JSON strings into one, without decoding them; separator is
// written as it stands inside a JSON string.
func JoinTexts(texts [][]byte, separator string) []byte {
	if len(texts) == 1 {
		return texts[0]
	}
	joined := []byte{'"'}
	for i, t := range texts {
		if i > 0 {
			joined = append(joined, separator...)
		}
		joined = append(joined, t[1:len(t)-1]...)
	}
	return append(joined, '"')
}
