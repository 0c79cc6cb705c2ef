package e2e

import (
	"encoding/csv"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"
)

// insertMany tells the server of n logs, in parts.
func (s *server) insertMany(n int) {
	s.t.Helper()
	for from := 0; from < n; from += 1000 {
		var b strings.Builder
		for i := from; i < min(from+1000, n); i++ {
			fmt.Fprintf(&b, `,{"id":"n%d","created_at":%q,"request":{"url":"https://llm.example/v1","provider":"acme","body":{"model":"m%d","messages":[{"content":"question %d"}]}},`+
				`"response":{"body":{"text":"answer %d\nand a line","usage":{"prompt_tokens":%d,"completion_tokens":1}}},"metadata":{"traceId":"t%d","_prompt":"pp-%d"}}`,
				i, time.Unix(1_760_000_000+int64(i), 0).UTC().Format(time.RFC3339), i%3, i, i, i, i%10, i%2)
		}
		got := s.call("POST", "/v1/logs", workspaceKey, "["+b.String()[1:]+"]")
		if got.Status != 200 {
			s.t.Fatalf("status %d: %s", got.Status, got.Body)
		}
	}
}

// export runs an export to its end and returns it.
func (s *server) export(key, body string) (id string, e gjson.Result) {
	s.t.Helper()
	made := s.call("POST", "/v1/logs/exports", key, body)
	id = gjson.Get(made.Body, "id").String()
	if made.Status != 200 || gjson.Get(made.Body, "object").String() != "export" || id == "" {
		s.t.Fatalf("status %d: %s", made.Status, made.Body)
	}
	if got := s.call("POST", "/v1/logs/exports/"+id+"/start", key, fmt.Sprintf(`{"export_id":%q}`, id)); got.Status != 200 {
		s.t.Fatalf("start: status %d: %s", got.Status, got.Body)
	}
	return id, s.exported(key, id)
}

func (s *server) exported(key, id string) (e gjson.Result) {
	s.t.Helper()
	for range 400 {
		e = gjson.Parse(s.call("GET", "/v1/logs/exports/"+id, key, nil).Body)
		if e.Get("status").String() != "in_progress" {
			return e
		}
		time.Sleep(50 * time.Millisecond)
	}
	s.t.Fatalf("the export does not end: %s", e)
	return e
}

// download fetches an export's files by their links, without a key.
func (s *server) download(key, id string) (files []string, links []string) {
	s.t.Helper()
	got := s.call("GET", "/v1/logs/exports/"+id+"/download", key, nil)
	if got.Status != 200 {
		s.t.Fatalf("download: status %d: %s", got.Status, got.Body)
	}
	for _, link := range gjson.Get(got.Body, "signed_urls").Array() {
		if !strings.HasPrefix(link.String(), s.URL+"/") {
			s.t.Fatalf("link %s", link)
		}
		path := strings.TrimPrefix(link.String(), s.URL)
		file := s.call("GET", path, "", nil)
		if file.Status != 200 || !strings.HasPrefix(file.Header.Get("Content-Disposition"), "attachment") {
			s.t.Fatalf("%s: status %d: %s", path, file.Status, file.Body)
		}
		files, links = append(files, file.Body), append(links, path)
	}
	if len(files) == 0 || gjson.Get(got.Body, "signed_url").String() != s.URL+links[0] {
		s.t.Fatalf("download: %s", got.Body)
	}
	return files, links
}

