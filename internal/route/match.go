package route

import (
	"slices"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"
)

// Attrs are what a request shows to conditions.
type Attrs struct {
	Metadata map[string]string
	Params   []byte // the request's JSON as the client sent it; nil for forms and binary
	Path     string // "/v1/chat/completions"
}

// A lookup reads fields of one request, each at most once.
type lookup struct {
	attrs Attrs
	seen  []seenValue
}

type seenValue struct {
	path  string
	value gjson.Result
}

// value returns the field's value; the second result is false if there is none.
func (l *lookup) value(f field) (gjson.Result, bool) {
	switch f.kind {
	case urlPath:
		return text(l.attrs.Path), true
	case inMetadata:
		s, ok := l.attrs.Metadata[f.path]
		return text(s), ok
	}
	for _, s := range l.seen {
		if s.path == f.path {
			return s.value, s.value.Exists()
		}
	}
	v := gjson.GetBytes(l.attrs.Params, f.path)
	l.seen = append(l.seen, seenValue{f.path, v})
	return v, v.Exists()
}

func text(s string) gjson.Result { return gjson.Result{Type: gjson.String, Str: s} }

func (q all) match(l *lookup) bool {
	for _, part := range q {
		if !part.match(l) {
			return false
		}
	}
	return true
}

func (q anyOf) match(l *lookup) bool {
	return slices.ContainsFunc(q, func(part query) bool { return part.match(l) })
}

// match compares as the product does: equality minds types, and an absent field
// equals nothing.
func (c compare) match(l *lookup) bool {
	v, ok := l.value(c.field)
	switch c.op {
	case "$eq":
		return ok && same(v, c.value)
	case "$ne":
		return !ok || !same(v, c.value)
	case "$in":
		return ok && c.among(v)
	case "$nin":
		return !ok || !c.among(v)
	case "$regex":
		subject := v.String()
		return ok && !v.IsObject() && !v.IsArray() && c.regex.MatchString(subject[:min(len(subject), maxSubject)])
	}
	n, isNumber := toNumber(v)
	if !ok || !isNumber {
		return false
	}
	switch c.op {
	case "$gt":
		return n > c.bound
	case "$gte":
		return n >= c.bound
	case "$lt":
		return n < c.bound
	default:
		return n <= c.bound
	}
}

func (c compare) among(v gjson.Result) bool {
	return slices.ContainsFunc(c.list, func(item gjson.Result) bool { return same(v, item) })
}

// same is strict equality of scalars.
func same(a, b gjson.Result) bool {
	if a.Type != b.Type {
		return false
	}
	switch a.Type {
	case gjson.String:
		return a.Str == b.Str
	case gjson.Number:
		return a.Num == b.Num
	case gjson.JSON:
		return false
	}
	return true
}

func (q all) String() string {
	if len(q) == 0 {
		return "anything"
	}
	return join(q, " and ")
}

func (q anyOf) String() string { return join(q, " or ") }

func join(parts []query, word string) string {
	texts := make([]string, len(parts))
	for i, part := range parts {
		texts[i] = part.String()
		if inner, ok := part.(anyOf); ok && len(inner) > 1 && len(parts) > 1 {
			texts[i] = "(" + texts[i] + ")"
		}
		if inner, ok := part.(all); ok && len(inner) > 1 && word == " or " {
			texts[i] = "(" + texts[i] + ")"
		}
	}
	return strings.Join(texts, word)
}

var operatorSigns = map[operator]string{
	"$eq": "=", "$ne": "≠", "$gt": ">", "$gte": "≥", "$lt": "<", "$lte": "≤",
	"$in": "in", "$nin": "not in", "$regex": "matches",
}

func (c compare) String() string {
	operand := c.value.Raw
	switch c.op {
	case "$in", "$nin":
		items := make([]string, len(c.list))
		for i, item := range c.list {
			items[i] = item.Raw
		}
		operand = "[" + strings.Join(items, ", ") + "]"
	case "$regex":
		operand = strconv.Quote(c.regex.String())
	case "$gt", "$gte", "$lt", "$lte":
		operand = formatNumber(c.bound)
	}
	return c.field.name + " " + operatorSigns[c.op] + " " + operand
}
