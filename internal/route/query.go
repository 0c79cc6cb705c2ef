package route

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"
)

// Limits of a query.
const (
	maxQueryDepth = 32
	maxPaths      = 64 // different params paths of a config; each is a scan of the body
)

// A condition sends the requests that match its query to one target.
type condition struct {
	query query
	then  int // index among the targets
}

// A query is a compiled condition: all, anyOf or compare.
type query interface {
	match(l *lookup) bool
	String() string // for people: metadata.tier = "paid"
}

// all matches if every part does; without parts, always.
type all []query

// anyOf matches if some part does.
type anyOf []query

// compare holds one field against one operand.
type compare struct {
	field field
	op    operator
	value gjson.Result   // of $eq, $ne
	bound float64        // of $gt, $gte, $lt, $lte
	list  []gjson.Result // of $in, $nin
	regex *regexp.Regexp // of $regex
}

type operator string

// query compiles {"field": value, "field": {"$op": operand}, "$and": [...]}, all
// of whose keys must hold.
func (p *parser) query(path string, v gjson.Result, depth int) query {
	if depth > maxQueryDepth {
		p.problem(path, "must not nest deeper than %d levels", maxQueryDepth)
		return all{}
	}
	o, ok := p.object(path, v)
	if !ok {
		return all{}
	}
	if len(o.order) == 0 && depth == 0 {
		p.warn(path, "is empty: it matches every request")
	}
	parts := all{}
	for _, key := range o.order {
		switch {
		case key == "$and" || key == "$or":
			parts = append(parts, p.junction(o, key, depth))
		case strings.HasPrefix(key, "$"):
			p.problem(o.at(key), unknownOperation+"%s; queries are joined by $and and $or", key)
		default:
			parts = append(parts, p.fieldQuery(o, key))
		}
	}
	return parts
}

func (p *parser) junction(o *object, key string, depth int) query {
	v := o.values[key]
	if !v.IsArray() || len(v.Array()) == 0 {
		p.problem(o.at(key), "must be a non-empty array of queries, got %s", describe(v))
		return all{}
	}
	var parts []query
	for i, item := range v.Array() {
		parts = append(parts, p.query(o.item(key, i), item, depth+1))
	}
	if key == "$or" {
		return anyOf(parts)
	}
	return all(parts)
}

// fieldQuery compiles a field's value: a scalar to equal, or operators that must
// all hold.
func (p *parser) fieldQuery(o *object, key string) query {
	f, err := parseField(key)
	if err != nil {
		p.problem(o.at(key), "%v", err)
		return all{}
	}
	if f.kind == inParams && !p.roomForPath(f.path) {
		p.problem(o.at(key), "conditions must not look at more than %d different params", maxPaths)
		return all{}
	}
	v := o.values[key]
	if !v.IsObject() {
		return p.operation(o.at(key), f, "$eq", v)
	}
	ops, _ := p.object(o.at(key), v)
	if len(ops.order) == 0 {
		p.problem(ops.path, "must hold an operator, got {}")
	}
	parts := all{}
	for _, op := range ops.order {
		parts = append(parts, p.operation(ops.at(op), f, operator(op), ops.values[op]))
	}
	return parts
}

func (p *parser) roomForPath(path string) bool {
	if p.paths == nil {
		p.paths = map[string]bool{}
	}
	p.paths[path] = true
	return len(p.paths) <= maxPaths
}

func (p *parser) operation(path string, f field, op operator, v gjson.Result) query {
	c := compare{field: f, op: op}
	switch op {
	case "$eq", "$ne":
		p.scalar(path, f, v)
		c.value = v
	case "$gt", "$gte", "$lt", "$lte":
		bound, ok := toNumber(v)
		if !ok {
			p.problem(path, "must be a number, got %s", describe(v))
		}
		c.bound = bound
	case "$in", "$nin":
		if !v.IsArray() {
			p.problem(path, "must be an array, got %s", describe(v))
		}
		for i, item := range v.Array() {
			p.scalar(fmt.Sprintf("%s[%d]", path, i), f, item)
			c.list = append(c.list, item)
		}
	case "$regex":
		c.regex = p.pattern(path, v)
	default:
		p.problem(path, unknownOperation+"%s; there are $eq, $ne, $gt, $gte, $lt, $lte, $in, $nin, $regex", string(op))
	}
	return c
}

func (p *parser) scalar(path string, f field, v gjson.Result) {
	switch {
	case v.IsObject() || v.IsArray():
		p.problem(path, "must be a string, number, boolean or null, got %s", describe(v))
	case f.textual() && v.Type != gjson.String:
		p.warn(path, "%s is always text, which %s never equals; write it in quotes", f.name, describe(v))
	}
}

// A field is what a query looks at.
type field struct {
	name string // as written
	kind fieldKind
	path string // metadata key, or gjson path into the request's JSON
}

type fieldKind uint8

const (
	inMetadata fieldKind = iota
	inParams
	urlPath
)

// textual reports whether the field's value can only be a string.
func (f field) textual() bool { return f.kind != inParams }

func parseField(name string) (field, error) {
	f := field{name: name}
	root, rest, _ := strings.Cut(name, ".")
	switch {
	case name == "url.pathname":
		f.kind = urlPath
		return f, nil
	case root == "metadata" && rest != "":
		f.path = rest
		return f, nil
	case root == "params" && rest != "":
		f.kind = inParams
		for part := range strings.SplitSeq(rest, ".") {
			steps, ok := fieldSteps(part)
			if !ok {
				return f, fmt.Errorf("%q is not a path: write it like params.a.b or params.messages[0].role", name)
			}
			for _, s := range steps {
				if f.path != "" {
					f.path += "."
				}
				f.path += gjson.Escape(s)
			}
		}
		return f, nil
	}
	return f, fmt.Errorf("%q is not a field: use metadata.KEY, params.PATH or url.pathname", name)
}

var fieldPart = regexp.MustCompile(`^([^\[\]]+)((?:\[\d{1,9}\])*)$`)

// fieldSteps splits "messages[0]" into "messages" and "0".
func fieldSteps(part string) ([]string, bool) {
	m := fieldPart.FindStringSubmatch(part)
	if m == nil {
		return nil, false
	}
	return append([]string{m[1]}, strings.FieldsFunc(m[2], func(r rune) bool { return r == '[' || r == ']' })...), true
}

// toNumber reads a number, or text that holds one.
func toNumber(v gjson.Result) (float64, bool) {
	switch v.Type {
	case gjson.Number:
		return v.Num, true
	case gjson.String:
		n, err := strconv.ParseFloat(strings.TrimSpace(v.Str), 64)
		return n, err == nil && !math.IsNaN(n)
	}
	return 0, false
}
