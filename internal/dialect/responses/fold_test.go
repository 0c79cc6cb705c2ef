package responses

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/sse"
	"github.com/portico-ai/portico/internal/dialect"
)

// object is a decoded JSON object. Numbers are kept as written.
type object = map[string]any

func decode(t testing.TB, doc []byte) object {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(string(doc)))
	d.UseNumber()
	var o object
	if err := d.Decode(&o); err != nil {
		t.Fatalf("%v in %s", err, doc)
	}
	return o
}

func encode(t testing.TB, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// equalJSON compares two documents by their meaning.
func equalJSON(t testing.TB, what string, want, got []byte) {
	t.Helper()
	if diff := cmp.Diff(decode(t, want), decode(t, got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s\ngot %s", what, diff, got)
	}
}

// reading is a stream read from a byte source, as the gateway reads one.
type reading struct{ frames *sse.Reader }

func (r reading) Next() ([]byte, error) { return r.frames.Next() }
func (reading) Close() error            { return nil }

func streamOf(src io.Reader) ai.Stream { return reading{sse.NewReader(src, 1<<20)} }

// drain reads a stream to its end.
func drain(s ai.Stream) (string, error) {
	var b strings.Builder
	for {
		chunk, err := s.Next()
		if err != nil {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return b.String(), err
		}
		b.Write(chunk)
	}
}

func events(stream string) (list []sse.Event) {
	var d sse.Decoder
	for e := range d.Events([]byte(stream)) {
		list = append(list, sse.Event{Name: e.Name, Data: []byte(string(e.Data))})
	}
	return list
}

func conversion() *dialect.Conversion {
	return &dialect.Conversion{Op: ai.Chat, Model: "asked-for", ID: "0198c0de-fallback", Now: 1700000000}
}

func strict() *dialect.Conversion {
	c := conversion()
	c.Strict = true
	return c
}

func paths(c *dialect.Conversion) (list []string) {
	for _, r := range c.Receipts {
		if r.Reason == "" {
			list = append(list, r.Path+" WITHOUT A REASON")
			continue
		}
		list = append(list, r.Path)
	}
	return list
}

func number(t testing.TB, v any) int {
	t.Helper()
	n, ok := v.(json.Number)
	if !ok {
		t.Fatalf("%v is no number", v)
	}
	i, err := n.Int64()
	if err != nil {
		t.Fatal(err)
	}
	return int(i)
}

// A told is what a client makes of a stream of Responses events.
type told struct {
	response object // of the terminal event; nil without one
	terminal string // its name
	items    []object
}

// fold reads a stream as a client does, and checks on the way that each event
// fits what was told before: that pieces add up to what is called whole, that
// items begin before they end, and that the numbers rise. It is strict about
// everything only for streams of ours; others leave out some of the steps.
func fold(t testing.TB, stream string, ours bool) (f told) {
	t.Helper()
	texts := map[string]string{} // by item, kind and index: the pieces so far
	open := map[int]bool{}
	last := -1
	for i, e := range events(stream) {
		if string(e.Data) == "[DONE]" {
			continue
		}
		data := decode(t, e.Data)
		kind, _ := data["type"].(string)
		if ours && kind != string(e.Name) {
			t.Errorf("event %s has type %v", e.Name, kind)
		}
		if f.terminal != "" {
			t.Errorf("an event after %s: %s", f.terminal, kind)
		}
		if n, ok := data["sequence_number"]; ok {
			if at := number(t, n); at <= last || ours && at != last+1 {
				t.Errorf("sequence number %d after %d", at, last)
			} else {
				last = at
			}
		} else if ours {
			t.Errorf("event %s has no sequence number", kind)
		}
		index := -1
		if n, ok := data["output_index"]; ok {
			index = number(t, n)
		}
		at := func(key string) string {
			place := ""
			for _, name := range []string{"content_index", "summary_index"} {
				if n, ok := data[name]; ok {
					place = string(n.(json.Number))
				}
			}
			return string(encode(t, []any{index, key, place}))
		}
		whole := func(kind, key string) {
			pieces, some := texts[at(kind)]
			if text, _ := data[key].(string); some && text != pieces || ours && !some && text != "" {
				t.Errorf("event %d, %s: the pieces are %q, the whole is %q", i, kind, pieces, text)
			}
		}
		switch kind {
		case "response.created":
			if ours && i != 0 {
				t.Errorf("%s is event %d", kind, i)
			}
		case "response.in_progress", "response.queued":
		case "response.output_item.added":
			if ours && (index != len(f.items) || open[index]) {
				t.Errorf("item %d begins after %d items", index, len(f.items))
			}
			open[index] = true
			for len(f.items) <= index {
				f.items = append(f.items, nil)
			}
		case "response.output_item.done":
			if !open[index] {
				t.Errorf("item %d ends and did not begin", index)
			}
			open[index] = false
			f.items[index] = data["item"].(object)
		case "response.completed", "response.incomplete", "response.failed":
			f.terminal, f.response = kind, data["response"].(object)
		case "response.output_text.delta", "response.refusal.delta", "response.reasoning_summary_text.delta", "response.reasoning_text.delta",
			"response.function_call_arguments.delta", "response.custom_tool_call_input.delta":
			if !open[index] {
				t.Errorf("%s of item %d, which is not open", kind, index)
			}
			texts[at(strings.TrimSuffix(kind, ".delta"))] += data["delta"].(string)
		case "response.output_text.done", "response.reasoning_summary_text.done", "response.reasoning_text.done":
			whole(strings.TrimSuffix(kind, ".done"), "text")
		case "response.refusal.done":
			whole("response.refusal", "refusal")
		case "response.function_call_arguments.done":
			whole("response.function_call_arguments", "arguments")
		case "response.custom_tool_call_input.done":
			whole("response.custom_tool_call_input", "input")
		default:
			if !strings.HasPrefix(kind, "response.") {
				t.Errorf("unexpected event %s", kind)
			}
		}
	}
	if !ours || f.response == nil {
		return f
	}
	for i, still := range open {
		if still {
			t.Errorf("item %d was not ended", i)
		}
	}
	list := []any{}
	for _, it := range f.items {
		list = append(list, it)
	}
	if diff := cmp.Diff(list, f.response["output"]); diff != "" {
		t.Errorf("the items differ from the response's output (-items +output):\n%s", diff)
	}
	return f
}
