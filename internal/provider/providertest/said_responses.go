package providertest

import (
	"encoding/json"

	"github.com/portico-ai/portico/internal/ai"
)

// responsesAnswer is a response, or what is answered about a stored one.
type responsesAnswer struct {
	Object string `json:"object"`
	Model  string `json:"model"`
	Status string `json:"status"`
	Output []responsesItem
	Usage  *struct {
		In      int64 `json:"input_tokens"`
		Out     int64 `json:"output_tokens"`
		Details struct {
			Cached int64 `json:"cached_tokens"`
			Write  int64 `json:"cache_write_tokens"`
		} `json:"input_tokens_details"`
		OutDetails struct {
			Reasoning int64 `json:"reasoning_tokens"`
		} `json:"output_tokens_details"`
	}
	Incomplete struct{ Reason string } `json:"incomplete_details"`
	Tools      struct {
		Search struct {
			Requests int64 `json:"num_requests"`
		} `json:"web_search"`
	} `json:"tool_usage"`
	Tier  string                    `json:"service_tier"`
	Error *struct{ Message string } `json:"error"`
}

type responsesItem struct {
	Type      string
	Name      string
	Arguments json.RawMessage // a string; an object in calls of the provider's own tools
	Input     string
	Content   []struct{ Text, Refusal string }
	Action    struct{ Type string }
}

func (a *responsesAnswer) usage() ai.Usage {
	u := ai.Usage{ServiceTier: a.Tier, WebSearches: a.Tools.Search.Requests}
	for _, item := range a.Output {
		if a.Tools.Search.Requests == 0 && item.Type == "web_search_call" && (item.Action.Type == "" || item.Action.Type == "search") {
			u.WebSearches++
		}
	}
	if a.Usage != nil {
		u.Known, u.InputTokens, u.OutputTokens = true, a.Usage.In, a.Usage.Out
		u.CacheReadTokens, u.CacheWriteTokens, u.ReasoningTokens = a.Usage.Details.Cached, a.Usage.Details.Write, a.Usage.OutDetails.Reasoning
	}
	return u
}

// item adds what an item of the output says.
func (s *said) item(item *responsesItem) {
	switch item.Type {
	case "message":
		for _, part := range item.Content {
			s.Text += part.Text + part.Refusal
		}
	case "function_call":
		var text string
		_ = json.Unmarshal(item.Arguments, &text) // null is no text
		s.Tools = append(s.Tools, called{item.Name, arguments(text)})
	case "custom_tool_call":
		s.Tools = append(s.Tools, called{item.Name, arguments(item.Input)})
	}
}

// finish is how a response ended, in the hub's words.
func (a *responsesAnswer) finish(tools int) string {
	switch {
	case a.Incomplete.Reason == "content_filter":
		return "content_filter"
	case a.Status == "incomplete":
		return "length"
	case a.Status != "completed":
		return ""
	case tools > 0:
		return "tool_calls"
	}
	return "stop"
}

func readResponse(body []byte) (s said, err error) {
	var a responsesAnswer
	if err := decode(string(body), &a); err != nil {
		return s, err
	}
	s.Model = a.Model
	if a.Object != "response" {
		return s, nil // of a stored response, or a count
	}
	s.Usage = a.usage()
	for i := range a.Output {
		s.item(&a.Output[i])
	}
	s.Finish = []string{a.finish(len(s.Tools))}
	return s, nil
}

// readResponseStream reads what the items say as they end, or as far as they
// came: from the pieces of text.
func readResponseStream(data []string) (s said, err error) {
	text, ended := "", 0 // pieces of text, and how much of them is in items that ended
	finish := ""
	for _, d := range data {
		if d == "[DONE]" {
			continue
		}
		var e struct {
			Type     string
			Delta    json.RawMessage
			Item     responsesItem
			Response responsesAnswer
			Message  string
			Error    *struct{ Message string }
		}
		if err := decode(d, &e); err != nil {
			return s, err
		}
		if e.Response.Model != "" {
			s.Model = e.Response.Model
		}
		if u := e.Response.usage(); u.Known {
			s.Usage = u
		}
		switch e.Type {
		case "response.output_text.delta", "response.refusal.delta":
			var piece string
			if err := json.Unmarshal(e.Delta, &piece); err != nil {
				return s, err
			}
			text += piece
		case "response.output_item.done":
			s.item(&e.Item)
			if e.Item.Type == "message" {
				ended = len(text)
			}
		case "response.completed", "response.incomplete":
			s.Done, finish = true, e.Response.finish(len(s.Tools))
		case "response.failed":
			if s.Error == "" && e.Response.Error != nil {
				s.Error = e.Response.Error.Message
			}
		case "error":
			if s.Error = e.Message; e.Error != nil {
				s.Error = e.Error.Message
			}
		}
	}
	s.Text += text[ended:]
	s.Finish = []string{finish}
	return s, nil
}
