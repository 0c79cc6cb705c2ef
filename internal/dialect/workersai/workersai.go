// Package workersai is the format of Cloudflare's ai/run: one address for each
// model, an envelope around each answer.
// Source: https://developers.cloudflare.com/workers-ai/models
package workersai

import (
	"fmt"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/dialect/oneway"
	"github.com/portico-ai/portico/internal/dialect/openai"
)

const whose = "Workers AI"

// defaultLimit is how many tokens an answer has at most if nobody says.
const defaultLimit = 256

// New returns the format.
func New() dialect.Format {
	return oneway.Format{
		ID:       ai.WorkersAI,
		Requests: map[ai.Op]oneway.Translation{ai.Chat: chat, ai.Complete: complete, ai.Embed: embed, ai.Rerank: rerank},
		Replies:  map[ai.Op]oneway.Translation{ai.Chat: reply, ai.Complete: reply, ai.Embed: vectors, ai.Rerank: ranking},
		Stream:   stream,
	}
}

// shared are parameters that are spelled as the hub does.
var shared = [...]string{
	"stream", "temperature", "top_p", "top_k", "seed", "repetition_penalty", "frequency_penalty", "presence_penalty", "lora", "raw",
}

func parameters(w *jsonedit.Writer, c *dialect.Conversion, top jsonedit.Object) {
	limit := top.Take("max_tokens")
	if newer := top.Take("max_completion_tokens"); newer != nil {
		limit = newer
	}
	if limit != nil {
		w.RawMember("max_tokens", limit)
	}
	if c.MaxTokens = jsonedit.Int(limit); c.MaxTokens == 0 {
		c.MaxTokens = defaultLimit
	}
	for _, key := range shared {
		top.Move(w, key)
	}
	w.EndObject()
	top.Take("model") // it is in the address
	top.Take("stream_options")
	oneway.Left(c, whose, top)
}

func complete(c *dialect.Conversion, body []byte) ([]byte, error) {
	top := jsonedit.Split(body)
	prompt := top.Take("prompt")
	if jsonedit.Kind(prompt) != '"' {
		return nil, oneway.Invalid("prompt", "must be a text")
	}
	var w jsonedit.Writer
	w.Object()
	w.RawMember("prompt", prompt)
	parameters(&w, c, top)
	return w.Bytes(), nil
}

func chat(c *dialect.Conversion, body []byte) ([]byte, error) {
	top := jsonedit.Split(body)
	messages := top.Take("messages")
	if jsonedit.Kind(messages) != '[' {
		return nil, oneway.Invalid("messages", "must be an array of messages")
	}
	var w jsonedit.Writer
	w.Grow(len(body) + 64)
	w.Object()
	w.Key("messages")
	w.Array()
	i := 0
	for m := range jsonedit.Elements(messages) {
		if err := message(&w, c, jsonedit.Split(m), fmt.Sprintf("messages[%d]", i)); err != nil {
			return nil, err
		}
		i++
	}
	w.EndArray()
	if tools := top.Take("tools"); jsonedit.Length(tools) > 0 {
		w.RawMember("tools", tools)
	}
	responseFormat(&w, c, top.Take("response_format"))
	if choice := top.Take("tool_choice"); choice != nil && string(choice) != `"auto"` {
		c.Drop("tool_choice", whose+" cannot be told whether to call a tool")
	}
	parameters(&w, c, top)
	return w.Bytes(), nil
}

// message writes a message; calls of tools and their results keep the hub's form.
func message(w *jsonedit.Writer, c *dialect.Conversion, m jsonedit.Object, path string) error {
	role := m.Text("role")
	switch role {
	case "developer":
		role = "system"
	case "system", "user", "assistant", "tool":
	default:
		return oneway.Invalid(path+".role", "%q is none of system, developer, user, assistant, tool", role)
	}
	w.Object()
	w.StringMember("role", role)
	w.Key("content")
	content := m.Take("content")
	switch jsonedit.Kind(content) {
	case '"':
		w.Raw(content)
	case '[':
		w.Raw(texts(c, content, path+".content"))
	default:
		w.String("")
	}
	for _, key := range []string{"name", "tool_call_id", "tool_calls"} {
		m.Move(w, key)
	}
	w.EndObject()
	for key := range m.Left {
		c.Drop(path+"."+key, whose+"'s messages have no such member")
	}
	return nil
}

