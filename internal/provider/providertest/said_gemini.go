package providertest

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/portico-ai/portico/internal/ai"
)

type geminiReply struct {
	Model      string            `json:"modelVersion"`
	Candidates []geminiCandidate `json:"candidates"`
	Feedback   struct {
		Block any `json:"blockReason"`
	} `json:"promptFeedback"`
	Usage *geminiUsage `json:"usageMetadata"`

	Embedding  *struct{ Values []float64 }  `json:"embedding"`
	Embeddings []struct{ Values []float64 } `json:"embeddings"`
	Models     []struct{ Name string }      `json:"models"`

	Error *struct{ Message string } `json:"error"`
}

type geminiCandidate struct {
	Index   int `json:"index"`
	Finish  any `json:"finishReason"` // a name, or its number
	Content struct {
		Parts []struct {
			Text    string `json:"text"`
			Thought bool   `json:"thought"`
			Call    *struct {
				Name   string          `json:"name"`
				Args   json.RawMessage `json:"args"`
				Pieces []geminiPiece   `json:"partialArgs"`
			} `json:"functionCall"`
		} `json:"parts"`
	} `json:"content"`
	Grounding struct {
		Queries []string `json:"webSearchQueries"`
	} `json:"groundingMetadata"`
}

// geminiPiece is a value of a call that arrives in pieces.
type geminiPiece struct {
	Path   string   `json:"jsonPath"`
	Text   *string  `json:"stringValue"`
	Number *float64 `json:"numberValue"`
	Bool   *bool    `json:"boolValue"`
}

var pathStep = regexp.MustCompile(`\.([^.\[]+)|\[(\d+)\]`)

// put returns args with the piece in its place.
func (p *geminiPiece) put(args any) any {
	return p.at(args, pathStep.FindAllStringSubmatch(p.Path, -1))
}

func (p *geminiPiece) at(v any, steps [][]string) any {
	switch {
	case len(steps) > 0 && steps[0][1] != "":
		object, _ := v.(map[string]any)
		if object == nil {
			object = map[string]any{}
		}
		object[steps[0][1]] = p.at(object[steps[0][1]], steps[1:])
		return object
	case len(steps) > 0:
		list, _ := v.([]any)
		i, _ := strconv.Atoi(steps[0][2])
		for len(list) <= i {
			list = append(list, nil)
		}
		list[i] = p.at(list[i], steps[1:])
		return list
	case p.Text != nil:
		before, _ := v.(string)
		return before + *p.Text
	case p.Number != nil:
		return *p.Number
	case p.Bool != nil:
		return *p.Bool
	}
	return nil
}

type geminiModality struct {
	Modality any   `json:"modality"`
	Count    int64 `json:"tokenCount"`
}

type geminiUsage struct {
	Prompt     *int64           `json:"promptTokenCount"`
	Candidates *int64           `json:"candidatesTokenCount"`
	Total      *int64           `json:"totalTokenCount"`
	Thoughts   *int64           `json:"thoughtsTokenCount"`
	Cached     *int64           `json:"cachedContentTokenCount"`
	Tools      *int64           `json:"toolUsePromptTokenCount"`
	In         []geminiModality `json:"promptTokensDetails"`
	Out        []geminiModality `json:"candidatesTokensDetails"`
	ToolsIn    []geminiModality `json:"toolUsePromptTokensDetails"`
	Tier       string           `json:"serviceTier"`
	Traffic    any              `json:"trafficType"` // a name, or its number
}

// over is u with what a later chunk says in place.
func (u *geminiUsage) over(later *geminiUsage) *geminiUsage {
	if u == nil || later == nil {
		return later
	}
	keep := func(to **int64, from *int64) {
		if *to == nil {
			*to = from
		}
	}
	sum := *later
	keep(&sum.Prompt, u.Prompt)
	keep(&sum.Candidates, u.Candidates)
	keep(&sum.Total, u.Total)
	keep(&sum.Thoughts, u.Thoughts)
	keep(&sum.Cached, u.Cached)
	keep(&sum.Tools, u.Tools)
	if sum.In == nil {
		sum.In = u.In
	}
	if sum.Out == nil {
		sum.Out = u.Out
	}
	if sum.ToolsIn == nil {
		sum.ToolsIn = u.ToolsIn
	}
	if sum.Tier == "" {
		sum.Tier = u.Tier
	}
	if sum.Traffic == nil {
		sum.Traffic = u.Traffic
	}
	return &sum
}

