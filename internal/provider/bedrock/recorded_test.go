package bedrock_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"strings"
	"testing"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/eventstream"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/dialect/anthropic"
	converse "github.com/portico-ai/portico/internal/dialect/bedrock"
	"github.com/portico-ai/portico/test/corpus"
)

// frames are the bytes of a recorded stream in Amazon's framing, nil if it is none.
func frames(t *testing.T, e *corpus.Exchange) (b []byte) {
	t.Helper()
	for _, chunk := range e.ResponseChunks {
		piece, err := base64.StdEncoding.DecodeString(chunk)
		if err != nil {
			t.Fatal(err)
		}
		b = append(b, piece...)
	}
	var whole struct{ Base64 []byte }
	if b == nil && json.Unmarshal(e.ResponseBody, &whole) == nil {
		b = whole.Base64
	}
	return b
}

// Every recorded stream of InvokeModel is read as the model's own events, whole
// and cut; Claude's are such as its own clients expect.
func TestRecordedInvokeStreams(t *testing.T) {
	streams, claudes := 0, 0
	for _, e := range corpus.Exchanges(t, "bedrock", "invoke") {
		b := frames(t, e)
		if b == nil {
			continue
		}
		streams++
		text, err := io.ReadAll(eventstream.NewReader(bytes.NewReader(b), 1<<20))
		if err != nil || !bytes.Contains(text, []byte("data: {")) {
			t.Errorf("%s: %v, %.200s", e.ID, err, text)
		}
		if !strings.Contains(string(e.RequestBody), `"anthropic_version"`) {
			continue
		}
		claudes++
		w := anthropic.New().Watch(ai.Chat)
		w.Observe(text)
		if !w.Done() || !w.Finished() || !w.Usage().Known || w.Usage().OutputTokens == 0 || w.Err() != nil || !bytes.HasPrefix(text, []byte("event: message_start\ndata: ")) {
			t.Errorf("%s: done %v, usage %+v, error %v, %.200s", e.ID, w.Done(), w.Usage(), w.Err(), text)
		}
		w = anthropic.New().Watch(ai.Chat)
		cut, err := io.ReadAll(eventstream.NewReader(bytes.NewReader(b[:len(b)-20]), 1<<20))
		if w.Observe(cut); err != io.ErrUnexpectedEOF || w.Done() {
			t.Errorf("%s: cut, it is done %v, with %v", e.ID, w.Done(), err)
		}
	}
	if claudes < 5 {
		t.Errorf("%d of %d streams are Claude's", claudes, streams)
	}
	t.Logf("%d streams, %d of them Claude's", streams, claudes)
}

// The one recorded embedding is read as vectors.
func TestRecordedEmbedding(t *testing.T) {
	for _, e := range corpus.Exchanges(t, "bedrock", "invoke") {
		if !strings.Contains(e.ID, "inference-profile-embed") {
			continue
		}
		out, err := converse.New().ReplyToHub(&dialect.Conversion{Op: ai.Embed, Model: "m"}, e.Body())
		var got struct {
			Data []struct{ Embedding []float64 }
		}
		if err == nil {
			err = json.Unmarshal(out, &got)
		}
		if err != nil || len(got.Data) == 0 || len(got.Data[0].Embedding) == 0 {
			t.Errorf("%v: %.300s", err, out)
		}
		if n := jsonedit.Get(e.Body(), "inputTextTokenCount"); converse.New().Usage(ai.Embed, e.Body()).InputTokens != jsonedit.Int(n) {
			t.Errorf("usage, want %s", n)
		}
		return
	}
	t.Skip("skipped: the corpus has no embedding of Bedrock")
}
