package gemini

import (
	"strings"

	"github.com/portico-ai/portico/internal/codec/jsonedit"
)

// maxSchemaDepth bounds the work on a schema.
const maxSchemaDepth = 64

// plainSchema writes a schema of Gemini's own kind, which is OpenAPI's with types
// in upper case, as JSON Schema.
func (t *toHub) plainSchema(schema []byte, path string) []byte {
	var w jsonedit.Writer
	p := plain{w: &w}
	p.schema(schema, 0)
	if p.tooDeep {
		t.fail(path, "is nested more than %d levels deep", maxSchemaDepth)
	}
	return w.Bytes()
}

type plain struct {
	w       *jsonedit.Writer
	tooDeep bool
}

func (p *plain) schema(schema []byte, depth int) {
	w := p.w
	if p.tooDeep = p.tooDeep || depth > maxSchemaDepth; jsonedit.Kind(schema) != '{' || p.tooDeep {
		w.Raw(schema)
		return
	}
	nullable := string(get(schema, "nullable")) == "true"
	w.Object()
	for k, value := range jsonedit.Members(schema) {
		key := string(k) // JSON Schema's own members begin with $ or are one word
		if !strings.HasPrefix(key, "$") {
			key = camel(k)
		}
		if jsonedit.IsNull(value) && key != "default" {
			continue
		}
		switch key {
		case "nullable", "propertyOrdering":
		case "type":
			w.Key(key)
			p.kind(value, nullable)
		case "properties", "$defs":
			w.Key(key)
			p.each(value, depth)
		case "items", "additionalProperties":
			w.Key(key)
			p.schema(value, depth+1)
		case "anyOf", "prefixItems":
			w.Key(key)
			w.Array()
			for s := range jsonedit.Elements(value) {
				p.schema(s, depth+1)
			}
			if nullable && key == "anyOf" && get(schema, "type") == nil {
				w.Raw([]byte(`{"type":"null"}`))
			}
			w.EndArray()
		case "minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties":
			w.Key(key)
			if jsonedit.Kind(value) == '"' { // how proto JSON writes 64 bits
				w.Int(jsonedit.Int([]byte(jsonedit.Text(value))))
			} else {
				w.Raw(value)
			}
		case "enum":
			w.Key(key)
			w.Array()
			for v := range jsonedit.Elements(value) {
				w.Raw(v)
			}
			if nullable {
				w.Raw(nil)
			}
			w.EndArray()
		case "example":
			w.Key("examples")
			w.Array()
			w.Raw(value)
			w.EndArray()
		default:
			w.RawMember(key, value)
		}
	}
	w.EndObject()
}

func (p *plain) each(schemas []byte, depth int) {
	p.w.Object()
	for name, schema := range jsonedit.Members(schemas) {
		p.w.Key(string(name))
		p.schema(schema, depth+1)
	}
	p.w.EndObject()
}

func (p *plain) kind(kind []byte, nullable bool) {
	if jsonedit.Kind(kind) != '"' {
		p.w.Raw(kind)
		return
	}
	name := strings.ToLower(jsonedit.Text(kind))
	if !nullable || name == "null" {
		p.w.String(name)
		return
	}
	p.w.Array()
	p.w.String(name)
	p.w.String("null")
	p.w.EndArray()
}
