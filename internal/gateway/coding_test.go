package gateway_test

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"strings"
	"testing"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/ledger"
)

// zipped answers with a compressed body, all of it or without its last bytes.
func zipped(contentType, body string, missing int) http.HandlerFunc {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write([]byte(body))
	_ = w.Close()
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(b.Bytes()[:b.Len()-missing])
	}
}

// Compression that nobody asked for is undone, whatever kind of reply it is.
func TestCompressedReplies(t *testing.T) {
	for name, c := range map[string]struct {
		ask, contentType, body string
		op                     ai.Op
	}{
		"whole":  {askJSON, "application/json", okJSON, ai.Chat},
		"stream": {askStream, "text/event-stream", whole, ai.Chat},
		"raw":    {`{"model":"tts-1","input":"hi"}`, "audio/mpeg", "sound", ai.Speech},
	} {
		r := newRig(t, map[string]http.HandlerFunc{"openai": zipped(c.contentType, c.body, 0)})
		call := r.chat(c.ask, "X-Portkey-Virtual-Key", "my-openai")
		call.Op, call.WantsUsage = c.op, true
		status, header, body := r.answer(t, call)
		if status != 200 || body != c.body || header.Get("Content-Encoding") != "" {
			t.Errorf("%s: status %d, %v, %q", name, status, header, body)
		}
		if e := r.ledger.only(t); e.State != ledger.OK {
			t.Errorf("%s: the entry is %s: %v", name, e.State, e.Error)
		}
	}
}

func TestCompressedRepliesThatAreNotWhole(t *testing.T) {
	r := newRig(t, map[string]http.HandlerFunc{"openai": zipped("application/json", okJSON, 10)})
	if status, _, body := r.answer(t, r.chat(askJSON, "X-Portkey-Virtual-Key", "my-openai")); status != 502 || !strings.Contains(body, "cut short") {
		t.Errorf("status %d: %s", status, body)
	}
	r = newRig(t, map[string]http.HandlerFunc{"openai": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "br")
		_, _ = w.Write([]byte("?"))
	}})
	if status, _, body := r.answer(t, r.chat(askJSON, "X-Portkey-Virtual-Key", "my-openai")); status != 502 || !strings.Contains(body, "compressed") || !strings.Contains(body, "br") {
		t.Errorf("status %d: %s", status, body)
	}
}

// A reply that can have no body is none that lacks its JSON.
func TestRepliesWithoutABody(t *testing.T) {
	for _, c := range []struct {
		method string
		status int
		op     ai.Op
	}{
		{"HEAD", 200, ai.Proxy}, {"DELETE", 204, ai.Proxy}, {"DELETE", 204, ai.DeleteFile}, {"GET", 304, ai.Proxy},
	} {
		r := newRig(t, map[string]http.HandlerFunc{"openai": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("X-Object", "there")
			w.WriteHeader(c.status)
		}})
		call := r.chat("", "X-Portkey-Virtual-Key", "my-openai")
		call.Op, call.Method, call.Rest, call.Body = c.op, c.method, "/files/f-1", nil
		status, header, body := r.answer(t, call)
		if e := r.ledger.only(t); status != c.status || header.Get("X-Object") != "there" || body != "" || e.Status != c.status || e.State != ledger.OK {
			t.Errorf("%s %d: status %d, %v, %q; logged as %s %d", c.method, c.status, status, header, body, e.State, e.Status)
		}
	}
}

// What a provider answered is not free because it could not be given to the client.
func TestCostOfRepliesThatCannotBeUsed(t *testing.T) {
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		known  bool
		nano   bool
	}{
		"not JSON": {reply(200, "<html>"), false, false},
		"cut": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "900")
			_, _ = w.Write([]byte("{"))
		}, false, false},
		"no content": {reply(200, `{"type":"message","model":"claude-sonnet-4-5","usage":{"input_tokens":1000,"output_tokens":1000}}`), true, true},
		"refused":    {reply(429, `{"type":"error","error":{"type":"rate_limit_error","message":"slower"}}`), true, false},
		"breaks off": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, false, false},
		"moved":      {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/x", http.StatusFound) }, true, false},
	} {
		r := newRig(t, map[string]http.HandlerFunc{"anthropic": c.answer})
		ask := strings.Replace(askJSON, "gpt-4o-mini", "claude-sonnet-4-5", 1)
		if status, _, body := r.answer(t, r.chat(ask, "X-Portkey-Virtual-Key", "my-anthropic")); status < 400 {
			t.Errorf("%s: status %d: %s", name, status, body)
		}
		if e := r.ledger.only(t); e.CostKnown != c.known || (e.CostNano > 0) != c.nano {
			t.Errorf("%s: cost %d, known: %v, usage %+v", name, e.CostNano, e.CostKnown, e.Usage)
		}
	}
}
