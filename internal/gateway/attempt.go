package gateway

import (
	"context"
	"net/http"
	"time"

	"github.com/coder/websocket"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/form"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/dialect/openai"
	"github.com/portico-ai/portico/internal/egress"
	"github.com/portico-ai/portico/internal/ledger"
	"github.com/portico-ai/portico/internal/provider"
	"github.com/portico-ai/portico/internal/route"
)

// An answer is how one attempt ended: a reply in the client's dialect, or an
// error. Its outcome is what routing is told.
type answer struct {
	attempt *ledger.Attempt
	outcome route.Outcome
	err     *ai.Error

	status int
	header http.Header
	body   []byte // whole reply, in the client's dialect
	raw    []byte // as the provider sent it, when it differs from body
	usage  ai.Usage
	model  string
	stream *upstream // else a stream

	rawBody  *rawReply       // else a reply that passes through as it is
	socket   *websocket.Conn // else a session, over exchange
	exchange *exchange

	destination *destination
	sent        []byte    // body as sent to the provider; of an upload, its fields
	upload      ai.Upload // as sent
	conversion  *dialect.Conversion
	accepted    bool // the provider took the call: what came of it may have cost
}

// discard releases an answer that will not be used.
func (a *answer) discard() {
	if a != nil && a.stream != nil {
		_ = a.stream.Close()
	}
	if a != nil && a.rawBody != nil {
		_ = a.rawBody.Close()
	}
	if a != nil && a.socket != nil {
		_ = a.socket.CloseNow()
		a.exchange.finish()
	}
}

// attempt makes one call of one provider.
func (g *Gateway) attempt(ctx context.Context, c *Call, rec *record, s route.Step) *answer {
	a := &answer{attempt: rec.begin(s), conversion: &dialect.Conversion{
		Op: c.Op, Stream: c.Stream, Object: provider.ObjectID(c.Rest), ID: rec.entry.ID, Now: c.Started.Unix(),
		Strict: c.strict(s.Target), Onward: c.Dialect != ai.OpenAI,
	}}
	defer rec.end(a)
	body, model, err := override(c, s.Target, g.addressed(c) != nil)
	if err != nil {
		return a.fail(err)
	}
	d, err := g.resolve(c, rec, s.Target, model)
	if d != nil {
		a.destination = d
		a.conversion.Op, a.conversion.Model, a.conversion.Request = d.op, d.model, body
		rec.describe(a)
	}
	if err != nil {
		return a.fail(err)
	}
	if a.sent, err = g.encodeBody(c, a, body, model); err != nil {
		return a.fail(err)
	}
	if lost := a.conversion.Receipts; len(lost) > 0 && c.lossless(s.Target) {
		a.fail(lossy(d, lost))
		a.outcome.Fatal = false // another provider may be able to carry it
		return a
	}
	x := g.newExchange(ctx, c, s.Target)
	if c.Op == ai.Realtime {
		g.connect(c, a, x)
		a.exchange = x
		if a.socket == nil {
			x.finish()
		}
		return a
	}
	if err := x.send(g, c, a); err != nil {
		x.finish()
		a.accepted = x.mayHaveCost(err)
		if egress.IsDenied(err) {
			g.Log.Warn("the egress policy refused a connection", "request_id", c.ID, "url", a.attempt.URL, "err", err)
		}
		return a.fail(err)
	}
	a.attempt.HeadMicros = rec.since(a.attempt)
	g.read(c, rec, a, x)
	return a
}

// read takes the reply whose head has come, as what it is: a stream, bytes that
// pass as they are, or a whole one.
func (g *Gateway) read(c *Call, rec *record, a *answer, x *exchange) {
	a.accepted = x.resp.StatusCode < 300
	results := a.results(c)
	switch events := g.events(c, x.resp); {
	case c.Op.Relayed() && a.passes(c) && bodiless(c.Method, x.resp.StatusCode):
		g.openRaw(a, x)
	case x.resp.StatusCode >= 300:
		g.readWhole(c, a, x)
	case results != nil:
		g.translateResults(a, x.resp, results)
		g.openRaw(a, x)
	case events != nil && (c.Stream || c.Op.Relayed()):
		rec.entry.Stream = true
		g.openStream(c, a, x, events)
	case c.Op.Relayed() && (!isJSONReply(x.resp) && a.passes(c) || c.Op == ai.GetFileContent):
		g.openRaw(a, x)
	default:
		g.readWhole(c, a, x)
	}
}

