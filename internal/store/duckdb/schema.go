package duckdb

import (
	"time"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/ledger"
)

// schemaVersion changes whenever the tables do; a file of another version is set
// aside and built again from the journal.
const schemaVersion = 2

// briefColumns are what lists show. Text is empty for nothing, so that filters
// need not think of NULL.
var briefColumns = []column{
	text("id", func(r *record) *string { return &r.ID }),
	instant("started_at", func(r *record) *time.Time { return &r.started }),
	text("org_id", func(r *record) *string { return &r.OrgID }),
	text("workspace_id", func(r *record) *string { return &r.WorkspaceID }),
	text("key_id", func(r *record) *string { return &r.KeyID }),
	text("user_id", func(r *record) *string { return &r.UserID }),
	text("trace_id", func(r *record) *string { return &r.TraceID }),
	text("span_id", func(r *record) *string { return &r.SpanID }),
	text("parent_span_id", func(r *record) *string { return &r.ParentSpanID }),
	text("span_name", func(r *record) *string { return &r.SpanName }),
	text("op", func(r *record) *ai.Op { return &r.Op }),
	text("dialect", func(r *record) *ai.Dialect { return &r.Dialect }),
	text("method", func(r *record) *string { return &r.Method }),
	text("path", func(r *record) *string { return &r.Path }),
	flag("stream", func(r *record) *bool { return &r.Stream }),
	text("state", func(r *record) *ledger.State { return &r.State }),
	integer("status", func(r *record) *int { return &r.Status }),
	flag("failed", func(r *record) *bool { return &r.failed }),
	text("error_message", func(r *record) *string { return &r.err.Message }),
	text("error_type", func(r *record) *string { return &r.err.Type }),
	text("error_code", func(r *record) *string { return &r.err.Code }),
	text("last_step", func(r *record) *string { return &r.LastStep }),
	text("mode", func(r *record) *string { return &r.Mode }),
	integer("retries", func(r *record) *int { return &r.Retries }),
	flag("fallback", func(r *record) *bool { return &r.Fallback }),
	text("cache", func(r *record) *string { return &r.Cache }),
	text("provider", func(r *record) *string { return &r.Provider }),
	text("model", func(r *record) *string { return &r.Model }),
	text("ask_model", func(r *record) *string { return &r.AskModel }),
	text("virtual_key", func(r *record) *string { return &r.Virtual }),
	text("url", func(r *record) *string { return &r.URL }),
	text("config_id", func(r *record) *string { return &r.ConfigID }),
	text("config_slug", func(r *record) *string { return &r.ConfigSlug }),
	text("config_version", func(r *record) *string { return &r.ConfigVersion }),
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
	text("service_tier", func(r *record) *string { return &r.Usage.ServiceTier }),
	bigint("cost_nano", func(r *record) *int64 { return &r.CostNano }),
	flag("cost_known", func(r *record) *bool { return &r.CostKnown }),
	bigint("total_us", func(r *record) *int64 { return &r.TotalMicros }),
	bigint("first_token_us", func(r *record) *int64 { return &r.FirstTokenMicros }),
	encoded("metadata", func(r *record) *[]byte { return &r.metadata }),
}

// logColumns are all columns of logs, in their order.
var logColumns = append(briefColumns[:len(briefColumns):len(briefColumns)],
	encoded("detail", func(r *record) *[]byte { return &r.detail }))

// schema makes the tables. reader is one row; its rows counts those of logs, so
// that an opening notices when some are missing.
func schema() string {
	return "CREATE TABLE IF NOT EXISTS logs (\n\t" + definitions(logColumns) + `
);
CREATE TABLE IF NOT EXISTS reader (version INTEGER NOT NULL, segment UBIGINT NOT NULL, "offset" BIGINT NOT NULL, "rows" BIGINT NOT NULL);
`
}
