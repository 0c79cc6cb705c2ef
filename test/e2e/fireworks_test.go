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

// A foundry is as much of Fireworks as a batch needs: datasets whose files move
// through addresses that are their own credential, and a job that answers its
// lines.
type foundry struct {
	*httptest.Server

	mu       sync.Mutex
	datasets map[string]map[string]any
	files    map[string]string // by "dataset/name"
	job      map[string]any
}

const foundryKey = "fw-e2e-secret-0123456789"

func newFoundry(t *testing.T) *foundry {
	f := &foundry{datasets: map[string]map[string]any{}, files: map[string]string{}}
	const account = "/accounts/acme"
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+account+"/datasets", f.create)
	mux.HandleFunc("GET "+account+"/datasets", func(w http.ResponseWriter, _ *http.Request) {
		all := []any{}
		for _, d := range f.datasets {
			all = append(all, d)
		}
		answerJSON(w, map[string]any{"datasets": all, "nextPageToken": "", "totalSize": len(all)})
	})
	mux.HandleFunc("POST "+account+"/datasets/{call}", f.move)
	mux.HandleFunc("GET "+account+"/datasets/{call}", f.look)
	mux.HandleFunc("DELETE "+account+"/datasets/{id}", func(w http.ResponseWriter, r *http.Request) {
		delete(f.datasets, r.PathValue("id"))
		answerJSON(w, map[string]any{})
	})
	mux.HandleFunc("POST "+account+"/batchInferenceJobs", f.start)
	mux.HandleFunc("GET "+account+"/batchInferenceJobs", func(w http.ResponseWriter, _ *http.Request) {
		answerJSON(w, map[string]any{"batchInferenceJobs": []any{f.job}})
	})
	mux.HandleFunc("GET "+account+"/batchInferenceJobs/{id}", func(w http.ResponseWriter, _ *http.Request) { f.finish(); answerJSON(w, f.job) })
	mux.HandleFunc("DELETE "+account+"/batchInferenceJobs/{id}", func(w http.ResponseWriter, _ *http.Request) { answerJSON(w, map[string]any{}) })
	mux.HandleFunc("PUT /signed/{dataset}/{name}", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if size := fmt.Sprintf("%d,%d", len(body), len(body)); r.Header.Get("X-Goog-Content-Length-Range") != size || r.Header.Get("Content-Type") != "application/octet-stream" {
			t.Errorf("an upload of %d bytes came with %v", len(body), r.Header)
		}
		f.files[r.PathValue("dataset")+"/"+r.PathValue("name")] = string(body)
	})
	mux.HandleFunc("GET /signed/{dataset}/{name}", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, f.files[r.PathValue("dataset")+"/"+r.PathValue("name")])
	})
	f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		defer f.mu.Unlock()
		want := "Bearer " + foundryKey
		if strings.HasPrefix(r.URL.Path, "/signed/") {
			want = "" // the key is not for whoever keeps the files
			if r.URL.Query().Get("signature") != "s" {
				t.Errorf("%s is not what was signed", r.URL)
			}
		}
		if r.Header.Get("Authorization") != want {
			t.Errorf("%s %s with %v", r.Method, r.URL, r.Header)
		}
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(f.Close)
	return f
}

func (f *foundry) create(w http.ResponseWriter, r *http.Request) {
	var in struct {
		ID      string         `json:"datasetId"`
		Dataset map[string]any `json:"dataset"`
	}
	if json.NewDecoder(r.Body).Decode(&in) != nil || in.Dataset["exampleCount"] != "2" || in.Dataset["userUploaded"] == nil {
		w.WriteHeader(http.StatusBadRequest)
		answerJSON(w, map[string]any{"code": 3, "message": "example_count is required for uploaded datasets"})
		return
	}
	in.Dataset["name"], in.Dataset["createTime"], in.Dataset["state"] = "accounts/acme/datasets/"+in.ID, "2026-01-02T03:04:05Z", "UPLOADING"
	f.datasets[in.ID] = in.Dataset
	answerJSON(w, in.Dataset)
}

