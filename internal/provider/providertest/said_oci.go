package providertest

import (
	"encoding/json"

	"github.com/portico-ai/portico/internal/ai"
)

type ociChoice struct {
	Message struct {
		Content []struct{ Text string }
		Calls   []struct{ ID, Name, Arguments string } `json:"toolCalls"`
	}
	Finish string `json:"finishReason"`
	Usage  *ociUsage
}

type ociUsage struct {
	In  int64 `json:"promptTokens"`
	Out int64 `json:"completionTokens"`
}

func (u *ociUsage) usage() ai.Usage {
	if u == nil {
		return ai.Usage{}
	}
	return ai.Usage{Known: true, InputTokens: u.In, OutputTokens: u.Out}
}

func (c *ociChoice) add(s *said) {
	for _, p := range c.Message.Content {
		s.Text += p.Text
	}
	if c.Finish != "" {
		s.Finish = append(s.Finish, c.Finish)
	}
	if c.Usage != nil {
		s.Usage = c.Usage.usage()
	}
}

func readOCI(body []byte) (s said, err error) {
	var a struct {
		Chat struct {
			Choices []ociChoice
			Usage   *ociUsage
		} `json:"chatResponse"`
		Ranks []struct {
			Index int
			Score float64 `json:"relevanceScore"`
		} `json:"documentRanks"`
		Embeddings []json.RawMessage
	}
	if err := decode(string(body), &a); err != nil {
		return s, err
	}
	s.Usage, s.Vectors = a.Chat.Usage.usage(), len(a.Embeddings)
	for _, r := range a.Ranks {
		s.Ranked = append(s.Ranked, ranked(r))
	}
	for i := range a.Chat.Choices {
		c := &a.Chat.Choices[i]
		c.add(&s)
		for _, call := range c.Message.Calls {
			s.Tools = append(s.Tools, called{call.Name, arguments(call.Arguments)})
		}
	}
	return s, nil
}

// readOCIStream puts the parts of calls together: each begins with its id.
func readOCIStream(data []string) (s said, err error) {
	var names, texts []string
	for _, d := range data {
		if d == "[DONE]" {
			s.Done = true
			continue
		}
		var c ociChoice
		if err := decode(d, &c); err != nil {
			return s, err
		}
		c.add(&s)
		for _, call := range c.Message.Calls {
			if call.ID != "" || len(names) == 0 {
				names, texts = append(names, call.Name), append(texts, "")
			}
			texts[len(texts)-1] += call.Arguments
		}
	}
	for i := range names {
		s.Tools = append(s.Tools, called{names[i], arguments(texts[i])})
	}
	return s, nil
}
