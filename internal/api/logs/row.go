package logs

import (
	"cmp"
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/ledger"
)

const nanoPerCent = 10_000_000

// A row is one log in a list, and the metrics of a single one.
type row struct {
	ID                  string            `json:"id"`
	TraceID             string            `json:"trace_id"`
	SpanID              string            `json:"span_id"`
	ParentSpanID        string            `json:"parent_span_id"`
	SpanName            string            `json:"span_name"`
	CreatedAt           string            `json:"created_at"`
	Status              ledger.State      `json:"status"`
	ResponseStatusCode  int               `json:"response_status_code"`
	IsSuccess           bool              `json:"is_success"`
	Op                  ai.Op             `json:"op"`
	Method              string            `json:"method"`
	Path                string            `json:"path"`
	StreamMode          bool              `json:"stream_mode"`
	AIOrg               string            `json:"ai_org"`
	AIModel             string            `json:"ai_model"`
	RequestModel        string            `json:"request_model"`
	VirtualKey          string            `json:"virtual_key"`
	Config              string            `json:"config"`
	ConfigID            string            `json:"config_id"`
	ConfigVersionID     string            `json:"config_version_id"`
	APIKeyID            string            `json:"api_key_id"`
	Mode                string            `json:"mode"`
	Fallback            bool              `json:"fallback"`
	RetrySuccessCount   int               `json:"retry_success_count"`
	LastUsedOptionIndex string            `json:"last_used_option_index"`
	CacheStatus         string            `json:"cache_status"`
	ReqUnits            int64             `json:"req_units"`
	ResUnits            int64             `json:"res_units"`
	TotalUnits          int64             `json:"total_units"`
	CachedUnits         int64             `json:"cached_units"`
	ReasoningUnits      int64             `json:"reasoning_units"`
	UsageEstimated      bool              `json:"usage_estimated"`
	Cost                *json.Number      `json:"cost"`      // cents; null when unknown
	CostNano            *int64            `json:"cost_nano"` // nano-dollars; null when unknown
	CostCurrency        string            `json:"cost_currency"`
	ResponseTime        json.Number       `json:"response_time"`       // ms
	TimeToFirstToken    *json.Number      `json:"time_to_first_token"` // ms; null when there was none
	User                string            `json:"user"`
	Metadata            map[string]string `json:"metadata"`
	FeedbackCount       int64             `json:"feedback_count"`        // of its trace
	AvgWeightedFeedback *float64          `json:"avg_weighted_feedback"` // null when there is none
	Source              string            `json:"source"`                // gateway, or insert
	Error               *errorInfo        `json:"error"`
	Object              string            `json:"object"`
}

type errorInfo struct {
	Message string `json:"message"`
	Type    string `json:"type"`
	Code    string `json:"code"`
}

// Row shapes an entry, with the score of its trace, as GET /v1/logs lists it.
func Row(e *ledger.Entry, s ledger.Score) any { return rowOf(e, s) }

func rowOf(e *ledger.Entry, s ledger.Score) row {
	r := row{
		ID: e.ID, TraceID: e.TraceID, SpanID: e.SpanID, ParentSpanID: e.ParentSpanID, SpanName: e.SpanName,
		CreatedAt: timeText(e.StartedAt), Status: e.State, ResponseStatusCode: e.Status,
		IsSuccess: e.Succeeded(),
		Op:        e.Op, Method: e.Method, Path: e.Path, StreamMode: e.Stream,
		AIOrg: e.Provider, AIModel: e.Model, RequestModel: e.AskModel, VirtualKey: e.Virtual,
		Config: e.ConfigSlug, ConfigID: e.ConfigID, ConfigVersionID: e.ConfigVersion, APIKeyID: e.KeyID,
		Mode: e.Mode, Fallback: e.Fallback, RetrySuccessCount: e.Retries, LastUsedOptionIndex: e.LastStep, CacheStatus: e.Cache,
		ReqUnits: e.Usage.InputTokens, ResUnits: e.Usage.OutputTokens, TotalUnits: e.Usage.TotalTokens(),
		CachedUnits: e.Usage.CacheReadTokens, ReasoningUnits: e.Usage.ReasoningTokens, UsageEstimated: e.Usage.Estimated,
		CostCurrency: "USD", ResponseTime: millis(e.TotalMicros), User: e.EndUser(),
		Metadata: e.Metadata, FeedbackCount: s.Count, Source: cmp.Or(e.Source, "gateway"), Error: errorOf(e.Error), Object: "log",
	}
	r.AvgWeightedFeedback = meanOf(s)
	if r.Metadata == nil {
		r.Metadata = map[string]string{}
	}
	if e.CostKnown {
		cost := Cents(e.CostNano)
		r.Cost, r.CostNano = &cost, &e.CostNano
	}
	if e.FirstTokenMicros > 0 {
		first := millis(e.FirstTokenMicros)
		r.TimeToFirstToken = &first
	}
	return r
}

// meanOf is the mean of a score, nil if there is none.
func meanOf(s ledger.Score) *float64 {
	if s.Count == 0 {
		return nil
	}
	mean := math.Round(s.Mean()*ledger.FullWeight) / ledger.FullWeight
	return &mean
}

func errorOf(e *ledger.ErrorInfo) *errorInfo {
	if e == nil {
		return nil
	}
	return &errorInfo{e.Message, e.Type, e.Code}
}

func timeText(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

func millis(micros int64) json.Number { return Fixed(micros, 1000) }

// Cents writes an amount of nano-dollars in cents, exactly.
func Cents(nano int64) json.Number { return Fixed(nano, nanoPerCent) }

// Fixed writes n/unit exactly, unit being a power of ten.
func Fixed(n, unit int64) json.Number {
	sign := ""
	if n < 0 {
		sign, n = "-", -n
	}
	whole := sign + strconv.FormatInt(n/unit, 10)
	rest := n % unit
	if rest == 0 {
		return json.Number(whole)
	}
	digits := strconv.FormatInt(unit+rest, 10)[1:] // keeps the zeros after the point
	return json.Number(whole + "." + strings.TrimRight(digits, "0"))
}
