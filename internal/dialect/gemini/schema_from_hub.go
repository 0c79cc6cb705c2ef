package gemini

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/portico-ai/portico/internal/codec/jsonedit"
)

// plainOnly reports whether a model knows schemas in Gemini's own form alone: a
// subset of OpenAPI's. Later ones take JSON Schema itself, if not all of it.
func plainOnly(model string) bool {
	for _, older := range []string{"gemini-1", "gemini-2.0", "gemini-pro", "gemma", "tunedModels/"} {
		if strings.Contains(model, older) {
			return true
		}
	}
	return false
}

// A leveller writes a JSON Schema with what Gemini takes of it. What it does not
// take becomes a receipt; what it takes in another form is written so: const as an
// enum of one, oneOf as anyOf, allOf merged, an exclusive limit of an integer as
// the next number. In Gemini's own form references are replaced by what they name,
// types are in upper case and null is nullable.
type leveller struct {
	f       *fromHub
	root    []byte
	own     bool     // Gemini's own form
	refs    []string // references that are being followed
	depth   int
	written int
	tooMuch bool
}

// maxExpanded bounds the bytes of all schemas that are written for one, so that
// references cannot make it grow without end.
const maxExpanded = 4 << 20

// level returns schema as the model takes it. path is where it stands.
func (f *fromHub) level(schema []byte, path string, own bool) []byte {
	l := leveller{f: f, root: schema, own: own}
	out := l.schema(schema, path)
	if l.tooMuch {
		f.fail(path, "is nested more than %d levels deep or grows too large with its references replaced", maxSchemaDepth)
	}
	return out
}

const notInSchema = "Gemini's schemas have no such keyword"

// schemaObject is a schema in the making. Of a member that is put twice the first
// counts.
type schemaObject []member

func (o *schemaObject) put(key string, value []byte) {
	if o.get(key) == nil {
		*o = append(*o, member{key, value})
	}
}

func (o *schemaObject) get(key string) []byte {
	for _, m := range *o {
		if m.key == key {
			return m.value
		}
	}
	return nil
}

func (o *schemaObject) flag(key string) { o.put(key, []byte("true")) }

func (o *schemaObject) bytes() []byte {
	var w jsonedit.Writer
	w.Object()
	for _, m := range *o {
		w.RawMember(m.key, m.value)
	}
	w.EndObject()
	return w.Bytes()
}

func (l *leveller) schema(schema []byte, path string) []byte {
	l.depth++
	defer func() { l.depth-- }()
	if l.tooMuch = l.tooMuch || l.depth > maxSchemaDepth || l.written > maxExpanded; l.tooMuch {
		return []byte("{}")
	}
	var o schemaObject
	switch ref := jsonedit.Text(jsonedit.Get(schema, "$ref")); {
	case jsonedit.Kind(schema) != '{':
		if string(schema) == "false" {
			l.f.c.Drop(path, "Gemini has no schema that allows nothing")
		}
	case ref != "" && !l.own:
		o.put("$ref", jsonedit.AppendString(nil, strings.Replace(ref, "#/definitions/", "#/$defs/", 1)))
		for key := range jsonedit.Members(schema) {
			if k := string(key); k != "$ref" && k != "title" && k != "default" {
				l.f.c.Drop(path+"."+k, "Gemini allows nothing beside a reference")
			}
		}
	case ref != "":
		if d := jsonedit.Get(schema, "description"); d != nil {
			o.put("description", d)
		}
		l.inline(&o, ref, path)
	default:
		l.members(&o, split(schema), path)
	}
	out := o.bytes()
	l.written += len(out)
	return out
}

// inline puts what a reference names in its place. One that leads back to itself
// cannot be followed.
func (l *leveller) inline(o *schemaObject, ref, path string) {
	if slices.Contains(l.refs, ref) {
		l.f.c.Drop(path+".$ref", "the schema refers to itself; Gemini was told only that this is an object")
		o.put("type", l.typeName("object"))
		return
	}
	target := l.lookUp(ref)
	if target == nil {
		l.f.fail(path+".$ref", "%q names nothing in the schema", ref)
		return
	}
	l.refs = append(l.refs, ref)
	l.merge(o, l.schema(target, path))
	l.refs = l.refs[:len(l.refs)-1]
}

