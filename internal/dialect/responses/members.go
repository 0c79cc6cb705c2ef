package responses

import (
	"bytes"
	"encoding/json"

	"github.com/portico-ai/portico/internal/codec/jsonedit"
)

// members are an object's members; see [jsonedit.Object].
type members jsonedit.Object

func split(doc []byte) members { return members(jsonedit.Split(doc)) }

func (m members) take(key string) []byte { return jsonedit.Object(m).Take(key) }

func (m members) text(key string) string { return jsonedit.Object(m).Text(key) }

func (m members) left(yield func(key string, value []byte) bool) { jsonedit.Object(m).Left(yield) }

func (m members) move(w *jsonedit.Writer, key, as string) { jsonedit.Object(m).MoveAs(w, key, as) }

func isEmpty(value []byte) bool { return jsonedit.IsEmpty(value) }

func length(array []byte) int { return jsonedit.Length(array) }

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
