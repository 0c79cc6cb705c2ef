package jsonedit

import (
	"bytes"
	"iter"
)

// Members yields the members of an object in order: the key as text, the value
// as the bytes it is written in. It ends early where doc stops being JSON.
func Members(doc []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func(key, value []byte) bool) {
		w := walker{b: doc}
		if !w.open('{') {
			return
		}
		for w.nextMember() {
			if !yield(w.keyText(), w.b[w.val:w.end]) {
				return
			}
		}
	}
}

// Elements yields the elements of an array in order. It ends early where doc
// stops being JSON.
func Elements(doc []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		w := walker{b: doc}
		if !w.open('[') {
			return
		}
		for w.nextElement() {
			if !yield(w.b[w.val:w.end]) {
				return
			}
		}
	}
}

// Get returns the value at a path of object keys, as written; nil if there is
// none. Of a key that occurs twice the last counts.
func Get(doc []byte, path ...string) []byte {
	for _, key := range path {
		var found []byte
		for k, v := range Members(doc) {
			if string(k) == key {
				found = v
			}
		}
		if found == nil {
			return nil
		}
		doc = found
	}
	return doc
}

// A walker steps over the members or elements of one container, skipping their
// values without looking for more than where they end.
type walker struct {
	b         []byte
	at        int // where the next member begins, or the comma before it
	key, kend int // the current key, with its quotes
	val, end  int // the current value
	n         int // members so far
	closed    bool
}

// open enters the container that b is.
func (w *walker) open(bracket byte) bool {
	w.at = skipSpace(w.b, 0)
	if w.at >= len(w.b) || w.b[w.at] != bracket {
		return false
	}
	w.at++
	return true
}

func (w *walker) nextMember() bool {
	if !w.separator('}') || w.at >= len(w.b) || w.b[w.at] != '"' {
		return false
	}
	w.key = w.at
	w.kend = skipString(w.b, w.key)
	i := skipSpace(w.b, w.kend)
	if i >= len(w.b) || w.b[i] != ':' {
		return false
	}
	return w.value(i + 1)
}

func (w *walker) nextElement() bool {
	return w.separator(']') && w.value(w.at)
}

// separator goes to the beginning of the next member. It is false at the end.
func (w *walker) separator(bracket byte) bool {
	w.at = skipSpace(w.b, w.at)
	if w.at >= len(w.b) {
		return false
	}
	if w.b[w.at] == bracket {
		w.closed = true
		return false
	}
	if w.n > 0 {
		if w.b[w.at] != ',' {
			return false
		}
		w.at = skipSpace(w.b, w.at+1)
	}
	return true
}

// value reads the value at or after i as the current one.
func (w *walker) value(i int) bool {
	w.val = skipSpace(w.b, i)
	w.end = skipValue(w.b, w.val)
	if w.end <= w.val {
		return false
	}
	w.at = w.end
	w.n++
	return true
}

func (w *walker) keyText() []byte { return keyText(w.b[w.key:w.kend]) }

// keyText is the text of a quoted key; only one with escapes is copied.
func keyText(quoted []byte) []byte {
	if bytes.IndexByte(quoted, '\\') >= 0 {
		return []byte(Text(quoted))
	}
	return quoted[1 : len(quoted)-1]
}

func skipSpace(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\t' || b[i] == '\r') {
		i++
	}
	return i
}

// skipString returns the offset after the string that begins at i, len(b) if it
// does not end.
func skipString(b []byte, i int) int {
	for j := i + 1; ; {
		n := bytes.IndexByte(b[j:], '"')
		if n < 0 {
			return len(b)
		}
		j += n
		escapes := 0
		for k := j - 1; k > i && b[k] == '\\'; k-- {
			escapes++
		}
		j++
		if escapes%2 == 0 {
			return j
		}
	}
}

// skipValue returns the offset after the value that begins at i; it is i if
// there is none.
func skipValue(b []byte, i int) int {
	if i >= len(b) {
		return i
	}
	switch b[i] {
	case '"':
		return skipString(b, i)
	case '{', '[':
		return skipContainer(b, i)
	}
	for i < len(b) {
		switch b[i] {
		case ',', '}', ']', ' ', '\n', '\t', '\r', ':', '"', '{', '[':
			return i
		}
		i++
	}
	return i
}

// skipContainer returns the offset after the object or array at i, i if it does
// not end.
func skipContainer(b []byte, i int) int {
	depth, tryFrom := 0, i
	for j := i; j < len(b); {
		switch b[j] {
		case '"':
			j = skipString(b, j)
			continue
		case '[':
			if j >= tryFrom {
				end, flat := flatArray(b[j:])
				if flat && depth == 0 {
					return j + end
				}
				if flat {
					j += end
					continue
				}
				tryFrom = j + end // what was looked through is not looked through again
			}
			depth++
		case '{':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return j + 1
			}
		}
		j++
	}
	return i
}

// flatArray reports whether b, which begins with '[', is an array of numbers
// alone, such as an embedding, and where it ends; vector code finds that out
// several times faster than a walk by bytes. If it is not, the second result is
// how far it looked.
func flatArray(b []byte) (end int, flat bool) {
	if len(b) < 2 || b[1] != '-' && (b[1] < '0' || b[1] > '9') {
		return 1, false
	}
	end = bytes.IndexByte(b, ']')
	if end < 0 {
		return len(b), false
	}
	inside := b[1:end]
	if bytes.IndexByte(inside, '"') >= 0 || bytes.IndexByte(inside, '[') >= 0 || bytes.IndexByte(inside, '{') >= 0 {
		return end, false
	}
	return end + 1, true
}