func TestExportsOfLogs(t *testing.T) {
	s := start(t, t.TempDir(), nil)
	s.insertMany(1200)
	id, e := s.export(workspaceKey, `{"description":"all of m1","filters":{"ai_model":"m1","timeOfGenerationMin":"2025-10-01","prompt_token_min":100,"prompt_slug":"pp-0"},"requestedData":["id","request","response","prompt_slug","cost","metadata"]}`)
	const rows = 184 // of i from 100 on, those with i%3 == 1 and i%2 == 0
	for path, want := range map[string]any{"status": "success", "total": rows, "rows": rows, "files.#": 1, "files.0.rows": rows, "description": "all of m1", "filters.ai_model": "m1", "object": "export", "format": "jsonl", "error": ""} {
		if have := e.Get(path); have.String() != fmt.Sprint(want) {
			t.Errorf("%s is %s, want %v", path, have.Raw, want)
		}
	}
	files, links := s.download(workspaceKey, id)
	lines := strings.Split(strings.TrimSpace(files[0]), "\n")
	if len(lines) != rows {
		t.Fatalf("%d lines, want %d", len(lines), rows)
	}
	if l := gjson.Parse(lines[0]); l.Get("request.body.messages.0.content").String() != "question 1198" || l.Get("response.body.text").String() != "answer 1198\nand a line" || l.Get("prompt_slug").String() != "pp-0" || !l.Get("cost").Exists() || len(l.Map()) != 6 {
		t.Errorf("line %s", lines[0])
	}

	// A link is good for its file, its time, and nothing else.
	u, _ := url.Parse(links[0])
	q := u.Query()
	for what, link := range map[string]string{
		"another signature": u.Path + "?expires=" + q.Get("expires") + "&signature=" + strings.Repeat("0", 64), "none": u.Path, "a later time": u.Path + "?expires=99999999999&signature=" + q.Get("signature"),
		"another export": strings.Replace(links[0], id, "00000000-0000-0000-0000-000000000000", 1), "another file": strings.Replace(links[0], "logs-0001.jsonl", "logs-0002.jsonl", 1),
	} {
		wantError(t, s.call("GET", link, "", nil), 403, "link is not valid")
		if got := s.call("GET", link, workspaceKey, nil); got.Status != 403 {
			t.Errorf("%s, with a key: status %d", what, got.Status)
		}
	}

	// CSV, a part of the rows, the default fields.
	id, e = s.export(workspaceKey, `{"filters":{"page_size":50,"current_page":3,"created_at":{"gte":"2025-10-01"}},"format":"csv"}`)
	files, _ = s.download(workspaceKey, id)
	table, err := csv.NewReader(strings.NewReader(files[0])).ReadAll()
	if err != nil || len(table) != 51 || len(table[0]) != 20 || table[0][0] != "id" || e.Get("total").Int() != 50 {
		t.Fatalf("%d lines of %v, %v; %s", len(table), table[0], err, e)
	}
	if !strings.Contains(table[1][3], "question 1049") || table[1][7] != "m2" {
		t.Errorf("line %v", table[1])
	}

	list := s.call("GET", "/v1/logs/exports?workspace_id=ignored", workspaceKey, nil).Body
	if gjson.Get(list, "total").Int() != 2 || gjson.Get(list, "data.0.id").String() != id {
		t.Errorf("list %s", list)
	}
	other := s.otherWorkspace()
	for _, path := range []string{"", "/download", "/start", "/cancel"} {
		method := map[string]string{"/start": "POST", "/cancel": "POST"}[path]
		if got := s.call(max(method, "GET"), "/v1/logs/exports/"+id+path, other, nil); got.Status != 404 {
			t.Errorf("%s by another workspace: %d", path, got.Status)
		}
	}
}

