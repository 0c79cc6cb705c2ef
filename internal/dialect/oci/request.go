package oci

import (
	"fmt"
	"strings"

	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/dialect/oneway"
)

// renamed are parameters that differ in their name alone.
var renamed = [...][2]string{
	{"max_tokens", "maxTokens"}, {"max_completion_tokens", "maxCompletionTokens"}, {"temperature", "temperature"}, {"top_p", "topP"},
	{"top_k", "topK"}, {"frequency_penalty", "frequencyPenalty"}, {"presence_penalty", "presencePenalty"}, {"seed", "seed"},
	{"n", "numGenerations"}, {"logit_bias", "logitBias"}, {"parallel_tool_calls", "isParallelToolCalls"}, {"metadata", "metadata"},
}

func chat(c *dialect.Conversion, body []byte) ([]byte, error) {
	top := jsonedit.Split(body)
	messages := top.Take("messages")
	if jsonedit.Kind(messages) != '[' {
		return nil, oneway.Invalid("messages", "must be an array of messages")
	}
	var w jsonedit.Writer
	w.Grow(len(body) + len(body)/4)
	w.Object()
	w.Key("chatRequest")
	w.Object()
	w.StringMember("apiFormat", "GENERIC")
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
	if err := tools(&w, c, top); err != nil {
		return nil, err
	}
	for _, r := range renamed {
		top.MoveAs(&w, r[0], r[1])
	}
	options(&w, c, top)
	w.EndObject()
	w.EndObject()
	top.Take("model")
	oneway.Left(c, whose, top)
	return w.Bytes(), nil
}

// options writes the parameters that differ in more than their name.
func options(w *jsonedit.Writer, c *dialect.Conversion, top jsonedit.Object) {
	top.Take("stream_options")
	if stream := top.Take("stream"); string(stream) == "true" {
		w.RawMember("isStream", stream)
		w.RawMember("streamOptions", []byte(`{"isIncludeUsage":true}`))
	}
	switch stop := top.Take("stop"); jsonedit.Kind(stop) {
	case '"':
		w.Key("stop")
		w.Array()
		w.Raw(stop)
		w.EndArray()
	case '[':
		w.RawMember("stop", stop)
	}
	logprobs, number := top.Take("logprobs"), top.Take("top_logprobs")
	if string(logprobs) == "true" {
		if number == nil {
			number = []byte("1")
		}
		w.RawMember("logProbs", number)
	}
	if effort := top.Text("reasoning_effort"); effort != "" {
		w.StringMember("reasoningEffort", strings.ToUpper(effort))
	}
	if verbosity := top.Text("verbosity"); verbosity != "" {
		w.StringMember("verbosity", strings.ToUpper(verbosity))
	}
	format := top.Take("response_format")
	switch kind := jsonedit.Text(jsonedit.Get(format, "type")); kind {
	case "", "text":
	case "json_object":
		w.RawMember("responseFormat", []byte(`{"type":"JSON_OBJECT"}`))
	case "json_schema":
		schema := jsonedit.Split(jsonedit.Get(format, "json_schema"))
		w.Key("responseFormat")
		w.Object()
		w.StringMember("type", "JSON_SCHEMA")
		w.Key("jsonSchema")
		w.Object()
		schema.Move(w, "name")
		schema.Move(w, "description")
		schema.Move(w, "schema")
		schema.MoveAs(w, "strict", "isStrict")
		w.EndObject()
		w.EndObject()
	default:
		c.Drop("response_format", whose+" has no response format of type "+kind)
	}
}

