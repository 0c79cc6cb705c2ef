package ledger

import (
	"net/http"
	"time"

	"github.com/portico-ai/portico/internal/ai"
)

// State says how a request ended.
type State string

// The states. Only Interrupted is written by the journal itself, for a
// reservation that a crash left without a settlement.
const (
	OK          State = "success"
	Failed      State = "error"       // the client got an error
	Refused     State = "refused"     // by us, before any provider was called
	Truncated   State = "truncated"   // a stream broke after it had begun
	ClientGone  State = "client_gone" // the client left before the end
	Interrupted State = "interrupted" // the process died
)

// An Entry is what is known about one request: who asked what of whom, every
// attempt, tokens, cost, timings. There is exactly one per request id.
type Entry struct {
	ID        string    `json:"id"`
	StartedAt time.Time `json:"started_at"` // UTC

	OrgID       string `json:"org_id"`
	WorkspaceID string `json:"workspace_id"`
	KeyID       string `json:"key_id,omitempty"`
	UserID      string `json:"user_id,omitempty"`

	TraceID      string `json:"trace_id,omitempty"`
	SpanID       string `json:"span_id,omitempty"`
	ParentSpanID string `json:"parent_span_id,omitempty"`
	SpanName     string `json:"span_name,omitempty"`

	Source  string     `json:"source,omitempty"` // Inserted; "" for requests that we served
	Op      ai.Op      `json:"op,omitempty"`
	Dialect ai.Dialect `json:"dialect,omitempty"` // the client's
	Method  string     `json:"method,omitempty"`
	Path    string     `json:"path,omitempty"`
	Stream  bool       `json:"stream,omitempty"`

	State    State      `json:"state"`
	Status   int        `json:"status"` // as the client saw it; 499 if it had left, 0 if interrupted
	Error    *ErrorInfo `json:"error,omitempty"`
	LastStep string     `json:"last_step,omitempty"`   // option index, "config.targets[1].targets[0]"
	Mode     string     `json:"mode,omitempty"`        // strategies passed through, outermost first: "loadbalance,fallback"; "single" if none
	Retries  int        `json:"retries"`               // as x-portkey-retry-attempt-count: -1 when exhausted
	Fallback bool       `json:"fallback,omitempty"`    // a target other than a fallback's first answered
	Cache    string     `json:"cache,omitempty"`       // DISABLED, MISS, HIT, …
	Provider string     `json:"provider,omitempty"`    // slug of the provider that gave the answer
	Model    string     `json:"model,omitempty"`       // as the provider named it, else as sent
	AskModel string     `json:"ask_model,omitempty"`   // as the client asked
	Virtual  string     `json:"virtual_key,omitempty"` // slug of the stored credential used
	URL      string     `json:"url,omitempty"`         // provider URL of the last attempt, without query secrets

	ConfigID      string `json:"config_id,omitempty"`
	ConfigSlug    string `json:"config_slug,omitempty"`
	ConfigVersion string `json:"config_version,omitempty"`

	Usage        ai.Usage `json:"usage"`
	CostNano     int64    `json:"cost_nano"` // nano-dollars; meaningless unless CostKnown
	CostKnown    bool     `json:"cost_known,omitempty"`
	PriceModel   string   `json:"price_model,omitempty"`   // by which a price is looked for first, where Model does not say it
	PriceVersion string   `json:"price_version,omitempty"` // of the catalogue used
	Charge       *Charge  `json:"charge,omitempty"`        // how the cost came about, nil if no price was used

	// RepricedAt is when the cost was worked out, if that was later than the
	// request: see [Journal.Reprice].
	RepricedAt time.Time `json:"repriced_at,omitzero"`

	TotalMicros      int64 `json:"total_us"`                 // first byte of the request to last byte of the reply
	FirstTokenMicros int64 `json:"first_token_us,omitempty"` // streams: to the first meaningful event
	UpstreamMicros   int64 `json:"upstream_us,omitempty"`    // spent waiting for providers, all attempts

	Attempts  []Attempt         `json:"attempts,omitempty"`
	Decisions []Decision        `json:"decisions,omitempty"`
	Metadata  map[string]string `json:"metadata,omitempty"`
	Receipts  []ai.Receipt      `json:"receipts,omitempty"`
	// Headers are the x-portkey-* headers of the request, secrets masked.
	Headers map[string]string `json:"headers,omitempty"`

	ClientIP string `json:"client_ip,omitempty"`
	SDK      string `json:"sdk,omitempty"`     // x-portkey-package-version, else user agent
	Runtime  string `json:"runtime,omitempty"` // x-portkey-runtime and its version

	Request     BodyRef `json:"request"`               // as the client sent it
	Reply       BodyRef `json:"reply"`                 // as the client received it; a stream's events joined
	Upstream    BodyRef `json:"upstream"`              // as sent to the provider, when it differs from Request
	UpstreamRaw BodyRef `json:"upstream_raw"`          // as the provider answered, when it differs from Reply
	BodiesLost  bool    `json:"bodies_lost,omitempty"` // some dropped under pressure, or a stream too long to keep whole
}

