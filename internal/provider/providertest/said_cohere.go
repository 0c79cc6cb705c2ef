package providertest

import (
	"encoding/json"
	"maps"
	"slices"

	"github.com/portico-ai/portico/internal/ai"
)

type cohereAnswer struct {
	Message     cohereMessage   `json:"message"`
	Finish      string          `json:"finish_reason"`
	Usage       *cohereUsage    `json:"usage"`
	Meta        *cohereUsage    `json:"meta"`
	Embeddings  json.RawMessage `json:"embeddings"`
	Generations []struct {
		Text   string
		Finish string `json:"finish_reason"`
	}
	Results []ranked                `json:"results"`
	Models  []struct{ Name string } `json:"models"`
}

type cohereMessage struct {
	Plan    string `json:"tool_plan"`
	Content []struct{ Text string }
	Calls   []struct{ Function openAIFunction } `json:"tool_calls"`
}

type cohereUsage struct {
	Billed *cohereCounts `json:"billed_units"`
	Tokens *cohereCounts `json:"tokens"`
}

type cohereCounts struct {
	In        int64  `json:"input_tokens"`
	Image     int64  `json:"image_tokens"`
	Out       int64  `json:"output_tokens"`
	Units     int64  `json:"search_units"`
	Images    *int64 `json:"images"`
	Reasoning int64  `json:"reasoning_tokens"`
}

// usage is what is billed. A price by the image is no count of tokens.
func (u *cohereUsage) usage() (a ai.Usage) {
	if u == nil || u.Billed == nil && u.Tokens == nil {
		return a
	}
	n := u.Billed
	if n == nil {
		n = u.Tokens
	}
	a = ai.Usage{Known: n.Images == nil, InputTokens: n.In + n.Image, OutputTokens: n.Out, SearchUnits: n.Units}
	if u.Tokens != nil {
		a.ReasoningTokens = min(u.Tokens.Reasoning, a.OutputTokens)
	}
	return a
}

var cohereFinish = map[string]string{"COMPLETE": "stop", "STOP_SEQUENCE": "stop", "MAX_TOKENS": "length", "TOOL_CALL": "tool_calls"}

func readCohere(body []byte) (s said, err error) {
	var a cohereAnswer
	if err := decode(string(body), &a); err != nil {
		return s, err
	}
	s.Usage, s.Ranked = a.Usage.usage(), a.Results
	if a.Meta != nil {
		s.Usage = a.Meta.usage()
	}
	for _, m := range a.Models {
		s.Models = append(s.Models, m.Name)
	}
	for _, g := range a.Generations {
		s.Text += g.Text
		s.Finish = append(s.Finish, cohereFinish[g.Finish])
	}
	s.Vectors = countVectors(a.Embeddings)
	if a.Finish != "" {
		s.cohereMessage(&a.Message)
		s.Finish = []string{cohereFinish[a.Finish]}
	}
	return s, nil
}

// countVectors counts the vectors of one form.
func countVectors(embeddings json.RawMessage) int {
	var list []json.RawMessage
	var byType map[string][]json.RawMessage
	if json.Unmarshal(embeddings, &list) == nil {
		return len(list)
	}
	_ = json.Unmarshal(embeddings, &byType)
	for _, vectors := range byType {
		return len(vectors)
	}
	return 0
}

func (s *said) cohereMessage(m *cohereMessage) {
	s.Text = m.Plan
	for _, c := range m.Content {
		s.Text += c.Text
	}
	for _, call := range m.Calls {
		s.Tools = append(s.Tools, called{call.Function.Name, cohereArguments(call.Function.Arguments)})
	}
}

// cohereArguments decodes arguments, of which null are none.
func cohereArguments(text string) any {
	if text == "null" {
		text = ""
	}
	return arguments(text)
}

type cohereEvent struct {
	Type  string
	Index int
	Delta struct {
		Message struct {
			Content json.RawMessage
			Plan    string          `json:"tool_plan"`
			Calls   json.RawMessage `json:"tool_calls"`
		}
		Finish string `json:"finish_reason"`
		Error  string
		Usage  *cohereUsage
	}
}

func readCohereStream(data []string) (s said, err error) {
	calls := map[int]openAIFunction{}
	for _, d := range data {
		if d == "[DONE]" {
			continue
		}
		var e cohereEvent
		if err := decode(d, &e); err != nil {
			return s, err
		}
		var content struct{ Text string }
		_ = json.Unmarshal(e.Delta.Message.Content, &content) // of message-start it is a list
		s.Text += content.Text + e.Delta.Message.Plan
		switch e.Type {
		case "tool-call-start", "tool-call-delta":
			var call struct{ Function openAIFunction }
			if err := json.Unmarshal(e.Delta.Message.Calls, &call); err != nil {
				return s, err
			}
			f := calls[e.Index]
			calls[e.Index] = openAIFunction{f.Name + call.Function.Name, f.Arguments + call.Function.Arguments}
		case "message-end":
			s.Usage, s.Error = e.Delta.Usage.usage(), e.Delta.Error
			if s.Done = e.Delta.Error == ""; s.Done {
				s.Finish = []string{cohereFinish[e.Delta.Finish]}
			}
		}
	}
	for _, i := range slices.Sorted(maps.Keys(calls)) {
		s.Tools = append(s.Tools, called{calls[i].Name, cohereArguments(calls[i].Arguments)})
	}
	return s, nil
}

// asCohere takes out of an answer what Cohere's format has no place for.
func asCohere(s said) said {
	u := &s.Usage
	s.Model = ""
	u.CacheReadTokens, u.CacheWriteTokens, u.CacheWrite1hTokens, u.WebSearches = 0, 0, 0, 0
	u.ReasoningTokens = min(u.ReasoningTokens, u.OutputTokens) // of which they are a part there
	s.Tools = slices.Clone(s.Tools)
	for i := range s.Tools {
		if s.Tools[i].Arguments == nil { // null, of which Cohere makes none
			s.Tools[i].Arguments = map[string]any{}
		}
	}
	return s
}
