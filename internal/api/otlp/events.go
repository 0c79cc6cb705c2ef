package otlp

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strings"
	"time"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	logspb "go.opentelemetry.io/proto/otlp/logs/v1"
	"google.golang.org/protobuf/proto"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/api/logs"
)

// The events of OpenTelemetry's GenAI conventions. The details are those of a whole
// call; the others, of older versions, are single messages of one.
const (
	details = "gen_ai.client.inference.operation.details"
	choice  = "gen_ai.choice"
)

// roles are of the events of messages that a model gets; "" means that of the body.
var roles = map[string]string{
	"gen_ai.system.message": "system", "gen_ai.user.message": "user", "gen_ai.assistant.message": "assistant", "gen_ai.tool.message": "tool",
	"gen_ai.content.prompt": "user",
}

func isAnswer(name string) bool { return name == choice || name == "gen_ai.content.completion" }

func isEvent(name string) bool { return roles[name] != "" || isAnswer(name) || name == details }

// A group is the events that one span gave, in one call.
type group struct {
	trace, span string
	src         source
	start       time.Time
	events      []event
	digest      []byte
	records     []any
}

// logs makes a log of the events of each span, below that span. What they tell is
// the content; tokens and cost are the span's, so that they count once. Details
// without a span are a call of their own.
func (m *mapper) logs(list []*logspb.ResourceLogs) (out []*logs.Insertion) {
	groups, order, records := map[string]*group{}, []*group{}, 0
	for _, rl := range list {
		resource, _ := attributesOf(rl.GetResource().GetAttributes())
		for _, sl := range rl.GetScopeLogs() {
			for _, r := range sl.GetLogRecords() {
				name := cmp.Or(r.GetEventName(), textAttribute(r.GetAttributes(), "event.name"))
				if records++; records > maxSpans {
					m.refuse(name, "a call has at most %d records; export smaller batches", maxSpans)
					continue
				}
				key, ok := m.place(name, r)
				if !ok {
					continue
				}
				g := groups[key]
				if g == nil {
					g = &group{trace: hexID(r.GetTraceId(), 16), span: hexID(r.GetSpanId(), 8), src: source{resource, sl.GetScope()}, start: recordTime(r)}
					groups[key], order = g, append(order, g)
				}
				g.add(name, r)
			}
		}
	}
	for _, g := range order {
		out = append(out, m.event(g))
	}
	return out
}

// place is the group that a record belongs to; false if it is refused.
func (m *mapper) place(name string, r *logspb.LogRecord) (string, bool) {
	switch {
	case !isEvent(name):
		m.refuse(name, "only GenAI events are taken ("+details+", "+choice+" and gen_ai.{system,user,assistant,tool}.message); send other records to a log store")
	case !m.plausible(recordTime(r)):
		m.refuse(name, "the time of a record is from the year 2000 on and has come")
	case len(r.GetAttributes()) > maxAttributes:
		m.refuse(name, "a record has at most %d attributes", maxAttributes)
	case hexID(r.GetTraceId(), 16) != "" && hexID(r.GetSpanId(), 8) != "":
		return hexID(r.GetTraceId(), 16) + hexID(r.GetSpanId(), 8), true
	case name == details:
		return string(digestOf(r)), true
	default:
		m.refuse(name, "the event of a message needs the trace id and span id of its call")
	}
	return "", false
}

func textAttribute(list []*commonpb.KeyValue, key string) string {
	for _, kv := range list {
		if kv.GetKey() == key {
			return kv.GetValue().GetStringValue()
		}
	}
	return ""
}

func recordTime(r *logspb.LogRecord) time.Time {
	return time.Unix(0, int64(cmp.Or(r.GetTimeUnixNano(), r.GetObservedTimeUnixNano()))).UTC() //nolint:gosec // judged by plausible
}

func digestOf(r *logspb.LogRecord) []byte {
	b, _ := proto.MarshalOptions{Deterministic: true}.Marshal(r) // it was read from the same
	sum := sha256.Sum256(b)
	return sum[:]
}

func (g *group) add(name string, r *logspb.LogRecord) {
	a, _ := attributesOf(r.GetAttributes())
	switch body := r.GetBody(); {
	case name == details: // some put the attributes there
		of, _ := attributesOf(body.GetKvlistValue().GetValues())
		maps.Copy(a, of)
	case body.GetKvlistValue() != nil:
		a["message"] = body
	case plain(body) != "":
		a["content"] = body
	}
	g.events = append(g.events, event{name, r.GetTimeUnixNano(), a})
	sum := sha256.Sum256(append(g.digest, digestOf(r)...))
	g.digest = sum[:]
	if at := recordTime(r); at.Before(g.start) {
		g.start = at
	}
	g.records = append(g.records, object{"event": name, "time": recordTime(r).Format(time.RFC3339Nano), "attributes": a.object(), "body": anyOf(r.GetBody())})
}

func (m *mapper) event(g *group) *logs.Insertion {
	own := hex.EncodeToString(g.digest)
	trace, parent := g.trace, g.span
	if parent == "" {
		trace = cmp.Or(trace, own[:32])
	}
	l := m.insertion(trace, own[:16], parent)
	e := l.Entry
	e.ParentSpanID, e.StartedAt = parent, g.start.Truncate(time.Microsecond)
	g.src.describe(e)
	a := attributes{}
	var names []string
	for _, ev := range g.events {
		names = append(names, ev.name)
		if ev.name == details {
			a = ev.attributes
		}
	}
	e.SpanName = cut(strings.Join(slices.Compact(names), ", "), maxName)
	addMetadata(l, a, g.src.resource)
	e.Op = ai.Span
	if parent == "" {
		e.Op = operation(a)
		m.call(e, a)
	}
	l.Request, l.Reply = written(asked(e, a, g.events)), written(answered(e, a, g.events))
	whole := g.src.object()
	whole["records"] = g.records
	l.Span = written(whole)
	return l
}

// ofEvents are the messages of events: those that a model got, or those it gave.
func ofEvents(events []event, in bool) []any {
	var out []any
	for _, ev := range events {
		switch {
		case ev.name == details && in:
			out = append(out, input(ev.attributes, nil)...)
		case ev.name == details:
			out = append(out, messages(ev.attributes.value("gen_ai.output.messages"))...)
		case in && roles[ev.name] != "", !in && isAnswer(ev.name):
			out = append(out, ev.message()...)
		}
	}
	return out
}

// message is what a single event tells of one: in a body, or in attributes.
func (ev event) message() []any {
	m, ok := ev.attributes.value("message", "gen_ai.event.content").(object)
	if !ok {
		m = object{}
		for _, name := range []string{"content", "role", "tool_calls", "id", "finish_reason"} {
			if v := ev.attributes.value(name); v != nil {
				m[name] = v
			}
		}
		if v := ev.attributes.value("gen_ai.prompt", "gen_ai.completion"); v != nil {
			if list := messages(v); list != nil {
				return list
			}
			m["content"] = v
		}
	}
	if inner, ok := m["message"].(object); ok { // a choice's
		if m["finish_reason"] != nil {
			inner["finish_reason"] = m["finish_reason"]
		}
		m = inner
	}
	if m["role"] == nil {
		m["role"] = cmp.Or(roles[ev.name], "assistant")
	}
	return []any{m}
}
