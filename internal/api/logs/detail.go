package logs

import (
	"encoding/json"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/ledger"
)

// A Body reads a kept body; an error means that it is not there.
type Body func(ledger.BodyRef) ([]byte, error)

type message struct {
	URL     string            `json:"url,omitempty"`
	Method  string            `json:"method,omitempty"`
	Status  *int              `json:"status,omitempty"`
	Headers map[string]string `json:"headers"`
	Body    any               `json:"body"`

	PortkeyHeaders map[string]string `json:"portkeyHeaders,omitempty"`
	ResponseTime   *float64          `json:"responseTime,omitempty"`
	OptionPath     string            `json:"lastUsedOptionJsonPath,omitempty"`
}

type attempt struct {
	Step       string            `json:"step"`
	Retry      int               `json:"retry"`
	Provider   string            `json:"provider"`
	Model      string            `json:"model"`
	VirtualKey string            `json:"virtual_key"`
	URL        string            `json:"url"`
	Status     int               `json:"status"`
	Error      *ledger.ErrorInfo `json:"error"`
	Start      float64           `json:"start_ms"`
	Head       float64           `json:"head_ms"`
	Total      float64           `json:"total_ms"`
	Wait       float64           `json:"wait_ms"`
	UpstreamID string            `json:"upstream_id,omitempty"`
	Body       any               `json:"body,omitempty"`
}

type detail struct {
	ID             string            `json:"_id"`
	Request        message           `json:"request"`
	Response       message           `json:"response"`
	OrganisationID string            `json:"organisation_id"`
	CreatedAt      string            `json:"created_at"`
	Metrics        row               `json:"metrics"`
	Untransformed  *message          `json:"finalUntransformedRequest"`
	Transformed    *message          `json:"transformedRequest"`
	Original       *message          `json:"originalResponse"`
	Attempts       []attempt         `json:"attempts"`
	Decisions      []ledger.Decision `json:"decisions"`
	Receipts       []ai.Receipt      `json:"receipts"`
	BodiesLost     bool              `json:"bodies_lost"`
}

// Detail is one entry whole: Portkey's log object with our attempts, decisions
// and receipts beside it. Bodies are JSON where they are JSON, else text; a
// streamed reply is the text of its events. What is not kept is null.
func Detail(e *ledger.Entry, read Body) any {
	elapsed := millis(e.TotalMicros)
	client := message{Method: e.Method, URL: e.Path, Headers: map[string]string{}, Body: body(e.Request, read)}
	d := detail{
		ID: e.ID, OrganisationID: e.OrgID, CreatedAt: Time(e.StartedAt), Metrics: newRow(e), BodiesLost: e.BodiesLost,
		Request: message{URL: e.URL, Method: e.Method, Headers: map[string]string{}, Body: client.Body,
			PortkeyHeaders: gatewayHeaders(e)},
		Response: message{Status: &e.Status, Headers: map[string]string{}, Body: body(e.Reply, read),
			ResponseTime: &elapsed, OptionPath: e.LastStep},
		Untransformed: &client,
		Attempts:      []attempt{}, Decisions: e.Decisions, Receipts: e.Receipts,
	}
	if !e.Upstream.IsZero() {
		d.Transformed = &message{Headers: map[string]string{}, Body: body(e.Upstream, read)}
	}
	if !e.UpstreamRaw.IsZero() {
		d.Original = &message{Headers: map[string]string{}, Body: body(e.UpstreamRaw, read)}
	}
	if d.Decisions == nil {
		d.Decisions = []ledger.Decision{}
	}
	if d.Receipts == nil {
		d.Receipts = []ai.Receipt{}
	}
	for i := range e.Attempts {
		d.Attempts = append(d.Attempts, newAttempt(&e.Attempts[i], read))
	}
	return d
}

func newAttempt(a *ledger.Attempt, read Body) attempt {
	return attempt{
		Step: a.Step, Retry: a.Retry, Provider: a.Provider, Model: a.Model, VirtualKey: a.Virtual, URL: a.URL, Status: a.Status,
		Error: a.Error, Start: millis(a.StartMicros), Head: millis(a.HeadMicros), Total: millis(a.TotalMicros),
		Wait: millis(a.WaitMicros), UpstreamID: a.Upstream, Body: body(a.Reply, read),
	}
}

// gatewayHeaders are the x-portkey-* facts of the request that an entry keeps.
func gatewayHeaders(e *ledger.Entry) map[string]string {
	out := map[string]string{"x-portkey-trace-id": e.TraceID}
	for name, v := range map[string]string{
		"x-portkey-span-id": e.SpanID, "x-portkey-span-name": e.SpanName, "x-portkey-parent-span-id": e.ParentSpanID,
		"x-portkey-virtual-key": e.Virtual, "x-portkey-provider": e.Provider, "x-portkey-config": e.ConfigSlug,
		"x-portkey-package-version": e.SDK, "x-portkey-runtime": e.Runtime,
	} {
		if v != "" {
			out[name] = v
		}
	}
	return out
}

func body(ref ledger.BodyRef, read Body) any {
	if ref.IsZero() {
		return nil
	}
	b, err := read(ref)
	if err != nil {
		return nil
	}
	if json.Valid(b) {
		return json.RawMessage(b)
	}
	return string(b)
}
