package jsonschema

import (
	"encoding/json"
	"testing"

	"github.com/portico-ai/portico/internal/codec/jsonedit"
)

// FuzzSchema expects of every schema that a door lets in one that is JSON, without
// references if it was inlined.
func FuzzSchema(f *testing.F) {
	f.Add([]byte(`{"$ref":"#/$defs/a","$defs":{"a":{"anyOf":[{"$ref":"#/$defs/b"},{"type":"null"}]},"b":{"type":["object","null"],"properties":{"x":{"items":[true]}}}}}`))
	f.Add([]byte(`{"properties":{"$ref":{"$ref":"#/definitions/a~1b"}},"definitions":{"a/b":{"$ref":"#"}}}`))
	f.Fuzz(func(t *testing.T, doc []byte) {
		if _, err := jsonedit.Scan(doc); err != nil {
			return
		}
		if out, ok := Inline(doc); ok && !json.Valid(out) {
			t.Errorf("Inline made %s", out)
		}
		var w jsonedit.Writer
		if Close(&w, doc); !json.Valid(w.Bytes()) {
			t.Errorf("Close made %s", w.Bytes())
		}
	})
}
