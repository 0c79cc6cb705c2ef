package bedrock

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/eventstream"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/codec/sse"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/dialect/anthropic"
	"github.com/portico-ai/portico/internal/dialect/openai"
	"github.com/portico-ai/portico/test/corpus"
)

const model = "bedrock/bedrock-runtime.service-2.json"

const claudeModel = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"

func conversion() *dialect.Conversion {
	return &dialect.Conversion{Op: ai.Chat, Model: claudeModel, ID: "fallback-id", Now: 1700000000}
}

// stream is an ai.Stream of text.
type stream struct{ *sse.Reader }

// Close implements ai.Stream.
func (stream) Close() error { return nil }

func streamOf(text string) ai.Stream { return stream{sse.NewReader(strings.NewReader(text), 1<<20)} }

func drain(s ai.Stream) (string, error) {
	var out bytes.Buffer
	for {
		chunk, err := s.Next()
		if err != nil {
			return out.String(), err
		}
		out.Write(chunk)
	}
}

// streamText is a recorded stream as server-sent events, "" if the exchange is
// none: read from Amazon's framing, or put together where only payloads were
// kept, each as {"<event>": payload}.
func streamText(t *testing.T, e *corpus.Exchange) string {
	t.Helper()
	var binary struct{ Base64 []byte }
	switch e.Chunking {
	case "sse-data":
		var out []byte
		for _, payload := range e.ResponseChunks {
			for name, data := range jsonedit.Members([]byte(payload)) {
				out = sse.AppendEvent(out, string(name), data)
			}
		}
		return string(out)
	case "network-base64":
		for _, chunk := range e.ResponseChunks {
			b, err := base64.StdEncoding.DecodeString(chunk)
			if err != nil {
				t.Fatal(err)
			}
			binary.Base64 = append(binary.Base64, b...)
		}
	case "eventstream-base64":
		if err := json.Unmarshal(e.ResponseBody, &binary); err != nil {
			t.Fatal(err)
		}
	default:
		return ""
	}
	text, err := io.ReadAll(eventstream.NewReader(bytes.NewReader(binary.Base64), 1<<20))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestCorpus(t *testing.T) {
	request, response := corpus.AWSShape(t, model, "ConverseStreamRequest", false), corpus.AWSShape(t, model, "ConverseResponse", true)
	for _, e := range corpus.Exchanges(t, "bedrock", "converse") {
		t.Run(e.ID, func(t *testing.T) {
			if jsonedit.Kind(e.RequestBody) == '{' && e.Status == 200 && jsonedit.Get(e.RequestBody, "b64") == nil {
				checkRequest(t, request, e)
			}
			switch text := streamText(t, e); {
			case e.Status >= 400:
				checkError(t, e)
			case text != "":
				checkStream(t, text)
			case jsonedit.Get(e.Body(), "output") != nil:
				checkReply(t, response, e.Body())
			default:
				t.Skipf("skipped: the recorded answer is no message: %.80s", e.Body())
			}
		})
	}
}

func validate(schema *jsonschema.Schema, doc []byte) error {
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(doc))
	if err != nil {
		return fmt.Errorf("%w in %s", err, doc)
	}
	if err := schema.Validate(v); err != nil {
		return fmt.Errorf("%w\nin %.2000s", err, doc)
	}
	return nil
}

// checkRequest translates a request to the hub and back: what comes back is what
// the service takes, and the same where nothing was lost.
func checkRequest(t *testing.T, schema *jsonschema.Schema, e *corpus.Exchange) {
	t.Helper()
	for _, strict := range []bool{true, false} {
		cv, again := conversion(), conversion()
		cv.Strict, cv.Model, again.Model = strict, e.Model, e.Model
		hub, err := New().RequestToHub(cv, e.RequestBody)
		if err != nil {
			t.Fatalf("to the hub: %v", err)
		}
		if _, err := jsonedit.Scan(hub); err != nil {
			t.Fatalf("to the hub: %v\n%s", err, hub)
		}
		back, err := New().RequestFromHub(again, hub)
		if err != nil {
			t.Fatalf("from the hub: %v\n%s", err, hub)
		}
		if validate(schema, e.RequestBody) == nil {
			if err := validate(schema, back); err != nil {
				t.Errorf("strict %v: %v", strict, err)
			}
		}
		if strict || len(cv.Receipts)+len(again.Receipts) > 0 {
			continue
		}
		if diff := cmp.Diff(normal(t, e.RequestBody), normal(t, back)); diff != "" {
			t.Errorf("there and back (-want +got):\n%s", diff)
		}
	}
}