func (f *foundry) move(w http.ResponseWriter, r *http.Request) {
	id, call, _ := strings.Cut(r.PathValue("call"), ":")
	switch {
	case f.datasets[id] == nil:
		w.WriteHeader(http.StatusNotFound)
	case call == "getUploadEndpoint":
		var in struct {
			Sizes map[string]string `json:"filenameToSize"`
		}
		_ = json.NewDecoder(r.Body).Decode(&in)
		urls := map[string]string{}
		for name := range in.Sizes {
			urls[name] = f.URL + "/signed/" + id + "/" + name + "?signature=s"
		}
		answerJSON(w, map[string]any{"filenameToSignedUrls": urls})
	case call == "validateUpload":
		f.datasets[id]["state"] = "READY"
		answerJSON(w, map[string]any{})
	}
}

func (f *foundry) look(w http.ResponseWriter, r *http.Request) {
	id, call, _ := strings.Cut(r.PathValue("call"), ":")
	switch {
	case f.datasets[id] == nil:
		w.WriteHeader(http.StatusNotFound)
		answerJSON(w, map[string]any{"code": 5, "message": "resource not found"})
	case call == "getDownloadEndpoint":
		urls := map[string]string{}
		for file := range f.files {
			if name, ours := strings.CutPrefix(file, id+"/"); ours {
				urls["dataset/"+file] = f.URL + "/signed/" + id + "/" + name + "?signature=s"
			}
		}
		answerJSON(w, map[string]any{"filenameToSignedUrls": urls})
	default:
		answerJSON(w, f.datasets[id])
	}
}

func (f *foundry) start(w http.ResponseWriter, r *http.Request) {
	if err := json.NewDecoder(r.Body).Decode(&f.job); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	f.job["name"], f.job["state"], f.job["createTime"] = "accounts/acme/batchInferenceJobs/job-7", "JOB_STATE_VALIDATING", "2026-01-02T03:04:05Z"
	f.job["outputDatasetId"] = "accounts/acme/datasets/out-7"
	answerJSON(w, f.job)
}

func (f *foundry) finish() {
	input := strings.TrimPrefix(f.job["inputDatasetId"].(string), "accounts/acme/datasets/")
	f.datasets["out-7"] = map[string]any{"name": "accounts/acme/datasets/out-7", "createTime": "2026-01-02T03:04:05Z"}
	var good, bad string
	for line := range strings.Lines(f.files[input+"/input.jsonl"]) {
		var in struct {
			ID string `json:"custom_id"`
		}
		_ = json.Unmarshal([]byte(line), &in)
		if strings.Contains(line, "fail") {
			bad += `{"custom_id":"` + in.ID + `","error":{"message":"invalid role"}}` + "\n"
			continue
		}
		good += `{"custom_id":"` + in.ID + `","response":{"id":"chatcmpl-1","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"Hello from a batch."},"finish_reason":"stop"}],"usage":{"prompt_tokens":9,"completion_tokens":4,"total_tokens":13}}}` + "\n"
	}
	f.files["out-7/BIJOutputSet.jsonl"], f.files["out-7/error-data"] = good, bad
	f.job["state"], f.job["jobProgress"] = "JOB_STATE_COMPLETED", map[string]any{"totalInputRequests": 1, "totalProcessedRequests": 2, "successfullyProcessedRequests": 1, "failedRequests": 1}
}

