package gateway_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws/protocol/eventstream"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/test/corpus"
)

// A replay is a recorded answer as it is sent again, and the JSON documents in
// it: the one reply, or the events of a stream.
type replay struct {
	contentType string
	pieces      [][]byte
	docs        []json.RawMessage
	broken      bool // an event was cut when it was stored
	stalls      bool // after the last piece, until the client has left
}

func (p *replay) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", p.contentType)
	for _, piece := range p.pieces {
		_, _ = w.Write(piece)
		_ = http.NewResponseController(w).Flush()
	}
	if p.stalls {
		<-r.Context().Done()
	}
}

// replayOf makes the replay of an exchange. Streams of which the source kept only
// the data get their framing back.
func replayOf(t *testing.T, e *corpus.Exchange) *replay {
	t.Helper()
	p := &replay{contentType: "text/event-stream"}
	joined := strings.Join(e.ResponseChunks, "")
	switch {
	case e.Chunking == "network-base64":
		for _, c := range e.ResponseChunks {
			p.pieces = append(p.pieces, decoded(t, c))
		}
		p.readFrames(t)
	case e.Chunking == "eventstream-base64":
		var body struct{ Base64 string }
		check(t, json.Unmarshal(e.ResponseBody, &body))
		p.pieces = [][]byte{decoded(t, body.Base64)}
		p.readFrames(t)
	case e.Chunking == "sse-data" && e.Provider == "bedrock":
		for _, c := range e.ResponseChunks {
			for name, payload := range object(c) {
				p.pieces = append(p.pieces, frame(t, name, payload))
			}
		}
		p.readFrames(t)
	case e.Chunking == "sse-data":
		for _, c := range e.ResponseChunks {
			var event struct{ Type string }
			_ = json.Unmarshal([]byte(c), &event)
			if event.Type != "" {
				event.Type = "event: " + event.Type + "\n"
			}
			p.pieces = append(p.pieces, []byte(event.Type+"data: "+c+"\n\n"))
		}
		p.readEvents()
	case strings.HasPrefix(joined, "[{"): // a client that asked Google for one list
		var list []json.RawMessage
		check(t, json.Unmarshal([]byte(joined), &list))
		for _, chunk := range list {
			p.pieces = append(p.pieces, []byte("data: "+strings.Join(strings.Fields(string(chunk)), " ")+"\n\n"))
		}
		p.readEvents()
	case len(e.ResponseChunks) > 0:
		for _, c := range e.ResponseChunks {
			p.pieces = append(p.pieces, []byte(c))
		}
		p.readEvents()
	default:
		p.contentType, p.pieces = "application/json", [][]byte{e.Body()}
		if json.Valid(e.Body()) {
			p.docs = []json.RawMessage{e.Body()}
		}
	}
	return p
}

func (p *replay) stream() bool { return p.contentType != "application/json" }

// readEvents takes the data of server-sent events up to the first end mark, and
// cuts off what follows: some recordings hold two streams.
func (p *replay) readEvents() {
	body := bytes.Join(p.pieces, nil)
	for at := 0; at < len(body); {
		line := body[at:]
		if end := bytes.IndexByte(line, '\n'); end >= 0 {
			line = line[:end+1]
		}
		at += len(line)
		data, ok := bytes.CutPrefix(bytes.TrimSpace(line), []byte("data:"))
		if !ok {
			continue
		}
		var kind struct{ Type string }
		data, done := bytes.TrimSpace(data), false
		if done = bytes.HasPrefix(data, []byte("[DONE]")); !done {
			p.broken = p.broken || json.Unmarshal(data, &kind) != nil
			p.docs = append(p.docs, data)
		}
		if done || last[kind.Type] {
			p.cut(at)
			return
		}
	}
}

// cut leaves the first n bytes and the end of an event.
func (p *replay) cut(n int) {
	for i, piece := range p.pieces {
		if n <= len(piece) {
			p.pieces = append(p.pieces[:i:i], append(bytes.Clone(piece[:n]), "\n\n"...))
			return
		}
		n -= len(piece)
	}
}

// last are the types of events after which nothing follows.
var last = map[string]bool{"message_stop": true, "response.completed": true, "response.incomplete": true, "message-end": true}

