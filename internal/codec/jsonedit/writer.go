package jsonedit

import "strconv"

// A Writer builds a JSON document by appending. It puts the commas; keeping
// brackets in pairs is the caller's part. The zero Writer is ready.
type Writer struct {
	buf   []byte
	comma bool // something stands before, in the same container
}

// Bytes is the document so far. It shares the Writer's memory.
func (w *Writer) Bytes() []byte { return w.buf }

// Reset empties the Writer and keeps its memory.
func (w *Writer) Reset() { w.buf, w.comma = w.buf[:0], false }

// Len is the number of bytes written.
func (w *Writer) Len() int { return len(w.buf) }

// Grow makes room for n more bytes.
func (w *Writer) Grow(n int) {
	if cap(w.buf)-len(w.buf) < n {
		w.buf = append(make([]byte, 0, len(w.buf)+n), w.buf...)
	}
}

func (w *Writer) next() {
	if w.comma {
		w.buf = append(w.buf, ',')
	}
	w.comma = true
}

// Object begins an object.
func (w *Writer) Object() { w.open('{') }

// Array begins an array.
func (w *Writer) Array() { w.open('[') }

func (w *Writer) open(bracket byte) {
	w.next()
	w.buf = append(w.buf, bracket)
	w.comma = false
}

// EndObject ends an object.
func (w *Writer) EndObject() { w.close('}') }

// EndArray ends an array.
func (w *Writer) EndArray() { w.close(']') }

func (w *Writer) close(bracket byte) {
	w.buf = append(w.buf, bracket)
	w.comma = true
}

// Key writes a member's key; its value follows.
func (w *Writer) Key(key string) {
	w.next()
	w.buf = append(AppendString(w.buf, key), ':')
	w.comma = false
}

// Raw writes a value as it is; an empty one becomes null.
func (w *Writer) Raw(value []byte) {
	w.next()
	if len(value) == 0 {
		value = []byte("null")
	}
	w.buf = append(w.buf, value...)
}

// String writes a string.
func (w *Writer) String(s string) {
	w.next()
	w.buf = AppendString(w.buf, s)
}

// Quoted writes the bytes of a document as a string.
func (w *Writer) Quoted(doc []byte) {
	w.next()
	w.buf = AppendQuoted(w.buf, doc)
}

// Int writes a whole number.
func (w *Writer) Int(n int64) {
	w.next()
	w.buf = strconv.AppendInt(w.buf, n, 10)
}

// Bool writes true or false.
func (w *Writer) Bool(v bool) {
	w.next()
	w.buf = strconv.AppendBool(w.buf, v)
}

// StringMember writes a member whose value is a string.
func (w *Writer) StringMember(key, value string) { w.Key(key); w.String(value) }

// RawMember writes a member whose value is written as it is.
func (w *Writer) RawMember(key string, value []byte) { w.Key(key); w.Raw(value) }

// IntMember writes a member whose value is a whole number.
func (w *Writer) IntMember(key string, value int64) { w.Key(key); w.Int(value) }
