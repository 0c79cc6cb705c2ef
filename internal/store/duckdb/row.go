package duckdb

import (
	"encoding/json"
	"fmt"

	"github.com/portico-ai/portico/internal/ledger"
)

// load takes e's values.
func (r *record) load(e *ledger.Entry) {
	r.Entry, r.started, r.failed, r.err = e, e.StartedAt, e.Error != nil, ledger.ErrorInfo{}
	if r.failed {
		r.err = *e.Error
	}
	r.metadata = ledger.AppendJSONMap(r.metadata[:0], e.Metadata)
	rest := e.Rest()
	r.detail = rest.AppendJSON(r.detail[:0])
}

type scanner interface{ Scan(dest ...any) error }

// scan reads columns of a row.
func scan(row scanner, columns []column) (*record, error) {
	r := &record{Entry: &ledger.Entry{}}
	fields := make([]any, len(columns))
	for i, c := range columns {
		fields[i] = c.field(r)
	}
	if err := row.Scan(fields...); err != nil {
		return nil, err
	}
	r.StartedAt = r.started.UTC()
	if r.failed {
		r.Error = &r.err
	}
	if string(r.metadata) != "{}" {
		if err := json.Unmarshal(r.metadata, &r.Metadata); err != nil {
			return nil, fmt.Errorf("metadata of %s: %w", r.ID, err)
		}
	}
	return r, nil
}

// scanWhole reads logColumns.
func scanWhole(row scanner) (ledger.Entry, error) {
	r, err := scan(row, logColumns)
	if err != nil {
		return ledger.Entry{}, err
	}
	var rest ledger.Entry
	if err := json.Unmarshal(r.detail, &rest); err != nil {
		return ledger.Entry{}, fmt.Errorf("detail of %s: %w", r.ID, err)
	}
	e := *r.Entry
	e.Attempts, e.Decisions, e.Receipts, e.Headers = rest.Attempts, rest.Decisions, rest.Receipts, rest.Headers
	e.Request, e.Reply, e.Upstream, e.UpstreamRaw, e.BodiesLost = rest.Request, rest.Reply, rest.Upstream, rest.UpstreamRaw, rest.BodiesLost
	e.ClientIP, e.SDK, e.Runtime, e.UpstreamMicros, e.PriceVersion = rest.ClientIP, rest.SDK, rest.Runtime, rest.UpstreamMicros, rest.PriceVersion
	return e, nil
}