func (u *geminiUsage) usage(searches int) ai.Usage {
	if u == nil {
		return ai.Usage{WebSearches: int64(searches)}
	}
	of := func(list []geminiModality, name string, number float64) (n int64) {
		for _, m := range list {
			if m.Modality == name || m.Modality == number {
				n += m.Count
			}
		}
		return n
	}
	audio := func(list []geminiModality) int64 { return of(list, "AUDIO", 4) }
	image := func(list []geminiModality) int64 { return of(list, "IMAGE", 2) }
	tiers := map[any]string{"ON_DEMAND_FLEX": "flex", "ON_DEMAND_PRIORITY": "priority"}
	if u.Tier == "" {
		u.Tier = tiers[u.Traffic]
	}
	return ai.Usage{
		Known:       u.Prompt != nil || u.Candidates != nil || u.Total != nil,
		InputTokens: value(u.Prompt) + value(u.Tools), OutputTokens: value(u.Candidates) + value(u.Thoughts),
		CacheReadTokens: value(u.Cached), ReasoningTokens: value(u.Thoughts),
		InputAudioTokens: audio(u.In) + audio(u.ToolsIn), OutputAudioTokens: audio(u.Out),
		InputImageTokens: image(u.In) + image(u.ToolsIn), OutputImageTokens: image(u.Out),
		WebSearches: int64(searches), ServiceTier: u.Tier,
	}
}

// geminiFinish is a finish reason in the hub's words, "" if there is none.
func geminiFinish(reason any) string {
	names := map[float64]string{1: "STOP", 2: "MAX_TOKENS", 3: "SAFETY", 4: "RECITATION"}
	name, _ := reason.(string)
	if n, ok := reason.(float64); ok {
		name = names[n]
	}
	switch name {
	case "":
		return ""
	case "MAX_TOKENS":
		return "length"
	case "SAFETY", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "LANGUAGE", "IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT":
		return "content_filter"
	}
	return "stop"
}

// geminiFold puts candidates together, be they of one reply or of many chunks.
type geminiFold struct {
	s        said
	text     map[int]string
	finish   map[int]string
	tools    map[int][]called
	usage    *geminiUsage
	searches int
}

func readGemini(body []byte) (said, error) {
	return readGeminiStream([]string{string(body)})
}

func readGeminiStream(data []string) (said, error) {
	f := geminiFold{text: map[int]string{}, finish: map[int]string{}, tools: map[int][]called{}}
	for _, d := range data {
		var r geminiReply
		if err := decode(d, &r); err != nil {
			return f.s, err
		}
		f.add(&r)
	}
	for _, i := range slices.Sorted(maps.Keys(f.finish)) {
		f.s.Text += f.text[i]
		finish := f.finish[i]
		if finish == "stop" && len(f.tools[i]) > 0 {
			finish = "tool_calls"
		}
		f.s.Finish = append(f.s.Finish, finish)
		f.s.Tools = append(f.s.Tools, f.tools[i]...)
	}
	if f.searches > 1 && strings.HasPrefix(f.s.Model, "gemini-2") {
		f.searches = 1 // charged by the prompt
	}
	f.s.Usage = f.usage.usage(f.searches)
	return f.s, nil
}

func (f *geminiFold) add(r *geminiReply) {
	if f.s.Model == "" {
		f.s.Model = r.Model
	}
	if r.Usage != nil {
		f.usage = f.usage.over(r.Usage)
	}
	if r.Error != nil {
		f.s.Error = r.Error.Message
	}
	f.s.Vectors += len(r.Embeddings)
	if r.Embedding != nil {
		f.s.Vectors++
	}
	for _, m := range r.Models {
		f.s.Models = append(f.s.Models, strings.TrimPrefix(m.Name, "models/"))
	}
	if r.Feedback.Block != nil && len(r.Candidates) == 0 {
		f.finish[0] = "content_filter"
	}
	for i := range r.Candidates {
		f.candidate(&r.Candidates[i])
	}
}

func (f *geminiFold) candidate(c *geminiCandidate) {
	for _, p := range c.Content.Parts {
		switch {
		case p.Call != nil:
			tools := f.tools[c.Index]
			if p.Call.Name != "" {
				tools = append(tools, called{p.Call.Name, arguments(string(p.Call.Args))})
			}
			for _, piece := range p.Call.Pieces {
				if len(tools) == 0 {
					break // an event by itself, without the beginning of its call
				}
				last := &tools[len(tools)-1]
				last.Arguments = piece.put(last.Arguments)
			}
			f.tools[c.Index] = tools
		case !p.Thought:
			f.text[c.Index] += p.Text
		}
	}
	if reason := geminiFinish(c.Finish); reason != "" || f.finish[c.Index] == "" {
		f.finish[c.Index] = reason
	}
	if n := len(c.Grounding.Queries); n > 0 {
		f.searches = n
	}
}
