package admin

import (
	"encoding/json"
	"log/slog"
	"maps"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/portico-ai/portico/internal/ai"
)

// object is a JSON object in an answer.
type object = map[string]any

// list is the envelope of every list.
func list(total int, data []object) object {
	if data == nil {
		data = []object{}
	}
	return object{"object": "list", "total": total, "data": data}
}

// stamp writes a time as the API shows it; the zero time is null.
func stamp(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z")
}

// orNull shows an empty text as null.
func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// bit is how older parts of the API show a boolean.
func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (a *API) answer(w http.ResponseWriter, r *http.Request, v any) {
	reply, ok := v.(Reply)
	if !ok {
		reply = Reply{Body: v}
	}
	maps.Copy(w.Header(), reply.Header)
	a.write(w, r, max(reply.Status, http.StatusOK), reply.Body)
}

func (a *API) write(w http.ResponseWriter, r *http.Request, status int, body any) {
	if raw, ok := body.(Raw); ok {
		w.WriteHeader(status)
		_, _ = w.Write(raw)
		return
	}
	b, err := json.Marshal(body)
	if err != nil {
		a.log.ErrorContext(r.Context(), "an answer could not be written", "path", r.URL.Path, "error", err)
		status, b = http.StatusInternalServerError, []byte(`{"success":false,"status":"failure","message":"Something went wrong"}`)
	}
	w.WriteHeader(status)
	_, _ = w.Write(append(b, '\n'))
}

// abCodes are the control plane's own error codes.
var abCodes = map[int]string{
	http.StatusBadRequest: "AB01", http.StatusRequestEntityTooLarge: "AB01", http.StatusMethodNotAllowed: "AB01",
	http.StatusForbidden: "AB03", http.StatusUnauthorized: "AB05", http.StatusTooManyRequests: "AB06",
	http.StatusConflict: "AB07", http.StatusNotFound: "AB08",
}

// fail answers with an error in a shape that holds, at once, those that the
// different clients read.
func (a *API) fail(w http.ResponseWriter, r *http.Request, err error) {
	e := ai.AsError(err)
	status := e.HTTPStatus()
	a.logFailure(r, err)
	code, ok := abCodes[status]
	if !ok {
		code = "AB04"
	}
	if e.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(e.RetryAfter.Seconds()))))
	}
	body := object{
		"success": false, "status": "failure", "message": e.Message,
		"data":  object{"message": e.Message, "errorCode": code},
		"error": object{"message": e.Message, "type": errorType(e, status), "code": code, "param": orNull(e.Param)},
	}
	if len(e.Problems) > 0 {
		body["problems"] = problemList(e)
	}
	a.write(w, r, status, body)
}

func (a *API) logFailure(r *http.Request, err error) {
	if ai.AsError(err).HTTPStatus() >= http.StatusInternalServerError && r.Context().Err() == nil { // whoever left did not see it fail
		a.log.LogAttrs(r.Context(), slog.LevelError, "a control-plane request failed",
			slog.String("method", r.Method), slog.String("path", r.URL.Path), slog.Any("error", err))
	}
}

func errorType(e *ai.Error, status int) string {
	switch {
	case e.Type != "":
		return e.Type
	case status >= http.StatusInternalServerError:
		return "server_error"
	}
	return "invalid_request_error"
}

// problemList splits each problem into its path and what was expected there.
func problemList(e *ai.Error) []object {
	all := make([]object, len(e.Problems))
	for i, p := range e.Problems {
		path, message, ok := strings.Cut(p, ": ")
		if !ok {
			path, message = e.Param, p
		}
		all[i] = object{"path": path, "message": message}
	}
	return all
}
