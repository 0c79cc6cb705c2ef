package ai

import (
	"errors"
	"fmt"
	"net/http"
	"time"
)

// Kind classifies an Error; it decides the status, whether a retry may help and
// how loudly the error is logged. Kinds are appended, never reordered.
type Kind uint8

// The kinds, with the HTTP status each maps to when Error.Status is 0.
const (
	Internal        Kind = iota // 500: ours; the text is not shown
	Invalid                     // 400: the caller's input
	Unauthenticated             // 401
	Forbidden                   // 403
	NotFound                    // 404
	Timeout                     // 408: request_timeout of the config
	Conflict                    // 409
	Exhausted                   // 412: a budget, or an expired key
	TooLarge                    // 413
	RateLimited                 // 429
	HeaderTooLarge              // 431
	Denied                      // 446: a guardrail
	Canceled                    // 499: the client went away; only logged
	Unsupported                 // 501: the provider does not offer the operation
	BadGateway                  // 502: the provider answered nonsense or was cut
	Unavailable                 // 503: ours or the provider's; a retry may help
	Upstream                    // the provider's own error; Status is set
)

var kindStatus = [...]int{
	Internal: 500, Invalid: 400, Unauthenticated: 401, Forbidden: 403, NotFound: 404,
	Timeout: 408, Conflict: 409, Exhausted: 412, TooLarge: 413, RateLimited: 429,
	HeaderTooLarge: 431, Denied: 446, Canceled: 499, Unsupported: 501, BadGateway: 502,
	Unavailable: 503, Upstream: 502,
}

// An Error is the only error a client ever sees. Message, Type, Code and Param
// are safe to show; Err is for us.
type Error struct {
	Kind       Kind
	Op         string // what we were doing, for our log
	Status     int    // HTTP status; 0 means the kind's own
	Message    string
	Type       string // "invalid_request_error", or the provider's own type
	Code       string // machine-readable; "" is shown as null
	Param      string // the offending field; "" is shown as null
	Provider   string // slug of the provider whose error this is, "" if ours
	RetryAfter time.Duration
	Problems   []string // each "path: what was expected", for input with several faults
	Err        error
}

// Error implements error. It is for logs, not for clients.
func (e *Error) Error() string {
	s := e.Message
	if e.Op != "" {
		s = e.Op + ": " + s
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap implements errors.Unwrap.
func (e *Error) Unwrap() error { return e.Err }

// HTTPStatus is the status a client is answered with.
func (e *Error) HTTPStatus() int {
	if e.Status != 0 {
		return e.Status
	}
	if int(e.Kind) < len(kindStatus) {
		return kindStatus[e.Kind]
	}
	return http.StatusInternalServerError
}

// Errorf makes an Error of the given kind whose message is shown to clients.
func Errorf(kind Kind, format string, args ...any) *Error {
	return &Error{Kind: kind, Message: fmt.Sprintf(format, args...)}
}

// AsError finds the *Error in err's chain, or wraps err as Internal with a
// message that gives nothing away.
func AsError(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return &Error{Kind: Internal, Message: "Something went wrong", Err: err}
}
