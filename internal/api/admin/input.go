package admin

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/control"
)

// maxDepth is how deep a JSON body may nest.
const maxDepth = 1000

// An input is a JSON object that a client sent. Names may be in camelCase or
// snake_case, names that nobody asks for are ignored, null is as good as absent;
// but what is asked for must have the right type. Faults are collected.
type input struct {
	path   string // of the object inside the body, with a trailing dot
	fields map[string]json.RawMessage
	faults *[]string
}

// readInput reads the request's body, which must be a JSON object. An empty one
// is accepted where optional is set.
func readInput(r *http.Request, optional bool) (*input, error) {
	b, err := io.ReadAll(r.Body)
	if tooLong, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, ai.Errorf(ai.TooLarge, "The body has more than %d bytes", tooLong.Limit)
	}
	if err != nil {
		return nil, ai.Errorf(ai.Invalid, "The body could not be read")
	}
	if optional && len(bytes.TrimSpace(b)) == 0 {
		b = []byte("{}")
	}
	if depth(b) > maxDepth {
		return nil, ai.Errorf(ai.Invalid, "The body nests deeper than %d levels", maxDepth)
	}
	fields, err := readObject(b)
	if err != nil {
		return nil, err
	}
	return &input{fields: fields, faults: &[]string{}}, nil
}

// depth is how deep the brackets of a JSON text nest.
func depth(b []byte) int {
	deepest, now, inText := 0, 0, false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case inText && c == '\\':
			i++
		case c == '"':
			inText = !inText
		case inText:
		case c == '{' || c == '[':
			now++
			deepest = max(deepest, now)
		case c == '}' || c == ']':
			now--
		}
	}
	return deepest
}

// readObject splits an object into its members by snake_case name. Of a name
// that is there with two values, in whatever spelling, nobody could say which
// one counts.
func readObject(b []byte) (map[string]json.RawMessage, error) {
	if !json.Valid(b) {
		return nil, ai.Errorf(ai.Invalid, "This must be JSON, and it is not")
	}
	d := json.NewDecoder(bytes.NewReader(b))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, ai.Errorf(ai.Invalid, "This must be a JSON object, like {\"name\": \"value\"}")
	}
	fields := map[string]json.RawMessage{}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, err
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, err
		}
		name := control.SnakeCase(key.(string))
		if other, twice := fields[name]; twice && !bytes.Equal(other, value) {
			e := ai.Errorf(ai.Invalid, "%s is there twice, with different values", key)
			e.Param = name
			return nil, e
		}
		fields[name] = value
	}
	return fields, nil
}

// fault records what is wrong with a field.
func (in *input) fault(name, format string, args ...any) {
	*in.faults = append(*in.faults, in.path+name+": "+fmt.Sprintf(format, args...))
}

// err is nil when every field that was asked for had the right type.
func (in *input) err() error {
	all := *in.faults
	if len(all) == 0 {
		return nil
	}
	e := ai.Errorf(ai.Invalid, "%s", strings.Join(all, "; "))
	e.Param, _, _ = strings.Cut(all[0], ": ")
	if len(all) > 1 {
		e.Problems = all
	}
	return e
}

// raw returns a field's JSON, nil if it is absent or null.
func (in *input) raw(name string) json.RawMessage {
	v := in.fields[name]
	if string(v) == "null" {
		return nil
	}
	return v
}

// decode reads a field into to, or records that it must be a want.
func decode[T any](in *input, name, want string) *T {
	v := in.raw(name)
	if v == nil {
		return nil
	}
	var to T
	if err := json.Unmarshal(v, &to); err != nil {
		in.fault(name, "%s must be %s", name, want)
		return nil
	}
	return &to
}

func (in *input) text(name string) *string { return decode[string](in, name, "a string") }

func (in *input) texts(name string) *[]string {
	return decode[[]string](in, name, "an array of strings")
}

func (in *input) textMap(name string) *map[string]string {
	return decode[map[string]string](in, name, "an object whose values are strings")
}

// textOrNull is text for which an explicit null means none.
func (in *input) textOrNull(name string) *string {
	if string(in.fields[name]) == "null" {
		return new(string)
	}
	return in.text(name)
}

// must gives the field's text, "" if it is absent.
func (in *input) must(name string) string {
	if t := in.text(name); t != nil {
		return *t
	}
	return ""
}

func (in *input) integer(name string) *int64 { return decode[int64](in, name, "a whole number") }

// flag accepts true and false, and 1 and 0, which older clients send.
func (in *input) flag(name string) *bool {
	switch v := in.raw(name); string(v) {
	case "":
		return nil
	case "true", "1":
		yes := true
		return &yes
	case "false", "0":
		return new(bool)
	}
	in.fault(name, "%s must be true or false", name)
	return nil
}

// time reads a moment. An explicit null is the zero time: it takes a limit away.
func (in *input) time(name string) *time.Time {
	if string(in.fields[name]) == "null" {
		return &time.Time{}
	}
	text := in.text(name)
	if text == nil {
		return nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, *text); err == nil {
			return &t
		}
	}
	in.fault(name, "%s must be a time such as 2027-01-31T12:00:00Z", name)
	return nil
}

// object returns a nested object, nil if it is absent.
func (in *input) object(name string) *input {
	v := in.raw(name)
	if v == nil {
		return nil
	}
	fields, err := readObject(v)
	if err != nil {
		in.fault(name, "%s must be an object: %s", name, ai.AsError(err).Message)
		return nil
	}
	return &input{path: in.path + name + ".", fields: fields, faults: in.faults}
}

// objects returns an array of objects, nil if it is absent.
func (in *input) objects(name string) []*input {
	elements := decode[[]json.RawMessage](in, name, "an array of objects")
	if elements == nil {
		return nil
	}
	all := make([]*input, 0, len(*elements))
	for i, v := range *elements {
		at := name + "[" + strconv.Itoa(i) + "]"
		fields, err := readObject(v)
		if err != nil {
			in.fault(at, "must be an object: %s", ai.AsError(err).Message)
			continue
		}
		all = append(all, &input{path: in.path + at + ".", fields: fields, faults: in.faults})
	}
	return all
}

// refuse rejects a field of a feature that is not there: to accept a budget and
// not to keep it would be worse. Empty values pass.
func (in *input) refuse(names ...string) {
	for _, name := range names {
		switch string(in.raw(name)) {
		case "", "[]", "{}", "false", "0", `""`:
		default:
			in.fault(name, "%s is not available in this version; leave it out", name)
		}
	}
}
