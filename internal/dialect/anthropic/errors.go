package anthropic

import (
	"fmt"
	"net/http"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/codec/sse"
	"github.com/portico-ai/portico/internal/dialect/openai"
)

// ParseError implements dialect.Format. Anthropic's error object differs from
// the hub's only in what surrounds it.
func (Format) ParseError(status int, body []byte) *ai.Error {
	return openai.ParseError(status, body)
}

// ErrorBody implements dialect.Format.
func (Format) ErrorBody(e *ai.Error) []byte {
	var w jsonedit.Writer
	w.Object()
	w.StringMember("type", "error")
	w.Key("error")
	w.Object()
	w.StringMember("type", errorType(e))
	w.StringMember("message", openai.Message(e))
	w.EndObject()
	w.EndObject()
	return w.Bytes()
}

// ErrorEvent implements dialect.Format.
func (f Format) ErrorEvent(e *ai.Error) []byte {
	return sse.AppendEvent(nil, "error", f.ErrorBody(e))
}

// errorType is one of the types that Anthropic's clients know: the provider's
// own if it is one of those, else by status. OpenAI's invalid_request_error says
// less than the status does: a wrong key and an unknown model are ones as well.
func errorType(e *ai.Error) string {
	switch e.Type {
	case "authentication_error", "billing_error", "permission_error",
		"not_found_error", "request_too_large", "rate_limit_error", "timeout_error", "overloaded_error", "api_error":
		return e.Type
	}
	switch status := e.HTTPStatus(); status {
	case http.StatusUnauthorized:
		return "authentication_error"
	case http.StatusPaymentRequired:
		return "billing_error"
	case http.StatusForbidden:
		return "permission_error"
	case http.StatusNotFound:
		return "not_found_error"
	case http.StatusRequestTimeout, http.StatusGatewayTimeout:
		return "timeout_error"
	case http.StatusRequestEntityTooLarge:
		return "request_too_large"
	case http.StatusTooManyRequests:
		return "rate_limit_error"
	case http.StatusServiceUnavailable, 529:
		return "overloaded_error"
	default:
		if status >= 400 && status < 500 {
			return "invalid_request_error"
		}
		return "api_error"
	}
}

// asError reports the error that a reply is, nil if it is none.
func asError(reply []byte) *ai.Error {
	if jsonedit.Kind(jsonedit.Get(reply, "error")) != '{' {
		return nil
	}
	return openai.ParseError(0, reply)
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
