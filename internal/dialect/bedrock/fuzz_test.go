package bedrock

import (
	"encoding/json"
	"io"
	"strings"
	"testing"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/dialect"
)

// Whatever a client or a provider sends, a translation is JSON or an *ai.Error.
func FuzzTranslations(f *testing.F) {
	for _, seed := range []string{wanted, answers[0], answers[1], `{` + hello + `,"tools":[{"type":"function","function":{"name":"f","parameters":{"$defs":{"a":{}}}}}],"tool_choice":"auto"}`,
		`{"messages":[{"role":"user","content":[{"image":{"format":"png","source":{"bytes":"QQ=="}}},{"document":{"format":"pdf","name":"n","source":{"s3Location":{"uri":"s3"}}}},{"guardContent":{"text":{"text":"x"}}}]}]}`,
		`{"messages":[{"role":"user","content":[{"type":"file","file":{"filename":"a.pdf","file_data":"QQ=="}},{"type":"image_url","image_url":"data:,"}]}]}`,
		`{"input":["a",{"text":"b","image":"c"}],"encoding_format":"base64"}`, `{"embedding":[1,2],"embeddings":{"float":[[1]]}}`, `{"modelSummaries":[{"modelId":"a"}]}`} {
		f.Add([]byte(seed), uint8(0))
		f.Add([]byte(seed), uint8(7))
	}
	models := []string{claudeModel, "amazon.nova-lite-v1:0", "cohere.embed-v4:0", "amazon.titan-embed-image-v1"}
	f.Fuzz(func(t *testing.T, body []byte, how uint8) {
		if !json.Valid(body) {
			t.Skip() // requests are checked before, replies as well
		}
		for _, op := range []ai.Op{ai.Chat, ai.Embed, ai.Models} {
			c := &dialect.Conversion{Op: op, Model: models[how%4], Strict: how&4 != 0, ID: "id", Now: 1}
			for name, translate := range map[string]func(*dialect.Conversion, []byte) ([]byte, error){
				"request to hub": New().RequestToHub, "request from hub": New().RequestFromHub, "reply to hub": New().ReplyToHub, "reply from hub": New().ReplyFromHub,
			} {
				out, err := translate(c, body)
				if err == nil && !json.Valid(out) {
					t.Errorf("%s of %s: no JSON: %s", name, op, out)
				}
				if _, ours := err.(*ai.Error); err != nil && !ours {
					t.Errorf("%s of %s: %v", name, op, err)
				}
			}
		}
	})
}

// A stream ends well only after the last event of its format.
func FuzzStreams(f *testing.F) {
	for _, a := range answers {
		f.Add(asStream(a))
		out, _ := drain(New().StreamToHub(conversion(), streamOf(asStream(a))))
		f.Add(out)
	}
	f.Fuzz(func(t *testing.T, text string) {
		out, err := drain(New().StreamToHub(conversion(), streamOf(text)))
		if strings.Contains(out, "data: [DONE]") && !strings.Contains(text, "metadata") {
			t.Errorf("it is done without its last event: %q", out)
		}
		back, errBack := drain(New().StreamFromHub(conversion(), streamOf(text)))
		if strings.Contains(back, "event: metadata") && !strings.Contains(text, "[DONE]") {
			t.Errorf("it is done without [DONE]: %q", back)
		}
		for _, err := range []error{err, errBack} {
			if _, ours := err.(*ai.Error); err != io.EOF && err != io.ErrUnexpectedEOF && !ours {
				t.Errorf("an error of no kind: %v", err)
			}
		}
		w := New().Watch(ai.Chat)
		w.Observe([]byte(text))
		if w.Done() && !strings.Contains(text, "metadata") {
			t.Error("it is watched to its end without its last event")
		}
	})
}
