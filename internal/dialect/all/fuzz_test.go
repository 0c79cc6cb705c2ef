package all_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/codec/sse"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/dialect/all"
)

// FuzzPairRequests expects of whatever a client asks a request that is JSON, or an
// *ai.Error, for every provider.
func FuzzPairRequests(f *testing.F) {
	for _, cl := range clients {
		f.Add([]byte(cl.begin().request(true)))
	}
	f.Add([]byte(`{"model":"m","messages":[{"role":"assistant","content_blocks":[{"index":0,"delta":{"type":"thinking_delta","thinking":"t"}},{"index":0,"delta":{"signature":7}}]}]}`))
	f.Add([]byte(`{"contents":[{"role":"model","parts":[{"text":"a"}]},{"role":"model","parts":[{"text":"b","thoughtSignature":"s"}]}]}`))
	formats := all.New()
	f.Fuzz(func(t *testing.T, body []byte) {
		if _, err := jsonedit.Scan(body); err != nil {
			return // a body that no door lets in
		}
		for _, cl := range clients {
			for _, s := range sides {
				c := &dialect.Conversion{Op: ai.Chat, Model: "m", Strict: cl.strict, Onward: cl.dialect != ai.OpenAI, ID: "id", Now: 1, Request: body}
				out, err := dialect.Pair{Client: formats[cl.dialect], Provider: formats[s.dialect]}.Request(c, body)
				if _, ours := errors.AsType[*ai.Error](err); err != nil && !ours {
					t.Fatalf("%s to %s: %v", cl.name, s.dialect, err)
				}
				if err == nil && !json.Valid(out) {
					t.Fatalf("%s to %s: no JSON: %s", cl.name, s.dialect, out)
				}
			}
		}
	})
}

// FuzzPairStreams expects of whatever a provider streams events of JSON for every
// client, and no end that the provider's own watcher has not seen.
func FuzzPairStreams(f *testing.F) {
	for i, s := range sides {
		f.Add(uint8(i), s.stream(0, s.turns[0]))
	}
	formats := all.New()
	f.Fuzz(func(t *testing.T, which uint8, stream string) {
		s := sides[int(which)%len(sides)]
		var d sse.Decoder
		w := formats[s.dialect].Watch(ai.Chat)
		for e := range d.Events([]byte(stream)) {
			if !strings.HasPrefix(string(e.Data), "[DONE]") && !json.Valid(e.Data) {
				return
			}
		}
		w.Observe([]byte(stream))
		for _, cl := range clients {
			if cl.dialect == s.dialect {
				continue
			}
			c := &dialect.Conversion{Op: ai.Chat, Model: "m", Stream: true, Strict: cl.strict, Onward: cl.dialect != ai.OpenAI, ID: "id", Now: 1}
			out, err := drain(dialect.Pair{Client: formats[cl.dialect], Provider: formats[s.dialect]}.Stream(c, read(stream)))
			if _, ours := errors.AsType[*ai.Error](err); err != nil && !ours && !strings.Contains(err.Error(), "EOF") {
				t.Fatalf("%s to %s: %v", s.dialect, cl.name, err)
			}
			ended := false
			var own sse.Decoder
			for e := range own.Events([]byte(out)) {
				data := string(e.Data)
				if data != "[DONE]" && !json.Valid(e.Data) {
					t.Fatalf("%s to %s: no JSON: %s", s.dialect, cl.name, data)
				}
				ended = ended || data == "[DONE]" || strings.HasPrefix(data, `{"type":"message_stop"`) || string(e.Name) == "response.completed"
			}
			if ended && !w.Done() && !w.Finished() {
				t.Fatalf("%s to %s: it ends out of nothing: %s", s.dialect, cl.name, out)
			}
		}
	})
}

// FuzzErrors expects every format to read whatever a provider answers as an error,
// and to write it as JSON of one line.
func FuzzErrors(f *testing.F) {
	for _, seed := range []string{`{"error":{"message":"m","type":"t","code":7,"param":[]}}`, `{"type":"error","error":{"type":"overloaded_error"}}`, `[{"error":{"code":429,"status":"X","details":[{}]}}]`,
		`{"message":"m"}`, `{"Message":"m","__type":"a#b"}`, `{"errors":[{"message":"m"}]}`, `{"detail":[{"loc":["a"],"msg":"m"}]}`, "<html>\x00busy\r\n</html>", `{"error":"m"}`, ""} {
		f.Add(503, seed)
	}
	formats := all.New()
	f.Fuzz(func(t *testing.T, status int, body string) {
		if status != 0 && (status < 400 || status > 599) {
			return
		}
		for d, format := range formats {
			e := format.ParseError(status, []byte(body))
			if e == nil || e.Message == "" || e.HTTPStatus() < 400 || e.HTTPStatus() > 599 {
				t.Fatalf("%s read %+v", d, e)
			}
			if out := format.ErrorBody(e); !json.Valid(out) {
				t.Fatalf("%s wrote %s", d, out)
			}
			var events sse.Decoder
			n := 0
			for event := range events.Events(format.ErrorEvent(e)) {
				if n++; !json.Valid(event.Data) {
					t.Fatalf("%s wrote the event %s", d, event.Data)
				}
			}
			if n == 0 {
				t.Fatalf("%s writes no event", d)
			}
		}
	})
}

// FuzzWatchers expects every format to follow whatever a provider streams, in one
// chunk or in two, and to see the same.
func FuzzWatchers(f *testing.F) {
	for _, s := range sides {
		f.Add(s.stream(0, s.turns[0]), uint16(300))
	}
	formats := all.New()
	f.Fuzz(func(t *testing.T, stream string, at uint16) {
		cut := min(int(at), len(stream))
		if i := strings.LastIndex(stream[:cut], "\n\n"); i >= 0 {
			cut = i + 2 // chunks are of whole events
		} else {
			cut = 0
		}
		for d, format := range formats {
			for _, op := range []ai.Op{ai.Chat, ai.Complete, ai.CreateResponse} {
				whole, parts := format.Watch(op), format.Watch(op)
				whole.Observe([]byte(stream))
				parts.Observe([]byte(stream[:cut]))
				parts.Observe([]byte(stream[cut:]))
				if whole.Done() != parts.Done() || whole.Finished() != parts.Finished() || whole.Usage() != parts.Usage() || whole.OutputBytes() != parts.OutputBytes() || whole.Model() != parts.Model() {
					t.Fatalf("%s %s: cut at %d it is seen as another", d, op, cut)
				}
				if n := whole.OutputBytes(); n < 0 || n > int64(4*len(stream)) {
					t.Fatalf("%s %s: %d bytes of text", d, op, n)
				}
			}
		}
	})
}
