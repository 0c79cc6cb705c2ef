package jsonedit

import (
	"bytes"
	"encoding/json"
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
