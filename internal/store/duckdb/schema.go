package duckdb

// schemaVersion changes whenever the tables do; a file of another version is set
// aside and built again from the journal.
const schemaVersion = 1

// The columns of logs are in the order that values and targets (row.go) use. The
// text columns hold an empty string for nothing, so that filters need not think of NULL;
// error_message alone is NULL when there was no error. detail is the JSON of
// what lists do not show (ledger.Entry.Rest). reader is one row; its rows counts
// those of logs, so that an opening notices when some are missing.
const schema = `
CREATE TABLE IF NOT EXISTS logs (
	id VARCHAR NOT NULL,
	started_at TIMESTAMP NOT NULL,
	org_id VARCHAR NOT NULL,
	workspace_id VARCHAR NOT NULL,
	key_id VARCHAR NOT NULL,
	user_id VARCHAR NOT NULL,
	trace_id VARCHAR NOT NULL,
	span_id VARCHAR NOT NULL,
	parent_span_id VARCHAR NOT NULL,
	span_name VARCHAR NOT NULL,
	op VARCHAR NOT NULL,
	dialect VARCHAR NOT NULL,
	method VARCHAR NOT NULL,
	path VARCHAR NOT NULL,
	stream BOOLEAN NOT NULL,
	state VARCHAR NOT NULL,
	status INTEGER NOT NULL,
	error_message VARCHAR,
	error_type VARCHAR NOT NULL,
	error_code VARCHAR NOT NULL,
	last_step VARCHAR NOT NULL,
	mode VARCHAR NOT NULL,
	retries INTEGER NOT NULL,
	fallback BOOLEAN NOT NULL,
	cache VARCHAR NOT NULL,
	provider VARCHAR NOT NULL,
	model VARCHAR NOT NULL,
	ask_model VARCHAR NOT NULL,
	virtual_key VARCHAR NOT NULL,
	url VARCHAR NOT NULL,
	config_id VARCHAR NOT NULL,
	config_slug VARCHAR NOT NULL,
	config_version VARCHAR NOT NULL,
	usage_known BOOLEAN NOT NULL,
	usage_estimated BOOLEAN NOT NULL,
	input_tokens BIGINT NOT NULL,
	output_tokens BIGINT NOT NULL,
	cache_read_tokens BIGINT NOT NULL,
	cache_write_tokens BIGINT NOT NULL,
	cache_write_1h_tokens BIGINT NOT NULL,
	reasoning_tokens BIGINT NOT NULL,
	input_audio_tokens BIGINT NOT NULL,
	output_audio_tokens BIGINT NOT NULL,
	web_searches BIGINT NOT NULL,
	service_tier VARCHAR NOT NULL,
	cost_nano BIGINT NOT NULL,
	cost_known BOOLEAN NOT NULL,
	total_us BIGINT NOT NULL,
	first_token_us BIGINT NOT NULL,
	metadata VARCHAR NOT NULL,
	detail VARCHAR NOT NULL
);
CREATE TABLE IF NOT EXISTS reader (version INTEGER NOT NULL, segment UBIGINT NOT NULL, "offset" BIGINT NOT NULL, "rows" BIGINT NOT NULL);
`
