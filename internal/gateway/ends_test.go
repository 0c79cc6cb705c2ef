package gateway_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws/protocol/eventstream"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/gateway"
	"github.com/portico-ai/portico/internal/ledger"
)

// A spoken stream is one provider's, in the pieces of which others are made.
type spoken struct {
	id, contentType              string
	begin, text, finish, end, no string // no is its error event
}

func (s spoken) whole() string { return s.begin + s.text + s.finish + s.end }

func named(name, data string) string { return "event: " + name + "\ndata: " + data + "\n\n" }

func plain(data string) string { return "data: " + data + "\n\n" }

// amazon puts an event into Amazon's framing.
func amazon(t *testing.T, kind, name, payload string) string {
	t.Helper()
	m := eventstream.Message{Payload: []byte(payload)}
	m.Headers.Set(":message-type", eventstream.StringValue(kind))
	m.Headers.Set(":"+kind+"-type", eventstream.StringValue(name))
	m.Headers.Set(":content-type", eventstream.StringValue("application/json"))
	var b bytes.Buffer
	if err := eventstream.NewEncoder().Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func spokenStreams(t *testing.T) []spoken {
	const sse = "text/event-stream"
	return []spoken{
		{"anyscale", sse, firstPart, textPart, endPart, done, plain(`{"error":{"message":"boom","type":"server_error"}}`)},
		{"anthropic", sse, named("message_start", `{"type":"message_start","message":{"id":"m","type":"message","role":"assistant","model":"c","content":[],"usage":{"input_tokens":7,"output_tokens":1}}}`) +
			named("content_block_start", `{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}`),
			named("content_block_delta", `{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"hello"}}`),
			named("content_block_stop", `{"type":"content_block_stop","index":0}`) + named("message_delta", `{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":1}}`),
			named("message_stop", `{"type":"message_stop"}`), named("error", `{"type":"error","error":{"type":"overloaded_error","message":"boom"}}`)},
		{"google", sse, "", geminiPart, geminiEnd, "", plain(`{"error":{"code":503,"message":"boom","status":"UNAVAILABLE"}}`)},
		{"cohere", sse, named("message-start", `{"type":"message-start","id":"x","delta":{"message":{"role":"assistant"}}}`),
			named("content-start", `{"type":"content-start","index":0,"delta":{"message":{"content":{"type":"text","text":"hello"}}}}`),
			named("content-end", `{"type":"content-end","index":0}`),
			named("message-end", `{"type":"message-end","delta":{"finish_reason":"COMPLETE","usage":{"tokens":{"input_tokens":7,"output_tokens":1}}}}`),
			named("message-end", `{"type":"message-end","delta":{"finish_reason":"ERROR","error":"boom"}}`)},
		{"bedrock", "application/vnd.amazon.eventstream", amazon(t, "event", "messageStart", `{"role":"assistant"}`),
			amazon(t, "event", "contentBlockDelta", `{"contentBlockIndex":0,"delta":{"text":"hello"}}`),
			amazon(t, "event", "contentBlockStop", `{"contentBlockIndex":0}`) + amazon(t, "event", "messageStop", `{"stopReason":"end_turn"}`),
			amazon(t, "event", "metadata", `{"usage":{"inputTokens":7,"outputTokens":1,"totalTokens":8},"metrics":{"latencyMs":1}}`),
			amazon(t, "exception", "throttlingException", `{"message":"boom"}`)},
		{"openai", sse, firstPart, textPart, endPart, done, plain(`{"error":{"message":"boom","type":"server_error"}}`)}, // asked for chats; see responsesOwn
	}
}

// responsesOwn is what OpenAI speaks to a client of its Responses API.
var responsesOwn = spoken{"openai", "text/event-stream", created, textDelta, "", completed, named("error", `{"type":"error","sequence_number":2,"error":{"message":"boom","code":"server_error"}}`)}

// A door is how a client of a format asks, and how its stream ends.
type door struct {
	dialect ai.Dialect
	ask     func(r *rig, provider string) *gateway.Call
	ends    func(names, datas []string) (clean, failed int) // how many events are such ends
}

func lastWord(data string) string {
	var v struct {
		Candidates []struct{ FinishReason string }
		Error      json.RawMessage
	}
	if json.Unmarshal([]byte(data), &v) == nil && len(v.Error) > 0 && string(v.Error) != "null" {
		return "error"
	}
	if len(v.Candidates) > 0 && v.Candidates[0].FinishReason != "" {
		return "finished"
	}
	return ""
}

func count(list []string, is func(string) bool) (n int) {
	for _, s := range list {
		if is(s) {
			n++
		}
	}
	return n
}

func equals(want string) func(string) bool { return func(s string) bool { return s == want } }

func says(want string) func(string) bool { return func(s string) bool { return lastWord(s) == want } }

var doors = []door{
	{ai.OpenAI, func(r *rig, provider string) *gateway.Call {
		return r.chat(askStream, "X-Portkey-Virtual-Key", "my-"+provider)
	}, func(_, datas []string) (int, int) { return count(datas, equals("[DONE]")), count(datas, says("error")) }},
	{ai.Anthropic, func(r *rig, provider string) *gateway.Call {
		c := r.chat(`{"model":"m","max_tokens":9,"stream":true,"messages":[{"role":"user","content":"hi"}]}`, "X-Portkey-Virtual-Key", "my-"+provider)
		c.Dialect = ai.Anthropic
		return c
	}, func(names, _ []string) (int, int) {
		return count(names, equals("message_stop")), count(names, equals("error"))
	}},
	{ai.Responses, func(r *rig, provider string) *gateway.Call {
		return r.responses(`{"model":"m","input":"hi","stream":true}`, "X-Portkey-Virtual-Key", "my-"+provider)
	}, func(names, _ []string) (int, int) {
		return count(names, equals("response.completed")), count(names, equals("response.failed"))
	}},
	{ai.Gemini, func(r *rig, provider string) *gateway.Call {
		c := r.gemini(ai.Chat, "@my-"+provider+"/m", askGemini)
		c.Stream = true
		return c
	}, func(_, datas []string) (int, int) { return count(datas, says("finished")), count(datas, says("error")) }},
}

// Every stream that a client is given ends in one way: in its format's own last
// event if the answer is whole, in an error if it is not. What breaks before there
// is anything to tell is no stream but an error with a status.
func TestEnds(t *testing.T) {
	for _, usual := range spokenStreams(t) {
		for _, d := range doors {
			s := usual
			if d.dialect == ai.Responses && s.id == "openai" {
				s = responsesOwn
			}
			for _, c := range []struct {
				name string
				body string
				cut  bool // the connection breaks
				want string
			}{
				{"whole", s.whole(), false, "clean"},
				{"whole but for its end mark", s.begin + s.text + s.finish, false, "clean"},
				{"after its end mark", s.whole() + s.text, false, "clean"},
				{"empty", "", false, "none"},
				{"broken at once", "", true, "none"},
				{"an error at once", s.no, false, "none"},
				{"begun", s.begin, false, "none"},
				{"begun and broken", s.begin, true, "none"},
				{"an error after it began", s.begin + s.no, false, "none"},
				{"ends early", s.begin + s.text, false, "failed"},
				{"broken", s.begin + s.text, true, "failed"},
				{"an error in its midst", s.begin + s.text + s.no, false, "failed"},
				{"an error, then an end", s.begin + s.text + s.no + s.end, false, "failed"},
			} {
				switch {
				case s.end == "" && c.name == "after its end mark":
					continue // it has none
				case (s.finish == "" || s.id == "cohere") && c.name == "whole but for its end mark":
					c.want = "failed" // that is where it says that it has finished
				}
				t.Run(string(d.dialect)+" from "+s.id+"/"+c.name, func(t *testing.T) {
					r := newRig(t, map[string]http.HandlerFunc{s.id: func(w http.ResponseWriter, _ *http.Request) {
						w.Header().Set("Content-Type", s.contentType)
						_, _ = io.WriteString(w, c.body)
						_ = http.NewResponseController(w).Flush()
						if c.cut {
							panic(http.ErrAbortHandler)
						}
					}})
					status, header, body := r.answer(t, d.ask(r, s.id))
					checkEnd(t, d, c.want, status, header, body)
					want := map[string]ledger.State{"clean": ledger.OK, "failed": ledger.Truncated, "none": ledger.Failed}[c.want]
					if e := r.ledger.only(t); e.State != want {
						t.Errorf("it is logged as %v, want %v", e.State, want)
					}
				})
			}
		}
	}
}

func checkEnd(t *testing.T, d door, want string, status int, header http.Header, body string) {
	t.Helper()
	if want == "none" {
		if status < 400 || header.Get("Content-Type") != "application/json" || !json.Valid([]byte(body)) || !strings.Contains(body, `"error"`) {
			t.Errorf("the client is told %d %s", status, body)
		}
		return
	}
	var names, datas []string
	for block := range strings.SplitSeq(strings.TrimSpace(strings.ReplaceAll(body, "\r\n", "\n")), "\n\n") {
		name, data := "", ""
		for l := range strings.SplitSeq(block, "\n") {
			if v, ok := strings.CutPrefix(l, "event: "); ok {
				name = v
			}
			if v, ok := strings.CutPrefix(l, "data: "); ok {
				data = v
			}
		}
		names, datas = append(names, name), append(datas, data)
	}
	last := len(datas) - 1
	clean, failed := d.ends(names, datas)
	cleanLast, failedLast := d.ends(names[last:], datas[last:])
	if ok := want == "clean" && clean == 1 && cleanLast == 1 && failed == 0 || want == "failed" && clean == 0 && failed == 1 && failedLast == 1; !ok || status != 200 {
		t.Errorf("status %d, %d clean ends and %d errors, want %s:\n%s", status, clean, failed, want, body)
	}
	if d.dialect != ai.OpenAI && strings.Contains(body, "[DONE]") {
		t.Errorf("OpenAI's end mark in another format: %s", body)
	}
}
