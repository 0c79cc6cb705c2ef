package route

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"
)

// An object is a JSON object being read key by key. Reading a key also declares
// it known, so that what was not read is known to be unknown.
type object struct {
	p      *parser
	path   string
	values map[string]gjson.Result
	order  []string
	known  []string
	broken bool // something required is missing; a misspelt key may be why
}

// object wraps v, or reports that it is not an object.
func (p *parser) object(path string, v gjson.Result) (*object, bool) {
	if !v.IsObject() {
		p.problem(path, "must be an object, got %s", describe(v))
		return nil, false
	}
	o := &object{p: p, path: path, values: map[string]gjson.Result{}}
	v.ForEach(func(k, v gjson.Result) bool {
		o.values[k.String()] = v
		o.order = append(o.order, k.String())
		return true
	})
	return o, true
}

func (o *object) at(key string) string { return joinPath(o.path, key) }

func (o *object) item(key string, i int) string { return o.at(key) + "[" + strconv.Itoa(i) + "]" }

// take returns the key's value; null counts as absent.
func (o *object) take(key string) (gjson.Result, bool) {
	o.known = append(o.known, key)
	v, ok := o.values[key]
	return v, ok && v.Type != gjson.Null
}

func (o *object) wrong(key, want string, v gjson.Result) {
	o.p.problem(o.at(key), "must be %s, got %s", want, describe(v))
}

func (o *object) missing(format string, args ...any) {
	o.broken = true
	o.p.problem(o.path, format, args...)
}

func (o *object) str(key string) string {
	v, ok := o.take(key)
	if ok && v.Type != gjson.String {
		o.wrong(key, "a string", v)
		return ""
	}
	return v.String()
}

// secret is str for a value that must not be repeated in a message.
func (o *object) secret(key string) string {
	v, ok := o.take(key)
	if ok && v.Type != gjson.String {
		o.p.problem(o.at(key), "must be a string, got %s", kindOf(v))
		return ""
	}
	return v.String()
}

func (o *object) boolean(key string) *bool {
	v, ok := o.take(key)
	if !ok {
		return nil
	}
	if !v.IsBool() {
		o.wrong(key, "true or false", v)
		return nil
	}
	b := v.Bool()
	return &b
}

// number returns a finite number between low and high.
func (o *object) number(key string, low, high float64) (float64, bool) {
	v, ok := o.take(key)
	if !ok {
		return 0, false
	}
	n := v.Num
	switch {
	case v.Type != gjson.Number || math.IsNaN(n) || n < low:
		o.wrong(key, "a number ≥ "+formatNumber(low), v)
		return 0, false
	case n > high:
		o.wrong(key, "a number ≤ "+formatNumber(high), v)
		return 0, false
	}
	return n, true
}

// list returns the elements of an array.
func (o *object) list(key, want string) ([]gjson.Result, bool) {
	v, ok := o.take(key)
	if !ok {
		return nil, false
	}
	if !v.IsArray() {
		o.wrong(key, want, v)
		return nil, false
	}
	return v.Array(), true
}

// strings returns the elements that check has nothing against; want says what
// they should be. It returns nil if the key is absent, an empty list if it is
// empty.
func (o *object) strings(key, want string, check func(string) bool) []string {
	items, ok := o.list(key, "an array of strings")
	if !ok {
		return nil
	}
	all := make([]string, 0, len(items))
	for i, v := range items {
		if v.Type != gjson.String || !check(v.Str) {
			o.p.problem(o.item(key, i), "must be %s, got %s", want, describe(v))
			continue
		}
		all = append(all, v.Str)
	}
	return all
}

// statusCodes returns nil if the key is absent, and an empty list if it is.
func (o *object) statusCodes(key string) []int {
	items, ok := o.list(key, "an array of HTTP status codes")
	if !ok {
		return nil
	}
	codes := make([]int, 0, len(items))
	for i, v := range items {
		if v.Type != gjson.Number || v.Num != math.Trunc(v.Num) || v.Num < 100 || v.Num > 599 {
			o.p.problem(o.item(key, i), "must be an HTTP status code (100 to 599), got %s", describe(v))
			continue
		}
		codes = append(codes, int(v.Num))
	}
	return codes
}

// elements returns the raw array if every element is an object or, where they
// are allowed, a string.
func (o *object) elements(key string, stringsToo bool) json.RawMessage {
	each := "an object"
	if stringsToo {
		each = "a string or an object"
	}
	items, ok := o.list(key, "an array, each element "+each)
	if !ok {
		return nil
	}
	for i, v := range items {
		if !v.IsObject() && (!stringsToo || v.Type != gjson.String) {
			o.p.problem(o.item(key, i), "must be %s, got %s", each, describe(v))
		}
	}
	return json.RawMessage(o.values[key].Raw)
}

// child returns the object under key.
func (o *object) child(key string) (*object, bool) {
	v, ok := o.take(key)
	if !ok {
		return nil, false
	}
	return o.p.object(o.at(key), v)
}

// unknown returns the keys nobody has taken, in written order.
func (o *object) unknown() []string {
	known := make(map[string]bool, len(o.known))
	for _, k := range o.known {
		known[k] = true
	}
	var rest []string
	for _, k := range o.order {
		if !known[k] {
			rest = append(rest, k)
		}
	}
	return rest
}

// close reports unknown keys that look like misspelt ones: as problems if the
// object does not work, as warnings if it does.
func (o *object) close() {
	const enough = 50 // a longer list of unknown keys is not a typing error
	unknown := o.unknown()
	for _, k := range unknown[:min(len(unknown), enough)] {
		near, ok := nearest(k, o.known)
		if !ok {
			continue
		}
		if o.broken {
			o.p.problem(o.at(k), "unknown key; did you mean %q?", near)
		} else {
			o.p.warn(o.at(k), "unknown key; did you mean %q?", near)
		}
	}
}

func kindOf(v gjson.Result) string {
	switch {
	case v.IsObject():
		return "an object"
	case v.IsArray():
		return "an array"
	case v.Type == gjson.String:
		return "a string"
	case v.Type == gjson.Number:
		return "a number"
	case v.Type == gjson.Null:
		return "null"
	}
	return "a boolean"
}

// describe shows a scalar and names the kind of anything larger.
func describe(v gjson.Result) string {
	const room = 60
	switch {
	case v.Raw == "{}" || v.Raw == "[]":
		return v.Raw
	case v.IsObject() || v.IsArray():
		return kindOf(v)
	case len(v.Raw) > room:
		return kindOf(v) + " of " + strconv.Itoa(len(v.Raw)) + " bytes"
	}
	return strings.ToValidUTF8(v.Raw, "�")
}

func formatNumber(n float64) string { return strconv.FormatFloat(n, 'f', -1, 64) }