// fail ends an attempt with an error. Bad input stops routing altogether; any
// other failure is an outcome on which a retry or fallback may act.
func (a *answer) fail(err error) *answer {
	a.err = ai.AsError(err)
	a.outcome = route.Outcome{Status: a.err.HTTPStatus(), Fatal: a.err.Kind == ai.Invalid, NoResponse: a.err.Type == connectionError}
	if a.err.RetryAfter > 0 {
		a.outcome.RetryAfter, a.outcome.HasRetryAfter = a.err.RetryAfter, true
	}
	return a
}

// encodeBody turns the client's body into the provider's dialect and applies the
// deliberate edits: the model without its @slug, usage asked for in streams.
func (g *Gateway) encodeBody(c *Call, a *answer, body []byte, model string) ([]byte, error) {
	d := a.destination
	a.upload = c.Upload
	if len(body) == 0 {
		return nil, a.mayBeEmpty(c)
	}
	var err error
	if own := g.addressed(c); own != nil {
		if d.model != c.Model {
			body, err = own.WithModel(c.Op, body, d.model)
		}
		if err != nil {
			return nil, err
		}
	} else if d.model != model {
		if body, err = jsonedit.Set(body, "model", jsonedit.AppendString(nil, d.model)); err != nil {
			return nil, err
		}
	}
	f, ok := c.Upload.(*form.Form)
	if ok {
		a.conversion.Files = f.Files
	}
	a.conversion.Thoughts = d.provider.Quirks.Thoughts
	body, err = g.pair(c.Dialect, d.endpoint.Dialect).Request(a.conversion, body)
	if err != nil {
		return nil, err
	}
	if asksForUsage(c, d) {
		body, _ = openai.EnsureUsage(body)
	}
	if body, err = d.provider.Fit(a.conversion, body); err != nil {
		return nil, err
	}
	switch {
	case ok && c.Op == ai.UploadFile && d.provider.BatchLine != nil:
		a.upload, err = g.fileAlone(a, f)
	case a.conversion.Inline:
		a.upload = nil
	case ok:
		a.upload, err = f.Edited(body)
	}
	return body, err
}

// mayBeEmpty refuses a body of which a translation would make nothing: none at
// all, or one of a kind that nobody here reads.
func (a *answer) mayBeEmpty(c *Call) error {
	d := a.destination
	if d.endpoint.Dialect == c.Dialect {
		return nil
	}
	switch c.Op {
	case ai.ImageGenerate, ai.ImageEdit, ai.ImageVary, ai.Speech, ai.Transcribe, ai.Translate, ai.UploadFile, ai.CreateBatch, ai.CreateFinetune:
	default:
		if c.Upload == nil {
			return nil
		}
	}
	return &ai.Error{Kind: ai.Invalid, Type: "invalid_request_error", Param: "Content-Type",
		Message: "The request needs a body that is JSON or a form: it is translated for " + d.provider.ID}
}

// finishWords are what a provider's own finish reasons are called for this
// client, nil if it is to have them as they are: only one that asked for OpenAI's
// format alone, or speaks another, needs words that it knows.
func (a *answer) finishWords(client ai.Dialect) map[string]string {
	d := a.destination
	if d.endpoint.Dialect != ai.OpenAI || client == ai.OpenAI && !a.conversion.Strict {
		return nil
	}
	return d.provider.Quirks.Finish
}

// asksForUsage reports whether the provider will tell usage in a stream only
// when asked in OpenAI's way.
func asksForUsage(c *Call, d *destination) bool {
	return c.Stream && !c.WantsUsage && d.endpoint.Dialect == ai.OpenAI && !d.provider.Quirks.NoStreamOptions &&
		(d.op == ai.Chat || d.op == ai.Complete)
}

// strict is strict OpenAI compliance: on unless the header or the config says
// no. It is about replies in OpenAI's format; in one that is translated again,
// the extension members carry what the next format may have a place for.
func (c *Call) strict(t *route.Target) bool {
	if c.Dialect != ai.OpenAI || c.header("X-Portkey-Strict-Open-Ai-Compliance") == "false" {
		return false
	}
	return t.Strict == nil || *t.Strict
}

// lossless reports whether nothing of a request may be left out on its way to a
// provider.
func (c *Call) lossless(t *route.Target) bool {
	if v := c.header("X-Portico-Strict-Translation"); v != "" {
		return v == "true"
	}
	return t.Lossless
}

// lossy refuses a request of which something would be lost.
func lossy(d *destination, lost []ai.Receipt) error {
	e := &ai.Error{Kind: ai.Invalid, Type: "invalid_request_error", Code: "lossy_translation", Param: lost[0].Path,
		Message: "Strict translation: " + lost[0].Path + " cannot be carried to " + d.provider.ID + ": " + lost[0].Reason}
	for _, l := range lost {
		e.Problems = append(e.Problems, l.Path+": "+l.Reason)
	}
	return e
}

func microsSince(t time.Time) int64 { return time.Since(t).Microseconds() }
