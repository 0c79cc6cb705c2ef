package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// A cloud is as much of Vertex AI and Cloud Storage as a batch needs: it keeps
// what is uploaded, and ends a job by answering each of its lines.
type cloud struct {
	*httptest.Server

	mu      sync.Mutex
	objects map[string]string // by gs:// address
	job     map[string]any
	tuning  map[string]any
}

func newCloud(t *testing.T) *cloud {
	c := &cloud{objects: map[string]string{}}
	const jobs = "/v1/projects/acme/locations/us-east5/batchPredictionJobs"
	mux := http.NewServeMux()
	mux.HandleFunc("POST /upload/storage/v1/b/{bucket}/o", c.store)
	mux.HandleFunc("GET /storage/v1/b/{bucket}/o/{name}", c.object)
	mux.HandleFunc("POST "+jobs, c.start)
	mux.HandleFunc("GET "+jobs+"/{id}", func(w http.ResponseWriter, _ *http.Request) { c.finish(); answerJSON(w, c.job) })
	mux.HandleFunc("GET "+jobs, func(w http.ResponseWriter, _ *http.Request) {
		answerJSON(w, map[string]any{"batchPredictionJobs": []any{c.job}})
	})
	const tunings = "/v1/projects/acme/locations/us-east5/tuningJobs"
	mux.HandleFunc("POST "+tunings, c.tune)
	mux.HandleFunc("GET "+tunings+"/{id}", func(w http.ResponseWriter, _ *http.Request) { answerJSON(w, c.tuning) })
	mux.HandleFunc("POST "+tunings+"/{id}", func(w http.ResponseWriter, r *http.Request) {
		c.tuning["state"], c.tuning["cancelled"] = "JOB_STATE_CANCELLED", r.PathValue("id")
		answerJSON(w, map[string]any{})
	})
	mux.HandleFunc("POST "+jobs+"/{id}", func(w http.ResponseWriter, _ *http.Request) { answerJSON(w, map[string]any{}) })
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.mu.Lock()
		defer c.mu.Unlock()
		if r.Header.Get("Authorization") != "Bearer "+googleToken {
			t.Errorf("%s %s with %v", r.Method, r.URL, r.Header)
		}
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(c.Close)
	return c
}

func answerJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	_ = json.NewEncoder(w).Encode(v)
}

func (c *cloud) store(w http.ResponseWriter, r *http.Request) {
	content, err := io.ReadAll(r.Body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	bucket, name := r.PathValue("bucket"), r.URL.Query().Get("name")
	c.objects["gs://"+bucket+"/"+name] = string(content)
	answerJSON(w, map[string]any{"kind": "storage#object", "bucket": bucket, "name": name, "size": fmt.Sprint(len(content))})
}

func (c *cloud) object(w http.ResponseWriter, r *http.Request) {
	content, ok := c.objects["gs://"+r.PathValue("bucket")+"/"+r.PathValue("name")]
	switch {
	case !ok:
		w.Header().Set("Content-Type", "application/json; charset=UTF-8")
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, `{"error":{"code":404,"message":"No such object: bucket/none","errors":[{"message":"No such object: bucket/none","domain":"global","reason":"notFound"}]}}`)
	case r.URL.Query().Get("alt") == "media":
		w.Header().Set("Content-Type", "application/octet-stream")
		_, _ = io.WriteString(w, content)
	default:
		answerJSON(w, map[string]any{"bucket": r.PathValue("bucket"), "name": r.PathValue("name"), "size": fmt.Sprint(len(content))})
	}
}

func (c *cloud) start(w http.ResponseWriter, r *http.Request) {
	if err := json.NewDecoder(r.Body).Decode(&c.job); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	if c.job["model"] == "publishers/google/models/secret" {
		w.WriteHeader(http.StatusForbidden)
		answerJSON(w, map[string]any{"error": map[string]any{"code": 403, "status": "PERMISSION_DENIED", "message": "The caller does not have permission"}})
		return
	}
	c.job["name"], c.job["state"] = "projects/5/locations/us-east5/batchPredictionJobs/77", "JOB_STATE_PENDING"
	answerJSON(w, c.job)
}

