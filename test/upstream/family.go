package upstream

import (
	"encoding/json"
	"strings"
)

// A family is the shape of a provider's errors.
type family uint8

const (
	openAI family = iota
	anthropic
	ollama
	amazon
	google
)

func familyOf(provider, path string) family {
	switch {
	case provider == "anthropic":
		return anthropic
	case provider == "bedrock", provider == "sagemaker":
		return amazon
	case provider == "google", provider == "vertex-ai":
		return google
	case provider == "ollama" && strings.HasPrefix(path, "/api/"):
		return ollama
	}
	return openAI
}

func (f family) errorBody(status int, message string) string {
	var v any
	switch f {
	case anthropic:
		kind := map[int]string{
			400: "invalid_request_error", 401: "authentication_error", 403: "permission_error", 404: "not_found_error",
			413: "request_too_large", 429: "rate_limit_error", 529: "overloaded_error",
		}[status]
		if kind == "" {
			kind = "api_error"
		}
		v = map[string]any{"type": "error", "error": map[string]any{"type": kind, "message": message}}
	case ollama:
		v = map[string]any{"error": message}
	case amazon:
		v = map[string]any{"message": message}
	case google:
		code := map[int]string{400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND", 429: "RESOURCE_EXHAUSTED", 503: "UNAVAILABLE"}[status]
		if code == "" {
			code = "INTERNAL"
		}
		v = map[string]any{"error": map[string]any{"code": status, "message": message, "status": code}}
	default:
		kind, code := "invalid_request_error", any(nil)
		switch {
		case status == 429:
			kind, code = "requests", "rate_limit_exceeded"
		case status == 401:
			code = "invalid_api_key"
		case status >= 500:
			kind = "server_error"
		}
		v = map[string]any{"error": map[string]any{"message": message, "type": kind, "param": nil, "code": code}}
	}
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // strings and maps always marshal
	}
	return string(b)
}

// errorEvent is how the provider ends a stream that it cannot finish.
func (f family) errorEvent() string {
	const message = "The upstream was told to break this stream."
	switch f {
	case anthropic:
		return "event: error\ndata: " + f.errorBody(529, message) + "\n\n"
	case ollama:
		return f.errorBody(500, message) + "\n"
	case amazon:
		return amazonException("internalServerException", f.errorBody(500, message))
	}
	return "data: " + f.errorBody(500, message) + "\n\n"
}
