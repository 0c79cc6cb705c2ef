package bedrock

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"net/http"
	"strings"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/codec/sse"
	"github.com/portico-ai/portico/internal/dialect/openai"
)

// statuses are those of the service's exceptions. In a stream the same names
// begin with a small letter.
var statuses = map[string]int{
	"ValidationException": 400, "ConflictException": 400, "ServiceQuotaExceededException": 400, "AccessDeniedException": 403,
	"ResourceNotFoundException": 404, "ModelTimeoutException": 408, "ModelErrorException": 424, "ModelStreamErrorException": 424,
	"ThrottlingException": 429, "ModelNotReadyException": 429, "InternalServerException": 500, "ServiceUnavailableException": 503,
}

// ParseError implements dialect.Format. Amazon's errors are {"message"} with the
// type in a header, or as __type in the body, where a namespace may precede it.
// Those of S3 are XML.
func (Format) ParseError(status int, body []byte) *ai.Error {
	var s3 struct{ Code, Message string }
	if bytes.HasPrefix(bytes.TrimSpace(body), []byte("<")) && xml.Unmarshal(body, &s3) == nil && s3.Message != "" {
		return &ai.Error{Kind: ai.Upstream, Status: status, Type: s3.Code, Code: s3.Code, Message: s3.Message}
	}
	e := openai.ParseError(status, body)
	if kind := jsonedit.Text(jsonedit.Get(body, "__type")); kind != "" {
		e.Type = kind[strings.LastIndexByte(kind, '#')+1:]
	}
	if known := statuses[exception(e.Type)]; known != 0 && status < 400 {
		e.Status = known
	}
	return e
}

// exception is an exception's name as the service's model spells it.
func exception(kind string) string {
	if kind == "" {
		return ""
	}
	return strings.ToUpper(kind[:1]) + kind[1:]
}

// ErrorBody implements dialect.Format.
func (Format) ErrorBody(e *ai.Error) []byte {
	var w jsonedit.Writer
	w.Object()
	w.StringMember("__type", errorType(e))
	w.StringMember("message", openai.Message(e))
	w.EndObject()
	return w.Bytes()
}

// ErrorEvent implements dialect.Format.
func (f Format) ErrorEvent(e *ai.Error) []byte {
	return sse.AppendEvent(nil, "error", f.ErrorBody(e))
}

// errorType is the exception that the service's clients know for the error.
func errorType(e *ai.Error) string {
	if _, known := statuses[exception(e.Type)]; known {
		return exception(e.Type)
	}
	switch status := e.HTTPStatus(); {
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return "AccessDeniedException"
	case status == http.StatusNotFound:
		return "ResourceNotFoundException"
	case status == http.StatusRequestTimeout:
		return "ModelTimeoutException"
	case status == http.StatusTooManyRequests:
		return "ThrottlingException"
	case status == http.StatusServiceUnavailable:
		return "ServiceUnavailableException"
	case status < 500:
		return "ValidationException"
	}
	return "InternalServerException"
}

func badReply(format, what string) *ai.Error {
	return ai.Errorf(ai.BadGateway, "the provider's reply is not %s: %s", format, what)
}

func invalid(path, format string, args ...any) *ai.Error {
	e := ai.Errorf(ai.Invalid, "%s: %s", path, fmt.Sprintf(format, args...))
	e.Type, e.Param = "invalid_request_error", path
	return e
}
