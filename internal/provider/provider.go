// Package provider describes the model providers: a row of data for each, and
// the adapter that turns a call into the HTTP request to send and the HTTP
// response into a reply. Nothing here dials, retries, sleeps or keeps state.
package provider

import (
	"context"
	"net/http"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/sign"
)

// A Provider is a row. The console's forms, the x-portkey-* header parser, the
// docs page and the conformance suite all read the same row.
type Provider struct {
	ID   string // the slug that clients send
	Name string // as people write it
	Docs string // the provider's own API reference, where the row's facts are from

	// Telemetry are its names in OpenTelemetry's conventions and in those of others
	// who instrument programs, the convention's own first; nil means ID alone.
	Telemetry []string

	// Unproven says that neither an official description nor recorded traffic was
	// at hand to check the row against; the conformance suite checks the claim.
	Unproven bool
	Notes    []string // what its users should know; sentences for its page

	// Base is the URL that paths are appended to. It may hold {field}
	// placeholders; "" means that the caller must name a host.
	Base   string
	Fields []Field            // nil means just an API key
	Sign   sign.Func          // nil means sign.Bearer
	Ops    map[ai.Op]Endpoint // what it offers; absent means unsupported
	Choose Chooser            // nil means that Ops says it all
	Quirks Quirks

	// BatchLine is a line of a batch's file as the provider takes it, of a request
	// in the format of the model's endpoint for op; id is the client's own. Nil means
	// that files are uploaded as they come.
	BatchLine func(op ai.Op, model, id string, body []byte) ([]byte, error)

	// BatchResults says how to read the lines of a file of results that are not
	// written as OpenAI's; nil for any other file.
	BatchResults func(fileID string) ResultReader

	Adapter Adapter // nil means the table adapter

	// Variants serve calls to some base URLs in another way, under the same id and
	// with the same fields.
	Variants []Variant
}

// A Variant is the row that serves calls to the base URLs of which When holds,
// whatever is called; see [Chooser] for the other case.
type Variant struct {
	When func(base string) bool
	Row  *Provider
}

// For returns the row that serves a call whose base and fields are known: p
// itself or one of its variants.
func (p *Provider) For(c *Call) *Provider {
	if len(p.Variants) == 0 {
		return p
	}
	base, err := p.BaseURL(c)
	if err != nil {
		return p // which will say what is missing
	}
	for _, v := range p.Variants {
		if v.When(base) {
			row := *v.Row
			row.Base = p.Base // the operator may have set it
			return &row
		}
	}
	return p
}

// A ResultReader reads a line of a batch's results. An error means that the line
// is none.
type ResultReader func(line []byte) (Result, error)

// A Result is what became of one request of a batch.
type Result struct {
	ID      string // the client's own
	Op      ai.Op
	Model   string
	Dialect ai.Dialect // of Reply
	Reply   []byte
	Err     *ai.Error // instead of Reply
}

// An Endpoint is where and in which wire format an operation is offered.
type Endpoint struct {
	Dialect ai.Dialect
	Path    string // appended to Base; may hold {field}, {model}, {model...} (of several segments) and a query
	Method  string // "" means POST

	// AsCalled sends the client's own method, path and query, the path below Base
	// and Root instead of below the gateway's /v1. Method and Path then only tell
	// what these are, if it is one operation.
	AsCalled bool
	Root     string

	// StreamPath is the path where streams are asked for; "" means Path.
	StreamPath string

	// Base is where the operation is offered if not at the provider's Base. An
	// operator's or a caller's base URL replaces both.
	Base string

	// PricedAsAsked says that a model's price is found by the name asked for:
	// replies give it another, without what decides.
	PricedAsAsked bool
}

// PathOf is the path of a call.
func (e *Endpoint) PathOf(c *Call) string {
	if c.Stream && e.StreamPath != "" {
		return e.StreamPath
	}
	return e.Path
}

