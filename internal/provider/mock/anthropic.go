package mock

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/tidwall/gjson"
)

func messages(body gjson.Result, id, fixed string) (response, error) {
	if body.Get("max_tokens").Int() < 1 {
		return response{}, errors.New("max_tokens: is missing; want a whole number from 1")
	}
	if len(body.Get("messages").Array()) == 0 {
		return response{}, errors.New("messages: is missing; want a list with at least one message")
	}
	ask := parseMessages(body)
	a := ask.reply(fixed)
	message := object{
		"id": "msg_" + id, "type": "message", "role": "assistant", "model": modelName(ask.model),
		"content": messageBlocks(a, id), "stop_reason": stopReason(a), "stop_sequence": nil,
		"usage": messageUsage(a, a.completion),
	}
	if ask.stream {
		return response{id: id, events: messageEvents(message, a, id)}, nil
	}
	return response{id: id, plain: encode(message)}, nil
}

func messageUsage(a answer, output int) object {
	return object{
		"input_tokens": a.prompt, "output_tokens": output,
		"cache_creation_input_tokens": 0, "cache_read_input_tokens": 0,
	}
}

func stopReason(a answer) string {
	switch a.finish {
	case finishTools:
		return "tool_use"
	case finishLength:
		return "max_tokens"
	}
	return "end_turn"
}

const signature = "bW9jay1zaWduYXR1cmU="

func messageBlocks(a answer, id string) []object {
	var blocks []object
	if a.thought != "" {
		blocks = append(blocks, object{"type": "thinking", "thinking": a.thought, "signature": signature})
	}
	if a.text != "" {
		blocks = append(blocks, object{"type": "text", "text": a.text})
	}
	for i, c := range a.calls {
		blocks = append(blocks, object{"type": "tool_use", "id": toolUseID(id, i), "name": c.name, "input": json.RawMessage(c.args)})
	}
	return blocks
}

func toolUseID(id string, i int) string { return fmt.Sprintf("toolu_%s%d", id[:20], i) }

func messageEvents(message object, a answer, id string) []event {
	var events []event
	add := func(name string, fields object) {
		fields["type"] = name
		events = append(events, event{name, encode(fields)})
	}
	message["content"] = []object{}
	message["stop_reason"] = nil
	message["usage"] = messageUsage(a, 1)
	add("message_start", object{"message": message})
	add("ping", object{})

	index := 0
	block := func(start object, deltas []object) {
		add("content_block_start", object{"index": index, "content_block": start})
		for _, d := range deltas {
			add("content_block_delta", object{"index": index, "delta": d})
		}
		add("content_block_stop", object{"index": index})
		index++
	}
	if a.thought != "" {
		deltas := deltasOf("thinking_delta", "thinking", pieces(a.thought))
		deltas = append(deltas, object{"type": "signature_delta", "signature": signature})
		block(object{"type": "thinking", "thinking": "", "signature": ""}, deltas)
	}
	if a.text != "" {
		block(object{"type": "text", "text": ""}, deltasOf("text_delta", "text", pieces(a.text)))
	}
	for i, c := range a.calls {
		block(object{"type": "tool_use", "id": toolUseID(id, i), "name": c.name, "input": object{}},
			deltasOf("input_json_delta", "partial_json", cut(c.args, 8)))
	}
	add("message_delta", object{
		"delta": object{"stop_reason": stopReason(a), "stop_sequence": nil},
		"usage": object{"output_tokens": a.completion},
	})
	add("message_stop", object{})
	return events
}

func deltasOf(kind, field string, parts []string) []object {
	deltas := make([]object, len(parts))
	for i, p := range parts {
		deltas[i] = object{"type": kind, field: p}
	}
	return deltas
}

func countTokens(body gjson.Result, id, _ string) (response, error) {
	if len(body.Get("messages").Array()) == 0 {
		return response{}, errors.New("messages: is missing; want a list with at least one message")
	}
	return response{id: id, plain: encode(object{"input_tokens": parseMessages(body).promptTokens()})}, nil
}
