// Package gemini is the door for clients that speak Google's Gemini API. The model
// stands in the path, and what to do with it after the last colon.
package gemini

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/api"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/gateway"
)

// Register adds the routes to mux, under /v1beta.
func Register(mux *http.ServeMux, in *api.Ingress, format dialect.Format) {
	d := &door{in, format}
	mux.HandleFunc("GET /v1beta/models", func(w http.ResponseWriter, r *http.Request) {
		in.Serve(w, withKey(r), api.Operation{Op: ai.Models, Format: format})
	})
	mux.HandleFunc("GET /v1beta/models/{model...}", func(w http.ResponseWriter, r *http.Request) { d.model(w, r, "") })
	mux.HandleFunc("GET /v1beta/tunedModels/{model...}", func(w http.ResponseWriter, r *http.Request) { d.model(w, r, "tunedModels/") })
	mux.HandleFunc("POST /v1beta/models/{call...}", func(w http.ResponseWriter, r *http.Request) { d.call(w, r, "") })
	mux.HandleFunc("POST /v1beta/tunedModels/{call...}", func(w http.ResponseWriter, r *http.Request) { d.call(w, r, "tunedModels/") })
}

type door struct {
	in     *api.Ingress
	format dialect.Format
}

// methods are what may be done with a model.
var methods = map[string]struct {
	op     ai.Op
	stream bool
}{
	"generateContent":       {ai.Chat, false},
	"streamGenerateContent": {ai.Chat, true},
	"countTokens":           {ai.CountContents, false},
	"embedContent":          {ai.Embed, false},
	"batchEmbedContents":    {ai.Embed, false},
}

func (d *door) model(w http.ResponseWriter, r *http.Request, collection string) {
	model := collection + r.PathValue("model")
	d.in.Serve(w, withKey(r), api.Operation{Op: ai.GetModel, Format: d.format, Read: func(c *gateway.Call) error {
		c.Model = model
		return nil
	}})
}

func (d *door) call(w http.ResponseWriter, r *http.Request, collection string) {
	call := r.PathValue("call")
	at := strings.LastIndexByte(call, ':')
	method, known := methods[call[at+1:]]
	if at <= 0 || !known {
		d.notFound(w, r, call[at+1:])
		return
	}
	model := collection + call[:at]
	o := api.Operation{Op: method.op, Format: d.format, Read: func(c *gateway.Call) error { return read(c, model, method.stream) }}
	if method.stream && r.URL.Query().Get("alt") != "sse" {
		o.Reply = asArray
	}
	d.in.Serve(w, withKey(r), o)
}

func (d *door) notFound(w http.ResponseWriter, r *http.Request, method string) {
	e := &ai.Error{Kind: ai.NotFound, Message: "There is no method " + strconv.Quote(method[:min(len(method), 100)]) + " of a model; there are " +
		"generateContent, streamGenerateContent, countTokens, embedContent and batchEmbedContents"}
	api.WriteError(w, d.format, d.in.Open(r, ai.Chat, d.format.Dialect()), e)
}

func read(c *gateway.Call, model string, stream bool) error {
	if _, err := jsonedit.Scan(c.Body); err != nil {
		return err
	}
	c.Model, c.Stream = model, stream
	c.WantsUsage = true // Gemini's streams always tell usage
	return nil
}

// withKey returns the request with the key of its address, as some of Google's
// clients send it, as the header that others send it in. Nothing after this sees
// the address's query.
func withKey(r *http.Request) *http.Request {
	keys := r.URL.Query()["key"]
	out, u := *r, *r.URL
	u.RawQuery = ""
	out.URL, out.RequestURI = &u, u.EscapedPath()
	if len(keys) == 0 || keys[0] == "" {
		return &out
	}
	out.Header = r.Header.Clone()
	if sent := out.Header.Get("X-Goog-Api-Key"); sent == "" {
		out.Header.Set("X-Goog-Api-Key", keys[0])
	} else if sent != keys[0] {
		out.Header.Add("X-Portkey-Api-Key", keys[0]) // two keys are refused whatever they are
		out.Header.Add("X-Portkey-Api-Key", sent)
	}
	return &out
}