// Inserted is the source of an entry of a request that somebody else served and
// told us about.
const Inserted = "insert"

// UserKey is the metadata key by which a caller names its own user.
const UserKey = "_user"

// EndUser is whom the caller named, else who the key belongs to.
func (e *Entry) EndUser() string {
	if u := e.Metadata[UserKey]; u != "" {
		return u
	}
	return e.UserID
}

// Succeeded reports whether the client got what it asked for, to the end. The
// status of a session is 101.
func (e *Entry) Succeeded() bool {
	return e.State == OK && (e.Status == http.StatusSwitchingProtocols || e.Status >= 200 && e.Status < 300)
}

// ErrorInfo is the error a client was shown.
type ErrorInfo struct {
	Message string `json:"message"`
	Type    string `json:"type,omitempty"`
	Code    string `json:"code,omitempty"`
}

// A Charge is the receipt of a cost: which price was used, and what each part of
// the usage cost by it.
type Charge struct {
	Model     string       `json:"model"`               // the price's name in the catalogue
	Source    []string     `json:"source,omitempty"`    // where its figures are from
	AsOf      string       `json:"as_of,omitempty"`     // date of the newest of these
	From      string       `json:"from,omitempty"`      // the price is in force from then on, "" for ever since
	Tier      string       `json:"tier,omitempty"`      // whose rates were applied, "" for standard
	Above     int64        `json:"above,omitempty"`     // the long-context step: input was over this many tokens
	Assumed   bool         `json:"assumed,omitempty"`   // the tier has no listed price
	Uncertain bool         `json:"uncertain,omitempty"` // the sources of the price disagree
	Local     bool         `json:"local,omitempty"`     // nothing is paid per call
	Missing   string       `json:"missing,omitempty"`   // what is not known, so that the lines are not all
	Lines     []ChargeLine `json:"lines,omitempty"`
}

// A ChargeLine is one position of a Charge: Count things of a kind at Rate
// nano-dollars per million.
type ChargeLine struct {
	Name  string `json:"name"`
	Count int64  `json:"count"`
	Rate  int64  `json:"rate"`
	Nano  int64  `json:"nano"`
}

// An Attempt is one call of one provider.
type Attempt struct {
	Step        string     `json:"step"`  // option index
	Retry       int        `json:"retry"` // 0 is the target's first try
	Provider    string     `json:"provider"`
	Model       string     `json:"model,omitempty"`
	Virtual     string     `json:"virtual_key,omitempty"`
	URL         string     `json:"url,omitempty"`
	Status      int        `json:"status"` // the provider's, or what the failure was mapped to
	Error       *ErrorInfo `json:"error,omitempty"`
	StartMicros int64      `json:"start_us"` // after the request's start
	HeadMicros  int64      `json:"head_us"`  // to the response head
	TotalMicros int64      `json:"total_us"`
	WaitMicros  int64      `json:"wait_us,omitempty"`     // backoff before it
	Upstream    string     `json:"upstream_id,omitempty"` // the provider's own request id
	Reply       BodyRef    `json:"reply"`                 // of a failed attempt; the winning one's is the Entry's
}

// A Decision is one choice that routing made, in order, for the route tree.
type Decision struct {
	Path   string `json:"path"`   // node: "config.targets[1]"
	Mode   string `json:"mode"`   // loadbalance, fallback, conditional, single
	Chosen int    `json:"chosen"` // index of the child
	Reason string `json:"reason"` // "weight 0.5 of 1", "config.targets[0] answered 503", "condition 2 matched"
}

// A BodyRef says where a body is kept. The zero value means it is not.
type BodyRef struct {
	Segment uint32 `json:"segment,omitempty"` // numbered from 1
	Offset  int64  `json:"offset,omitempty"`
	Length  int    `json:"length,omitempty"` // bytes as the client saw them
	Store   string `json:"store,omitempty"`  // the folder whose segment it is, where several share a place; "" for this one
}

// IsZero reports whether no body is kept.
func (r BodyRef) IsZero() bool { return r.Segment == 0 }
