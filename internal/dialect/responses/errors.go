package responses

import (
	"fmt"
	"net/http"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/codec/sse"
	"github.com/portico-ai/portico/internal/dialect/openai"
)

// ParseError implements dialect.Format: a failed call is told as in the hub.
func (Format) ParseError(status int, body []byte) *ai.Error { return openai.ParseError(status, body) }

// ErrorBody implements dialect.Format.
func (Format) ErrorBody(e *ai.Error) []byte { return openai.New().ErrorBody(e) }

// ErrorEvent implements dialect.Format: how a stream ends of which nothing is
// known. See [failure] for one that has begun.
func (Format) ErrorEvent(e *ai.Error) []byte { return errorEvent(nil, e, 0) }

// errorEvent appends an error event. OpenAI's description has the error's
// members in the event itself, its service sends them in the member error, and
// its SDKs raise on the latter; so they are in both.
func errorEvent(out []byte, e *ai.Error, sequence int64) []byte {
	var w jsonedit.Writer
	w.Object()
	w.StringMember("type", "error")
	w.IntMember("sequence_number", sequence)
	for _, name := range []string{"code", "message", "param"} {
		errorMember(&w, e, name)
	}
	w.Key("error")
	w.Object()
	for _, name := range []string{"type", "code", "message", "param"} {
		errorMember(&w, e, name)
	}
	w.EndObject()
	w.EndObject()
	return sse.AppendEvent(out, "error", w.Bytes())
}

func errorMember(w *jsonedit.Writer, e *ai.Error, name string) {
	value := map[string]string{"type": e.Type, "code": e.Code, "message": openai.Message(e), "param": e.Param}[name]
	if w.Key(name); value == "" {
		w.Raw(nil)
		return
	}
	w.String(value)
}

// failure is how a stream ends that cannot be completed: an error, then the
// response as a failed one. response is that of the last event that had it; nil
// if there was none.
func failure(response []byte, e *ai.Error, sequence int64) []byte {
	out := errorEvent(nil, e, sequence)
	if jsonedit.Kind(response) != '{' {
		return out
	}
	failed, err := jsonedit.Set(response, "status", []byte(`"failed"`))
	if err != nil {
		return out
	}
	// Always in our words: the provider's own may hold what must not be shown.
	if failed, err = jsonedit.Set(failed, "error", failureOf(e, jsonedit.Get(response, "error"))); err != nil {
		return out
	}
	var w jsonedit.Writer
	w.Object()
	w.StringMember("type", "response.failed")
	w.IntMember("sequence_number", sequence+1)
	w.RawMember("response", failed)
	w.EndObject()
	return sse.AppendEvent(out, "response.failed", w.Bytes())
}

// failureOf is a response's own error, which has one of a few codes: the one
// that the provider told in the response itself, else by status.
func failureOf(e *ai.Error, told []byte) []byte {
	code := "server_error"
	switch status := e.HTTPStatus(); {
	case status == http.StatusTooManyRequests:
		code = "rate_limit_exceeded"
	case status >= 400 && status < 500 && status != http.StatusRequestTimeout:
		code = "invalid_prompt"
	}
	if own := jsonedit.Text(jsonedit.Get(told, "code")); own != "" {
		code = own
	}
	var w jsonedit.Writer
	w.Object()
	w.StringMember("code", code)
	w.StringMember("message", openai.Message(e))
	w.EndObject()
	return w.Bytes()
}

// asError reports the error that a reply is: an error object, or a response that
// failed. It is nil if the reply is neither.
func asError(reply []byte) *ai.Error {
	if jsonedit.Kind(jsonedit.Get(reply, "error")) != '{' {
		return nil
	}
	return openai.ParseError(0, reply)
}

// toldError is the error that an event or a failed response tells. Its own type
// says only that it is one.
func toldError(doc []byte) *ai.Error {
	e := openai.ParseError(0, doc)
	if e.Type == "error" {
		e.Type = ""
	}
	return e
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
