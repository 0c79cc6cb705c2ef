package mock

import (
	"net/http"
	"strconv"
	"time"
)

// A dialect is the shape of errors and of the headers around a reply.
type dialect uint8

const (
	openAI dialect = iota
	anthropic
)

func (d dialect) requestID() string {
	if d == anthropic {
		return "Request-Id"
	}
	return "X-Request-Id"
}

// fail answers with an error in the dialect's own shape.
func (d dialect) fail(w http.ResponseWriter, status int, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(d.errorBody(status, message))
}

type openAIError struct {
	Message string  `json:"message"`
	Type    string  `json:"type"`
	Param   *string `json:"param"`
	Code    *string `json:"code"`
}

type anthropicError struct {
	Type    string `json:"type"`
	Message string `json:"message"`
}

func (d dialect) errorBody(status int, message string) []byte {
	if d == anthropic {
		return encode(struct {
			Type  string         `json:"type"`
			Error anthropicError `json:"error"`
		}{"error", anthropicError{anthropicErrorType(status), message}})
	}
	kind, code := openAIErrorType(status)
	e := openAIError{Message: message, Type: kind}
	if code != "" {
		e.Code = &code
	}
	return encode(struct {
		Error openAIError `json:"error"`
	}{e})
}

// errorEvent is how a stream that has begun reports an error.
func (d dialect) errorEvent(message string) event {
	if d == anthropic {
		return event{"error", d.errorBody(529, message)}
	}
	return event{"", d.errorBody(http.StatusInternalServerError, message)}
}

func openAIErrorType(status int) (kind, code string) {
	switch status {
	case http.StatusUnauthorized:
		return "invalid_request_error", "invalid_api_key"
	case http.StatusNotFound:
		return "invalid_request_error", "model_not_found"
	case http.StatusTooManyRequests:
		return "requests", "rate_limit_exceeded"
	}
	if status >= 500 {
		return "server_error", ""
	}
	return "invalid_request_error", ""
}

func anthropicErrorType(status int) string {
	switch status {
	case http.StatusUnauthorized:
		return "authentication_error"
	case http.StatusForbidden:
		return "permission_error"
	case http.StatusNotFound:
		return "not_found_error"
	case http.StatusRequestEntityTooLarge:
		return "request_too_large"
	case http.StatusTooManyRequests:
		return "rate_limit_error"
	case 529:
		return "overloaded_error"
	}
	if status >= 500 {
		return "api_error"
	}
	return "invalid_request_error"
}

// quotaHeaders tells where a rate limit stands.
func (d dialect) quotaHeaders(h http.Header, q quota) {
	name := func(what string) string { return "X-Ratelimit-" + what + "-Requests" }
	if d == anthropic {
		name = func(what string) string { return "Anthropic-Ratelimit-Requests-" + what }
	}
	h.Set(name("Limit"), strconv.Itoa(q.limit))
	h.Set(name("Remaining"), strconv.Itoa(q.remaining))
	h.Set(name("Reset"), q.reset.Round(time.Millisecond).String())
}
