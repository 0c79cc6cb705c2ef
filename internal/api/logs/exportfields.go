package logs

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"

	"github.com/portico-ai/portico/internal/ledger"
)

// documentedFields are what an export is of when nothing else is said.
var documentedFields = []string{
	"id", "trace_id", "created_at", "request", "response", "is_success", "ai_org", "ai_model", "req_units", "res_units", "total_units", "request_url",
	"cost", "cost_currency", "response_time", "response_status_code", "mode", "config", "prompt_slug", "metadata",
}

// exportFields are all that an export can be of: those and the rest of a row.
var exportFields = func() []string {
	list := slices.Clone(documentedFields)
	for f := range reflect.TypeFor[row]().Fields() {
		name := f.Tag.Get("json")
		// Feedback is given later than the log; it is not part of it.
		if name != "object" && !strings.Contains(name, "feedback") && !slices.Contains(list, name) {
			list = append(list, name)
		}
	}
	return list
}()

// ExportFields are the names that requested_data may hold.
func ExportFields() []string { return slices.Clone(exportFields) }

// Values are an entry's fields as JSON, for an export. What the entry does not
// have is null.
func Values(e *ledger.Entry, fields []string, read func(ledger.BodyRef) ([]byte, error)) []json.RawMessage {
	all := map[string]any{"request_url": e.URL, "prompt_slug": nil}
	if p, ok := e.Metadata[ledger.PromptKey]; ok {
		all["prompt_slug"] = p
	}
	b := &bodies{read: read}
	if slices.Contains(fields, "request") {
		all["request"] = requestOf(e, b)
	}
	if slices.Contains(fields, "response") {
		all["response"] = responseOf(e, b)
	}
	line, err := json.Marshal(rowOf(e, ledger.Score{}))
	var columns map[string]json.RawMessage
	if err == nil {
		err = json.Unmarshal(line, &columns)
	}
	values := make([]json.RawMessage, len(fields))
	for i, f := range fields {
		v, own := all[f]
		if own {
			values[i], err = json.Marshal(v)
		} else {
			values[i] = columns[f]
		}
		if err != nil || values[i] == nil {
			values[i] = json.RawMessage("null")
		}
	}
	return values
}
