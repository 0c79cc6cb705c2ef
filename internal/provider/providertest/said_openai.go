package providertest

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/portico-ai/portico/internal/ai"
)

type openAIAnswer struct {
	Model   string         `json:"model"`
	Choices []openAIChoice `json:"choices"`
	Data    []struct {
		ID     string `json:"id"`
		Object string `json:"object"`
		B64    string `json:"b64_json"`
		URL    string `json:"url"`
	} `json:"data"`
	Results []ranked     `json:"results"`
	Usage   *openAIUsage `json:"usage"`
	Groq    struct {
		Usage *openAIUsage `json:"usage"`
	} `json:"x_groq"` // where Groq tells a stream's usage unasked
	Tier  string                    `json:"service_tier"`
	Error *struct{ Message string } `json:"error"`
}

type openAIChoice struct {
	Index   int           `json:"index"`
	Finish  string        `json:"finish_reason"`
	Text    string        `json:"text"` // of a completion; some servers repeat a chat's text in it
	Message openAIMessage `json:"message"`
	Delta   openAIMessage `json:"delta"`
}

func (c *openAIChoice) text(chat string) string {
	if chat != "" {
		return chat
	}
	return c.Text
}

type openAIMessage struct {
	Content  json.RawMessage `json:"content"`
	Refusal  string          `json:"refusal"`
	Function *openAIFunction `json:"function_call"`
	Tools    []struct {
		Index    int             `json:"index"`
		Function *openAIFunction `json:"function"`
		Custom   *openAICustom   `json:"custom"`
	} `json:"tool_calls"`
}

// openAICustom is a call whose input is free text.
type openAICustom struct{ Name, Input string }

type openAIFunction struct{ Name, Arguments string }

type openAIUsage struct {
	Prompt     int64 `json:"prompt_tokens"`
	Completion int64 `json:"completion_tokens"`
	Units      int64 `json:"search_units"`
	Write      int64 `json:"cache_creation_input_tokens"`
	Creation   struct {
		Hour int64 `json:"ephemeral_1h_input_tokens"`
	} `json:"cache_creation"`
	In struct {
		Cached int64 `json:"cached_tokens"`
		Write  int64 `json:"cache_write_tokens"`
		Audio  int64 `json:"audio_tokens"`
		Image  int64 `json:"image_tokens"`
	} `json:"prompt_tokens_details"`
	Out struct {
		Reasoning int64 `json:"reasoning_tokens"`
		Audio     int64 `json:"audio_tokens"`
		Image     int64 `json:"image_tokens"`
	} `json:"completion_tokens_details"`
	Server struct {
		Searches int64 `json:"web_search_requests"`
	} `json:"server_tool_use"`
	Tools struct {
		Searches int64 `json:"web_search_requests"`
	} `json:"server_tool_use_details"`

	// Where other providers than OpenAI tell the same.
	Total    int64  `json:"total_tokens"`
	Hit      int64  `json:"prompt_cache_hit_tokens"`
	Cached   int64  `json:"cached_tokens"`
	Num      int64  `json:"num_cached_tokens"`
	Read     int64  `json:"cache_read_input_tokens"`
	Thoughts int64  `json:"reasoning_tokens"`
	Searched int64  `json:"num_search_queries"`
	Context  string `json:"search_context_size"`
	Tier     string `json:"service_tier"`
}

func (u *openAIUsage) usage(tier string) ai.Usage {
	if u == nil {
		return ai.Usage{ServiceTier: tier}
	}
	thoughts := max(u.Out.Reasoning, u.Thoughts)
	if u.Prompt == 0 {
		u.Prompt = u.Total - u.Completion // embeddings of some tell the total alone
	}
	if thoughts > 0 && u.Total == u.Prompt+u.Completion+thoughts {
		u.Completion += thoughts // some count them beside the completion, as their total says
	}
	if tier == "" {
		tier = u.Tier
	}
	cached := min(max(u.In.Cached, u.Hit, u.Cached, u.Num, u.Read), u.Prompt) // the part of the prompt that was cached, whatever else was
	return ai.Usage{
		Known: true, InputTokens: u.Prompt, OutputTokens: u.Completion, CacheReadTokens: cached,
		CacheWriteTokens: max(u.Write, u.In.Write), CacheWrite1hTokens: u.Creation.Hour, ReasoningTokens: thoughts,
		InputAudioTokens: u.In.Audio, OutputAudioTokens: u.Out.Audio, InputImageTokens: u.In.Image, OutputImageTokens: u.Out.Image,
		SearchContext: u.Context, WebSearches: max(u.Server.Searches, u.Tools.Searches, u.Searched), SearchUnits: u.Units, ServiceTier: tier,
	}
}

