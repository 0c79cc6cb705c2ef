package ledger

import (
	"time"

	"github.com/portico-ai/portico/internal/ai"
)

// A Reservation is what is known of a request when it is admitted. It is small:
// enough to make an honest row of a request that a crash cut.
type Reservation struct {
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

	Op       ai.Op      `json:"op,omitempty"`
	Dialect  ai.Dialect `json:"dialect,omitempty"`
	Method   string     `json:"method,omitempty"`
	Path     string     `json:"path,omitempty"`
	Stream   bool       `json:"stream,omitempty"`
	AskModel string     `json:"ask_model,omitempty"`

	ConfigID      string `json:"config_id,omitempty"`
	ConfigSlug    string `json:"config_slug,omitempty"`
	ConfigVersion string `json:"config_version,omitempty"`

	Metadata map[string]string `json:"metadata,omitempty"`

	// HoldNano is the money held for the request, in nano-dollars. If the
	// request is interrupted it is charged, for nothing better is known.
	HoldNano int64 `json:"hold_nano,omitempty"`
}

// interrupted is the settlement of a reservation that a crash left open.
func (r *Reservation) interrupted() *Entry {
	return &Entry{
		ID: r.ID, StartedAt: r.StartedAt,
		OrgID: r.OrgID, WorkspaceID: r.WorkspaceID, KeyID: r.KeyID, UserID: r.UserID,
		TraceID: r.TraceID, SpanID: r.SpanID, ParentSpanID: r.ParentSpanID, SpanName: r.SpanName,
		Op: r.Op, Dialect: r.Dialect, Method: r.Method, Path: r.Path, Stream: r.Stream, AskModel: r.AskModel,
		ConfigID: r.ConfigID, ConfigSlug: r.ConfigSlug, ConfigVersion: r.ConfigVersion,
		Metadata: r.Metadata,
		State:    Interrupted,
		Error:    &ErrorInfo{Message: "The gateway stopped before the request ended", Type: "interrupted"},
		CostNano: r.HoldNano, CostKnown: r.HoldNano > 0,
		Usage: ai.Usage{Estimated: r.HoldNano > 0},
	}
}
