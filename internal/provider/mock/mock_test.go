package mock

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tidwall/gjson"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// call posts body to a handler and returns the reply; header lists name, value pairs.
func post(t *testing.T, h http.Handler, path, body string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	method := http.MethodPost
	if body == "" {
		method = http.MethodGet
	}
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func reply(t *testing.T, path, body string) gjson.Result {
	t.Helper()
	w := post(t, New(nil), path, body)
	if w.Code != 200 {
		t.Fatalf("%s: %d %s", path, w.Code, w.Body)
	}
	return gjson.Parse(w.Body.String())
}

// dataOf returns the data of every event of a stream.
func dataOf(t *testing.T, stream string) []string {
	t.Helper()
	var data []string
	for _, frame := range strings.Split(strings.TrimSuffix(stream, "\n\n"), "\n\n") {
		_, d, ok := strings.Cut(frame, "data: ")
		if !ok {
			t.Fatalf("a frame without data: %q", frame)
		}
		data = append(data, d)
	}
	return data
}

const hello = `{"model":"mock-gpt","messages":[{"role":"system","content":"Be kind."},{"role":"user","content":"Hello there"}]%s}`

func TestChat(t *testing.T) {
	r := reply(t, "/v1/chat/completions", fmt.Sprintf(hello, ""))
	text := r.Get("choices.0.message.content").String()
	if !strings.HasPrefix(text, "You asked: “Hello there”.") {
		t.Errorf("text %q", text)
	}
	// "Be kind." is 2 tokens, "Hello there" 3, and 4 for each of the two messages.
	if got := r.Get("usage.prompt_tokens").Int(); got != 13 {
		t.Errorf("prompt_tokens %d, want 13", got)
	}
	want := int64((len(text) + 3) / 4)
	if got := r.Get("usage.completion_tokens").Int(); got != want {
		t.Errorf("completion_tokens %d, want %d", got, want)
	}
	if got := r.Get("usage.total_tokens").Int(); got != 13+want {
		t.Errorf("total_tokens %d, want %d", got, 13+want)
	}
	if r.Get("choices.0.finish_reason").String() != "stop" || r.Get("object").String() != "chat.completion" || r.Get("model").String() != "mock-gpt" {
		t.Errorf("%s", r.Raw)
	}
	again := reply(t, "/v1/chat/completions", fmt.Sprintf(hello, ""))
	if again.Raw != r.Raw {
		t.Error("the same request got another reply")
	}
}

func TestChatStreamFoldsToThePlainReply(t *testing.T) {
	plain := reply(t, "/v1/chat/completions", fmt.Sprintf(hello, ""))
	w := post(t, New(nil), "/v1/chat/completions", fmt.Sprintf(hello, `,"stream":true,"stream_options":{"include_usage":true}`))
	if ct := w.Header().Get("Content-Type"); !strings.HasPrefix(ct, "text/event-stream") {
		t.Errorf("content type %q", ct)
	}
	data := dataOf(t, w.Body.String())
	if data[len(data)-1] != "[DONE]" {
		t.Fatalf("ends with %q", data[len(data)-1])
	}
	var text strings.Builder
	var finish, usage gjson.Result
	for i, d := range data[:len(data)-1] {
		c := gjson.Parse(d)
		if c.Get("object").String() != "chat.completion.chunk" {
			t.Fatalf("chunk %s", d)
		}
		if i == 0 && c.Get("choices.0.delta.role").String() != "assistant" {
			t.Errorf("first chunk %s", d)
		}
		text.WriteString(c.Get("choices.0.delta.content").String())
		if f := c.Get("choices.0.finish_reason"); f.Type == gjson.String {
			finish = f
		}
		usage = c.Get("usage")
	}
	if got, want := text.String(), plain.Get("choices.0.message.content").String(); got != want {
		t.Errorf("text %q, want %q", got, want)
	}
	if finish.String() != "stop" || usage.Get("total_tokens").Int() == 0 {
		t.Errorf("finish %s, usage %s", finish, usage)
	}
	without := post(t, New(nil), "/v1/chat/completions", fmt.Sprintf(hello, `,"stream":true`))
	if strings.Contains(without.Body.String(), "usage") {
		t.Error("usage was sent unasked")
	}
}

func TestMaxTokensCutsTheReply(t *testing.T) {
	r := reply(t, "/v1/chat/completions", fmt.Sprintf(hello, `,"max_tokens":3,"n":2`))
	for i := range 2 {
		c := r.Get(fmt.Sprintf("choices.%d", i))
		if c.Get("finish_reason").String() != "length" || len(c.Get("message.content").String()) > 12 {
			t.Errorf("%s", c.Raw)
		}
	}
	if got := r.Get("usage.completion_tokens").Int(); got != 6 {
		t.Errorf("completion_tokens %d, want 3 for each of two choices", got)
	}
}

const tools = `"tools":[
 {"type":"function","function":{"name":"get_weather","parameters":{"type":"object","properties":{"city":{"type":"string"},"unit":{"enum":["C","F"]},"note":{"type":"string"}},"required":["city","unit"]}}},
 {"type":"function","function":{"name":"get_time","parameters":{"type":"object","properties":{"zones":{"type":"array","items":{"$ref":"#/$defs/zone"}},"exact":{"type":["boolean","null"]}},"$defs":{"zone":{"type":"integer"}}}}}]`

func TestToolCalls(t *testing.T) {
	weather := call{"get_weather", `{"city":"Paris","unit":"C"}`}
	clock := call{"get_time", `{"zones":[1],"exact":true}`}
	for prompt, test := range map[string]struct {
		extra string
		want  []call
	}{
		"Please get weather for Paris?":                {"", []call{weather}},
		"get_weather and get_time in Paris":            {"", []call{weather, clock}},
		"get_weather, get_time: Paris":                 {`,"parallel_tool_calls":false`, []call{weather}},
		"Say hello to Paris":                           {"", nil},
		"Hello, Paris":                                 {`,"tool_choice":"required"`, []call{weather}},
		"Good day, Paris":                              {`,"tool_choice":{"type":"function","function":{"name":"get_time"}}`, []call{clock}},
		"Do not get_weather today, whatever, in Paris": {`,"tool_choice":"none"`, nil},
	} {
		body := fmt.Sprintf(`{"model":"mock-gpt","messages":[{"role":"user","content":%q}],%s%s`, prompt, tools, test.extra)
		r := reply(t, "/v1/chat/completions", body+"}")
		var got []call
		for _, c := range r.Get("choices.0.message.tool_calls").Array() {
			got = append(got, call{c.Get("function.name").String(), c.Get("function.arguments").String()})
		}
		if diff := cmp.Diff(test.want, got, cmp.AllowUnexported(call{})); diff != "" {
			t.Errorf("%q: %s", prompt, diff)
		}
		finish := map[bool]string{true: "tool_calls", false: "stop"}[test.want != nil]
		if f := r.Get("choices.0.finish_reason").String(); f != finish {
			t.Errorf("%q: finish %s, want %s", prompt, f, finish)
		}
		streamed := map[int64]*call{}
		for _, d := range dataOf(t, post(t, New(nil), "/v1/chat/completions", body+`,"stream":true}`).Body.String()) {
			for _, c := range gjson.Get(d, "choices.0.delta.tool_calls").Array() {
				i := c.Get("index").Int()
				if streamed[i] == nil {
					streamed[i] = &call{name: c.Get("function.name").String()}
				}
				streamed[i].args += c.Get("function.arguments").String()
			}
		}
		for i, c := range test.want {
			if s := streamed[int64(i)]; s == nil || *s != c {
				t.Errorf("%q: streamed %v, want %v", prompt, s, c)
			}
		}
	}
}

func TestToolResultIsAnswered(t *testing.T) {
	r := reply(t, "/v1/chat/completions", `{"model":"m","messages":[{"role":"user","content":"get_weather"},{"role":"assistant","tool_calls":[{"id":"a","function":{"name":"get_weather","arguments":"{}"}}]},{"role":"tool","content":"18 C"}],`+tools+`}`)
	if text := r.Get("choices.0.message.content").String(); !strings.HasPrefix(text, "The tool answered: 18 C") {
		t.Errorf("%q", text)
	}
}

func TestStructuredOutput(t *testing.T) {
	r := reply(t, "/v1/chat/completions", fmt.Sprintf(hello, `,"response_format":{"type":"json_object"}`))
	if v := gjson.Get(r.Get("choices.0.message.content").String(), "reply"); !strings.Contains(v.String(), "Hello there") {
		t.Errorf("%s", r.Raw)
	}
	r = reply(t, "/v1/chat/completions", fmt.Sprintf(hello, `,"response_format":{"type":"json_schema","json_schema":{"schema":{"type":"object","properties":{"who":{"type":"string"},"age":{"type":"integer","minimum":18}}}}}`))
	if got := r.Get("choices.0.message.content").String(); got != `{"who":"there","age":18}` {
		t.Errorf("%s", got)
	}
}

func TestMessages(t *testing.T) {
	const body = `{"model":"mock-claude","max_tokens":100,"system":"Be kind.","thinking":{"type":"enabled","budget_tokens":1024},"messages":[{"role":"user","content":[{"type":"text","text":"Get weather in Paris"}]}],"tools":[{"name":"get_weather","input_schema":{"type":"object","properties":{"city":{"type":"string"}}}}]%s}`
	r := reply(t, "/v1/messages", fmt.Sprintf(body, ""))
	if r.Get("stop_reason").String() != "tool_use" || r.Get("content.0.type").String() != "thinking" || r.Get("content.1.input.city").String() != "Paris" {
		t.Errorf("%s", r.Raw)
	}
	stream := post(t, New(nil), "/v1/messages", fmt.Sprintf(body, `,"stream":true`)).Body.String()
	var names []string
	var args string
	for _, frame := range strings.Split(strings.TrimSpace(stream), "\n\n") {
		name, data, ok := strings.Cut(frame, "\ndata: ")
		name = strings.TrimPrefix(name, "event: ")
		if !ok || gjson.Get(data, "type").String() != name {
			t.Fatalf("frame %q", frame)
		}
		if len(names) == 0 || names[len(names)-1] != name {
			names = append(names, name)
		}
		args += gjson.Get(data, "delta.partial_json").String()
	}
	want := []string{"message_start", "ping",
		"content_block_start", "content_block_delta", "content_block_stop",
		"content_block_start", "content_block_delta", "content_block_stop",
		"message_delta", "message_stop"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Error(diff)
	}
	if args != `{"city":"Paris"}` {
		t.Errorf("arguments %s", args)
	}
	plain := reply(t, "/v1/messages", `{"model":"mock-claude","max_tokens":2,"messages":[{"role":"user","content":"Hi"}]}`)
	if plain.Get("stop_reason").String() != "max_tokens" || plain.Get("usage.input_tokens").Int() != 5 || plain.Get("usage.output_tokens").Int() != 2 {
		t.Errorf("%s", plain.Raw)
	}
	count := reply(t, "/v1/messages/count_tokens", `{"model":"mock-claude","messages":[{"role":"user","content":"Hi"}]}`)
	if count.Get("input_tokens").Int() != 5 {
		t.Errorf("%s", count.Raw)
	}
}

func TestCompletions(t *testing.T) {
	r := reply(t, "/v1/completions", `{"model":"mock-gpt","prompt":"Once upon"}`)
	text := r.Get("choices.0.text").String()
	if !strings.Contains(text, "Once upon") || r.Get("object").String() != "text_completion" {
		t.Errorf("%s", r.Raw)
	}
	var streamed string
	data := dataOf(t, post(t, New(nil), "/v1/completions", `{"model":"mock-gpt","prompt":"Once upon","stream":true}`).Body.String())
	for _, d := range data[:len(data)-1] {
		streamed += gjson.Get(d, "choices.0.text").String()
	}
	if streamed != text {
		t.Errorf("streamed %q, want %q", streamed, text)
	}
}

func TestEmbeddings(t *testing.T) {
	r := reply(t, "/v1/embeddings", `{"model":"mock-embed","input":["How do I reset my password?","how can I reset my password","Weather in Paris"],"dimensions":256}`)
	var v [3][]float64
	for i := range v {
		for _, x := range r.Get(fmt.Sprintf("data.%d.embedding", i)).Array() {
			v[i] = append(v[i], x.Float())
		}
		if len(v[i]) != 256 || math.Abs(dot(v[i], v[i])-1) > 1e-4 {
			t.Fatalf("vector %d: %d numbers, square %v", i, len(v[i]), dot(v[i], v[i]))
		}
	}
	if near, far := dot(v[0], v[1]), dot(v[0], v[2]); near < 0.7 || far > 0.4 {
		t.Errorf("similar texts %.2f, other texts %.2f", near, far)
	}
	b64 := reply(t, "/v1/embeddings", `{"model":"mock-embed","input":"Weather in Paris","dimensions":256,"encoding_format":"base64"}`)
	raw, err := base64.StdEncoding.DecodeString(b64.Get("data.0.embedding").String())
	if err != nil || len(raw) != 4*256 {
		t.Fatalf("%d bytes, %v", len(raw), err)
	}
	for i := range 256 {
		if x := math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:])); math.Abs(float64(x)-v[2][i]) > 1e-6 {
			t.Fatalf("number %d: %v, want %v", i, x, v[2][i])
		}
	}
	if n := len(reply(t, "/v1/embeddings", `{"model":"mock-embed","input":[1,2,3]}`).Get("data.0.embedding").Array()); n != 1536 {
		t.Errorf("%d dimensions", n)
	}
}

