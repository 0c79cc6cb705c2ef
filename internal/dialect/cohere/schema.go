package cohere

import (
	"fmt"

	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect"
)

// maxSchemaDepth bounds the work on a schema: each level is scanned for itself.
const maxSchemaDepth = 64

// A schemaWriter writes a JSON schema without what Cohere refuses in one, and a
// receipt for each thing left out. A choice between a schema and null becomes
// the schema.
// Source: https://docs.cohere.com/docs/structured-outputs, "Unsupported schema features"
type schemaWriter struct {
	w       *jsonedit.Writer
	c       *dialect.Conversion
	depth   int
	tooDeep bool
}

// refused are keywords that Cohere does not take.
var refused = map[string]bool{
	"allOf": true, "oneOf": true, "not": true, "anyOf": true, "if": true, "then": true, "else": true,
	"minimum": true, "maximum": true, "exclusiveMinimum": true, "exclusiveMaximum": true, "multipleOf": true,
	"minItems": true, "maxItems": true, "uniqueItems": true, "minLength": true, "maxLength": true,
	"minProperties": true, "maxProperties": true,
}

// formats are those of texts that Cohere knows.
var formats = map[string]bool{"date-time": true, "uuid": true, "date": true, "time": true}

func (s *schemaWriter) schema(schema []byte, path string) {
	w := s.w
	if s.depth++; s.depth > maxSchemaDepth {
		s.tooDeep = true
	}
	defer func() { s.depth-- }()
	if jsonedit.Kind(schema) != '{' || s.tooDeep {
		w.Raw(schema)
		return
	}
	if only := s.optional(schema); only != nil {
		s.c.Drop(path, "Cohere's schemas have no choice between schemas; null was left out of it")
		schema = only
	}
	w.Object()
	for key, value := range jsonedit.Members(schema) {
		s.keyword(string(key), value, path+"."+string(key))
	}
	w.EndObject()
}

func (s *schemaWriter) keyword(key string, value []byte, path string) {
	w := s.w
	switch {
	case refused[key]:
		s.c.Drop(path, "Cohere's schemas do not know "+key)
		return
	case key == "format" && !formats[jsonedit.Text(value)]:
		s.c.Drop(path, "Cohere's schemas know the formats date-time, uuid, date and time")
		return
	case key == "additionalProperties" && string(value) != "false":
		s.c.Drop(path, "Cohere's schemas do not know additionalProperties")
		return
	}
	w.Key(key)
	switch {
	case isSchemas(key) && jsonedit.Kind(value) == '{':
		w.Object()
		for name, schema := range jsonedit.Members(value) {
			w.Key(string(name))
			s.schema(schema, path+"."+string(name))
		}
		w.EndObject()
	case key == "items" && jsonedit.Kind(value) == '{':
		s.schema(value, path)
	case key == "prefixItems" && jsonedit.Kind(value) == '[':
		w.Array()
		i := 0
		for schema := range jsonedit.Elements(value) {
			s.schema(schema, fmt.Sprintf("%s[%d]", path, i))
			i++
		}
		w.EndArray()
	default:
		w.Raw(value)
	}
}

// isSchemas reports whether a keyword's value is an object of schemas by name.
func isSchemas(key string) bool {
	return key == "properties" || key == "$defs" || key == "definitions"
}

// optional is the only schema of an anyOf or oneOf beside null, with the other
// members of what held it; nil if there is no such choice.
func (s *schemaWriter) optional(schema []byte) []byte {
	for _, key := range []string{"anyOf", "oneOf"} {
		var only []byte
		n, null := 0, false
		for option := range jsonedit.Elements(jsonedit.Get(schema, key)) {
			if typeOf(option) == "null" {
				null = true
				continue
			}
			only = option
			n++
		}
		if !null || n != 1 || jsonedit.Kind(only) != '{' {
			continue
		}
		for name, value := range jsonedit.Members(schema) {
			if string(name) == key {
				continue
			}
			if merged, err := jsonedit.Set(only, string(name), value); err == nil {
				only = merged
			}
		}
		return only
	}
	return nil
}
