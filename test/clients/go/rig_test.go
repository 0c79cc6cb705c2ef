// Package clients drives the official Go SDKs against the real binary. It is a
// module of its own, so that the server does not depend on them; test/clients/run
// starts it.
package clients

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

var (
	origin       = os.Getenv("PORTICO_URL")
	adminKey     = os.Getenv("ADMIN_KEY")
	workspaceKey = os.Getenv("WORKSPACE_KEY")
	corpus       = os.Getenv("PORTICO_CORPUS")

	cases  map[string]map[string][]*string // provider, use: the recording, and the hand-written case for a clone without the corpus
	prices map[string][2]float64           // "provider model": dollars per million tokens
)

var models = map[string]string{"openai": "gpt-4o-mini", "anthropic": "claude-sonnet-4-6"}

func TestMain(m *testing.M) {
	if origin == "" {
		fmt.Fprintln(os.Stderr, "PORTICO_URL is not set: these tests are started by test/clients/run")
		os.Exit(1)
	}
	for file, into := range map[string]any{"recordings.json": &cases, "prices.json": &prices} {
		if err := readJSON(filepath.Join("..", "rig", file), into); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

func readJSON(file string, into any) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	return json.Unmarshal(data, into)
}

// both runs a test against either provider, each time with an upstream that has
// forgotten all.
func both(t *testing.T, test func(t *testing.T, provider string)) {
	for _, provider := range []string{"openai", "anthropic"} {
		t.Run(provider, func(t *testing.T) {
			reset(t)
			test(t, provider)
		})
	}
}

// recording is what a provider answered: its body, or for a stream the events' data.
type recording struct {
	Case   string
	Status int               `json:"status"`
	Body   json.RawMessage   `json:"response_body"`
	Chunks []string          `json:"response_chunks"`
	Events []json.RawMessage `json:"-"`
}

// replay answers all requests of a provider with a recording from now on; the
// test is skipped if there is none.
func replay(t *testing.T, provider, use string) recording {
	t.Helper()
	r := load(t, provider, use)
	script(t, provider, map[string]any{"case": r.Case, "times": -1})
	return r
}

func load(t *testing.T, provider, use string) recording {
	t.Helper()
	names := append(cases[provider][use], nil)
	var r recording
	var file string
	switch {
	case corpus != "" && names[0] != nil:
		r.Case = *names[0]
		file = filepath.Join(corpus, "http", provider, r.Case+".json")
	case names[1] != nil:
		r.Case = *names[1]
		file = filepath.Join("..", "..", "upstream", "testdata", provider+"__"+r.Case+".json")
	default:
		t.Skipf("needs recorded traffic (%s: %s); set PORTICO_CORPUS", provider, use)
	}
	must(t, readJSON(file, &r))
	for block := range strings.SplitSeq(strings.ReplaceAll(strings.Join(r.Chunks, ""), "\r\n", "\n"), "\n\n") {
		for line := range strings.Lines(block) {
			data, found := strings.CutPrefix(line, "data:")
			if data = strings.TrimSpace(data); found && data != "[DONE]" {
				r.Events = append(r.Events, json.RawMessage(data))
			}
		}
	}
	return r
}

// toolCall is a call as either format tells it.
type toolCall struct{ ID, Name, Input string }

func newCall(id, name, input string) toolCall {
	var compact bytes.Buffer
	if err := json.Compact(&compact, []byte(input)); err != nil {
		return toolCall{id, name, "not JSON: " + input}
	}
	return toolCall{id, name, compact.String()}
}

// content is what a reply holds, read without the SDKs' help.
type content struct {
	Text          string
	Calls         []toolCall
	Model         string
	Input, Output int64
}

// holds reads a recording in its provider's format.
func (r recording) holds(t *testing.T, provider string) content {
	t.Helper()
	if provider == "openai" {
		return r.chat(t)
	}
	return r.message(t)
}

func (r recording) chat(t *testing.T) (c content) {
	type part struct {
		Content   string
		ToolCalls []struct {
			Index    int
			ID       string
			Function struct{ Name, Arguments string }
		} `json:"tool_calls"`
	}
	events := r.Events
	if r.Body != nil && string(r.Body) != "null" {
		events = []json.RawMessage{r.Body}
	}
	var calls []toolCall
	for _, event := range events {
		var reply struct {
			Model   string
			Choices []struct{ Message, Delta part }
			Usage   struct {
				Prompt     int64 `json:"prompt_tokens"`
				Completion int64 `json:"completion_tokens"`
			}
		}
		must(t, json.Unmarshal(event, &reply))
		c.Model = reply.Model
		c.Input, c.Output = max(c.Input, reply.Usage.Prompt), max(c.Output, reply.Usage.Completion)
		for _, choice := range reply.Choices {
			c.Text += choice.Message.Content + choice.Delta.Content
			for _, call := range choice.Message.ToolCalls {
				calls = append(calls, toolCall{call.ID, call.Function.Name, call.Function.Arguments})
			}
			for _, call := range choice.Delta.ToolCalls {
				for len(calls) <= call.Index {
					calls = append(calls, toolCall{})
				}
				at := &calls[call.Index]
				at.ID, at.Name, at.Input = at.ID+call.ID, at.Name+call.Function.Name, at.Input+call.Function.Arguments
			}
		}
	}
	for _, call := range calls {
		c.Calls = append(c.Calls, newCall(call.ID, call.Name, call.Input))
	}
	return c
}

func (r recording) message(t *testing.T) (c content) {
	type usage struct {
		Input  int64 `json:"input_tokens"`
		Output int64 `json:"output_tokens"`
	}
	type block struct {
		Type, ID, Name, Text string
		Input                json.RawMessage
	}
	type message struct {
		Model   string
		Content []block
		Usage   usage
	}
	if r.Events == nil {
		var m message
		must(t, json.Unmarshal(r.Body, &m))
		c = content{Model: m.Model, Input: m.Usage.Input, Output: m.Usage.Output}
		for _, b := range m.Content {
			c.Text += b.Text
			if b.Type == "tool_use" {
				c.Calls = append(c.Calls, newCall(b.ID, b.Name, string(b.Input)))
			}
		}
		return c
	}
	for _, event := range r.Events {
		var e struct {
			Type         string
			Message      message
			ContentBlock block `json:"content_block"`
			Delta        struct {
				Text    string
				Partial string `json:"partial_json"`
			}
			Usage usage
		}
		must(t, json.Unmarshal(event, &e))
		switch e.Type {
		case "message_start":
			c.Model, c.Input = e.Message.Model, e.Message.Usage.Input
		case "message_delta":
			c.Output = e.Usage.Output
		case "content_block_start":
			if e.ContentBlock.Type == "tool_use" {
				c.Calls = append(c.Calls, toolCall{e.ContentBlock.ID, e.ContentBlock.Name, ""})
			}
		case "content_block_delta":
			c.Text += e.Delta.Text
			if e.Delta.Partial != "" {
				c.Calls[len(c.Calls)-1].Input += e.Delta.Partial
			}
		}
	}
	for i, call := range c.Calls {
		c.Calls[i] = newCall(call.ID, call.Name, call.Input)
	}
	return c
}

// failure is the message of a recorded error.
func (r recording) failure(t *testing.T) string {
	var reply struct{ Error struct{ Message string } }
	must(t, json.Unmarshal(r.Body, &reply))
	return reply.Error.Message
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// fetch calls a server of the rig and reads its JSON.
func fetch(t *testing.T, method, address, key string, body, into any) {
	t.Helper()
	var sent io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		must(t, err)
		sent = bytes.NewReader(data)
	}
	request, err := http.NewRequestWithContext(t.Context(), method, address, sent)
	must(t, err)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("X-Portkey-Api-Key", key)
	reply, err := http.DefaultClient.Do(request)
	must(t, err)
	defer reply.Body.Close()
	text, err := io.ReadAll(reply.Body)
	must(t, err)
	if reply.StatusCode >= 300 {
		t.Fatalf("%s %s: %s: %s", method, address, reply.Status, text)
	}
	if into != nil {
		must(t, json.Unmarshal(text, into))
	}
}

func reset(t *testing.T) {
	t.Helper()
	fetch(t, "POST", os.Getenv("UPSTREAM_URL")+"/__reset", "", struct{}{}, nil)
}

// script tells how a provider answers its next requests, a step each.
func script(t *testing.T, provider string, steps ...map[string]any) {
	t.Helper()
	fetch(t, "POST", os.Getenv("UPSTREAM_URL")+"/__script", "", map[string]any{"provider": provider, "steps": steps}, nil)
}

type request struct{ Path, Body string }

// requests lists what a provider has received since the last reset.
func requests(t *testing.T, provider string) []request {
	t.Helper()
	var journal struct{ Requests []request }
	fetch(t, "GET", os.Getenv("UPSTREAM_URL")+"/__requests?provider="+provider, "", nil, &journal)
	return journal.Requests
}

var slugs sync.Map

// virtualKey gives the slug of this run's virtual key for a provider.
func virtualKey(t *testing.T, provider string) string {
	t.Helper()
	if slug, made := slugs.Load(provider); made {
		return slug.(string)
	}
	var made struct{ Slug string }
	fetch(t, "POST", origin+"/v1/virtual-keys", adminKey, map[string]string{"name": "go " + provider, "provider": provider, "key": "sk-go-" + provider}, &made)
	slugs.Store(provider, made.Slug)
	return made.Slug
}

var traces atomic.Int64

// newTrace gives a trace id that no other request of this run has.
func newTrace() string { return fmt.Sprintf("go-%d-%d", os.Getpid(), traces.Add(1)) }

type row struct {
	Provider string `json:"ai_org"`
	Input    int64  `json:"req_units"`
	Output   int64  `json:"res_units"`
	Cost     int64  `json:"cost_nano"`
}

// logOf gives the one row of a trace. Rows are there a moment after the reply.
func logOf(t *testing.T, trace string) row {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		var page struct{ Data []row }
		fetch(t, "GET", origin+"/v1/logs?trace_id="+url.QueryEscape(trace), workspaceKey, nil, &page)
		if len(page.Data) == 1 {
			return page.Data[0]
		}
		if len(page.Data) > 1 || time.Now().After(deadline) {
			t.Fatalf("%d rows of trace %s", len(page.Data), trace)
		}
	}
}

// checkLog compares a trace's row with what the provider told, at list prices.
func checkLog(t *testing.T, trace, provider string, want content) {
	t.Helper()
	price, known := prices[provider+" "+want.Model]
	if !known {
		t.Fatalf("no list price of %s %s is written down", provider, want.Model)
	}
	cost := int64(math.Round(float64(want.Input)*price[0]*1000)) + int64(math.Round(float64(want.Output)*price[1]*1000))
	if got, want := logOf(t, trace), (row{provider, want.Input, want.Output, cost}); got != want {
		t.Errorf("the log has %+v, want %+v", got, want)
	}
}