// content is a message's text: a string, null, or a list of parts; or the refusal
// in its place.
func (m *openAIMessage) content() (text string) {
	var parts []struct{ Text string }
	if json.Unmarshal(m.Content, &text) != nil && json.Unmarshal(m.Content, &parts) == nil {
		for _, p := range parts {
			text += p.Text
		}
	}
	return text + m.Refusal
}

func readOpenAI(body []byte) (s said, err error) {
	var a openAIAnswer
	if err := decode(string(body), &a); err != nil {
		return s, err
	}
	s.Model, s.Usage, s.Ranked = a.Model, a.Usage.usage(a.Tier), a.Results
	for _, d := range a.Data {
		switch {
		case d.Object == "model":
			s.Models = append(s.Models, d.ID)
		case d.B64 != "" || d.URL != "":
			s.Images++
		default:
			s.Vectors++
		}
	}
	for _, c := range a.Choices {
		s.Text += c.text(c.Message.content())
		s.Finish = append(s.Finish, c.Finish)
		if f := c.Message.Function; f != nil && f.Name != "" { // some servers write an empty one where there is none
			s.Tools = append(s.Tools, called{f.Name, arguments(f.Arguments)})
		}
		for _, tool := range c.Message.Tools {
			if f := tool.Function; f != nil {
				s.Tools = append(s.Tools, called{f.Name, arguments(f.Arguments)})
			}
			if f := tool.Custom; f != nil && *f != (openAICustom{}) {
				s.Tools = append(s.Tools, called{f.Name, arguments(f.Input)})
			}
		}
	}
	return s, nil
}

// openAIFold puts the deltas of a stream together.
type openAIFold struct {
	s      said
	text   map[int]string
	finish map[int]string
	tools  map[[2]int]openAIFunction // by choice and index
	usage  *openAIUsage
	tier   string
}

func readOpenAIStream(data []string) (said, error) {
	f := openAIFold{text: map[int]string{}, finish: map[int]string{}, tools: map[[2]int]openAIFunction{}}
	for _, d := range data {
		if strings.HasPrefix(d, "[DONE]") {
			f.s.Done = true
			continue
		}
		var a openAIAnswer
		if err := decode(d, &a); err != nil {
			return f.s, err
		}
		f.add(&a)
	}
	for _, i := range slices.Sorted(maps.Keys(f.finish)) {
		f.s.Text += f.text[i]
		f.s.Finish = append(f.s.Finish, f.finish[i])
	}
	for _, at := range slices.SortedFunc(maps.Keys(f.tools), func(a, b [2]int) int { return slices.Compare(a[:], b[:]) }) {
		f.s.Tools = append(f.s.Tools, called{f.tools[at].Name, arguments(f.tools[at].Arguments)})
	}
	f.s.Usage = f.usage.usage(f.tier)
	return f.s, nil
}

func (f *openAIFold) add(a *openAIAnswer) {
	if f.s.Model == "" {
		f.s.Model = a.Model
	}
	for _, u := range []*openAIUsage{a.Groq.Usage, a.Usage} {
		if u != nil {
			f.usage = u
		}
	}
	if a.Tier != "" {
		f.tier = a.Tier
	}
	if a.Error != nil {
		f.s.Error = a.Error.Message
	}
	for _, c := range a.Choices {
		f.text[c.Index] += c.text(c.Delta.content())
		if f.finish[c.Index] == "" {
			f.finish[c.Index] = c.Finish
		}
		if fn := c.Delta.Function; fn != nil {
			f.call([2]int{c.Index, -1}, fn)
		}
		for _, tool := range c.Delta.Tools {
			if tool.Function != nil {
				f.call([2]int{c.Index, tool.Index}, tool.Function)
			}
			if custom := tool.Custom; custom != nil && *custom != (openAICustom{}) {
				f.call([2]int{c.Index, tool.Index}, &openAIFunction{custom.Name, custom.Input})
			}
		}
	}
}

func (f *openAIFold) call(at [2]int, fn *openAIFunction) {
	t := f.tools[at]
	if t.Name == "" {
		t.Name = fn.Name
	}
	t.Arguments += fn.Arguments
	f.tools[at] = t
}
