package duckdb

import (
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/portico-ai/portico/internal/ledger"
)

const briefColumns = `id, started_at, org_id, workspace_id, key_id, user_id,
	trace_id, span_id, parent_span_id, span_name, op, dialect, method, path, stream,
	state, status, error_message, error_type, error_code, last_step, mode, retries, fallback, cache,
	provider, model, ask_model, virtual_key, url, config_id, config_slug, config_version,
	usage_known, usage_estimated, input_tokens, output_tokens,
	cache_read_tokens, cache_write_tokens, cache_write_1h_tokens, reasoning_tokens,
	input_audio_tokens, output_audio_tokens, web_searches, service_tier,
	cost_nano, cost_known, total_us, first_token_us, metadata`

// values appends an entry's columns to row, in the order of the schema. Bytes
// that are not UTF-8, which a client's header may hold, become the replacement
// character, for DuckDB refuses a whole batch for one of them.
func values(row []driver.Value, e *ledger.Entry, buf []byte) ([]driver.Value, []byte) {
	var message any
	var errorType, errorCode string
	if e.Error != nil {
		message, errorType, errorCode = text(e.Error.Message), e.Error.Type, e.Error.Code
	}
	u := &e.Usage
	buf = ledger.AppendJSONMap(buf[:0], e.Metadata)
	metadata := string(buf)
	rest := e.Rest()
	buf = rest.AppendJSON(buf[:0])
	return append(row, text(e.ID), e.StartedAt.UTC(), text(e.OrgID), text(e.WorkspaceID), text(e.KeyID), text(e.UserID),
		text(e.TraceID), text(e.SpanID), text(e.ParentSpanID), text(e.SpanName), text(e.Op), text(e.Dialect), text(e.Method), text(e.Path), e.Stream,
		text(e.State), int32(e.Status), message, text(errorType), text(errorCode), text(e.LastStep), text(e.Mode), int32(e.Retries), e.Fallback, text(e.Cache), //nolint:gosec // small numbers
		text(e.Provider), text(e.Model), text(e.AskModel), text(e.Virtual), text(e.URL), text(e.ConfigID), text(e.ConfigSlug), text(e.ConfigVersion),
		u.Known, u.Estimated, u.InputTokens, u.OutputTokens,
		u.CacheReadTokens, u.CacheWriteTokens, u.CacheWrite1hTokens, u.ReasoningTokens,
		u.InputAudioTokens, u.OutputAudioTokens, u.WebSearches, text(u.ServiceTier),
		e.CostNano, e.CostKnown, e.TotalMicros, e.FirstTokenMicros, metadata, string(buf)), buf
}

func text[T ~string](s T) string { return strings.ToValidUTF8(string(s), "\ufffd") }

type scanner interface{ Scan(dest ...any) error }

// scanBrief reads briefColumns, and any columns that follow them into more.
func scanBrief(rows scanner, e *ledger.Entry, more ...any) error {
	var message sql.NullString
	var errorType, errorCode, metadata string
	u := &e.Usage
	err := rows.Scan(append([]any{
		&e.ID, &e.StartedAt, &e.OrgID, &e.WorkspaceID, &e.KeyID, &e.UserID,
		&e.TraceID, &e.SpanID, &e.ParentSpanID, &e.SpanName, &e.Op, &e.Dialect, &e.Method, &e.Path, &e.Stream,
		&e.State, &e.Status, &message, &errorType, &errorCode, &e.LastStep, &e.Mode, &e.Retries, &e.Fallback, &e.Cache,
		&e.Provider, &e.Model, &e.AskModel, &e.Virtual, &e.URL, &e.ConfigID, &e.ConfigSlug, &e.ConfigVersion,
		&u.Known, &u.Estimated, &u.InputTokens, &u.OutputTokens,
		&u.CacheReadTokens, &u.CacheWriteTokens, &u.CacheWrite1hTokens, &u.ReasoningTokens,
		&u.InputAudioTokens, &u.OutputAudioTokens, &u.WebSearches, &u.ServiceTier,
		&e.CostNano, &e.CostKnown, &e.TotalMicros, &e.FirstTokenMicros, &metadata,
	}, more...)...)
	if err != nil {
		return err
	}
	e.StartedAt = e.StartedAt.UTC()
	if message.Valid {
		e.Error = &ledger.ErrorInfo{Message: message.String, Type: errorType, Code: errorCode}
	}
	if metadata != "{}" {
		if err := json.Unmarshal([]byte(metadata), &e.Metadata); err != nil {
			return fmt.Errorf("metadata of %s: %w", e.ID, err)
		}
	}
	return nil
}

// scanWhole reads briefColumns and detail.
func scanWhole(row scanner) (ledger.Entry, error) {
	var brief ledger.Entry
	var detail string
	if err := scanBrief(row, &brief, &detail); err != nil {
		return ledger.Entry{}, err
	}
	var e ledger.Entry
	if err := json.Unmarshal([]byte(detail), &e); err != nil {
		return ledger.Entry{}, fmt.Errorf("detail of %s: %w", brief.ID, err)
	}
	rest := e.Rest()
	e = brief
	e.Attempts, e.Decisions, e.Receipts, e.Headers = rest.Attempts, rest.Decisions, rest.Receipts, rest.Headers
	e.Request, e.Reply, e.Upstream, e.UpstreamRaw, e.BodiesLost = rest.Request, rest.Reply, rest.Upstream, rest.UpstreamRaw, rest.BodiesLost
	e.ClientIP, e.SDK, e.Runtime, e.UpstreamMicros, e.PriceVersion = rest.ClientIP, rest.SDK, rest.Runtime, rest.UpstreamMicros, rest.PriceVersion
	return e, nil
}
