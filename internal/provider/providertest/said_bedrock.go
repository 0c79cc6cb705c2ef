package providertest

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"maps"
	"slices"
	"testing"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/test/corpus"
)

type bedrockReply struct {
	Output struct {
		Message struct {
			Content []bedrockBlock `json:"content"`
		} `json:"message"`
	} `json:"output"`
	Stop  string        `json:"stopReason"`
	Usage *bedrockUsage `json:"usage"`
	Tier  struct {
		Type string `json:"type"`
	} `json:"serviceTier"`

	Embedding  []float64       `json:"embedding"`
	Embeddings json.RawMessage `json:"embeddings"`
	Tokens     *int64          `json:"inputTextTokenCount"`

	Models []struct {
		ID string `json:"modelId"`
	} `json:"modelSummaries"`

	Results []struct {
		Index int
		Score float64 `json:"relevance_score"`
		Other float64 `json:"relevanceScore"`
	}
}

type bedrockBlock struct {
	Text string       `json:"text"`
	Tool *bedrockTool `json:"toolUse"`
}

type bedrockTool struct {
	Name  string          `json:"name"`
	Type  string          `json:"type"`
	Input json.RawMessage `json:"input"`
}

// client reports whether the client is to run the tool.
func (t *bedrockTool) client() bool { return t != nil && t.Type != "server_tool_use" }

type bedrockUsage struct {
	In      int64 `json:"inputTokens"`
	Out     int64 `json:"outputTokens"`
	Read    int64 `json:"cacheReadInputTokens"`
	Write   int64 `json:"cacheWriteInputTokens"`
	Details []struct {
		TTL   string `json:"ttl"`
		Input int64  `json:"inputTokens"`
	} `json:"cacheDetails"`
}

func (u *bedrockUsage) usage(tier string) ai.Usage {
	if u == nil {
		return ai.Usage{ServiceTier: tier}
	}
	a := ai.Usage{Known: true, InputTokens: u.In + u.Read + u.Write, OutputTokens: u.Out, CacheReadTokens: u.Read, CacheWriteTokens: u.Write, ServiceTier: tier}
	for _, d := range u.Details {
		if d.TTL == "1h" {
			a.CacheWrite1hTokens += d.Input
		}
	}
	return a
}

// bedrockFinish is a stop reason in the hub's words.
func bedrockFinish(stop string) string {
	switch stop {
	case "max_tokens", "model_context_window_exceeded":
		return "length"
	case "tool_use":
		return "tool_calls"
	case "guardrail_intervened", "content_filtered":
		return "content_filter"
	case "":
		return ""
	}
	return "stop"
}

func readBedrock(body []byte) (s said, err error) {
	var r bedrockReply
	if err := decode(string(body), &r); err != nil {
		return s, err
	}
	for _, m := range r.Models {
		s.Models = append(s.Models, m.ID)
	}
	switch {
	case r.Models != nil:
		return s, nil
	case r.Results != nil:
		for _, result := range r.Results {
			s.Ranked = append(s.Ranked, ranked{result.Index, result.Score + result.Other})
		}
		return s, nil
	case r.Embedding != nil || r.Embeddings != nil:
		s.vectors(&r)
		return s, nil
	}
	s.Usage, s.Finish = r.Usage.usage(r.Tier.Type), []string{bedrockFinish(r.Stop)}
	for _, b := range r.Output.Message.Content {
		s.Text += b.Text
		if b.Tool.client() {
			s.Tools = append(s.Tools, called{b.Tool.Name, arguments(string(b.Tool.Input))})
		}
	}
	return s, nil
}

// vectors counts Titan's one embedding, or Cohere's, which may stand by type.
func (s *said) vectors(r *bedrockReply) {
	if r.Embedding != nil {
		s.Vectors++
	}
	var list []json.RawMessage
	var byType struct{ Float []json.RawMessage }
	if json.Unmarshal(r.Embeddings, &list) != nil {
		_ = json.Unmarshal(r.Embeddings, &byType)
	}
	s.Vectors += len(list) + len(byType.Float)
	if r.Tokens != nil {
		s.Usage = ai.Usage{Known: true, InputTokens: *r.Tokens}
	}
}

// bedrockPayload is the payload of any event: their members tell them apart.
type bedrockPayload struct {
	Index int `json:"contentBlockIndex"`
	Start *struct {
		Tool *bedrockTool `json:"toolUse"`
	} `json:"start"`
	Delta *struct {
		Text string `json:"text"`
		Tool struct {
			Input string `json:"input"`
		} `json:"toolUse"`
	} `json:"delta"`
	Stop  string        `json:"stopReason"`
	Usage *bedrockUsage `json:"usage"`
	Tier  struct {
		Type string `json:"type"`
	} `json:"serviceTier"`
	Metrics *struct{} `json:"metrics"`
	Type    string    `json:"type"`
	Message string    `json:"message"`
}

