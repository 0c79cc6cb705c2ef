package e2e

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tidwall/gjson"

	"github.com/portico-ai/portico/test/upstream"
)

const customLog = `{"id":%q,"created_at":"2026-01-02T03:04:05Z",
	"request":{"url":"https://api.openai.com/v1/chat/completions?key=secret-in-query","provider":"openai","headers":{"Authorization":"Bearer sk-header"},
		"body":{"model":"gpt-4o-mini","messages":[{"role":"user","content":"hello"}]}},
	"response":{"status":200,"response_time":250,"body":{"model":"gpt-4o-mini","choices":[{"message":{"content":"hi"}}],"usage":{"prompt_tokens":1000,"completion_tokens":100}}},
	"metadata":{"traceId":%q,"spanId":"s1","spanName":"call model","_user":"ann","tries":3,"nested":{"a":1}}}`

func TestInsertedLogs(t *testing.T) {
	s := start(t, t.TempDir(), nil)
	one := fmt.Sprintf(customLog, "mine-1", "trace-1")
	got := s.call("POST", "/v1/logs", workspaceKey, one).JSON(t)
	id := got["ids"].([]any)[0].(string)
	if got["status"] != "success" {
		t.Fatalf("%v", got)
	}
	// The same again, alone and among others, and twice in one call.
	list := "[" + one + "," + fmt.Sprintf(customLog, "mine-2", "trace-1") + "," + fmt.Sprintf(customLog, "mine-2", "trace-1") + "]"
	if again := s.call("POST", "/v1/logs", workspaceKey, list).JSON(t); again["ids"].([]any)[0] != id {
		t.Errorf("the same log has another id: %v", again)
	}
	s.call("POST", "/v1/logs", workspaceKey, `{"0":`+one+`}`) // as an SDK sends an array
	bare := `{"request":{"url":"https://llm.example/generate","body":{"prompt":"x"}},"response":{"status":500,"body":{"error":{"message":"out of order"}}},"metrics":{"req_units":7,"res_units":2,"cost":0.25,"ai_org":"Acme","ai_model":"m"}}`
	s.call("POST", "/v1/logs", workspaceKey, bare)
	check := func() {
		t.Helper()
		rows := s.logs("", 3)
		if len(rows) != 3 {
			t.Fatalf("%d rows, want 3", len(rows))
		}
		var detail string
		for _, ref := range []string{id, "mine-1"} { // by ours, and by the inserter's
			d := s.call("GET", "/v1/logs/"+ref, workspaceKey, nil)
			if d.Status != 200 {
				t.Fatalf("%s: status %d: %s", ref, d.Status, d.Body)
			}
			detail = d.Body
		}
		for path, want := range map[string]string{
			"metrics.source": "insert", "metrics.trace_id": "trace-1", "metrics.span_id": "s1", "metrics.span_name": "call model",
			"metrics.created_at": "2026-01-02T03:04:05.000Z", "metrics.ai_org": "openai", "metrics.ai_model": "gpt-4o-mini", "metrics.req_units": "1000", "metrics.res_units": "100",
			"metrics.cost_nano": "210000", "metrics.response_time": "250", "metrics.metadata": `{"_user":"ann","tries":"3"}`, "metrics.status": "success",
			"request.url": "https://api.openai.com/v1/chat/completions", "request.body.messages.0.content": "hello", "response.body.choices.0.message.content": "hi",
			"receipts.0.path": "metadata.nested",
		} {
			if have := gjson.Get(detail, path); have.String() != want {
				t.Errorf("%s is %s, want %s", path, have.Raw, want)
			}
		}
		if strings.Contains(detail, "secret-in-query") || strings.Contains(detail, "sk-header") {
			t.Error("a secret of the query or the headers is shown")
		}
		failed := s.logs("&ai_org=acme", 1)[0]
		for key, want := range map[string]any{"status": "error", "response_status_code": 500.0, "req_units": 7.0, "res_units": 2.0, "cost": 0.25, "ai_model": "m"} {
			if failed[key] != want {
				t.Errorf("%s is %v, want %v", key, failed[key], want)
			}
		}
		if failed["error"].(map[string]any)["message"] != "out of order" {
			t.Errorf("error %v", failed["error"])
		}
	}
	check()
	s.rebuildLogs()
	check()
	if got := s.call("POST", "/v1/logs", workspaceKey, one).JSON(t); got["message"] != "0 logs inserted" {
		t.Errorf("after the rebuild: %v", got)
	}
}

