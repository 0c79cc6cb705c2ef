package otlp

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/ledger"
)

// Whatever convention a producer follows, a call is kept as a chat in OpenAI's
// format, so that it is shown and searched like those that we serve.

type object = map[string]any

// What goes in and comes out of spans that are not of calls.
var (
	inputKeys  = []string{"gen_ai.tool.call.arguments", "traceloop.entity.input", "ai.toolCall.args", "input.value", "gen_ai.input.messages", "ai.prompt", "tool.parameters"}
	outputKeys = []string{"gen_ai.tool.call.result", "traceloop.entity.output", "ai.toolCall.result", "output.value", "gen_ai.output.messages", "ai.response.text"}
)

// parameters of a request, by their names in OpenAI's format.
var parameters = map[string]string{
	"gen_ai.request.temperature": "temperature", "gen_ai.request.top_p": "top_p", "gen_ai.request.top_k": "top_k",
	"gen_ai.request.max_tokens": "max_tokens", "gen_ai.request.frequency_penalty": "frequency_penalty",
	"gen_ai.request.presence_penalty": "presence_penalty", "gen_ai.request.seed": "seed", "gen_ai.request.stop_sequences": "stop",
	"gen_ai.request.choice.count": "n",
}

// asked is the request of a call, nil if nothing is told of it.
func asked(e *ledger.Entry, a attributes, events []event) object {
	out := object{}
	if m, ok := a.value("llm.invocation_parameters").(object); ok {
		maps.Copy(out, m)
	}
	for key, name := range parameters {
		if v := a.value(key); v != nil {
			out[name] = v
		}
	}
	if tools := a.value("gen_ai.tool.definitions", "llm.tools", "ai.prompt.tools"); tools != nil {
		out["tools"] = tools
	}
	if e.Op == ai.Embed {
		put(out, "input", embedded(a))
	} else {
		put(out, "messages", input(a, events))
	}
	if e.AskModel != "" {
		out["model"] = e.AskModel
	}
	if e.Stream {
		out["stream"] = true
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

func put(o object, name string, list []any) {
	if len(list) > 0 {
		o[name] = list
	}
}

// input is the messages that a model got, by whatever convention tells of them.
func input(a attributes, events []event) []any {
	if list := messages(a.value("gen_ai.input.messages")); list != nil {
		if system := content(a.value("gen_ai.system_instructions")); system != nil {
			list = append([]any{object{"role": "system", "content": system}}, list...)
		}
		return list
	}
	for _, prefix := range []string{"gen_ai.prompt", "llm.input_messages", "llm.prompts"} {
		if list := numbered(a, prefix, "user"); list != nil {
			return list
		}
	}
	if list := messages(a.value("ai.prompt.messages", "gen_ai.prompt")); list != nil {
		return list
	}
	if list := ofEvents(events, true); list != nil {
		return list
	}
	return prompt(a.value("ai.prompt", "llm.prompts", "gen_ai.prompt", "input.value"))
}

// prompt is what is neither numbered nor a list of messages: a text, or an object
// that has them.
func prompt(v any) []any {
	switch v := v.(type) {
	case string:
		return []any{object{"role": "user", "content": v}}
	case object:
		if list := messages(v["messages"]); list != nil {
			if system, ok := v["system"].(string); ok {
				list = append([]any{object{"role": "system", "content": system}}, list...)
			}
			return list
		}
		if text, ok := v["prompt"].(string); ok {
			return []any{object{"role": "user", "content": text}}
		}
		return []any{object{"role": "user", "content": jsonText(v)}}
	}
	return nil
}

func jsonText(v any) string {
	b, _ := json.Marshal(v) // it was read as JSON
	return string(b)
}

func embedded(a attributes) []any {
	var out []any
	for _, x := range a.list("embedding.embeddings") {
		if t := x.text("embedding.text"); t != "" {
			out = append(out, t)
		}
	}
	if out == nil {
		for _, x := range a.list("gen_ai.prompt") {
			out = append(out, x.value("content"))
		}
	}
	if out == nil {
		if v := a.value("ai.values", "ai.value", "gen_ai.input.messages", "input.value"); v != nil {
			out = append(out, v)
		}
	}
	return out
}

// answered is the reply of a call, nil if nothing is told of it.
func answered(e *ledger.Entry, a attributes, events []event) object {
	out := object{}
	if choices := output(a, events); len(choices) > 0 {
		out["choices"] = choices
	}
	if id := a.text("gen_ai.response.id", "ai.response.id"); id != "" {
		out["id"] = id
	}
	if e.Usage.Known {
		out["usage"] = object{"prompt_tokens": e.Usage.InputTokens, "completion_tokens": e.Usage.OutputTokens, "total_tokens": e.Usage.TotalTokens()}
	}
	if e.Error != nil {
		out["error"] = object{"message": e.Error.Message, "type": e.Error.Type}
	}
	if len(out) == 0 {
		return nil
	}
	if e.Model != "" {
		out["model"] = e.Model
	}
	return out
}

// output is the choices of a reply.
func output(a attributes, events []event) []any {
	list := messages(a.value("gen_ai.output.messages"))
	for _, prefix := range []string{"gen_ai.completion", "llm.output_messages", "llm.completions"} {
		if list == nil {
			list = numbered(a, prefix, "assistant")
		}
	}
	if list == nil {
		list = vercel(a)
	}
	if list == nil {
		list = ofEvents(events, false)
	}
	if list == nil {
		switch v := a.value("gen_ai.completion", "ai.response.object", "output.value").(type) {
		case nil:
		case string:
			list = []any{object{"role": "assistant", "content": v}}
		default:
			if list = messages(v); list == nil {
				list = []any{object{"role": "assistant", "content": jsonText(v)}}
			}
		}
	}
	reasons := texts(a.value("gen_ai.response.finish_reasons", "llm.response.finish_reason", "ai.response.finishReason", "gen_ai.response.stop_reason"))
	choices := make([]any, len(list))
	for i, v := range list {
		choice := object{"index": i, "message": v}
		if i < len(reasons) {
			choice["finish_reason"] = reasons[i]
		}
		if m, ok := v.(object); ok && m["finish_reason"] != nil {
			choice["finish_reason"] = m["finish_reason"]
			delete(m, "finish_reason")
		}
		choices[i] = choice
	}
	return choices
}

func vercel(a attributes) []any {
	text, calls := a.text("ai.response.text"), a.value("ai.response.toolCalls")
	if text == "" && calls == nil {
		return nil
	}
	m := object{"role": "assistant", "content": text}
	list, _ := calls.([]any)
	for i, v := range list {
		if c, ok := v.(object); ok {
			list[i] = call(c["toolCallId"], c["toolName"], either(c["input"], c["args"]))
		}
	}
	put(m, "tool_calls", list)
	return []any{m}
}

func texts(v any) []string {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		var out []string
		for _, x := range v {
			s, _ := x.(string)
			out = append(out, s)
		}
		return out
	}
	return nil
}

// messages reads a list of messages, of which some have parts as OpenTelemetry's
// convention has them. It returns nil for anything else.
func messages(v any) []any {
	list, ok := v.([]any)
	if !ok || len(list) == 0 {
		return nil
	}
	var out []any
	for _, x := range list {
		m, ok := x.(object)
		if !ok {
			return nil
		}
		out = append(out, message(m)...)
	}
	return out
}

// message turns a message with parts into one of OpenAI's, or into several, for
// there every answer of a tool is a message of its own.
func message(m object) []any {
	parts, ok := m["parts"].([]any)
	if !ok {
		return []any{m}
	}
	var kept, calls, answers []any
	for _, x := range parts {
		p, ok := x.(object)
		if !ok {
			kept = append(kept, x)
			continue
		}
		switch p["type"] {
		case "tool_call":
			calls = append(calls, call(p["id"], p["name"], p["arguments"]))
		case "tool_call_response":
			answers = append(answers, object{"role": "tool", "tool_call_id": p["id"], "content": textOf(either(p["response"], p["result"]))})
		default:
			kept = append(kept, p)
		}
	}
	if len(kept) == 0 && len(calls) == 0 && len(answers) > 0 {
		return answers
	}
	out := object{"role": m["role"], "content": content(kept)}
	put(out, "tool_calls", calls)
	for _, name := range []string{"name", "finish_reason"} {
		if m[name] != nil {
			out[name] = m[name]
		}
	}
	return append([]any{out}, answers...)
}

// content is a text if the parts are one, else parts as OpenAI has them as far as
// they are texts.
func content(v any) any {
	parts, ok := v.([]any)
	if !ok {
		return v
	}
	var all []string
	out := make([]any, len(parts))
	for i, x := range parts {
		out[i] = x
		if p, ok := x.(object); ok && p["type"] == "text" {
			text, _ := either(p["content"], p["text"]).(string)
			out[i] = object{"type": "text", "text": text}
			all = append(all, text)
		}
	}
	if len(all) == len(parts) {
		return strings.Join(all, "\n")
	}
	return out
}

func call(id, name, arguments any) object {
	return object{"id": id, "type": "function", "function": object{"name": name, "arguments": textOf(arguments)}}
}

func textOf(v any) any {
	switch v.(type) {
	case nil, string:
		return v
	}
	return jsonText(v)
}

// numbered reads messages whose parts are attributes of their own, as OpenLLMetry
// and OpenInference have them.
func numbered(a attributes, prefix, role string) []any {
	var out []any
	for _, x := range a.list(prefix) {
		m := object{"role": cmp.Or(x.text("role", "message.role"), role)}
		if v := x.value("content", "message.content"); v != nil {
			m["content"] = v
		} else if parts := x.list("message.contents"); parts != nil {
			m["content"] = contents(parts)
		}
		var calls []any
		for _, c := range slices.Concat(x.list("tool_calls"), x.list("message.tool_calls")) {
			calls = append(calls, call(c.value("id", "tool_call.id"), c.text("name", "function.name", "tool_call.function.name"),
				c.text("arguments", "function.arguments", "tool_call.function.arguments")))
		}
		put(m, "tool_calls", calls)
		for key, name := range map[string]string{"message.tool_call_id": "tool_call_id", "tool_call_id": "tool_call_id", "message.name": "name", "finish_reason": "finish_reason"} {
			if v := x.text(key); v != "" {
				m[name] = v
			}
		}
		out = append(out, m)
	}
	return out
}

func contents(parts []attributes) []any {
	out := make([]any, len(parts))
	for i, p := range parts {
		if t := p.text("message_content.text"); t != "" {
			out[i] = object{"type": "text", "text": t}
		} else if u := p.text("message_content.image.image.url"); u != "" {
			out[i] = object{"type": "image_url", "image_url": object{"url": u}}
		} else {
			out[i] = p.object()
		}
	}
	return out
}

// either is a, or b where there is no a.
func either(a, b any) any {
	if a != nil {
		return a
	}
	return b
}

func sortedKeys(m object) []string { return slices.Sorted(maps.Keys(m)) }
