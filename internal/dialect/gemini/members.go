package gemini

import (
	"bytes"

	"github.com/portico-ai/portico/internal/codec/jsonedit"
)

// members are an object's members, of which a translation takes one after the
// other; what is left in the end had no translation.
type members []member

type member struct {
	key   string
	value []byte // nil once taken
}

// split takes an object of the hub apart.
func split(doc []byte) members {
	var m members
	for key, value := range jsonedit.Members(doc) {
		m = append(m, member{string(key), value})
	}
	return m
}

// splitOwn takes an object of Gemini's apart: its keys become camelCase.
func splitOwn(doc []byte) members {
	var m members
	for key, value := range jsonedit.Members(doc) {
		m = append(m, member{camel(key), value})
	}
	return m
}

// take removes the member and returns its value, nil if there is none or it is
// null. Of a key that occurs twice the last counts.
func (m members) take(keys ...string) []byte {
	var found []byte
	for _, key := range keys {
		for i := range m {
			if m[i].key == key && m[i].value != nil {
				found, m[i].value = m[i].value, nil
			}
		}
	}
	if jsonedit.IsNull(found) {
		return nil
	}
	return found
}

// text takes a member that is a string.
func (m members) text(keys ...string) string { return jsonedit.Text(m.take(keys...)) }

// left yields what has not been taken and says something.
func (m members) left(yield func(key string, value []byte) bool) {
	for _, e := range m {
		if e.value == nil || jsonedit.IsEmpty(e.value) {
			continue
		}
		if !yield(e.key, e.value) {
			return
		}
	}
}

// camel is a key of Gemini's in camelCase.
func camel(key []byte) string {
	if bytes.IndexByte(key, '_') <= 0 {
		return string(key)
	}
	out := make([]byte, 0, len(key))
	upper := false
	for _, c := range key {
		switch {
		case c == '_':
			upper = len(out) > 0
			continue
		case upper && c >= 'a' && c <= 'z':
			c -= 'a' - 'A'
		}
		upper = false
		out = append(out, c)
	}
	return string(out)
}

// snake is a key as the hub's extensions spell it.
func snake(key string) string {
	out := make([]byte, 0, len(key)+4)
	for i := range len(key) {
		c := key[i]
		if c >= 'A' && c <= 'Z' {
			out = append(out, '_')
			c += 'a' - 'A'
		}
		out = append(out, c)
	}
	return string(out)
}

// get returns the value at a path of Gemini's keys, in whichever spelling; nil if
// there is none or it is null.
func get(doc []byte, path ...string) []byte {
	for _, key := range path {
		var found []byte
		for k, v := range jsonedit.Members(doc) {
			if string(k) == key || bytes.IndexByte(k, '_') > 0 && camel(k) == key {
				found = v
			}
		}
		if jsonedit.IsNull(found) {
			return nil
		}
		doc = found
	}
	return doc
}

// typeOf is the member type of a hub object.
func typeOf(doc []byte) string { return jsonedit.Text(jsonedit.Get(doc, "type")) }

func orElse(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
