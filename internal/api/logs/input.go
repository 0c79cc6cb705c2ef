package logs

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/control"
)

// readItems reads a body that is one JSON object or an array of them. one says
// which; faults name the item then.
func readItems(r *http.Request, most int) (items []*item, one bool, err error) {
	body, err := readBody(r)
	if err != nil {
		return nil, false, err
	}
	body = bytes.TrimSpace(body)
	list := numbered(body)
	if one = list == nil && !bytes.HasPrefix(body, []byte("[")); one {
		list = []json.RawMessage{body}
	} else if list == nil {
		if err := json.Unmarshal(body, &list); err != nil {
			return nil, false, ai.Errorf(ai.Invalid, "The body must be a JSON object or an array of objects: %s", err)
		}
	}
	if len(list) == 0 || len(list) > most {
		return nil, false, ai.Errorf(ai.Invalid, "The array has %d items; send from 1 to %d", len(list), most)
	}
	for i, raw := range list {
		prefix := ""
		if !one {
			prefix = fmt.Sprintf("[%d].", i)
		}
		it, err := readItem(prefix, raw)
		if err != nil {
			return nil, false, err
		}
		items = append(items, it)
	}
	return items, one, nil
}

// numbered reads an array that came as an object with the members 0, 1, …, which
// is what Portkey's SDK for Node makes of one. It returns nil for anything else.
func numbered(body []byte) []json.RawMessage {
	if !bytes.HasPrefix(body, []byte("{")) || !bytes.Contains(body, []byte(`"0"`)) {
		return nil
	}
	var members map[string]json.RawMessage
	if json.Unmarshal(body, &members) != nil {
		return nil
	}
	list := make([]json.RawMessage, len(members))
	for i := range list {
		v, ok := members[strconv.Itoa(i)]
		if !ok {
			return nil
		}
		list[i] = v
	}
	return list
}

func readBody(r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(r.Body)
	if tooLong, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, ai.Errorf(ai.TooLarge, "The body has more than %d bytes; send it in several parts", tooLong.Limit)
	}
	if err != nil {
		return nil, ai.Errorf(ai.Invalid, "The body could not be read")
	}
	return body, nil
}

// maxText bounds a text in bytes; what it may hold is judged elsewhere.
const maxText = 4096

// An item is a JSON object whose members may be in camelCase or snake_case. null
// is as good as absent. The first fault is kept.
type item struct {
	path    string // before the members' names, with its dot
	fields  map[string]json.RawMessage
	members map[string]json.RawMessage // by the names that were sent
	err     *error
}

func readItem(path string, raw json.RawMessage) (*item, error) {
	it := &item{path: path, err: new(error)}
	if it.fill(raw); *it.err != nil {
		return nil, *it.err
	}
	return it, nil
}

func (it *item) fill(raw json.RawMessage) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil || members == nil {
		it.fail("", "must be a JSON object")
		return
	}
	it.members, it.fields = members, make(map[string]json.RawMessage, len(members))
	for name, v := range members {
		if string(v) != "null" {
			it.fields[control.SnakeCase(name)] = v
		}
	}
}

func (it *item) fail(name, format string, args ...any) {
	if *it.err != nil {
		return
	}
	param := it.path + name
	if name == "" {
		if n := len(param); n > 0 {
			param = param[:n-1] // the dot
		} else {
			param = "body"
		}
	}
	e := ai.Errorf(ai.Invalid, "%s %s", param, fmt.Sprintf(format, args...))
	e.Param = param
	*it.err = e
}

// object returns a member that is an object; required ones must be there.
func (it *item) object(name string, required bool) *item {
	sub := &item{path: it.path + name + ".", err: it.err}
	if raw, ok := it.fields[name]; ok {
		sub.fill(raw)
	} else if required {
		it.fail(name, "is missing")
	}
	return sub
}

func (it *item) text(name string, most int) string {
	raw, ok := it.fields[name]
	if !ok {
		return ""
	}
	var s string
	if err := json.Unmarshal(raw, &s); err != nil {
		it.fail(name, "must be a string")
		return ""
	}
	if len(s) > most {
		it.fail(name, "must be at most %d bytes long", most)
		return ""
	}
	return s
}

// number reads a number within bounds; ok is false if it is absent or at fault.
func (it *item) number(name string, low, high float64, want string) (v float64, ok bool) {
	raw, there := it.fields[name]
	if !there {
		return 0, false
	}
	if err := json.Unmarshal(raw, &v); err != nil || v < low || v > high {
		it.fail(name, "must be %s", want)
		return 0, false
	}
	return v, true
}

// whole is number for one without a fraction.
func (it *item) whole(name string, low, high int64, want string) (int64, bool) {
	v, ok := it.number(name, float64(low), float64(high), want)
	if ok && v != float64(int64(v)) {
		it.fail(name, "must be %s", want)
		return 0, false
	}
	return int64(v), ok
}

// optional is a text that may be absent.
func (it *item) optional(name string) *string {
	if _, ok := it.fields[name]; !ok {
		return nil
	}
	s := it.text(name, maxText)
	return &s
}

func (it *item) flag(name string) *bool {
	raw, ok := it.fields[name]
	if !ok {
		return nil
	}
	var v bool
	if json.Unmarshal(raw, &v) != nil {
		it.fail(name, "must be true or false")
	}
	return &v
}

// texts is an array of strings, or a list separated by commas; nil if it is absent.
func (it *item) texts(name string) []string {
	raw, ok := it.fields[name]
	if !ok {
		return nil
	}
	list := []string{}
	var s string
	if json.Unmarshal(raw, &s) == nil {
		for part := range strings.SplitSeq(s, ",") {
			list = append(list, strings.TrimSpace(part))
		}
		return list
	}
	if json.Unmarshal(raw, &list) != nil {
		it.fail(name, "must be an array of strings")
	}
	return list
}
