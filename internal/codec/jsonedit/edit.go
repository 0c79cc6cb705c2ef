package jsonedit

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
)

// ErrNotObject is returned for a document that is not a JSON object.
var ErrNotObject = errors.New("not a JSON object")

// Set returns doc with the member key set to the raw value: in place where doc
// has it, else at the end. doc is not changed.
func Set(doc []byte, key string, value []byte) ([]byte, error) {
	return setAll(doc, []setting{{key: key, value: value}})
}

// Merge returns doc with the given members set, each in place where doc has it;
// the others follow at the end in the order of their keys. It is shallow: a
// value replaces what was there. doc is not changed.
func Merge(doc []byte, members map[string]json.RawMessage) ([]byte, error) {
	settings := make([]setting, 0, len(members))
	for _, key := range slices.Sorted(maps.Keys(members)) {
		settings = append(settings, setting{key: key, value: members[key]})
	}
	return setAll(doc, settings)
}

type setting struct {
	key   string
	value []byte
	done  bool
}

func setAll(doc []byte, settings []setting) ([]byte, error) {
	size := len(doc)
	for _, s := range settings {
		size += len(s.key) + len(s.value) + len(`"":,`)
	}
	out := make([]byte, 0, size)
	w, end := walker{b: doc}, 0 // end of what is in out
	if !w.open('{') {
		return nil, ErrNotObject
	}
	for w.nextMember() {
		key := w.keyText()
		for i := range settings {
			if s := &settings[i]; string(key) == s.key {
				out = append(append(out, doc[end:w.val]...), s.value...)
				end, s.done = w.end, true
			}
		}
	}
	if !w.closed {
		return nil, ErrNotObject
	}
	last := w.at // the closing bracket, or where the last member ends
	if w.n > 0 {
		last = w.end
	}
	out = append(out, doc[end:last]...)
	for _, s := range settings {
		if s.done {
			continue
		}
		if w.n++; w.n > 1 {
			out = append(out, ',')
		}
		out = append(append(AppendString(out, s.key), ':'), s.value...)
	}
	return append(out, doc[last:]...), nil
}

// Delete returns doc without the member key. doc is not changed; it is what is
// returned if there is nothing to delete.
func Delete(doc []byte, key string) ([]byte, error) {
	if Get(doc, key) == nil {
		return doc, isObject(doc)
	}
	out := make([]byte, 0, len(doc))
	w := walker{b: doc}
	w.open('{')
	kept, end := 0, 0 // members kept; end of the member before
	for w.nextMember() {
		if w.n == 1 {
			out = append(out, doc[:w.key]...)
			end = w.key
		}
		if string(w.keyText()) != key {
			if kept++; kept > 1 {
				out = append(out, doc[end:w.key]...) // its comma
			}
			out = append(out, doc[w.key:w.end]...)
		}
		end = w.end
	}
	if !w.closed {
		return nil, ErrNotObject
	}
	return append(out, doc[end:]...), nil
}

func isObject(doc []byte) error {
	w := walker{b: doc}
	if !w.open('{') {
		return ErrNotObject
	}
	return nil
}
