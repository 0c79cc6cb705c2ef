package api

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/form"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/codec/spool"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/gateway"
)

// uploadTime is how long a client may take to send a body that is not JSON.
const uploadTime = 30 * time.Minute

// Relay serves an operation whose path below root (such as "/v1"), query and
// body go to the provider as they come. The body may be JSON, a form or anything
// else; the last two may be as large as MaxUpload.
func (in *Ingress) Relay(op ai.Op, format dialect.Format, root string) http.Handler {
	return in.handler(Operation{Op: op, Format: format, body: func(w http.ResponseWriter, r *http.Request, c *gateway.Call) error {
		var plain bool
		if c.Rest, plain = strings.CutPrefix(r.URL.EscapedPath(), root); !plain {
			return &ai.Error{Kind: ai.Invalid, Type: "invalid_request_error", Message: "The path must begin with " + root + " in plain letters, not percent-encoded"}
		}
		if r.URL.RawQuery != "" {
			c.Rest += "?" + r.URL.RawQuery
		}
		contentType := r.Header.Get("Content-Type")
		boundary, isForm := form.Boundary(contentType)
		switch {
		case isForm:
			return in.readForm(w, r, c, boundary)
		case r.Body == http.NoBody:
			return nil
		case isJSON(contentType):
			return in.readBody(w, r, c, readRelayed)
		}
		return in.readBlob(w, r, c, contentType)
	}})
}

// readRelayed looks at a JSON body of unknown meaning.
func readRelayed(c *gateway.Call) error {
	if len(c.Body) == 0 {
		return nil
	}
	if jsonedit.Kind(c.Body) == '[' && jsonedit.Whole(c.Body) {
		return nil
	}
	top, err := jsonedit.Scan(c.Body)
	c.Model, c.Stream = top.Model, top.Stream
	return err
}

func (in *Ingress) readForm(w http.ResponseWriter, r *http.Request, c *gateway.Call, boundary string) error {
	body, files, err := in.upload(w, r)
	if err != nil {
		return err
	}
	f, err := form.Read(body, boundary, files)
	if err != nil {
		return in.uploadError(err)
	}
	c.Upload, c.Body = f, f.Fields()
	for _, name := range []string{"model", "stream"} { // a router and a provider might take different ones
		if v := jsonedit.Get(c.Body, name); v != nil && jsonedit.Kind(v) != '"' {
			return &ai.Error{Kind: ai.Invalid, Type: "invalid_request_error", Param: name, Message: "The form must have " + name + " once, as a field of text"}
		}
	}
	c.Model = jsonedit.Text(jsonedit.Get(c.Body, "model"))
	c.Stream = jsonedit.Text(jsonedit.Get(c.Body, "stream")) == "true"
	return nil
}

func (in *Ingress) readBlob(w http.ResponseWriter, r *http.Request, c *gateway.Call, contentType string) error {
	body, file, err := in.upload(w, r)
	if err != nil {
		return err
	}
	if _, err := io.Copy(file, body); err != nil {
		return in.uploadError(errors.Join(err, file.Close()))
	}
	c.Upload = spool.Body{File: file, Type: contentType}
	return nil
}

// upload returns a body to read and where to keep it.
func (in *Ingress) upload(w http.ResponseWriter, r *http.Request) (io.Reader, *spool.File, error) {
	if err := identity(r); err != nil {
		return nil, nil, err
	}
	if r.ContentLength > in.MaxUpload {
		return nil, nil, in.uploadError(spool.ErrTooLarge)
	}
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(uploadTime))
	return http.MaxBytesReader(w, r.Body, in.MaxUpload), spool.New(in.SpoolDir, in.MaxUpload), nil
}

func (in *Ingress) uploadError(err error) error {
	if e, ok := errors.AsType[*ai.Error](err); ok {
		if _, long := errors.AsType[*http.MaxBytesError](err); !long {
			return e
		}
	}
	if _, long := errors.AsType[*http.MaxBytesError](err); long || errors.Is(err, spool.ErrTooLarge) {
		return ai.Errorf(ai.TooLarge, "The upload is larger than %s. The operator can raise the limit with --max-upload", size(in.MaxUpload))
	}
	return &ai.Error{Kind: ai.Invalid, Message: "The request body could not be read to its end", Err: err}
}
