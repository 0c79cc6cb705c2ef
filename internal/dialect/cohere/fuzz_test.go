package cohere

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
)

// Whatever comes, a translation is valid JSON or an *ai.Error, and there is no
// end of a stream that its source did not have.
func FuzzTranslate(f *testing.F) {
	for _, seed := range []string{
		citedReply,
		`{"model":"c","messages":[{"role":"user","content":[{"type":"text","text":"x"}]},{"role":"assistant","tool_calls":[{"id":"a","function":{"name":"f","arguments":"{}"}}],"tool_plan":"p"},{"role":"tool","tool_call_id":"a","content":[{"type":"document","document":{"data":{}}}]}],"tools":[{"type":"function","function":{"name":"f"}}]}`,
		`{"model":"e","texts":["a"],"input":["a",{"image":"x"}],"embedding_types":["int8"]}`,
		`{"embeddings":{"float":[[1,2]],"int8":[[1]]},"meta":{"billed_units":{"images":1}}}`,
		`{"model":"r","query":"q","documents":["a",{"text":"b"}]}`,
		`{"results":[{"index":0,"relevance_score":1}],"meta":{}}`,
		`{"choices":[{"message":{"content":"x","tool_calls":[{"id":"a","function":{"name":"f"}}]},"finish_reason":"stop","logprobs":{"content":[{"token":"x","logprob":0}]}}]}`,
		`{"response_format":{"type":"json_schema","json_schema":{"schema":{"anyOf":[{"type":"null"},{"type":"object"}]}}},"messages":[]}`,
		streamStart, streamEnd,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		if _, err := jsonedit.Scan(doc); err != nil {
			return
		}
		for _, op := range []ai.Op{ai.Chat, ai.Embed, ai.Rerank, ai.Models} {
			for _, isStrict := range []bool{true, false} {
				c := conversion(op)
				c.Strict, c.Request = isStrict, doc
				for name, translate := range map[string]func() ([]byte, error){
					"RequestToHub":   func() ([]byte, error) { return Format{}.RequestToHub(c, doc) },
					"RequestFromHub": func() ([]byte, error) { return Format{}.RequestFromHub(c, doc) },
					"ReplyToHub":     func() ([]byte, error) { return Format{}.ReplyToHub(c, doc) },
					"ReplyFromHub":   func() ([]byte, error) { return Format{}.ReplyFromHub(c, doc) },
				} {
					out, err := translate()
					if err == nil && !json.Valid(out) {
						t.Fatalf("%s of %s made %s", name, op, out)
					}
					if _, ok := errors.AsType[*ai.Error](err); err != nil && !ok {
						t.Fatalf("%s of %s: %v", name, op, err)
					}
				}
			}
		}
		stream := event(streamStart) + event(string(doc))
		ended := typeOf(doc) == "message-end"
		hub, err := streamToHubText(stream)
		if strings.Contains(hub, "[DONE]") && (!ended || err != nil) {
			t.Fatalf("an end out of nothing: %s", hub)
		}
		for _, data := range datas(hub) {
			if data != "[DONE]" && !json.Valid([]byte(data)) {
				t.Fatalf("chunk %s", data)
			}
		}
		back, err := streamFromHubText("data: " + string(doc) + "\n\n")
		if err == nil && strings.Contains(back, "message-end") {
			t.Fatalf("an end out of nothing: %s", back)
		}
	})
}
