package logs

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/portico-ai/portico/internal/access"
	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/api/admin"
	"github.com/portico-ai/portico/internal/codec/redact"
	"github.com/portico-ai/portico/internal/control"
	"github.com/portico-ai/portico/internal/ledger"
)

const (
	maxInserted   = 1000 // logs at once
	maxURL        = 2048
	maxMillis     = 30 * 24 * 3600 * 1000 // of a request
	maxTokens     = 1 << 40
	maxCostInCent = 1e9
)

// An Insertion is a log of a request that somebody else has served: its entry and
// the bodies to be kept with it, nil for none.
type Insertion struct {
	Entry          *ledger.Entry
	Request, Reply json.RawMessage
	Span           json.RawMessage // that it was told by
	Given          bool            // the id is its teller's, who may tell of it again
}

// insert records requests that others have served.
func (a *API) insert(r *http.Request, p access.Principal) (any, error) {
	workspace, err := a.Service.Target(r.Context(), p, admin.WorkspaceRef(r))
	if err != nil {
		return nil, err
	}
	items, _, err := readItems(r, maxInserted)
	if err != nil {
		return nil, err
	}
	list, ids := make([]*Insertion, len(items)), make([]string, len(items))
	for i, it := range items {
		l := a.readLog(it, p, workspace)
		if *it.err != nil {
			return nil, *it.err
		}
		list[i], ids[i] = l, l.Entry.ID
	}
	fresh, err := a.Record(r, workspace.ID, list)
	if err != nil {
		return nil, err
	}
	return map[string]any{"status": "success", "message": fmt.Sprintf("%d logs inserted", fresh), "ids": ids}, nil
}

// Record keeps logs of a workspace that r has told of, bodies included where they
// are kept, and says how many were new.
func (a *API) Record(r *http.Request, workspaceID string, list []*Insertion) (int, error) {
	a.inserting.Lock()
	defer a.inserting.Unlock()
	fresh, err := a.fresh(r.Context(), workspaceID, list)
	if err != nil {
		return 0, err
	}
	entries := make([]*ledger.Entry, len(fresh))
	for i, l := range fresh {
		if logging := a.Logging(); logging.Keeps(r.Header.Get("X-Portkey-Debug")) {
			a.keep(l, logging.Redactor)
		}
		entries[i] = l.Entry
	}
	return len(fresh), a.Journal.Insert(entries)
}

