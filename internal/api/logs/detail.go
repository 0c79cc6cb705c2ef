package logs

import (
	"encoding/base64"
	"encoding/json"
	"unicode/utf8"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/ledger"
)

type detail struct {
	ID                        string            `json:"_id"`
	Request                   request           `json:"request"`
	Response                  response          `json:"response"`
	OrganisationID            string            `json:"organisation_id"`
	CreatedAt                 string            `json:"created_at"`
	Metrics                   row               `json:"metrics"`
	FinalUntransformedRequest body              `json:"finalUntransformedRequest"`
	TransformedRequest        *body             `json:"transformedRequest"`
	OriginalResponse          *body             `json:"originalResponse"`
	Attempts                  []attempt         `json:"attempts"`
	Decisions                 []ledger.Decision `json:"decisions"`
	Receipts                  []ai.Receipt      `json:"receipts"`
	CostReceipt               *costReceipt      `json:"cost_receipt"` // null if no price was used
	Feedback                  []feedbackView    `json:"feedback"`     // of its trace, newest first
	BodiesLost                bool              `json:"bodies_lost"`
}

// Headers are not recorded; their places are kept for clients that look.
type request struct {
	URL            string            `json:"url"`
	Method         string            `json:"method"`
	Headers        map[string]string `json:"headers"`
	Body           any               `json:"body"`
	PortkeyHeaders map[string]string `json:"portkeyHeaders"`
}

type response struct {
	Status                 int               `json:"status"`
	Headers                map[string]string `json:"headers"`
	Body                   any               `json:"body"`
	ResponseTime           json.Number       `json:"responseTime"` // ms
	LastUsedOptionJSONPath string            `json:"lastUsedOptionJsonPath"`
}

type body struct {
	Body any `json:"body"`
}

type attempt struct {
	Step       string      `json:"step"`
	Retry      int         `json:"retry"`
	Provider   string      `json:"provider"`
	Model      string      `json:"model"`
	VirtualKey string      `json:"virtual_key"`
	URL        string      `json:"url"`
	Status     int         `json:"status"`
	Error      *errorInfo  `json:"error"`
	StartMS    json.Number `json:"start_ms"`
	HeadMS     json.Number `json:"head_ms"`
	TotalMS    json.Number `json:"total_ms"`
	WaitMS     json.Number `json:"wait_ms"`
	Body       any         `json:"body,omitempty"`
}

// Detail shapes an entry, with the feedback of its trace, as GET /v1/logs/{id}
// shows it. read fetches a body; one
// that it cannot fetch is null and makes bodies_lost true.
func Detail(e *ledger.Entry, feedback []ledger.Feedback, read func(ledger.BodyRef) ([]byte, error)) any {
	b := &bodies{read: read, lost: e.BodiesLost}
	views, score := make([]feedbackView, len(feedback)), ledger.Score{}
	for i := range feedback {
		f := &feedback[i]
		views[i] = feedbackOf(f)
		score.Count, score.SumMicro = score.Count+1, score.SumMicro+int64(f.Value)*f.WeightMicro
	}
	d := detail{
		ID:             e.ID,
		Request:        requestOf(e, b),
		Response:       responseOf(e, b),
		OrganisationID: e.OrgID, CreatedAt: timeText(e.StartedAt), Metrics: rowOf(e, score), Feedback: views,
		TransformedRequest: b.optional(e.Upstream), OriginalResponse: b.optional(e.UpstreamRaw),
		Attempts: make([]attempt, 0, len(e.Attempts)), Decisions: e.Decisions, Receipts: e.Receipts,
		CostReceipt: costReceiptOf(e),
	}
	for i := range e.Attempts {
		d.Attempts = append(d.Attempts, attemptOf(&e.Attempts[i], b))
	}
	d.FinalUntransformedRequest = body{d.Request.Body}
	if d.Decisions == nil {
		d.Decisions = []ledger.Decision{}
	}
	if d.Receipts == nil {
		d.Receipts = []ai.Receipt{}
	}
	d.BodiesLost = b.lost
	return d
}

func requestOf(e *ledger.Entry, b *bodies) request {
	r := request{URL: e.URL, Method: e.Method, Headers: map[string]string{}, Body: b.get(e.Request), PortkeyHeaders: e.Headers}
	if r.PortkeyHeaders == nil {
		r.PortkeyHeaders = map[string]string{}
	}
	return r
}

func responseOf(e *ledger.Entry, b *bodies) response {
	return response{
		Status: e.Status, Headers: map[string]string{}, Body: b.get(e.Reply), ResponseTime: millis(e.TotalMicros), LastUsedOptionJSONPath: e.LastStep,
	}
}

func attemptOf(a *ledger.Attempt, b *bodies) attempt {
	return attempt{
		Step: a.Step, Retry: a.Retry, Provider: a.Provider, Model: a.Model, VirtualKey: a.Virtual, URL: a.URL,
		Status: a.Status, Error: errorOf(a.Error),
		StartMS: millis(a.StartMicros), HeadMS: millis(a.HeadMicros), TotalMS: millis(a.TotalMicros), WaitMS: millis(a.WaitMicros),
		Body: b.get(a.Reply),
	}
}

// bodies fetches bodies and notes whether one was lost.
type bodies struct {
	read func(ledger.BodyRef) ([]byte, error)
	lost bool
}

func (b *bodies) optional(ref ledger.BodyRef) *body {
	if ref.IsZero() {
		return nil
	}
	return &body{b.get(ref)}
}

// get returns JSON as it is, text as a string, and anything else as a data URL.
func (b *bodies) get(ref ledger.BodyRef) any {
	if ref.IsZero() {
		return nil
	}
	data, err := b.read(ref)
	switch {
	case err != nil:
		b.lost = true
		return nil
	case json.Valid(data):
		return json.RawMessage(data)
	case utf8.Valid(data):
		return string(data)
	}
	return "data:application/octet-stream;base64," + base64.StdEncoding.EncodeToString(data)
}
