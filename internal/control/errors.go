package control

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/portico-ai/portico/internal/access"
	"github.com/portico-ai/portico/internal/ai"
)

const invalidRequest = "invalid_request_error"

// invalid is the caller's mistake in the named field.
func invalid(param, format string, args ...any) *ai.Error {
	e := ai.Errorf(ai.Invalid, format, args...)
	e.Param, e.Type = param, invalidRequest
	return e
}

// problems collects the faults of an input, so that all are told at once.
type problems []string

func (p *problems) add(path, format string, args ...any) {
	*p = append(*p, path+": "+fmt.Sprintf(format, args...))
}

// err is nil when there is no fault.
func (p problems) err() error {
	if len(p) == 0 {
		return nil
	}
	path, _, _ := strings.Cut(p[0], ": ")
	e := invalid(path, "%s", strings.Join(p, "; "))
	if len(p) > 1 {
		e.Problems = p
	}
	return e
}

// notFound is the answer to an id that does not exist and to one that belongs
// to somebody else; the two must not be told apart.
func notFound(what string) *ai.Error {
	e := ai.Errorf(ai.NotFound, "%s not found", what)
	e.Type = invalidRequest
	return e
}

func conflict(param, format string, args ...any) *ai.Error {
	e := ai.Errorf(ai.Conflict, format, args...)
	e.Param, e.Type = param, invalidRequest
	return e
}

func forbidden(format string, args ...any) *ai.Error {
	e := ai.Errorf(ai.Forbidden, format, args...)
	e.Type = "permission_error"
	return e
}

// require is nil when the principal holds one of the scopes.
func require(p access.Principal, scopes ...access.Scope) error {
	if p.MayAny(scopes...) {
		return nil
	}
	names := make([]string, len(scopes))
	for i, s := range scopes {
		names[i] = string(s)
	}
	return forbidden("This needs the scope %s, which your key does not have", strings.Join(names, " or "))
}

// storeError turns a store's error into what a client may see; what names the
// thing that was looked for.
func storeError(err error, what string) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, ErrNotFound):
		return notFound(what)
	case errors.Is(err, ErrConflict):
		return conflict("", "%s already exists", what)
	case errors.Is(err, ErrAmbiguous):
		return invalid("workspace_id", "several workspaces have a %s of that name; say which with workspace_id", strings.ToLower(what))
	}
	if e, ok := errors.AsType[*ai.Error](err); ok {
		return e
	}
	if errors.Is(err, ErrText) {
		return invalid("", "Text must be UTF-8 and may not hold a zero byte")
	}
	if errors.Is(err, ErrUnavailable) {
		e := ai.Errorf(ai.Unavailable, "The control plane's database cannot be reached at the moment, so nothing can be looked up or changed; calls to models go on. Try again later")
		e.Op, e.Err, e.Type, e.RetryAfter = what, err, "database_unavailable", 2*time.Second
		return e
	}
	e := ai.Errorf(ai.Unavailable, "The control plane's database could not do this; try again")
	e.Op, e.Err = what, err
	return e
}
