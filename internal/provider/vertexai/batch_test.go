package vertexai_test

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/dialect/predict"
	"github.com/portico-ai/portico/internal/provider"
)

// platform makes a call of an operation on batches or files.
func platform(op ai.Op, rest string, fields ...string) *provider.Call {
	c := call(op, "", append([]string{"vertex_storage_bucket_name", "bucket"}, fields...)...)
	c.Rest = rest
	return c
}

func TestBatchURLs(t *testing.T) {
	const location = "https://us-east5-aiplatform.googleapis.com/v1/projects/acme/locations/us-east5"
	const at, tunings = location + "/batchPredictionJobs", location + "/tuningJobs"
	for _, c := range []struct {
		call *provider.Call
		want string
	}{
		{platform(ai.GetBatch, "/batches/77"), "GET " + at + "/77"},
		{platform(ai.GetBatch, "/batches/..%2F77%3Fx"), "GET " + at + "/..%2F77%3Fx"},
		{platform(ai.CancelBatch, "/batches/77/cancel"), "POST " + at + "/77:cancel"},
		{platform(ai.ListBatches, "/batches"), "GET " + at},
		{platform(ai.GetFinetune, "/fine_tuning/jobs/9"), "GET " + tunings + "/9"},
		{platform(ai.CancelFinetune, "/fine_tuning/jobs/9/cancel"), "POST " + tunings + "/9:cancel"},
		{platform(ai.ListFinetunes, "/fine_tuning/jobs?limit=5"), "GET " + tunings + "?pageSize=5"},
		{platform(ai.ListBatches, "/batches?limit=5&page_token=a%2Fb&x=y"), "GET " + at + "?pageSize=5&pageToken=a%2Fb"},
		{platform(ai.GetFile, "/files/gs-Z3M6Ly9idWNrZXQvaW4vYS5qc29ubA"), "GET https://storage.googleapis.com/storage/v1/b/bucket/o/in%2Fa.jsonl"},
		{platform(ai.GetFileContent, "/files/gs%253A%252F%252Fbucket%252Fin%252Fa.jsonl/content"), "GET https://storage.googleapis.com/storage/v1/b/bucket/o/in%2Fa.jsonl?alt=media"},
		{platform(ai.GetFileContent, "/files/gs%3A%2F%2Fbucket%2F..%2F..%2Fother%2Fo%2Fx/content"), "GET https://storage.googleapis.com/storage/v1/b/bucket/o/..%2F..%2Fother%2Fo%2Fx?alt=media"},
		{platform(ai.GetFile, "/files/a.jsonl"), "GET https://storage.googleapis.com/storage/v1/b/bucket/o/a.jsonl"},
		{based(platform(ai.GetFile, "/files/a.jsonl"), "http://127.0.0.1:9"), "GET http://127.0.0.1:9/storage/v1/b/bucket/o/a.jsonl"},
	} {
		r, err := row(t, noTokens(t)).Encode(t.Context(), c.call)
		if err != nil {
			t.Errorf("%s: %v", c.want, err)
			continue
		}
		if got := r.Method + " " + r.URL.String(); got != c.want {
			t.Errorf("got %s, want %s", got, c.want)
		}
	}
}

func TestJobBodies(t *testing.T) {
	const input = `"inputConfig":{"gcsSource":{"uris":["gs://bucket/in.jsonl"]}}`
	const ids = `,"instanceConfig":{"excludedFields":["requestId"]}`
	for _, c := range []struct{ model, field, in, want string }{
		{"", "", `{"model":"gemini-2.5-flash",` + input + `}`, `{"model":"publishers/google/models/gemini-2.5-flash",` + input + ids + `}`},
		{"", "anthropic.claude-opus-4-8", `{"model":"",` + input + `}`, `{"model":"publishers/anthropic/models/claude-opus-4-8",` + input + `}`},
		{"meta/llama-4", "", `{` + input + `}`, `{` + input + `,"model":"publishers/meta/models/llama-4"}`},
	} {
		req := platform(ai.CreateBatch, "/batches", "provider_model", c.field)
		req.Model, req.Body = c.model, []byte(c.in)
		r, err := row(t, noTokens(t)).Encode(t.Context(), req)
		if err != nil {
			t.Errorf("%s: %v", c.in, err)
			continue
		}
		if body, err := io.ReadAll(r.Body); err != nil || string(body) != c.want {
			t.Errorf("got %s (%v), want %s", body, err, c.want)
		}
	}
}

