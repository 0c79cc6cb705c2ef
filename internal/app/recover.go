package app

import (
	"fmt"
	"net/http"
	"runtime/debug"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/api"
)

// recovered turns a panic of a handler into a logged error: an answer of 500 if
// nothing has been sent, else a broken connection, which no client can mistake
// for the end of a reply.
func (a *App) recovered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen := &headWatcher{ResponseWriter: w}
		defer func() {
			v := recover()
			if v == nil {
				return
			}
			if v != http.ErrAbortHandler {
				a.log.Error("a handler panicked", "path", r.URL.Path, "value", fmt.Sprint(v), "stack", string(debug.Stack()))
			}
			if v == http.ErrAbortHandler || seen.sent {
				panic(http.ErrAbortHandler)
			}
			api.Refuse(w, r, &ai.Error{Kind: ai.Internal, Code: "internal", Message: "Something went wrong"}, http.StatusInternalServerError)
		}()
		next.ServeHTTP(seen, r)
	})
}

// A headWatcher knows whether a response has begun.
type headWatcher struct {
	http.ResponseWriter
	sent bool
}

func (w *headWatcher) WriteHeader(status int) {
	w.sent = true
	w.ResponseWriter.WriteHeader(status)
}

func (w *headWatcher) Write(b []byte) (int, error) {
	w.sent = true
	return w.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the real writer.
func (w *headWatcher) Unwrap() http.ResponseWriter { return w.ResponseWriter }
