package all_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/codec/sse"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/dialect/all"
)

func conversion(op ai.Op) *dialect.Conversion {
	return &dialect.Conversion{Op: op, Model: "m", Strict: true, ID: "id", Now: 1}
}

func equalJSON(t *testing.T, what, want string, got []byte) {
	t.Helper()
	var a, b any
	if err := json.Unmarshal([]byte(want), &a); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(got, &b); err != nil {
		t.Fatalf("%v in %s", err, got)
	}
	if diff := cmp.Diff(a, b); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func paths(c *dialect.Conversion) (list []string) {
	for _, r := range c.Receipts {
		list = append(list, r.Path)
	}
	return list
}

// Requests of the hub and what they become in the formats that only providers
// speak.
func TestRequests(t *testing.T) {
	tests := []struct {
		dialect    ai.Dialect
		op         ai.Op
		body, want string
		receipts   []string
	}{
		{ai.Voyage, ai.Embed, `{"model":"v","input":"a","encoding_format":"float","dimensions":256,"input_type":"query","user":"u"}`,
			`{"model":"v","input":"a","output_dimension":256,"input_type":"query"}`, []string{"user"}},
		{ai.Voyage, ai.Embed, `{"input":["a","b"],"encoding_format":"base64","output_dtype":"int8","truncation":false}`,
			`{"model":"m","input":["a","b"],"encoding_format":"base64","truncation":false,"output_dtype":"int8"}`, nil},
		{ai.Voyage, ai.Embed, `{"model":"v","input":["a",{"text":"b","image":{"base64":"AA=="}},{"image_url":{"url":"https://x"}}],"encoding_format":"base64","input_type":"document","dimensions":9}`,
			`{"model":"v","inputs":[{"content":[{"type":"text","text":"a"}]},{"content":[{"type":"text","text":"b"},{"type":"image_base64","image_base64":"data:image/png;base64,AA=="}]},{"content":[{"type":"image_url","image_url":"https://x"}]}],"output_encoding":"base64","input_type":"document"}`,
			[]string{"dimensions"}},
		{ai.Voyage, ai.Rerank, `{"model":"v","query":"q","documents":["a",{"text":"b"}],"top_n":1,"return_documents":true,"x":1}`,
			`{"model":"v","query":"q","documents":["a","b"],"top_k":1}`, []string{"x"}},
		{ai.Jina, ai.Embed, `{"model":"j","input":["a",{"image":"https://x"}],"encoding_format":"base64","dimensions":64,"task":"retrieval.query","user":"u"}`,
			`{"model":"j","input":["a",{"image":"https://x"}],"embedding_type":"base64","dimensions":64,"task":"retrieval.query"}`, []string{"user"}},
		{ai.Nomic, ai.Embed, `{"model":"n","input":"a","dimensions":64,"input_type":"search_query","encoding_format":"float","user":"u"}`,
			`{"model":"n","texts":["a"],"task_type":"search_query","dimensionality":64}`, []string{"user"}},
		{ai.TEI, ai.Rerank, `{"model":"t","query":"q","documents":["a"],"top_n":1,"truncate":true,"rank_fields":["x"]}`,
			`{"query":"q","texts":["a"],"truncate":true}`, []string{"rank_fields"}},
		{ai.OCI, ai.Embed, `{"model":"o","input":["a"],"input_type":"search_query","truncate":"end","dimensions":64,"user":"u"}`,
			`{"inputs":["a"],"inputType":"SEARCH_QUERY","truncate":"END","outputDimensions":64}`, []string{"user"}},
		{ai.OCI, ai.Rerank, `{"model":"o","query":"q","documents":["a",{"text":"b"}],"top_n":1,"return_documents":true}`,
			`{"input":"q","documents":["a","b"],"topN":1}`, nil},
		{ai.OCI, ai.Chat, `{"model":"o","messages":[{"role":"developer","content":"s"},{"role":"user","name":"n","content":[{"type":"text","text":"a"},{"type":"image_url","image_url":{"url":"data:x","detail":"low"}},{"type":"file","file":{}}]},` +
			`{"role":"assistant","content":"","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"c","content":"1"}],` +
			`"max_completion_tokens":9,"temperature":1.5,"top_p":0.5,"top_k":3,"stream":true,"stream_options":{"include_usage":true},"stop":"x","n":2,"logprobs":true,"top_logprobs":4,"reasoning_effort":"low","parallel_tool_calls":false,` +
			`"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"},"strict":true}},{"type":"custom","custom":{}}],"tool_choice":{"type":"function","function":{"name":"f"}},` +
			`"response_format":{"type":"json_schema","json_schema":{"name":"n","strict":true,"schema":{"type":"object"}}},"user":"u"}`,
			`{"chatRequest":{"apiFormat":"GENERIC","messages":[{"role":"DEVELOPER","content":[{"type":"TEXT","text":"s"}]},{"role":"USER","name":"n","content":[{"type":"TEXT","text":"a"},{"type":"IMAGE","imageUrl":{"url":"data:x","detail":"LOW"}}]},` +
				`{"role":"ASSISTANT","toolCalls":[{"id":"c","type":"FUNCTION","name":"f","arguments":"{}"}]},{"role":"TOOL","content":[{"type":"TEXT","text":"1"}],"toolCallId":"c"}],` +
				`"tools":[{"type":"FUNCTION","name":"f","parameters":{"type":"object"}}],"toolChoice":{"type":"FUNCTION","name":"f"},"maxCompletionTokens":9,"temperature":1.5,"topP":0.5,"topK":3,"numGenerations":2,"isParallelToolCalls":false,` +
				`"isStream":true,"streamOptions":{"isIncludeUsage":true},"stop":["x"],"logProbs":4,"reasoningEffort":"LOW","responseFormat":{"type":"JSON_SCHEMA","jsonSchema":{"name":"n","schema":{"type":"object"},"isStrict":true}}}}`,
			[]string{"messages[1].content[2]", "tools[0].function.strict", "tools[1]", "user"}},
		{ai.Triton, ai.Complete, `{"model":"t","prompt":"p","max_tokens":5,"temperature":0.5,"top_k":2,"stop":"x","seed":1,"n":2}`,
			`{"text_input":"p","stop_words":["x"],"max_tokens":5,"temperature":0.5,"top_k":2,"random_seed":1}`, []string{"n"}},
		{ai.PaLM, ai.Complete, `{"model":"p","prompt":"p","max_tokens":5,"n":2,"stop":["x"],"top_p":0.5,"user":"u"}`,
			`{"prompt":{"text":"p"},"maxOutputTokens":5,"stopSequences":["x"],"candidateCount":2,"topP":0.5}`, []string{"user"}},
		{ai.PaLM, ai.Chat, `{"model":"p","messages":[{"role":"system","content":"s"},{"role":"user","content":[{"type":"text","text":"a"},{"type":"image_url","image_url":{}}]},{"role":"assistant","content":"b"}],"temperature":0.5,"max_tokens":5}`,
			`{"prompt":{"context":"s","messages":[{"author":"0","content":"a"},{"author":"1","content":"b"}]},"temperature":0.5}`, []string{"messages[1].content[1]", "max_tokens"}},
		{ai.PaLM, ai.Embed, `{"model":"p","input":"a","user":"u"}`, `{"texts":["a"]}`, []string{"user"}},
		{ai.WorkersAI, ai.Embed, `{"model":"w","input":"a","pooling":"cls","dimensions":2}`, `{"text":["a"],"pooling":"cls"}`, []string{"dimensions"}},
		{ai.WorkersAI, ai.Rerank, `{"model":"w","query":"q","documents":["a",{"text":"b"}],"top_n":1}`,
			`{"query":"q","contexts":[{"text":"a"},{"text":"b"}],"top_k":1}`, nil},
		{ai.WorkersAI, ai.Complete, `{"model":"w","prompt":"p","max_tokens":5,"n":2}`, `{"prompt":"p","max_tokens":5}`, []string{"n"}},
		{ai.WorkersAI, ai.Chat, `{"model":"w","messages":[{"role":"developer","content":"s"},{"role":"user","content":[{"type":"text","text":"a"},{"type":"image_url","image_url":{"url":"x"}},{"type":"text","text":"b"}]},` +
			`{"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"c","content":"1","name":"f","cache_control":{"type":"x"}}],` +
			`"max_completion_tokens":9,"temperature":0.5,"stream":true,"stream_options":{"include_usage":true},"tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":"required","response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{"type":"object"}}}}`,
			`{"messages":[{"role":"system","content":"s"},{"role":"user","content":"a\nb"},{"role":"assistant","content":"","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","content":"1","name":"f","tool_call_id":"c"}],` +
				`"tools":[{"type":"function","function":{"name":"f"}}],"response_format":{"type":"json_schema","json_schema":{"type":"object"}},"max_tokens":9,"stream":true,"temperature":0.5}`,
			[]string{"messages[1].content[1]", "messages[3].cache_control", "tool_choice"}},
	}
	formats := all.New()
	for _, tt := range tests {
		t.Run(string(tt.dialect)+"/"+string(tt.op), func(t *testing.T) {
			c := conversion(tt.op)
			got, err := formats[tt.dialect].(dialect.Translator).RequestFromHub(c, []byte(tt.body))
			if err != nil {
				t.Fatal(err)
			}
			equalJSON(t, "request", tt.want, got)
			if diff := cmp.Diff(tt.receipts, paths(c)); diff != "" {
				t.Errorf("receipts (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRequestsRefused(t *testing.T) {
	formats := all.New()
	for _, tt := range []struct {
		dialect     ai.Dialect
		op          ai.Op
		body, param string
	}{
		{ai.Voyage, ai.Embed, `{"input":[1]}`, "input[0]"},
		{ai.Voyage, ai.Embed, `{"input":"a","encoding_format":"hex"}`, "encoding_format"},
		{ai.Voyage, ai.Rerank, `{"query":"q"}`, "documents"},
		{ai.Jina, ai.Embed, `{"input":[1]}`, "input[0]"},
		{ai.Jina, ai.Embed, `{}`, "input"},
		{ai.Nomic, ai.Embed, `{"input":"a","encoding_format":"hex"}`, "encoding_format"},
		{ai.Nomic, ai.Embed, `{"input":7}`, "input"},
		{ai.TEI, ai.Rerank, `{"documents":[]}`, "query"},
		{ai.TEI, ai.Rerank, `{"query":"q","documents":["a",2]}`, "documents[1]"},
		{ai.OCI, ai.Chat, `{}`, "messages"},
		{ai.OCI, ai.Chat, `{"messages":[],"tools":[{"function":{"name":"f"}}],"tool_choice":"maybe"}`, "tool_choice"},
		{ai.OCI, ai.Embed, `{"input":"a","encoding_format":"hex"}`, "encoding_format"},
		{ai.Triton, ai.Complete, `{"prompt":"p","stream":true}`, "stream"},
		{ai.Triton, ai.Complete, `{}`, "prompt"},
		{ai.PaLM, ai.Complete, `{"prompt":"p","stream":true}`, "stream"},
		{ai.PaLM, ai.Chat, `{"messages":[{"role":"tool"}]}`, "messages[0].role"},
		{ai.WorkersAI, ai.Chat, `{}`, "messages"},
		{ai.WorkersAI, ai.Chat, `{"messages":[{"role":"x"}]}`, "messages[0].role"},
		{ai.WorkersAI, ai.Complete, `{"prompt":["a"]}`, "prompt"},
	} {
		_, err := formats[tt.dialect].(dialect.Translator).RequestFromHub(conversion(tt.op), []byte(tt.body))
		if e := ai.AsError(err); err == nil || e.Kind != ai.Invalid || e.Param != tt.param {
			t.Errorf("%s %s: %v, want a fault of %s", tt.dialect, tt.body, err, tt.param)
		}
	}
}

// Replies to rerankings, with the documents that the request asked for.
func TestRankings(t *testing.T) {
	request := []byte(`{"model":"m","query":"q","documents":["a",{"text":"b","id":7}],"top_n":1,"return_documents":true}`)
	formats := all.New()
	for d, reply := range map[ai.Dialect]string{
		ai.Voyage:    `{"object":"list","data":[{"index":1,"relevance_score":0.5}],"model":"m"}`,
		ai.TEI:       `[{"index":1,"score":0.5},{"index":0,"score":0.1}]`,
		ai.OCI:       `{"id":"id","documentRanks":[{"index":1,"relevanceScore":0.5}]}`,
		ai.WorkersAI: `{"result":{"response":[{"id":1,"score":0.5}]},"success":true}`,
	} {
		c := conversion(ai.Rerank)
		c.Request = request
		got, err := formats[d].(dialect.Translator).ReplyToHub(c, []byte(reply))
		if err != nil {
			t.Fatalf("%s: %v", d, err)
		}
		equalJSON(t, string(d), `{"object":"list","id":"id","model":"m","results":[{"index":1,"relevance_score":0.5,"document":{"text":"b","id":7}}]}`, got)
	}
}

// Vectors are encoded here where the provider cannot: OpenAI's own clients ask for
// base64 unless they are told otherwise.
func TestVectorsAreEncoded(t *testing.T) {
	formats := all.New()
	for d, reply := range map[ai.Dialect]string{
		ai.Nomic:     `{"embeddings":[[0.5,-2]]}`,
		ai.OCI:       `{"embeddings":[[0.5,-2]]}`,
		ai.PaLM:      `{"embeddings":[{"value":[0.5,-2]}]}`,
		ai.WorkersAI: `{"result":{"data":[[0.5,-2]]},"success":true}`,
	} {
		for encoding, want := range map[string]string{"float": `[0.5,-2]`, "base64": `"AAAAPwAAAMA="`} {
			c := conversion(ai.Embed)
			tr := formats[d].(dialect.Translator)
			if _, err := tr.RequestFromHub(c, []byte(`{"input":"a","encoding_format":"`+encoding+`"}`)); err != nil {
				t.Fatalf("%s: %v", d, err)
			}
			got, err := tr.ReplyToHub(c, []byte(reply))
			if err != nil {
				t.Fatalf("%s: %v", d, err)
			}
			equalJSON(t, string(d), `{"object":"list","data":[{"object":"embedding","index":0,"embedding":`+want+`}],"model":"m"}`, got)
		}
	}
}

func TestWorkersAnswers(t *testing.T) {
	f := all.New()[ai.WorkersAI].(dialect.Translator)
	finish := func(request, reply string) string {
		c := conversion(ai.Chat)
		if _, err := f.RequestFromHub(c, []byte(request)); err != nil {
			t.Fatal(err)
		}
		hub, err := f.ReplyToHub(c, []byte(reply))
		if err != nil {
			t.Fatal(err)
		}
		for choice := range jsonedit.Elements(jsonedit.Get(hub, "choices")) {
			return jsonedit.Text(jsonedit.Get(choice, "finish_reason"))
		}
		return ""
	}
	cut := `{"result":{"response":"x","usage":{"prompt_tokens":1,"completion_tokens":16}},"success":true}`
	if got := finish(`{"messages":[],"max_tokens":16}`, cut); got != "length" {
		t.Errorf("all the tokens that were allowed: %s", got)
	}
	if got := finish(`{"messages":[]}`, cut); got != "stop" {
		t.Errorf("fewer: %s", got)
	}
	own := `{"choices":[{"index":0,"message":{"role":"assistant","content":"x"},"finish_reason":"stop"}]}`
	if hub, err := f.ReplyToHub(conversion(ai.Chat), []byte(`{"result":`+own+`,"success":true}`)); err != nil || string(hub) != own {
		t.Errorf("OpenAI's form in the envelope: %s, %v", hub, err)
	}
	for _, body := range []string{`{}`, `{"result":null}`, `{"result":[],"success":true}`, `[]`, `{"success":false,"errors":[{"code":1,"message":"no"}],"result":{}}`} {
		if _, err := f.ReplyToHub(conversion(ai.Chat), []byte(body)); err == nil {
			t.Errorf("%s became a reply", body)
		}
	}
	stream := `data: {"response":"","tool_calls":[{"name":"f","arguments":{"x":1}},{"id":"own","function":{"name":"g","arguments":"{}"}}]}` + "\n\ndata: [DONE]\n\n"
	out, err := drain(f.StreamToHub(conversion(ai.Chat), read(stream)))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"index":0,"id":"call_0"`, `"arguments":"{\"x\":1}"`, `"index":1,"id":"own"`, `"finish_reason":"tool_calls"`, "[DONE]"} {
		if !strings.Contains(out, want) {
			t.Errorf("the stream lacks %s:\n%s", want, out)
		}
	}
	if _, err := drain(f.StreamToHub(conversion(ai.Chat), read(`data: {"errors":[{"message":"no"}]}`+"\n\n"))); ai.AsError(err).Message != "no" {
		t.Errorf("an error event: %v", err)
	}
}

// Nobody speaks these formats to Portico.
func TestOneWay(t *testing.T) {
	for d, f := range all.New() {
		if d == ai.OpenAI || d == ai.Anthropic || d == ai.Cohere || d == ai.Responses || d == ai.Gemini || d == ai.Bedrock {
			continue
		}
		tr := f.(dialect.Translator)
		_, to := tr.RequestToHub(conversion(ai.Chat), nil)
		_, from := tr.ReplyFromHub(conversion(ai.Chat), nil)
		_, stream := drain(tr.StreamFromHub(conversion(ai.Chat), read("data: {}\n\n")))
		_, op := tr.RequestFromHub(conversion(ai.Models), nil)
		for _, err := range []error{to, from, stream, op} {
			if e, ok := errors.AsType[*ai.Error](err); !ok || e.Kind != ai.Unsupported {
				t.Errorf("%s: %v", d, err)
			}
		}
	}
}

// FuzzReplies expects of whatever a provider answers valid JSON or an *ai.Error,
// and no end of a stream that it did not have.
func FuzzReplies(f *testing.F) {
	f.Add([]byte(`{"result":{"response":"x","tool_calls":[{"name":"f","arguments":null}],"usage":{"prompt_tokens":1}},"success":true}`))
	f.Add([]byte(`{"data":[{"index":0,"relevance_score":1,"embedding":[1]}],"usage":{"total_tokens":1},"embeddings":[[1]]}`))
	f.Add([]byte(`[{"index":0,"score":1}]`))
	f.Add([]byte(`{"model":"m","messages":[{"role":"user","content":["a"]}],"input":["a"],"query":"q","documents":["a",{}],"prompt":"p"}`))
	formats := all.New()
	f.Fuzz(func(t *testing.T, doc []byte) {
		if !json.Valid(doc) {
			return
		}
		for d, format := range formats {
			tr, ok := format.(dialect.Translator)
			if !ok {
				continue
			}
			for _, op := range []ai.Op{ai.Chat, ai.Complete, ai.Embed, ai.Rerank} {
				c := conversion(op)
				c.Request = doc
				for _, translate := range []func(*dialect.Conversion, []byte) ([]byte, error){tr.RequestFromHub, tr.ReplyToHub} {
					out, err := translate(c, doc)
					if err == nil && !json.Valid(out) {
						t.Fatalf("%s %s made %s", d, op, out)
					}
					if _, isOurs := errors.AsType[*ai.Error](err); err != nil && !isOurs {
						t.Fatalf("%s %s: %v", d, op, err)
					}
				}
				format.Usage(op, doc)
				if d == ai.Anthropic || d == ai.Cohere || d == ai.Responses || d == ai.Gemini || d == ai.Bedrock {
					continue // they have fuzz tests of their own
				}
				out, _ := drain(tr.StreamToHub(conversion(op), read("data: "+string(bytes.ReplaceAll(doc, []byte("\n"), nil))+"\n\n")))
				if strings.Contains(out, "data: [DONE]") && op != ai.Embed {
					t.Fatalf("%s ends out of nothing: %s", d, out)
				}
			}
		}
	})
}

func read(stream string) ai.Stream { return reading{sse.NewReader(strings.NewReader(stream), 1<<20)} }

type reading struct{ *sse.Reader }

func (reading) Close() error { return nil }

func drain(s ai.Stream) (string, error) {
	var out bytes.Buffer
	for {
		chunk, err := s.Next()
		out.Write(chunk)
		if err == io.EOF {
			return out.String(), nil
		}
		if err != nil {
			return out.String(), err
		}
	}
}
