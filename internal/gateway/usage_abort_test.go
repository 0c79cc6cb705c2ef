package gateway_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/ledger"
	"github.com/portico-ai/portico/internal/provider"
	"github.com/portico-ai/portico/test/corpus"
)

// TestAbortsAreChargedForWhatWasDelivered has clients of every recorded stream
// leave at several points. They are charged for what had been delivered: by the
// provider's count where all of the answer had come with it, else by an estimate
// that is marked.
func TestAbortsAreChargedForWhatWasDelivered(t *testing.T) {
	corpus.Dir(t)
	u := newUsageRig(t)
	for _, id := range u.Providers.IDs() {
		if id == "mock" || !corpus.Has(t, id, "") {
			continue
		}
		t.Run(id, func(t *testing.T) {
			base, _ := u.Providers.Get(id)
			for _, e := range corpus.Exchanges(t, id, "") {
				row, asked := base.For(&provider.Call{Base: hostOf(base, e)}), modelAsked(e)
				as, ok := u.runs(row, e, asked)
				if !ok || as.op == ai.Embed {
					continue
				}
				p := replayOf(t, e)
				if p.broken || len(p.docs) < 4 || p.contentType != "text/event-stream" {
					continue
				}
				all := len(p.docs) // but the terminal event
				if as.dialect == ai.Anthropic || as.dialect == ai.Responses || as.dialect == ai.Cohere {
					all--
				}
				for _, n := range []int{all / 3, all * 2 / 3, all - 1, all} {
					u.checkAbort(t, row, e, p, as, asked, n)
				}
			}
		})
	}
	u.report(t)
	if u.count["aborted: estimated"] < 500 || u.count["aborted: counted by the provider"] < 50 {
		t.Error("too few recordings")
	}
}

// checkAbort leaves a stream after n of its events.
func (r *usageRig) checkAbort(t *testing.T, row *provider.Provider, e *corpus.Exchange, whole *replay, as recordedAs, asked string, n int) {
	t.Helper()
	docs := whole.docs[:n]
	text, finished := delivered(as.dialect, docs)
	if text == 0 && !finished {
		return // nothing is given out before it means something
	}
	p := &replay{contentType: whole.contentType, docs: docs, stalls: true}
	for _, doc := range docs {
		var event struct{ Type string }
		_ = json.Unmarshal(doc, &event)
		if event.Type != "" {
			event.Type = "event: " + event.Type + "\n"
		}
		p.pieces = append(p.pieces, []byte(event.Type+"data: "+string(doc)+"\n\n"))
	}
	r.now.Store(p)
	ctx, leave := context.WithTimeout(t.Context(), 10*time.Second)
	defer leave()
	c := r.callOf(row, e, whole, as, as, asked)
	c.Stream, c.WantsUsage = true, true
	c.Headers.Set("X-Portkey-Strict-Open-Ai-Compliance", "false") // so that the events are the provider's
	reply := r.Do(ctx, c)
	if reply.Stream == nil {
		t.Errorf("%s after %d events: status %d: %.300s", e.ID, n, reply.Status, reply.Body)
		return
	}
	var got bytes.Buffer
	for bytes.Count(got.Bytes(), []byte("\n\n")) < n {
		chunk, err := reply.Stream.Next()
		got.Write(chunk)
		if err != nil {
			t.Errorf("%s after %d events: %v", e.ID, n, err)
			break
		}
	}
	leave()
	_ = reply.Stream.Close()
	entry, sent := r.last(), r.sent()
	want, model := told(e, as, asked, docs)
	if finished && want.Known {
		r.count["aborted: counted by the provider"]++
	} else {
		r.count["aborted: estimated"]++
		if want.InputTokens == 0 {
			want.InputTokens = entry.Usage.InputTokens
			if most := int64(len(sent)+3) / 4; want.InputTokens > max(most, 1000) || want.InputTokens < min(most, 1000) {
				t.Errorf("%s after %d events: input estimated at %d tokens of %d bytes", e.ID, n, want.InputTokens, len(sent))
			}
		}
		want.OutputTokens = max(want.OutputTokens, (text+3)/4)
		want.Known, want.Estimated = true, true
	}
	if entry.State != ledger.ClientGone || entry.Status != 499 {
		t.Errorf("%s after %d events: state %s, status %d", e.ID, n, entry.State, entry.Status)
	}
	if diff := cmp.Diff(want, entry.Usage); diff != "" {
		t.Errorf("%s after %d of %d events: usage (-delivered +ledger):\n%s", e.ID, n, len(whole.docs), diff)
	}
	r.checkCost(t, e.ID, e, model, asked, &entry)
}

