package anthropic

import (
	"encoding/json"
	"testing"
)

// essence is a message without what no translation carries: where calls stand
// among the other blocks, who called, and details of usage and context.
func essence(t *testing.T, body []byte) []byte {
	t.Helper()
	m := decode(t, body)
	var blocks, calls []any
	for _, b := range m["content"].([]any) {
		block := b.(object)
		if block["type"] == "tool_use" {
			delete(block, "caller")
			calls = append(calls, block)
		} else {
			blocks = append(blocks, block)
		}
	}
	m["content"] = append(blocks, calls...)
	delete(m, "usage")
	for _, key := range []string{"container", "context_management", "stop_details", "diagnostics"} {
		delete(m, key)
	}
	return encode(t, m)
}

// normal is a request with what has several spellings in one of them: text as
// blocks, absent defaults, turns of one role as one turn.
func normal(t *testing.T, body []byte) []byte {
	t.Helper()
	m := decode(t, body)
	system := asBlocks(m["system"])
	var turns []any
	for _, e := range m["messages"].([]any) {
		turn := e.(object)
		turn["content"] = asBlocks(turn["content"])
		if turn["role"] == "system" {
			system = append(system, turn["content"].([]any)...)
			continue
		}
		if turn["role"] == "assistant" {
			turn["content"] = decode(t, essence(t, encode(t, turn)))["content"]
		}
		if n := len(turns); n > 0 && turns[n-1].(object)["role"] == turn["role"] {
			last := turns[n-1].(object)
			last["content"] = append(last["content"].([]any), turn["content"].([]any)...)
			continue
		}
		turns = append(turns, turn)
	}
	m["messages"] = turns
	if m["system"] = system; len(system) == 0 {
		delete(m, "system")
	}
	if config, ok := m["output_config"].(object); ok && config["effort"] != nil && m["thinking"] == nil {
		m["thinking"] = object{"type": "adaptive"}
	}
	if format, ok := m["output_format"]; ok {
		config, _ := m["output_config"].(object)
		if config == nil {
			config = object{}
		}
		config["format"] = format
		m["output_config"] = config
		delete(m, "output_format")
	}
	for _, key := range []string{"tools", "stop_sequences"} {
		if list, ok := m[key].([]any); ok && len(list) == 0 {
			delete(m, key)
		}
	}
	if m["tools"] == nil {
		delete(m, "tool_choice")
	}
	tools, _ := m["tools"].([]any)
	for _, e := range tools {
		tool := e.(object)
		dropNulls(tool)
		if tool["type"] == "custom" {
			delete(tool, "type")
		}
		if tool["strict"] == false {
			delete(tool, "strict")
		}
		if tool["description"] == "" {
			delete(tool, "description")
		}
	}
	return encode(t, m)
}

func dropNulls(o object) {
	for key, value := range o {
		if value == nil {
			delete(o, key)
		}
	}
}

func asBlocks(content any) []any {
	list := []any{}
	switch c := content.(type) {
	case string:
		if c != "" {
			list = append(list, object{"type": "text", "text": c})
		}
	case []any:
		for _, b := range c {
			block := b.(object)
			dropNulls(block)
			if block["type"] == "tool_result" && block["content"] != nil {
				block["content"] = asBlocks(block["content"])
			}
			if block["type"] == "text" && block["text"] == "" {
				continue
			}
			list = append(list, block)
		}
	}
	return list
}

func encode(t *testing.T, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func joined(blocks []any) (list []any) {
	for _, b := range blocks {
		block := b.(object)
		if block["type"] == "text" && block["text"] == "" && block["citations"] == nil {
			continue
		}
		if n := len(list); n > 0 && block["type"] == "text" {
			if last := list[n-1].(object); last["type"] == "text" {
				last["text"] = last["text"].(string) + block["text"].(string)
				a, _ := last["citations"].([]any)
				b, _ := block["citations"].([]any)
				if len(a)+len(b) > 0 {
					last["citations"] = append(a, b...)
				}
				continue
			}
		}
		list = append(list, block)
	}
	return list
}
