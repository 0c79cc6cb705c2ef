package otlp

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
)

// attributes are those of a span, a record or a resource, by key; of two with the
// same key the last counts. Keys are never taken apart into places of objects,
// except where a convention numbers its messages (list).
type attributes map[string]*commonpb.AnyValue

// attributesOf leaves out keys that are too long, and counts them.
func attributesOf(list []*commonpb.KeyValue) (a attributes, left int) {
	a = make(attributes, len(list))
	for _, kv := range list {
		switch {
		case len(kv.GetKey()) > maxKey:
			left++
		case kv.GetKey() != "":
			a[kv.GetKey()] = kv.GetValue()
		}
	}
	return a, left
}

// text is the first of keys that has a text or a number, as text.
func (a attributes) text(keys ...string) string {
	for _, key := range keys {
		if s := plain(a[key]); s != "" {
			return s
		}
	}
	return ""
}

func plain(v *commonpb.AnyValue) string {
	switch v := v.GetValue().(type) {
	case *commonpb.AnyValue_StringValue:
		return v.StringValue
	case *commonpb.AnyValue_IntValue:
		return strconv.FormatInt(v.IntValue, 10)
	case *commonpb.AnyValue_DoubleValue:
		return strconv.FormatFloat(v.DoubleValue, 'g', -1, 64)
	case *commonpb.AnyValue_BoolValue:
		return strconv.FormatBool(v.BoolValue)
	}
	return ""
}

// number is the first of keys that has a number, 0 or more, which some write as text.
func (a attributes) number(keys ...string) (float64, bool) {
	for _, key := range keys {
		n, err := strconv.ParseFloat(strings.TrimSpace(plain(a[key])), 64)
		if err == nil && n >= 0 && !math.IsInf(n, 0) && !math.IsNaN(n) {
			return n, true
		}
	}
	return 0, false
}

const most = 1 << 40 // of a count

func (a attributes) count(keys ...string) (int64, bool) {
	n, ok := a.number(keys...)
	return int64(min(n, most)), ok
}

func (a attributes) has(keys ...string) bool {
	return slices.ContainsFunc(keys, func(key string) bool { return a[key] != nil })
}

// value is the first of keys that is there, as JSON has it; a text that is JSON
// itself is read, for that is how most write what has parts.
func (a attributes) value(keys ...string) any {
	for _, key := range keys {
		if a[key] == nil {
			continue
		}
		v := anyOf(a[key])
		if s, ok := v.(string); ok {
			v = parsed(s)
		}
		if v != nil && v != "" {
			return v
		}
	}
	return nil
}

func parsed(s string) any {
	if t := strings.TrimSpace(s); strings.HasPrefix(t, "{") || strings.HasPrefix(t, "[") {
		var v any
		if json.Unmarshal([]byte(t), &v) == nil {
			return v
		}
	}
	return s
}

func anyOf(v *commonpb.AnyValue) any {
	switch v := v.GetValue().(type) {
	case *commonpb.AnyValue_StringValue:
		return v.StringValue
	case *commonpb.AnyValue_IntValue:
		return v.IntValue
	case *commonpb.AnyValue_BoolValue:
		return v.BoolValue
	case *commonpb.AnyValue_DoubleValue:
		if math.IsInf(v.DoubleValue, 0) || math.IsNaN(v.DoubleValue) {
			return strconv.FormatFloat(v.DoubleValue, 'g', -1, 64)
		}
		return v.DoubleValue
	case *commonpb.AnyValue_BytesValue:
		return base64.StdEncoding.EncodeToString(v.BytesValue)
	case *commonpb.AnyValue_ArrayValue:
		list := make([]any, len(v.ArrayValue.GetValues()))
		for i, x := range v.ArrayValue.GetValues() {
			list[i] = anyOf(x)
		}
		return list
	case *commonpb.AnyValue_KvlistValue:
		m := map[string]any{}
		for _, kv := range v.KvlistValue.GetValues() {
			if len(kv.GetKey()) <= maxKey {
				m[kv.GetKey()] = anyOf(kv.GetValue())
			}
		}
		return m
	}
	return nil
}

func (a attributes) object() map[string]any {
	m := make(map[string]any, len(a))
	for key, v := range a {
		m[key] = anyOf(v)
	}
	return m
}

// list gathers attributes that a convention numbers, prefix.0.role and prefix.0.content,
// into objects in the order of the numbers: keys without prefix and number.
func (a attributes) list(prefix string) []attributes {
	byNumber := map[int]attributes{}
	for key, v := range a {
		rest, ok := strings.CutPrefix(key, prefix+".")
		if !ok {
			continue
		}
		digits, name, ok := strings.Cut(rest, ".")
		n, err := strconv.ParseUint(digits, 10, 16)
		if !ok || err != nil {
			continue
		}
		if byNumber[int(n)] == nil {
			byNumber[int(n)] = attributes{}
		}
		byNumber[int(n)][name] = v
	}
	var list []attributes
	for _, n := range slices.Sorted(maps.Keys(byNumber)) {
		list = append(list, byNumber[n])
	}
	return list
}
