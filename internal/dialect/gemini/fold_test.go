package gemini

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

func streamOfText(s string) ai.Stream { return streamOf(strings.NewReader(s)) }

// drain reads a stream to its end; io.EOF is nil.
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

func conversion() *dialect.Conversion {
	return &dialect.Conversion{Op: ai.Chat, Model: "asked-for", ID: "0197-fallback", Now: 1700000000}
}

func strict() *dialect.Conversion {
	c := conversion()
	c.Strict = true
	return c
}

func onward() *dialect.Conversion {
	c := conversion()
	c.Onward = true
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

// events are the data of a stream's events, read without the decoder under test.
func events(t testing.TB, stream string) (list []object) {
	t.Helper()
	for block := range strings.SplitSeq(strings.ReplaceAll(stream, "\r\n", "\n"), "\n\n") {
		data, ok := strings.CutPrefix(strings.ReplaceAll(block, "\ndata:", "\n"), "data:")
		if ok && strings.TrimSpace(data) != "[DONE]" {
			list = append(list, decode(t, []byte(data)))
		}
	}
	return list
}

// foldReplies puts a stream's replies together to one: text that follows text of
// the same kind becomes one part.
func foldReplies(t testing.TB, stream string) object {
	t.Helper()
	whole := object{}
	candidates := map[string]object{}
	var order []string
	for _, reply := range events(t, stream) {
		for key, value := range reply {
			switch key {
			case "candidates":
				for _, c := range value.([]any) {
					candidate := c.(object)
					index := "0"
					if n, ok := candidate["index"].(json.Number); ok {
						index = n.String()
					}
					sum, known := candidates[index]
					if !known {
						sum = object{"parts": []any{}}
						candidates[index], order = sum, append(order, index)
					}
					foldCandidate(sum, candidate)
				}
			case "usageMetadata":
				usage, _ := whole[key].(object)
				if usage == nil {
					usage = object{}
				}
				for k, v := range value.(object) {
					usage[k] = v
				}
				whole[key] = usage
			default:
				whole[key] = value
			}
		}
	}
	var list []any
	for _, index := range order {
		sum := candidates[index]
		parts := joinParts(sum["parts"].([]any))
		delete(sum, "parts")
		sum["content"] = object{"parts": parts, "role": "model"}
		list = append(list, sum)
	}
	if list != nil {
		whole["candidates"] = list
	}
	return whole
}

func foldCandidate(sum, candidate object) {
	for key, value := range candidate {
		if before, ok := sum[key].(object); ok && key == "citationMetadata" {
			for name, list := range value.(object) {
				before[name] = append(anyList(before[name]), anyList(list)...)
			}
			continue
		}
		if key != "content" {
			sum[key] = value
			continue
		}
		parts, _ := value.(object)["parts"].([]any)
		sum["parts"] = append(sum["parts"].([]any), parts...)
	}
}

// joinParts joins texts that follow each other and are not signed, and leaves out
// empty ones.
func joinParts(parts []any) []any {
	list := []any{}
	for _, p := range parts {
		part := p.(object)
		if part["thought"] == false {
			delete(part, "thought")
		}
		text, isText := part["text"].(string)
		if isText && text == "" && part["thoughtSignature"] == nil {
			continue
		}
		if n := len(list); n > 0 && isText {
			last := list[n-1].(object)
			before, wasText := last["text"].(string)
			if wasText && last["thoughtSignature"] == nil && last["thought"] == part["thought"] && (part["thoughtSignature"] == nil || part["thought"] == true || text == "") {
				last["text"] = before + text
				if s := part["thoughtSignature"]; s != nil {
					last["thoughtSignature"] = s
				}
				continue
			}
		}
		list = append(list, part)
	}
	return list
}

// foldChunks puts a hub stream's chunks together to a chat completion, as a client
// of OpenAI's does.
func foldChunks(t testing.TB, stream string) (choices map[string]object, usage object, done bool) {
	t.Helper()
	choices = map[string]object{}
	for _, chunk := range events(t, stream) {
		if u, ok := chunk["usage"].(object); ok {
			usage = u
		}
		for _, c := range chunk["choices"].([]any) {
			choice := c.(object)
			index := choice["index"].(json.Number).String()
			sum := choices[index]
			if sum == nil {
				sum = object{"content": "", "tool_calls": []any{}}
				choices[index] = sum
			}
			delta := choice["delta"].(object)
			if text, ok := delta["content"].(string); ok {
				sum["content"] = sum["content"].(string) + text
			}
			if calls, ok := delta["tool_calls"].([]any); ok {
				sum["tool_calls"] = append(sum["tool_calls"].([]any), calls...)
			}
			if a, ok := delta["annotations"].([]any); ok {
				sum["annotations"] = append(anyList(sum["annotations"]), a...)
			}
			if f, ok := choice["finish_reason"].(string); ok {
				if sum["finish"] != nil {
					t.Error("two finish reasons")
				}
				sum["finish"] = f
			}
		}
	}
	return choices, usage, strings.HasSuffix(stream, "data: [DONE]\n\n")
}