// A tuning job has its model's plain name, and files of the credential's bucket alone.
func TestTuningBodies(t *testing.T) {
	for in, want := range map[string]string{
		`{"baseModel":"google.gemini-2.5-flash","supervisedTuningSpec":{"trainingDatasetUri":"gs://bucket/a"}}`:                 `{"baseModel":"gemini-2.5-flash","supervisedTuningSpec":{"trainingDatasetUri":"gs://bucket/a"}}`,
		`{"supervisedTuningSpec":{"trainingDatasetUri":"gs://bucket/a"}}`:                                                       "model",
		`{"baseModel":"m","supervisedTuningSpec":{"trainingDatasetUri":"gs://other/a"}}`:                                        "vertex_storage_bucket_name",
		`{"baseModel":"m","supervisedTuningSpec":{"trainingDatasetUri":"gs://bucket/a","validationDatasetUri":"gs://other/a"}}`: "vertex_storage_bucket_name",
	} {
		c := platform(ai.CreateFinetune, "/fine_tuning/jobs")
		c.Body = []byte(in)
		r, err := row(t, noTokens(t)).Encode(t.Context(), c)
		if err != nil {
			if e := ai.AsError(err); e.Kind != ai.Invalid || e.Param != want {
				t.Errorf("%s: %v", in, err)
			}
			continue
		}
		if body, err := io.ReadAll(r.Body); err != nil || string(body) != want {
			t.Errorf("got %s (%v), want %s", body, err, want)
		}
	}
}

func TestBatchLines(t *testing.T) {
	p := row(t, noTokens(t))
	for _, c := range []struct{ model, body, want string }{
		{"gemini-2.5-flash", `{"contents":[],"serviceTier":"flex"}`, `{"request":{"contents":[]},"requestId":"a"}`},
		{"claude-opus-4-8", `{"model":"claude-opus-4-8","max_tokens":5}`, `{"custom_id":"a","request":{"max_tokens":5,"anthropic_version":"vertex-2023-10-16"}}`},
		{"meta.llama-4", `{"model":"meta.llama-4","messages":[]}`, `{"custom_id":"a","method":"POST","url":"/v1/chat/completions","body":{"model":"meta/llama-4","messages":[]}}`},
	} {
		if got, err := p.BatchLine(ai.Chat, c.model, "a", []byte(c.body)); err != nil || string(got) != c.want {
			t.Errorf("%s: got %s (%v), want %s", c.model, got, err, c.want)
		}
	}
}