func TestInsertedLogsThatAreNot(t *testing.T) {
	s := start(t, t.TempDir(), nil)
	many := "[" + strings.Repeat(`{"request":{"body":1},"response":{"body":1}},`, 1000) + `{"request":{"body":1},"response":{"body":1}}]`
	for body, says := range map[string]string{
		`nonsense`: "JSON", `[]`: "1 to 1000", many: "1 to 1000", `[1]`: "[0]", `{}`: "request", `{"request":{"body":{}}}`: "response",
		`{"request":{},"response":{"body":1}}`:                                                 "request.body is missing",
		`[{"request":{"body":1},"response":{"body":1}},{"request":{"body":1}}]`:                "[1].response",
		`{"request":{"body":1},"response":{"body":1,"status":"ok"}}`:                           "response.status must be",
		`{"request":{"body":1},"response":{"body":1,"response_time":-1}}`:                      "response.response_time must be",
		`{"request":{"body":1},"response":{"body":1},"created_at":"2999-01-01T00:00:00Z"}`:     "created_at must be",
		`{"request":{"body":1},"response":{"body":1},"metrics":{"cost":"1"}}`:                  "metrics.cost must be",
		`{"request":{"body":1},"response":{"body":1},"metadata":{"traceId":{"a":1}}}`:          "metadata.trace_id must be",
		`{"request":{"body":1},"response":{"body":1},"id":"` + strings.Repeat("x", 300) + `"}`: "id must be",
	} {
		wantError(t, s.call("POST", "/v1/logs", workspaceKey, body), 400, says)
	}
	if got := s.call("POST", "/v1/logs", adminKey, `{}`); got.Status != 403 {
		t.Errorf("an admin key inserts: %d", got.Status)
	}
	if rows := s.logs("", 0); len(rows) != 0 {
		t.Errorf("%d rows of refused logs", len(rows))
	}
}

func TestFeedback(t *testing.T) {
	s := start(t, t.TempDir(), nil)
	for _, trace := range []string{"good", "bad", "none"} {
		s.call("POST", "/v1/logs", workspaceKey, fmt.Sprintf(customLog, "log-of-"+trace, trace))
	}
	give := func(body string) []any {
		got := s.call("POST", "/v1/feedback", workspaceKey, body).JSON(t)
		if got["status"] != "success" {
			t.Fatalf("%v", got)
		}
		return got["feedback_ids"].([]any)
	}
	give(`{"trace_id":"good","value":10}`)
	ids := give(`[{"traceId":"good","value":5,"weight":0.5,"metadata":{"_user":"ann","n":[1]}},{"trace_id":"bad","value":-10,"weight":1.0}]`)
	if len(ids) != 2 {
		t.Fatalf("ids %v", ids)
	}
	if got := s.call("PUT", "/v1/feedback/"+ids[1].(string), workspaceKey, `{"value":-8,"feedback_id":"ignored"}`).JSON(t); got["feedback_ids"].([]any)[0] != ids[1] {
		t.Errorf("update: %v", got)
	}
	check := func() {
		t.Helper()
		want := map[string]any{"good": []any{2.0, 6.25}, "bad": []any{1.0, -8.0}, "none": []any{0.0, nil}}
		have := map[string]any{}
		for _, row := range s.logs("", 3) {
			have[row["trace_id"].(string)] = []any{row["feedback_count"], row["avg_weighted_feedback"]}
		}
		if d := cmp.Diff(want, have); d != "" {
			t.Error(d)
		}
		for query, want := range map[string]string{"&weighted_feedback_min=0": "good", "&weightedFeedbackMax=-8": "bad", "&weighted_feedback_min=-10&weighted_feedback_max=6.25": "bad good", "&weighted_feedback_min=6.26": ""} {
			var traces []string
			for _, row := range s.logs(query, 0) {
				traces = append(traces, row["trace_id"].(string))
			}
			slices.Sort(traces)
			if strings.Join(traces, " ") != want {
				t.Errorf("%s: %v, want %s", query, traces, want)
			}
		}
		d := s.call("GET", "/v1/logs/log-of-good", workspaceKey, nil).Body
		if n := gjson.Get(d, "feedback.#").Int(); n != 2 || gjson.Get(d, `feedback.#(value==5).metadata.n.0`).Int() != 1 || gjson.Get(d, `feedback.#(value==5).weight`).Float() != 0.5 {
			t.Errorf("feedback in the log: %s", gjson.Get(d, "feedback"))
		}
	}
	check()
	s.kill()
	s.restart()
	check()
	s.rebuildLogs()
	check()

	for body, says := range map[string]string{
		`{"value":1}`: "trace_id is missing", `{"trace_id":"t"}`: "value must be", `{"trace_id":"t","value":11}`: "value must be", `{"trace_id":"t","value":1.5}`: "value must be",
		`{"trace_id":"t","value":"1"}`: "value must be", `{"trace_id":"t","value":1,"weight":1.1}`: "weight must be", `{"trace_id":"t","value":1,"metadata":[]}`: "metadata must be",
		`[{"trace_id":"t","value":1},{"trace_id":"t","value":99}]`: "[1].value must be", `[]`: "1 to 1000",
		`{"trace_id":"t","value":1,"metadata":{"a":"` + strings.Repeat("x", 5000) + `"}}`: "metadata must be",
	} {
		wantError(t, s.call("POST", "/v1/feedback", workspaceKey, body), 400, says)
	}
	wantError(t, s.call("PUT", "/v1/feedback/none", workspaceKey, `{"value":1}`), 404, "no feedback")
	wantError(t, s.call("PUT", "/v1/feedback/"+ids[0].(string), workspaceKey, `{"weight":1}`), 400, "value")
	check() // what was refused left nothing

	// Another workspace neither sees nor changes it.
	other := s.otherWorkspace()
	wantError(t, s.call("PUT", "/v1/feedback/"+ids[0].(string), other, `{"value":1}`), 404, "no feedback")
	s.call("POST", "/v1/feedback", other, `{"trace_id":"good","value":-10}`)
	wantError(t, s.call("GET", "/v1/traces/good", other, nil), 404, "no trace")
	check()
}

