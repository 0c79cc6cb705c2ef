package e2e

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/portico-ai/portico/test/upstream"
)

// An amazon is as much of S3 and of Bedrock's control plane as a batch needs. It
// checks every signature, keeps what is uploaded, and ends a job by answering each
// of its lines as Converse does.
type amazon struct {
	*httptest.Server

	mu      sync.Mutex
	objects map[string]string // by s3:// address
	headers map[string]http.Header
	job     map[string]any
}

const jobARN = "arn:aws:bedrock:eu-west-1:123456789012:model-invocation-job/abcdef012345"

func newAmazon(t *testing.T) *amazon {
	a := &amazon{objects: map[string]string{}, headers: map[string]http.Header{}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /model-invocation-job", a.start)
	mux.HandleFunc("GET /model-invocation-jobs", func(w http.ResponseWriter, _ *http.Request) {
		answerJSON(w, map[string]any{"invocationJobSummaries": []any{a.job}, "nextToken": "more"})
	})
	mux.HandleFunc("GET /model-invocation-job/{id}", func(w http.ResponseWriter, _ *http.Request) { a.finish(); answerJSON(w, a.job) })
	mux.HandleFunc("POST /model-invocation-job/{id}/stop", func(w http.ResponseWriter, _ *http.Request) { answerJSON(w, map[string]any{}) })
	mux.HandleFunc("PUT /{bucket}/{key...}", a.put)
	mux.HandleFunc("GET /{bucket}/{key...}", a.get)
	a.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.mu.Lock()
		defer a.mu.Unlock()
		body, _ := io.ReadAll(r.Body)
		service := "s3"
		if strings.HasPrefix(r.URL.Path, "/model-invocation-job") {
			service = "bedrock"
		}
		checkSignature(t, upstream.Request{Method: r.Method, Escaped: r.URL.EscapedPath(), Query: r.URL.RawQuery, Host: r.Host, Header: r.Header, Body: string(body)}, service)
		hash := sha256.Sum256(body)
		if service == "s3" && r.Header.Get("X-Amz-Content-Sha256") != hex.EncodeToString(hash[:]) {
			t.Errorf("%s %s: the hash of the body is not that of the body", r.Method, r.URL)
		}
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(a.Close)
	return a
}

func (a *amazon) put(w http.ResponseWriter, r *http.Request) {
	uri := "s3://" + r.PathValue("bucket") + "/" + r.PathValue("key")
	body, _ := io.ReadAll(r.Body)
	a.objects[uri], a.headers[uri] = string(body), r.Header
	w.Header().Set("ETag", `"etag"`)
}

// get answers GET and HEAD, as S3 does: errors are XML.
func (a *amazon) get(w http.ResponseWriter, r *http.Request) {
	content, ok := a.objects["s3://"+r.PathValue("bucket")+"/"+r.PathValue("key")]
	if !ok {
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, `<?xml version="1.0" encoding="UTF-8"?><Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message></Error>`)
		return
	}
	w.Header().Set("Last-Modified", "Fri, 02 Jan 2026 03:04:05 GMT")
	w.Header().Set("Content-Type", "binary/octet-stream")
	w.Header().Set("Content-Length", fmt.Sprint(len(content)))
	_, _ = io.WriteString(w, content)
}

func (a *amazon) start(w http.ResponseWriter, r *http.Request) {
	if err := json.NewDecoder(r.Body).Decode(&a.job); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	a.job["jobArn"], a.job["status"], a.job["submitTime"] = jobARN, "Submitted", time.Now().UTC().Format(time.RFC3339Nano)
	answerJSON(w, map[string]any{"jobArn": jobARN})
}

func (a *amazon) finish() {
	place := func(key, inner string) string {
		return a.job[key].(map[string]any)[inner].(map[string]any)["s3Uri"].(string)
	}
	input := place("inputDataConfig", "s3InputDataConfig")
	output := place("outputDataConfig", "s3OutputDataConfig") + "abcdef012345" + input[strings.LastIndexByte(input, '/'):] + ".out"
	a.objects[output] = ""
	for line := range strings.Lines(a.objects[input]) {
		result := `,"modelOutput":{"output":{"message":{"role":"assistant","content":[{"text":"Hello from a batch."}]}},"stopReason":"end_turn","usage":{"inputTokens":9,"outputTokens":4,"totalTokens":13}}}`
		if strings.Contains(line, "fail") {
			result = `,"error":{"errorCode":400,"errorMessage":"bad request"}}`
		}
		a.objects[output] += strings.TrimSuffix(line, "}\n") + result + "\n"
	}
	a.job["status"], a.job["totalRecordCount"], a.job["successRecordCount"], a.job["errorRecordCount"] = "Completed", 2, 1, 1
}

