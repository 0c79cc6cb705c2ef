package mock

import (
	"bytes"
	"net/http"
	"strconv"
)

// play writes a response, with the delays and breaks of the directives.
func play(w http.ResponseWriter, r *http.Request, d Directives, resp response) {
	if resp.id != "" {
		w.Header().Set(resp.dialect.requestID(), "req_"+resp.id)
	}
	if resp.events != nil {
		playStream(w, r, d, resp)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(resp.plain)))
	if d.Cut {
		_, _ = w.Write(resp.plain[:len(resp.plain)/2])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
	_, _ = w.Write(resp.plain)
}

func playStream(w http.ResponseWriter, r *http.Request, d Directives, resp response) {
	w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
	w.Header().Set("Cache-Control", "no-cache")
	flush := func() { _ = http.NewResponseController(w).Flush() }
	flush()
	if d.Cut {
		d.FailAfter = max(1, len(resp.events)/2)
	}
	for i, e := range resp.events {
		if i > 0 && !pause(r, d.ChunkDelay) {
			return
		}
		if _, err := w.Write(e.frame()); err != nil {
			return
		}
		flush()
		switch i + 1 {
		case d.FailAfter:
			panic(http.ErrAbortHandler)
		case d.StallAfter:
			<-r.Context().Done()
			panic(http.ErrAbortHandler)
		case d.ErrorAfter:
			_, _ = w.Write(resp.dialect.errorEvent("The mock provider was told to break this stream.").frame())
			return
		}
	}
}

func (e event) frame() []byte {
	var b bytes.Buffer
	if e.name != "" {
		b.WriteString("event: " + e.name + "\n")
	}
	b.WriteString("data: ")
	b.Write(e.data)
	b.WriteString("\n\n")
	return b.Bytes()
}