// fresh leaves out logs whose id was given before, in this call or an earlier one.
func (a *API) fresh(ctx context.Context, workspaceID string, list []*Insertion) ([]*Insertion, error) {
	var ids []string
	for _, l := range list {
		if l.Given {
			ids = append(ids, l.Entry.ID)
		}
	}
	if len(ids) == 0 {
		return list, nil
	}
	a.catchUp(ctx)
	known := map[string]bool{}
	for part := range slices.Chunk(ids, ledger.MaxPage) {
		l, err := a.Logs.List(ctx, workspaceID, ledger.Filter{IDs: part}, ledger.Page{Size: ledger.MaxPage})
		if err != nil {
			return nil, err
		}
		for i := range l.Entries {
			known[l.Entries[i].ID] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(list), func(l *Insertion) bool {
		had := known[l.Entry.ID]
		known[l.Entry.ID] = true
		return had
	}), nil
}

// InsertedID is the id of a log whose inserter gave it one: the same one means
// the same log in its workspace, and nothing in another.
func InsertedID(workspaceID, given string) string {
	return uuid.NewSHA1(uuid.NameSpaceOID, []byte("log\x00"+workspaceID+"\x00"+given)).String()
}

// readLog reads a log in Portkey's shape; its metrics are ours.
func (a *API) readLog(it *item, p access.Principal, w control.Workspace) *Insertion {
	l := &Insertion{Entry: &ledger.Entry{
		OrgID: w.OrgID, WorkspaceID: w.ID, KeyID: p.KeyID, UserID: p.UserID, Source: ledger.Inserted, Dialect: ai.OpenAI, Mode: "single", Cache: "DISABLED",
	}}
	e := l.Entry
	if given := it.text("id", maxID); given != "" {
		e.ID, l.Given = InsertedID(w.ID, given), true
	} else {
		e.ID = uuid.NewString()
	}
	l.readRequest(it.object("request", true))
	l.readResponse(it.object("response", true))
	l.readMetadata(it.object("metadata", false), a.now())
	if at := it.text("created_at", maxID); at != "" {
		t, err := time.Parse(time.RFC3339, at)
		if err != nil || t.Year() < 2000 || t.After(a.now().Add(24*time.Hour)) {
			it.fail("created_at", "must be a time of the past such as 2024-05-01T00:00:00Z")
		}
		e.StartedAt = t.UTC().Truncate(time.Microsecond)
	}
	if e.SpanName == "" {
		e.SpanName = strings.TrimSpace(e.Method + " " + e.Path)
	}
	if *it.err == nil {
		a.count(l)
		readMetrics(it.object("metrics", false), e)
		if e.Usage.Known && !e.CostKnown {
			a.Price(e)
		}
	}
	return l
}

func (l *Insertion) readRequest(it *item) {
	e := l.Entry
	e.Method = strings.ToUpper(cmp.Or(it.text("method", 16), http.MethodPost))
	e.Provider = strings.ToLower(it.text("provider", maxID))
	if u, err := url.Parse(it.text("url", maxURL)); err != nil {
		it.fail("url", "must be a URL")
	} else {
		e.Path = u.Path
		u.User, u.RawQuery, u.Fragment = nil, "", "" // where secrets are
		e.URL = u.String()
	}
	l.Request = it.fields["body"]
	if l.Request == nil && *it.err == nil {
		it.fail("body", "is missing")
	}
	var body struct {
		Model  string `json:"model"`
		Stream bool   `json:"stream"`
	}
	_ = json.Unmarshal(l.Request, &body) // any JSON is a body
	e.AskModel, e.Model, e.Stream = body.Model, body.Model, body.Stream
}

func (l *Insertion) readResponse(it *item) {
	e := l.Entry
	e.Status, e.State = http.StatusOK, ledger.OK
	if status, ok := it.whole("status", 0, 999, "an HTTP status"); ok && status > 0 {
		e.Status = int(status)
	}
	const want = "a number of milliseconds"
	ms, ok := it.number("response_time", 0, maxMillis, want)
	if !ok {
		ms, _ = it.number("time", 0, maxMillis, want)
	}
	e.TotalMicros = int64(ms * 1000)
	var streaming bool
	if raw, ok := it.fields["streaming_mode"]; ok && json.Unmarshal(raw, &streaming) == nil {
		e.Stream = e.Stream || streaming
	}
	l.Reply = it.fields["body"]
	if l.Reply == nil && *it.err == nil {
		it.fail("body", "is missing")
	}
	if e.Status >= http.StatusBadRequest {
		var body struct{ Error ledger.ErrorInfo }
		_ = json.Unmarshal(l.Reply, &body) // what is no error object tells nothing
		if e.State = ledger.Failed; body.Error.Message != "" {
			e.Error = &body.Error
		}
	}
}

// readMetadata takes the place in the trace out of the metadata. What is no
// metadata is left out, with a receipt, for instrumentations add much of their own.
func (l *Insertion) readMetadata(it *item, now time.Time) {
	e := l.Entry
	e.TraceID = cmp.Or(it.text("trace_id", maxID), uuid.NewString())
	e.SpanID = cmp.Or(it.text("span_id", maxID), strings.ReplaceAll(uuid.NewString(), "-", "")[:16])
	e.ParentSpanID, e.SpanName = it.text("parent_span_id", maxID), it.text("span_name", maxID)
	e.StartedAt = now.Add(-time.Duration(e.TotalMicros) * time.Microsecond)
	if start, ok := moment(it.fields["start_time"]); ok && start.Before(now.Add(24*time.Hour)) {
		e.StartedAt = start
		if end, ok := moment(it.fields["end_time"]); ok && e.TotalMicros == 0 && end.After(start) {
			e.TotalMicros = end.Sub(start).Microseconds()
		}
	}
	e.Metadata = map[string]string{}
	for _, key := range slices.Sorted(maps.Keys(it.members)) {
		switch control.SnakeCase(key) {
		case "trace_id", "span_id", "parent_span_id", "span_name", "start_time", "end_time":
			continue
		}
		l.AddMetadata(key, it.members[key])
	}
}

// AddMetadata adds a pair, or a receipt that says why it is no metadata.
func (l *Insertion) AddMetadata(key string, value json.RawMessage) {
	e := l.Entry
	if err := l.addMetadata(key, value); err != nil && len(e.Receipts) < 16 {
		e.Receipts = append(e.Receipts, ai.Receipt{Path: "metadata." + strings.ToValidUTF8(key[:min(len(key), 64)], ""), Reason: "left out: " + err.Error()})
	}
}

func (l *Insertion) addMetadata(key string, raw json.RawMessage) error {
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		return err
	}
	text := ""
	switch v := v.(type) {
	case string:
		text = v
	case float64, bool:
		text = string(raw)
	default:
		return fmt.Errorf("its value is neither a string nor a number")
	}
	if err := ledger.CheckPair(key, text); err != nil {
		return err
	}
	if len(l.Entry.Metadata) >= ledger.MaxPairs {
		return fmt.Errorf("there are more than %d keys", ledger.MaxPairs)
	}
	l.Entry.Metadata[key] = text
	return nil
}