// Results are in the format of their model's publisher; the client's id is where
// the lines had it.
func TestBatchResults(t *testing.T) {
	p := row(t, noTokens(t))
	for _, id := range []string{"a.jsonl", predict.Storage.ID("gs://bucket/a.jsonl")} {
		if p.BatchResults(id) != nil {
			t.Errorf("%s passes for results", id)
		}
	}
	for _, c := range []struct {
		model, line string
		dialect     ai.Dialect
		reply, err  string
	}{
		{"publishers/google/models/gemini-2.5-flash", `{"requestId":"a","request":{},"status":"","response":{"candidates":[]}}`, ai.Gemini, `{"candidates":[]}`, ""},
		{"publishers/google/models/gemini-2.5-flash", `{"requestId":"a","request":{},"status":"Bad Request","response":{}}`, ai.Gemini, "", "Bad Request"},
		{"publishers/anthropic/models/claude-opus-4-8", `{"custom_id":"a","request":{},"response":{"type":"message"},"status":""}`, ai.Anthropic, `{"type":"message"}`, ""},
		{"publishers/meta/models/llama-4", `{"id":"x","custom_id":"a","response":{"status_code":200,"body":{"choices":[]}},"error":null}`, ai.OpenAI, `{"choices":[]}`, ""},
		{"publishers/meta/models/llama-4", `{"custom_id":"a","error":{"message":"no"}}`, ai.OpenAI, "", "no"},
		{"publishers/meta/models/llama-4", `{"custom_id":"a"}`, ai.OpenAI, "", "The provider gave neither a reply nor a reason"},
	} {
		got, err := p.BatchResults(predict.Storage.ResultID("gs://bucket/p.jsonl", c.model))([]byte(c.line))
		if err != nil || got.ID != "a" || got.Dialect != c.dialect || c.err == "" && string(got.Reply) != c.reply || (got.Err != nil) != (c.err != "") {
			t.Errorf("%s: got %+v, %v", c.line, got, err)
		}
		if got.Err != nil && got.Err.Message != c.err {
			t.Errorf("%s: got %v, want %s", c.line, got.Err, c.err)
		}
	}
	if _, err := p.BatchResults(predict.Storage.ResultID("gs://bucket/p.jsonl", "m"))([]byte("[]")); err == nil {
		t.Error("a list is a result")
	}
	if _, err := p.BatchLine(ai.Embed, "text-embedding-005", "a", []byte(`{}`)); ai.AsError(err) == nil || ai.AsError(err).Kind != ai.Invalid {
		t.Errorf("a line for embeddings: %v", err)
	}
}

// An upload that is not named has a folder of its own.
func TestUploadNames(t *testing.T) {
	names := map[string]bool{}
	for range 2 {
		c := platform(ai.UploadFile, "/files")
		c.Body = []byte(`{"purpose":"batch","file":{"filename":"in.jsonl"}}`)
		r, err := row(t, noTokens(t)).Encode(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		name := r.URL.Query().Get("name")
		if !strings.HasPrefix(name, "portico/") || !strings.HasSuffix(name, "/in.jsonl") || names[name] || r.URL.Path != "/upload/storage/v1/b/bucket/o" {
			t.Errorf("got %s", r.URL)
		}
		names[name] = true
	}
}

// Nothing outside the bucket is read or written.
func TestBatchMistakes(t *testing.T) {
	withBody := func(body string, fields ...string) *provider.Call {
		c := platform(ai.CreateBatch, "/batches", fields...)
		c.Body = []byte(body)
		return c
	}
	const other = `{"model":"m","inputConfig":{"gcsSource":{"uris":["gs://other/in.jsonl"]}}}`
	for _, c := range []struct {
		name, param, message string
		call                 *provider.Call
	}{
		{"another bucket", "vertex_storage_bucket_name", "must be in the bucket", withBody(other)},
		{"a bucket that begins like it", "vertex_storage_bucket_name", "must be in the bucket", withBody(strings.Replace(other, "other", "bucket2", 1))},
		{"no bucket", "vertex_storage_bucket_name", "must be in the bucket", withBody(other, "vertex_storage_bucket_name", "")},
		{"no model", "model", "needs a model", withBody(`{}`)},
		{"a file elsewhere", "vertex_storage_bucket_name", "must be in the bucket", platform(ai.GetFileContent, "/files/gs-Z3M6Ly9vdGhlci9h/content")},
		{"a file of no bucket", "vertex_storage_bucket_name", "x-portkey-vertex-storage-bucket-name", platform(ai.GetFile, "/files/a", "vertex_storage_bucket_name", "")},
		{"a bucket that is a path", "vertex_storage_bucket_name", "letters", platform(ai.GetFile, "/files/a", "vertex_storage_bucket_name", "a/../b")},
		{"no file", "id", "must name", platform(ai.GetFile, "/files/")},
		{"a folder above", "id", "must name", platform(ai.GetFile, "/files/%2E%2E")},
		{"a page by its last batch", "after", "page_token", platform(ai.ListBatches, "/batches?after=77")},
	} {
		_, err := row(t, noTokens(t)).Encode(t.Context(), c.call)
		e, ok := errors.AsType[*ai.Error](err)
		if !ok || e.Kind != ai.Invalid || e.Param != c.param || !strings.Contains(e.Message, c.message) {
			t.Errorf("%s: got %+v", c.name, err)
		}
	}
}
