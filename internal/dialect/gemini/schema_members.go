package gemini

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/portico-ai/portico/internal/codec/jsonedit"
)

// member puts one keyword of a schema.
func (l *leveller) member(o *schemaObject, key string, value []byte, kind, at string) {
	switch key {
	case "properties":
		o.put(key, l.each(value, at))
	case "items":
		o.put(key, l.schema(value, at))
	case "anyOf", "oneOf":
		l.union(o, value, at)
	case "allOf":
		l.all(o, value, at)
	case "const":
		l.enum(o, append(append([]byte{'['}, value...), ']'), kind, at)
	case "enum":
		l.enum(o, value, kind, at)
	case "title", "description", "required", "minItems", "maxItems", "minimum", "maximum", "propertyOrdering":
		o.put(key, value)
	case "exclusiveMinimum", "exclusiveMaximum":
		l.exclusive(o, key, value, kind, at)
	case "format":
		l.format(o, value, at)
	case "$schema", "$comment", "examples", "readOnly", "writeOnly", "deprecated", "strict":
		// says nothing about which values are allowed
	default:
		if l.own {
			l.ownMember(o, key, value, at)
		} else {
			l.jsonMember(o, key, value, at)
		}
	}
}

// ownMember puts what only Gemini's own form has.
func (l *leveller) ownMember(o *schemaObject, key string, value []byte, at string) {
	switch key {
	case "$defs", "definitions", "$id", "$anchor": // references to them are replaced
	case "additionalProperties":
		if jsonedit.Kind(value) == '{' {
			l.f.c.Drop(at, notInSchema)
		}
	case "prefixItems":
		var items schemaObject
		l.union(&items, value, at)
		o.put("items", items.bytes())
		l.f.c.Drop(at, "Gemini's schemas have no tuples; each item may be of any of the kinds")
	case "minLength", "maxLength", "pattern", "minProperties", "maxProperties", "default", "example":
		o.put(key, value)
	default:
		l.f.c.Drop(at, notInSchema)
	}
}

// jsonMember puts what only the subset of JSON Schema has. Source: the description
// of response_json_schema in Gemini's protos.
func (l *leveller) jsonMember(o *schemaObject, key string, value []byte, at string) {
	switch key {
	case "$defs", "definitions":
		defs := l.each(value, at)
		if before := o.get("$defs"); before != nil {
			o.replace("$defs", joinContainers(before, defs))
		} else {
			o.put("$defs", defs)
		}
	case "$id", "$anchor":
		o.put(key, value)
	case "additionalProperties":
		if jsonedit.Kind(value) == '{' {
			value = l.schema(value, at)
		}
		o.put(key, value)
	case "prefixItems":
		o.put(key, l.list(value, at))
	case "default": // says nothing about which values are allowed
	default:
		l.f.c.Drop(at, notInSchema)
	}
}

// each is for an object whose values are schemas.
func (l *leveller) each(schemas []byte, path string) []byte {
	var w jsonedit.Writer
	w.Object()
	for name, schema := range jsonedit.Members(schemas) {
		w.RawMember(string(name), l.schema(schema, path+"."+string(name)))
	}
	w.EndObject()
	return w.Bytes()
}

func (l *leveller) list(schemas []byte, path string) []byte {
	var w jsonedit.Writer
	w.Array()
	i := 0
	for schema := range jsonedit.Elements(schemas) {
		w.Raw(l.schema(schema, fmt.Sprintf("%s[%d]", path, i)))
		i++
	}
	w.EndArray()
	return w.Bytes()
}

// union puts alternatives. In Gemini's own form null is not one of them but makes
// the whole nullable.
func (l *leveller) union(o *schemaObject, schemas []byte, path string) {
	if !l.own {
		o.put("anyOf", l.list(schemas, path))
		return
	}
	var kept [][]byte
	i := 0
	for schema := range jsonedit.Elements(schemas) {
		if string(jsonedit.Get(schema, "type")) == `"null"` {
			o.flag("nullable")
		} else {
			kept = append(kept, l.schema(schema, fmt.Sprintf("%s[%d]", path, i)))
		}
		i++
	}
	switch len(kept) {
	case 0:
	case 1:
		l.merge(o, kept[0])
	default:
		o.put("anyOf", list(kept, func(s []byte) []byte { return s }))
	}
}

// all merges schemas that count together.
func (l *leveller) all(o *schemaObject, schemas []byte, path string) {
	i := 0
	for schema := range jsonedit.Elements(schemas) {
		at := fmt.Sprintf("%s[%d]", path, i)
		if ref := jsonedit.Text(jsonedit.Get(schema, "$ref")); ref != "" {
			l.inline(o, ref, at)
		} else {
			l.merge(o, l.schema(schema, at))
		}
		i++
	}
	if i > 1 {
		l.f.c.Drop(path, "Gemini's schemas cannot be combined; where two say the same keyword, the first was sent")
	}
}

// enum puts the allowed values. Gemini's own form has only texts.
func (l *leveller) enum(o *schemaObject, values []byte, kind, path string) {
	if !l.own {
		o.put("enum", values)
		return
	}
	var texts [][]byte
	for v := range jsonedit.Elements(values) {
		switch jsonedit.Kind(v) {
		case 'n':
			o.flag("nullable")
		case '"':
			texts = append(texts, v)
		default:
			kind = "other"
		}
	}
	if kind != "" && kind != "string" {
		l.f.c.Drop(path, "Gemini's schemas list only texts as allowed values")
		return
	}
	if len(texts) > 0 {
		o.put("type", []byte(`"STRING"`))
		o.put("enum", list(texts, func(s []byte) []byte { return s }))
	}
}

// exclusive puts a limit that is itself not allowed: for an integer as the next
// number.
func (l *leveller) exclusive(o *schemaObject, key string, value []byte, kind, at string) {
	limit, step := "minimum", int64(1)
	if key == "exclusiveMaximum" {
		limit, step = "maximum", -1
	}
	n, err := strconv.ParseInt(string(value), 10, 64)
	if err != nil || !strings.EqualFold(kind, "integer") {
		l.f.c.Drop(at, notInSchema)
		return
	}
	o.put(limit, strconv.AppendInt(nil, n+step, 10))
}

// format puts a format. Gemini's own form refuses those it does not know.
func (l *leveller) format(o *schemaObject, value []byte, at string) {
	switch jsonedit.Text(value) {
	case "int32", "int64", "float", "double", "enum", "date-time":
	default:
		if l.own {
			l.f.c.Drop(at, "Gemini's schemas have no such format")
			return
		}
	}
	o.put("format", value)
}
