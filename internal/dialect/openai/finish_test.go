package openai

import (
	"io"
	"strings"
	"testing"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/sse"
)

var words = map[string]string{"eos": "stop", "model_length": "length"}

func TestRenameFinish(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{`{"choices": [ {"finish_reason": "eos", "index":0} ], "x":1e2}`, `{"choices": [{"finish_reason": "stop", "index":0}], "x":1e2}`},
		{`{"choices":[{"finish_reason":"tool_calls"},{"finish_reason":"model_length"}]}`, `{"choices":[{"finish_reason":"tool_calls"},{"finish_reason":"length"}]}`},
		{`{"choices": [ {"finish_reason":"stop", "text":"eos"} ]}`, `{"choices": [ {"finish_reason":"stop", "text":"eos"} ]}`},
		{`{"choices":null}`, `{"choices":null}`},
		{`{}`, `{}`},
		{`not JSON`, `not JSON`},
	} {
		if got := string(RenameFinish([]byte(c.in), words)); got != c.want {
			t.Errorf("%s: got %s, want %s", c.in, got, c.want)
		}
	}
}

type oneByOne struct{ *sse.Reader }

func (oneByOne) Close() error { return nil }

// Only the event that has another word is written anew, wherever it is cut.
func TestRenameFinishStream(t *testing.T) {
	text := ": ping\n\n" + chunk(`"choices":[ {"index":0,"delta":{"content":"eos"},"finish_reason":null} ]`)
	in := text + "data: " + `{"choices":[{"finish_reason":"eos"}]}` + "\r\n\r\n" + done
	want := text + "data: " + `{"choices":[{"finish_reason":"stop"}]}` + "\n\n" + done
	for i := range in {
		r := RenameFinishStream(oneByOne{sse.NewReader(io.MultiReader(strings.NewReader(in[:i]), strings.NewReader(in[i:])), 1<<20)}, words)
		got := strings.ReplaceAll(all(t, r), "\n\n\n", "\n\n") // a blank line more, where a line's end was cut, means nothing
		if got != want {
			t.Fatalf("cut at %d: got %q, want %q", i, got, want)
		}
	}
}

func all(t *testing.T, s ai.Stream) string {
	t.Helper()
	var b strings.Builder
	for {
		chunk, err := s.Next()
		b.Write(chunk)
		if err == io.EOF {
			return b.String()
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}
