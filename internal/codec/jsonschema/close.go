// Package jsonschema rewrites JSON schemas for providers that take less than all
// of the language, or ask for more.
package jsonschema

import "github.com/portico-ai/portico/internal/codec/jsonedit"

// MaxDepth bounds the work on a schema: each level is scanned for itself.
const MaxDepth = 64

// Close writes a schema with additionalProperties false on every object, which
// output formats of Anthropic's models demand. Everything else stays. It reports
// false for a schema that is nested deeper than MaxDepth.
func Close(w *jsonedit.Writer, schema []byte) bool {
	s := closer{w: w}
	s.schema(schema)
	return !s.tooDeep
}

type closer struct {
	w       *jsonedit.Writer
	depth   int
	tooDeep bool
}

func (s *closer) schema(schema []byte) {
	w := s.w
	if s.depth++; s.depth > MaxDepth {
		s.tooDeep = true
	}
	defer func() { s.depth-- }()
	if jsonedit.Kind(schema) != '{' || s.tooDeep {
		w.Raw(schema)
		return
	}
	object := isObjectSchema(jsonedit.Get(schema, "type"))
	w.Object()
	for key, value := range jsonedit.Members(schema) {
		if object && string(key) == "additionalProperties" {
			continue
		}
		w.Key(string(key))
		switch string(key) {
		case "properties", "$defs", "definitions", "patternProperties", "dependentSchemas":
			s.each(value)
		case "anyOf", "oneOf", "allOf", "prefixItems", "items", "not", "if", "then", "else",
			"contains", "additionalProperties":
			s.list(value)
		default:
			w.Raw(value)
		}
	}
	if object {
		w.Key("additionalProperties")
		w.Bool(false)
	}
	w.EndObject()
}

// each is for an object whose values are schemas.
func (s *closer) each(schemas []byte) {
	w := s.w
	if jsonedit.Kind(schemas) != '{' {
		w.Raw(schemas)
		return
	}
	w.Object()
	for name, schema := range jsonedit.Members(schemas) {
		w.Key(string(name))
		s.schema(schema)
	}
	w.EndObject()
}

// list is for a schema or a list of them.
func (s *closer) list(schemas []byte) {
	w := s.w
	if jsonedit.Kind(schemas) != '[' {
		s.schema(schemas)
		return
	}
	w.Array()
	for schema := range jsonedit.Elements(schemas) {
		s.schema(schema)
	}
	w.EndArray()
}

func isObjectSchema(kind []byte) bool {
	if jsonedit.Kind(kind) == '[' {
		for k := range jsonedit.Elements(kind) {
			if string(k) == `"object"` {
				return true
			}
		}
	}
	return string(kind) == `"object"`
}