func dot(a, b []float64) (sum float64) {
	for i := range a {
		sum += a[i] * b[i]
	}
	return sum
}

func TestModels(t *testing.T) {
	if n := len(reply(t, "/v1/models", "").Get("data").Array()); n != 3 {
		t.Errorf("%d models", n)
	}
	if id := reply(t, "/v1/models/mock-embed", "").Get("id").String(); id != "mock-embed" {
		t.Errorf("model %q", id)
	}
}

func TestBadRequests(t *testing.T) {
	for _, test := range []struct {
		path, body string
		status     int
		want       string
	}{
		{"/v1/nothing", "{}", 404, "it offers"},
		{"/v1/models/other", "", 404, "no model"},
		{"/v1/chat/completions", "", 405, "want POST"},
		{"/v1/chat/completions", "{", 400, "not a JSON object"},
		{"/v1/chat/completions", "[]", 400, "not a JSON object"},
		{"/v1/chat/completions", `{"messages":[]}`, 400, "model: is missing"},
		{"/v1/chat/completions", `{"model":"m"}`, 400, "messages: is missing"},
		{"/v1/messages", `{"model":"m","messages":[{}]}`, 400, "max_tokens"},
		{"/v1/messages", `{"model":"m","max_tokens":1}`, 400, "messages: is missing"},
		{"/v1/completions", `{"model":"m"}`, 400, "prompt"},
		{"/v1/embeddings", `{"model":"m"}`, 400, "input"},
		{"/v1/embeddings", `{"model":"m","input":"x","dimensions":9999}`, 400, "dimensions"},
		{"/v1/embeddings", `{"model":"m","input":"x","encoding_format":"hex"}`, 400, "encoding_format"},
	} {
		w := post(t, New(nil), test.path, test.body)
		message := gjson.Get(w.Body.String(), "error.message").String()
		if w.Code != test.status || !strings.Contains(message, test.want) {
			t.Errorf("%s %s: %d %s, want %d and %q", test.path, test.body, w.Code, w.Body, test.status, test.want)
		}
	}
}

func FuzzRequests(f *testing.F) {
	f.Add("/v1/chat/completions", fmt.Sprintf(hello, ","+tools+`,"stream":true,"tool_choice":"required"`))
	f.Add("/v1/messages", `{"model":"m","max_tokens":9,"messages":[{"content":[{"type":"tool_result","content":[]}]}]}`)
	f.Add("/v1/embeddings", `{"model":"m","input":["a"],"dimensions":3}`)
	h := New(nil)
	f.Fuzz(func(t *testing.T, path, body string) {
		if !strings.HasPrefix(path, "/v1/") || strings.ContainsAny(path, " \r\n%?#\x00\x7f") {
			t.Skip("skipped: not a path that the mock is given")
		}
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
		r.URL.Path = path
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		b, _ := io.ReadAll(w.Result().Body)
		if !strings.HasPrefix(w.Header().Get("Content-Type"), "text/event-stream") && !json.Valid(b) {
			t.Errorf("not JSON: %s", b)
		}
	})
}
