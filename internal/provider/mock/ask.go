package mock

import (
	"strings"

	"github.com/tidwall/gjson"
)

// An ask is what a request of either dialect boils down to.
type ask struct {
	model     string
	turns     []turn
	tools     []tool
	choice    string // "auto", "none", "required", or a tool's name
	parallel  bool
	maxTokens int    // 0: no cap
	schema    string // JSON schema of the reply, "{}" for any JSON, "" for text
	thinking  bool
	stream    bool
	usage     bool // a stream reports usage
	n         int  // choices
}

type turn struct {
	role string // "system", "user", "assistant", "tool"
	text string
}

type tool struct {
	name   string
	schema string // JSON schema of the arguments
}

// tokens is the rule by which this provider counts: four bytes are a token.
func tokens(text string) int { return (len(text) + 3) / 4 }

// promptTokens counts every turn, and four more for each.
func (a *ask) promptTokens() int {
	n := 0
	for _, t := range a.turns {
		n += 4 + tokens(t.text)
	}
	for _, t := range a.tools {
		n += tokens(t.name) + tokens(t.schema)
	}
	return n
}

// parseChat reads a chat completion request.
func parseChat(body gjson.Result) *ask {
	a := &ask{
		model:     body.Get("model").String(),
		choice:    "auto",
		parallel:  body.Get("parallel_tool_calls").Type != gjson.False,
		maxTokens: int(body.Get("max_completion_tokens").Int()),
		stream:    body.Get("stream").Bool(),
		usage:     body.Get("stream_options.include_usage").Bool(),
		n:         min(max(int(body.Get("n").Int()), 1), 8),
	}
	if a.maxTokens == 0 {
		a.maxTokens = int(body.Get("max_tokens").Int())
	}
	for _, m := range body.Get("messages").Array() {
		role := m.Get("role").String()
		switch role {
		case "developer":
			role = "system"
		case "function":
			role = "tool"
		}
		text := textOf(m.Get("content"))
		for _, c := range m.Get("tool_calls").Array() {
			text += c.Get("function.name").String() + c.Get("function.arguments").String()
		}
		a.turns = append(a.turns, turn{role, text})
	}
	for _, t := range body.Get("tools").Array() {
		if f := t.Get("function"); f.Exists() {
			a.tools = append(a.tools, tool{f.Get("name").String(), f.Get("parameters").Raw})
		}
	}
	switch c := body.Get("tool_choice"); {
	case c.IsObject():
		a.choice = c.Get("function.name").String()
	case c.Exists():
		a.choice = c.String()
	}
	switch body.Get("response_format.type").String() {
	case "json_object":
		a.schema = "{}"
	case "json_schema":
		a.schema = body.Get("response_format.json_schema.schema").Raw
	}
	return a
}

// parseMessages reads an Anthropic messages request.
func parseMessages(body gjson.Result) *ask {
	a := &ask{
		model:     body.Get("model").String(),
		choice:    "auto",
		parallel:  !body.Get("tool_choice.disable_parallel_tool_use").Bool(),
		maxTokens: int(body.Get("max_tokens").Int()),
		thinking:  body.Get("thinking.type").String() == "enabled",
		stream:    body.Get("stream").Bool(),
		n:         1,
	}
	if s := textOf(body.Get("system")); s != "" {
		a.turns = append(a.turns, turn{"system", s})
	}
	for _, m := range body.Get("messages").Array() {
		t := turn{m.Get("role").String(), textOf(m.Get("content"))}
		if m.Get(`content.#(type=="tool_result")`).Exists() {
			t.role = "tool"
		}
		a.turns = append(a.turns, t)
	}
	for _, t := range body.Get("tools").Array() {
		a.tools = append(a.tools, tool{t.Get("name").String(), t.Get("input_schema").Raw})
	}
	switch c := body.Get("tool_choice"); c.Get("type").String() {
	case "any":
		a.choice = "required"
	case "tool":
		a.choice = c.Get("name").String()
	case "none":
		a.choice = "none"
	}
	return a
}

// textOf joins the text of a content that is a string or a list of parts. A part
// that is not text (an image, a file) counts as its type.
func textOf(content gjson.Result) string {
	if !content.IsArray() {
		return content.String()
	}
	var texts []string
	for _, p := range content.Array() {
		switch kind := p.Get("type").String(); kind {
		case "text", "input_text", "output_text":
			texts = append(texts, p.Get("text").String())
		case "tool_use":
			texts = append(texts, p.Get("name").String()+p.Get("input").Raw)
		case "tool_result":
			texts = append(texts, textOf(p.Get("content")))
		default:
			texts = append(texts, "["+kind+"]")
		}
	}
	return strings.Join(texts, "\n")
}