func TestAnExportOutlivesTheProcess(t *testing.T) {
	s := start(t, t.TempDir(), nil)
	s.insertMany(6000)
	id := gjson.Get(s.call("POST", "/v1/logs/exports", workspaceKey, `{"filters":{},"requested_data":["id","response"]}`).Body, "id").String()
	s.call("POST", "/v1/logs/exports/"+id+"/start", workspaceKey, nil)
	cuts := 0
	for range 200 {
		e := gjson.Parse(s.call("GET", "/v1/logs/exports/"+id, workspaceKey, nil).Body)
		if e.Get("status").String() != "in_progress" {
			break
		}
		if n := e.Get("rows").Int(); n > int64(cuts)*1500 && cuts < 3 {
			cuts++
			s.kill()
			s.restart()
		}
		time.Sleep(20 * time.Millisecond)
	}
	e := s.exported(workspaceKey, id)
	if cuts == 0 || e.Get("status").String() != "success" || e.Get("rows").Int() != 6000 {
		t.Fatalf("cut %d times: %s", cuts, e)
	}
	files, _ := s.download(workspaceKey, id)
	seen := map[string]int{}
	for _, line := range strings.Split(strings.TrimSpace(files[0]), "\n") {
		if !gjson.Valid(line) || !gjson.Get(line, "response.body.text").Exists() {
			t.Fatalf("line %q", line)
		}
		seen[gjson.Get(line, "id").String()]++
	}
	if len(seen) != 6000 {
		t.Errorf("%d different rows in %d lines", len(seen), strings.Count(files[0], "\n"))
	}

	// Cancelled, it stops, its files go, and it can be started again.
	s.call("POST", "/v1/logs/exports/"+id+"/start", workspaceKey, nil)
	wantError(t, s.call("POST", "/v1/logs/exports/"+id+"/start", workspaceKey, nil), 409, "in progress already")
	wantError(t, s.call("PUT", "/v1/logs/exports/"+id, workspaceKey, `{"filters":{}}`), 409, "in progress")
	wantError(t, s.call("GET", "/v1/logs/exports/"+id+"/download", workspaceKey, nil), 409, "in_progress")
	if got := s.call("POST", "/v1/logs/exports/"+id+"/cancel", workspaceKey, fmt.Sprintf(`{"export_id":%q}`, id)); got.Status != 200 {
		t.Fatalf("cancel: %s", got.Body)
	}
	if e := s.exported(workspaceKey, id); e.Get("status").String() != "stopped" {
		t.Errorf("status %s", e.Get("status"))
	}
	wantError(t, s.call("POST", "/v1/logs/exports/"+id+"/cancel", workspaceKey, nil), 409, "stopped")
	for range 100 {
		if _, err := os.Stat(filepath.Join(s.Data, "exports", id)); os.IsNotExist(err) {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	if _, err := os.Stat(filepath.Join(s.Data, "exports", id)); !os.IsNotExist(err) {
		t.Error("the files of a cancelled export are still there")
	}
	if got := s.call("PUT", "/v1/logs/exports/"+id, workspaceKey, `{"filters":{"ai_model":"m0"},"export_id":"x"}`); gjson.Get(got.Body, "total").Int() != 2000 {
		t.Errorf("update: %s", got.Body)
	}
	s.call("POST", "/v1/logs/exports/"+id+"/start", workspaceKey, nil)
	if e := s.exported(workspaceKey, id); e.Get("status").String() != "success" || e.Get("rows").Int() != 2000 {
		t.Errorf("started again: %s", e)
	}
}

func TestWhatMayBeExported(t *testing.T) {
	s := start(t, t.TempDir(), nil)
	s.insertMany(3)
	for body, says := range map[string]string{
		`{"filters":{"ai_modle":"x"}}`: "filters.ai_modle", `{"filters":{"status_code":"ok"}}`: "filters.status_code", `{"filters":[]}`: "filters must be", `{"filters":{"page_size":50001}}`: "filters.page_size",
		`{"requested_data":["id","reqest"]}`: "requested_data[1]", `{"format":"xml"}`: "format must be", `{"filters":{"metadata":{"a":1}}}`: "filters.metadata", `{"filters":{"trace_id":{"a":1}}}`: "filters.trace_id",
	} {
		wantError(t, s.call("POST", "/v1/logs/exports", workspaceKey, body), 400, says)
	}
	id, _ := s.export(workspaceKey, `{"requested_data":["id","request"],"filters":{"trace_id":["t0","t1"]}}`)
	deny := func(fields string) {
		if got := s.call("PUT", "/v1/admin/organisation/logging", adminKey, `{"denied_export_fields":`+fields+`}`); got.Status != 200 {
			t.Fatal(got.Body)
		}
	}
	wantError(t, s.call("PUT", "/v1/admin/organisation/logging", adminKey, `{"denied_export_fields":["reqest"]}`), 400, "reqest")
	deny(`["request","response"]`)
	wantError(t, s.call("POST", "/v1/logs/exports", workspaceKey, `{"requested_data":["request"]}`), 400, "may not be exported")
	if got := s.call("GET", "/v1/logs/exports/field-restrictions", workspaceKey, nil).Body; gjson.Get(got, "denied_fields").String() != `["request","response"]` {
		t.Errorf("restrictions %s", got)
	}
	// One made before is held to it when it runs.
	s.call("POST", "/v1/logs/exports/"+id+"/start", workspaceKey, nil)
	s.exported(workspaceKey, id)
	if files, _ := s.download(workspaceKey, id); strings.Contains(files[0], "request") || strings.Count(files[0], "\n") != 2 {
		t.Errorf("exported %s", files[0])
	}
	_, e := s.export(adminKey, `{"filters":{}}`) // all that may be, of the default workspace
	if n := len(e.Get("requested_data").Array()); n != 18 || e.Get("rows").Int() != 3 {
		t.Errorf("%d fields: %s", n, e)
	}
}

func TestSavedFilters(t *testing.T) {
	s := start(t, t.TempDir(), nil)
	made := s.call("POST", "/v1/logs/filters", workspaceKey, `{"name":"slow","filters":{"statusCode":"500,503","metadata":{"_user":"ann"}}}`)
	id := gjson.Get(made.Body, "id").String()
	if made.Status != 200 || gjson.Get(made.Body, "filters.metadata._user").String() != "ann" || !gjson.Get(made.Body, "shared").Bool() {
		t.Fatalf("%d %s", made.Status, made.Body)
	}
	second := gjson.Get(s.call("POST", "/v1/api-keys/workspace/service", adminKey, `{"name":"second","scopes":["logs.view"]}`).Body, "key").String()
	names := func(key string) string {
		return gjson.Get(s.call("GET", "/v1/logs/filters", key, nil).Body, "data.#.name").String()
	}
	if names(second) != `["slow"]` {
		t.Errorf("a colleague sees %s", names(second))
	}
	if got := s.call("PUT", "/v1/logs/filters/"+id, workspaceKey, `{"name":"mine","shared":false}`); gjson.Get(got.Body, "filters.statusCode").String() != "500,503" {
		t.Errorf("update: %s", got.Body)
	}
	if names(second) != `[]` || names(workspaceKey) != `["mine"]` {
		t.Errorf("a private filter is seen by others: %s, by its owner: %s", names(second), names(workspaceKey))
	}
	wantError(t, s.call("PUT", "/v1/logs/filters/"+id, second, `{"name":"x"}`), 404, "not found")
	wantError(t, s.call("DELETE", "/v1/logs/filters/"+id, s.otherWorkspace(), nil), 404, "not found")
	for body, says := range map[string]string{`{"filters":{}}`: "name", `{"name":"x","filters":{"nope":1}}`: "filters.nope", `{"name":"x","filters":{"cost_min":-1}}`: "filters.cost_min", `{"name":"x","shared":"yes"}`: "shared", `[]`: "JSON object"} {
		wantError(t, s.call("POST", "/v1/logs/filters", workspaceKey, body), 400, says)
	}
	if got := s.call("DELETE", "/v1/logs/filters/"+id, workspaceKey, nil); got.Status != 200 || names(workspaceKey) != `[]` {
		t.Errorf("delete: %d, then %s", got.Status, names(workspaceKey))
	}
}