// delivered is how many bytes of text events hold, and whether they end the
// answer.
func delivered(d ai.Dialect, docs []json.RawMessage) (text int64, finished bool) {
	open := map[float64]bool{}
	for _, raw := range docs {
		var event doc
		_ = json.Unmarshal(raw, &event)
		size := func(d doc, keys ...string) {
			for _, k := range keys {
				text += int64(len(d.text(k)))
			}
		}
		switch d {
		case ai.Anthropic:
			size(event.in("delta"), "text", "thinking", "partial_json")
			if b := event.in("content_block"); b != nil {
				size(b, "name")
			}
			finished = finished || event.in("delta")["stop_reason"] != nil
		case ai.Gemini:
			for _, c := range event.list("candidates") {
				for _, part := range c.in("content").list("parts") {
					size(part, "text")
					if call := part.in("functionCall"); call != nil {
						size(call, "name")
						text += int64(len(nested(raw, call.text("name"))))
					}
				}
				finished = finished || c.text("finishReason") != ""
			}
		case ai.Responses:
			if t, ok := event["delta"].(string); ok {
				text += int64(len(t))
			}
			if event.text("type") == "response.output_item.added" && event.in("item").text("type") != "message" && event.in("item").text("type") != "reasoning" {
				size(event.in("item"), "name")
			}
		case ai.Cohere:
			m := event.in("delta", "message")
			size(m.in("content"), "text", "thinking")
			size(m, "tool_plan")
			size(m.in("tool_calls", "function"), "name", "arguments")
			finished = finished || event.in("delta")["finish_reason"] != nil
		default:
			for _, c := range event.list("choices") {
				i, _ := c["index"].(float64)
				delta := c.in("delta")
				size(delta, "content", "reasoning_content", "reasoning", "refusal")
				size(c, "text")
				for _, call := range append(delta.list("tool_calls"), doc{"function": delta["function_call"]}) {
					size(call.in("function"), "name", "arguments")
				}
				open[i] = open[i] || false
				if c.text("finish_reason") != "" {
					open[i] = true
				}
			}
			finished = len(open) > 0
			for _, ended := range open {
				finished = finished && ended
			}
		}
	}
	return text, finished
}

// nested is the JSON of a call's arguments as it stands in an event.
func nested(event json.RawMessage, name string) []byte {
	var reply struct {
		Candidates []struct {
			Content struct {
				Parts []struct {
					FunctionCall struct {
						Name string
						Args json.RawMessage
					}
				}
			}
		}
	}
	_ = json.Unmarshal(event, &reply)
	for _, c := range reply.Candidates {
		for _, p := range c.Content.Parts {
			if p.FunctionCall.Name == name {
				return p.FunctionCall.Args
			}
		}
	}
	return nil
}

// What a client that leaves before anything has come cost is not known.
func TestAbortBeforeTheFirstToken(t *testing.T) {
	r := newRig(t, map[string]http.HandlerFunc{"openai": (&replay{contentType: "text/event-stream", stalls: true,
		pieces: [][]byte{[]byte(firstPart)}}).ServeHTTP})
	ctx, leave := context.WithCancel(t.Context())
	go func() { <-r.requests; leave() }()
	r.Do(ctx, r.chat(`{"model":"gpt-4o","stream":true,"messages":[{"role":"user","content":"hi"}]}`, "X-Portkey-Virtual-Key", "my-openai"))
	if e := r.ledger.only(t); e.State != ledger.ClientGone || e.Provider != "openai" || e.CostKnown || e.CostNano != 0 || e.Usage != (ai.Usage{}) {
		t.Errorf("state %s, cost %d (known %v), usage %+v", e.State, e.CostNano, e.CostKnown, e.Usage)
	}
}
