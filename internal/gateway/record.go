package gateway

import (
	"context"
	"time"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/ledger"
	"github.com/portico-ai/portico/internal/route"
)

// A record is the entry of a call in the making.
type record struct {
	g     *Gateway
	call  *Call
	plan  *route.Plan
	entry *ledger.Entry // apart from the record: the journal keeps it for its readers
	sent  *answer       // the attempt that the client's reply comes from, nil if none
}

// open starts the record of a call.
func (g *Gateway) open(c *Call) *record {
	p := c.Key.Principal
	r := &record{g: g, call: c}
	r.entry = &ledger.Entry{
		ID: c.ID, StartedAt: c.Started.UTC(), OrgID: p.OrgID, WorkspaceID: p.WorkspaceID, KeyID: c.Key.ID, UserID: p.UserID,
		TraceID: c.TraceID, SpanID: c.SpanID, ParentSpanID: c.ParentSpanID, SpanName: c.SpanName,
		Op: c.Op, Dialect: c.Dialect, Method: c.Method, Path: c.Path, Stream: c.Stream, AskModel: c.Model,
		Cache: "DISABLED", Metadata: c.Metadata, Receipts: c.Receipts, ClientIP: c.ClientIP,
		SDK:     firstOf(c.header("X-Portkey-Package-Version"), c.Headers.Get("User-Agent")),
		Runtime: c.header("X-Portkey-Runtime"),
	}
	r.entry.Headers = g.loggedHeaders(c)
	return r
}

func (r *record) reservation() ledger.Reservation {
	e := r.entry
	return ledger.Reservation{
		ID: e.ID, StartedAt: e.StartedAt, OrgID: e.OrgID, WorkspaceID: e.WorkspaceID, KeyID: e.KeyID, UserID: e.UserID,
		TraceID: e.TraceID, SpanID: e.SpanID, ParentSpanID: e.ParentSpanID, SpanName: e.SpanName,
		Op: e.Op, Dialect: e.Dialect, Method: e.Method, Path: e.Path, Stream: e.Stream, AskModel: e.AskModel, Metadata: e.Metadata,
	}
}

// begin opens the record of an attempt.
func (r *record) begin(s route.Step) *ledger.Attempt {
	r.entry.Attempts = append(r.entry.Attempts, ledger.Attempt{
		Step: s.Path, Retry: s.Attempt, WaitMicros: s.Wait.Microseconds(), StartMicros: microsSince(r.call.Started),
	})
	return &r.entry.Attempts[len(r.entry.Attempts)-1]
}

// describe notes where an attempt goes, once that is known.
func (r *record) describe(a *answer) {
	d := a.destination
	a.attempt.Provider, a.attempt.Model, a.attempt.Virtual = d.provider.ID, d.model, d.virtual
}

func (r *record) since(a *ledger.Attempt) int64 { return microsSince(r.call.Started) - a.StartMicros }

// end closes the record of an attempt.
func (r *record) end(a *answer) {
	a.attempt.TotalMicros = r.since(a.attempt)
	r.entry.UpstreamMicros += a.attempt.TotalMicros
	a.attempt.Status = a.outcome.Status
	if a.err != nil {
		a.attempt.Error = errorInfo(a.err)
		if len(a.raw) > 0 && r.call.KeepBodies {
			a.attempt.Reply = r.put(ledger.BodyAttempt, a.raw)
		}
	}
}

// wait sleeps before a retry; an error means that the client has left.
func (r *record) wait(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func errorInfo(e *ai.Error) *ledger.ErrorInfo {
	return &ledger.ErrorInfo{Message: e.Message, Type: e.Type, Code: e.Code}
}

// put keeps a body for the log, unless the caller asked that none be kept.
func (r *record) put(kind byte, b []byte) ledger.BodyRef {
	if len(b) == 0 || !r.call.KeepBodies {
		return ledger.BodyRef{}
	}
	ref, ok := r.g.Bodies.Put(r.entry.ID, kind, r.g.Directory.Logging().Redactor.Body(b), nil)
	if !ok {
		r.entry.BodiesLost = true
	}
	return ref
}
