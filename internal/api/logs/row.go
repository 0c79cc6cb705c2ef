package logs

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/portico-ai/portico/internal/ledger"
)

// nanoPerCent is how many nano-dollars make a cent.
const nanoPerCent = 10_000_000

// A row is an entry in a list.
type row struct {
	ID              string            `json:"id"`
	Object          string            `json:"object"`
	TraceID         string            `json:"trace_id"`
	SpanID          string            `json:"span_id"`
	SpanName        string            `json:"span_name"`
	ParentSpanID    string            `json:"parent_span_id"`
	CreatedAt       string            `json:"created_at"`
	OrganisationID  string            `json:"organisation_id"`
	Status          ledger.State      `json:"status"`
	Code            int               `json:"response_status_code"`
	IsSuccess       bool              `json:"is_success"`
	Op              string            `json:"op"`
	Method          string            `json:"method"`
	Path            string            `json:"path"`
	Stream          bool              `json:"stream_mode"`
	Provider        string            `json:"ai_org"`
	Model           string            `json:"ai_model"`
	RequestModel    string            `json:"request_model"`
	RequestURL      string            `json:"request_url"`
	VirtualKey      string            `json:"virtual_key"`
	Config          string            `json:"config"`
	ConfigID        string            `json:"config_id"`
	ConfigVersionID string            `json:"config_version_id"`
	APIKeyID        string            `json:"api_key_id"`
	UserID          string            `json:"user_id"`
	Mode            string            `json:"mode"`
	Fallback        bool              `json:"fallback"`
	Retries         int               `json:"retry_success_count"`
	OptionIndex     string            `json:"last_used_option_index"`
	Cache           string            `json:"cache_status"`
	Input           int64             `json:"req_units"`
	Output          int64             `json:"res_units"`
	Total           int64             `json:"total_units"`
	Cached          int64             `json:"cached_units"`
	CacheWritten    int64             `json:"cache_write_units"`
	Reasoning       int64             `json:"reasoning_units"`
	Estimated       bool              `json:"usage_estimated"`
	Cost            json.Number       `json:"cost,omitempty"`
	CostNano        *int64            `json:"cost_nano"`
	Currency        string            `json:"cost_currency"`
	PriceVersion    string            `json:"price_version"`
	ResponseTime    float64           `json:"response_time"`
	FirstToken      *float64          `json:"time_to_first_token"`
	Upstream        float64           `json:"upstream_response_time"`
	Gateway         float64           `json:"gateway_processing_time"`
	User            string            `json:"user"`
	Metadata        map[string]string `json:"metadata"`
	Error           *ledger.ErrorInfo `json:"error"`
	SDK             string            `json:"sdk_version"`
	Runtime         string            `json:"runtime"`
}

// MarshalJSON writes an unknown cost as null; json.Number has no such value.
func (r row) MarshalJSON() ([]byte, error) {
	type plain row
	if r.Cost != "" {
		return json.Marshal(plain(r))
	}
	b, err := json.Marshal(plain(r))
	if err != nil {
		return nil, err
	}
	return append(b[:len(b)-1], `,"cost":null}`...), nil
}

// Row is how an entry looks in a list. Costs are in cents, times in
// milliseconds; a cost that is not known is null.
func Row(e *ledger.Entry) any { return newRow(e) }

func newRow(e *ledger.Entry) row {
	r := row{
		ID: e.ID, Object: "log", TraceID: e.TraceID, SpanID: e.SpanID, SpanName: e.SpanName, ParentSpanID: e.ParentSpanID,
		CreatedAt: Time(e.StartedAt), OrganisationID: e.OrgID,
		Status: e.State, Code: e.Status, IsSuccess: e.Status >= 200 && e.Status < 300 && e.State == ledger.OK,
		Op: string(e.Op), Method: e.Method, Path: e.Path, Stream: e.Stream,
		Provider: e.Provider, Model: e.Model, RequestModel: e.AskModel, RequestURL: e.URL, VirtualKey: e.Virtual,
		Config: e.ConfigSlug, ConfigID: e.ConfigID, ConfigVersionID: e.ConfigVersion, APIKeyID: e.KeyID, UserID: e.UserID,
		Mode: e.Mode, Fallback: e.Fallback, Retries: e.Retries, OptionIndex: e.LastStep, Cache: e.Cache,
		Input: e.Usage.InputTokens, Output: e.Usage.OutputTokens, Total: e.Usage.TotalTokens(), Cached: e.Usage.CacheReadTokens,
		CacheWritten: e.Usage.CacheWriteTokens, Reasoning: e.Usage.ReasoningTokens, Estimated: e.Usage.Estimated,
		Currency: "USD", PriceVersion: e.PriceVersion, ResponseTime: millis(e.TotalMicros), Upstream: millis(e.UpstreamMicros),
		Gateway: millis(max(0, e.TotalMicros-e.UpstreamMicros)),
		User:    e.Metadata["_user"], Metadata: e.Metadata, Error: e.Error, SDK: e.SDK, Runtime: e.Runtime,
	}
	if r.Metadata == nil {
		r.Metadata = map[string]string{}
	}
	if e.CostKnown {
		r.Cost, r.CostNano = Cents(e.CostNano), &e.CostNano
	}
	if e.FirstTokenMicros > 0 {
		first := millis(e.FirstTokenMicros)
		r.FirstToken = &first
	}
	return r
}

// List is the envelope of one page of rows.
func List(l ledger.Listing) any {
	rows := make([]row, len(l.Entries))
	for i := range l.Entries {
		rows[i] = newRow(&l.Entries[i])
	}
	return map[string]any{"object": "list", "total": l.Total, "data": rows, "next": l.Next}
}

// Time is how moments are written: ISO 8601 in UTC with milliseconds.
func Time(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// Cents writes nano-dollars as US cents, exactly.
func Cents(nano int64) json.Number {
	sign := ""
	if nano < 0 {
		sign, nano = "-", -nano
	}
	whole := sign + strconv.FormatInt(nano/nanoPerCent, 10)
	part := strconv.FormatInt(nanoPerCent+nano%nanoPerCent, 10)[1:]
	if part = strings.TrimRight(part, "0"); part == "" {
		return json.Number(whole)
	}
	return json.Number(whole + "." + part)
}

func millis(micros int64) float64 { return float64(micros) / 1000 }
