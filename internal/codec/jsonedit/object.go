package jsonedit

import (
	"bytes"
	"encoding/json"
)

// An Object is a JSON object's members, of which a translation takes one after
// the other; what is left in the end had no translation.
type Object []objectMember

type objectMember struct {
	key   string
	value []byte // nil once taken
}

// Split lists the members of an object; of anything else there are none.
func Split(doc []byte) Object {
	var o Object
	for key, value := range Members(doc) {
		o = append(o, objectMember{string(key), value})
	}
	return o
}

// Take removes the member and returns its value, nil if there is none or it is
// null. Of a key that occurs twice the last counts.
func (o Object) Take(key string) []byte {
	var found []byte
	for i := range o {
		if o[i].key == key && o[i].value != nil {
			found, o[i].value = o[i].value, nil
		}
	}
	if IsNull(found) {
		return nil
	}
	return found
}

// Look returns the member's value without taking it, nil if there is none.
func (o Object) Look(key string) []byte {
	for i := len(o) - 1; i >= 0; i-- {
		if o[i].key == key {
			return o[i].value
		}
	}
	return nil
}

// Text takes a member that is a string.
func (o Object) Text(key string) string { return Text(o.Take(key)) }

// Left yields what has not been taken and says something.
func (o Object) Left(yield func(key string, value []byte) bool) {
	for _, m := range o {
		if m.value == nil || IsEmpty(m.value) {
			continue
		}
		if !yield(m.key, m.value) {
			return
		}
	}
}

// Move writes the member to w as it is, if there is one.
func (o Object) Move(w *Writer, key string) { o.MoveAs(w, key, key) }

// MoveAs writes the member to w under another key, if there is one.
func (o Object) MoveAs(w *Writer, key, as string) {
	if v := o.Take(key); v != nil {
		w.RawMember(as, v)
	}
}

// IsEmpty reports whether a value says nothing: null, or empty of its kind.
func IsEmpty(value []byte) bool {
	switch string(value) {
	case "", "null", `""`, "[]", "{}":
		return true
	}
	return false
}

// Length is the number of elements of an array.
func Length(array []byte) int {
	n := 0
	for range Elements(array) {
		n++
	}
	return n
}

// AsObject checks a document that a model or a client wrote as text, such as a
// tool's arguments, and returns it as an object; nothing is the empty object.
func AsObject(text string) (doc []byte, ok bool) {
	doc = bytes.TrimSpace([]byte(text))
	if len(doc) == 0 || string(doc) == "null" {
		return []byte("{}"), true
	}
	return doc, doc[0] == '{' && json.Valid(doc)
}