// texts joins the texts of a message's parts; others are left out.
func texts(c *dialect.Conversion, parts []byte, path string) []byte {
	joined := []byte{'"'}
	i := 0
	for part := range jsonedit.Elements(parts) {
		if text := jsonedit.Get(part, "text"); jsonedit.Kind(text) == '"' {
			if len(joined) > 1 {
				joined = append(joined, `\n`...)
			}
			joined = append(joined, text[1:len(text)-1]...)
		} else {
			c.Drop(fmt.Sprintf("%s[%d]", path, i), whose+"'s messages are text")
		}
		i++
	}
	return append(joined, '"')
}

// responseFormat differs in that the schema stands for itself.
func responseFormat(w *jsonedit.Writer, c *dialect.Conversion, format []byte) {
	switch kind := jsonedit.Text(jsonedit.Get(format, "type")); kind {
	case "", "text":
	case "json_schema":
		w.Key("response_format")
		w.Object()
		w.StringMember("type", kind)
		schema := jsonedit.Get(format, "json_schema", "schema")
		w.RawMember("json_schema", schema)
		w.EndObject()
	case "json_object":
		w.RawMember("response_format", format)
	default:
		c.Drop("response_format", whose+" has no response format of type "+kind)
	}
}

// result is what the envelope holds.
func result(body []byte) ([]byte, error) {
	r := jsonedit.Get(body, "result")
	if string(jsonedit.Get(body, "success")) == "false" || r == nil {
		if jsonedit.Length(jsonedit.Get(body, "errors")) > 0 {
			return nil, openai.ParseError(0, body)
		}
		return nil, oneway.BadReply("it has no result")
	}
	return r, nil
}

// reply writes an answer. Models that answer in OpenAI's form inside the
// envelope keep it.
func reply(c *dialect.Conversion, body []byte) ([]byte, error) {
	r, err := result(body)
	if err != nil {
		return nil, err
	}
	if jsonedit.Kind(jsonedit.Get(r, "choices")) == '[' {
		return r, nil
	}
	if jsonedit.Kind(r) != '{' {
		return nil, oneway.BadReply("its result is no object")
	}
	text := jsonedit.Get(r, "response")
	out := oneway.Reply{Usage: openai.ParseUsage(jsonedit.Get(r, "usage"))}
	switch jsonedit.Kind(text) {
	case '"':
		out.Text = text
	case '{', '[': // of a schema, the document itself
		out.Text = jsonedit.AppendQuoted(nil, text)
	}
	for call := range jsonedit.Elements(jsonedit.Get(r, "tool_calls")) {
		id, name, arguments := toolCall(call, len(out.Calls))
		out.Calls = append(out.Calls, oneway.Call{ID: id, Name: name, Arguments: arguments})
	}
	out.Finish = finish(c, len(out.Calls), out.Usage)
	return out.Write(c), nil
}

// toolCall reads a call, which some models write in OpenAI's form. Those that
// have no id get one by their place.
func toolCall(call []byte, i int) (id string, name, arguments []byte) {
	if function := jsonedit.Get(call, "function"); function != nil {
		name, arguments = jsonedit.Get(function, "name"), jsonedit.Get(function, "arguments")
	} else {
		name, arguments = jsonedit.Get(call, "name"), jsonedit.Get(call, "arguments")
	}
	if id = jsonedit.Text(jsonedit.Get(call, "id")); id == "" {
		id = fmt.Sprintf("call_%d", i)
	}
	if jsonedit.Kind(arguments) == '"' {
		arguments = []byte(jsonedit.Text(arguments))
	}
	if jsonedit.IsNull(arguments) {
		arguments = []byte("{}")
	}
	return id, name, arguments
}

