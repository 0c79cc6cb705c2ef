package openai

import (
	"bytes"
	"net/http"
	"strconv"
	"strings"
	"unicode"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/codec/sse"
)

// messageLimit is how many characters of a body that is no error object are
// shown as the message.
const messageLimit = 500

// ParseError implements dialect.Format.
func (Format) ParseError(status int, body []byte) *ai.Error { return ParseError(status, body) }

// ParseError reads an error in the shape of OpenAI, Azure, FastAPI, or any of
// those that compatible servers answer with. A status below 400, as that of an
// error inside a stream, is replaced by what the error itself says, or 502.
func ParseError(status int, body []byte) *ai.Error {
	e := &ai.Error{Kind: ai.Upstream, Status: status}
	doc := bytes.TrimSpace(body)
	if jsonedit.Kind(doc) == '[' {
		for first := range jsonedit.Elements(doc) {
			doc = first
			break
		}
	}
	if jsonedit.Kind(doc) == '{' {
		readObject(e, doc)
	}
	if e.Message == "" {
		e.Message = PlainMessage(body)
	}
	if e.Status < 400 {
		e.Status = statusOf(e)
	}
	if e.Message == "" {
		e.Message = strings.TrimSpace("no details given; status " + strconv.Itoa(e.Status) + " " + http.StatusText(e.Status))
	}
	return e
}

// readObject reads an error from a JSON object, which may hold it as a member
// or be it.
func readObject(e *ai.Error, doc []byte) {
	inner := jsonedit.Get(doc, "error")
	switch jsonedit.Kind(inner) {
	case '{':
		readMembers(e, inner)
	case '"':
		readMembers(e, doc)
		if e.Message == "" {
			e.Message = jsonedit.Text(inner)
		}
	default:
		readMembers(e, doc)
	}
	if e.Message == "" {
		e.Message = firstOf(jsonedit.Get(doc, "errors"))
	}
}

func readMembers(e *ai.Error, doc []byte) {
	for key, value := range jsonedit.Members(doc) {
		switch string(key) {
		case "message", "Message", "msg", "error_description":
			if e.Message == "" && !jsonedit.IsNull(value) {
				e.Message = textOrRaw(value)
			}
		case "detail":
			readDetail(e, value)
		case "type":
			e.Type = jsonedit.Text(value)
		case "status":
			if e.Type == "" {
				e.Type = jsonedit.Text(value)
			}
		case "code":
			e.Code = scalar(value)
		case "param":
			e.Param = scalar(value)
		case "innererror":
			if e.Code == "" {
				e.Code = scalar(jsonedit.Get(value, "code"))
			}
		}
	}
}

// readDetail reads FastAPI's detail: a text, an error object, or a list of faults
// of which each names the place.
func readDetail(e *ai.Error, detail []byte) {
	if jsonedit.Kind(detail) == '{' && jsonedit.Text(jsonedit.Get(detail, "message")) != "" {
		readMembers(e, detail)
		return
	}
	if jsonedit.Kind(detail) != '[' {
		if e.Message == "" && !jsonedit.IsNull(detail) {
			e.Message = textOrRaw(detail)
		}
		return
	}
	var faults []string
	for fault := range jsonedit.Elements(detail) {
		var place []string
		for step := range jsonedit.Elements(jsonedit.Get(fault, "loc")) {
			place = append(place, scalar(step))
		}
		if len(place) > 1 && place[0] == "body" {
			place = place[1:]
		}
		where := strings.Join(place, ".")
		if e.Param == "" {
			e.Param = where
		}
		if msg := jsonedit.Text(jsonedit.Get(fault, "msg")); msg != "" {
			faults = append(faults, strings.TrimPrefix(where+": "+msg, ": "))
		}
	}
	if len(faults) > 0 {
		e.Message = strings.Join(faults, "; ")
	}
}

// firstOf is the message of the first of a list of errors.
func firstOf(list []byte) string {
	for fault := range jsonedit.Elements(list) {
		if jsonedit.Kind(fault) == '"' {
			return jsonedit.Text(fault)
		}
		return jsonedit.Text(jsonedit.Get(fault, "message"))
	}
	return ""
}

