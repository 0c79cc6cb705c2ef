package openai

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-ai/portico/internal/codec/sse"
	"github.com/portico-ai/portico/test/corpus"
)

// calls is a chunk with the parts of calls.
func calls(parts string) string {
	return chunk(`"choices":[{"index":0,"delta":{"tool_calls":[` + parts + `]},"finish_reason":null}]`)
}

// numbered is what becomes of a stream, read in two parts cut at a byte.
func numberedAt(t *testing.T, stream string, cut int) string {
	t.Helper()
	return all(t, NumberCalls(oneByOne{sse.NewReader(io.MultiReader(strings.NewReader(stream[:cut]), strings.NewReader(stream[cut:])), 1<<20)}))
}

// folded puts the calls of each choice together as OpenAI's clients do: by index,
// and nothing else. An index that is no place in the list, which makes some of them
// fail, is a fault.
func folded(t *testing.T, stream string) map[int][]string {
	t.Helper()
	type call struct{ id, name, args string }
	choices := map[int][]*call{}
	for line := range strings.SplitSeq(stream, "\n") {
		data, ok := strings.CutPrefix(line, "data: ")
		if !ok || strings.HasPrefix(data, "[DONE]") {
			continue
		}
		var c struct {
			Choices []struct {
				Index int
				Delta struct {
					ToolCalls []struct {
						Index    *int
						ID       string
						Function struct{ Name, Arguments string }
					} `json:"tool_calls"`
				}
			}
		}
		if err := json.Unmarshal([]byte(data), &c); err != nil {
			t.Fatalf("%v in %s", err, data)
		}
		for _, choice := range c.Choices {
			for _, p := range choice.Delta.ToolCalls {
				list := choices[choice.Index]
				if p.Index == nil || *p.Index < 0 || *p.Index > len(list) {
					t.Fatalf("no client knows what to do with the index in %s", data)
				}
				if *p.Index == len(list) {
					list = append(list, &call{})
					choices[choice.Index] = list
				}
				into := list[*p.Index]
				if p.ID != "" {
					into.id = p.ID
				}
				if p.Function.Name != "" {
					into.name = p.Function.Name
				}
				into.args += p.Function.Arguments
			}
		}
	}
	out := map[int][]string{}
	for index, list := range choices {
		for _, c := range list {
			out[index] = append(out[index], strings.TrimSpace(c.id+" "+c.name+c.args))
		}
	}
	return out
}

