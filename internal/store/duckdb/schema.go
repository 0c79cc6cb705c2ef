package duckdb

import (
	"time"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/ledger"
)

// schemaVersion changes whenever the tables do; a file of another version is set
// aside and built again from the journal.
const schemaVersion = 4

// briefColumns are what lists show: a column for what filters and group-bys ask
// for, and together in shape what they do not. Text is empty for nothing, so that
// filters need not think of NULL.
var briefColumns = []column{
	text("id", various, func(r *record) *string { return &r.ID }),
	instant("started_at", func(r *record) *time.Time { return &r.started }),
	text("workspace_id", repeated, func(r *record) *string { return &r.WorkspaceID }),
	text("key_id", repeated, func(r *record) *string { return &r.KeyID }),
	text("user_id", repeated, func(r *record) *string { return &r.UserID }),
	text("end_user", repeated, func(r *record) *string { return &r.endUser }),
	flag("user_named", func(r *record) *bool { return &r.userNamed }),
	text("trace_id", various, func(r *record) *string { return &r.TraceID }),
	text("span_id", various, func(r *record) *string { return &r.SpanID }),
	text("parent_span_id", repeated, func(r *record) *string { return &r.ParentSpanID }),
	text("op", repeated, func(r *record) *ai.Op { return &r.Op }),
	text("path", repeated, func(r *record) *string { return &r.Path }),
	flag("stream", func(r *record) *bool { return &r.Stream }),
	text("state", repeated, func(r *record) *ledger.State { return &r.State }),
	integer("status", func(r *record) *int { return &r.Status }),
	text("error_message", repeated, func(r *record) *string { return &r.err.Message }),
	text("error_code", repeated, func(r *record) *string { return &r.err.Code }),
	integer("retries", func(r *record) *int { return &r.Retries }),
	flag("fallback", func(r *record) *bool { return &r.Fallback }),
	text("cache", repeated, func(r *record) *string { return &r.Cache }),
	text("provider", repeated, func(r *record) *string { return &r.Provider }),
	text("model", repeated, func(r *record) *string { return &r.Model }),
	text("ask_model", repeated, func(r *record) *string { return &r.AskModel }),
	text("virtual_key", repeated, func(r *record) *string { return &r.Virtual }),
	text("config_id", repeated, func(r *record) *string { return &r.ConfigID }),
	text("config_slug", repeated, func(r *record) *string { return &r.ConfigSlug }),
	flag("usage_known", func(r *record) *bool { return &r.Usage.Known }),
	flag("usage_estimated", func(r *record) *bool { return &r.Usage.Estimated }),
	bigint("input_tokens", func(r *record) *int64 { return &r.Usage.InputTokens }),
	bigint("output_tokens", func(r *record) *int64 { return &r.Usage.OutputTokens }),
	bigint("cache_read_tokens", func(r *record) *int64 { return &r.Usage.CacheReadTokens }),
	bigint("cache_write_tokens", func(r *record) *int64 { return &r.Usage.CacheWriteTokens }),
	bigint("cache_write_1h_tokens", func(r *record) *int64 { return &r.Usage.CacheWrite1hTokens }),
	bigint("reasoning_tokens", func(r *record) *int64 { return &r.Usage.ReasoningTokens }),
	bigint("input_audio_tokens", func(r *record) *int64 { return &r.Usage.InputAudioTokens }),
	bigint("output_audio_tokens", func(r *record) *int64 { return &r.Usage.OutputAudioTokens }),
	bigint("web_searches", func(r *record) *int64 { return &r.Usage.WebSearches }),
	bigint("cost_nano", func(r *record) *int64 { return &r.CostNano }),
	flag("cost_known", func(r *record) *bool { return &r.CostKnown }),
	bigint("total_us", func(r *record) *int64 { return &r.TotalMicros }),
	smallint("latency_bin", func(r *record) *int16 { return &r.latencyBin }),
	bigint("first_token_us", func(r *record) *int64 { return &r.FirstTokenMicros }),
	encoded("shape", repeated, func(r *record) *[]byte { return &r.shape }),
	encoded("metadata", repeated, func(r *record) *[]byte { return &r.metadata }),
}

// logColumns are all columns of logs, in their order.
var logColumns = append(briefColumns[:len(briefColumns):len(briefColumns)],
	encoded("detail", various, func(r *record) *[]byte { return &r.detail }))

// schema makes the tables. reader is one row; its rows counts those of logs, so
// that an opening notices when some are missing.
func schema() string {
	return "CREATE TABLE IF NOT EXISTS logs (\n\t" + definitions(logColumns) + `
);
CREATE TABLE IF NOT EXISTS reader (version INTEGER NOT NULL, segment UBIGINT NOT NULL, "offset" BIGINT NOT NULL, "rows" BIGINT NOT NULL);
` + feedbackTable
}
