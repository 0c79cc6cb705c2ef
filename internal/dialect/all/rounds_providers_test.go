package all_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/portico-ai/portico/internal/ai"
)

// What the models say: they think, say something and call two tools at once; then
// one more; then they answer. Each provider's has what its format has a place for.
func conversation(sign func(n int) string, hides bool, each func(turn []block) []block) (turns [][]block) {
	think := func(n int, text string) block { return block{of: thoughts, text: text, sign: sign(n)} }
	turns = [][]block{
		{think(1, "Two cities, both \"known\"."), {of: hidden, text: "aGlkZGVu"}, {of: basic, text: "Let me\nlook."},
			{of: parallelCalls, id: "call_1", text: "weather", args: `{"city":"Paris","n":12345678901234567890}`}, {of: parallelCalls, id: "call_2", text: "weather", args: `{"city":"Rome"}`}},
		{think(2, "One more."), {of: parallelCalls, id: "call_3", text: "compare", args: `{}`}},
		{think(3, "Now it is clear: é."), {of: basic, text: "Rome."}},
	}
	for i, turn := range turns {
		var kept []block
		for _, b := range turn {
			if b.of != hidden || hides {
				kept = append(kept, b)
			}
		}
		turns[i] = kept
		if each != nil {
			turns[i] = each(kept)
		}
	}
	return turns
}

func unsigned(int) string { return "" }

func signed(n int) string { return fmt.Sprintf("U2lnbmF0dXJlIG%d=", n) }

// signedItem is the id of a reasoning item and what it is sealed with.
func signedItem(n int) string { return fmt.Sprintf("rs_%d %s", n, signed(n)) }

// inGemini signs as Gemini does: the first call of a turn, or else its text.
func inGemini(turn []block) []block {
	for i, b := range turn {
		if b.of == parallelCalls || b.of == basic && len(turn) == i+1 {
			turn[i].sign = signed(len(turn))
			break
		}
	}
	return turn
}

var sides = []side{
	{name: "OpenAI's chat completions", dialect: ai.OpenAI, turns: conversation(unsigned, false, nil), ids: true, whole: chatReply, stream: chatStream, read: readChat},
	{name: "OpenAI's chat completions and take thoughts back (DeepSeek, Moonshot)", dialect: ai.OpenAI, turns: conversation(unsigned, false, nil), takes: true, ids: true, whole: chatReply, stream: chatStream, read: readChat},
	{name: "OpenAI's Responses", dialect: ai.Responses, turns: conversation(signedItem, false, nil), ids: true, whole: responsesReply, stream: responsesStream, read: readResponses},
	{name: "Anthropic's messages", dialect: ai.Anthropic, turns: conversation(signed, true, nil), ids: true, whole: messagesReply, stream: messagesStream, read: readMessages},
	{name: "Google's generateContent", dialect: ai.Gemini, turns: conversation(unsigned, false, inGemini), whole: geminiReply, stream: geminiStream, read: readGemini},
	{name: "Amazon's Converse", dialect: ai.Bedrock, turns: conversation(signed, true, nil), ids: true, whole: converseReply, stream: converseStream, read: readConverse},
	{name: "Cohere's chat", dialect: ai.Cohere, turns: conversation(unsigned, false, nil), ids: true, whole: cohereReply, stream: cohereStream, read: readCohere},
}

func calling(turn []block) bool { return turn[len(turn)-1].of == parallelCalls }

func either(is bool, yes, no string) string {
	if is {
		return yes
	}
	return no
}

// halves cuts a text where a stream may cut it.
func halves(s string) []string {
	if len(s) < 2 {
		return []string{s}
	}
	i := len(s) / 2
	for s[i]&0xc0 == 0x80 {
		i++
	}
	return []string{s[:i], s[i:]}
}

func data(name string, v any) string {
	if name == "" {
		return "data: " + encode(v) + "\n\n"
	}
	return "event: " + name + "\ndata: " + encode(v) + "\n\n"
}

// OpenAI's chat completions, with the thoughts that compatible servers tell.

