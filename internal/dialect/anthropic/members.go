package anthropic

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

func (m members) move(w *jsonedit.Writer, key string) { jsonedit.Object(m).Move(w, key) }

func isEmpty(value []byte) bool { return jsonedit.IsEmpty(value) }

func length(array []byte) int { return jsonedit.Length(array) }

// asObject checks a document that a model or a client wrote as text, such as a
// tool's arguments, and returns it as an object; nothing is the empty object.
func asObject(text string) ([]byte, bool) {
	doc := bytes.TrimSpace([]byte(text))
	if len(doc) == 0 || string(doc) == "null" {
		return []byte("{}"), true
	}
	return doc, doc[0] == '{' && json.Valid(doc)
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
