package bedrock

import (
	"bytes"
	"encoding/json"

	"github.com/portico-ai/portico/internal/codec/jsonedit"
)

// members are an object's members, of which a translation takes one after the
// other; what is left in the end had no translation.
type members []member

type member struct {
	key   string
	value []byte // nil once taken
}

func split(doc []byte) members {
	var m members
	for key, value := range jsonedit.Members(doc) {
		m = append(m, member{string(key), value})
	}
	return m
}

// take removes the member and returns its value, nil if there is none or it is
// null. Of a key that occurs twice the last counts.
func (m members) take(key string) []byte {
	var found []byte
	for i := range m {
		if m[i].key == key && m[i].value != nil {
			found, m[i].value = m[i].value, nil
		}
	}
	if jsonedit.IsNull(found) {
		return nil
	}
	return found
}

// text takes a member that is a string.
func (m members) text(key string) string { return jsonedit.Text(m.take(key)) }

// left yields what has not been taken and says something.
func (m members) left(yield func(key string, value []byte) bool) {
	for _, e := range m {
		if e.value == nil || isEmpty(e.value) {
			continue
		}
		if !yield(e.key, e.value) {
			return
		}
	}
}

// move writes the member to w as it is, if there is one.
func (m members) move(w *jsonedit.Writer, key string) {
	if v := m.take(key); v != nil {
		w.RawMember(key, v)
	}
}

// isEmpty reports whether a value says nothing: null, or empty of its kind.
func isEmpty(value []byte) bool {
	switch string(value) {
	case "", "null", `""`, "[]", "{}":
		return true
	}
	return false
}

// asObject checks a document that a model or a client wrote as text, such as a
// tool's arguments, and returns it as an object; nothing is the empty object.
func asObject(text string) ([]byte, bool) {
	doc := bytes.TrimSpace([]byte(text))
	if len(doc) == 0 || string(doc) == "null" {
		return []byte("{}"), true
	}
	return doc, doc[0] == '{' && json.Valid(doc)
}

// length is the number of elements of an array.
func length(array []byte) int {
	n := 0
	for range jsonedit.Elements(array) {
		n++
	}
	return n
}

// typeOf is an object's "type".
func typeOf(doc []byte) string { return jsonedit.Text(jsonedit.Get(doc, "type")) }

// joinTexts joins JSON strings into one, as written.
func joinTexts(texts [][]byte, separator string) []byte {
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
