package bedrock

import (
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

// typeOf is an object's "type".
func typeOf(doc []byte) string { return jsonedit.Text(jsonedit.Get(doc, "type")) }