// normal is a request without what says nothing, and with texts of JSON decoded.
func normal(t *testing.T, body []byte) any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal(body, &v); err != nil {
		t.Fatal(err)
	}
	delete(v, "modelId")
	clean(v)
	mergeTurns(v)
	for _, path := range []string{"system", "messages"} {
		if list, ok := v[path].([]any); ok && len(list) == 0 {
			delete(v, path)
		}
	}
	return v
}

// mergeTurns makes turns of one role in a row one turn.
func mergeTurns(v map[string]any) {
	list, _ := v["messages"].([]any)
	var merged []any
	for _, m := range list {
		turn := m.(map[string]any)
		if n := len(merged); n > 0 && merged[n-1].(map[string]any)["role"] == turn["role"] {
			last := merged[n-1].(map[string]any)
			last["content"] = append(last["content"].([]any), turn["content"].([]any)...)
			continue
		}
		merged = append(merged, turn)
	}
	v["messages"] = merged
}

func clean(v any) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = clean(v[i])
		}
	case map[string]any:
		for key, member := range v {
			v[key] = clean(member)
			switch m := v[key].(type) {
			case nil:
				delete(v, key)
			case []any:
				if len(m) == 0 {
					delete(v, key)
				}
			case map[string]any:
				if len(m) == 0 && key != "input" && key != "auto" && key != "any" {
					delete(v, key)
				}
			case string:
				var doc any
				if key == "schema" && json.Unmarshal([]byte(m), &doc) == nil {
					v[key] = closed(doc)
				}
				if key == "name" && v["source"] != nil { // a document's, which may not have "_"
					v[key] = strings.ReplaceAll(m, "_", "-")
				}
				if key == "status" && m == "success" {
					delete(v, key)
				}
			}
		}
	}
	return v
}

// closed is a schema of which every object is closed.
func closed(v any) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = closed(v[i])
		}
	case map[string]any:
		for key := range v {
			v[key] = closed(v[key])
		}
		if v["type"] == "object" {
			v["additionalProperties"] = false
		}
	}
	return v
}

func checkError(t *testing.T, e *corpus.Exchange) {
	t.Helper()
	got := New().ParseError(e.Status, e.Body())
	var want struct{ Message string }
	if err := json.Unmarshal(e.Body(), &want); err != nil {
		t.Fatal(err)
	}
	if got.Status != e.Status || got.Message != want.Message || got.Kind != ai.Upstream {
		t.Errorf("got %+v, want status %d and %q", got, e.Status, want.Message)
	}
}

// told is what an answer says, in either format, read with encoding/json.
type told struct {
	Text     string
	Thoughts string
	Tools    []toldTool
	Usage    ai.Usage
}

type toldTool struct {
	ID, Name string
	Input    any
}

type converseReply struct {
	Output struct {
		Message struct{ Content []converseBlock }
	}
	StopReason string
	Usage      converseUsage
}

type converseUsage struct {
	In    int64 `json:"inputTokens"`
	Out   int64 `json:"outputTokens"`
	Read  int64 `json:"cacheReadInputTokens"`
	Write int64 `json:"cacheWriteInputTokens"`
	Total int64 `json:"totalTokens"`
}

func (u converseUsage) usage() ai.Usage {
	return ai.Usage{Known: true, InputTokens: u.In + u.Read + u.Write, OutputTokens: u.Out, CacheReadTokens: u.Read, CacheWriteTokens: u.Write}
}

