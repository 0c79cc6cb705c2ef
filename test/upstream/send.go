package upstream

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"
)

// send writes a reply through net/http, piece by piece.
func send(w http.ResponseWriter, r *http.Request, rep *reply, step Step) {
	for name, values := range rep.header {
		w.Header()[name] = values
	}
	if !rep.stream && step.StallAt == nil && step.TrickleBPS == 0 {
		w.Header().Set("Content-Length", strconv.Itoa(len(rep.body())))
	}
	w.WriteHeader(rep.status)
	flush := http.NewResponseController(w).Flush
	sent := 0
	for i, p := range rep.pieces {
		if i > 0 && !pace(r, step) {
			panic(http.ErrAbortHandler)
		}
		stall := step.StallAt != nil && sent+len(p) >= *step.StallAt
		if stall {
			p = p[:*step.StallAt-sent]
		}
		if _, err := w.Write(p); err != nil {
			panic(http.ErrAbortHandler)
		}
		sent += len(p)
		if err := flush(); err != nil {
			panic(http.ErrAbortHandler)
		}
		if stall {
			<-r.Context().Done()
			panic(http.ErrAbortHandler)
		}
	}
}

func pace(r *http.Request, step Step) bool {
	d := time.Duration(step.ChunkDelayMS) * time.Millisecond
	if step.TrickleBPS > 0 {
		d = time.Second / time.Duration(step.TrickleBPS)
	}
	return wait(r.Context(), d)
}

// sendRaw writes a reply on the bare connection, for faults that net/http would
// not let happen, and closes it.
func sendRaw(w http.ResponseWriter, r *http.Request, rep *reply, step Step) {
	conn, buf, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	defer conn.Close()
	if step.ResetAt != nil && *step.ResetAt < 0 {
		reset(conn)
		return
	}
	out := bufio.NewWriter(conn)
	_ = buf.Flush()
	for range step.Interim {
		fmt.Fprint(out, "HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n")
	}
	writeHead(out, rep, step)
	if out.Flush() != nil {
		return
	}
	sent, end := 0, breakAt(step)
	for i, p := range rep.pieces {
		if i > 0 && !pace(r, step) {
			return
		}
		if end >= 0 {
			p = p[:min(len(p), end-sent)]
		}
		if writePiece(out, p, chunked(rep, step)) != nil {
			return
		}
		if sent += len(p); end >= 0 && sent >= end {
			if step.ResetAt != nil {
				time.Sleep(20 * time.Millisecond) // a reset overtakes what the client has not read yet
				reset(conn)
			}
			return
		}
	}
	if chunked(rep, step) {
		_, _ = conn.Write([]byte("0\r\n\r\n"))
	}
}

// breakAt is where the body ends early, -1 if it does not.
func breakAt(step Step) int {
	switch {
	case step.CutAt != nil:
		return *step.CutAt
	case step.ResetAt != nil:
		return *step.ResetAt
	}
	return -1
}

// chunked reports whether the body is framed in chunks: streams are, unless the
// step lies about a length.
func chunked(rep *reply, step Step) bool { return rep.stream && step.LengthOff == 0 }

func writeHead(out *bufio.Writer, rep *reply, step Step) {
	fmt.Fprintf(out, "HTTP/1.1 %d %s\r\n", rep.status, http.StatusText(rep.status))
	header := rep.header.Clone()
	if chunked(rep, step) {
		header.Set("Transfer-Encoding", "chunked")
	} else {
		header.Set("Content-Length", strconv.Itoa(max(0, len(rep.body())+step.LengthOff)))
	}
	header.Set("Connection", "close")
	_ = header.Write(out)
	fmt.Fprint(out, "\r\n")
}

func writePiece(out *bufio.Writer, p []byte, chunked bool) error {
	if len(p) == 0 {
		return nil
	}
	if chunked {
		fmt.Fprintf(out, "%x\r\n%s\r\n", len(p), p)
	} else {
		_, _ = out.Write(p)
	}
	return out.Flush()
}

// reset makes closing the connection send RST instead of FIN.
func reset(conn net.Conn) {
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}
