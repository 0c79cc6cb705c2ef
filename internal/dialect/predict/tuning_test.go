package predict_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/dialect/predict"
)

func TestTuningRequests(t *testing.T) {
	for _, c := range []struct{ name, in, want, lost string }{
		{"plain", `{"training_file":"gs-Z3M6Ly9idWNrZXQvaW4vYS5qc29ubA","model":"gemini-2.5-flash"}`,
			`{"baseModel":"gemini-2.5-flash","tunedModelDisplayName":"portico-id","supervisedTuningSpec":{"trainingDatasetUri":"gs://bucket/in/a.jsonl"}}`, ""},
		{"all", `{"training_file":"gs://bucket/a.jsonl","validation_file":"gs://bucket/b.jsonl","suffix":"mine","seed":5,` +
			`"method":{"type":"supervised","supervised":{"hyperparameters":{"n_epochs":3,"learning_rate_multiplier":"0.5","batch_size":"auto"}}}}`,
			`{"baseModel":"m","tunedModelDisplayName":"mine","supervisedTuningSpec":{"trainingDatasetUri":"gs://bucket/a.jsonl","validationDatasetUri":"gs://bucket/b.jsonl",` +
				`"hyperParameters":{"epochCount":"3","learningRateMultiplier":0.5}}}`, "hyperparameters.batch_size seed"},
		{"the older way", `{"training_file":"gs://bucket/a.jsonl","hyperparameters":{"n_epochs":"auto","learning_rate_multiplier":"fast"}}`,
			`{"baseModel":"m","tunedModelDisplayName":"portico-id","supervisedTuningSpec":{"trainingDatasetUri":"gs://bucket/a.jsonl"}}`, "hyperparameters.learning_rate_multiplier"},
	} {
		cv := &dialect.Conversion{Op: ai.CreateFinetune, ID: "id", Model: "m"}
		got, err := predict.New().RequestFromHub(cv, []byte(c.in))
		var lost []string
		for _, r := range cv.Receipts {
			lost = append(lost, r.Path)
		}
		if err != nil || string(got) != c.want || strings.Join(lost, " ") != c.lost {
			t.Errorf("%s: %v, lost %v\n got %s\nwant %s", c.name, err, lost, got, c.want)
		}
	}
	for in, param := range map[string]string{
		`{}`: "training_file", `{"training_file":"file-1"}`: "training_file", `{"training_file":"gs://b/a","validation_file":"x"}`: "validation_file",
		`{"training_file":"gs://b/a","method":{"type":"dpo"}}`: "method.type",
	} {
		_, err := predict.New().RequestFromHub(&dialect.Conversion{Op: ai.CreateFinetune}, []byte(in))
		if e, ok := errors.AsType[*ai.Error](err); !ok || e.Kind != ai.Invalid || e.Param != param {
			t.Errorf("%s: got %v", in, err)
		}
	}
}

func TestTuningReplies(t *testing.T) {
	const ended = `{"name":"projects/5/locations/us-east5/tuningJobs/9","baseModel":"gemini-2.5-flash","state":"JOB_STATE_SUCCEEDED","createTime":"2026-01-02T03:04:05Z","endTime":"2026-01-02T03:06:00Z",` +
		`"supervisedTuningSpec":{"trainingDatasetUri":"gs://bucket/in/a.jsonl","hyperParameters":{"epochCount":"3"}},` +
		`"tunedModel":{"model":"projects/5/locations/us-east5/models/8@1","endpoint":"projects/5/locations/us-east5/endpoints/7"}}`
	const told = `{"id":"9","object":"fine_tuning.job","model":"gemini-2.5-flash","status":"succeeded","fine_tuned_model":"google.endpoints.7","training_file":"gs-Z3M6Ly9idWNrZXQvaW4vYS5qc29ubA",` +
		`"created_at":1767323045,"finished_at":1767323160,"hyperparameters":{"n_epochs":3},"result_files":[]}`
	for _, c := range []struct {
		name     string
		op       ai.Op
		in, want string
	}{
		{"ended", ai.GetFinetune, ended, told},
		{"fresh", ai.CreateFinetune, `{"name":"tuningJobs/9","state":"JOB_STATE_PENDING"}`,
			`{"id":"9","object":"fine_tuning.job","model":"","status":"queued","fine_tuned_model":null,"hyperparameters":{},"result_files":[]}`},
		{"failed", ai.GetFinetune, `{"name":"tuningJobs/9","state":"JOB_STATE_FAILED","error":{"code":3,"message":"Bad line"}}`,
			`{"id":"9","object":"fine_tuning.job","model":"","status":"failed","fine_tuned_model":null,"hyperparameters":{},"result_files":[],"error":{"code":"failed","message":"Bad line"}}`},
		{"a page", ai.ListFinetunes, `{"tuningJobs":[` + ended + `],"nextPageToken":"more"}`, `{"object":"list","data":[` + told + `],"has_more":true,"next_page_token":"more"}`},
		{"a cancellation", ai.CancelFinetune, `{}`, `{"id":"9","object":"fine_tuning.job","status":"cancelled"}`},
	} {
		got, err := predict.New().ReplyToHub(&dialect.Conversion{Op: c.op, Object: "9"}, []byte(c.in))
		if err != nil || string(got) != c.want {
			t.Errorf("%s: got %s (%v), want %s", c.name, got, err, c.want)
		}
	}
	_, err := predict.New().ReplyToHub(&dialect.Conversion{Op: ai.GetFinetune}, []byte(`{"name":"a/1","state":"JOB_STATE_NEW"}`))
	if e, ok := errors.AsType[*ai.Error](err); !ok || e.Kind != ai.BadGateway {
		t.Errorf("an unknown state: %v", err)
	}
}

// A new file is for what its upload said; of others nothing tells.
func TestPurposes(t *testing.T) {
	for request, want := range map[string]string{`{"purpose":"fine-tune","file":{}}`: "fine-tune", ``: "batch"} {
		got, err := predict.New().ReplyToHub(&dialect.Conversion{Op: ai.UploadFile, Request: []byte(request)}, []byte(`{"bucket":"b","name":"a"}`))
		if err != nil || !strings.Contains(string(got), `"purpose":"`+want+`"`) {
			t.Errorf("%s: %s, %v", request, got, err)
		}
	}
}