type converseBlock struct {
	Text    string
	ToolUse *struct {
		ID    string `json:"toolUseId"`
		Name  string
		Input any
		Type  string
	}
	Reasoning *struct {
		Text     struct{ Text, Signature string } `json:"reasoningText"`
		Redacted string                           `json:"redactedContent"`
	} `json:"reasoningContent"`
}

func (r *converseReply) told() (s told) {
	for _, b := range r.Output.Message.Content {
		s.Text += b.Text
		if b.ToolUse != nil && b.ToolUse.Type != "server_tool_use" {
			if b.ToolUse.Input == "" {
				b.ToolUse.Input = map[string]any{}
			}
			s.Tools = append(s.Tools, toldTool{b.ToolUse.ID, b.ToolUse.Name, b.ToolUse.Input})
		}
		if b.Reasoning != nil {
			s.Thoughts += b.Reasoning.Text.Text + "|" + b.Reasoning.Text.Signature + "|" + b.Reasoning.Redacted
		}
	}
	s.Usage = r.Usage.usage()
	return s
}

type hubReply struct {
	Choices []struct {
		Message struct {
			Content string
			Blocks  []struct{ Type, Thinking, Signature, Data string } `json:"content_blocks"`
			Calls   []struct {
				ID       string
				Function struct{ Name, Arguments string }
			} `json:"tool_calls"`
		}
		Finish string `json:"finish_reason"`
	}
}

func (r *hubReply) told(t *testing.T) (s told) {
	t.Helper()
	if len(r.Choices) != 1 {
		t.Fatalf("%d choices", len(r.Choices))
	}
	m := r.Choices[0].Message
	s.Text = m.Content
	for _, b := range m.Blocks {
		if strings.HasSuffix(b.Type, "thinking") {
			s.Thoughts += b.Thinking + "|" + b.Signature + "|" + b.Data
		}
	}
	for _, c := range m.Calls {
		var input any
		if err := json.Unmarshal([]byte(c.Function.Arguments), &input); err != nil {
			t.Fatalf("arguments %q: %v", c.Function.Arguments, err)
		}
		s.Tools = append(s.Tools, toldTool{c.ID, c.Function.Name, input})
	}
	return s
}

// checkReply translates a reply to the hub and back; all say the same.
func checkReply(t *testing.T, schema *jsonschema.Schema, body []byte) {
	t.Helper()
	var r converseReply
	if err := json.Unmarshal(body, &r); err != nil {
		t.Fatal(err)
	}
	want := r.told()
	if got := New().Usage(ai.Chat, body); got != want.Usage {
		t.Errorf("usage %+v, want %+v", got, want.Usage)
	}
	if r.Usage.Total > 0 && r.Usage.Total != want.Usage.TotalTokens() {
		t.Logf("the provider's total is %d, not %d", r.Usage.Total, want.Usage.TotalTokens())
	}
	cv := conversion()
	hub, err := New().ReplyToHub(cv, body)
	if err != nil {
		t.Fatal(err)
	}
	var h hubReply
	if err := json.Unmarshal(hub, &h); err != nil {
		t.Fatalf("%v\n%s", err, hub)
	}
	got := h.told(t)
	got.Usage = openai.Format{}.Usage(ai.Chat, hub)
	got.Usage.ServiceTier = ""
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("in the hub (-want +got):\n%s", diff)
	}
	if h.Choices[0].Finish != r.StopReason {
		t.Errorf("finish %q, want %q", h.Choices[0].Finish, r.StopReason)
	}
	back, err := New().ReplyFromHub(conversion(), hub)
	if err != nil {
		t.Fatal(err)
	}
	if err := validate(schema, back); err != nil {
		t.Errorf("back from the hub: %v", err)
	}
	var again converseReply
	if err := json.Unmarshal(back, &again); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, again.told()); diff != "" {
		t.Errorf("back from the hub (-want +got):\n%s", diff)
	}
}

