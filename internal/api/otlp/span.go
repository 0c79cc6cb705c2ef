package otlp

import (
	"cmp"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/api/logs"
	"github.com/portico-ai/portico/internal/ledger"
)

// A source is who made a span or a record.
type source struct {
	resource attributes
	scope    *commonpb.InstrumentationScope
}

func (m *mapper) traces(list []*tracepb.ResourceSpans) (out []*logs.Insertion) {
	spans := 0
	for _, rs := range list {
		resource, _ := attributesOf(rs.GetResource().GetAttributes())
		for _, ss := range rs.GetScopeSpans() {
			for _, s := range ss.GetSpans() {
				if spans++; spans > maxSpans {
					m.refuse(s.GetName(), "a call has at most %d spans; export smaller batches", maxSpans)
					continue
				}
				if l := m.span(source{resource, ss.GetScope()}, s); l != nil {
					out = append(out, l)
				}
			}
		}
	}
	return out
}

// span makes a log of a span, or refuses it.
func (m *mapper) span(src source, s *tracepb.Span) *logs.Insertion {
	trace, id := hexID(s.GetTraceId(), 16), hexID(s.GetSpanId(), 8)
	start := time.Unix(0, int64(s.GetStartTimeUnixNano())).UTC() //nolint:gosec // a time beyond 2262 is refused below
	switch {
	case trace == "" || id == "":
		m.refuse(s.GetName(), "a span has a trace id of 16 bytes and a span id of 8, which are not 0")
		return nil
	case !m.plausible(start):
		m.refuse(s.GetName(), "the start of a span is a time from the year 2000 on that has come")
		return nil
	case len(s.GetAttributes()) > maxAttributes:
		m.refuse(s.GetName(), "a span has at most %d attributes", maxAttributes)
		return nil
	}
	a, left := attributesOf(s.GetAttributes())
	l := m.insertion(trace, id, "")
	e := l.Entry
	e.ParentSpanID, e.SpanName = hexID(s.GetParentSpanId(), 8), cut(s.GetName(), maxName)
	e.StartedAt = start.Truncate(time.Microsecond)
	if end := s.GetEndTimeUnixNano(); end > s.GetStartTimeUnixNano() {
		e.TotalMicros = min(int64((end-s.GetStartTimeUnixNano())/1000), maxMicros) //nolint:gosec // of a thousandth
	}
	if left > 0 {
		e.Receipts = append(e.Receipts, ai.Receipt{Path: "attributes", Reason: strconv.Itoa(left) + " left out: their keys have more than " + strconv.Itoa(maxKey) + " bytes"})
	}
	events := eventsOf(s.GetEvents())
	outcome(e, s.GetStatus(), a, events)
	src.describe(e)
	addMetadata(l, a, src.resource)
	if e.Op = operation(a); e.Op != ai.Span {
		m.call(e, a)
		l.Request, l.Reply = written(asked(e, a, events)), written(answered(e, a, events))
	} else {
		l.Request, l.Reply = written(a.value(inputKeys...)), written(a.value(outputKeys...))
	}
	l.Span = written(whole(src, s, a, events))
	return l
}

const (
	maxName   = 256                           // bytes
	maxMicros = int64(30*24*time.Hour) / 1000 // of a span
	ahead     = 24 * time.Hour                // that a clock may be
	oldest    = 2000                          // year
)

func (m *mapper) plausible(t time.Time) bool { return t.Year() >= oldest && t.Before(m.now.Add(ahead)) }

// insertion begins a log whose id is made of what it is about, so that the same
// one sent twice is one.
func (m *mapper) insertion(trace, span, part string) *logs.Insertion {
	w := m.workspace
	return &logs.Insertion{Given: true, Entry: &ledger.Entry{
		ID: logs.InsertedID(w.ID, "otlp\x00"+trace+"\x00"+span+"\x00"+part), OrgID: w.OrgID, WorkspaceID: w.ID, KeyID: m.principal.KeyID, UserID: m.principal.UserID,
		TraceID: trace, SpanID: span, Source: ledger.Inserted, Dialect: ai.OpenAI, State: ledger.OK, Status: http.StatusOK,
		Mode: "single", Cache: "DISABLED", Metadata: map[string]string{},
	}}
}

func cut(s string, most int) string {
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "")
	}
	return s
}

// outcome reads whether it failed, and how.
func outcome(e *ledger.Entry, status *tracepb.Status, a attributes, events []event) {
	if status.GetCode() != tracepb.Status_STATUS_CODE_ERROR {
		return
	}
	e.State, e.Status = ledger.Failed, http.StatusInternalServerError
	kind := a.text("error.type")
	for _, text := range []string{a.text("http.response.status_code", "http.status_code", "gen_ai.response.status_code"), kind} {
		if code, err := strconv.Atoi(text); err == nil && code >= 400 && code <= 599 {
			e.Status = code
			break
		}
	}
	message := status.GetMessage()
	for _, ev := range events {
		if ev.name == "exception" {
			message = cmp.Or(message, ev.attributes.text("exception.message"))
			kind = cmp.Or(kind, ev.attributes.text("exception.type"))
		}
	}
	e.Error = &ledger.ErrorInfo{Message: cut(cmp.Or(message, "The span ended with an error"), 4096), Type: cut(kind, maxName)}
}

