package providertest

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/portico-ai/portico/internal/ai"
)

// said is what an answer says, whatever format it is written in.
type said struct {
	Model   string   `json:"model"`
	Text    string   `json:"text"`
	Tools   []called `json:"tools"`
	Finish  []string `json:"finish"` // of each choice, in the hub's words
	Usage   ai.Usage `json:"usage"`
	Vectors int      `json:"vectors"`
	Images  int      `json:"images"`
	Ranked  []ranked `json:"ranked"`
	Models  []string `json:"models"`

	// Of a stream alone.
	Done  bool   `json:"done"` // its terminal event was there, if its format has one
	Error string `json:"error"`
}

// called is a tool call of an answer.
type called struct {
	Name      string `json:"name"`
	Arguments any    `json:"arguments"` // decoded, so that spacing does not matter
}

// ranked is a result of reranking.
type ranked struct {
	Index int     `json:"index"`
	Score float64 `json:"relevance_score"`
}

// reader reads answers of one format.
type reader struct {
	whole  func(body []byte) (said, error)
	stream func(data []string) (said, error) // of each event, in order
}

var readers = map[ai.Dialect]reader{
	ai.OpenAI:    {readOpenAI, readOpenAIStream},
	ai.Anthropic: {readAnthropic, readAnthropicStream},
	ai.Responses: {readResponse, readResponseStream},
	ai.Cohere:    {readCohere, readCohereStream},
	ai.Jina:      {readOpenAI, nil},
	ai.Nomic:     {readNomic, nil},
	ai.OCI:       {readOCI, readOCIStream},
	ai.PaLM:      {readPaLM, nil},
	ai.TEI:       {readTEI, nil},
	ai.Triton:    {readTriton, nil},
	ai.Voyage:    {readVoyage, nil},
	ai.WorkersAI: {readWorkers, readWorkersStream},
	ai.Gemini:    {readGemini, readGeminiStream},
	ai.Predict:   {readPredict, readPredictStream},
	ai.Bedrock:   {readBedrock, readBedrockStream},

	"bedrock-text": {readText, readTextStream},
}

// eventData splits a stream into the data of its events, independently of the
// decoder under test.
func eventData(body string) (data []string) {
	body = strings.ReplaceAll(strings.TrimPrefix(body, "\ufeff"), "\r\n", "\n")
	for block := range strings.SplitSeq(body, "\n\n") {
		var lines []string
		for line := range strings.SplitSeq(block, "\n") {
			if value, ok := strings.CutPrefix(line, "data:"); ok {
				lines = append(lines, strings.TrimPrefix(value, " "))
			}
		}
		if len(lines) > 0 {
			data = append(data, strings.Join(lines, "\n"))
		}
	}
	return data
}

// arguments decodes a tool's arguments; none are an empty object.
func arguments(text string) any {
	var v any
	if text == "" {
		return map[string]any{}
	}
	if json.Unmarshal([]byte(text), &v) != nil {
		return text
	}
	return v
}

// decode reads JSON and says what it could not read.
func decode(data string, into any) error {
	if err := json.Unmarshal([]byte(data), into); err != nil {
		return fmt.Errorf("%w in %.200s", err, data)
	}
	return nil
}

// toldError is a provider's error object, read independently.
type toldError struct{ Message, Type, Code string }

// readError reads an error body in the shapes that are known: an object in the
// member error, a text there, or the members of the body itself. ok is false for
// any other, of which nothing is expected but some message.
func readError(body []byte) (e toldError, ok bool) {
	var doc map[string]any
	if json.Unmarshal(body, &doc) != nil {
		return e, false
	}
	message, isText := doc["error"].(string)
	if inner, ok := doc["error"].(map[string]any); ok {
		doc = inner
	}
	text := func(key string) string {
		switch v := doc[key].(type) {
		case string:
			return v
		case float64:
			return fmt.Sprint(v)
		}
		return ""
	}
	kind := text("type")
	if kind == "" {
		kind, _ = doc["status"].(string) // Google's name for it
	}
	e = toldError{text("message"), kind, text("code")}
	for _, other := range []string{message, text("detail")} {
		if e.Message == "" {
			e.Message = other
		}
	}
	return e, e.Message != "" && (isText || doc["detail"] == nil || text("detail") != "")
}
