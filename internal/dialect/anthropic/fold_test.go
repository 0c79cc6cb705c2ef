package anthropic

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

// foldHub makes the whole message of a hub stream, as a client of OpenAI does.
func foldHub(t testing.TB, stream string) (message object, finish string, usage object, done bool) {
	t.Helper()
	content, calls := "", []any{}
	role := ""
	for i, e := range events(stream) {
		if string(e.Data) == "[DONE]" {
			done = true
			continue
		}
		if done {
			t.Errorf("an event after [DONE]: %s", e.Data)
		}
		chunk := decode(t, e.Data)
		if u, ok := chunk["usage"].(object); ok {
			usage = u
		}
		for _, c := range chunk["choices"].([]any) {
			choice := c.(object)
			delta := choice["delta"].(object)
			if r, ok := delta["role"].(string); ok {
				if role = r; i != 0 {
					t.Errorf("the role is in event %d", i)
				}
			}
			if text, ok := delta["content"].(string); ok {
				content += text
			}
			if f, ok := choice["finish_reason"].(string); ok {
				finish = f
			}
			list, _ := delta["tool_calls"].([]any)
			for _, part := range list {
				calls = foldCall(t, calls, part.(object))
			}
		}
	}
	message = object{"role": role, "content": content}
	if len(calls) > 0 {
		message["tool_calls"] = calls
	}
	return message, finish, usage, done
}

func foldCall(t testing.TB, calls []any, part object) []any {
	t.Helper()
	index, err := part["index"].(json.Number).Int64()
	if err != nil || int(index) > len(calls) {
		t.Fatalf("tool call index %v after %d calls", part["index"], len(calls))
	}
	if int(index) == len(calls) {
		calls = append(calls, object{"id": part["id"], "type": part["type"], "function": object{"name": "", "arguments": ""}})
	}
	function := calls[index].(object)["function"].(object)
	for key, value := range part["function"].(object) {
		function[key] = function[key].(string) + value.(string)
	}
	return calls
}

// foldMessages makes the whole message of a messages stream, as a client of
// Anthropic does, and checks the order of its events.
func foldMessages(t testing.TB, stream string) (message object, done bool) {
	t.Helper()
	var content []object
	inputs := map[int]string{}
	open, cut := -1, false // the open block; whether an input was not whole
	for i, e := range events(stream) {
		data := decode(t, e.Data)
		if data["type"] != string(e.Name) {
			t.Errorf("event %s has type %v", e.Name, data["type"])
		}
		index := -1
		if n, ok := data["index"].(json.Number); ok {
			i64, _ := n.Int64()
			index = int(i64)
		}
		switch string(e.Name) {
		case "message_start":
			if message = data["message"].(object); i != 0 {
				t.Errorf("message_start is event %d", i)
			}
		case "content_block_start":
			if open >= 0 || index != len(content) {
				t.Fatalf("block %d begins while %d is open after %d", index, open, len(content))
			}
			open = index
			content = append(content, data["content_block"].(object))
		case "content_block_delta":
			if index != open {
				t.Fatalf("a delta of block %d while %d is open", index, open)
			}
			foldDelta(t, content[index], data["delta"].(object), inputs, index)
		case "content_block_stop":
			if index != open {
				t.Fatalf("block %d ends while %d is open", index, open)
			}
			if text := inputs[index]; !json.Valid([]byte(text)) {
				cut = cut || text != ""
			} else {
				content[index]["input"] = decode(t, []byte(text))
			}
			open = -1
		case "message_delta":
			for key, value := range data["delta"].(object) {
				message[key] = value
			}
			for key, value := range data["usage"].(object) {
				message["usage"].(object)[key] = value
			}
		case "message_stop":
			done = true
		case "ping":
		default:
			t.Errorf("unexpected event %s", e.Name)
		}
	}
	if cut && message["stop_reason"] != "max_tokens" {
		t.Errorf("an input is not JSON: %v", inputs)
	}
	if open >= 0 && done {
		t.Errorf("block %d was not closed", open)
	}
	list := []any{}
	for _, block := range content {
		list = append(list, block)
	}
	if message != nil {
		message["content"] = list
	}
	return message, done
}

func foldDelta(t testing.TB, block, delta object, inputs map[int]string, index int) {
	t.Helper()
	switch delta["type"] {
	case "text_delta":
		block["text"] = block["text"].(string) + delta["text"].(string)
	case "thinking_delta":
		block["thinking"] = block["thinking"].(string) + delta["thinking"].(string)
	case "signature_delta":
		block["signature"] = delta["signature"]
	case "citations_delta":
		list, _ := block["citations"].([]any)
		block["citations"] = append(list, delta["citation"])
	case "input_json_delta":
		inputs[index] += delta["partial_json"].(string)
	default:
		t.Errorf("unexpected delta %v", delta["type"])
	}
}

func conversion() *dialect.Conversion {
	return &dialect.Conversion{Op: ai.Chat, Model: "asked-for", ID: "fallback-id", Now: 1700000000}
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
