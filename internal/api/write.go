package api

import (
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/gateway"
)

// writeStall is how long a client may take to accept a part of a reply.
const writeStall = time.Minute

// writeWhole is how long a client may take to accept a whole reply.
const writeWhole = 5 * time.Minute

// write sends a reply. A stream is flushed once per chunk, which is once per
// read of the provider's connection.
func write(w http.ResponseWriter, reply *ai.Reply) {
	h := w.Header()
	for name, values := range reply.Header {
		h[name] = values
	}
	h["X-Content-Type-Options"] = []string{"nosniff"}
	control := http.NewResponseController(w)
	_ = control.SetWriteDeadline(time.Now().Add(writeWhole))
	if reply.Size > 0 {
		h["Content-Length"] = []string{strconv.FormatInt(reply.Size, 10)}
	}
	if reply.Stream == nil {
		h["Content-Length"] = []string{strconv.Itoa(len(reply.Body))}
		w.WriteHeader(reply.Status)
		_, _ = w.Write(reply.Body)
		return
	}
	defer reply.Stream.Close()
	w.WriteHeader(reply.Status)
	started, armed := time.Now(), time.Duration(-writeStall)
	for {
		chunk, err := reply.Stream.Next()
		if err == io.EOF {
			return
		}
		if err != nil {
			panic(http.ErrAbortHandler) // the client must see that there is more
		}
		if len(chunk) == 0 {
			continue
		}
		if now := time.Since(started); now-armed > writeStall/4 { // the monotonic clock alone is half as dear as time.Now
			armed = now
			_ = control.SetWriteDeadline(started.Add(now + writeStall))
		}
		if _, err := w.Write(chunk); err != nil {
			return
		}
		if err := control.Flush(); err != nil {
			return
		}
	}
}

// WriteError answers a request that never became a call, in the format its
// client speaks.
func WriteError(w http.ResponseWriter, format dialect.Format, c *gateway.Call, err error) {
	e := ai.AsError(err)
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Portkey-Trace-Id", c.TraceID)
	h.Set("X-Portkey-Request-Id", c.ID)
	w.WriteHeader(e.HTTPStatus())
	_, _ = w.Write(format.ErrorBody(e))
}

// NotFound answers a path that nothing serves.
func NotFound(w http.ResponseWriter, r *http.Request) {
	Refuse(w, r, &ai.Error{Kind: ai.NotFound, Code: "not_found", Message: "Not Found: no such path or method"}, http.StatusNotFound)
}

// Refuse answers a request that belongs to no route, in a shape that the
// different clients read.
func Refuse(w http.ResponseWriter, r *http.Request, e *ai.Error, status int) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Portkey-Trace-Id", readTrace(r).id)
	h.Set("X-Portkey-Request-Id", uuid.NewString())
	w.WriteHeader(status)
	var code any
	if e.Code != "" {
		code = e.Code
	}
	_ = json.NewEncoder(w).Encode(map[string]any{
		"message": e.Message, "ok": false, "status": "failure", "success": false,
		"error": map[string]any{"message": e.Message, "type": "invalid_request_error", "param": nil, "code": code},
	})
}