func TestATraceIsATree(t *testing.T) {
	s, up := withUpstream(t)
	reply := `{"model":"gpt-4o-mini","choices":[{"message":{"role":"assistant","content":"ok"},"finish_reason":"stop"}],"usage":{"prompt_tokens":5,"completion_tokens":1}}`
	script(t, up, "openai", upstream.Step{Status: 503}, upstream.Step{Body: &reply})
	const id, parent = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
	got := s.chat(false, "traceparent", "00-"+id+"-"+parent+"-01", "x-portkey-config", `{"provider":"openai","api_key":"sk-x","retry":{"attempts":1}}`, "baggage", "team=blue%20sky", "x-portkey-metadata", `{"_user":"ann","n":1}`)
	if got.Status != 200 || got.Header.Get("X-Portkey-Trace-Id") != id {
		t.Fatalf("status %d, trace %s: %s", got.Status, got.Header.Get("X-Portkey-Trace-Id"), got.Body)
	}
	row := s.row(got)
	if d := cmp.Diff(map[string]any{"_user": "ann", "team": "blue sky"}, row["metadata"]); d != "" || row["parent_span_id"] != parent || row["span_name"] != "POST /v1/chat/completions" {
		t.Errorf("row %v", row)
	}
	child := `{"request":{"body":1},"response":{"body":2},"metadata":{"traceId":"` + id + `","spanId":"tool","parentSpanId":"` + row["span_id"].(string) + `","spanName":"run tool"}}`
	s.call("POST", "/v1/logs", workspaceKey, child)
	s.call("POST", "/v1/feedback", workspaceKey, `{"trace_id":"`+id+`","value":3}`)
	tree := s.call("GET", "/v1/traces/"+id, workspaceKey, nil).Body
	for path, want := range map[string]string{
		"requests": "2", "truncated": "false", "feedback.0.value": "3", "total_units": "6", "spans.#": "1",
		"spans.0.kind": "unknown", "spans.0.id": parent, "spans.0.spans.#": "1", "spans.0.spans.0.log_id": got.id(), "spans.0.spans.0.kind": "request",
		"spans.0.spans.0.spans.#(kind==\"attempt\")#.response_status_code": "[503,200]", "spans.0.spans.0.spans.#(id==\"tool\").name": "run tool",
	} {
		if have := gjson.Get(tree, path); have.String() != want {
			t.Errorf("%s is %s, want %s", path, have.Raw, want)
		}
	}
	if receipts := gjson.Get(s.call("GET", "/v1/logs/"+got.id(), workspaceKey, nil).Body, "receipts").String(); !strings.Contains(receipts, "x-portkey-metadata.n") {
		t.Errorf("receipts %s", receipts)
	}
}

// rebuildLogs takes the log store away and starts again: the journal has it all.
func (s *server) rebuildLogs() {
	s.t.Helper()
	s.kill()
	for _, name := range []string{"logs.duckdb", "logs.duckdb.wal"} {
		if err := os.Remove(filepath.Join(s.Data, name)); err != nil && !os.IsNotExist(err) {
			s.t.Fatal(err)
		}
	}
	s.restart()
}