// moment reads a time as instrumentations write it: RFC 3339, or a number of
// seconds, milliseconds, microseconds or nanoseconds since 1970.
func moment(raw json.RawMessage) (time.Time, bool) {
	text := strings.Trim(string(raw), `"`)
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t.UTC().Truncate(time.Microsecond), t.Year() >= 2000
	}
	var n float64
	if json.Unmarshal([]byte(text), &n) != nil {
		return time.Time{}, false
	}
	for _, unit := range []float64{1, 1e3, 1e6, 1e9} {
		if s := n / unit; s > 946_684_800 && s < 9_466_848_000 { // the years from 2000 to 2270
			return time.UnixMicro(int64(math.Round(s * 1e6))).UTC(), true
		}
	}
	return time.Time{}, false
}

// count reads the usage, as for a request of our own.
func (a *API) count(l *Insertion) {
	e := l.Entry
	format, ok := a.Formats[dialectOf(l.Reply)]
	if !ok {
		return
	}
	e.Dialect = format.Dialect()
	e.Usage = format.Usage(ai.Chat, l.Reply)
	e.Model = cmp.Or(format.Model(ai.Chat, l.Reply), e.Model)
}

// dialectOf tells a reply's format by what only it has.
func dialectOf(reply json.RawMessage) ai.Dialect {
	var marks struct {
		Type, Object  string
		UsageMetadata json.RawMessage
	}
	_ = json.Unmarshal(reply, &marks) // what is no object is nobody's
	switch {
	case marks.Type == "message":
		return ai.Anthropic
	case marks.Object == "response":
		return ai.Responses
	case marks.UsageMetadata != nil:
		return ai.Gemini
	}
	return ai.OpenAI
}

// readMetrics takes figures that the client knows better, by the names they have
// in a log.
func readMetrics(it *item, e *ledger.Entry) {
	const tokens = "a whole number of tokens, 0 or more"
	in, hasIn := it.whole("req_units", 0, maxTokens, tokens)
	out, hasOut := it.whole("res_units", 0, maxTokens, tokens)
	if hasIn || hasOut {
		e.Usage = ai.Usage{Known: true, InputTokens: in, OutputTokens: out}
	}
	e.Provider = cmp.Or(strings.ToLower(it.text("ai_org", maxID)), e.Provider)
	e.Model = cmp.Or(it.text("ai_model", maxID), e.Model)
	if cents, ok := it.number("cost", 0, maxCostInCent, "an amount in cents"); ok {
		e.CostNano, e.CostKnown = int64(math.Round(cents*nanoPerCent)), true
	}
}

// keep puts the bodies where those of other requests are.
func (a *API) keep(l *Insertion, redactor *redact.Redactor) {
	e := l.Entry
	for _, b := range []struct {
		kind byte
		data json.RawMessage
		ref  *ledger.BodyRef
	}{{ledger.BodyRequest, l.Request, &e.Request}, {ledger.BodyReply, l.Reply, &e.Reply}, {ledger.BodyUpstreamRaw, l.Span, &e.UpstreamRaw}} {
		if b.data == nil {
			continue
		}
		var kept bool
		*b.ref, kept = a.Bodies.Put(e.ID, b.kind, redactor.Body(b.data), nil)
		e.BodiesLost = e.BodiesLost || !kept
	}
}
