package gemini

import (
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
