package logsql

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/ledger"
)

// A Record is an entry with the parts that are no column of their own encoded.
type Record struct {
	*ledger.Entry
	started    int64 // microseconds
	err        ledger.ErrorInfo
	endUser    string // Entry.EndUser
	userNamed  bool   // endUser is what the metadata names, which then is not in metadata
	latencyBin int16
	shape      []byte // JSON of ledger.Entry, of it what shapeOf says
	metadata   []byte // JSON
	detail     []byte // JSON of ledger.Entry.Rest, what lists do not show
}

// Load takes e's values.
func (r *Record) Load(e *ledger.Entry) {
	r.Entry, r.started, r.err = e, e.StartedAt.UnixMicro(), ledger.ErrorInfo{}
	if e.Error != nil {
		r.err = *e.Error
	}
	shape := shapeOf(e)
	r.shape = shape.AppendJSON(r.shape[:0])
	r.endUser, r.latencyBin = e.EndUser(), ledger.LatencyBin(e.TotalMicros)
	r.loadMetadata(e.Metadata)
	rest := e.Rest()
	r.detail = rest.AppendJSON(r.detail[:0])
}

// loadMetadata keeps the user, whom most requests name and whom queries ask for,
// apart from the rest, of which few different ones are left.
func (r *Record) loadMetadata(m map[string]string) {
	r.userNamed = m[ledger.UserKey] != ""
	if r.userNamed {
		r.metadata = ledger.AppendJSONMapWithout(r.metadata[:0], m, ledger.UserKey)
	} else {
		r.metadata = ledger.AppendJSONMap(r.metadata[:0], m)
	}
}

// restoreMetadata is the inverse of loadMetadata.
func (r *Record) restoreMetadata() error {
	if string(r.metadata) != "{}" {
		if err := json.Unmarshal(r.metadata, &r.Metadata); err != nil {
			return fmt.Errorf("metadata of %s: %w", r.ID, err)
		}
	}
	if r.userNamed {
		if r.Metadata == nil {
			r.Metadata = map[string]string{}
		}
		r.Metadata[ledger.UserKey] = r.endUser
	}
	return nil
}

// shapeOf is what requests of one kind have in common and nothing is looked for
// by. There are few different shapes, so that one text, kept once, costs a
// fraction of a column for each part.
func shapeOf(e *ledger.Entry) ledger.Entry {
	s := ledger.Entry{
		OrgID: e.OrgID, Source: e.Source, SpanName: e.SpanName, Dialect: e.Dialect, Method: e.Method, LastStep: e.LastStep, Mode: e.Mode,
		URL: e.URL, ConfigVersion: e.ConfigVersion,
	}
	copyUncolumned(&s.Usage, &e.Usage)
	if e.Error != nil {
		s.Error = &ledger.ErrorInfo{Type: e.Error.Type}
	}
	return s
}

// copyUncolumned copies the parts of a usage that have no column.
func copyUncolumned(to, from *ai.Usage) {
	to.InputImageTokens, to.OutputImageTokens = from.InputImageTokens, from.OutputImageTokens
	to.Images, to.ImageQuality, to.ImageSize = from.Images, from.ImageQuality, from.ImageSize
	to.AudioMillis, to.Characters, to.SearchUnits, to.Pages = from.AudioMillis, from.Characters, from.SearchUnits, from.Pages
	to.SearchContext, to.ServiceTier, to.OtherTokens = from.SearchContext, from.ServiceTier, from.OtherTokens
}

// reshape is the inverse of shapeOf.
func (r *Record) reshape() error {
	var s ledger.Entry
	if err := json.Unmarshal(r.shape, &s); err != nil {
		return fmt.Errorf("shape of %s: %w", r.ID, err)
	}
	r.Source = s.Source
	r.OrgID, r.SpanName, r.Dialect, r.Method, r.LastStep, r.Mode = s.OrgID, s.SpanName, s.Dialect, s.Method, s.LastStep, s.Mode
	r.URL, r.ConfigVersion = s.URL, s.ConfigVersion
	copyUncolumned(&r.Usage, &s.Usage)
	if s.Error != nil {
		r.err.Type = s.Error.Type
		r.Error = &r.err
	}
	return nil
}

// scan reads columns of a row.
func scan(rows Rows, columns []Column) (*Record, error) {
	r := &Record{Entry: &ledger.Entry{}}
	fields := make([]any, len(columns))
	for i, c := range columns {
		fields[i] = c.Field(r)
	}
	if err := rows.Scan(fields...); err != nil {
		return nil, err
	}
	r.StartedAt = time.UnixMicro(r.started).UTC()
	if err := r.reshape(); err != nil {
		return nil, err
	}
	return r, r.restoreMetadata()
}

func scanBrief(rows Rows) (ledger.Entry, error) {
	r, err := scan(rows, BriefColumns)
	if err != nil {
		return ledger.Entry{}, err
	}
	return *r.Entry, nil
}

// scanWhole reads Columns.
func scanWhole(rows Rows) (ledger.Entry, error) {
	r, err := scan(rows, Columns)
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
	e.ClientIP, e.SDK, e.Runtime, e.UpstreamMicros = rest.ClientIP, rest.SDK, rest.Runtime, rest.UpstreamMicros
	e.PriceModel, e.PriceVersion, e.Charge, e.RepricedAt = rest.PriceModel, rest.PriceVersion, rest.Charge, rest.RepricedAt
	return e, nil
}
