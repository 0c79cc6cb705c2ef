package api

import (
	"context"
	"encoding/hex"
	"errors"
	"io"
	"mime"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/gateway"
)

// An Ingress is the data plane's door: it turns HTTP requests into calls of the
// gateway and writes the replies.
type Ingress struct {
	Gateway *gateway.Gateway
	Keys    Keys
	MaxBody int64 // largest JSON body in bytes

	MaxUpload int64  // largest body of another kind in bytes
	SpoolDir  string // where large uploads are kept while they are needed

	Sessions *sync.WaitGroup // counts the realtime sessions that are open
}

// bodyTime is how long a client may take to send its body.
const bodyTime = 2 * time.Minute

// Read fills in what one operation needs to know of a request's body, in the
// call's dialect. It returns an *ai.Error of kind Invalid for a body that is not
// acceptable.
type Read func(c *gateway.Call) error

// An Operation is what a request asks for, in one wire format.
type Operation struct {
	Op     ai.Op
	Format dialect.Format
	Read   Read            // nil for an operation without a body
	Reply  func(*ai.Reply) // changes how the reply is written; nil if it is written as it is

	body func(http.ResponseWriter, *http.Request, *gateway.Call) error // instead of Read
	do   func(context.Context, *gateway.Call) *ai.Reply                // instead of the gateway's Do
}

// Handle serves one operation in one wire format. read may be nil for an
// operation without a body.
func (in *Ingress) Handle(op ai.Op, format dialect.Format, read Read) http.Handler {
	return in.handler(Operation{Op: op, Format: format, Read: read})
}

func (in *Ingress) handler(o Operation) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { in.Serve(w, r, o) })
}

// Serve serves one request.
func (in *Ingress) Serve(w http.ResponseWriter, r *http.Request, o Operation) {
	c := in.Open(r, o.Op, o.Format.Dialect())
	caller, err := in.Keys.Identify(r.Header)
	if err == nil {
		err = caller.MayInfer()
	}
	if err != nil {
		WriteError(w, o.Format, c, err)
		return
	}
	in.identified(c, caller)
	reply := in.answer(w, r, c, o)
	if c.Upload != nil {
		defer c.Upload.Close()
	}
	if o.Reply != nil {
		o.Reply(reply)
	}
	write(w, reply)
}

func (in *Ingress) answer(w http.ResponseWriter, r *http.Request, c *gateway.Call, o Operation) *ai.Reply {
	var err error
	switch {
	case o.body != nil:
		err = o.body(w, r, c)
	case o.Read != nil:
		err = in.readBody(w, r, c, o.Read)
	}
	switch {
	case err != nil:
		return in.Gateway.Refuse(c, err)
	case o.do != nil:
		return o.do(r.Context(), c)
	}
	return in.Gateway.Do(r.Context(), c)
}

// identified notes what follows from who is calling.
func (in *Ingress) identified(c *gateway.Call, caller *Caller) {
	c.Key, c.ProviderKey, c.Carrier = caller.Key, caller.ProviderKey, caller.Carrier
	c.Metadata, c.Receipts = readMetadata(c.Headers, caller.Key.Metadata)
	c.KeepBodies = in.Keys.Directory.Logging().Keeps(c.Headers.Get("X-Portkey-Debug"))
}

// Open begins a call of whose caller nothing is known yet.
func (in *Ingress) Open(r *http.Request, op ai.Op, d ai.Dialect) *gateway.Call {
	id, err := uuid.NewV7()
	if err != nil {
		id = uuid.New()
	}
	t := readTrace(r)
	if t.span == "" {
		t.span = hex.EncodeToString(id[8:])
	}
	c := &gateway.Call{
		Headers: r.Header, Method: r.Method, Path: r.URL.Path, Started: time.Now(), ClientIP: clientIP(r),
		TraceID: t.id, SpanID: t.span, ParentSpanID: t.parent, SpanName: t.name,
	}
	c.ID, c.Op, c.Dialect = id.String(), op, d
	return c
}

func (in *Ingress) readBody(w http.ResponseWriter, r *http.Request, c *gateway.Call, read Read) error {
	if err := identity(r); err != nil {
		return err
	}
	if t := r.Header.Get("Content-Type"); !isJSON(t) {
		return &ai.Error{Kind: ai.Invalid, Type: "invalid_request_error", Param: "Content-Type",
			Message: "Invalid content type passed: " + strconv.Quote(t) + "; send application/json"}
	}
	if r.ContentLength > in.MaxBody {
		return in.tooLarge()
	}
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Now().Add(bodyTime))
	body, err := readAll(http.MaxBytesReader(w, r.Body, in.MaxBody), r.ContentLength)
	if err != nil {
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			return in.tooLarge()
		}
		return &ai.Error{Kind: ai.Invalid, Message: "The request body could not be read to its end", Err: err}
	}
	_ = control.SetReadDeadline(time.Time{})
	c.Body = body
	return read(c)
}

// identity refuses a body that is compressed.
func identity(r *http.Request) error {
	if enc := r.Header.Get("Content-Encoding"); enc != "" && enc != "identity" {
		return &ai.Error{Kind: ai.Invalid, Status: http.StatusUnsupportedMediaType, Param: "Content-Encoding",
			Message: "Content-Encoding " + strconv.Quote(enc) + " is not supported; send the body uncompressed"}
	}
	return nil
}

// isJSON reports whether a content type is that of JSON; none at all passes.
func isJSON(contentType string) bool {
	if contentType == "" || contentType == "application/json" {
		return true
	}
	t, _, err := mime.ParseMediaType(contentType)
	return err == nil && (t == "application/json" || strings.HasPrefix(t, "application/") && strings.HasSuffix(t, "+json"))
}

func (in *Ingress) tooLarge() error {
	return ai.Errorf(ai.TooLarge, "Payload size exceeds the limit of %s. The operator can raise it with --max-body", size(in.MaxBody))
}

func size(n int64) string {
	if n%(1<<20) == 0 {
		return strconv.FormatInt(n>>20, 10) + "MB"
	}
	if n%(1<<10) == 0 {
		return strconv.FormatInt(n>>10, 10) + "KB"
	}
	return strconv.FormatInt(n, 10) + " bytes"
}

// readAll reads to EOF into one buffer of the announced size.
func readAll(r io.Reader, announced int64) ([]byte, error) {
	b := make([]byte, 0, max(512, announced+1))
	for {
		n, err := r.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		if err == io.EOF {
			return b, nil
		}
		if err != nil {
			return nil, err
		}
		if len(b) == cap(b) {
			b = append(b, 0)[:len(b)]
		}
	}
}

func clientIP(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