// describe notes the program that told us.
func (src source) describe(e *ledger.Entry) {
	e.SDK = cut(strings.Trim(src.scope.GetName()+"/"+src.scope.GetVersion(), "/"), maxName)
	e.Runtime = cut(strings.TrimSpace(src.resource.text("telemetry.sdk.language")+" "+src.resource.text("telemetry.sdk.version")), maxName)
}

// users are the attributes that name the user of a program.
var users = []string{"enduser.id", "user.id", "langfuse.user.id", "traceloop.association.properties.user_id", "ai.telemetry.metadata.userId"}

// Attributes that become metadata, by which logs are found and grouped: these, and
// those below a prefix, which conventions leave to the program.
var (
	described = []string{
		"session.id", "gen_ai.conversation.id", "gen_ai.agent.name", "gen_ai.tool.name", "gen_ai.operation.name",
		"openinference.span.kind", "traceloop.span.kind", "traceloop.workflow.name", "traceloop.entity.name", "ai.operationId", "ai.toolCall.name", "tool.name",
	}
	ofPrograms = []string{"traceloop.association.properties.", "ai.telemetry.metadata.", "langfuse.trace.metadata.", "metadata."}
)

func addMetadata(l *logs.Insertion, a, resource attributes) {
	add := func(key string, v any) {
		if raw := written(v); raw != nil {
			l.AddMetadata(key, raw)
		}
	}
	if user := a.text(users...); user != "" {
		add(ledger.UserKey, user)
	}
	for _, key := range []string{"service.name", "deployment.environment.name"} {
		if v := resource.text(key); v != "" {
			add(key, v)
		}
	}
	for _, key := range described {
		if v := a.text(key); v != "" {
			add(key, v)
		}
	}
	own := map[string]any{}
	if m, ok := a.value("metadata").(map[string]any); ok {
		own = m
	}
	for key, v := range a {
		for _, prefix := range ofPrograms {
			if rest, ok := strings.CutPrefix(key, prefix); ok {
				own[rest] = anyOf(v)
			}
		}
	}
	for _, key := range sortedKeys(own) {
		add(key, own[key])
	}
}

// whole is the span as it came, less what is out of bounds.
func whole(src source, s *tracepb.Span, a attributes, events []event) map[string]any {
	out := src.object()
	out["name"], out["kind"] = s.GetName(), strings.TrimPrefix(s.GetKind().String(), "SPAN_KIND_")
	out["trace_id"], out["span_id"], out["parent_span_id"] = hexID(s.GetTraceId(), 16), hexID(s.GetSpanId(), 8), hexID(s.GetParentSpanId(), 8)
	out["start"], out["end"] = nanoText(s.GetStartTimeUnixNano()), nanoText(s.GetEndTimeUnixNano())
	out["attributes"] = a.object()
	out["status"] = map[string]any{"code": strings.TrimPrefix(s.GetStatus().GetCode().String(), "STATUS_CODE_"), "message": s.GetStatus().GetMessage()}
	if s.GetTraceState() != "" {
		out["trace_state"] = s.GetTraceState()
	}
	if len(events) > 0 {
		list := make([]any, len(events))
		for i, ev := range events {
			list[i] = map[string]any{"name": ev.name, "time": nanoText(ev.nanos), "attributes": ev.attributes.object()}
		}
		out["events"] = list
	}
	if links := s.GetLinks(); len(links) > 0 {
		list := make([]any, len(links))
		for i, k := range links {
			of, _ := attributesOf(k.GetAttributes())
			list[i] = map[string]any{"trace_id": hexID(k.GetTraceId(), 16), "span_id": hexID(k.GetSpanId(), 8), "attributes": of.object()}
		}
		out["links"] = list
	}
	return out
}

func (src source) object() map[string]any {
	return map[string]any{
		"resource": src.resource.object(),
		"scope":    map[string]any{"name": src.scope.GetName(), "version": src.scope.GetVersion()},
	}
}

func nanoText(nanos uint64) string {
	return time.Unix(0, int64(nanos)).UTC().Format(time.RFC3339Nano) //nolint:gosec // shown, not reckoned with
}

// An event is one of a span's.
type event struct {
	name       string
	nanos      uint64
	attributes attributes
}

func eventsOf(list []*tracepb.Span_Event) []event {
	events := make([]event, len(list))
	for i, ev := range list {
		a, _ := attributesOf(ev.GetAttributes())
		events[i] = event{ev.GetName(), ev.GetTimeUnixNano(), a}
	}
	return events
}

// written is a value as JSON, nil for none.
func written(v any) json.RawMessage {
	switch v := v.(type) {
	case nil:
		return nil
	case map[string]any:
		if v == nil {
			return nil
		}
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return nil // what came as OTLP has only what JSON can hold
	}
	return raw
}
