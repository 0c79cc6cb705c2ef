package gateway

import (
	"context"
	"net/http"
	"time"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/dialect/openai"
	"github.com/portico-ai/portico/internal/egress"
	"github.com/portico-ai/portico/internal/ledger"
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

	destination *destination
	sent        []byte // body as sent to the provider
	conversion  *dialect.Conversion
}

// discard releases an answer that will not be used.
func (a *answer) discard() {
	if a != nil && a.stream != nil {
		_ = a.stream.Close()
	}
}

// attempt makes one call of one provider.
func (g *Gateway) attempt(ctx context.Context, c *Call, rec *record, s route.Step) *answer {
	a := &answer{attempt: rec.begin(s), conversion: &dialect.Conversion{
		Op: c.Op, Stream: c.Stream, ID: rec.entry.ID, Now: c.Started.Unix(),
		Strict: c.Dialect == ai.OpenAI && c.strict(s.Target), Onward: c.Dialect != ai.OpenAI,
	}}
	defer rec.end(a)
	body, model, err := override(c, s.Target, g.addressed(c) != nil)
	if err != nil {
		return a.fail(err)
	}
	d, err := g.resolve(c, rec, s.Target, model)
	if d != nil {
		a.destination = d
		a.conversion.Model = d.model
		rec.describe(a)
	}
	if err != nil {
		return a.fail(err)
	}
	if a.sent, err = g.encodeBody(c, a, body, model); err != nil {
		return a.fail(err)
	}
	x := g.newExchange(ctx, c, s.Target)
	if err := x.send(g, c, a); err != nil {
		x.finish()
		if egress.IsDenied(err) {
			g.Log.Warn("the egress policy refused a connection", "request_id", c.ID, "url", a.attempt.URL, "err", err)
		}
		return a.fail(err)
	}
	a.attempt.HeadMicros = rec.since(a.attempt)
	if c.Stream && isEventStream(x.resp) && x.resp.StatusCode < 300 {
		g.openStream(c, a, x)
	} else {
		g.readWhole(c, a, x)
	}
	return a
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
	if len(body) == 0 {
		return nil, nil
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
	body, err = g.translateRequest(a.conversion, c.Dialect, d.endpoint.Dialect, body)
	if err != nil {
		return nil, err
	}
	if asksForUsage(c, d) {
		body, _ = openai.EnsureUsage(body)
	}
	return body, nil
}

// asksForUsage reports whether the provider will tell usage in a stream only
// when asked in OpenAI's way.
func asksForUsage(c *Call, d *destination) bool {
	return c.Stream && !c.WantsUsage && d.endpoint.Dialect == ai.OpenAI && !d.provider.Quirks.NoStreamOptions &&
		(c.Op == ai.Chat || c.Op == ai.Complete)
}

// strict is strict OpenAI compliance: on unless the header or the config says no.
func (c *Call) strict(t *route.Target) bool {
	if c.header("X-Portkey-Strict-Open-Ai-Compliance") == "false" {
		return false
	}
	return t.Strict == nil || *t.Strict
}

func microsSince(t time.Time) int64 { return time.Since(t).Microseconds() }