// A Chooser names the endpoint for a call that its client wrote in a dialect,
// where that is another than the row's: one that speaks the dialect itself, or the
// one that the model is at. It is not ok where Ops says it; an endpoint without a
// dialect means that the operation is not offered for the model. What is called
// decides here, and the row stays; where the address decides, and fields and
// signature differ as well, see [Variant].
type Chooser func(op ai.Op, client ai.Dialect, model string) (e Endpoint, ok bool)

// A Field is a setting of a provider beside its API key. It may come from an
// x-portkey-* header, a config's target or a stored credential.
type Field struct {
	Name     string   // key in a config's target: "resource_name"
	Aliases  []string // other accepted keys: "azure_resource_name"
	Header   string   // x-portkey-<Header>: "azure-resource-name"
	Label    string   // for forms
	Help     string   // one sentence for forms and docs
	Default  string
	Secret   bool
	Required bool   // of every call
	URLPart  bool   // goes into the URL: only letters, digits, '-', '_' and '.'
	URL      bool   // is the base URL itself, the row's Base being its placeholder
	Send     string // outgoing header that carries the value, "" if none
	Plain    bool   // the client may also send it as Send, unprefixed

	// StoredOnly are values that use an identity of the server's own: they count
	// only in a stored credential or a saved config, never from a request.
	// If the request also brings the field StoredUnless, they use the identity
	// that it brings.
	StoredOnly   []string
	StoredUnless string

	// Bound is a field that decides what a stored secret is used for: a request
	// cannot give it another value than the one that is stored with the secret.
	Bound bool

	// AlsoHeader is another x-portkey-* header that it comes in, an older one.
	AlsoHeader string

	inKey, alsoKey, outKey string // canonical names of the headers it comes in and goes out by; set by NewRegistry
}

// A Call is one attempt at one provider: everything is decided, nothing is sent.
type Call struct {
	ID      string // of the request, the same in all attempts
	Op      ai.Op
	Dialect ai.Dialect // of the endpoint, and so of Body; "" means that of the row's
	Model   string     // as the provider knows it
	Stream  bool
	Body    []byte
	Upload  ai.Upload // the body if it is not JSON, else nil
	Method  string    // as the client called; for endpoints that are AsCalled
	Rest    string    // path and query as the client called, below the API's root
	Base    string    // replaces the row's Base when not ""
	Key     ai.Secret
	Fields  map[string]string // by Field.Name
	Header  http.Header       // to forward: chosen by the caller or the config
}

// An Adapter turns a call into the HTTP request to send. Replies are read by
// their dialect.
type Adapter interface {
	// Encode returns an *ai.Error of kind Invalid when a field is missing or
	// unfit, naming the field.
	Encode(ctx context.Context, p *Provider, c *Call) (*http.Request, error)
}

// A Stepper is an adapter some of whose operations take several HTTP requests, or
// have replies that say in headers what others say in bodies.
type Stepper interface {
	// Next is given each reply of status 2xx: step counts them from 0. It returns
	// the request that follows, or nil if resp, whose body it may have replaced, is
	// the reply to the call. The caller closes resp.
	Next(ctx context.Context, p *Provider, c *Call, step int, resp *http.Response) (*http.Request, error)
}

// Endpoint returns how the provider offers op. Every provider can be proxied to.
func (p *Provider) Endpoint(op ai.Op) (Endpoint, bool) {
	e, ok := p.Ops[op]
	if !ok && op == ai.Proxy {
		return Endpoint{Dialect: ai.OpenAI, AsCalled: true}, true
	}
	return e, ok
}

// EndpointFor returns the endpoint for a client's call of op.
func (p *Provider) EndpointFor(op ai.Op, client ai.Dialect, model string) (Endpoint, bool) {
	if p.Choose != nil {
		if e, ok := p.Choose(op, client, model); ok {
			return e, e.Dialect != ""
		}
	}
	return p.Endpoint(op)
}

// Encode builds the request of a call through the provider's adapter.
func (p *Provider) Encode(ctx context.Context, c *Call) (*http.Request, error) {
	if p.Adapter != nil {
		return p.Adapter.Encode(ctx, p, c)
	}
	return Table{}.Encode(ctx, p, c)
}