func (c *cloud) tune(w http.ResponseWriter, r *http.Request) {
	if err := json.NewDecoder(r.Body).Decode(&c.tuning); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	c.tuning["name"], c.tuning["state"] = "projects/5/locations/us-east5/tuningJobs/9", "JOB_STATE_PENDING"
	answerJSON(w, c.tuning)
}

func (c *cloud) finish() {
	input := c.job["inputConfig"].(map[string]any)["gcsSource"].(map[string]any)["uris"].([]any)[0].(string)
	folder := c.job["outputConfig"].(map[string]any)["gcsDestination"].(map[string]any)["outputUriPrefix"].(string) + "/prediction-1"
	c.objects[folder+"/predictions.jsonl"] = ""
	for line := range strings.Lines(c.objects[input]) {
		if strings.Contains(line, "fail") {
			c.objects[folder+"/predictions.jsonl"] += strings.TrimSuffix(line, "}\n") + `,"status":"Bad Request: the model refuses this","response":{}}` + "\n"
			continue
		}
		c.objects[folder+"/predictions.jsonl"] += strings.TrimSuffix(line, "}\n") + `,"status":"","response":{"candidates":[{"content":{"role":"model","parts":[{"text":"Hello from a batch."}]},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":9,"candidatesTokenCount":4,"totalTokenCount":13}}}` + "\n"
	}
	c.job["state"], c.job["outputInfo"] = "JOB_STATE_SUCCEEDED", map[string]any{"gcsOutputDirectory": folder}
}

// A batch goes from a file in OpenAI's form to its results.
func TestVertexBatch(t *testing.T) {
	t.Parallel()
	cloud, ts := newCloud(t), newTokenServer(t)
	s := start(t, t.TempDir(), map[string]string{"vertex-ai": cloud.URL}, "--egress-allow", ts.host())
	account, _ := ts.account(t)
	slug := s.virtualKey("batch", "vertex-ai", map[string]any{"key": nil, "vertex_region": "us-east5",
		"vertex_storage_bucket_name": "bucket", "vertex_service_account_json": account})
	do := func(method, path string, body any, headers ...string) map[string]any {
		t.Helper()
		got := s.call(method, path, workspaceKey, body, append([]string{"X-Portkey-Virtual-Key", slug}, headers...)...)
		if got.Status != 200 {
			t.Fatalf("%s %s: status %d, %s", method, path, got.Status, got.Body)
		}
		return got.JSON(t)
	}
	const lines = `{"custom_id":"one","method":"POST","url":"/v1/chat/completions","body":{"model":"gemini-2.5-flash","messages":[{"role":"user","content":"Hello"}]}}` + "\n"
	form, contentType := newForm(t, []byte(lines+lines), "purpose", "batch")
	file := do("POST", "/v1/files", form, "Content-Type", contentType)
	id, _ := file["id"].(string)
	if !strings.HasPrefix(id, "gs-") || file["object"] != "file" {
		t.Fatalf("the file is %v", file)
	}
	if again := do("GET", "/v1/files/"+id, nil); again["id"] != id || again["bytes"] != file["bytes"] {
		t.Errorf("the file is %v, it was %v", again, file)
	}
	batch := do("POST", "/v1/batches", map[string]any{"input_file_id": id, "endpoint": "/v1/chat/completions", "completion_window": "24h", "model": "gemini-2.5-flash"})
	if batch["id"] != "77" || batch["status"] != "validating" || batch["input_file_id"] != id {
		t.Fatalf("the batch is %v", batch)
	}
	if list, _ := do("GET", "/v1/batches", nil)["data"].([]any); len(list) != 1 {
		t.Errorf("the list has %v", list)
	}
	batch = do("GET", "/v1/batches/77", nil)
	output, _ := batch["output_file_id"].(string)
	if batch["status"] != "completed" || output == "" {
		t.Fatalf("the batch is %v", batch)
	}
	got := s.call("GET", "/v1/files/"+output+"/content", workspaceKey, nil, "X-Portkey-Virtual-Key", slug)
	for _, want := range []string{`"custom_id":"one","response":{"status_code":200,`, `"content":"Hello from a batch."`, `"total_tokens":13`, `"model":"gemini-2.5-flash"`, `"error":null`} {
		if got.Status != 200 || strings.Count(got.Body, want) != 2 {
			t.Errorf("status %d, want %s twice in %s", got.Status, want, got.Body)
		}
	}
	raw := s.call("GET", "/v1/files/"+strings.Split(output, ".")[0]+"/content", workspaceKey, nil, "X-Portkey-Virtual-Key", slug)
	if raw.Status != 200 || strings.Count(raw.Body, `"requestId":"one","status":"","response":`) != 2 {
		t.Errorf("as Vertex AI wrote it: status %d, %s", raw.Status, raw.Body)
	}
	if cancelled := do("POST", "/v1/batches/77/cancel", nil); cancelled["id"] != "77" || cancelled["status"] != "cancelling" {
		t.Errorf("the batch is %v", cancelled)
	}
	for path, headers := range map[string][]string{
		"/v1/files/gs-Z3M6Ly9vdGhlci94": nil, // gs://other/x
		"/v1/files/x":                   {"X-Portkey-Vertex-Storage-Bucket-Name", "other"},
	} {
		if got := s.call("GET", path, workspaceKey, nil, append([]string{"X-Portkey-Virtual-Key", slug}, headers...)...); got.Status != 400 {
			t.Errorf("%s %v: status %d, %s", path, headers, got.Status, got.Body)
		}
	}
}