func batchLine(id, model, text string) string {
	return `{"custom_id":"` + id + `","method":"POST","url":"/v1/chat/completions","body":{"model":"` + model + `","max_tokens":50,"messages":[{"role":"user","content":"` + text + `"}]}}` + "\n"
}

// A batch goes from a file in OpenAI's form to results in OpenAI's form.
func TestBedrockBatch(t *testing.T) {
	t.Parallel()
	aws := newAmazon(t)
	s := start(t, t.TempDir(), map[string]string{"bedrock": aws.URL})
	slug := s.virtualKey("batch", "bedrock", map[string]any{"key": nil, "aws_access_key_id": "AKIAEXAMPLE", "aws_secret_access_key": awsSecret,
		"aws_session_token": awsToken, "aws_region": "eu-west-1", "aws_s3_bucket": "my.bucket"})
	do := func(method, path string, body any, headers ...string) map[string]any {
		t.Helper()
		got := s.call(method, path, workspaceKey, body, append([]string{"X-Portkey-Virtual-Key", slug}, headers...)...)
		if got.Status != 200 {
			t.Fatalf("%s %s: status %d, %s", method, path, got.Status, got.Body)
		}
		return got.JSON(t)
	}
	form, contentType := newForm(t, []byte(batchLine("one", "gpt-4o", "Hello")+batchLine("two", "gpt-4o", "fail")), "purpose", "batch")
	file := do("POST", "/v1/files", form, "Content-Type", contentType, "X-Portkey-Aws-Bedrock-Model", nova,
		"X-Portkey-Aws-S3-Object-Key", "in/ä b+c.jsonl", "X-Portkey-Amz-Server-Side-Encryption-Aws-Kms-Key-Id", "arn:aws:kms:eu-west-1:1:key/k")
	id, _ := file["id"].(string)
	uploaded := aws.objects["s3://my.bucket/in/ä b+c.jsonl"]
	if !strings.HasPrefix(uploaded, `{"recordId":"one","modelInput":{"messages":[{"role":"user","content":[{"text":"Hello"}]}]`) || !strings.HasPrefix(id, "s3-") {
		t.Fatalf("the file is %v, in S3 %q", file, uploaded)
	}
	if h := aws.headers["s3://my.bucket/in/ä b+c.jsonl"]; h.Get("X-Amz-Server-Side-Encryption") != "aws:kms" || h.Get("X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id") == "" {
		t.Errorf("it was sent with %v", h)
	}
	if again := do("GET", "/v1/files/"+id, nil); again["id"] != id || again["bytes"] != float64(len(uploaded)) || again["bytes"] != file["bytes"] || again["created_at"] != float64(1767323045) {
		t.Errorf("the file is %v, it was %v", again, file)
	}
	batch := do("POST", "/v1/batches", map[string]any{"input_file_id": id, "endpoint": "/v1/chat/completions", "completion_window": "48h",
		"model": nova, "role_arn": "arn:aws:iam::123456789012:role/batch"})
	if batch["id"] != "abcdef012345" || batch["status"] != "validating" || batch["input_file_id"] != id || aws.job["modelInvocationType"] != "Converse" || aws.job["timeoutDurationInHours"] != float64(48) {
		t.Fatalf("the batch is %v, the job %v", batch, aws.job)
	}
	list := do("GET", "/v1/batches?limit=1", nil)
	if data, _ := list["data"].([]any); len(data) != 1 || list["has_more"] != true || list["next_page_token"] != "more" {
		t.Errorf("the list is %v", list)
	}
	batch = do("GET", "/v1/batches/abcdef012345", nil)
	output, _ := batch["output_file_id"].(string)
	if counts, _ := batch["request_counts"].(map[string]any); batch["status"] != "completed" || output == "" || counts["failed"] != float64(1) {
		t.Fatalf("the batch is %v", batch)
	}
	for _, path := range []string{"/v1/batches/abcdef012345/output", "/v1/files/" + output + "/content"} {
		got := s.call("GET", path, workspaceKey, nil, "X-Portkey-Virtual-Key", slug)
		lines := strings.Split(strings.TrimSpace(got.Body), "\n")
		if got.Status != 200 || len(lines) != 2 {
			t.Fatalf("%s: status %d, %s", path, got.Status, got.Body)
		}
		for i, want := range [][]string{
			{`"custom_id":"one"`, `"status_code":200`, `"object":"chat.completion"`, `"content":"Hello from a batch."`, `"total_tokens":13`, `"model":"` + nova + `"`, `"error":null`},
			{`"custom_id":"two"`, `"response":null`, `"error":{"code":"400","message":"bad request"}`},
		} {
			for _, part := range want {
				if !strings.Contains(lines[i], part) {
					t.Errorf("%s: line %d lacks %s: %s", path, i+1, part, lines[i])
				}
			}
		}
	}
	raw := s.call("GET", "/v1/files/"+id+"/content", workspaceKey, nil, "X-Portkey-Virtual-Key", slug)
	if raw.Status != 200 || raw.Body != uploaded {
		t.Errorf("the object itself: %d, %s", raw.Status, raw.Body)
	}
	if cancelled := do("POST", "/v1/batches/abcdef012345/cancel", nil); cancelled["id"] != "abcdef012345" || cancelled["status"] != "cancelling" {
		t.Errorf("the batch is %v", cancelled)
	}
}