func readBedrockStream(data []string) (s said, err error) {
	tools, inputs := map[int]*bedrockTool{}, map[int]string{}
	s.Finish = []string{""}
	for _, d := range data {
		var e bedrockPayload
		if err := decode(d, &e); err != nil {
			return s, err
		}
		switch {
		case e.Message != "":
			s.Error = e.Message
		case e.Start != nil:
			tools[e.Index] = e.Start.Tool
		case e.Delta != nil:
			s.Text += e.Delta.Text
			inputs[e.Index] += e.Delta.Tool.Input
		case e.Stop != "":
			s.Finish[0] = bedrockFinish(e.Stop)
		case e.Usage != nil || e.Metrics != nil:
			s.Usage, s.Done = e.Usage.usage(e.Tier.Type), true
		}
	}
	for _, i := range slices.Sorted(maps.Keys(tools)) {
		if tools[i].client() {
			s.Tools = append(s.Tools, called{tools[i].Name, arguments(inputs[i])})
		}
	}
	return s, nil
}

// readAmazonError reads an error that is {"message"} with or without its type.
func readAmazonError(body []byte) (e toldError, ok bool) {
	var doc struct {
		Message *string `json:"message"`
		Type    string  `json:"__type"`
	}
	if json.Unmarshal(body, &doc) != nil || doc.Message == nil {
		return e, false
	}
	return toldError{Message: *doc.Message, Type: doc.Type}, true
}

// bedrockEvent frames a payload that was stored as {"<event>": payload}, "" if it
// is none.
func bedrockEvent(data string) string {
	var event map[string]json.RawMessage
	if json.Unmarshal([]byte(data), &event) != nil || len(event) != 1 {
		return ""
	}
	for name, payload := range event {
		if payload[0] != '{' {
			return ""
		}
		return "event: " + name + "\ndata: " + string(payload) + "\n\n"
	}
	return ""
}

// amazonEvents reads a recording in Amazon's binary framing as server-sent
// events, message by message, without looking at checksums.
func amazonEvents(t *testing.T, e *corpus.Exchange) (events []string) {
	t.Helper()
	var b []byte
	for _, chunk := range e.ResponseChunks {
		piece, err := base64.StdEncoding.DecodeString(chunk)
		if err != nil {
			t.Fatal(err)
		}
		b = append(b, piece...)
	}
	if len(b) == 0 {
		var whole struct{ Base64 []byte }
		if err := json.Unmarshal(e.ResponseBody, &whole); err != nil {
			t.Fatal(err)
		}
		b = whole.Base64
	}
	for len(b) > 0 {
		size, headers := binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:])
		name := amazonHeaders(b[12 : 12+headers])[":event-type"]
		events = append(events, "event: "+name+"\ndata: "+string(b[12+headers:size-4])+"\n\n")
		b = b[size:]
	}
	return events
}

// amazonHeaders reads headers whose values are all strings.
func amazonHeaders(b []byte) map[string]string {
	h := map[string]string{}
	for len(b) > 0 {
		name := string(b[1 : 1+b[0]])
		b = b[1+b[0]:]
		size := binary.BigEndian.Uint16(b[1:])
		h[name] = string(b[3 : 3+size])
		b = b[3+size:]
	}
	return h
}

// textAnswer is a completion through InvokeModel, or an event of one, in the words
// of each family of models.
type textAnswer struct {
	Message string // of an exception

	Generation, OutputText, Text  *string
	Outputs, Results, Generations []textAnswer

	StopReason string `json:"stop_reason"`
	Completion string `json:"completionReason"`
	Finish     string `json:"finish_reason"`

	Metrics *struct {
		In  int64 `json:"inputTokenCount"`
		Out int64 `json:"outputTokenCount"`
	} `json:"amazon-bedrock-invocationMetrics"`
}

func (a *textAnswer) add(s *said) {
	for _, list := range [][]textAnswer{a.Outputs, a.Results, a.Generations} {
		for i := range list {
			list[i].add(s)
		}
	}
	for _, text := range []*string{a.Generation, a.OutputText, a.Text} {
		if text != nil {
			s.Text += *text
		}
	}
	switch a.StopReason + a.Completion + a.Finish {
	case "":
	case "length", "LENGTH", "MAX_TOKENS":
		s.Finish = []string{"length"}
	default:
		s.Finish = []string{"stop"}
	}
	s.Error = a.Message
	if a.Metrics != nil {
		s.Done = true
		s.Usage = ai.Usage{Known: true, InputTokens: a.Metrics.In, OutputTokens: a.Metrics.Out}
	}
}

func readText(body []byte) (s said, err error) {
	var a textAnswer
	err = decode(string(body), &a)
	a.add(&s)
	s.Done = false // only a stream tells that it is
	return s, err
}

func readTextStream(data []string) (s said, err error) {
	for _, event := range data {
		var a textAnswer
		if err := decode(event, &a); err != nil {
			return s, err
		}
		a.add(&s)
	}
	return s, nil
}