// A file for training goes up as it is, and a job of OpenAI's form becomes one of
// Vertex AI's.
func TestVertexTuning(t *testing.T) {
	t.Parallel()
	cloud := newCloud(t)
	s := start(t, t.TempDir(), map[string]string{"vertex-ai": cloud.URL})
	keys := []string{"X-Portkey-Provider", "vertex-ai", "X-Portkey-Api-Key", workspaceKey, "Authorization", "Bearer " + googleToken,
		"X-Portkey-Vertex-Region", "us-east5", "X-Portkey-Vertex-Project-Id", "acme", "X-Portkey-Vertex-Storage-Bucket-Name", "bucket"}
	do := func(method, path string, body any, headers ...string) map[string]any {
		t.Helper()
		got := s.call(method, path, workspaceKey, body, append(headers, keys...)...)
		if got.Status != 200 {
			t.Fatalf("%s %s: status %d, %s", method, path, got.Status, got.Body)
		}
		return got.JSON(t)
	}
	const line = `{"contents":[{"role":"user","parts":[{"text":"Hi"}]},{"role":"model","parts":[{"text":"Hello"}]}]}` + "\n"
	form, contentType := newForm(t, []byte(line), "purpose", "fine-tune")
	file := do("POST", "/v1/files", form, "Content-Type", contentType, "X-Portkey-Provider-File-Name", "train.jsonl")
	if file["purpose"] != "fine-tune" || cloud.objects["gs://bucket/train.jsonl"] != line {
		t.Fatalf("the file is %v, in the bucket %v", file, cloud.objects)
	}
	job := do("POST", "/v1/fine_tuning/jobs", map[string]any{"training_file": file["id"], "model": "gemini-2.5-flash", "suffix": "mine"})
	if job["id"] != "9" || job["status"] != "queued" || job["training_file"] != file["id"] || cloud.tuning["tunedModelDisplayName"] != "mine" {
		t.Fatalf("the job is %v, there %v", job, cloud.tuning)
	}
	if job := do("POST", "/v1/fine_tuning/jobs/9/cancel", nil); job["status"] != "cancelled" || cloud.tuning["cancelled"] != "9:cancel" {
		t.Errorf("the job is %v, there %v", job, cloud.tuning)
	}
	if job := do("GET", "/v1/fine_tuning/jobs/9", nil); job["status"] != "cancelled" || job["model"] != "gemini-2.5-flash" {
		t.Errorf("the job is %v", job)
	}
	got := s.call("POST", "/v1/fine_tuning/jobs", workspaceKey, `{"model":"gemini-2.5-flash","training_file":"gs://other/x"}`, keys...)
	wantError(t, got, 400, "must be in the bucket")
}

