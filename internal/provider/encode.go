package provider

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/form"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/sign"
)

// Table is the adapter of a provider that is only a row.
type Table struct{}

// Encode implements Adapter.
func (Table) Encode(ctx context.Context, p *Provider, c *Call) (*http.Request, error) {
	e, ok := p.Endpoint(c.Op)
	if !ok {
		return nil, Unsupported(p, c.Op)
	}
	if !e.AsCalled {
		return EncodeAt(ctx, p, c, e.Method, e.PathOf(c))
	}
	if err := p.Check(c.Fields); err != nil {
		return nil, err
	}
	base, err := p.BaseURL(c)
	if err != nil {
		return nil, err
	}
	return NewRequest(ctx, p, c, c.Method, base+e.Root+c.Rest)
}

// EncodeAt makes the request of a call as a row says, but to another path, which
// may hold the same placeholders.
func EncodeAt(ctx context.Context, p *Provider, c *Call, method, template string) (*http.Request, error) {
	if err := p.Check(c.Fields); err != nil {
		return nil, err
	}
	base, err := p.BaseURL(c)
	if err != nil {
		return nil, err
	}
	path, err := p.path(template, c)
	if err != nil {
		return nil, err
	}
	return NewRequest(ctx, p, c, method, base+path)
}

// path fills the placeholders of an endpoint's path: {model} is one segment of
// it, whatever characters the model has; {model...} keeps the model's slashes.
func (p *Provider) path(template string, c *Call) (string, error) {
	template, err := p.Expand(template, c.Fields)
	if err != nil || !strings.Contains(template, "{model") {
		return template, err
	}
	if strings.Contains(template, "{model...}") {
		segments, err := p.ModelPath(c.Model)
		return strings.ReplaceAll(template, "{model...}", segments), err
	}
	model := c.Model
	if mark := p.Quirks.AdapterMark; mark != "" {
		model, _, _ = strings.Cut(model, mark)
	}
	if strings.Contains(template, modelSegments) {
		path, err := p.ModelPath(model)
		return strings.ReplaceAll(template, modelSegments, path), err
	}
	switch model {
	case "", ".", "..":
		return "", p.badModel()
	}
	return strings.ReplaceAll(template, "{model}", url.PathEscape(model)), nil
}

// modelSegments is the placeholder of a model whose slashes are those of the path.
const modelSegments = "{model...}"

// ModelPath is a model whose name has slashes as a part of a URL's path. It
// cannot lead elsewhere.
func (p *Provider) ModelPath(model string) (string, error) {
	segments := strings.Split(model, "/")
	for i, s := range segments {
		if s == "" || s == "." || s == ".." {
			return "", p.badModel()
		}
		segments[i] = url.PathEscape(s)
	}
	return strings.Join(segments, "/"), nil
}

func (p *Provider) badModel() error {
	return &ai.Error{Kind: ai.Invalid, Param: "model", Message: "model must name a model of " + p.Name + ": it is part of the URL"}
}

// NewRequest makes the HTTP request of a call to rawURL: headers in the order
// content type < the row's fields < forwarded headers < signature, then signed.
func NewRequest(ctx context.Context, p *Provider, c *Call, method, rawURL string) (*http.Request, error) {
	u, err := url.Parse(rawURL)
	if err != nil {
		return nil, ai.Errorf(ai.Invalid, "The URL of provider %s is not valid; check its host and fields", p.ID)
	}
	if method == "" {
		method = http.MethodPost
	}
	r := (&http.Request{}).WithContext(ctx)
	r.Method, r.URL, r.Host, r.Proto, r.ProtoMajor, r.ProtoMinor = method, u, u.Host, "HTTP/1.1", 1, 1
	r.Header = make(http.Header, len(c.Header)+4)
	setBody(r, c)
	for i := range p.Fields {
		f := &p.Fields[i]
		if f.Send == "" {
			continue
		}
		if v := fieldValue(f, c.Fields); v != "" {
			r.Header[f.outKey] = []string{v}
		}
	}
	for name, values := range c.Header {
		r.Header[name] = values
	}
	signer := p.Sign
	if signer == nil {
		signer = sign.Bearer
	}
	if err := signer(ctx, r, sign.Credential{Key: c.Key, Fields: c.Fields}); err != nil {
		return nil, err
	}
	return r, nil
}

