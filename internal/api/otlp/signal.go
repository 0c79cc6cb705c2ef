package otlp

import (
	"fmt"
	"net/http"
	"time"

	collogs "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/portico-ai/portico/internal/access"
	"github.com/portico-ai/portico/internal/api/logs"
	"github.com/portico-ai/portico/internal/control"
)

// A signal is one of OTLP's, with the message of a call and what makes that of its
// answer.
type signal struct {
	request  proto.Message
	response func(refused int64, why string) proto.Message
}

func (a *API) traces(r *http.Request, p access.Principal) (any, error) {
	var in coltrace.ExportTraceServiceRequest
	return a.receive(r, p, signal{&in, tracesResponse}, func(m *mapper) []*logs.Insertion { return m.traces(in.GetResourceSpans()) })
}

func (a *API) logs(r *http.Request, p access.Principal) (any, error) {
	var in collogs.ExportLogsServiceRequest
	return a.receive(r, p, signal{&in, logsResponse}, func(m *mapper) []*logs.Insertion { return m.logs(in.GetResourceLogs()) })
}

func tracesResponse(refused int64, why string) proto.Message {
	out := &coltrace.ExportTraceServiceResponse{}
	if why != "" {
		out.PartialSuccess = &coltrace.ExportTracePartialSuccess{RejectedSpans: refused, ErrorMessage: why}
	}
	return out
}

func logsResponse(refused int64, why string) proto.Message {
	out := &collogs.ExportLogsServiceResponse{}
	if why != "" {
		out.PartialSuccess = &collogs.ExportLogsPartialSuccess{RejectedLogRecords: refused, ErrorMessage: why}
	}
	return out
}

// A mapper makes logs of what one call brings, and notes what it refuses.
type mapper struct {
	api       *API
	principal access.Principal
	workspace control.Workspace
	now       time.Time

	refused int64
	reasons []reason
}

// A reason is why some were refused, with the first of them.
type reason struct {
	text, first string
	times       int64
}

const maxReasons = 8

func (m *mapper) refuse(first, format string, args ...any) {
	m.refused++
	text := fmt.Sprintf(format, args...)
	for i := range m.reasons {
		if m.reasons[i].text == text {
			m.reasons[i].times++
			return
		}
	}
	if len(m.reasons) < maxReasons {
		m.reasons = append(m.reasons, reason{text, first, 1})
	}
}

// why tells what was refused, "" for nothing.
func (m *mapper) why() string {
	out := ""
	for _, r := range m.reasons {
		if out != "" {
			out += "; "
		}
		out += fmt.Sprintf("%d refused, the first being %.64q: %s", r.times, r.first, r.text)
	}
	return out
}
