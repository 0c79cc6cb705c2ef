package jsonschema

import (
	"strings"

	"github.com/portico-ai/portico/internal/codec/jsonedit"
)

// maxInlined bounds a schema that grows because its definitions are repeated.
const maxInlined = 1 << 20

// Inline returns a schema in which every reference to a definition of its own
// stands as that definition, and without the definitions. It reports false where
// that cannot be: for references that lead in a circle, out of the document or
// nowhere, and for a schema that becomes too deep or too large.
func Inline(schema []byte) ([]byte, bool) {
	in := inliner{root: schema, ok: true}
	in.schema(schema, 0)
	return in.w.Bytes(), in.ok
}

type inliner struct {
	root []byte
	w    jsonedit.Writer
	ok   bool
}

func (in *inliner) schema(schema []byte, depth int) {
	w := &in.w
	if depth > MaxDepth || w.Len() > maxInlined {
		in.ok = false
	}
	if !in.ok {
		w.Raw(nil)
		return
	}
	switch jsonedit.Kind(schema) {
	case '{':
		if ref := jsonedit.Get(schema, "$ref"); jsonedit.Kind(ref) == '"' {
			in.schema(in.definition(jsonedit.Text(ref)), depth+1)
			return
		}
		w.Object()
		for key, value := range jsonedit.Members(schema) {
			switch string(key) {
			case "$defs", "definitions":
			case "enum", "const", "default", "examples":
				w.RawMember(string(key), value)
			default:
				w.Key(string(key))
				in.schema(value, depth+1)
			}
		}
		w.EndObject()
	case '[':
		w.Array()
		for item := range jsonedit.Elements(schema) {
			in.schema(item, depth+1)
		}
		w.EndArray()
	default:
		w.Raw(schema)
	}
}

// definition finds what a reference within the document points to.
func (in *inliner) definition(ref string) []byte {
	path, ok := strings.CutPrefix(ref, "#/")
	found := in.root
	for step := range strings.SplitSeq(path, "/") {
		found = jsonedit.Get(found, strings.NewReplacer("~1", "/", "~0", "~").Replace(step))
	}
	if !ok || found == nil {
		in.ok = false
	}
	return found
}
