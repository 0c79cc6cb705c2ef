package cohere

import (
	"fmt"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/codec/sse"
	"github.com/portico-ai/portico/internal/dialect/openai"
)

// ParseError implements dialect.Format. Cohere's error is an object with a
// message, which the hub's reader knows as well.
func (Format) ParseError(status int, body []byte) *ai.Error {
	return openai.ParseError(status, body)
}

// ErrorBody implements dialect.Format.
func (Format) ErrorBody(e *ai.Error) []byte {
	var w jsonedit.Writer
	w.Object()
	w.StringMember("message", openai.Message(e))
	w.EndObject()
	return w.Bytes()
}

// ErrorEvent implements dialect.Format: a stream that fails ends with the reason
// ERROR.
func (Format) ErrorEvent(e *ai.Error) []byte {
	var w jsonedit.Writer
	w.Object()
	w.StringMember("type", "message-end")
	w.Key("delta")
	w.Object()
	w.StringMember("finish_reason", "ERROR")
	w.StringMember("error", openai.Message(e))
	w.EndObject()
	w.EndObject()
	return sse.AppendEvent(nil, "message-end", w.Bytes())
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