// fold puts a stream of Converse together, with encoding/json.
func fold(t *testing.T, text string) (s told, stop string) {
	t.Helper()
	tools, inputs := map[int]*toldTool{}, map[int]string{}
	last := -1
	for block := range strings.SplitSeq(text, "\n\n") {
		name, data, _ := strings.Cut(block, "\n")
		if data == "" {
			continue
		}
		var e struct {
			Index int `json:"contentBlockIndex"`
			Start struct {
				ToolUse *struct {
					ID         string `json:"toolUseId"`
					Name, Type string
				}
			}
			Delta struct {
				Text      string
				ToolUse   struct{ Input string }
				Reasoning struct {
					Text, Signature string
					Redacted        string `json:"redactedContent"`
				} `json:"reasoningContent"`
			}
			StopReason string
			Usage      *converseUsage
		}
		if err := json.Unmarshal([]byte(strings.TrimPrefix(data, "data: ")), &e); err != nil {
			t.Fatalf("%v in %s", err, block)
		}
		switch strings.TrimPrefix(name, "event: ") {
		case "contentBlockStart":
			if u := e.Start.ToolUse; u != nil && u.Type != "server_tool_use" {
				tools[e.Index] = &toldTool{ID: u.ID, Name: u.Name}
			}
			last = max(last, e.Index)
		case "contentBlockDelta":
			s.Text += e.Delta.Text
			s.Thoughts += e.Delta.Reasoning.Text + e.Delta.Reasoning.Signature + e.Delta.Reasoning.Redacted
			inputs[e.Index] += e.Delta.ToolUse.Input
			last = max(last, e.Index)
		case "messageStop":
			stop = e.StopReason
		case "metadata":
			if e.Usage != nil {
				s.Usage = e.Usage.usage()
			}
		}
	}
	for i := 0; i <= last; i++ {
		if tool := tools[i]; tool != nil {
			tool.Input = map[string]any{}
			if inputs[i] != "" {
				if err := json.Unmarshal([]byte(inputs[i]), &tool.Input); err != nil {
					tool.Input = inputs[i]
				}
			}
			s.Tools = append(s.Tools, *tool)
		}
	}
	return s, stop
}

// foldHub puts a stream of the hub together, with encoding/json.
func foldHub(t *testing.T, text string) (s told, finish string, done bool) {
	t.Helper()
	args := []string{}
	for block := range strings.SplitSeq(text, "\n\n") {
		data := strings.TrimPrefix(block, "data: ")
		if data == "[DONE]" {
			done = true
		}
		if !strings.HasPrefix(data, "{") {
			continue
		}
		var chunk struct {
			Choices []struct {
				Delta struct {
					Content string
					Blocks  []struct {
						Delta struct{ Thinking, Signature, Data string }
					} `json:"content_blocks"`
					Calls []struct {
						Index    int
						ID       string
						Function struct{ Name, Arguments string }
					} `json:"tool_calls"`
				}
				Finish string `json:"finish_reason"`
			}
		}
		if err := json.Unmarshal([]byte(data), &chunk); err != nil {
			t.Fatalf("%v in %s", err, data)
		}
		if u := (openai.Format{}).Usage(ai.Chat, []byte(data)); u.Known {
			s.Usage = u
			s.Usage.ServiceTier = ""
		}
		for _, c := range chunk.Choices {
			s.Text += c.Delta.Content
			for _, b := range c.Delta.Blocks {
				s.Thoughts += b.Delta.Thinking + b.Delta.Signature + b.Delta.Data
			}
			for _, call := range c.Delta.Calls {
				if call.Index == len(s.Tools) {
					s.Tools, args = append(s.Tools, toldTool{ID: call.ID, Name: call.Function.Name}), append(args, "")
				}
				args[call.Index] += call.Function.Arguments
			}
			if c.Finish != "" {
				finish = c.Finish
			}
		}
	}
	for i := range s.Tools {
		if err := json.Unmarshal([]byte(args[i]), &s.Tools[i].Input); err != nil {
			s.Tools[i].Input = args[i]
		}
	}
	return s, finish, done
}

