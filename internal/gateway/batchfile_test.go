package gateway_test

import (
	"bytes"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/form"
	"github.com/portico-ai/portico/internal/codec/spool"
	"github.com/portico-ai/portico/internal/gateway"
)

// uploadBatch makes a call that uploads a file for batches.
func (r *rig) uploadBatch(t *testing.T, lines, purpose string) *gateway.Call {
	t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	if err := w.WriteField("purpose", purpose); err != nil {
		t.Fatal(err)
	}
	part, err := w.CreateFormFile("file", "in.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.WriteString(part, lines)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	f, err := form.Read(&body, w.Boundary(), spool.New(t.TempDir(), 1<<30))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	c := r.vertex(ai.UploadFile, "POST", "/files", "")
	c.Upload, c.Body = f, f.Fields()
	return c
}

const stored = `{"bucket":"bucket","name":"portico/1/in.jsonl","size":"5"}`

func line(model, more string) string {
	return `{"custom_id":"a","method":"POST","url":"/v1/chat/completions","body":{"model":"` + model + `","max_tokens":5,"messages":[{"role":"user","content":"hi"}]` + more + `}}`
}

func TestBatchFilesAreTranslated(t *testing.T) {
	r := newRig(t, map[string]http.HandlerFunc{"vertex-ai": reply(200, stored)})
	status, _, body := r.answer(t, r.uploadBatch(t, line("gemini-2.5-flash", `,"logit_bias":{"1":2}`)+"\r\n\n"+line("@my-vertex/claude-opus-4-8", "")+"\n"+line("meta.llama-4", ""), "batch"))
	if status != 200 || !strings.Contains(body, `"id":"gs-Z3M6Ly9idWNrZXQvcG9ydGljby8xL2luLmpzb25s"`) {
		t.Fatalf("status %d, body %s", status, body)
	}
	sent := <-r.requests
	received, err := io.ReadAll(sent.Body)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{`{"request":{"contents":[`, `{"custom_id":"a","request":{`, `{"custom_id":"a","method":"POST","url":"/v1/chat/completions","body":{"model":"meta/llama-4"`}
	lines := strings.Split(strings.TrimSpace(string(received)), "\n")
	if len(lines) != len(want) {
		t.Fatalf("the provider received %s", received)
	}
	for i := range want {
		if !strings.HasPrefix(lines[i], want[i]) {
			t.Errorf("line %d is %s, want %s…", i+1, lines[i], want[i])
		}
	}
	if sent.ContentLength != int64(len(received)) || sent.Header.Get("Content-Type") != "application/jsonl" {
		t.Errorf("length %d of %d, %v", sent.ContentLength, len(received), sent.Header)
	}
	e := r.ledger.only(t)
	if len(e.Receipts) != 1 || e.Receipts[0].Path != "line 1: logit_bias" {
		t.Errorf("receipts %+v", e.Receipts)
	}
}

// A large file passes without being held, cut anywhere.
func TestLargeBatchFile(t *testing.T) {
	r := newRig(t, map[string]http.HandlerFunc{"vertex-ai": reply(200, stored)})
	const n = 2000
	text := strings.Repeat("long ", 200)
	one := line("gemini-2.5-flash", `,"user":"`+text+`"`)
	status, _, body := r.answer(t, r.uploadBatch(t, strings.Repeat(one+"\n", n), "batch"))
	if status != 200 {
		t.Fatalf("status %d, body %s", status, body)
	}
	received, err := io.ReadAll((<-r.requests).Body)
	if err != nil || bytes.Count(received, []byte("\n")) != n {
		t.Errorf("%d lines arrived (%v), want %d", bytes.Count(received, []byte("\n")), err, n)
	}
	if e := r.ledger.only(t); len(e.Receipts) > 100 {
		t.Errorf("%d receipts", len(e.Receipts))
	}
}

func TestBatchFileMistakes(t *testing.T) {
	good := line("gemini-2.5-flash", "")
	for _, c := range []struct{ name, lines, purpose, param, message string }{
		{"no JSON", good + "\n{\n", "batch", "file", "line 2: it must be a JSON object"},
		{"no body", `{"custom_id":"a","url":"/v1/chat/completions"}`, "batch", "file", "line 1: it must be a JSON object"},
		{"another operation", strings.Replace(good, "chat/completions", "moderations", 1), "batch", "file", "line 1: url must be"},
		{"no model", strings.Replace(good, "gemini-2.5-flash", "", 1), "batch", "file", "line 1: model must name"},
		{"what cannot be expressed", strings.Replace(good, `"messages":[`, `"messages":[5,`, 1), "batch", "file", "line 1: "},
		{"nothing", "\n\n", "batch", "file", "has no lines"},
		{"too long", good + "\n" + strings.Repeat("x", 17<<20), "batch", "file", "line 2: it is longer"},
		{"another purpose", good, "assistants", "purpose", "must be batch"},
	} {
		r := newRig(t, map[string]http.HandlerFunc{"vertex-ai": reply(200, stored)})
		status, _, body := r.answer(t, r.uploadBatch(t, c.lines, c.purpose))
		if status != 400 || !strings.Contains(body, c.message) || !strings.Contains(body, `"param":"`+c.param+`"`) {
			t.Errorf("%s: status %d, %s", c.name, status, body)
		}
		if len(r.requests) > 0 {
			t.Errorf("%s was sent", c.name)
		}
	}
}
