package anthropic

import "github.com/portico-ai/portico/internal/codec/jsonedit"

// closeObjects writes a JSON schema with additionalProperties false on every
// object, which Anthropic demands of output formats. Everything else stays.
func closeObjects(w *jsonedit.Writer, schema []byte) {
	if jsonedit.Kind(schema) != '{' {
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
			closeEach(w, value)
		case "anyOf", "oneOf", "allOf", "prefixItems", "items", "not", "if", "then", "else",
			"contains", "additionalProperties":
			closeList(w, value)
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

// closeEach is for an object whose values are schemas.
func closeEach(w *jsonedit.Writer, schemas []byte) {
	if jsonedit.Kind(schemas) != '{' {
		w.Raw(schemas)
		return
	}
	w.Object()
	for name, schema := range jsonedit.Members(schemas) {
		w.Key(string(name))
		closeObjects(w, schema)
	}
	w.EndObject()
}

// closeList is for a schema or a list of them.
func closeList(w *jsonedit.Writer, schemas []byte) {
	if jsonedit.Kind(schemas) != '[' {
		closeObjects(w, schemas)
		return
	}
	w.Array()
	for schema := range jsonedit.Elements(schemas) {
		closeObjects(w, schema)
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
