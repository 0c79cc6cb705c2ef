package providertest

import (
	"encoding/json"

	"github.com/portico-ai/portico/internal/ai"
)

// The formats that only providers speak, read independently.

// voyageAnswer is OpenAI's for vectors; a ranking is in data, too.
func readVoyage(body []byte) (s said, err error) {
	var a struct {
		Model string
		Data  []struct {
			Index     int
			Score     *float64 `json:"relevance_score"`
			Embedding json.RawMessage
		}
		Usage *struct {
			Total int64 `json:"total_tokens"`
		}
	}
	if err := decode(string(body), &a); err != nil {
		return s, err
	}
	s.Model = a.Model
	for _, d := range a.Data {
		if d.Score != nil {
			s.Ranked = append(s.Ranked, ranked{d.Index, *d.Score})
		} else {
			s.Vectors++
		}
	}
	if a.Usage != nil {
		s.Usage = ai.Usage{Known: true, InputTokens: a.Usage.Total}
	}
	return s, nil
}

func readNomic(body []byte) (s said, err error) {
	var a struct {
		Model      string
		Embeddings []json.RawMessage
		Usage      *openAIUsage
	}
	err = decode(string(body), &a)
	return said{Model: a.Model, Vectors: len(a.Embeddings), Usage: a.Usage.usage("")}, err
}

func readTEI(body []byte) (s said, err error) {
	var a []struct {
		Index int
		Score float64
	}
	err = decode(string(body), &a)
	for _, r := range a {
		s.Ranked = append(s.Ranked, ranked(r))
	}
	return s, err
}

type workersAnswer struct {
	Response json.RawMessage
	Calls    []struct {
		Name      string
		Arguments json.RawMessage
	} `json:"tool_calls"`
	Data  []json.RawMessage
	Usage *openAIUsage
}

func (a *workersAnswer) add(s *said) {
	var text string
	var ranking []struct {
		ID    int
		Score float64
	}
	switch {
	case json.Unmarshal(a.Response, &text) == nil:
		s.Text += text
	case json.Unmarshal(a.Response, &ranking) == nil:
		for _, r := range ranking {
			s.Ranked = append(s.Ranked, ranked{r.ID, r.Score})
		}
	default:
		s.Text += string(a.Response) // a document in place of a text
	}
	for _, c := range a.Calls {
		s.Tools = append(s.Tools, called{c.Name, arguments(string(c.Arguments))})
	}
	s.Vectors += len(a.Data)
	if a.Usage != nil {
		s.Usage = a.Usage.usage("")
	}
}

// finished is the reason that the format leaves to be seen.
func (s *said) workersFinish() {
	s.Finish = []string{"stop"}
	if len(s.Tools) > 0 {
		s.Finish = []string{"tool_calls"}
	}
}

func readWorkers(body []byte) (s said, err error) {
	var a struct{ Result workersAnswer }
	if err := decode(string(body), &a); err != nil {
		return s, err
	}
	a.Result.add(&s)
	if s.Ranked == nil && s.Vectors == 0 {
		s.workersFinish()
	}
	return s, nil
}

func readWorkersStream(data []string) (s said, err error) {
	for _, d := range data {
		if d == "[DONE]" {
			s.Done = true
			s.workersFinish()
			continue
		}
		var a workersAnswer
		if err := decode(d, &a); err != nil {
			return s, err
		}
		a.add(&s)
	}
	return s, nil
}

func readTriton(body []byte) (s said, err error) {
	var a struct {
		Text    string `json:"text_output"`
		Model   string `json:"model_name"`
		Details struct {
			Finish string `json:"finish_reason"`
		}
	}
	err = decode(string(body), &a)
	s.Model, s.Text, s.Finish = a.Model, a.Text, []string{"stop"}
	if a.Details.Finish == "length" {
		s.Finish = []string{"length"}
	}
	return s, err
}

func readPaLM(body []byte) (s said, err error) {
	var a struct {
		Candidates []struct{ Output, Content string }
		Filters    []json.RawMessage
		Embeddings []json.RawMessage
	}
	err = decode(string(body), &a)
	s.Vectors = len(a.Embeddings)
	for _, c := range a.Candidates {
		s.Text += c.Output + c.Content
		s.Finish = append(s.Finish, "stop")
	}
	if len(a.Candidates) == 0 && len(a.Filters) > 0 {
		s.Finish = []string{"content_filter"}
	}
	return s, err
}
