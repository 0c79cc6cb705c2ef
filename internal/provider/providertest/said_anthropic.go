package providertest

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/portico-ai/portico/internal/ai"
)

type anthropicMessage struct {
	Model   string           `json:"model"`
	Content []anthropicBlock `json:"content"`
	Stop    string           `json:"stop_reason"`
	Usage   anthropicUsage   `json:"usage"`
	Data    []struct{ ID string }
}

type anthropicBlock struct {
	Type  string          `json:"type"`
	Text  string          `json:"text"`
	Name  string          `json:"name"`
	Input json.RawMessage `json:"input"`
}

// anthropicUsage has pointers where a stream's later objects may leave out what
// has not changed.
type anthropicUsage struct {
	In       *int64 `json:"input_tokens"`
	Out      *int64 `json:"output_tokens"`
	Read     *int64 `json:"cache_read_input_tokens"`
	Write    *int64 `json:"cache_creation_input_tokens"`
	Creation *struct {
		Hour int64 `json:"ephemeral_1h_input_tokens"`
	} `json:"cache_creation"`
	Details *struct {
		Thinking int64 `json:"thinking_tokens"`
	} `json:"output_tokens_details"`
	Server *struct {
		Searches int64 `json:"web_search_requests"`
	} `json:"server_tool_use"`
	Tier       *string `json:"service_tier"`
	Iterations []struct {
		Type  string `json:"type"`
		In    int64  `json:"input_tokens"`
		Out   int64  `json:"output_tokens"`
		Read  int64  `json:"cache_read_input_tokens"`
		Write int64  `json:"cache_creation_input_tokens"`
	} `json:"iterations"`
}

func (u *anthropicUsage) usage() ai.Usage {
	in, out, read, write := value(u.In), value(u.Out), value(u.Read), value(u.Write)
	a := ai.Usage{
		Known: u.In != nil || u.Out != nil, InputTokens: in + read + write, OutputTokens: out,
		CacheReadTokens: read, CacheWriteTokens: write, ServiceTier: value(u.Tier),
	}
	for _, i := range u.Iterations {
		if i.Type == "advisor_message" {
			a.OtherTokens += i.In + i.Out + i.Read + i.Write
		}
	}
	if u.Creation != nil {
		a.CacheWrite1hTokens = u.Creation.Hour
	}
	if u.Details != nil {
		a.ReasoningTokens = u.Details.Thinking
	}
	if u.Server != nil {
		a.WebSearches = u.Server.Searches
	}
	return a
}

func value[T any](p *T) (zero T) {
	if p == nil {
		return zero
	}
	return *p
}

// hubFinish is a stop reason in the hub's words.
func hubFinish(stop string) string {
	switch stop {
	case "end_turn", "stop_sequence", "pause_turn":
		return "stop"
	case "max_tokens", "model_context_window_exceeded":
		return "length"
	case "tool_use":
		return "tool_calls"
	case "refusal":
		return "content_filter"
	}
	return stop
}

func readAnthropic(body []byte) (s said, err error) {
	var m anthropicMessage
	if err := decode(string(body), &m); err != nil {
		return s, err
	}
	for _, d := range m.Data {
		s.Models = append(s.Models, d.ID)
	}
	if m.Data == nil {
		s.message(&m)
	}
	return s, nil
}

func (s *said) message(m *anthropicMessage) {
	s.Model, s.Usage = m.Model, m.Usage.usage()
	s.Finish = append(s.Finish, hubFinish(m.Stop))
	for _, b := range m.Content {
		switch b.Type {
		case "text":
			s.Text += b.Text
		case "tool_use":
			s.Tools = append(s.Tools, called{b.Name, arguments(string(b.Input))})
		}
	}
}

type anthropicEvent struct {
	Type    string
	Index   int
	Message anthropicMessage
	Block   anthropicBlock `json:"content_block"`
	Delta   struct {
		Text       string
		Partial    string `json:"partial_json"`
		StopReason string `json:"stop_reason"`
	}
	Usage json.RawMessage
	Error *struct{ Message string }
}

// anthropicFold puts the events of a stream together.
type anthropicFold struct {
	s      said
	m      anthropicMessage
	blocks map[int]anthropicBlock
	inputs map[int]string
}

func readAnthropicStream(data []string) (said, error) {
	f := anthropicFold{blocks: map[int]anthropicBlock{}, inputs: map[int]string{}}
	for _, d := range data {
		var e anthropicEvent
		if err := decode(d, &e); err != nil {
			return f.s, err
		}
		if err := f.add(&e); err != nil {
			return f.s, err
		}
	}
	for _, i := range slices.Sorted(maps.Keys(f.blocks)) {
		b := f.blocks[i]
		if input := f.inputs[i]; input != "" {
			b.Input = json.RawMessage(input)
		}
		f.m.Content = append(f.m.Content, b)
	}
	f.s.message(&f.m)
	return f.s, nil
}

func (f *anthropicFold) add(e *anthropicEvent) error {
	switch e.Type {
	case "message_start":
		f.m = e.Message
	case "content_block_start":
		f.blocks[e.Index] = e.Block
	case "content_block_delta":
		b, ok := f.blocks[e.Index]
		if !ok {
			return fmt.Errorf("a delta of block %d, which did not start", e.Index)
		}
		b.Text += e.Delta.Text
		f.blocks[e.Index] = b
		f.inputs[e.Index] += e.Delta.Partial
	case "message_delta":
		f.m.Stop = e.Delta.StopReason
		return json.Unmarshal(e.Usage, &f.m.Usage)
	case "message_stop":
		f.s.Done = true
	case "error":
		f.s.Error = e.Error.Message
	}
	return nil
}