// setBody gives the request the call's body, if there is one and the method takes it.
func setBody(r *http.Request, c *Call) {
	contentType, size, open := "application/json", int64(len(c.Body)), func() io.Reader { return bytes.NewReader(c.Body) }
	switch {
	case r.Method == http.MethodGet || r.Method == http.MethodHead || r.Method == http.MethodDelete && size == 0 && c.Upload == nil:
		return
	case c.Upload != nil:
		contentType, size, open = c.Upload.ContentType(), c.Upload.Size(), c.Upload.Open
	case size == 0:
		contentType = ""
	}
	if contentType != "" {
		r.Header["Content-Type"] = []string{contentType}
	}
	r.ContentLength = size
	r.Body = io.NopCloser(open())
	if size == 0 {
		r.Body = http.NoBody // else its length would count as unknown
	}
	r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(open()), nil }
}

// ObjectID is the id, escaped, of what an address such as "/batches/ID/cancel" or
// "/fine_tuning/jobs/ID" names; "" if it names none.
func ObjectID(rest string) string {
	rest, _, _ = strings.Cut(rest, "?")
	parts := strings.SplitN(strings.TrimPrefix(rest, "/fine_tuning"), "/", 4)
	if len(parts) < 3 {
		return ""
	}
	return parts[2]
}

// WithModel returns a copy of the call that names another model in its body.
func (c *Call) WithModel(model string) (*Call, error) {
	out := *c
	var err error
	if out.Body, err = jsonedit.Set(c.Body, "model", jsonedit.AppendString(nil, model)); err != nil {
		return nil, err
	}
	if f, ok := c.Upload.(*form.Form); ok {
		out.Upload, err = f.Edited(out.Body)
	}
	return &out, err
}

// BaseURL is the base of a call: its own, else the row's with the fields filled in.
func (p *Provider) BaseURL(c *Call) (string, error) {
	if c.Base != "" {
		return strings.TrimRight(c.Base, "/"), nil
	}
	if p.Base == "" {
		return "", &ai.Error{Kind: ai.Invalid, Param: "custom_host",
			Message: p.Name + " has no address of its own: set custom_host (or x-portkey-custom-host) to its base URL"}
	}
	if e := p.Ops[c.Op]; e.Base != "" {
		return p.Expand(e.Base, c.Fields)
	}
	return p.Expand(p.Base, c.Fields)
}

// Expand fills the {field} placeholders of an address. A value that could
// change where the request goes is refused.
func (p *Provider) Expand(template string, fields map[string]string) (string, error) {
	if !strings.Contains(template, "{") {
		return template, nil
	}
	for _, f := range p.Fields {
		mark := "{" + f.Name + "}"
		if !strings.Contains(template, mark) {
			continue
		}
		v := fieldValue(&f, fields)
		if v == "" {
			return "", MissingField(p, f)
		}
		if err := f.checkURL(v); err != nil {
			return "", err
		}
		template = strings.ReplaceAll(template, mark, strings.TrimRight(v, "/"))
	}
	return template, nil
}

// Check reports the first required field that a call lacks, or a URL part that
// is not one.
func (p *Provider) Check(fields map[string]string) error {
	for _, f := range p.Fields {
		v := fieldValue(&f, fields)
		if v == "" && f.Required {
			return MissingField(p, f)
		}
		if v == "" || !f.URLPart && !f.URL {
			continue
		}
		if err := f.checkURL(v); err != nil {
			return err
		}
	}
	return nil
}

// checkURL refuses a value that could change where a request goes.
func (f *Field) checkURL(v string) error {
	if f.URL {
		u, err := url.Parse(v)
		if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || strings.ContainsAny(v, "?#\\{} ") {
			return &ai.Error{Kind: ai.Invalid, Param: f.Name, Message: f.Name + " must be a base URL, such as https://host.example/v1, without user, query and fragment"}
		}
		return nil
	}
	if !isURLPart(v) {
		return &ai.Error{Kind: ai.Invalid, Param: f.Name, Message: f.Name + " may hold only letters, digits, '-', '_' and '.'"}
	}
	return nil
}

// MissingField is the error for a call that lacks f, saying where to put it.
func MissingField(p *Provider, f Field) error {
	where := f.Name + " in the config's target or the virtual key"
	if f.Header != "" {
		where += ", or the header x-portkey-" + f.Header
	}
	return &ai.Error{Kind: ai.Invalid, Param: f.Name, Message: p.Name + " needs " + f.Name + ": set " + where}
}

// Unsupported is the outcome of asking a provider for what it does not offer.
func Unsupported(p *Provider, op ai.Op) error {
	return &ai.Error{Kind: ai.Unsupported, Type: "invalid_request_error", Code: "unsupported_operation",
		Message: string(op) + " is not supported by " + p.ID}
}

func fieldValue(f *Field, values map[string]string) string {
	if v := values[f.Name]; v != "" {
		return v
	}
	return f.Default
}

func isURLPart(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '.' {
			continue
		}
		return false
	}
	return s != "" && s[0] != '.' && !strings.Contains(s, "..")
}