// A batch goes from a file in OpenAI's form to results in OpenAI's form, through
// datasets whose files are elsewhere.
func TestFireworksBatch(t *testing.T) {
	t.Parallel()
	fw := newFoundry(t)
	s := start(t, t.TempDir(), map[string]string{"fireworks-ai": fw.URL})
	slug := s.virtualKey("batch", "fireworks-ai", map[string]any{"key": foundryKey, "fireworks_account_id": "acme"})
	do := func(method, path string, body any, headers ...string) map[string]any {
		t.Helper()
		got := s.call(method, path, workspaceKey, body, append([]string{"X-Portkey-Virtual-Key", slug}, headers...)...)
		if got.Status != 200 {
			t.Fatalf("%s %s: status %d, %s", method, path, got.Status, got.Body)
		}
		return got.JSON(t)
	}
	form, contentType := newForm(t, []byte(batchLine("one", "llama-v3p1-8b-instruct", "Hello")+batchLine("two", "m", "fail")), "purpose", "batch")
	file := do("POST", "/v1/files", form, "Content-Type", contentType)
	id, _ := file["id"].(string)
	uploaded := fw.files[id+"/input.jsonl"]
	if !strings.HasPrefix(uploaded, `{"custom_id":"one","body":{"max_tokens":50,"messages":[`) || file["bytes"] != float64(len(uploaded)) || fw.datasets[id]["state"] != "READY" {
		t.Fatalf("the file is %v, the dataset %v with %q", file, fw.datasets[id], uploaded)
	}
	if list, _ := do("GET", "/v1/files", nil)["data"].([]any); len(list) != 1 || list[0].(map[string]any)["id"] != id {
		t.Errorf("the list is %v", list)
	}
	if raw := s.call("GET", "/v1/files/"+id+"/content", workspaceKey, nil, "X-Portkey-Virtual-Key", slug); raw.Status != 200 || raw.Body != uploaded {
		t.Errorf("its content: %d, %s", raw.Status, raw.Body)
	}
	batch := do("POST", "/v1/batches", map[string]any{"input_file_id": id, "endpoint": "/v1/chat/completions", "completion_window": "24h", "model": "llama-v3p1-8b-instruct", "max_tokens": 5})
	if batch["id"] != "job-7" || batch["status"] != "validating" || batch["input_file_id"] != id || batch["model"] != "accounts/fireworks/models/llama-v3p1-8b-instruct" {
		t.Fatalf("the batch is %v", batch)
	}
	batch = do("GET", "/v1/batches/job-7", nil)
	if counts, _ := batch["request_counts"].(map[string]any); batch["status"] != "completed" || counts["total"] != float64(2) || counts["failed"] != float64(1) {
		t.Fatalf("the batch is %v", batch)
	}
	for path, want := range map[string][]string{
		"/v1/batches/job-7/output":                                   {`"custom_id":"one"`, `"response":{"status_code":200,"request_id":"chatcmpl-1","body":{"id":"chatcmpl-1"`, `"total_tokens":13`, `"error":null`},
		fmt.Sprint("/v1/files/", batch["error_file_id"], "/content"): {`"custom_id":"two"`, `"response":null`, `"message":"invalid role"`},
	} {
		got := s.call("GET", path, workspaceKey, nil, "X-Portkey-Virtual-Key", slug)
		for _, part := range want {
			if got.Status != 200 || strings.Count(got.Body, "\n") != 1 || !strings.Contains(got.Body, part) {
				t.Errorf("%s: status %d, it lacks %s: %s", path, got.Status, part, got.Body)
			}
		}
	}
	if list, _ := do("GET", "/v1/batches", nil)["data"].([]any); len(list) != 1 {
		t.Errorf("the list is %v", list)
	}
	if cancelled := do("POST", "/v1/batches/job-7/cancel", nil); cancelled["id"] != "job-7" || cancelled["status"] != "cancelling" {
		t.Errorf("the batch is %v", cancelled)
	}
	if deleted := do("DELETE", "/v1/files/"+id, nil); deleted["deleted"] != true || deleted["id"] != id || len(fw.datasets) != 1 {
		t.Errorf("it is %v", deleted)
	}
	got := s.call("GET", "/v1/files/"+id, workspaceKey, nil, "X-Portkey-Virtual-Key", slug)
	wantError(t, got, 404, "resource not found")
	got = s.call("GET", "/v1/files/x", workspaceKey, nil, "X-Portkey-Provider", "fireworks-ai", "X-Portkey-Api-Key", workspaceKey, "Authorization", "Bearer fw-1")
	wantError(t, got, 400, "x-portkey-fireworks-account-id")
}
