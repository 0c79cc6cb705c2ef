package api

import (
	"net/http"
	"strconv"
	"time"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/gateway"
)

// writeStall is how long a client may take to accept a part of a reply.
const writeStall = time.Minute

// write sends a reply. A stream is flushed once per chunk, which is once per
// read of the provider's connection.
func write(w http.ResponseWriter, reply *ai.Reply) {
	h := w.Header()
	for name, values := range reply.Header {
		h[name] = values
	}
	h["X-Content-Type-Options"] = []string{"nosniff"}
	if reply.Stream == nil {
		h["Content-Length"] = []string{strconv.Itoa(len(reply.Body))}
		w.WriteHeader(reply.Status)
		_, _ = w.Write(reply.Body)
		return
	}
	defer reply.Stream.Close()
	control := http.NewResponseController(w)
	w.WriteHeader(reply.Status)
	for {
		chunk, err := reply.Stream.Next()
		if err != nil {
			return
		}
		if len(chunk) == 0 {
			continue
		}
		_ = control.SetWriteDeadline(time.Now().Add(writeStall))
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
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Portkey-Trace-Id", readTrace(r).id)
	w.WriteHeader(http.StatusNotFound)
	_, _ = w.Write([]byte(`{"message":"Not Found","ok":false,"status":"failure","success":false,` +
		`"error":{"message":"Not Found: no such path or method","type":"invalid_request_error","param":null,"code":"not_found"}}`))
}