// otherWorkspace makes a workspace and returns a key of it.
func (s *server) otherWorkspace() string {
	s.t.Helper()
	ws := s.call("POST", "/v1/admin/workspaces", adminKey, `{"name":"Other"}`).JSON(s.t)["id"].(string)
	body := map[string]any{"name": "other", "workspace_id": ws, "scopes": []string{"completions.write", "logs.write", "logs.view", "logs.list", "logs.export"}}
	key, _ := s.call("POST", "/v1/api-keys/workspace/service?workspace_id="+url.QueryEscape(ws), adminKey, body).JSON(s.t)["key"].(string)
	if key == "" {
		s.t.Fatal("no key")
	}
	return key
}

// What is kept of bodies is the caller's and the organisation's choice; what passes
// through is never changed.
func TestWhatIsKeptOfBodies(t *testing.T) {
	s, up := withUpstream(t)
	settings := func(body string) {
		t.Helper()
		if got := s.call("PUT", "/v1/admin/organisation/logging", adminKey, body); got.Status != 200 {
			t.Fatalf("status %d: %s", got.Status, got.Body)
		}
	}
	answer := `{"model":"gpt-4o-mini","choices":[{"message":{"role":"assistant","content":"I know ann@acme.example"},"finish_reason":"stop"}],"usage":{"prompt_tokens":5,"completion_tokens":1}}`
	chat := func(debug string) string {
		t.Helper()
		script(t, up, "openai", upstream.Step{Body: &answer})
		body := `{"model":"gpt-4o-mini","messages":[{"role":"user","content":"who is bob@acme.example"}],"user":"u-7"}`
		headers := []string{"X-Portkey-Provider", "openai", "Authorization", "Bearer sk-upstream"}
		if debug != "" {
			headers = append(headers, "X-Portkey-Debug", debug)
		}
		got := s.call("POST", "/v1/chat/completions", workspaceKey, body, headers...)
		if got.Status != 200 || got.Body != answer {
			t.Fatalf("status %d: %s", got.Status, got.Body)
		}
		all := up.Requests("openai")
		if sent := string(all[len(all)-1].Body); sent != body {
			t.Errorf("the provider was sent %s", sent)
		}
		return s.call("GET", "/v1/logs/"+got.id(), workspaceKey, nil).Body
	}
	keeps := func(what, log string, want bool) {
		t.Helper()
		if have := gjson.Get(log, "request.body").IsObject() && gjson.Get(log, "response.body").IsObject(); have != want {
			t.Errorf("%s: bodies kept is %v, want %v", what, have, want)
		}
		if gjson.Get(log, "metrics.total_units").Int() != 6 || gjson.Get(log, "bodies_lost").Bool() {
			t.Errorf("%s: metrics %s", what, log)
		}
	}
	keeps("as it is", chat(""), true)
	keeps("debug: false", chat("false"), false)
	settings(`{"request_logging":"metrics_only"}`)
	keeps("metrics only", chat(""), false)
	keeps("metrics only, debug: true", chat("true"), true)
	settings(`{"enforce_debug_log_setting":true}`)
	keeps("metrics only, enforced", chat("true"), false)
	settings(`{"request_logging":"full"}`)
	keeps("full, enforced", chat("false"), true)

	settings(`{"redactions":[{"name":"mail","pattern":"[a-z]+@acme\\.example","replacement":"<mail>"},{"name":"user","path":"user"}]}`)
	s.kill()
	s.restart() // the rules are there from the first request on
	log := chat("")
	if q, a, u := gjson.Get(log, "request.body.messages.0.content").String(), gjson.Get(log, "response.body.choices.0.message.content").String(), gjson.Get(log, "request.body.user").String(); q != "who is <mail>" || a != "I know <mail>" || u != "[redacted]" {
		t.Errorf("kept %q, %q, %q", q, a, u)
	}
	s.call("POST", "/v1/logs", workspaceKey, `{"id":"told","request":{"body":{"q":"bob@acme.example"}},"response":{"body":"eve@acme.example"}}`)
	if told := s.call("GET", "/v1/logs/told", workspaceKey, nil).Body; gjson.Get(told, "request.body.q").String() != "<mail>" || gjson.Get(told, "response.body").String() != "<mail>" {
		t.Errorf("of an inserted log is kept %s", told)
	}
	_ = s.stop()
	for _, name := range []string{"bodies", "journal"} {
		files, _ := filepath.Glob(filepath.Join(s.Data, name, "*"))
		for _, f := range files {
			text, _ := os.ReadFile(f)
			if name == "bodies" && strings.Contains(string(text), "eve@acme") || name == "journal" && strings.Contains(string(text), "acme.example") {
				t.Errorf("%s holds what was to be redacted", f)
			}
		}
	}
}
