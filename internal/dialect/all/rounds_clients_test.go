package all_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/portico-ai/portico/internal/ai"
)

type object = map[string]any

var clients = []client{
	{name: "OpenAI chat", dialect: ai.OpenAI, strict: true, begin: func() talker { return &chatClient{} }, marks: true},
	{name: "OpenAI chat, not strict", dialect: ai.OpenAI, begin: func() talker { return &chatClient{} }, marks: true},
	{name: "OpenAI Responses", dialect: ai.Responses, begin: func() talker { return &responsesClient{} }},
	{name: "Anthropic Messages", dialect: ai.Anthropic, begin: func() talker { return &messagesClient{} }, marks: true, fails: true},
	{name: "Gemini", dialect: ai.Gemini, begin: func() talker { return &geminiClient{} }, fails: false},
}

func decode(t *testing.T, doc string) object {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(doc))
	d.UseNumber()
	var o object
	if err := d.Decode(&o); err != nil {
		t.Fatalf("%v in %s", err, doc)
	}
	return o
}

func encode(v any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func list(v any) []any { l, _ := v.([]any); return l }

func text(v any) string { s, _ := v.(string); return s }

// events are the data of a stream's events, read without the decoder under test.
func events(t *testing.T, stream string) (all []object) {
	t.Helper()
	for block := range strings.SplitSeq(strings.ReplaceAll(stream, "\r\n", "\n"), "\n\n") {
		var data []string
		for l := range strings.SplitSeq(block, "\n") {
			if d, ok := strings.CutPrefix(l, "data:"); ok {
				data = append(data, strings.TrimPrefix(d, " "))
			}
		}
		if data != nil && !strings.HasPrefix(data[0], "[DONE]") {
			all = append(all, decode(t, strings.Join(data, "\n")))
		}
	}
	return all
}

const weather = `{"type":"object","properties":{"city":{"type":"string"}}}`

func marked(ttl string) object {
	if ttl == "" {
		return object{"type": "ephemeral"}
	}
	return object{"type": "ephemeral", "ttl": ttl}
}

// A chatClient uses OpenAI's chat completions, with Anthropic's cache markers as
// LiteLLM, OpenRouter and Portkey have them there.
type chatClient struct {
	messages []any
	pending  []any
}

func (c *chatClient) request(stream bool) string {
	if c.messages == nil {
		c.messages = []any{
			object{"role": "system", "content": []any{object{"type": "text", "text": "Be brief.", "cache_control": marked("")}}},
			object{"role": "user", "content": []any{object{"type": "text", "text": "A long text.", "cache_control": marked("1h")}, object{"type": "text", "text": "Paris or Rome?"}}},
		}
	}
	tool := func(name string) object {
		return object{"type": "function", "function": object{"name": name, "parameters": json.RawMessage(weather)}}
	}
	last := tool("compare")
	last["cache_control"] = marked("")
	return encode(object{"model": "m", "stream": stream, "max_completion_tokens": 4000, "messages": c.messages, "tools": []any{tool("weather"), last}})
}

func (c *chatClient) told(t *testing.T, answer string, stream bool) (calls [][2]string) {
	t.Helper()
	var message object
	if stream {
		message = object{}
		for _, chunk := range events(t, answer) {
			for _, choice := range list(chunk["choices"]) {
				accumulate(message, choice.(object)["delta"].(object))
			}
		}
		for _, call := range list(message["tool_calls"]) {
			delete(call.(object), "index")
		}
	} else {
		message = list(decode(t, answer)["choices"])[0].(object)["message"].(object)
	}
	c.messages = append(c.messages, message)
	c.pending = list(message["tool_calls"])
	for _, call := range c.pending {
		calls = append(calls, [2]string{text(call.(object)["id"]), text(call.(object)["function"].(object)["arguments"])})
	}
	return calls
}

// accumulate adds a delta to a message, whatever it has, as OpenAI's Python
// library does.
func accumulate(into, delta object) {
	for key, value := range delta {
		before, ok := into[key]
		if !ok || before == nil || key == "index" || key == "type" {
			if l, isList := value.([]any); !isList {
				into[key] = value
				continue
			} else {
				into[key], before, value = []any{}, []any{}, l
			}
		}
		switch now := value.(type) {
		case string:
			into[key] = text(before) + now
		case object:
			accumulate(before.(object), now)
		case []any:
			sum := list(before)
			for _, element := range now {
				e := element.(object)
				n, _ := e["index"].(json.Number).Int64()
				if int(n) >= len(sum) {
					sum, n = append(sum, object{}), int64(len(sum))
				}
				accumulate(sum[n].(object), e)
			}
			into[key] = sum
		}
	}
}

func (c *chatClient) results(texts []string) {
	for i, call := range c.pending {
		message := object{"role": "tool", "tool_call_id": call.(object)["id"], "content": texts[i]}
		if i == 1 {
			message["cache_control"] = marked("")
		}
		c.messages = append(c.messages, message)
	}
}

func (c *chatClient) say(text string) {
	c.messages = append(c.messages, object{"role": "user", "content": text})
}

// A responsesClient uses OpenAI's Responses API without its store.
type responsesClient struct {
	input   []any
	pending []any
}

func (c *responsesClient) request(stream bool) string {
	if c.input == nil {
		c.input = []any{object{"role": "user", "content": []any{object{"type": "input_text", "text": "A long text."}, object{"type": "input_text", "text": "Paris or Rome?"}}}}
	}
	tool := func(name string) object {
		return object{"type": "function", "name": name, "parameters": json.RawMessage(weather), "strict": false}
	}
	return encode(object{"model": "m", "stream": stream, "instructions": "Be brief.", "input": c.input, "max_output_tokens": 4000, "store": false,
		"include": []any{"reasoning.encrypted_content"}, "tools": []any{tool("weather"), tool("compare")}})
}

func (c *responsesClient) told(t *testing.T, answer string, stream bool) (calls [][2]string) {
	t.Helper()
	var response object
	if stream {
		for _, e := range events(t, answer) {
			if e["type"] == "response.completed" || e["type"] == "response.incomplete" {
				response = e["response"].(object)
			}
		}
		if response == nil {
			t.Fatalf("the stream does not end: %s", answer)
		}
	} else {
		response = decode(t, answer)
	}
	c.pending = nil
	for _, item := range list(response["output"]) {
		c.input = append(c.input, item)
		if call := item.(object); call["type"] == "function_call" {
			c.pending = append(c.pending, call["call_id"])
			calls = append(calls, [2]string{text(call["call_id"]), text(call["arguments"])})
		}
	}
	return calls
}

func (c *responsesClient) results(texts []string) {
	for i, id := range c.pending {
		c.input = append(c.input, object{"type": "function_call_output", "call_id": id, "output": texts[i]})
	}
}

func (c *responsesClient) say(text string) {
	c.input = append(c.input, object{"role": "user", "content": text})
}

// A messagesClient uses Anthropic's messages.
type messagesClient struct {
	messages []any
	pending  []any
}

func (c *messagesClient) request(stream bool) string {
	if c.messages == nil {
		c.messages = []any{object{"role": "user", "content": []any{
			object{"type": "text", "text": "A long text.", "cache_control": marked("1h")}, object{"type": "text", "text": "Paris or Rome?"}}}}
	}
	tool := func(name string) object { return object{"name": name, "input_schema": json.RawMessage(weather)} }
	last := tool("compare")
	last["cache_control"] = marked("")
	return encode(object{"model": "m", "stream": stream, "max_tokens": 4000, "system": []any{object{"type": "text", "text": "Be brief.", "cache_control": marked("")}},
		"thinking": object{"type": "enabled", "budget_tokens": 2000}, "messages": c.messages, "tools": []any{tool("weather"), last}})
}

func (c *messagesClient) told(t *testing.T, answer string, stream bool) (calls [][2]string) {
	t.Helper()
	var content []any
	if stream {
		content = foldMessages(t, answer)
	} else {
		content = list(decode(t, answer)["content"])
	}
	c.messages = append(c.messages, object{"role": "assistant", "content": content})
	c.pending = nil
	for _, b := range content {
		if block := b.(object); block["type"] == "tool_use" {
			c.pending = append(c.pending, block["id"])
			calls = append(calls, [2]string{text(block["id"]), encode(block["input"])})
		}
	}
	return calls
}

// foldMessages puts a stream's content together as Anthropic's clients do.
func foldMessages(t *testing.T, stream string) (content []any) {
	t.Helper()
	inputs, ended := map[int]string{}, false
	content = []any{}
	for _, e := range events(t, stream) {
		at := len(content) - 1
		switch e["type"] {
		case "content_block_start":
			content = append(content, e["content_block"])
		case "content_block_delta":
			block, delta := content[at].(object), e["delta"].(object)
			if fmt.Sprint(e["index"]) != fmt.Sprint(at) {
				t.Fatalf("a delta of block %v while %d is the last", e["index"], at)
			}
			switch delta["type"] {
			case "signature_delta":
				block["signature"] = delta["signature"]
			case "input_json_delta":
				inputs[at] += text(delta["partial_json"])
			default:
				kind := strings.TrimSuffix(text(delta["type"]), "_delta")
				block[kind] = text(block[kind]) + text(delta[kind])
			}
		case "content_block_stop":
			if inputs[at] != "" && !json.Valid([]byte(inputs[at])) {
				t.Skip("skipped: the answer was cut within a call, which nobody can send back")
			}
			if inputs[at] != "" {
				content[at].(object)["input"] = json.RawMessage(inputs[at])
			}
		case "message_stop":
			ended = true
		}
	}
	if !ended {
		t.Fatalf("the stream does not end: %s", stream)
	}
	return content
}

func (c *messagesClient) results(texts []string) {
	var blocks []any
	for i, id := range c.pending {
		block := object{"type": "tool_result", "tool_use_id": id, "content": texts[i]}
		if i == 1 {
			block["is_error"], block["cache_control"] = true, marked("")
		}
		blocks = append(blocks, block)
	}
	if len(blocks) > 0 {
		c.messages = append(c.messages, object{"role": "user", "content": blocks})
	}
}

func (c *messagesClient) say(text string) {
	c.messages = append(c.messages, object{"role": "user", "content": text})
}

// A geminiClient uses Google's generateContent. Of a stream it keeps each chunk's
// content, as the chats of Google's libraries do.
type geminiClient struct {
	contents []any
	pending  []object
}

func (c *geminiClient) request(bool) string {
	if c.contents == nil {
		c.contents = []any{object{"role": "user", "parts": []any{object{"text": "A long text."}, object{"text": "Paris or Rome?"}}}}
	}
	tool := func(name string) object { return object{"name": name, "parameters": json.RawMessage(weather)} }
	return encode(object{"systemInstruction": object{"parts": []any{object{"text": "Be brief."}}}, "contents": c.contents,
		"tools": []any{object{"functionDeclarations": []any{tool("weather"), tool("compare")}}}, "generationConfig": object{"maxOutputTokens": 4000}})
}

func (c *geminiClient) told(t *testing.T, answer string, stream bool) (calls [][2]string) {
	t.Helper()
	replies := []object{}
	if stream {
		if regexp.MustCompile(`[^\n]\n[^\n]`).MatchString(strings.ReplaceAll(answer, "\r\n", "\n")) {
			t.Fatalf("Google's libraries read no event of several lines: %s", answer)
		}
		replies = events(t, answer)
	} else {
		replies = append(replies, decode(t, answer))
	}
	c.pending = nil
	for _, reply := range replies {
		for _, candidate := range list(reply["candidates"]) {
			content, _ := candidate.(object)["content"].(object)
			if content == nil || len(list(content["parts"])) == 0 {
				continue
			}
			c.contents = append(c.contents, content)
			for _, p := range list(content["parts"]) {
				if call, ok := p.(object)["functionCall"].(object); ok {
					c.pending = append(c.pending, call)
					args := encode(call["args"])
					calls = append(calls, [2]string{text(call["id"]), args})
				}
			}
		}
	}
	return calls
}

func (c *geminiClient) results(texts []string) {
	var parts []any
	for i, call := range c.pending {
		response := object{"name": call["name"], "response": object{"output": texts[i]}}
		if call["id"] != nil {
			response["id"] = call["id"]
		}
		parts = append(parts, object{"functionResponse": response})
	}
	if len(parts) > 0 {
		c.contents = append(c.contents, object{"role": "user", "parts": parts})
	}
}

func (c *geminiClient) say(text string) {
	c.contents = append(c.contents, object{"role": "user", "parts": []any{object{"text": text}}})
}
