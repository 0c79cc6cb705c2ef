package predict_test

import (
	"errors"
	"testing"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/dialect/predict"
)

const (
	job = `{"name":"projects/5/locations/us-east5/batchPredictionJobs/77","model":"publishers/google/models/gemini-2.5-flash","state":"JOB_STATE_SUCCEEDED",` +
		`"inputConfig":{"instancesFormat":"jsonl","gcsSource":{"uris":["gs://bucket/in/a b.jsonl"]}},"outputInfo":{"gcsOutputDirectory":"gs://bucket/in/out-1"},` +
		`"createTime":"2026-01-02T03:04:05.678Z","startTime":"2026-01-02T03:05:00Z","endTime":"2026-01-02T03:06:00Z","completionStats":{"successfulCount":"8","failedCount":"1"}}`
	batch = `{"id":"77","object":"batch","endpoint":"/v1/chat/completions","model":"publishers/google/models/gemini-2.5-flash","status":"completed","completion_window":"24h",` +
		`"input_file_id":"gs-Z3M6Ly9idWNrZXQvaW4vYSBiLmpzb25s","output_file_id":"gs-Z3M6Ly9idWNrZXQvaW4vb3V0LTEvcHJlZGljdGlvbnMuanNvbmw.cHVibGlzaGVycy9nb29nbGUvbW9kZWxzL2dlbWluaS0yLjUtZmxhc2g",` +
		`"created_at":1767323045,"in_progress_at":1767323100,"completed_at":1767323160,"request_counts":{"total":9,"completed":8,"failed":1}}`
)

func TestBatches(t *testing.T) {
	for _, c := range []struct {
		name     string
		op       ai.Op
		in, want string
	}{
		{"a job", ai.GetBatch, job, batch},
		{"a fresh job", ai.CreateBatch, `{"name":"batchPredictionJobs/1","state":"JOB_STATE_PENDING"}`,
			`{"id":"1","object":"batch","endpoint":"/v1/chat/completions","model":"","status":"validating","completion_window":"24h","output_file_id":null}`},
		{"a failed job", ai.GetBatch, `{"name":"jobs/1","state":"JOB_STATE_FAILED","endTime":"2026-01-02T03:06:00Z","error":{"code":3,"message":"Bad line"}}`,
			`{"id":"1","object":"batch","endpoint":"/v1/chat/completions","model":"","status":"failed","completion_window":"24h","output_file_id":null,"failed_at":1767323160,` +
				`"errors":{"object":"list","data":[{"code":"3","message":"Bad line"}]}}`},
		{"a page", ai.ListBatches, `{"batchPredictionJobs":[` + job + `],"nextPageToken":"more"}`, `{"object":"list","data":[` + batch + `],"has_more":true,"next_page_token":"more"}`},
		{"no jobs", ai.ListBatches, `{}`, `{"object":"list","data":[],"has_more":false}`},
		{"a cancellation", ai.CancelBatch, `{}`, `{"id":"77","object":"batch","status":"cancelling"}`},
		{"a file", ai.GetFile, `{"kind":"storage#object","bucket":"bucket","name":"in/a.jsonl","size":"1234567890123","timeCreated":"2026-01-02T03:04:05.678Z"}`,
			`{"id":"gs-Z3M6Ly9idWNrZXQvaW4vYS5qc29ubA","object":"file","filename":"a.jsonl","purpose":"batch","status":"processed","bytes":1234567890123,"created_at":1767323045}`},
		{"a file's content", ai.GetFileContent, `{"a":1}`, `{"a":1}`},
	} {
		got, err := predict.New().ReplyToHub(&dialect.Conversion{Op: c.op, Object: "77"}, []byte(c.in))
		if err != nil || string(got) != c.want {
			t.Errorf("%s: got %s (%v), want %s", c.name, got, err, c.want)
		}
	}
	for op, in := range map[ai.Op]string{ai.GetBatch: `{"name":"a/1","state":"JOB_STATE_NEW"}`, ai.ListBatches: `{"batchPredictionJobs":[{}]}`, ai.GetFile: `{}`} {
		_, err := predict.New().ReplyToHub(&dialect.Conversion{Op: op}, []byte(in))
		if e, ok := errors.AsType[*ai.Error](err); !ok || e.Kind != ai.BadGateway {
			t.Errorf("%s of %s: got %v", op, in, err)
		}
	}
}

func TestJobs(t *testing.T) {
	const want = `{"displayName":"portico-id","model":"gemini-2.5-flash","inputConfig":{"instancesFormat":"jsonl","gcsSource":{"uris":["gs://bucket/in/a.jsonl"]}},` +
		`"outputConfig":{"predictionsFormat":"jsonl","gcsDestination":{"outputUriPrefix":"gs://bucket/in"}}}`
	for _, id := range []string{"gs://bucket/in/a.jsonl", "gs%3A%2F%2Fbucket%2Fin%2Fa.jsonl", "gs%253A%252F%252Fbucket%252Fin%252Fa.jsonl", "gs-Z3M6Ly9idWNrZXQvaW4vYS5qc29ubA"} {
		c := &dialect.Conversion{Op: ai.CreateBatch, ID: "id", Model: "gemini-2.5-flash"}
		got, err := predict.New().RequestFromHub(c, []byte(`{"input_file_id":"`+id+`","endpoint":"/v1/chat/completions","completion_window":"24h","metadata":{"a":"b"}}`))
		if err != nil || string(got) != want {
			t.Errorf("%s: got %s (%v), want %s", id, got, err, want)
		}
		if len(c.Receipts) != 1 || c.Receipts[0].Path != "metadata" {
			t.Errorf("receipts %+v", c.Receipts)
		}
	}
	for _, id := range []string{"", "file-1", "gs://", "gs://bucket", "gs://bucket/", "https://bucket/x", "gs:///x", "gs-", "gs-!", "gs-aGk"} {
		_, err := predict.New().RequestFromHub(&dialect.Conversion{Op: ai.CreateBatch}, []byte(`{"input_file_id":"`+id+`"}`))
		if e, ok := errors.AsType[*ai.Error](err); !ok || e.Kind != ai.Invalid || e.Param != "input_file_id" {
			t.Errorf("%q: got %v", id, err)
		}
	}
}
