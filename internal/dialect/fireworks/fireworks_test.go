package fireworks_test

import (
	"testing"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/dialect/fireworks"
)

var format = fireworks.New().(dialect.Translator)

func TestRequests(t *testing.T) {
	for _, c := range []struct {
		name     string
		op       ai.Op
		in, want string
		lost     int
	}{
		{"a batch", ai.CreateBatch, `{"input_file_id":"portico-1","endpoint":"/v1/chat/completions","completion_window":"24h","metadata":{"a":"b"}}`,
			`{"displayName":"portico-batch-id","model":"m","inputDatasetId":"portico-1"}`, 1},
		{"with parameters", ai.CreateBatch, `{"input_file_id":"accounts/acme/datasets/d","model":"own","job_name":"mine","output_dataset_id":"accounts/acme/datasets/o","max_tokens":5,"top_p":0.5}`,
			`{"displayName":"mine","model":"own","inputDatasetId":"d","outputDatasetId":"o","inferenceParameters":{"maxTokens":5,"topP":0.5}}`, 0},
		{"an upload", ai.UploadFile, `{"purpose":"batch","file":{"filename":"a.jsonl"}}`, `{"datasetId":"portico-id","dataset":{"displayName":"a.jsonl","userUploaded":{}}}`, 0},
	} {
		cv := &dialect.Conversion{Op: c.op, ID: "id", Model: "m"}
		got, err := format.RequestFromHub(cv, []byte(c.in))
		if err != nil || string(got) != c.want || len(cv.Receipts) != c.lost {
			t.Errorf("%s: got %s (%v, lost %v), want %s", c.name, got, err, cv.Receipts, c.want)
		}
	}
	for in, param := range map[string]string{
		`{}`: "input_file_id", `{"input_file_id":"d","endpoint":"/v1/embeddings"}`: "endpoint",
	} {
		_, err := format.RequestFromHub(&dialect.Conversion{Op: ai.CreateBatch}, []byte(in))
		if e := ai.AsError(err); err == nil || e.Kind != ai.Invalid || e.Param != param {
			t.Errorf("%s: %v", in, err)
		}
	}
	for in, param := range map[string]string{`{"purpose":"assistants","file":{}}`: "purpose", `{"purpose":"fine-tune"}`: "file"} {
		_, err := format.RequestFromHub(&dialect.Conversion{Op: ai.UploadFile}, []byte(in))
		if e := ai.AsError(err); err == nil || e.Kind != ai.Invalid || e.Param != param {
			t.Errorf("%s: %v", in, err)
		}
	}
}

// The states are those of the reference of get-batch-inference-job.
func TestReplies(t *testing.T) {
	const told = `"object":"batch","endpoint":"/v1/chat/completions","model":"m",`
	job := func(state, more string) string {
		return `{"name":"accounts/a/batchInferenceJobs/7","model":"m","state":"` + state + `","inputDatasetId":"accounts/a/datasets/in","createTime":"2026-01-02T03:04:05Z"` + more + `}`
	}
	batch := func(state, output, more string) string {
		return `{"id":"7",` + told + `"status":"` + state + `","completion_window":"24h","input_file_id":"in","output_file_id":` + output + `,"created_at":1767323045` + more + `}`
	}
	const file = `{"id":"d","object":"file","filename":"a.jsonl","purpose":"batch","status":"processed","bytes":0,"created_at":1767323045}`
	const dataset = `{"name":"accounts/a/datasets/d","displayName":"a.jsonl","createTime":"2026-01-02T03:04:05Z"}`
	for _, c := range []struct {
		name, object string
		op           ai.Op
		in, want     string
	}{
		{"fresh", "", ai.CreateBatch, job("JOB_STATE_VALIDATING", ""), batch("validating", "null", "")},
		{"running, its output not yet", "", ai.GetBatch, job("JOB_STATE_RUNNING", `,"outputDatasetId":"accounts/a/datasets/out"`), batch("in_progress", "null", "")},
		{"writing", "", ai.GetBatch, job("JOB_STATE_WRITING_RESULTS", ""), batch("finalizing", "null", "")},
		{"ended", "", ai.GetBatch, job("JOB_STATE_COMPLETED", `,"updateTime":"2026-01-02T03:06:00Z","outputDatasetId":"accounts/a/datasets/out","jobProgress":{"totalInputRequests":1,"totalProcessedRequests":"3","successfullyProcessedRequests":2,"failedRequests":1}`),
			`{"id":"7",` + told + `"status":"completed","completion_window":"24h","input_file_id":"in","output_file_id":"out.results","error_file_id":"out.errors","created_at":1767323045,"completed_at":1767323160,"request_counts":{"total":3,"completed":2,"failed":1}}`},
		{"failed", "", ai.GetBatch, job("JOB_STATE_FAILED", `,"outputDatasetId":"accounts/a/datasets/out","status":{"code":"INVALID_ARGUMENT","message":"bad role"}`),
			batch("failed", "null", `,"errors":{"object":"list","data":[{"code":"INVALID_ARGUMENT","message":"bad role"}]}`)},
		{"deleted", "", ai.GetBatch, job("JOB_STATE_DELETING_CLEANING_UP", ""), batch("cancelled", "null", "")},
		{"a page", "", ai.ListBatches, `{"batchInferenceJobs":[` + job("JOB_STATE_PENDING", "") + `],"nextPageToken":"more"}`,
			`{"object":"list","data":[` + batch("in_progress", "null", "") + `],"has_more":true,"next_page_token":"more"}`},
		{"a cancellation", "7", ai.CancelBatch, `{}`, `{"id":"7","object":"batch","status":"cancelling"}`},
		{"a file", "d", ai.GetFile, dataset, file},
		{"results", "d.results", ai.GetFile, dataset, `{"id":"d.results","object":"file","filename":"d.results","purpose":"batch_output","status":"processed","bytes":0,"created_at":1767323045}`},
		{"an upload", "", ai.UploadFile, `{"name":"d","displayName":"a.jsonl","bytes":5}`, `{"id":"d","object":"file","filename":"a.jsonl","purpose":"batch","status":"processed","bytes":5,"created_at":7}`},
		{"files", "", ai.ListFiles, `{"datasets":[` + dataset + `]}`, `{"object":"list","data":[` + file + `],"has_more":false}`},
		{"a deletion", "d", ai.DeleteFile, `{}`, `{"id":"d","object":"file","deleted":true}`},
	} {
		got, err := format.ReplyToHub(&dialect.Conversion{Op: c.op, Object: c.object, Now: 7}, []byte(c.in))
		if err != nil || string(got) != c.want {
			t.Errorf("%s: got %s (%v), want %s", c.name, got, err, c.want)
		}
	}
	for op, in := range map[ai.Op]string{ai.GetBatch: `{"name":"a/1","state":"JOB_STATE_NEW"}`, ai.ListBatches: `{"batchInferenceJobs":[{}]}`, ai.GetFile: `{}`, ai.ListFiles: `{"datasets":[{}]}`} {
		_, err := format.ReplyToHub(&dialect.Conversion{Op: op}, []byte(in))
		if e := ai.AsError(err); err == nil || e.Kind != ai.BadGateway {
			t.Errorf("%s of %s: got %v", op, in, err)
		}
	}
}
