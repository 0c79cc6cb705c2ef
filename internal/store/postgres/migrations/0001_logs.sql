-- Text is empty for nothing. Times are microseconds since 1970. Texts are compared
-- by their bytes, as everywhere in Portico.
CREATE TABLE portico_logs (
	id text COLLATE "C" NOT NULL,
	started_us bigint NOT NULL,
	workspace_id text COLLATE "C" NOT NULL,
	key_id text COLLATE "C" NOT NULL,
	user_id text COLLATE "C" NOT NULL,
	end_user text COLLATE "C" NOT NULL,
	user_named boolean NOT NULL,
	trace_id text COLLATE "C" NOT NULL,
	span_id text COLLATE "C" NOT NULL,
	parent_span_id text COLLATE "C" NOT NULL,
	op text COLLATE "C" NOT NULL,
	path text COLLATE "C" NOT NULL,
	stream boolean NOT NULL,
	state text COLLATE "C" NOT NULL,
	status integer NOT NULL,
	error_message text COLLATE "C" NOT NULL,
	error_code text COLLATE "C" NOT NULL,
	retries integer NOT NULL,
	fallback boolean NOT NULL,
	cache text COLLATE "C" NOT NULL,
	provider text COLLATE "C" NOT NULL,
	model text COLLATE "C" NOT NULL,
	ask_model text COLLATE "C" NOT NULL,
	virtual_key text COLLATE "C" NOT NULL,
	config_id text COLLATE "C" NOT NULL,
	config_slug text COLLATE "C" NOT NULL,
	usage_known boolean NOT NULL,
	usage_estimated boolean NOT NULL,
	input_tokens bigint NOT NULL,
	output_tokens bigint NOT NULL,
	cache_read_tokens bigint NOT NULL,
	cache_write_tokens bigint NOT NULL,
	cache_write_1h_tokens bigint NOT NULL,
	reasoning_tokens bigint NOT NULL,
	input_audio_tokens bigint NOT NULL,
	output_audio_tokens bigint NOT NULL,
	web_searches bigint NOT NULL,
	cost_nano bigint NOT NULL,
	cost_known boolean NOT NULL,
	total_us bigint NOT NULL,
	latency_bin smallint NOT NULL,
	first_token_us bigint NOT NULL,
	shape text COLLATE "C" NOT NULL,
	metadata text COLLATE "C" NOT NULL,
	detail text COLLATE "C" NOT NULL,
	PRIMARY KEY (id)
);
CREATE INDEX portico_logs_by_time ON portico_logs (workspace_id, started_us DESC, id DESC);
CREATE INDEX portico_logs_by_trace ON portico_logs (workspace_id, trace_id);
CREATE INDEX portico_logs_by_age ON portico_logs USING brin (started_us);

CREATE TABLE portico_feedback (
	id text COLLATE "C" PRIMARY KEY,
	org_id text COLLATE "C" NOT NULL,
	workspace_id text COLLATE "C" NOT NULL,
	key_id text COLLATE "C" NOT NULL,
	user_id text COLLATE "C" NOT NULL,
	trace_id text COLLATE "C" NOT NULL,
	value bigint NOT NULL,
	weight_micro bigint NOT NULL,
	metadata text COLLATE "C" NOT NULL,
	created_at bigint NOT NULL,
	updated_at bigint NOT NULL
);
CREATE INDEX portico_feedback_by_trace ON portico_feedback (workspace_id, trace_id);

-- How far each server's journal has been read.
CREATE TABLE portico_journals (
	journal text COLLATE "C" PRIMARY KEY,
	segment bigint NOT NULL,
	"offset" bigint NOT NULL,
	updated_at timestamptz NOT NULL
);