func chatReply(_ int, turn []block) string {
	message := object{"role": "assistant", "content": nil, "refusal": nil}
	var calls []any
	for _, b := range turn {
		switch b.of {
		case thoughts:
			message["reasoning_content"] = b.text
		case basic:
			message["content"] = b.text
		case parallelCalls:
			calls = append(calls, object{"id": b.id, "type": "function", "function": object{"name": b.text, "arguments": b.args}})
		}
	}
	if calls != nil {
		message["tool_calls"] = calls
	}
	return encode(object{"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "m", "choices": []any{object{"index": 0, "message": message, "finish_reason": either(calling(turn), "tool_calls", "stop")}},
		"usage": object{"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}})
}

// chatStream gives its calls side by side, all of the index 0, as some servers do.
func chatStream(_ int, turn []block) (out string) {
	chunk := func(delta object, finish any) {
		out += data("", object{"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": []any{object{"index": 0, "delta": delta, "finish_reason": finish}}})
	}
	chunk(object{"role": "assistant", "content": nil}, nil)
	for _, b := range turn {
		switch b.of {
		case thoughts:
			for _, half := range halves(b.text) {
				chunk(object{"reasoning_content": half}, nil)
			}
		case basic:
			for _, half := range halves(b.text) {
				chunk(object{"content": half}, nil)
			}
		case parallelCalls:
			chunk(object{"tool_calls": []any{object{"index": 0, "id": b.id, "type": "function", "function": object{"name": b.text, "arguments": ""}}}}, nil)
			for _, half := range halves(b.args) {
				chunk(object{"tool_calls": []any{object{"index": 0, "function": object{"arguments": half}}}}, nil)
			}
		}
	}
	chunk(object{}, either(calling(turn), "tool_calls", "stop"))
	return out + "data: [DONE]\n\n"
}

// A reader collects the lines of a request.
type lines []line

func (l *lines) add(of feature, format string, args ...any) {
	*l = append(*l, line{of, fmt.Sprintf(format, args...)})
}

func (l *lines) cache(mark gjson.Result) {
	if mark.Exists() {
		l.add(cacheMarks, "%s", strings.TrimSpace("cache "+mark.Get("ttl").Str))
	}
}

// texts adds the texts of a content, which is a string or parts.
func (l *lines) texts(who string, content gjson.Result) {
	if content.Type == gjson.String {
		l.add(basic, "%s %s", who, content.Str)
		return
	}
	for _, part := range content.Array() {
		l.add(basic, "%s %s", who, part.Get("text").Str)
		l.cache(part.Get("cache_control"))
	}
}

func readChat(t *testing.T, request string) []line {
	t.Helper()
	var l, said lines
	for _, m := range gjson.Get(request, "messages").Array() {
		content := m.Get("content")
		switch m.Get("role").Str {
		case "system", "developer":
			l.texts("system", content)
		case "user":
			said.texts("user", content)
		case "assistant":
			if thought := m.Get("reasoning_content"); thought.Exists() {
				said.add(thoughts, "think %s", thought.Str)
			}
			if content.Type != gjson.Null {
				said.texts("say", content)
			}
			for _, call := range m.Get("tool_calls").Array() {
				said.add(parallelCalls, "call %s %s %s", call.Get("id").Str, call.Get("function.name").Str, call.Get("function.arguments").Str)
			}
		case "tool":
			said.add(results, "result %s %s", m.Get("tool_call_id").Str, content.Str)
			said.cache(m.Get("cache_control"))
		default:
			said.add(others, "%s", m.Raw)
		}
	}
	for _, tool := range gjson.Get(request, "tools").Array() {
		l.add(basic, "tool %s", tool.Get("function.name").Str)
		l.cache(tool.Get("cache_control"))
	}
	return append(l, said...)
}

// OpenAI's Responses, with sealed reasoning.

func responsesItems(n int, turn []block) (items []any) {
	for i, b := range turn {
		switch b.of {
		case thoughts:
			id, encrypted, _ := strings.Cut(b.sign, " ")
			items = append(items, object{"type": "reasoning", "id": id, "summary": []any{object{"type": "summary_text", "text": b.text}}, "encrypted_content": encrypted})
		case basic:
			items = append(items, object{"type": "message", "id": fmt.Sprintf("msg_%d", n), "role": "assistant", "status": "completed",
				"content": []any{object{"type": "output_text", "text": b.text, "annotations": []any{}, "logprobs": []any{}}}})
		case parallelCalls:
			items = append(items, object{"type": "function_call", "id": fmt.Sprintf("fc_%d_%d", n, i), "call_id": b.id, "name": b.text, "arguments": b.args, "status": "completed"})
		}
	}
	return items
}

func response(n int, turn []block) object {
	return object{"id": fmt.Sprintf("resp_%d", n), "object": "response", "created_at": 1, "status": "completed", "model": "m", "output": responsesItems(n, turn),
		"usage": object{"input_tokens": 1, "output_tokens": 2, "total_tokens": 3}}
}

func responsesReply(n int, turn []block) string { return encode(response(n, turn)) }

func responsesStream(n int, turn []block) (out string) {
	sequence := 0
	put := func(kind string, members object) {
		members["type"], members["sequence_number"] = kind, sequence
		sequence++
		out += data(kind, members)
	}
	begun := response(n, turn)
	begun["status"], begun["output"] = "in_progress", []any{}
	put("response.created", object{"response": begun})
	for i, item := range responsesItems(n, turn) {
		b, it := turn[i], item.(object)
		at := func(more object) object {
			more["output_index"], more["item_id"] = i, it["id"]
			return more
		}
		begin := object{}
		for k, v := range it {
			begin[k] = v
		}
		kind, delta, place := "", b.text, object{}
		switch b.of {
		case thoughts:
			begin["summary"], begin["encrypted_content"] = []any{}, ""
			kind, place = "response.reasoning_summary_text", object{"summary_index": 0}
		case basic:
			begin["content"], begin["status"] = []any{}, "in_progress"
			kind, place = "response.output_text", object{"content_index": 0}
		default:
			begin["arguments"], begin["status"] = "", "in_progress"
			kind, delta = "response.function_call_arguments", b.args
		}
		put("response.output_item.added", object{"output_index": i, "item": begin})
		with := func(key, value string) object {
			more := at(object{key: value})
			for k, v := range place {
				more[k] = v
			}
			return more
		}
		for _, half := range halves(delta) {
			put(kind+".delta", with("delta", half))
		}
		put(kind+".done", with(either(b.of == parallelCalls, "arguments", "text"), delta))
		put("response.output_item.done", object{"output_index": i, "item": it})
	}
	put("response.completed", object{"response": response(n, turn)})
	return out
}

func readResponses(t *testing.T, request string) []line {
	t.Helper()
	var l, said lines
	if instructions := gjson.Get(request, "instructions").Str; instructions != "" {
		l.add(basic, "system %s", instructions)
	}
	for _, item := range gjson.Get(request, "input").Array() {
		role := item.Get("role").Str
		switch kind := item.Get("type").Str; {
		case role == "system" || role == "developer":
			l.texts("system", item.Get("content"))
		case role == "assistant":
			said.texts("say", item.Get("content"))
		case role == "user":
			said.texts("user", item.Get("content"))
		case kind == "reasoning":
			var parts []string
			for _, part := range item.Get("summary").Array() {
				parts = append(parts, part.Get("text").Str)
			}
			said.add(thoughts, "think %s", strings.Join(parts, "\n\n"))
			said.add(sealed, "sealed %s %s", item.Get("id").Str, item.Get("encrypted_content").Str)
		case kind == "function_call":
			said.add(parallelCalls, "call %s %s %s", item.Get("call_id").Str, item.Get("name").Str, item.Get("arguments").Str)
		case kind == "function_call_output":
			said.add(results, "result %s %s", item.Get("call_id").Str, item.Get("output").Str)
		default:
			said.add(others, "%s", item.Raw)
		}
	}
	for _, tool := range gjson.Get(request, "tools").Array() {
		l.add(basic, "tool %s", tool.Get("name").Str)
	}
	return append(l, said...)
}

// Anthropic's messages.

func messagesBlock(b block) object {
	switch b.of {
	case thoughts:
		return object{"type": "thinking", "thinking": b.text, "signature": b.sign}
	case hidden:
		return object{"type": "redacted_thinking", "data": b.text}
	case parallelCalls:
		return object{"type": "tool_use", "id": b.id, "name": b.text, "input": json.RawMessage(b.args)}
	}
	return object{"type": "text", "text": b.text}
}

func messagesReply(_ int, turn []block) string {
	var content []any
	for _, b := range turn {
		content = append(content, messagesBlock(b))
	}
	return encode(object{"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": content, "stop_reason": either(calling(turn), "tool_use", "end_turn"), "stop_sequence": nil,
		"usage": object{"input_tokens": 1, "output_tokens": 2}})
}

func messagesStream(_ int, turn []block) (out string) {
	put := func(kind string, members object) {
		members["type"] = kind
		out += data(kind, members)
	}
	put("message_start", object{"message": object{"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": []any{}, "stop_reason": nil, "usage": object{"input_tokens": 1, "output_tokens": 1}}})
	for i, b := range turn {
		begin, kind, key, all := messagesBlock(b), "", "", b.text
		switch b.of {
		case thoughts:
			begin["thinking"], begin["signature"] = "", ""
			kind, key = "thinking_delta", "thinking"
		case basic:
			begin["text"] = ""
			kind, key = "text_delta", "text"
		case parallelCalls:
			begin["input"] = object{}
			kind, key, all = "input_json_delta", "partial_json", b.args
		}
		put("content_block_start", object{"index": i, "content_block": begin})
		for _, half := range halves(all) {
			if kind != "" {
				put("content_block_delta", object{"index": i, "delta": object{"type": kind, key: half}})
			}
		}
		if b.sign != "" {
			put("content_block_delta", object{"index": i, "delta": object{"type": "signature_delta", "signature": b.sign}})
		}
		put("content_block_stop", object{"index": i})
	}
	put("message_delta", object{"delta": object{"stop_reason": either(calling(turn), "tool_use", "end_turn"), "stop_sequence": nil}, "usage": object{"output_tokens": 2}})
	put("message_stop", object{})
	return out
}

func readMessages(t *testing.T, request string) []line {
	t.Helper()
	var l lines
	l.texts("system", gjson.Get(request, "system"))
	for _, tool := range gjson.Get(request, "tools").Array() {
		l.add(basic, "tool %s", tool.Get("name").Str)
		l.cache(tool.Get("cache_control"))
	}
	for _, m := range gjson.Get(request, "messages").Array() {
		who := either(m.Get("role").Str == "assistant", "say", "user")
		content := m.Get("content")
		if content.Type == gjson.String {
			l.texts(who, content)
			continue
		}
		for _, b := range content.Array() {
			switch b.Get("type").Str {
			case "thinking":
				l.add(thoughts, "think %s", b.Get("thinking").Str)
				l.add(sealed, "sealed %s", b.Get("signature").Str)
			case "redacted_thinking":
				l.add(hidden, "hidden %s", b.Get("data").Str)
			case "text":
				l.add(basic, "%s %s", who, b.Get("text").Str)
			case "tool_use":
				l.add(parallelCalls, "call %s %s %s", b.Get("id").Str, b.Get("name").Str, b.Get("input").Raw)
			case "tool_result":
				result := b.Get("content")
				if result.IsArray() {
					result = result.Get("0.text")
				}
				l.add(results, "result %s %s", b.Get("tool_use_id").Str, result.Str)
				if b.Get("is_error").Bool() {
					l.add(failures, "failed")
				}
			default:
				l.add(others, "%s", b.Raw)
			}
			l.cache(b.Get("cache_control"))
		}
	}
	return l
}

// Google's generateContent, which gives calls no ids.

func geminiPart(b block) object {
	part := object{"text": b.text}
	switch b.of {
	case thoughts:
		part["thought"] = true
	case parallelCalls:
		part = object{"functionCall": object{"name": b.text, "args": json.RawMessage(b.args)}}
	}
	if b.sign != "" {
		part["thoughtSignature"] = b.sign
	}
	return part
}

func geminiChunk(n int, finish any, parts ...any) object {
	candidate := object{"content": object{"parts": parts, "role": "model"}, "index": 0}
	if finish != nil {
		candidate["finishReason"] = finish
	}
	return object{"candidates": []any{candidate}, "usageMetadata": object{"promptTokenCount": 1, "candidatesTokenCount": 2, "totalTokenCount": 3}, "modelVersion": "m", "responseId": fmt.Sprintf("r%d", n)}
}

func geminiReply(n int, turn []block) string {
	var parts []any
	for _, b := range turn {
		parts = append(parts, geminiPart(b))
	}
	return encode(geminiChunk(n, "STOP", parts...))
}

// geminiStream signs a text in a part of its own, as Gemini does.
func geminiStream(n int, turn []block) (out string) {
	for _, b := range turn {
		if b.of == parallelCalls {
			out += data("", geminiChunk(n, nil, geminiPart(b)))
			continue
		}
		sign := b.sign
		for _, half := range halves(b.text) {
			b.text, b.sign = half, ""
			out += data("", geminiChunk(n, nil, geminiPart(b)))
		}
		if sign != "" {
			out += data("", geminiChunk(n, nil, object{"text": "", "thoughtSignature": sign}))
		}
	}
	return out + data("", geminiChunk(n, "STOP", object{"text": ""}))
}

// readGemini joins texts that are parts of one, as the model does.
func readGemini(t *testing.T, request string) []line {
	t.Helper()
	var l lines
	add := func(of feature, who, text string) {
		if last := len(l) - 1; last >= 0 && l[last].of == of && strings.HasPrefix(l[last].text, who+" ") && who != "user" {
			l[last].text += text
		} else if text != "" {
			l.add(of, "%s %s", who, text)
		}
	}
	for _, p := range gjson.Get(request, "systemInstruction.parts").Array() {
		l.add(basic, "system %s", p.Get("text").Str)
	}
	for _, tool := range gjson.Get(request, "tools.0.functionDeclarations").Array() {
		l.add(basic, "tool %s", tool.Get("name").Str)
	}
	var open []string // calls without results, for a client that names none
	for _, c := range gjson.Get(request, "contents").Array() {
		for _, p := range c.Get("parts").Array() {
			call, result, of := p.Get("functionCall"), p.Get("functionResponse"), textSignatures
			switch {
			case call.Exists():
				id := call.Get("id").Str
				if id == "" {
					id = fmt.Sprint("unnamed", len(l))
				}
				open = append(open, id)
				l.add(parallelCalls, "call %s %s %s", id, call.Get("name").Str, call.Get("args").Raw)
				of = callSignatures
			case result.Exists():
				id := result.Get("id").Str
				if id == "" {
					id = open[0]
				}
				open = open[1:]
				text := result.Get("response.output")
				if !text.Exists() {
					text = result.Get("response.error")
				}
				l.add(results, "result %s %s", id, text.Str)
				if result.Get("response.error").Exists() {
					l.add(failures, "failed")
				}
			case p.Get("thought").Bool():
				add(thoughts, "think", p.Get("text").Str)
			case c.Get("role").Str == "model":
				add(basic, "say", p.Get("text").Str)
			default:
				add(basic, "user", p.Get("text").Str)
			}
			if s := p.Get("thoughtSignature").Str; s != "" {
				l.add(of, "signed %s", s)
			}
		}
	}
	return l
}

// Amazon's Converse, in the framing that its reader makes of Amazon's.

func converseBlock(b block) object {
	switch b.of {
	case thoughts:
		return object{"reasoningContent": object{"reasoningText": object{"text": b.text, "signature": b.sign}}}
	case hidden:
		return object{"reasoningContent": object{"redactedContent": b.text}}
	case parallelCalls:
		return object{"toolUse": object{"toolUseId": b.id, "name": b.text, "input": json.RawMessage(b.args)}}
	}
	return object{"text": b.text}
}

func converseReply(_ int, turn []block) string {
	var content []any
	for _, b := range turn {
		content = append(content, converseBlock(b))
	}
	return encode(object{"output": object{"message": object{"role": "assistant", "content": content}}, "stopReason": either(calling(turn), "tool_use", "end_turn"),
		"usage": object{"inputTokens": 1, "outputTokens": 2, "totalTokens": 3}, "metrics": object{"latencyMs": 1}})
}

func converseStream(_ int, turn []block) string {
	out := data("messageStart", object{"role": "assistant"})
	for i, b := range turn {
		delta := func(d object) {
			out += data("contentBlockDelta", object{"contentBlockIndex": i, "delta": d})
		}
		switch b.of {
		case thoughts:
			for _, half := range halves(b.text) {
				delta(object{"reasoningContent": object{"text": half}})
			}
			delta(object{"reasoningContent": object{"signature": b.sign}})
		case hidden:
			delta(object{"reasoningContent": object{"redactedContent": b.text}})
		case parallelCalls:
			out += data("contentBlockStart", object{"contentBlockIndex": i, "start": object{"toolUse": object{"toolUseId": b.id, "name": b.text}}})
			for _, half := range halves(b.args) {
				delta(object{"toolUse": object{"input": half}})
			}
		default:
			for _, half := range halves(b.text) {
				delta(object{"text": half})
			}
		}
		out += data("contentBlockStop", object{"contentBlockIndex": i})
	}
	return out + data("messageStop", object{"stopReason": either(calling(turn), "tool_use", "end_turn")}) +
		data("metadata", object{"usage": object{"inputTokens": 1, "outputTokens": 2, "totalTokens": 3}, "metrics": object{"latencyMs": 1}})
}

func readConverse(t *testing.T, request string) []line {
	t.Helper()
	var l lines
	read := func(who string, b gjson.Result) {
		switch thought, result := b.Get("reasoningContent"), b.Get("toolResult"); {
		case b.Get("cachePoint").Exists():
			l.cache(b.Get("cachePoint"))
		case thought.Get("reasoningText").Exists():
			l.add(thoughts, "think %s", thought.Get("reasoningText.text").Str)
			l.add(sealed, "sealed %s", thought.Get("reasoningText.signature").Str)
		case thought.Exists():
			l.add(hidden, "hidden %s", thought.Get("redactedContent").Str)
		case b.Get("toolUse").Exists():
			l.add(parallelCalls, "call %s %s %s", b.Get("toolUse.toolUseId").Str, b.Get("toolUse.name").Str, b.Get("toolUse.input").Raw)
		case result.Exists():
			l.add(results, "result %s %s", result.Get("toolUseId").Str, result.Get("content.0.text").Str)
			if result.Get("status").Str == "error" {
				l.add(failures, "failed")
			}
		case b.Get("text").Exists():
			l.add(basic, "%s %s", who, b.Get("text").Str)
		default:
			l.add(others, "%s", b.Raw)
		}
	}
	for _, b := range gjson.Get(request, "system").Array() {
		read("system", b)
	}
	for _, tool := range gjson.Get(request, "toolConfig.tools").Array() {
		if name := tool.Get("toolSpec.name").Str; name != "" {
			l.add(basic, "tool %s", name)
		} else {
			l.cache(tool.Get("cachePoint"))
		}
	}
	for _, m := range gjson.Get(request, "messages").Array() {
		for _, b := range m.Get("content").Array() {
			read(either(m.Get("role").Str == "assistant", "say", "user"), b)
		}
	}
	return l
}

// Cohere's chat, which says what it plans to do with tools in a place of its own.

func cohereReply(_ int, turn []block) string {
	message := object{"role": "assistant"}
	var content, calls []any
	for _, b := range turn {
		switch {
		case b.of == thoughts:
			content = append(content, object{"type": "thinking", "thinking": b.text})
		case b.of == parallelCalls:
			calls = append(calls, object{"id": b.id, "type": "function", "function": object{"name": b.text, "arguments": b.args}})
		case calling(turn):
			message["tool_plan"] = b.text
		default:
			content = append(content, object{"type": "text", "text": b.text})
		}
	}
	message["content"] = content
	if calls != nil {
		message["tool_calls"] = calls
	}
	return encode(object{"id": "c1", "message": message, "finish_reason": either(calls != nil, "TOOL_CALL", "COMPLETE"), "usage": object{"tokens": object{"input_tokens": 1, "output_tokens": 2}}})
}

func cohereStream(_ int, turn []block) string {
	put := func(kind string, index int, message object) string {
		e := object{"type": kind, "delta": object{"message": message}}
		if index >= 0 {
			e["index"] = index
		}
		return data(kind, e)
	}
	out := data("message-start", object{"type": "message-start", "id": "c1", "delta": object{"message": object{"role": "assistant", "content": []any{}, "tool_plan": "", "tool_calls": []any{}, "citations": []any{}}}})
	blocks, calls := 0, 0
	for _, b := range turn {
		switch {
		case b.of == parallelCalls:
			out += put("tool-call-start", calls, object{"tool_calls": object{"id": b.id, "type": "function", "function": object{"name": b.text, "arguments": ""}}})
			for _, half := range halves(b.args) {
				out += put("tool-call-delta", calls, object{"tool_calls": object{"function": object{"arguments": half}}})
			}
			out += data("tool-call-end", object{"type": "tool-call-end", "index": calls})
			calls++
		case b.of == basic && calling(turn):
			for _, half := range halves(b.text) {
				out += put("tool-plan-delta", -1, object{"tool_plan": half})
			}
		default:
			kind := either(b.of == thoughts, "thinking", "text")
			out += put("content-start", blocks, object{"content": object{"type": kind, kind: ""}})
			for _, half := range halves(b.text) {
				out += put("content-delta", blocks, object{"content": object{kind: half}})
			}
			out += data("content-end", object{"type": "content-end", "index": blocks})
			blocks++
		}
	}
	return out + data("message-end", object{"type": "message-end", "delta": object{"finish_reason": either(calling(turn), "TOOL_CALL", "COMPLETE"), "usage": object{"tokens": object{"input_tokens": 1, "output_tokens": 2}}}})
}

func readCohere(t *testing.T, request string) []line {
	t.Helper()
	var l, said lines
	for _, m := range gjson.Get(request, "messages").Array() {
		content := m.Get("content")
		switch m.Get("role").Str {
		case "system":
			l.texts("system", content)
		case "user":
			said.texts("user", content)
		case "assistant":
			if content.Type == gjson.String {
				said.texts("say", content)
			}
			for _, b := range content.Array() {
				if b.Get("type").Str == "thinking" {
					said.add(thoughts, "think %s", b.Get("thinking").Str)
				} else if b.Get("type").Str == "text" {
					said.add(basic, "say %s", b.Get("text").Str)
				}
			}
			if plan := m.Get("tool_plan").Str; plan != "" {
				said.add(basic, "say %s", plan)
			}
			for _, call := range m.Get("tool_calls").Array() {
				said.add(parallelCalls, "call %s %s %s", call.Get("id").Str, call.Get("function.name").Str, call.Get("function.arguments").Str)
			}
		case "tool":
			result := content
			if result.IsArray() {
				result = result.Get("0.text")
			}
			said.add(results, "result %s %s", m.Get("tool_call_id").Str, result.Str)
		default:
			said.add(others, "%s", m.Raw)
		}
	}
	for _, tool := range gjson.Get(request, "tools").Array() {
		l.add(basic, "tool %s", tool.Get("function.name").Str)
	}
	return append(l, said...)
}