// checkStream follows and translates a stream, there and back.
func checkStream(t *testing.T, text string) {
	t.Helper()
	want, stop := fold(t, text)
	w := New().Watch(ai.Chat)
	w.Observe([]byte(text))
	if w.Usage() != want.Usage && want.Usage.Known || !w.Finished() || !w.Meaningful() || w.Err() != nil {
		t.Errorf("watched: %+v, finished %v, error %v", w.Usage(), w.Finished(), w.Err())
	}
	if !w.Done() { // the recording lacks the last event, which the gateway then supplies
		text += "event: metadata\ndata: {}\n\n"
	}
	out, err := drain(New().StreamToHub(conversion(), streamOf(text)))
	if err != io.EOF {
		t.Fatal(err)
	}
	got, finish, done := foldHub(t, out)
	if diff := cmp.Diff(want, got); diff != "" || finish != stop || !done {
		t.Errorf("finish %q, want %q; done %v; in the hub (-want +got):\n%s", finish, stop, done, diff)
	}
	back, err := drain(New().StreamFromHub(conversion(), streamOf(out)))
	if err != io.EOF {
		t.Fatal(err)
	}
	again, stopAgain := fold(t, back)
	if again.Usage == (ai.Usage{Known: true}) {
		again.Usage.Known = want.Usage.Known
	}
	if diff := cmp.Diff(want, again); diff != "" || stopAgain != stop {
		t.Errorf("stop %q, want %q; back from the hub (-want +got):\n%s", stopAgain, stop, diff)
	}
}

// A stream that is cut anywhere before its last event does not end, in either
// direction.
func TestCutStreams(t *testing.T) {
	n := 0
	for _, e := range corpus.Exchanges(t, "bedrock", "converse") {
		text := streamText(t, e)
		if text == "" || len(text) > 20000 || !strings.Contains(text, "event: metadata") {
			continue
		}
		n++
		end := len(strings.TrimRight(text, "\n"))
		for i := 0; i < end; i += 1 + len(text)/500 {
			w := New().Watch(ai.Chat)
			r := sse.NewReader(strings.NewReader(text[:i]), 1<<20)
			for {
				chunk, err := r.Next()
				if err != nil {
					break
				}
				w.Observe(chunk)
			}
			if w.Done() {
				t.Fatalf("%s: cut at %d of %d it looks done", e.ID, i, len(text))
			}
			out, _ := drain(New().StreamToHub(conversion(), streamOf(text[:i])))
			if strings.Contains(out, "[DONE]") {
				t.Fatalf("%s: cut at %d of %d it ends", e.ID, i, len(text))
			}
		}
	}
	t.Logf("%d streams cut", n)
}

// Requests that other projects wrote in several formats to mean the same, and the
// answers that came back.
func TestPairs(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(corpus.Dir(t), "translations", "pairs", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	schema, response := corpus.AWSShape(t, model, "ConverseStreamRequest", false), corpus.AWSShape(t, model, "ConverseResponse", true)
	requests, replies, streams := 0, 0, 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		formats := jsonedit.Get(text, "formats")
		t.Run(filepath.Base(file), func(t *testing.T) {
			for _, source := range []string{"chat-completions"} {
				for _, turn := range []string{"request", "followup_request"} {
					hub := jsonedit.Get(formats, source, turn)
					if hub == nil {
						continue
					}
					body, err := New().RequestFromHub(conversion(), hub)
					if e, ok := errors.AsType[*ai.Error](err); ok && strings.Contains(e.Message, "fetches nothing from the web") {
						continue
					}
					if err != nil {
						t.Error(err)
						continue
					}
					requests++
					if err := validate(schema, body); err != nil {
						t.Errorf("%s: %v", turn, err)
					}
				}
			}
			for _, turn := range []string{"response", "followup_response"} {
				if body := jsonedit.Get(formats, "bedrock", turn); jsonedit.Get(body, "output") != nil {
					replies++
					checkReply(t, response, body)
				}
				if events := jsonedit.Get(formats, "bedrock", turn+"_events"); events != nil {
					streams++
					checkStream(t, unwrapped(events))
				}
			}
		})
	}
	t.Logf("%d requests, %d replies, %d streams", requests, replies, streams)
}

