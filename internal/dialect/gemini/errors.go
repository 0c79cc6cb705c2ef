package gemini

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/codec/sse"
	"github.com/portico-ai/portico/internal/dialect/openai"
)

// ParseError implements dialect.Format. Gemini's error object differs from the
// hub's in that its type is called status, and that the time to wait before
// another try stands among its details. Source: google.rpc.Status and RetryInfo.
func (Format) ParseError(status int, body []byte) *ai.Error {
	e := openai.ParseError(status, body)
	doc := body
	for first := range jsonedit.Elements(body) { // a stream that is an array
		doc = first
		break
	}
	for detail := range jsonedit.Elements(jsonedit.Get(doc, "error", "details")) {
		kind := jsonedit.Text(jsonedit.Get(detail, "@type"))
		if !strings.HasSuffix(kind, "google.rpc.RetryInfo") {
			continue
		}
		if wait, err := time.ParseDuration(jsonedit.Text(jsonedit.Get(detail, "retryDelay"))); err == nil && wait > 0 {
			e.RetryAfter = wait
		}
	}
	return e
}

// ErrorBody implements dialect.Format.
func (Format) ErrorBody(e *ai.Error) []byte {
	status := e.HTTPStatus()
	var w jsonedit.Writer
	w.Object()
	w.Key("error")
	w.Object()
	w.IntMember("code", int64(status))
	w.StringMember("message", openai.Message(e))
	w.StringMember("status", errorStatus(e, status))
	if e.Code != "" && !isNumber(e.Code) {
		w.Key("details")
		w.Array()
		w.Object()
		w.StringMember("@type", "type.googleapis.com/google.rpc.ErrorInfo")
		w.StringMember("reason", e.Code)
		w.EndObject()
		w.EndArray()
	}
	w.EndObject()
	w.EndObject()
	return w.Bytes()
}

// ErrorEvent implements dialect.Format.
func (f Format) ErrorEvent(e *ai.Error) []byte {
	return sse.AppendData(nil, f.ErrorBody(e))
}

func isNumber(s string) bool {
	_, err := strconv.Atoi(s)
	return err == nil
}

// errorStatus is one of the codes that Google's clients know: the provider's own
// if it is one, else by HTTP status. Source: google.rpc.Code.
func errorStatus(e *ai.Error, status int) string {
	switch e.Type {
	case "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED",
		"UNAUTHENTICATED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL",
		"UNAVAILABLE", "DATA_LOSS":
		return e.Type
	}
	switch status {
	case http.StatusUnauthorized:
		return "UNAUTHENTICATED"
	case http.StatusForbidden:
		return "PERMISSION_DENIED"
	case http.StatusNotFound:
		return "NOT_FOUND"
	case http.StatusRequestTimeout, http.StatusGatewayTimeout:
		return "DEADLINE_EXCEEDED"
	case http.StatusConflict:
		return "ABORTED"
	case http.StatusPreconditionFailed:
		return "FAILED_PRECONDITION"
	case http.StatusTooManyRequests:
		return "RESOURCE_EXHAUSTED"
	case http.StatusNotImplemented:
		return "UNIMPLEMENTED"
	case http.StatusBadGateway, http.StatusServiceUnavailable, 529:
		return "UNAVAILABLE"
	}
	if status >= 400 && status < 500 {
		return "INVALID_ARGUMENT"
	}
	return "INTERNAL"
}

// asError reports the error that a reply is, nil if it is none.
func asError(reply []byte) *ai.Error {
	if jsonedit.Kind(jsonedit.Get(reply, "error")) != '{' {
		return nil
	}
	return Format{}.ParseError(0, reply)
}

// badReply says that a reply is not what its format promises.
func badReply(format, what string) *ai.Error {
	return ai.Errorf(ai.BadGateway, "the provider's reply is not %s: %s", format, what)
}

func invalid(path, format string, args ...any) *ai.Error {
	e := ai.Errorf(ai.Invalid, "%s: %s", path, fmt.Sprintf(format, args...))
	e.Type, e.Param = "invalid_request_error", path
	return e
}