// finish is why an answer ended, which the format does not tell: a call of a
// tool, or as many tokens as were allowed, or its natural end.
func finish(c *dialect.Conversion, calls int, u ai.Usage) string {
	if calls > 0 {
		return "tool_calls"
	}
	if u.Known && c.MaxTokens > 0 && u.OutputTokens >= c.MaxTokens {
		return "length"
	}
	return "stop"
}

// stream writes hub chunks. The end is OpenAI's [DONE]; usage comes before it.
func stream(c *dialect.Conversion) func(out, data []byte) ([]byte, error) {
	k := oneway.Chunks{C: c}
	var usage ai.Usage
	return func(out, data []byte) ([]byte, error) {
		if string(data) == "[DONE]" {
			return k.End(k.Finish(out, finish(c, k.Calls(), usage)), usage), nil
		}
		if jsonedit.Length(jsonedit.Get(data, "errors")) > 0 {
			return out, openai.ParseError(0, data)
		}
		for key, value := range jsonedit.Members(data) {
			switch string(key) {
			case "response":
				out = k.Text(out, value)
			case "tool_calls":
				for call := range jsonedit.Elements(value) {
					id, name, arguments := toolCall(call, k.Calls())
					out = k.Call(out, id, name, arguments)
				}
			case "usage":
				if u := openai.ParseUsage(value); u.Known {
					usage = u
				}
			}
		}
		return out, nil
	}
}

func embed(c *dialect.Conversion, body []byte) ([]byte, error) {
	top := jsonedit.Split(body)
	if err := oneway.Encoding(c, top); err != nil {
		return nil, err
	}
	list, err := oneway.Texts(top.Take("input"), whose)
	if err != nil {
		return nil, err
	}
	var w jsonedit.Writer
	w.Grow(len(body) + 32)
	w.Object()
	w.RawMember("text", list)
	top.Move(&w, "pooling")
	w.EndObject()
	top.Take("model")
	oneway.Left(c, whose, top)
	return w.Bytes(), nil
}

func vectors(c *dialect.Conversion, body []byte) ([]byte, error) {
	r, err := result(body)
	if err != nil {
		return nil, err
	}
	list := jsonedit.Get(r, "data")
	if jsonedit.Kind(list) != '[' {
		return nil, oneway.BadReply("it has no data")
	}
	return oneway.Vectors(c, list, "", openai.ParseUsage(jsonedit.Get(r, "usage"))), nil
}

func rerank(c *dialect.Conversion, body []byte) ([]byte, error) {
	top := jsonedit.Split(body)
	query, texts, err := openai.ReadRerank(top)
	if err != nil {
		return nil, err
	}
	var w jsonedit.Writer
	w.Grow(len(body) + 64)
	w.Object()
	w.RawMember("query", query)
	w.Key("contexts")
	w.Array()
	for _, text := range texts {
		w.Object()
		w.RawMember("text", text)
		w.EndObject()
	}
	w.EndArray()
	top.MoveAs(&w, "top_n", "top_k")
	w.EndObject()
	top.Take("model")
	top.Take("return_documents") // they are added to the reply
	oneway.Left(c, whose, top)
	return w.Bytes(), nil
}

func ranking(c *dialect.Conversion, body []byte) ([]byte, error) {
	r, err := result(body)
	if err != nil {
		return nil, err
	}
	list := jsonedit.Get(r, "response")
	if jsonedit.Kind(list) != '[' {
		return nil, oneway.BadReply("it has no response")
	}
	var results []openai.Result
	for item := range jsonedit.Elements(list) {
		results = append(results, openai.Result{Index: jsonedit.Int(jsonedit.Get(item, "id")), Score: jsonedit.Get(item, "score")})
	}
	return openai.WriteRanking(c, "", "", results, ai.Usage{}), nil
}
