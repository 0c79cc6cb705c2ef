package cohere

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/codec/sse"
	"github.com/portico-ai/portico/internal/dialect"
)

type object = map[string]any

// decode reads JSON independently of the code under test, numbers as written.
func decode(t testing.TB, doc []byte) object {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(doc))
	d.UseNumber()
	var v object
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%v in %.300s", err, doc)
	}
	return v
}

func equalJSON(t testing.TB, what string, want, got []byte) {
	t.Helper()
	if diff := cmp.Diff(decode(t, want), decode(t, got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

type reading struct{ frames *sse.Reader }

func (r reading) Next() ([]byte, error) { return r.frames.Next() }
func (reading) Close() error            { return nil }

func streamOf(src io.Reader) ai.Stream { return reading{sse.NewReader(src, 1<<20)} }

// drain reads a stream to its end; the error is nil if that is io.EOF.
func drain(s ai.Stream) (string, error) {
	var out bytes.Buffer
	for {
		chunk, err := s.Next()
		out.Write(chunk)
		if err == io.EOF {
			err = nil
			return out.String(), err
		}
		if err != nil {
			return out.String(), err
		}
	}
}

func streamToHubText(body string) (string, error) {
	return drain(Format{}.StreamToHub(conversion(ai.Chat), streamOf(strings.NewReader(body))))
}

func streamFromHubText(body string) (string, error) {
	return drain(Format{}.StreamFromHub(conversion(ai.Chat), streamOf(strings.NewReader(body))))
}

// conversion may have extensions and is translated again.
func conversion(op ai.Op) *dialect.Conversion {
	return &dialect.Conversion{Op: op, Model: "m", Onward: true, ID: "id", Now: 1}
}

func strict(op ai.Op) *dialect.Conversion {
	return &dialect.Conversion{Op: op, Model: "m", Strict: true, ID: "id", Now: 1}
}

func paths(c *dialect.Conversion) (list []string) {
	for _, r := range c.Receipts {
		if r.Reason == "" {
			list = append(list, r.Path+" without a reason")
			continue
		}
		list = append(list, r.Path)
	}
	return list
}

// datas are the data of a stream's events.
func datas(stream string) (list []string) {
	for block := range strings.SplitSeq(strings.TrimSpace(stream), "\n\n") {
		for line := range strings.SplitSeq(block, "\n") {
			if data, ok := strings.CutPrefix(line, "data: "); ok {
				list = append(list, data)
			}
		}
	}
	return list
}

// fold puts the events of a stream of Cohere's together to what the whole reply
// would be; done is whether its end was there.
func fold(t testing.TB, stream string) (reply object, done bool) {
	t.Helper()
	message := object{"role": "assistant"}
	reply = object{"message": message}
	var blocks, calls, citations []any
	for _, d := range datas(stream) {
		if d == "[DONE]" {
			continue
		}
		e := decode(t, []byte(d))
		delta, _ := e["delta"].(object)
		m, _ := delta["message"].(object)
		switch e["type"] {
		case "message-start":
			reply["id"] = e["id"]
		case "content-start":
			blocks = append(blocks, m["content"])
		case "content-delta":
			block := blocks[len(blocks)-1].(object)
			for k, v := range m["content"].(object) {
				block[k] = block[k].(string) + v.(string)
			}
		case "tool-plan-delta":
			plan, _ := message["tool_plan"].(string)
			message["tool_plan"] = plan + m["tool_plan"].(string)
		case "tool-call-start":
			calls = append(calls, m["tool_calls"])
		case "tool-call-delta":
			n, _ := e["index"].(json.Number).Int64()
			f := calls[n].(object)["function"].(object)
			f["arguments"] = f["arguments"].(string) + m["tool_calls"].(object)["function"].(object)["arguments"].(string)
		case "citation-start":
			citations = append(citations, m["citations"])
		case "message-end":
			done = delta["error"] == nil
			reply["finish_reason"], reply["usage"] = delta["finish_reason"], delta["usage"]
		}
	}
	for key, list := range map[string][]any{"content": blocks, "tool_calls": calls, "citations": citations} {
		if list != nil {
			message[key] = list
		}
	}
	return reply, done
}

// foldHub puts a hub stream together to a message with its finish and usage.
func foldHub(t testing.TB, stream string) (message object, finish any, usage any, done bool) {
	t.Helper()
	message = object{}
	content := ""
	var calls, own []any
	block := func(i int) object {
		for len(own) <= i {
			own = append(own, object{})
		}
		return own[i].(object)
	}
	for _, d := range datas(stream) {
		if d == "[DONE]" {
			done = true
			continue
		}
		e := decode(t, []byte(d))
		if e["usage"] != nil {
			usage = e["usage"]
		}
		for _, c := range e["choices"].([]any) {
			choice := c.(object)
			if choice["finish_reason"] != nil {
				finish = choice["finish_reason"]
			}
			for key, value := range choice["delta"].(object) {
				switch key {
				case "content":
					content += value.(string)
				case "tool_calls":
					for _, part := range value.([]any) {
						p := part.(object)
						n, _ := p["index"].(json.Number).Int64()
						f := p["function"].(object)
						if int(n) == len(calls) {
							calls = append(calls, object{"id": p["id"], "type": p["type"], "function": f})
							continue
						}
						into := calls[n].(object)["function"].(object)
						into["arguments"] = into["arguments"].(string) + f["arguments"].(string)
					}
				case "content_blocks":
					for _, part := range value.([]any) {
						n, _ := part.(object)["index"].(json.Number).Int64()
						b, delta := block(int(n)), part.(object)["delta"].(object)
						switch delta["type"] {
						case "thinking_delta":
							text, _ := b["thinking"].(string)
							b["type"], b["thinking"] = "thinking", text+delta["thinking"].(string)
						case "citations_delta":
							list, _ := b["citations"].([]any)
							b["citations"] = append(list, delta["citation"])
						}
					}
				case "role":
					message["role"] = value
				}
			}
		}
	}
	message["content"] = content
	if calls != nil {
		message["tool_calls"] = calls
	}
	if own != nil {
		message["content_blocks"] = own
	}
	return message, finish, usage, done
}

// get is the first message of a hub reply, as a client would send it back.
func get(hub []byte) []byte {
	for choice := range jsonedit.Elements(jsonedit.Get(hub, "choices")) {
		return jsonedit.Get(choice, "message")
	}
	return nil
}

// getContent is the content of an Anthropic reply.
func getContent(reply []byte) []byte { return jsonedit.Get(reply, "content") }
