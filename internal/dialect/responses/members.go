package responses

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

// move writes the member to w under another name, if there is one.
func (m members) move(w *jsonedit.Writer, key, as string) {
	if v := m.take(key); v != nil {
		w.RawMember(as, v)
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

// typeOf is an object's "type".
func typeOf(doc []byte) string { return jsonedit.Text(jsonedit.Get(doc, "type")) }

// length is the number of elements of an array.
func length(array []byte) int {
	n := 0
	for range jsonedit.Elements(array) {
		n++
	}
	return n
}

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
		joined = append(joined, inside(t)...)
	}
	return append(joined, '"')
}

// inside is a JSON string without its quotes. Arguments given as an object,
// which some servers do, become its text.
func inside(value []byte) []byte {
	if jsonedit.IsNull(value) {
		return nil
	}
	if jsonedit.Kind(value) != '"' {
		value = jsonedit.AppendQuoted(nil, value)
	}
	return value[1 : len(value)-1]
}

func quote(inside []byte) []byte {
	return append(append([]byte{'"'}, inside...), '"')
}

// isString reports whether value is a string.
func isString(value []byte) bool { return jsonedit.Kind(value) == '"' }

// isObject reports whether a text is a JSON object.
func isObject(text string) bool {
	doc := bytes.TrimSpace([]byte(text))
	return len(doc) > 0 && doc[0] == '{' && json.Valid(doc)
}

func orElse(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