// What is refused, and how S3's own errors read.
func TestBedrockBatchRefusals(t *testing.T) {
	t.Parallel()
	aws := newAmazon(t)
	s := start(t, t.TempDir(), map[string]string{"bedrock": aws.URL})
	keys := []string{"X-Portkey-Provider", "bedrock", "X-Portkey-Aws-Access-Key-Id", "AKIAEXAMPLE", "X-Portkey-Aws-Secret-Access-Key", awsSecret,
		"X-Portkey-Aws-Session-Token", awsToken, "X-Portkey-Aws-Region", "eu-west-1", "X-Portkey-Aws-S3-Bucket", "bucket"}
	for _, c := range []struct {
		method, path string
		body         any
		status       int
		want         string
	}{
		{"GET", "/v1/files/none.jsonl/content", nil, 404, "The specified key does not exist."},
		{"GET", "/v1/files/none.jsonl", nil, 404, "404 Not Found"},
		{"GET", "/v1/files/s3-czM6Ly9vdGhlci94", nil, 400, "must be in the bucket"},         // s3://other/x
		{"GET", "/v1/files/s3-czM6Ly9idWNrZXQvYS8uLi9i", nil, 400, "may not have . and .."}, // s3://bucket/a/../b
		{"GET", "/v1/files", nil, 501, "listFiles is not supported by bedrock"},
		{"DELETE", "/v1/files/x", nil, 501, "deleteFile is not supported by bedrock"},
		{"POST", "/v1/batches", `{"input_file_id":"s3://other/in.jsonl","role_arn":"r","model":"m"}`, 400, "must be in the bucket"},
		{"POST", "/v1/batches", `{"input_file_id":"s3://bucket/in.jsonl","role_arn":"r","model":"m","output_data_config":"s3://other/"}`, 400, "must be in the bucket"},
		{"POST", "/v1/batches", `{"input_file_id":"s3://bucket/in.jsonl","model":"m"}`, 400, "role_arn"},
		{"POST", "/v1/batches", `{"input_file_id":"s3://bucket/in.jsonl","role_arn":"r"}`, 400, "needs a model"},
		{"POST", "/v1/batches", `{"input_file_id":"file-1","role_arn":"r","model":"m"}`, 400, "input_file_id"},
		{"POST", "/v1/batches", `{"input_file_id":"s3://bucket/in.jsonl","role_arn":"r","model":"m","endpoint":"/v1/responses"}`, 400, "endpoint"},
	} {
		got := s.call(c.method, c.path, workspaceKey, c.body, keys...)
		if got.Status != c.status || !strings.Contains(got.Body, c.want) {
			t.Errorf("%s %s %v: status %d, want %d with %q: %s", c.method, c.path, c.body, got.Status, c.status, c.want, got.Body)
		}
	}
	got := s.call("GET", "/v1/files/x", workspaceKey, nil, "X-Portkey-Provider", "bedrock", "X-Portkey-Aws-S3-Bucket", "bucket", "Authorization", "Bearer bedrock-api-key", "X-Portkey-Api-Key", workspaceKey)
	wantError(t, got, 401, "takes no API key")
	slug := s.virtualKey("no bucket", "bedrock", map[string]any{"key": nil, "aws_access_key_id": "AKIAEXAMPLE", "aws_secret_access_key": awsSecret, "aws_session_token": awsToken})
	got = s.call("GET", "/v1/files/x", workspaceKey, nil, "X-Portkey-Virtual-Key", slug, "X-Portkey-Aws-S3-Bucket", "bucket")
	wantError(t, got, 400, "aws_s3_bucket is not the one that")
}
