-- A request has one row, and another with a higher version when its cost comes
-- later. Rows that are applied again have the same sorting key, so that FINAL shows
-- them once and merges leave one. Text is empty for nothing. Times are microseconds
-- since 1970; started_at is for people.
CREATE TABLE IF NOT EXISTS portico_logs (
	id String CODEC(ZSTD),
	started_us Int64 CODEC(Delta, ZSTD),
	workspace_id LowCardinality(String),
	key_id LowCardinality(String),
	user_id LowCardinality(String),
	end_user LowCardinality(String),
	user_named Bool,
	trace_id String CODEC(ZSTD),
	span_id String CODEC(ZSTD),
	parent_span_id LowCardinality(String),
	op LowCardinality(String),
	path LowCardinality(String),
	stream Bool,
	state LowCardinality(String),
	status Int32,
	error_message LowCardinality(String),
	error_code LowCardinality(String),
	retries Int32,
	fallback Bool,
	cache LowCardinality(String),
	provider LowCardinality(String),
	model LowCardinality(String),
	ask_model LowCardinality(String),
	virtual_key LowCardinality(String),
	config_id LowCardinality(String),
	config_slug LowCardinality(String),
	usage_known Bool,
	usage_estimated Bool,
	input_tokens Int64,
	output_tokens Int64,
	cache_read_tokens Int64,
	cache_write_tokens Int64,
	cache_write_1h_tokens Int64,
	reasoning_tokens Int64,
	input_audio_tokens Int64,
	output_audio_tokens Int64,
	web_searches Int64,
	cost_nano Int64,
	cost_known Bool,
	total_us Int64,
	latency_bin Int16,
	first_token_us Int64,
	shape LowCardinality(String),
	metadata LowCardinality(String),
	detail String CODEC(ZSTD),
	version UInt8,
	started_at DateTime64(6, 'UTC') ALIAS fromUnixTimestamp64Micro(started_us, 'UTC'),
	INDEX by_id id TYPE bloom_filter(0.001) GRANULARITY 1,
	INDEX by_trace trace_id TYPE bloom_filter(0.001) GRANULARITY 1
) ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(fromUnixTimestamp64Micro(started_us, 'UTC'))
PRIMARY KEY (workspace_id, started_us)
ORDER BY (workspace_id, started_us, id);

-- Each feedback as it was updated last.
CREATE TABLE IF NOT EXISTS portico_feedback (
	id String,
	org_id LowCardinality(String),
	workspace_id LowCardinality(String),
	key_id LowCardinality(String),
	user_id LowCardinality(String),
	trace_id String,
	value Int64,
	weight_micro Int64,
	metadata String,
	created_at Int64,
	updated_at UInt64
) ENGINE = ReplacingMergeTree(updated_at)
ORDER BY id;

-- How far each server's journal has been read.
CREATE TABLE IF NOT EXISTS portico_journals (
	journal String,
	segment UInt64,
	"offset" Int64,
	number UInt64,
	updated_at DateTime DEFAULT now()
) ENGINE = ReplacingMergeTree(number)
ORDER BY journal;
