package upstream

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/portico-ai/portico/test/corpus"
)

// A reply is what is to be sent, in the pieces in which it is sent.
type reply struct {
	name   string // of the case, "" if made up
	status int
	header http.Header
	pieces [][]byte
	stream bool
}

func (r *reply) body() []byte { return bytes.Join(r.pieces, nil) }

// endpoints maps the end of a path to the corpus's name of the endpoint; the
// first that fits wins.
var endpoints = []struct{ suffix, name string }{
	{"/chat/completions", "chat.completions"}, {"/responses", "responses"}, {"/messages/count_tokens", "count-tokens"},
	{"/messages", "messages"}, {"/embeddings", "embeddings"}, {"/api/embed", "embeddings"}, {"/completions", "text-completions"},
	{"/api/chat", "chat"}, {"/api/generate", "generate"}, {"/moderations", "moderations"}, {"/models", "models"},
	{"/api/tags", "models"}, {"/images/generations", "images"}, {"/audio/speech", "audio.speech"},
	{"/audio/transcriptions", "audio.transcriptions"},
	{"/converse", "converse"}, {"/converse-stream", "converse"}, {"/invoke", "invoke"}, {"/invoke-with-response-stream", "invoke"},
	{"/invocations", "invoke"}, {"/invocations-response-stream", "invoke"}, {"/foundation-models", "models"},
	{":generateContent", "generateContent"}, {":streamGenerateContent", "generateContent"}, {":countTokens", "count-tokens"},
	{":embedContent", "embeddings"}, {":batchEmbedContents", "embeddings"},
	{":rawPredict", "rawPredict"}, {":streamRawPredict", "rawPredict"}, {":predict", "predict"},
}

func endpointOf(path string) (string, bool) {
	for _, e := range endpoints {
		if strings.HasSuffix(path, e.suffix) {
			return e.name, true
		}
	}
	return "", false
}

// reply makes the reply to a request, before anything breaks it.
func (s *Server) reply(r *http.Request, provider, path string, body []byte, step Step) (*reply, error) {
	family := familyOf(provider, path)
	rep, err := s.basis(r, provider, path, body, step, family)
	if err != nil {
		return nil, err
	}
	if step.Body != nil {
		rep.pieces = [][]byte{[]byte(*step.Body)}
	}
	if step.ErrorAfter != nil {
		rep.pieces = breakWith(rep.events(), *step.ErrorAfter, family)
	}
	if step.DropTerminal {
		rep.pieces = dropTerminal(rep.events())
	}
	if step.AfterTerminal {
		events := rep.events()
		rep.pieces = append(events, events[0])
	}
	rep.pieces = resplit(rep, step)
	if step.RetryAfter != "" {
		rep.header.Set("Retry-After", step.RetryAfter)
	}
	if step.HeaderBytes > 0 {
		rep.header.Set("X-Padding", strings.Repeat("x", step.HeaderBytes))
	}
	for name, value := range step.Headers {
		rep.header.Set(name, value)
	}
	return rep, nil
}

// basis chooses between a failure that the step asks for and a case.
func (s *Server) basis(r *http.Request, provider, path string, body []byte, step Step, family family) (*reply, error) {
	switch {
	case step.Redirect != "":
		target := step.Redirect
		if target == "canary" {
			target = s.URL + "/__canary"
		}
		rep := text(http.StatusTemporaryRedirect, "text/plain", "")
		rep.header.Set("Location", target)
		return rep, nil
	case step.HTML:
		status := max(step.Status, 200)
		page := fmt.Sprintf("<!DOCTYPE html>\n<html><head><title>%d</title></head><body><h1>%s</h1></body></html>\n", status, http.StatusText(status))
		return text(status, "text/html; charset=utf-8", page), nil
	case step.EchoKey:
		return text(http.StatusUnauthorized, "application/json", family.errorBody(401, "Incorrect API key provided: "+credential(r))), nil
	case step.Body != nil && step.Headers["content-type"] != "":
		return text(max(step.Status, 200), step.Headers["content-type"], ""), nil
	case step.Status != 0 && step.Case == "":
		status := step.Status
		if status < 400 {
			break
		}
		rep := text(status, "application/json", family.errorBody(status, fmt.Sprintf("The upstream was told to answer %d.", status)))
		maps.Copy(rep.header, family.errorHeader(status))
		return rep, nil
	}
	c, err := s.pick(r, provider, path, body, step)
	if err != nil {
		return nil, err
	}
	rep, err := s.replay(c)
	if err == nil && step.Status != 0 {
		rep.status = step.Status
	}
	return rep, err
}

// pick chooses the case: the step's, the request header's, or one that fits.
func (s *Server) pick(r *http.Request, provider, path string, body []byte, step Step) (*Case, error) {
	name := step.Case
	if name == "" {
		name = r.Header.Get(CaseHeader)
	}
	if name != "" {
		return s.cases.named(provider, name)
	}
	endpoint, ok := endpointOf(path)
	if !ok {
		return nil, fmt.Errorf("nothing is known of %s; script a step with a case or a body", path)
	}
	in := gjson.ParseBytes(body)
	stream, model := in.Get("stream"), in.Get("model").String()
	if familyOf(provider, path) == amazon {
		return s.cases.choose(provider, want{
			endpoint: endpoint, model: amazonModel(path), stream: strings.HasSuffix(path, "-stream"), calls: amazonMayCall(in), recorded: step.Recorded || s.recorded,
		})
	}
	if _, named, ok := strings.Cut(path, "/models/"); ok { // Google's paths name it
		model, _, _ = strings.Cut(named, ":")
	}
	return s.cases.choose(provider, want{
		endpoint: endpoint,
		model:    model,
		stream:   stream.Bool() || strings.HasSuffix(path, ":streamGenerateContent") || !stream.Exists() && (endpoint == "chat" || endpoint == "generate"), // Ollama streams by default
		calls:    mayCall(in),
		recorded: step.Recorded || s.recorded,
	})
}