// readFrames takes the payloads of Amazon's framing; those of InvokeModel hold
// the model's own event.
func (p *replay) readFrames(t *testing.T) {
	t.Helper()
	p.contentType = "application/vnd.amazon.eventstream"
	body := bytes.NewReader(bytes.Join(p.pieces, nil))
	for body.Len() > 0 {
		m, err := eventstream.NewDecoder().Decode(body, nil)
		if err == io.EOF {
			return
		}
		check(t, err)
		var wrapped struct{ Bytes []byte }
		if json.Unmarshal(m.Payload, &wrapped) == nil && wrapped.Bytes != nil {
			m.Payload = wrapped.Bytes
		}
		if json.Valid(m.Payload) {
			p.docs = append(p.docs, m.Payload)
		}
	}
}

func frame(t *testing.T, name string, payload json.RawMessage) []byte {
	t.Helper()
	m := eventstream.Message{Payload: payload}
	for header, value := range map[string]string{":message-type": "event", ":event-type": name, ":content-type": "application/json"} {
		m.Headers.Set(header, eventstream.StringValue(value))
	}
	var b bytes.Buffer
	check(t, eventstream.NewEncoder().Encode(&b, m))
	return b.Bytes()
}

func decoded(t *testing.T, text string) []byte {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString(text)
	check(t, err)
	return b
}

func object(text string) (m map[string]json.RawMessage) {
	_ = json.Unmarshal([]byte(text), &m)
	return m
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// A recordedAs says in which format and for which operation the corpus has an
// endpoint; several where the model decides.
type recordedAs struct {
	op      ai.Op
	dialect ai.Dialect
}

var endpoints = map[string][]recordedAs{
	"chat.completions":     {{ai.Chat, ai.OpenAI}},
	"text-completions":     {{ai.Complete, ai.OpenAI}},
	"responses":            {{ai.CreateResponse, ai.Responses}},
	"messages":             {{ai.Chat, ai.Anthropic}},
	"rawPredict":           {{ai.Chat, ai.Anthropic}, {ai.Chat, ai.OpenAI}},
	"invoke":               {{ai.Chat, ai.Anthropic}, {ai.Embed, ai.Bedrock}},
	"converse":             {{ai.Chat, ai.Bedrock}},
	"generateContent":      {{ai.Chat, ai.Gemini}},
	"chat":                 {{ai.Chat, ai.Cohere}},
	"generate":             {{ai.Complete, ai.Cohere}},
	"ai.run":               {{ai.Chat, ai.WorkersAI}, {ai.Chat, ai.OpenAI}},
	"embeddings":           {{ai.Embed, ai.OpenAI}, {ai.Embed, ai.Cohere}, {ai.Embed, ai.Gemini}, {ai.Embed, ai.Voyage}, {ai.Embed, ai.Jina}, {ai.Embed, ai.Nomic}},
	"rerank":               {{ai.Rerank, ai.OpenAI}, {ai.Rerank, ai.Cohere}, {ai.Rerank, ai.Voyage}},
	"images":               {{ai.ImageGenerate, ai.OpenAI}},
	"audio.transcriptions": {{ai.Transcribe, ai.OpenAI}},
	"audio.speech":         {{ai.Speech, ai.OpenAI}},
}

var (
	modelInPath  = regexp.MustCompile(`/(?:model|models|run)/(.+?)(?::[A-Za-z]+|/(?:converse|invoke)[a-z-]*)?$`)
	vertexInPath = regexp.MustCompile(`/publishers/([^/]+)/models/([^/:]+):`)
)

// modelAsked is the model that a recorded request names.
func modelAsked(e *corpus.Exchange) string {
	var body struct{ Model string }
	_ = json.Unmarshal(e.RequestBody, &body)
	if body.Model != "" {
		return body.Model
	}
	address, _, _ := strings.Cut(e.URL, "?")
	if m := vertexInPath.FindStringSubmatch(address); m != nil {
		return m[1] + "." + m[2]
	}
	if m := modelInPath.FindStringSubmatch(address); m != nil {
		if plain, err := url.PathUnescape(m[1]); err == nil {
			return plain
		}
	}
	if e.Model == "" {
		return "unnamed"
	}
	return e.Model
}