func textOrRaw(value []byte) string {
	if jsonedit.Kind(value) == '"' {
		return jsonedit.Text(value)
	}
	return PlainMessage(value)
}

// scalar is a string's text or a number as written.
func scalar(value []byte) string {
	switch jsonedit.Kind(value) {
	case '"':
		return jsonedit.Text(value)
	case 0, 'n', '{', '[':
		return ""
	}
	return string(value)
}

// PlainMessage makes a message of a body that is no error object: its first 500
// characters, white space joined and control characters removed.
func PlainMessage(body []byte) string {
	var b strings.Builder
	n, space := 0, false
	for _, r := range string(body[:min(len(body), 64*messageLimit)]) {
		if unicode.IsSpace(r) {
			space = n > 0
			continue
		}
		if !unicode.IsPrint(r) || r == unicode.ReplacementChar {
			continue
		}
		if space && n < messageLimit-1 {
			b.WriteByte(' ')
			n++
		}
		if space = false; n >= messageLimit {
			break
		}
		b.WriteRune(r)
		n++
	}
	return b.String()
}

// statusOf finds the status of an error that came without one.
func statusOf(e *ai.Error) int {
	if n, err := strconv.Atoi(e.Code); err == nil && n >= 400 && n < 600 {
		return n
	}
	for _, word := range []string{e.Type, e.Code} {
		switch word {
		case "invalid_request_error", "invalid_request", "context_length_exceeded", "content_filter", "validationException":
			return http.StatusBadRequest
		case "authentication_error", "invalid_api_key":
			return http.StatusUnauthorized
		case "permission_error":
			return http.StatusForbidden
		case "not_found_error", "model_not_found":
			return http.StatusNotFound
		case "rate_limit_error", "rate_limit_exceeded", "insufficient_quota", "requests", "tokens", "throttlingException":
			return http.StatusTooManyRequests
		case "server_error", "internal_server_error", "api_error", "internalServerException":
			return http.StatusInternalServerError
		case "overloaded_error":
			return 529 // Anthropic's own status for it
		case "service_unavailable", "server_overloaded", "serviceUnavailableException":
			return http.StatusServiceUnavailable
		case "timeout_error", "timeout", "modelTimeoutException":
			return http.StatusGatewayTimeout
		}
	}
	return http.StatusBadGateway
}

// ErrorBody implements dialect.Format. Beside OpenAI's error object it has the
// members from which Portkey's SDKs read.
func (Format) ErrorBody(e *ai.Error) []byte {
	var w jsonedit.Writer
	w.Object()
	writeError(&w, e)
	w.StringMember("status", "failure")
	w.StringMember("message", Message(e))
	w.EndObject()
	return w.Bytes()
}

// ErrorEvent implements dialect.Format. OpenAI's SDKs raise on any data that has
// an error; Portkey's raise only on an event of that name.
func (f Format) ErrorEvent(e *ai.Error) []byte {
	return sse.AppendEvent(nil, "error", f.ErrorBody(e))
}

// writeError writes the members error and, for a provider's error, provider.
func writeError(w *jsonedit.Writer, e *ai.Error) {
	w.Key("error")
	w.Object()
	w.StringMember("message", Message(e))
	nullable(w, "type", e.Type)
	nullable(w, "param", e.Param)
	nullable(w, "code", e.Code)
	if len(e.Problems) > 0 {
		w.Key("problems")
		w.Array()
		for _, p := range e.Problems {
			w.String(p)
		}
		w.EndArray()
	}
	w.EndObject()
	if e.Provider != "" {
		w.StringMember("provider", e.Provider)
	}
}

func nullable(w *jsonedit.Writer, key, value string) {
	if w.Key(key); value == "" {
		w.Raw(nil)
		return
	}
	w.String(value)
}

// Message is the message a client is shown: a provider's own is marked as such.
func Message(e *ai.Error) string {
	if e.Provider == "" {
		return e.Message
	}
	return e.Provider + " error: " + e.Message
}