func message(w *jsonedit.Writer, c *dialect.Conversion, m jsonedit.Object, path string) error {
	role := m.Text("role")
	switch role {
	case "system", "developer", "user", "assistant", "tool":
	default:
		return oneway.Invalid(path+".role", "%q is none of system, developer, user, assistant, tool", role)
	}
	w.Object()
	w.StringMember("role", strings.ToUpper(role))
	content, calls := m.Take("content"), m.Take("tool_calls")
	if content != nil && !(calls != nil && jsonedit.IsEmpty(content)) { // beside calls, nothing is not the empty text
		w.Key("content")
		if err := parts(w, c, content, path+".content"); err != nil {
			return err
		}
	}
	if jsonedit.Length(calls) > 0 {
		w.Key("toolCalls")
		w.Array()
		for call := range jsonedit.Elements(calls) {
			w.Object()
			w.RawMember("id", jsonedit.Get(call, "id"))
			w.StringMember("type", "FUNCTION")
			w.RawMember("name", jsonedit.Get(call, "function", "name"))
			w.RawMember("arguments", jsonedit.Get(call, "function", "arguments"))
			w.EndObject()
		}
		w.EndArray()
	}
	m.MoveAs(w, "tool_call_id", "toolCallId")
	m.Move(w, "name")
	w.EndObject()
	for key := range m.Left {
		c.Drop(path+"."+key, whose+"'s messages have no such member")
	}
	return nil
}

// parts writes a content, which is always a list.
func parts(w *jsonedit.Writer, c *dialect.Conversion, content []byte, path string) error {
	w.Array()
	if jsonedit.Kind(content) == '"' {
		text(w, content)
	}
	i := 0
	for part := range jsonedit.Elements(content) {
		at := fmt.Sprintf("%s[%d]", path, i)
		switch kind := jsonedit.Text(jsonedit.Get(part, "type")); kind {
		case "text", "refusal":
			text(w, jsonedit.Get(part, kind))
		case "image_url":
			url := jsonedit.Get(part, "image_url")
			if jsonedit.Kind(url) != '{' {
				return oneway.Invalid(at+".image_url", "must be an object with a url")
			}
			w.Object()
			w.StringMember("type", "IMAGE")
			w.Key("imageUrl")
			w.Object()
			w.RawMember("url", jsonedit.Get(url, "url"))
			if detail := jsonedit.Text(jsonedit.Get(url, "detail")); detail != "" {
				w.StringMember("detail", strings.ToUpper(detail))
			}
			w.EndObject()
			w.EndObject()
		default:
			c.Drop(at, whose+" takes no content of type "+kind)
		}
		i++
	}
	w.EndArray()
	return nil
}

func text(w *jsonedit.Writer, text []byte) {
	w.Object()
	w.StringMember("type", "TEXT")
	w.RawMember("text", text)
	w.EndObject()
}

func tools(w *jsonedit.Writer, c *dialect.Conversion, top jsonedit.Object) error {
	list, choice := top.Take("tools"), top.Take("tool_choice")
	if jsonedit.Length(list) == 0 {
		return nil
	}
	w.Key("tools")
	w.Array()
	i := 0
	for tool := range jsonedit.Elements(list) {
		path := fmt.Sprintf("tools[%d]", i)
		i++
		function := jsonedit.Split(jsonedit.Get(tool, "function"))
		if len(function) == 0 {
			c.Drop(path, whose+" has no tools but functions")
			continue
		}
		w.Object()
		w.StringMember("type", "FUNCTION")
		for _, key := range []string{"name", "description", "parameters"} {
			function.Move(w, key)
		}
		w.EndObject()
		for key := range function.Left {
			c.Drop(path+".function."+key, whose+"'s functions have no such member")
		}
	}
	w.EndArray()
	return toolChoice(w, choice)
}

func toolChoice(w *jsonedit.Writer, choice []byte) error {
	kind, name := jsonedit.Text(choice), []byte(nil)
	if jsonedit.Kind(choice) == '{' {
		kind, name = "function", jsonedit.Get(choice, "function", "name")
	}
	switch kind {
	case "":
		return nil
	case "auto", "none", "required":
	case "function":
		if jsonedit.Kind(name) != '"' {
			return oneway.Invalid("tool_choice.function.name", "must be a string")
		}
	default:
		return oneway.Invalid("tool_choice", "%q is none of auto, none, required or a function", kind)
	}
	w.Key("toolChoice")
	w.Object()
	w.StringMember("type", strings.ToUpper(kind))
	if name != nil {
		w.RawMember("name", name)
	}
	w.EndObject()
	return nil
}