// What is refused, what failed, and how Google's own errors read.
func TestVertexBatchRefusals(t *testing.T) {
	t.Parallel()
	cloud := newCloud(t)
	s := start(t, t.TempDir(), map[string]string{"vertex-ai": cloud.URL})
	keys := []string{"X-Portkey-Provider", "vertex-ai", "X-Portkey-Api-Key", workspaceKey, "Authorization", "Bearer " + googleToken,
		"X-Portkey-Vertex-Region", "us-east5", "X-Portkey-Vertex-Project-Id", "acme", "X-Portkey-Vertex-Storage-Bucket-Name", "bucket"}
	const batch = `{"input_file_id":"gs://bucket/in.jsonl","endpoint":"/v1/chat/completions"`
	for _, c := range []struct {
		method, path, body string
		status             int
		want               string
	}{
		{"GET", "/v1/files/none/content", "", 404, "No such object: bucket/none"},
		{"GET", "/v1/files/none", "", 404, "No such object: bucket/none"},
		{"GET", "/v1/files", "", 501, "listFiles is not supported by vertex-ai"},
		{"DELETE", "/v1/files/x", "", 501, "deleteFile is not supported by vertex-ai"},
		{"POST", "/v1/batches", batch + "}", 400, "needs a model"},
		{"POST", "/v1/batches", `{"model":"m","input_file_id":"gs://other/in.jsonl"}`, 400, "must be in the bucket"},
		{"POST", "/v1/batches", `{"model":"m","input_file_id":"file-1"}`, 400, "input_file_id"},
		{"POST", "/v1/batches", batch + `,"model":"secret"}`, 403, "The caller does not have permission"},
	} {
		got := s.call(c.method, c.path, workspaceKey, c.body, keys...)
		if got.Status != c.status || !strings.Contains(got.Body, c.want) {
			t.Errorf("%s %s %v: status %d, want %d with %q: %s", c.method, c.path, c.body, got.Status, c.status, c.want, got.Body)
		}
	}
	upload := func(lines, purpose string) response {
		form, contentType := newForm(t, []byte(lines), "purpose", purpose)
		return s.call("POST", "/v1/files", workspaceKey, form, append([]string{"Content-Type", contentType, "X-Portkey-Provider-File-Name", "in.jsonl"}, keys...)...)
	}
	wantError(t, upload(batchLine("one", "gemini-2.5-flash", "Hello")+"{\n", "batch"), 400, "line 2")
	wantError(t, upload("", "assistants"), 400, "purpose")
	if len(cloud.objects) > 0 {
		t.Errorf("a file was kept that could not be translated: %v", cloud.objects)
	}
	if got := upload(batchLine("one", "gemini-2.5-flash", "Hello")+batchLine("two", "gemini-2.5-flash", "fail"), "batch"); got.Status != 200 {
		t.Fatalf("status %d, %s", got.Status, got.Body)
	}
	if got := s.call("POST", "/v1/batches", workspaceKey, batch+`,"model":"gemini-2.5-flash"}`, keys...); got.Status != 200 {
		t.Fatalf("status %d, %s", got.Status, got.Body)
	}
	got := s.call("GET", "/v1/batches/77/output", workspaceKey, nil, keys...)
	one, two, _ := strings.Cut(got.Body, "\n")
	if got.Status != 200 || !strings.Contains(one, `"custom_id":"one","response":{"status_code":200`) ||
		!strings.Contains(two, `"custom_id":"two","response":null,"error":{"code":"batch_request_failed","message":"Bad Request: the model refuses this"}`) {
		t.Errorf("status %d, %s", got.Status, got.Body)
	}
}
