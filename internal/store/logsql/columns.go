package logsql

// BriefColumns are what lists show: a column for what filters and group-bys ask
// for, and together in shape what they do not. Text is empty for nothing, so that
// filters need not think of NULL.
var BriefColumns = []Column{
	text("id", Various, func(r *Record) *string { return &r.ID }),
	instant("started_at", func(r *Record) *int64 { return &r.started }),
	text("workspace_id", Repeated, func(r *Record) *string { return &r.WorkspaceID }),
	text("key_id", Repeated, func(r *Record) *string { return &r.KeyID }),
	text("user_id", Repeated, func(r *Record) *string { return &r.UserID }),
	text("end_user", Repeated, func(r *Record) *string { return &r.endUser }),
	flag("user_named", func(r *Record) *bool { return &r.userNamed }),
	text("trace_id", Various, func(r *Record) *string { return &r.TraceID }),
	text("span_id", Various, func(r *Record) *string { return &r.SpanID }),
	text("parent_span_id", Repeated, func(r *Record) *string { return &r.ParentSpanID }),
	text("op", Repeated, func(r *Record) *string { return (*string)(&r.Op) }),
	text("path", Repeated, func(r *Record) *string { return &r.Path }),
	flag("stream", func(r *Record) *bool { return &r.Stream }),
	text("state", Repeated, func(r *Record) *string { return (*string)(&r.State) }),
	integer("status", func(r *Record) *int { return &r.Status }),
	text("error_message", Repeated, func(r *Record) *string { return &r.err.Message }),
	text("error_code", Repeated, func(r *Record) *string { return &r.err.Code }),
	integer("retries", func(r *Record) *int { return &r.Retries }),
	flag("fallback", func(r *Record) *bool { return &r.Fallback }),
	text("cache", Repeated, func(r *Record) *string { return &r.Cache }),
	text("provider", Repeated, func(r *Record) *string { return &r.Provider }),
	text("model", Repeated, func(r *Record) *string { return &r.Model }),
	text("ask_model", Repeated, func(r *Record) *string { return &r.AskModel }),
	text("virtual_key", Repeated, func(r *Record) *string { return &r.Virtual }),
	text("config_id", Repeated, func(r *Record) *string { return &r.ConfigID }),
	text("config_slug", Repeated, func(r *Record) *string { return &r.ConfigSlug }),
	flag("usage_known", func(r *Record) *bool { return &r.Usage.Known }),
	flag("usage_estimated", func(r *Record) *bool { return &r.Usage.Estimated }),
	bigint("input_tokens", func(r *Record) *int64 { return &r.Usage.InputTokens }),
	bigint("output_tokens", func(r *Record) *int64 { return &r.Usage.OutputTokens }),
	bigint("cache_read_tokens", func(r *Record) *int64 { return &r.Usage.CacheReadTokens }),
	bigint("cache_write_tokens", func(r *Record) *int64 { return &r.Usage.CacheWriteTokens }),
	bigint("cache_write_1h_tokens", func(r *Record) *int64 { return &r.Usage.CacheWrite1hTokens }),
	bigint("reasoning_tokens", func(r *Record) *int64 { return &r.Usage.ReasoningTokens }),
	bigint("input_audio_tokens", func(r *Record) *int64 { return &r.Usage.InputAudioTokens }),
	bigint("output_audio_tokens", func(r *Record) *int64 { return &r.Usage.OutputAudioTokens }),
	bigint("web_searches", func(r *Record) *int64 { return &r.Usage.WebSearches }),
	bigint("cost_nano", func(r *Record) *int64 { return &r.CostNano }),
	flag("cost_known", func(r *Record) *bool { return &r.CostKnown }),
	bigint("total_us", func(r *Record) *int64 { return &r.TotalMicros }),
	smallint("latency_bin", func(r *Record) *int16 { return &r.latencyBin }),
	bigint("first_token_us", func(r *Record) *int64 { return &r.FirstTokenMicros }),
	encoded("shape", Repeated, func(r *Record) *[]byte { return &r.shape }),
	encoded("metadata", Repeated, func(r *Record) *[]byte { return &r.metadata }),
}

// Columns are all columns of the table logs, in their order. One list makes the
// schema, the writing and the reading, which therefore agree.
var Columns = append(BriefColumns[:len(BriefColumns):len(BriefColumns)],
	encoded("detail", Various, func(r *Record) *[]byte { return &r.detail }))

// A Kind is what values a column has.
type Kind int

// The kinds, and what Column.Field answers for each.
const (
	Text    Kind = iota // *string
	JSON                // *[]byte, which is UTF-8
	Flag                // *bool
	Int16               // *int16
	Int32               // *int
	Int64               // *int64
	Instant             // *int64: microseconds since 1970
)

// How much the values of a column differ, for stores that compress them.
const (
	Repeated = false // few different ones
	Various  = true  // nearly every one another
)

// A Column is its name and kind, and where a record keeps its value.
type Column struct {
	Name    string
	Kind    Kind
	Various bool // of Text and JSON
	Field   func(r *Record) any
}

func text(name string, various bool, field func(*Record) *string) Column {
	return Column{name, Text, various, func(r *Record) any { return field(r) }}
}

func encoded(name string, various bool, field func(*Record) *[]byte) Column {
	return Column{name, JSON, various, func(r *Record) any { return field(r) }}
}

func flag(name string, field func(*Record) *bool) Column {
	return Column{name, Flag, false, func(r *Record) any { return field(r) }}
}

func integer(name string, field func(*Record) *int) Column {
	return Column{name, Int32, false, func(r *Record) any { return field(r) }}
}

func smallint(name string, field func(*Record) *int16) Column {
	return Column{name, Int16, false, func(r *Record) any { return field(r) }}
}

func bigint(name string, field func(*Record) *int64) Column {
	return Column{name, Int64, false, func(r *Record) any { return field(r) }}
}

func instant(name string, field func(*Record) *int64) Column {
	return Column{name, Instant, false, func(r *Record) any { return field(r) }}
}