func TestNumberCalls(t *testing.T) {
	two := []string{`a f{"x":1}`, `b f{"x":2}`}
	for name, c := range map[string]struct {
		stream string
		want   []string
	}{
		"all at 0, whole":        {calls(`{"index":0,"id":"a","function":{"name":"f","arguments":"{\"x\":1}"}}`) + calls(`{"index":0,"id":"b","function":{"name":"f","arguments":"{\"x\":2}"}}`), two},
		"all at 0, in one chunk": {calls(`{"index":0,"id":"a","function":{"name":"f","arguments":"{\"x\":1}"}},{"index":0,"id":"b","function":{"name":"f","arguments":"{\"x\":2}"}}`), two},
		"all at 0, in pieces": {calls(`{"index":0,"id":"a","function":{"name":"f","arguments":""}}`) + calls(`{"index":0,"function":{"arguments":"{\"x\":"}}`) + calls(`{"index":0,"function":{"arguments":"1}"}}`) +
			calls(`{"index":0,"id":"b","function":{"name":"f","arguments":"{"}}`) + calls(`{"index":0,"function":{"arguments":"\"x\":2}"}}`), two},
		"all at 0, side by side by id": {calls(`{"index":0,"id":"a","function":{"name":"f"}}`) + calls(`{"index":0,"id":"b","function":{"name":"f"}}`) +
			calls(`{"index":0,"id":"a","function":{"arguments":"{\"x\":1}"}}`) + calls(`{"index":0,"id":"b","function":{"arguments":"{\"x\":2}"}}`), two},
		"all at -1": {calls(`{"index":-1,"id":"a","function":{"name":"f","arguments":"{\"x\":1}"}}`) + calls(`{"index":-1,"id":"b","function":{"name":"f","arguments":"{\"x\":2}"}}`), two},
		"from 1":    {calls(`{"index":1,"id":"a","function":{"name":"f","arguments":"{\"x\""}}`) + calls(`{"index":1,"function":{"arguments":":1}"}}`) + calls(`{"index":2,"id":"b","function":{"name":"f","arguments":"{\"x\":2}"}}`), two},
		"gaps, side by side": {calls(`{"index":0,"id":"a","function":{"name":"f"}},{"index":7,"id":"b","function":{"name":"f"}}`) +
			calls(`{"index":7,"function":{"arguments":"{\"x\":2}"}},{"index":0,"function":{"arguments":"{\"x\":1}"}}`), two},
		"no index":               {calls(`{"id":"a","function":{"name":"f","arguments":"{\"x\""}}`) + calls(`{"function":{"arguments":":1}"}}`) + calls(`{"id":"b","function":{"name":"f","arguments":"{\"x\":2}"}}`), two},
		"no index, in one chunk": {calls(`{"id":"a","function":{"name":"f","arguments":"{\"x\":1}"}},{"id":"b","function":{"name":"f","arguments":"{\"x\":2}"}}`), two},
		"no index, side by side": {calls(`{"id":"a","function":{"name":"f"}},{"id":"b","function":{"name":"f"}}`) +
			calls(`{"function":{"arguments":"{\"x\":1}"}},{"function":{"arguments":"{\"x\":2}"}}`), two},
		"null and strings":     {calls(`{"index":null,"id":"a","function":{"name":"f","arguments":"{\"x\":1}"}}`) + calls(`{"index":"1","id":"b","function":{"name":"f","arguments":"{\"x\":2}"}}`), two},
		"neither index nor id": {calls(`{"function":{"name":"f","arguments":"{\"x\":1}"}},{"function":{"name":"f","arguments":"{\"x\":2}"}}`), []string{`f{"x":1}`, `f{"x":2}`}},
		"neither, one after the other": {calls(`{"function":{"name":"f","arguments":"{\"x\""}}`) + calls(`{"function":{"name":"f","arguments":":1}"}}`) +
			calls(`{"function":{"name":"f","arguments":"{\"x\":2}"}}`), []string{`f{"x":1}`, `f{"x":2}`}},
		"all at 0 without ids":        {calls(`{"index":0,"function":{"name":"f","arguments":"{\"x\":1}"}}`) + calls(`{"index":0,"function":{"name":"g","arguments":"{}"}}`), []string{`f{"x":1}`, `g{}`}},
		"the arguments one further":   {calls(`{"index":0,"id":"a","function":{"name":"f"}}`) + calls(`{"index":1,"function":{"arguments":"{\"x\":1}"}}`), two[:1]},
		"one id, right indices":       {calls(`{"index":0,"id":"f","function":{"name":"f","arguments":"{}"}}`) + calls(`{"index":1,"id":"f","function":{"name":"f","arguments":"{}"}}`), []string{"f f{}", "f f{}"}},
		"the id in a part of its own": {calls(`{"index":0,"id":"a"}`) + calls(`{"index":0,"function":{"name":"f"}}`) + calls(`{"index":0,"function":{"arguments":"{\"x\":1}"}}`), two[:1]},
	} {
		t.Run(name, func(t *testing.T) {
			stream := chunk(`"choices":[{"index":0,"delta":{"role":"assistant","content":null,"tool_calls":[]}}]`) + c.stream + done
			for cut := range stream {
				got := folded(t, numberedAt(t, stream, cut))[0]
				if diff := cmp.Diff(c.want, got); diff != "" {
					t.Fatalf("cut at %d (-want +got):\n%s\n%s", cut, diff, numberedAt(t, stream, cut))
				}
			}
		})
	}
}

