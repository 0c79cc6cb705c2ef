package bedrock

import (
	"errors"
	"strings"
	"testing"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect"
)

const completion = `{"model":"asked","prompt":"Say \u00e4","max_tokens":5,"temperature":0.1,"top_p":0.9,"top_k":3,"stop":"END","n":1,"echo":true,"stream":true,"stream_options":{"include_usage":true}}`

func TestCompletionRequests(t *testing.T) {
	for _, c := range []struct{ model, want, lost string }{
		{"us.meta.llama3-1-8b-instruct-v1:0", `{"prompt":"Say \u00e4","max_gen_len":5,"temperature":0.1,"top_p":0.9}`, "top_k stop echo"},
		{"mistral.mistral-7b-instruct-v0:2", `{"prompt":"Say \u00e4","max_tokens":5,"temperature":0.1,"top_p":0.9,"top_k":3,"stop":["END"]}`, "echo"},
		{"amazon.titan-text-express-v1", `{"inputText":"Say \u00e4","textGenerationConfig":{"maxTokenCount":5,"temperature":0.1,"topP":0.9,"stopSequences":["END"]}}`, "top_k echo"},
		{"arn:aws:bedrock:us-east-1::foundation-model/cohere.command-light-text-v14", `{"prompt":"Say \u00e4","max_tokens":5,"temperature":0.1,"p":0.9,"k":3,"stop_sequences":["END"],"stream":true}`, "echo"},
	} {
		cv := &dialect.Conversion{Op: ai.Complete, Model: c.model}
		got, err := NewText().(dialect.Translator).RequestFromHub(cv, []byte(completion))
		if err != nil || string(got) != c.want || receipts(cv) != c.lost {
			t.Errorf("%s: %v, lost %q\n got %s\nwant %s", c.model, err, receipts(cv), got, c.want)
		}
	}
	for model, body := range map[string]string{
		"anthropic.claude-v2": completion, "amazon.nova-lite-v1:0": completion, "": completion,
		"mistral.mistral-7b-instruct-v0:2": `{"prompt":["a","b"]}`,
		"meta.llama3-8b-instruct-v1:0":     `{"prompt":7}`,
	} {
		_, err := NewText().(dialect.Translator).RequestFromHub(&dialect.Conversion{Op: ai.Complete, Model: model}, []byte(body))
		var e *ai.Error
		if !errors.As(err, &e) || e.Kind != ai.Invalid || e.Param == "" {
			t.Errorf("%q of %s: %v", model, body, err)
		}
	}
}

func TestCompletionReplies(t *testing.T) {
	for name, c := range map[string]struct {
		in, text, end string
		usage         ai.Usage
	}{
		"Llama":        {`{"generation":"Hi","prompt_token_count":3,"generation_token_count":2,"stop_reason":"length"}`, "Hi", "length", ai.Usage{Known: true, InputTokens: 3, OutputTokens: 2}},
		"Mistral":      {`{"outputs":[{"text":"Hi","stop_reason":"stop"}]}`, "Hi", "stop", ai.Usage{}},
		"Titan":        {`{"inputTextTokenCount":3,"results":[{"tokenCount":2,"outputText":"Hi","completionReason":"CONTENT_FILTERED"}]}`, "Hi", "content_filter", ai.Usage{Known: true, InputTokens: 3, OutputTokens: 2}},
		"Command":      {`{"id":"x","generations":[{"id":"y","text":"Hi","finish_reason":"MAX_TOKENS"}],"prompt":"Say"}`, "Hi", "length", ai.Usage{}},
		"with headers": {`{"outputs":[{"text":"Hi","stop_reason":"a new one"}],"amazon-bedrock-invocationMetrics":{"inputTokenCount":3,"outputTokenCount":2}}`, "Hi", "stop", ai.Usage{Known: true, InputTokens: 3, OutputTokens: 2}},
		"empty":        {`{"generation":"","prompt_token_count":3,"generation_token_count":0,"stop_reason":"stop"}`, "", "stop", ai.Usage{Known: true, InputTokens: 3}},
	} {
		f := NewText()
		got, err := f.(dialect.Translator).ReplyToHub(&dialect.Conversion{Op: ai.Complete, Model: "m"}, []byte(c.in))
		var one []byte
		for choice := range jsonedit.Elements(jsonedit.Get(got, "choices")) {
			one = choice
		}
		text, end := jsonedit.Text(jsonedit.Get(one, "text")), jsonedit.Text(jsonedit.Get(one, "finish_reason"))
		if err != nil || text != c.text || end != c.end || f.Usage(ai.Complete, []byte(c.in)) != c.usage {
			t.Errorf("%s: %v, %+v, %s", name, err, f.Usage(ai.Complete, []byte(c.in)), got)
		}
	}
	if got, err := NewText().(dialect.Translator).ReplyToHub(&dialect.Conversion{Op: ai.Complete}, []byte(`{"outputs":[]}`)); err == nil {
		t.Errorf("a reply without a text is %s", got)
	}
}

// Each family's stream ends with the event that has the metrics; one that lacks it
// is not over.
func TestCompletionStreams(t *testing.T) {
	const metrics = `,"amazon-bedrock-invocationMetrics":{"inputTokenCount":3,"outputTokenCount":2}}`
	for name, events := range map[string][]string{
		"Llama":   {`{"generation":"H","prompt_token_count":3,"generation_token_count":1,"stop_reason":null}`, `{"generation":"i","prompt_token_count":null,"generation_token_count":2,"stop_reason":"length"` + metrics},
		"Mistral": {`{"outputs":[{"text":"Hi","stop_reason":null}]}`, `{"outputs":[{"text":"","stop_reason":"length"}]` + metrics},
		"Titan":   {`{"outputText":"Hi","index":0,"totalOutputTokenCount":2,"completionReason":"LENGTH","inputTextTokenCount":3` + metrics},
		"Command": {`{"text":"Hi","is_finished":false}`, `{"is_finished":true,"finish_reason":"MAX_TOKENS"` + metrics},
	} {
		event := textStream(&dialect.Conversion{Op: ai.Complete, ID: "1", Model: "m"})
		var out []byte
		for i, data := range events {
			var err error
			if out, err = event(out, []byte(data)); err != nil {
				t.Fatal(err)
			}
			if done := strings.HasSuffix(string(out), "data: [DONE]\n\n"); done != (i == len(events)-1) {
				t.Errorf("%s: over after event %d: %v", name, i, done)
			}
		}
		for _, want := range []string{`"text":"H`, `"finish_reason":"length"`, `"prompt_tokens":3,"completion_tokens":2,"total_tokens":5`} {
			if strings.Count(string(out), want) != 1 {
				t.Errorf("%s: it lacks %s or has more than one: %s", name, want, out)
			}
		}
	}
	_, err := textStream(&dialect.Conversion{Op: ai.Complete})(nil, []byte(`{"type":"throttlingException","message":"Too many tokens."}`))
	if e := ai.AsError(err); e == nil || e.HTTPStatus() != 429 {
		t.Errorf("an exception is %v", err)
	}
}