// merge puts the members of a schema that has been levelled into o: properties
// and required ones are added to those that are there.
func (l *leveller) merge(o *schemaObject, levelled []byte) {
	for key, value := range jsonedit.Members(levelled) {
		before := o.get(string(key))
		switch {
		case before == nil:
			o.put(string(key), value)
		case string(key) == "properties" || string(key) == "required":
			o.replace(string(key), joinContainers(before, value))
		}
	}
}

func (o *schemaObject) replace(key string, value []byte) {
	for i := range *o {
		if (*o)[i].key == key {
			(*o)[i].value = value
		}
	}
}

// joinContainers joins two objects, or two arrays.
func joinContainers(a, b []byte) []byte {
	switch {
	case len(a) < 3:
		return b
	case len(b) < 3:
		return a
	}
	return append(append(append([]byte(nil), a[:len(a)-1]...), ','), b[1:]...)
}

// lookUp finds what a reference within the document names.
func (l *leveller) lookUp(ref string) []byte {
	pointer, ok := strings.CutPrefix(ref, "#")
	if !ok {
		return nil
	}
	doc := l.root
	if pointer == "" {
		return doc
	}
	for step := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		step = strings.NewReplacer("~1", "/", "~0", "~").Replace(step)
		if jsonedit.Kind(doc) == '[' {
			doc = element(doc, step)
		} else {
			doc = jsonedit.Get(doc, step)
		}
	}
	return doc
}

func element(list []byte, index string) []byte {
	n, err := strconv.Atoi(index)
	if err != nil || n < 0 {
		return nil
	}
	for e := range jsonedit.Elements(list) {
		if n--; n < 0 {
			return e
		}
	}
	return nil
}

func (l *leveller) typeName(name string) []byte {
	if l.own {
		name = strings.ToUpper(name)
	}
	return jsonedit.AppendString(nil, name)
}

func (l *leveller) members(o *schemaObject, m members, path string) {
	kind := l.kind(o, m, path)
	for _, e := range m {
		if e.value == nil || jsonedit.IsNull(e.value) && e.key != "const" {
			continue
		}
		l.member(o, e.key, e.value, kind, path+"."+e.key)
	}
}

// kind puts the type, and returns it if there is one alone.
func (l *leveller) kind(o *schemaObject, m members, path string) (kind string) {
	raw, nullable := m.take("type"), string(m.take("nullable")) == "true"
	if !l.own && raw != nil && !nullable {
		o.put("type", raw)
		return jsonedit.Text(raw)
	}
	var kinds []string
	if kind = jsonedit.Text(raw); kind != "" {
		kinds = []string{kind}
	}
	for one := range jsonedit.Elements(raw) {
		if name := jsonedit.Text(one); name == "null" {
			nullable = true
		} else {
			kinds = append(kinds, name)
		}
	}
	if len(kinds) == 0 {
		if kinds = implied(m); len(kinds) == 0 {
			if nullable && l.own {
				o.flag("nullable")
			}
			return ""
		}
	}
	switch {
	case !l.own && nullable:
		o.put("type", list(append(slices.Clone(kinds), "null"), func(s string) []byte { return jsonedit.AppendString(nil, s) }))
	case len(kinds) == 1:
		o.put("type", l.typeName(kinds[0]))
	default:
		o.put("anyOf", list(kinds, func(s string) []byte { return append(append([]byte(`{"type":`), l.typeName(s)...), '}') }))
		l.f.c.Drop(path+".type", "Gemini's schemas have one type; the alternatives keep none of the other keywords")
	}
	if nullable && l.own {
		o.flag("nullable")
	}
	if len(kinds) > 1 {
		return ""
	}
	return kinds[0]
}

// list writes an array.
func list[T any](items []T, write func(T) []byte) []byte {
	var w jsonedit.Writer
	w.Array()
	for _, item := range items {
		w.Raw(write(item))
	}
	w.EndArray()
	return w.Bytes()
}

// implied is the type that the other members tell, if they do.
func implied(m members) []string {
	for _, e := range m {
		switch {
		case e.value == nil:
		case e.key == "properties":
			return []string{"object"}
		case e.key == "items" || e.key == "prefixItems":
			return []string{"array"}
		case (e.key == "enum" || e.key == "const") && allStrings(e.value):
			return []string{"string"}
		}
	}
	return nil
}

func allStrings(values []byte) bool {
	if jsonedit.Kind(values) == '"' {
		return true
	}
	n := 0
	for v := range jsonedit.Elements(values) {
		if n++; jsonedit.Kind(v) != '"' {
			return false
		}
	}
	return n > 0
}

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