// Each choice has numbers of its own.
func TestNumberCallsOfChoices(t *testing.T) {
	both := func(part0, part1 string) string {
		return chunk(`"choices":[{"index":0,"delta":{"tool_calls":[` + part0 + `]}},{"index":1,"delta":{"tool_calls":[` + part1 + `]}}]`)
	}
	in := both(`{"index":1,"id":"a","function":{"name":"f","arguments":"{}"}}`, `{"index":1,"id":"c","function":{"name":"f","arguments":"{}"}}`) +
		both(`{"index":2,"id":"b","function":{"name":"f","arguments":"{}"}}`, `{"index":1,"function":{"arguments":" "}}`) + done
	want := map[int][]string{0: {"a f{}", "b f{}"}, 1: {"c f{}"}}
	got := folded(t, numberedAt(t, in, 0))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Only what is wrong is written anew; the rest keeps its bytes, spaces and all.
func TestNumberCallsKeepsBytes(t *testing.T) {
	right := ": ping\n\nid: 7\ndata:{\"choices\" : [ {\"index\":0, \"delta\":{\"tool_calls\":[ {\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"\"}} ]}}], \"big\":12345678901234567890}\r\n\r\n" +
		calls(`{"index":1,"id":"b","function":{"name":"f","arguments":"{}"}}, {"index":0,"function":{"arguments":"{}"}}`)
	for cut := range right {
		if got := numberedAt(t, right+done, cut); got != right+done {
			t.Fatalf("cut at %d: got %q", cut, got)
		}
	}
	wrong := `data: {"choices":[{"index":0, "x":1e2,"delta":{ "tool_calls":[{"id":"c","index": 0,"extra":{"n":12345678901234567890},"function":{"name":"f","arguments":"{}"}}]}}]}` + "\n\n"
	if got, want := numberedAt(t, right+wrong+done, 0), right+strings.Replace(wrong, `"index": 0,"extra"`, `"index": 2,"extra"`, 1)+done; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A stream that has more calls than anybody makes costs no more than its length.
func TestNumberCallsIsBounded(t *testing.T) {
	n := &numberer{}
	for i := range 10 * maxNumbered {
		data := fmt.Appendf(nil, `{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"c%d","function":{"name":"f"}}]}}]}`, i)
		n.event(data)
	}
	if got := len(n.choices[0].calls); got != maxNumbered {
		t.Errorf("%d calls are kept", got)
	}
}

// No recorded stream leaves a client with an index that it cannot place, and those
// that were right keep their bytes.
func TestNumberCallsOfRecordedStreams(t *testing.T) {
	streams, mended := 0, []string{}
	for _, e := range corpus.Exchanges(t, "", "chat.completions") {
		if e.Chunking == "line" || len(e.ResponseChunks) == 0 {
			continue
		}
		stream := strings.Join(e.ResponseChunks, "")
		if e.Chunking == "sse-data" {
			stream = "data: " + strings.Join(e.ResponseChunks, "\n\ndata: ") + "\n\n"
		}
		if !strings.Contains(stream, `"tool_calls"`) {
			continue
		}
		streams++
		got := numberedAt(t, stream, 0)
		if strings.TrimRight(got, "\r\n") != strings.TrimRight(stream, "\r\n") {
			mended = append(mended, e.ID)
		}
		folded(t, strings.ReplaceAll(strings.ReplaceAll(got, "\r", ""), "data:{", "data: {"))
	}
	want := []string{"huggingface/chat-completions__genai__genstream-tools-squareroot-1-any", "mistral-ai/chat-completions__ai__mistral-tool-call"}
	if diff := cmp.Diff(want, mended); diff != "" {
		t.Errorf("of %d streams with calls these were mended (-want +got):\n%s", streams, diff)
	}
}

func FuzzNumberCalls(f *testing.F) {
	f.Add(calls(`{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}`) + calls(`{"index":0,"id":"b","function":{"name":"f","arguments":"{}"}}`))
	f.Add(calls(`{"function":{"name":"f","arguments":{"x":1}}},{"function":{"name":"f"}},{"index":1e9}`))
	f.Fuzz(func(t *testing.T, stream string) {
		var d sse.Decoder
		n := &numberer{}
		for e := range d.Events([]byte(stream)) {
			if out := n.event(e.Data); json.Valid(e.Data) && !json.Valid(out) {
				t.Errorf("%s became %s", e.Data, out)
			}
		}
	})
}

// What the look for calls costs a stream of text.
func BenchmarkNumberCalls(b *testing.B) {
	text := []byte(chunk(`"choices":[{"index":0,"delta":{"content":"some words of text"},"finish_reason":null}],"usage":null,"obfuscation":"abcdef"`))
	s := NumberCalls(endless{text})
	b.ReportAllocs()
	for b.Loop() {
		_, _ = s.Next()
	}
}

type endless struct{ chunk []byte }

func (e endless) Next() ([]byte, error) { return e.chunk, nil }
func (endless) Close() error            { return nil }
