package egress

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"os"
)

// A Reason says why a call failed, in our log and metrics. The values are stable.
type Reason string

// The reasons.
const (
	DeniedURL      Reason = "denied_url"      // CheckURL refused it
	DeniedAddress  Reason = "denied_address"  // a resolved address is outside the policy
	DeniedMetadata Reason = "denied_metadata" // a cloud metadata service
	Unresolved     Reason = "unresolved"      // the name has no address
	ConnectFailed  Reason = "connect_failed"  // refused, unreachable, or no answer in time
	TLSFailed      Reason = "tls_failed"      // handshake or certificate
	Timeout        Reason = "timeout"         // the request's deadline passed
	Canceled       Reason = "canceled"        // the request's context was cancelled
	Broken         Reason = "broken"          // the connection ended before the response head
	BadResponse    Reason = "bad_response"    // the response head is not valid HTTP, or too large
	BadRequest     Reason = "bad_request"     // the request cannot be written as HTTP
)

// unreachable is all a caller learns of a failed dial: refused, filtered and
// denied must look the same, or the gateway becomes a port scanner.
const unreachable = "the upstream host could not be reached"

// An Error is the only error of this package. Error() may be shown to whoever
// asked for the call; Reason and Detail are for our log.
type Error struct {
	Reason Reason
	Detail string // names the host, address or rule; never shown to callers
	Err    error  // the cause, nil if there is none

	message string
}

// Error implements error.
func (e *Error) Error() string { return e.message }

// Unwrap implements errors.Unwrap.
func (e *Error) Unwrap() error { return e.Err }

// LogValue implements slog.LogValuer: the log gets what the caller does not.
func (e *Error) LogValue() slog.Value {
	attrs := []slog.Attr{slog.String("reason", string(e.Reason)), slog.String("detail", e.Detail)}
	if e.Err != nil {
		attrs = append(attrs, slog.String("cause", e.Err.Error()))
	}
	return slog.GroupValue(attrs...)
}

func dialError(reason Reason, detail string, err error) *Error {
	return &Error{Reason: reason, Detail: detail, Err: err, message: unreachable}
}

// asError classifies what a round trip returned; ctx tells a deadline or a
// cancelled caller from a failing host.
func asError(ctx context.Context, host string, err error) error {
	own, ok := errors.AsType[*Error](err)
	if ok && own.Reason != ConnectFailed && own.Reason != Unresolved && own.Reason != TLSFailed {
		return own
	}
	if cause := ctx.Err(); cause != nil {
		if errors.Is(cause, context.DeadlineExceeded) {
			return &Error{Reason: Timeout, Detail: host, Err: cause, message: "the upstream did not answer in time"}
		}
		return &Error{Reason: Canceled, Detail: host, Err: context.Cause(ctx), message: "the call was cancelled"}
	}
	if ok {
		return own
	}
	if _, ok := errors.AsType[*bodyError](err); ok {
		return &Error{Reason: BadRequest, Detail: host, Err: err, message: "the request body could not be read to its end"}
	}
	if isTLS(err) {
		return dialError(TLSFailed, host, err)
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return &Error{Reason: Timeout, Detail: host, Err: err, message: "the upstream did not answer in time"}
	}
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "dial" {
		return dialError(ConnectFailed, host, err)
	}
	return &Error{Reason: Broken, Detail: host, Err: err, message: "the upstream connection broke before an answer"}
}

func isTLS(err error) bool {
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return true
	}
	if _, ok := errors.AsType[tls.AlertError](err); ok {
		return true
	}
	_, ok := errors.AsType[tls.RecordHeaderError](err)
	return ok
}