// mayCall reports whether a request declares tools and does not yet bring the
// result of one.
func mayCall(in gjson.Result) bool {
	messages := in.Get("messages").Array()
	if contents := in.Get("contents").Array(); len(contents) > 0 {
		messages = contents
	}
	if len(in.Get("tools").Array()) == 0 || len(messages) == 0 {
		return false
	}
	last := messages[len(messages)-1]
	return last.Get("role").String() != "tool" && !last.Get("parts.#(functionResponse)").Exists() && !last.Get(`content.#(type=="tool_result")`).Exists()
}

func (s *Server) replay(c *Case) (*reply, error) {
	e, err := s.cases.load(c)
	if err != nil {
		return nil, err
	}
	rep := &reply{name: c.Name, status: e.Status, stream: e.Stream, header: http.Header{}}
	if rep.status == 0 {
		rep.status = http.StatusOK
	}
	for name, value := range e.ResponseHeaders {
		switch strings.ToLower(name) {
		case "connection", "keep-alive", "transfer-encoding", "content-length", "content-encoding", "date":
		default:
			rep.header.Set(name, value)
		}
	}
	if rep.header.Get("Content-Type") == "" {
		rep.header.Set("Content-Type", map[bool]string{true: "text/event-stream", false: "application/json"}[e.Stream])
	}
	rep.pieces, err = piecesOf(e)
	return rep, err
}

// piecesOf returns a recorded body in its recorded pieces.
func piecesOf(e *corpus.Exchange) ([][]byte, error) {
	if len(e.ResponseChunks) == 0 {
		var binary struct{ Base64 *string }
		if json.Unmarshal(e.ResponseBody, &binary) == nil && binary.Base64 != nil {
			b, err := base64.StdEncoding.DecodeString(*binary.Base64)
			return [][]byte{b}, err
		}
		return [][]byte{e.Body()}, nil
	}
	var pieces [][]byte
	for _, c := range e.ResponseChunks {
		if e.Chunking == "network-base64" {
			b, err := base64.StdEncoding.DecodeString(c)
			if err != nil {
				return nil, err
			}
			pieces = append(pieces, b)
			continue
		}
		if e.Chunking == "sse-data" { // only the data was kept
			name := gjson.Get(c, "type").String()
			if name != "" {
				name = "event: " + name + "\n"
			}
			c = name + "data: " + c + "\n\n"
		}
		pieces = append(pieces, []byte(c))
	}
	return pieces, nil
}

func text(status int, contentType, body string) *reply {
	return &reply{status: status, header: http.Header{"Content-Type": {contentType}}, pieces: [][]byte{[]byte(body)}}
}

// credential is the key that a request carried, wherever it was.
func credential(r *http.Request) string {
	for _, name := range []string{"Authorization", "X-Api-Key", "Api-Key", "X-Goog-Api-Key"} {
		if v := r.Header.Get(name); v != "" {
			return strings.TrimPrefix(v, "Bearer ")
		}
	}
	return r.URL.Query().Get("key")
}

// resplit cuts the body anew if the step says how.
func resplit(rep *reply, step Step) [][]byte {
	split := step.Split
	if step.TrickleBPS > 0 {
		split = "byte"
	}
	switch split {
	case "byte":
		var out [][]byte
		body := rep.body()
		for i := range body {
			out = append(out, body[i:i+1])
		}
		return out
	case "event":
		return rep.events()
	case "whole":
		return [][]byte{rep.body()}
	}
	return rep.pieces
}

// events cuts a stream after each event.
func (r *reply) events() [][]byte {
	if r.header.Get("Content-Type") == amazonType {
		return amazonMessages(r.body())
	}
	return splitEvents(r.body())
}

// splitEvents cuts a stream after each event: at blank lines, or at every line
// of NDJSON.
func splitEvents(body []byte) [][]byte {
	sep := []byte("\n\n")
	if crlf := []byte("\r\n\r\n"); bytes.Contains(body, crlf) {
		sep = crlf
	}
	if !bytes.Contains(body, sep) {
		sep = []byte("\n")
	}
	events := bytes.SplitAfter(body, sep)
	if len(events) > 1 && len(events[len(events)-1]) == 0 {
		events = events[:len(events)-1]
	}
	return events
}

// dropTerminal ends a stream just before what tells that it is complete.
func dropTerminal(events [][]byte) [][]byte {
	for i, e := range events {
		for _, mark := range []string{"[DONE]", `"message_stop"`, "message_stop\n", `"done":true`, "response.completed", `"finishReason"`, ":event-type\a\x00\bmetadata"} {
			if bytes.Contains(e, []byte(mark)) {
				return events[:i]
			}
		}
	}
	return events[:len(events)-1]
}

// breakWith replaces everything after n events by an error event.
func breakWith(events [][]byte, n int, f family) [][]byte {
	return append(events[:min(n, len(events))], []byte(f.errorEvent()))
}
