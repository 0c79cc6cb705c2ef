package anthropic

import (
	"strconv"
	"strings"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
)

// toolStreams are the tool calls of a stream. Anthropic's blocks come one after
// the other, while the hub may interleave its calls: what arrives for a later
// call is kept until the one before it is complete.
type toolStreams struct {
	list []*toolStream
	next int // the first that is not closed
}

type toolStream struct {
	index  int64 // in the hub
	id     string
	name   []byte // a JSON string
	args   []byte // the inside of a JSON string, as it came
	sent   int    // of args
	opened bool
}

// complete reports whether the arguments are whole. Without any, that can only
// be known at the end.
func (t *toolStream) complete() bool {
	text := jsonedit.Text(quote(t.args))
	_, ok := jsonedit.AsObject(text)
	return ok && strings.TrimSpace(text) != ""
}

// tool takes a part of a tool call. call is nil for the older form, which has
// one call and no id.
func (s *streamFromHub) tool(call, function []byte) error {
	t := s.tools.find(call)
	if call == nil && t.id == "" {
		t.id = functionID(jsonedit.Text(jsonedit.Get(function, "name")))
	}
	for key, value := range jsonedit.Members(function) {
		switch string(key) {
		case "name":
			if len(t.name) == 0 && !isEmpty(value) {
				t.name = append(t.name, value...)
			}
		case "arguments":
			t.args = append(t.args, inside(value)...)
		}
	}
	if s.tools.closed(t) && len(t.args) > t.sent {
		if jsonedit.Text(quote(t.args[t.sent:])) == "" {
			return nil
		}
		return ai.Errorf(ai.BadGateway, "the provider's stream went on with a tool call that was over")
	}
	s.pumpTools()
	return nil
}

// find returns the call that a delta belongs to. Servers that give all calls
// the same index are told by the id, those that give none by their order.
func (l *toolStreams) find(call []byte) *toolStream {
	id := jsonedit.Text(jsonedit.Get(call, "id"))
	at := jsonedit.Get(call, "index")
	for i := len(l.list) - 1; i >= 0; i-- {
		t := l.list[i]
		if !jsonedit.IsNull(at) && t.index != jsonedit.Int(at) {
			continue
		}
		if t.id == "" && !t.opened {
			t.id = id
		}
		if id == "" || id == t.id {
			return t
		}
	}
	t := &toolStream{index: jsonedit.Int(at), id: id}
	l.list = append(l.list, t)
	return t
}

func (l *toolStreams) closed(t *toolStream) bool {
	for _, other := range l.list[:l.next] {
		if other == t {
			return true
		}
	}
	return false
}

// pumpTools writes what may be written now: the first open call, and those after
// it as far as each is complete.
func (s *streamFromHub) pumpTools() {
	l := &s.tools
	for l.next < len(l.list) {
		t := l.list[l.next]
		if len(t.name) == 0 {
			return
		}
		s.writeTool(t)
		if l.next == len(l.list)-1 || !t.complete() {
			return
		}
		s.closeBlock()
		l.next++
	}
}

// flushTools writes all that is kept and closes the calls.
func (s *streamFromHub) flushTools() {
	l := &s.tools
	for ; l.next < len(l.list); l.next++ {
		s.writeTool(l.list[l.next])
		s.closeBlock()
	}
}

func (s *streamFromHub) writeTool(t *toolStream) {
	if !t.opened {
		t.opened = true
		s.closeBlock()
		s.openBlock("tool_use", anySource, func(w *jsonedit.Writer) {
			w.Object()
			w.StringMember("type", "tool_use")
			w.StringMember("id", orElse(t.id, "call_"+strconv.Itoa(s.tools.next)))
			w.RawMember("name", t.name)
			w.RawMember("input", []byte("{}"))
			w.EndObject()
		})
	}
	if t.sent < len(t.args) {
		s.delta("input_json_delta", "partial_json", quote(t.args[t.sent:]))
		t.sent = len(t.args)
	}
}

// inside is a JSON string without its quotes. Arguments given as an object,
// which some servers do, become its text.
func inside(value []byte) []byte {
	if jsonedit.Kind(value) != '"' {
		value = jsonedit.AppendQuoted(nil, value)
	}
	return value[1 : len(value)-1]
}

func quote(inside []byte) []byte {
	return append(append([]byte{'"'}, inside...), '"')
}