// unwrapped is a list of {"<event>": payload} as server-sent events.
func unwrapped(events []byte) string {
	var out []byte
	for event := range jsonedit.Elements(events) {
		for name, data := range jsonedit.Members(event) {
			out = sse.AppendEvent(out, string(name), data)
		}
	}
	return string(out)
}

// What another project sends and what came back: a second opinion on requests,
// and replies and streams that are real.
func TestTransforms(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(corpus.Dir(t), "translations", "transforms", "chat-completions_to_bedrock", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatal(err, len(files))
	}
	schema, response := corpus.AWSShape(t, model, "ConverseStreamRequest", false), corpus.AWSShape(t, model, "ConverseResponse", true)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(filepath.Base(file), func(t *testing.T) {
			cv := conversion()
			cv.Model = jsonedit.Text(jsonedit.Get(text, "expected_request", "modelId"))
			body, err := New().RequestFromHub(cv, jsonedit.Get(text, "source_request"))
			if e, ok := errors.AsType[*ai.Error](err); ok && strings.Contains(e.Message, "fetches nothing from the web") {
				if !strings.Contains(string(jsonedit.Get(text, "provider_response")), "Could not process image") {
					t.Error("an image by its address was refused here, and taken there")
				}
			} else if err != nil {
				t.Error(err)
			} else if err := validate(schema, body); err != nil {
				t.Error(err)
			}
			if body := jsonedit.Get(text, "provider_response"); jsonedit.Get(body, "output") != nil {
				checkReply(t, response, body)
			}
			if events := jsonedit.Get(text, "provider_stream_events"); length(events) > 0 && !strings.Contains(string(events), `"Exception"`) {
				checkStream(t, unwrapped(events))
			}
		})
	}
}

// What recorded requests for OpenAI become is what the service takes.
func TestRequestsKeepToTheModel(t *testing.T) {
	schema := corpus.AWSShape(t, model, "ConverseStreamRequest", false)
	checked, refused := 0, 0
	recorded := append(corpus.Exchanges(t, "openai", "chat.completions"), corpus.Exchanges(t, "anthropic", "messages")...)
	for _, id := range []string{claudeModel, "amazon.nova-pro-v1:0", "openai.gpt-oss-120b-1:0", "arn:aws:bedrock:us-east-1:1:application-inference-profile/abc"} {
		for _, e := range recorded {
			if jsonedit.Kind(e.RequestBody) != '{' || e.Status >= 400 || jsonedit.Get(e.RequestBody, "messages") == nil || string(jsonedit.Get(e.RequestBody, "max_tokens")) == "0" {
				continue
			}
			cv := conversion()
			cv.Model = id
			hub, err := []byte(e.RequestBody), error(nil)
			if e.Provider == "anthropic" {
				hub, err = anthropic.New().RequestToHub(cv, hub)
			}
			if err != nil {
				t.Fatal(err)
			}
			body, err := New().RequestFromHub(cv, hub)
			if fault, ok := errors.AsType[*ai.Error](err); ok && fault.Kind == ai.Invalid &&
				(strings.Contains(fault.Message, "fetches nothing from the web") || strings.Contains(fault.Message, "has no files")) {
				refused++
				continue
			}
			if err != nil {
				t.Errorf("%s: %v", e.ID, err)
				continue
			}
			checked++
			if err := validate(schema, body); err != nil {
				t.Errorf("%s for %s: %v", e.ID, id, err)
			}
		}
	}
	t.Logf("%d requests kept to the model, %d were refused for what Bedrock does not fetch", checked, refused)
}
