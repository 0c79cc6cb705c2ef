package telemetry

import (
	"bytes"
	"context"
	"encoding/json"

	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.40.0"

	"github.com/portico-ai/portico/internal/ledger"
)

// A chat is what is looked for in bodies, which are in OpenAI's format: of a
// request, or of a reply.
type chat struct {
	Messages []message       `json:"messages"`
	Tools    json.RawMessage `json:"tools"`

	Temperature      *float64 `json:"temperature"`
	TopP             *float64 `json:"top_p"`
	TopK             *float64 `json:"top_k"`
	FrequencyPenalty *float64 `json:"frequency_penalty"`
	PresencePenalty  *float64 `json:"presence_penalty"`
	MaxTokens        int64    `json:"max_tokens"`
	MaxCompletion    int64    `json:"max_completion_tokens"`
	Seed             int64    `json:"seed"`
	Choices          []choice `json:"choices"`
	ID               string   `json:"id"`
}

type choice struct {
	Message      message `json:"message"`
	FinishReason string  `json:"finish_reason"`
}

type message struct {
	Role       string          `json:"role"`
	Content    json.RawMessage `json:"content"`
	Reasoning  string          `json:"reasoning_content"`
	ToolCallID string          `json:"tool_call_id"`
	ToolCalls  []toolCall      `json:"tool_calls"`
}

type toolCall struct {
	ID       string `json:"id"`
	Function struct {
		Name      string `json:"name"`
		Arguments string `json:"arguments"`
	} `json:"function"`
}

// contents adds what only the bodies tell: parameters, and messages if these are
// to be sent. A body that is not kept, or no chat, adds nothing.
func (x *Exporter) contents(ctx context.Context, l *list, e *ledger.Entry) {
	request, reply := x.opt.Bodies(ctx, e)
	var asked, answered chat
	if len(request) > 0 && json.Unmarshal(request, &asked) == nil {
		asked.parameters(l)
	}
	if len(reply) > 0 && json.Unmarshal(joined(reply), &answered) == nil {
		l.text(semconv.GenAIResponseIDKey, answered.ID)
		var reasons []string
		for _, c := range answered.Choices {
			if c.FinishReason != "" {
				reasons = append(reasons, c.FinishReason)
			}
		}
		l.texts(semconv.GenAIResponseFinishReasonsKey, reasons)
	}
	if !x.opt.Content {
		return
	}
	var system, in, out []any
	for _, m := range asked.Messages {
		if m.Role == "system" || m.Role == "developer" {
			system = append(system, m.parts()...)
		} else {
			in = append(in, map[string]any{"role": m.Role, "parts": m.parts()})
		}
	}
	for _, c := range answered.Choices {
		out = append(out, map[string]any{"role": "assistant", "parts": c.Message.parts(), "finish_reason": c.FinishReason})
	}
	asJSON(l, semconv.GenAISystemInstructionsKey, system)
	asJSON(l, semconv.GenAIInputMessagesKey, in)
	asJSON(l, semconv.GenAIOutputMessagesKey, out)
	if len(asked.Tools) > 0 && string(asked.Tools) != "null" {
		l.text(semconv.GenAIToolDefinitionsKey, string(asked.Tools))
	}
}

func (c *chat) parameters(l *list) {
	for _, p := range []struct {
		key attribute.Key
		v   *float64
	}{
		{semconv.GenAIRequestTemperatureKey, c.Temperature}, {semconv.GenAIRequestTopPKey, c.TopP}, {semconv.GenAIRequestTopKKey, c.TopK},
		{semconv.GenAIRequestFrequencyPenaltyKey, c.FrequencyPenalty}, {semconv.GenAIRequestPresencePenaltyKey, c.PresencePenalty},
	} {
		if p.v != nil {
			l.number(p.key, *p.v)
		}
	}
	l.count(semconv.GenAIRequestMaxTokensKey, max(c.MaxTokens, c.MaxCompletion))
	l.count(semconv.GenAIRequestSeedKey, c.Seed)
}

func asJSON(l *list, key attribute.Key, parts []any) {
	if len(parts) == 0 {
		return
	}
	text, _ := json.Marshal(parts) // made of what was read as JSON
	l.text(key, string(text))
}

// parts are a message's, as the conventions' schema has them.
func (m *message) parts() []any {
	parts := []any{}
	text := func(kind, s string) {
		if s != "" {
			parts = append(parts, map[string]any{"type": kind, "content": s})
		}
	}
	text("reasoning", m.Reasoning)
	var whole string
	var several []map[string]any
	if m.Role == "tool" {
		return []any{map[string]any{"type": "tool_call_response", "id": m.ToolCallID, "response": m.Content}}
	}
	if json.Unmarshal(m.Content, &whole) == nil {
		text("text", whole)
	} else if json.Unmarshal(m.Content, &several) == nil {
		for _, p := range several {
			if s, ok := p["text"].(string); ok && p["type"] == "text" {
				text("text", s)
			} else {
				parts = append(parts, p)
			}
		}
	}
	for _, c := range m.ToolCalls {
		var arguments any = c.Function.Arguments
		if raw := []byte(c.Function.Arguments); json.Valid(raw) {
			arguments = json.RawMessage(raw)
		}
		parts = append(parts, map[string]any{"type": "tool_call", "id": c.ID, "name": c.Function.Name, "arguments": arguments})
	}
	return parts
}

// joined makes a whole reply of the chunks of a stream; a reply that is none is
// returned as it is.
func joined(reply []byte) []byte {
	if bytes.HasPrefix(bytes.TrimSpace(reply), []byte("{")) {
		return reply
	}
	var out chat
	for line := range bytes.Lines(reply) {
		data, ok := bytes.CutPrefix(line, []byte("data:"))
		var c struct {
			ID      string
			Choices []struct {
				Index        int
				Delta        delta
				FinishReason string `json:"finish_reason"`
			}
		}
		if !ok || json.Unmarshal(data, &c) != nil {
			continue
		}
		if out.ID == "" {
			out.ID = c.ID
		}
		for i := range c.Choices {
			if k := c.Choices[i].Index; k >= 0 && k < maxChoices {
				for len(out.Choices) <= k {
					out.Choices = append(out.Choices, choice{})
				}
				c.Choices[i].Delta.addTo(&out.Choices[k].Message)
				if c.Choices[i].FinishReason != "" {
					out.Choices[k].FinishReason = c.Choices[i].FinishReason
				}
			}
		}
	}
	for i := range out.Choices {
		m := &out.Choices[i].Message
		m.Content, _ = json.Marshal(string(m.Content)) // until here the text itself
	}
	whole, _ := json.Marshal(out) // made of what was read as JSON
	return whole
}

const maxChoices, maxCalls = 128, 128

type delta struct {
	Content   string
	Reasoning string `json:"reasoning_content"`
	ToolCalls []struct {
		Index    int
		ID       string
		Function struct{ Name, Arguments string }
	} `json:"tool_calls"`
}

func (d *delta) addTo(m *message) {
	m.Content = append(m.Content, d.Content...)
	m.Reasoning += d.Reasoning
	for _, c := range d.ToolCalls {
		if c.Index < 0 || c.Index >= maxCalls {
			continue
		}
		for len(m.ToolCalls) <= c.Index {
			m.ToolCalls = append(m.ToolCalls, toolCall{})
		}
		t := &m.ToolCalls[c.Index]
		if c.ID != "" {
			t.ID = c.ID
		}
		t.Function.Name += c.Function.Name
		t.Function.Arguments += c.Function.Arguments
	}
}
