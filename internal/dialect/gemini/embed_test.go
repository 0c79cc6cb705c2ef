package gemini

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/dialect"
)

func embedding() *dialect.Conversion {
	return &dialect.Conversion{Op: ai.Embed, Model: "gemini-embedding-001"}
}

func TestEmbeddingsFromOpenAI(t *testing.T) {
	c := embedding()
	got, err := New().RequestFromHub(c, []byte(`{"model":"gemini-embedding-001","input":["a","b"],"dimensions":3,"encoding_format":"base64","task_type":"RETRIEVAL_QUERY","user":"u"}`))
	if err != nil {
		t.Fatal(err)
	}
	one := func(text string) string {
		return `{"model":"models/gemini-embedding-001","content":{"parts":[{"text":"` + text + `"}]},"outputDimensionality":3,"taskType":"RETRIEVAL_QUERY"}`
	}
	equalJSON(t, "request", []byte(`{"requests":[`+one("a")+`,`+one("b")+`]}`), got)
	if diff := cmp.Diff([]string{"user"}, paths(c)); diff != "" {
		t.Error(diff)
	}
	reply, err := New().ReplyToHub(c, []byte(`{"embeddings":[{"values":[1,-0.5]},{"values":[0.25]}],"usageMetadata":{"promptTokenCount":4}}`))
	if err != nil {
		t.Fatal(err)
	}
	equalJSON(t, "reply", []byte(`{"object":"list","data":[{"object":"embedding","index":0,"embedding":"AACAPwAAAL8="},{"object":"embedding","index":1,"embedding":"AACAPg=="}],
		"model":"gemini-embedding-001","usage":{"prompt_tokens":4,"total_tokens":4}}`), reply)
	plain := embedding()
	if _, err := New().RequestFromHub(plain, []byte(`{"input":"a"}`)); err != nil {
		t.Fatal(err)
	}
	if reply, err = New().ReplyToHub(plain, []byte(`{"embedding":{"values":[1,-0.5]}}`)); err != nil || !strings.Contains(string(reply), `"embedding":[1,-0.5]`) {
		t.Errorf("%v, %s", err, reply)
	}
	for param, body := range map[string]string{"input": `{"input":7}`, "input[0]": `{"input":[[1,2]]}`} {
		if _, err := New().RequestFromHub(embedding(), []byte(body)); err == nil || ai.AsError(err).Param != param {
			t.Errorf("%s: got %v", body, err)
		}
	}
}

func TestEmbeddingsFromGemini(t *testing.T) {
	for _, test := range []struct{ request, hub, reply, want string }{
		{`{"model":"models/x","content":{"parts":[{"text":"a"},{"text":"b"}]},"outputDimensionality":3}`,
			`{"model":"gemini-embedding-001","input":"a\nb","encoding_format":"float","dimensions":3}`,
			`{"data":[{"index":0,"embedding":[1,2]}],"usage":{"prompt_tokens":5,"total_tokens":5}}`,
			`{"embedding":{"values":[1,2]},"usageMetadata":{"promptTokenCount":5}}`},
		{`{"requests":[{"content":{"parts":[{"text":"a"}]}},{"content":{"parts":[{"text":"b"}]}}]}`,
			`{"model":"gemini-embedding-001","input":["a","b"],"encoding_format":"float"}`,
			`{"data":[{"index":0,"embedding":"AACAPwAAAL8="},{"index":1,"embedding":[2]}]}`,
			`{"embeddings":[{"values":[1,-0.5]},{"values":[2]}]}`},
	} {
		c := embedding()
		c.Strict = true
		hub, err := New().RequestToHub(c, []byte(test.request))
		if err != nil {
			t.Fatal(err)
		}
		equalJSON(t, "request", []byte(test.hub), hub)
		reply, err := New().ReplyFromHub(c, []byte(test.reply))
		if err != nil {
			t.Fatal(err)
		}
		equalJSON(t, "reply", []byte(test.want), reply)
	}
	for _, bad := range []string{`{}`, `{"requests":[]}`, `{"content":{"parts":[{"inlineData":{}}]}}`,
		`{"requests":[{"content":{"parts":[{"text":"a"}]},"outputDimensionality":1},{"content":{"parts":[{"text":"b"}]}}]}`} {
		if _, err := New().RequestToHub(embedding(), []byte(bad)); err == nil || ai.AsError(err).Kind != ai.Invalid {
			t.Errorf("%s: got %v", bad, err)
		}
	}
}

func TestWithModel(t *testing.T) {
	for _, test := range []struct {
		op         ai.Op
		body, want string
	}{
		{ai.Chat, `{"contents":[]}`, `{"contents":[]}`},
		{ai.Chat, `{ "model":"models/a", "contents":[]}`, `{ "model":"models/b", "contents":[]}`},
		{ai.Embed, `{"requests":[{"model":"models/a","x":1},{}]}`, `{"requests":[{"model":"models/b","x":1},{}]}`},
		{ai.CountContents, `{"generateContentRequest":{"model":"models/a"}}`, `{"generateContentRequest":{"model":"models/b"}}`},
	} {
		got, err := New().WithModel(test.op, []byte(test.body), "b")
		if err != nil || string(got) != test.want {
			t.Errorf("%s: got %s (%v), want %s", test.body, got, err, test.want)
		}
	}
}
