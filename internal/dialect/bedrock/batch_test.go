package bedrock

import (
	"bytes"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/test/corpus"
)

const (
	requestID = "0199a7b0-0000-7000-8000-000000000001"
	role      = "arn:aws:iam::123456789012:role/batch"
	in        = "s3://bucket/in/a.jsonl"
	inID      = "s3-czM6Ly9idWNrZXQvaW4vYS5qc29ubA"
	s3In      = `"inputDataConfig":{"s3InputDataConfig":{"s3InputFormat":"JSONL","s3Uri":"` + in + `"}}`
	s3Out     = `"outputDataConfig":{"s3OutputDataConfig":{"s3Uri":"s3://bucket/in/"}}`
)

func job(name, how, more string) string {
	return `{"jobName":"` + name + `","roleArn":"` + role + `","clientRequestToken":"` + requestID + `","modelId":"amazon.nova-lite-v1:0","modelInvocationType":"` + how + `",` + s3In + `,` + s3Out + more + `}`
}

var jobRequests = []struct {
	name     string
	op       ai.Op
	in, want string
	lost     string
}{
	{"a batch", ai.CreateBatch, `{"input_file_id":"` + inID + `","endpoint":"/v1/chat/completions","completion_window":"24h","role_arn":"` + role + `","metadata":{"a":"b"}}`,
		job("portico-batch-"+requestID, "Converse", `,"timeoutDurationInHours":24`), "metadata"},
	{"of vectors", ai.CreateBatch, `{"input_file_id":"s3%3A%2F%2Fbucket%2Fin%2Fa.jsonl","endpoint":"/v1/embeddings","completion_window":"7d","role_arn":"` + role + `","job_name":"mine"}`,
		job("mine", "InvokeModel", `,"timeoutDurationInHours":168`), ""},
	{"elsewhere, too soon", ai.CreateBatch, `{"input_file_id":"` + in + `","completion_window":"1h","role_arn":"` + role + `","model_invocation_type":"InvokeModel","output_data_config":{"s3OutputDataConfig":{"s3Uri":"s3://other/","s3EncryptionKeyId":"arn:aws:kms:us-west-2:123456789012:key/89b483cb-130d-497b-aa37-7db177e7cd32"}}}`,
		strings.Replace(job("portico-batch-"+requestID, "InvokeModel", ""), `"s3://bucket/in/"`, `"s3://other/","s3EncryptionKeyId":"arn:aws:kms:us-west-2:123456789012:key/89b483cb-130d-497b-aa37-7db177e7cd32"`, 1), "completion_window"},
	{"elsewhere, in short", ai.CreateBatch, `{"input_file_id":"` + in + `","role_arn":"` + role + `","output_data_config":"s3://bucket/out/"}`,
		strings.Replace(job("portico-batch-"+requestID, "Converse", ""), `"s3://bucket/in/"`, `"s3://bucket/out/"`, 1), ""},
	{"training", ai.CreateFinetune, `{"training_file":"` + inID + `","validation_file":"s3://bucket/in/b.jsonl","model":"amazon.nova-lite-v1:0","suffix":"mine","role_arn":"` + role + `","seed":5,` +
		`"method":{"type":"supervised","supervised":{"hyperparameters":{"n_epochs":2,"batch_size":"auto","learning_rate":0.00001,"learning_rate_multiplier":0.1}}}}`,
		`{"jobName":"portico-finetune-` + requestID + `","customModelName":"mine","roleArn":"` + role + `","clientRequestToken":"` + requestID + `","baseModelIdentifier":"amazon.nova-lite-v1:0","customizationType":"FINE_TUNING",` +
			`"trainingDataConfig":{"s3Uri":"` + in + `"},"validationDataConfig":{"validators":[{"s3Uri":"s3://bucket/in/b.jsonl"}]},"outputDataConfig":{"s3Uri":"s3://bucket/in/"},"hyperParameters":{"epochCount":"2","learningRate":"0.00001"}}`,
		"hyperparameters.learning_rate_multiplier seed"},
	{"training, told the older way", ai.CreateFinetune, `{"training_file":"` + in + `","role_arn":"` + role + `","job_name":"mine","output_file":"s3://bucket/out/","hyperparameters":{"n_epochs":"3"}}`,
		`{"jobName":"mine","customModelName":"mine","roleArn":"` + role + `","clientRequestToken":"` + requestID + `","baseModelIdentifier":"amazon.nova-lite-v1:0","customizationType":"FINE_TUNING",` +
			`"trainingDataConfig":{"s3Uri":"` + in + `"},"outputDataConfig":{"s3Uri":"s3://bucket/out/"},"hyperParameters":{"epochCount":"3"}}`, ""},
}

func TestJobs(t *testing.T) {
	for _, c := range jobRequests {
		cv := &dialect.Conversion{Op: c.op, ID: requestID, Model: "amazon.nova-lite-v1:0"}
		got, err := Format{}.RequestFromHub(cv, []byte(c.in))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		equalJSON(t, c.name, c.want, got)
		if receipts(cv) != c.lost {
			t.Errorf("%s: lost %q, want %q", c.name, receipts(cv), c.lost)
		}
	}
}

// The service's own model allows the jobs that are written.
func TestJobsAreAllowed(t *testing.T) {
	const file = "bedrock/bedrock-control.smithy.json.gz"
	schemas := map[ai.Op]*jsonschema.Schema{
		ai.CreateBatch:    corpus.SmithyShape(t, file, "CreateModelInvocationJobRequest"),
		ai.CreateFinetune: corpus.SmithyShape(t, file, "CreateModelCustomizationJobRequest"),
	}
	for _, c := range jobRequests {
		got, err := Format{}.RequestFromHub(&dialect.Conversion{Op: c.op, ID: requestID, Model: "amazon.nova-lite-v1:0"}, []byte(c.in))
		if err != nil {
			t.Fatal(err)
		}
		// The model at hand is older than this member, which Amazon's guide to batch
		// inference has.
		if got, err = jsonedit.Delete(got, "modelInvocationType"); err != nil {
			t.Fatal(err)
		}
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(got))
		if err == nil {
			err = schemas[c.op].Validate(doc)
		}
		if err != nil {
			t.Errorf("%s: %s: %v", c.name, got, err)
		}
	}
}

func TestJobMistakes(t *testing.T) {
	for _, c := range []struct {
		op        ai.Op
		in, param string
	}{
		{ai.CreateBatch, `{"role_arn":"r"}`, "input_file_id"},
		{ai.CreateBatch, `{"input_file_id":"file-1","role_arn":"r"}`, "input_file_id"},
		{ai.CreateBatch, `{"input_file_id":"` + in + `"}`, "role_arn"},
		{ai.CreateBatch, `{"input_file_id":"` + in + `","role_arn":"r","endpoint":"/v1/responses"}`, "endpoint"},
		{ai.CreateFinetune, `{"training_file":"s3://bucket","role_arn":"r"}`, "training_file"},
		{ai.CreateFinetune, `{"training_file":"` + in + `"}`, "role_arn"},
		{ai.CreateFinetune, `{"training_file":"` + in + `","role_arn":"r","validation_file":"x"}`, "validation_file"},
		{ai.CreateFinetune, `{"training_file":"` + in + `","role_arn":"r","method":{"type":"dpo"}}`, "method.type"},
		{ai.UploadFile, `{"purpose":"assistants","file":{}}`, "purpose"},
		{ai.UploadFile, `{"purpose":"batch","file":"x"}`, "file"},
		{ai.Rerank, `{"model":"amazon.nova-lite-v1:0","query":"q","documents":["a"]}`, "model"},
		{ai.Rerank, `{"model":"cohere.rerank-v3-5:0","documents":["a"]}`, "query"},
	} {
		_, err := Format{}.RequestFromHub(&dialect.Conversion{Op: c.op}, []byte(c.in))
		if e := ai.AsError(err); err == nil || e.Kind != ai.Invalid || e.Param != c.param {
			t.Errorf("%s of %s: %v, want a fault of %s", c.op, c.in, err, c.param)
		}
	}
}

func TestJobReplies(t *testing.T) {
	const (
		arn   = "arn:aws:bedrock:us-east-1:123456789012:model-invocation-job/abcdef012345"
		facts = `"modelId":"amazon.nova-lite-v1:0","roleArn":"r","submitTime":"2026-01-02T03:04:05.678Z","inputDataConfig":{"s3InputDataConfig":{"s3Uri":"` + in + `"}},"outputDataConfig":{"s3OutputDataConfig":{"s3Uri":"s3://bucket/out/"}}`
		told  = `"object":"batch","endpoint":"/v1/chat/completions","model":"amazon.nova-lite-v1:0",`
		out   = "s3-czM6Ly9idWNrZXQvb3V0L2FiY2RlZjAxMjM0NS9hLmpzb25sLm91dA.YW1hem9uLm5vdmEtbGl0ZS12MTow"
	)
	for _, c := range []struct {
		name             string
		op               ai.Op
		asked, reply, to string
	}{
		{"a fresh batch", ai.CreateBatch, `{"input_file_id":"` + in + `","completion_window":"48h"}`, `{"jobArn":"` + arn + `"}`,
			`{"id":"abcdef012345",` + told + `"status":"validating","completion_window":"48h","input_file_id":"` + inID + `","output_file_id":null,"created_at":7}`},
		{"one that runs", ai.GetBatch, "", `{"jobArn":"` + arn + `","status":"InProgress","timeoutDurationInHours":72,"jobExpirationTime":"2026-01-05T03:04:05Z",` + facts + `}`,
			`{"id":"abcdef012345",` + told + `"status":"in_progress","completion_window":"72h","input_file_id":"` + inID + `","output_file_id":null,"created_at":1767323045,"expires_at":1767582245}`},
		{"one that has ended", ai.GetBatch, "", `{"jobArn":"` + arn + `","status":"PartiallyCompleted","endTime":"2026-01-02T03:06:00Z","totalRecordCount":9,"successRecordCount":7,"errorRecordCount":2,` + facts + `}`,
			`{"id":"abcdef012345",` + told + `"status":"completed","completion_window":"24h","input_file_id":"` + inID + `","output_file_id":"` + out + `","created_at":1767323045,"completed_at":1767323160,"request_counts":{"total":9,"completed":7,"failed":2}}`},
		{"one that has failed", ai.GetBatch, "", `{"jobArn":"` + arn + `","status":"Failed","message":"Too few records.","lastModifiedTime":"2026-01-02T03:06:00Z",` + facts + `}`,
			`{"id":"abcdef012345",` + told + `"status":"failed","completion_window":"24h","input_file_id":"` + inID + `","output_file_id":null,"created_at":1767323045,"failed_at":1767323160,"errors":{"object":"list","data":[{"code":"Failed","message":"Too few records."}]}}`},
		{"a page", ai.ListBatches, "", `{"invocationJobSummaries":[{"jobArn":"` + arn + `","status":"Scheduled",` + facts + `}],"nextToken":"more"}`,
			`{"object":"list","data":[{"id":"abcdef012345",` + told + `"status":"validating","completion_window":"24h","input_file_id":"` + inID + `","output_file_id":null,"created_at":1767323045}],"has_more":true,"next_page_token":"more"}`},
		{"vectors", ai.GetBatch, "", `{"jobArn":"x/1","status":"Submitted","modelId":"amazon.titan-embed-text-v2:0"}`,
			`{"id":"1","object":"batch","endpoint":"/v1/embeddings","model":"amazon.titan-embed-text-v2:0","status":"validating","completion_window":"24h","output_file_id":null}`},
		{"fresh training", ai.CreateFinetune, `{"training_file":"` + in + `"}`, `{"jobArn":"arn:x/y/z"}`,
			`{"id":"portico-finetune-` + requestID + `","object":"fine_tuning.job","model":"","status":"queued","fine_tuned_model":null,"training_file":"` + inID + `","created_at":7,"hyperparameters":{},"result_files":[]}`},
		{"training that has ended", ai.GetFinetune, "", `{"jobArn":"arn:x","jobName":"mine","baseModelArn":"arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0","status":"Completed","outputModelArn":"arn:made","creationTime":"2026-01-02T03:04:05Z","endTime":"2026-01-02T03:06:00Z","trainingDataConfig":{"s3Uri":"` + in + `"},"validationDataConfig":{"validators":[{"s3Uri":"` + in + `"}]},"hyperParameters":{"epochCount":"2"}}`,
			`{"id":"mine","object":"fine_tuning.job","model":"amazon.nova-lite-v1:0","status":"succeeded","fine_tuned_model":"arn:made","training_file":"` + inID + `","validation_file":"` + inID + `","created_at":1767323045,"finished_at":1767323160,"hyperparameters":{"n_epochs":2},"result_files":[]}`},
		{"a page of training", ai.ListFinetunes, "", `{"modelCustomizationJobSummaries":[{"jobName":"mine","baseModelArn":"m","status":"Stopped"},{"jobName":"b","status":"Failed"}]}`,
			`{"object":"list","data":[{"id":"mine","object":"fine_tuning.job","model":"m","status":"cancelled","fine_tuned_model":null,"hyperparameters":{},"result_files":[]},{"id":"b","object":"fine_tuning.job","model":"","status":"failed","fine_tuned_model":null,"hyperparameters":{},"result_files":[]}],"has_more":false}`},
		{"a file", ai.GetFile, "", `{"uri":"` + in + `","bytes":5,"modified":"2026-01-02T03:04:05Z"}`,
			`{"id":"` + inID + `","object":"file","filename":"a.jsonl","purpose":"batch","status":"processed","bytes":5,"created_at":1767323045}`},
	} {
		cv := &dialect.Conversion{Op: c.op, ID: requestID, Now: 7, Request: []byte(c.asked)}
		if c.op == ai.CreateBatch {
			cv.Model = "amazon.nova-lite-v1:0"
		}
		got, err := Format{}.ReplyToHub(cv, []byte(c.reply))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		equalJSON(t, c.name, c.to, got)
	}
	for op, reply := range map[ai.Op]string{
		ai.CreateBatch: `{}`, ai.GetBatch: `{"jobArn":"a","status":"New"}`, ai.ListBatches: `{"invocationJobSummaries":[{}]}`, ai.CreateFinetune: `{}`, ai.GetFinetune: `{"jobName":"a"}`, ai.Rerank: `{}`,
	} {
		_, err := Format{}.ReplyToHub(&dialect.Conversion{Op: op}, []byte(reply))
		if e := ai.AsError(err); err == nil || e.Kind != ai.BadGateway {
			t.Errorf("%s of %s: %v", op, reply, err)
		}
	}
}

// A recorded reranking is asked for as its client did, and read.
func TestRecordedReranking(t *testing.T) {
	n := 0
	for _, e := range corpus.Exchanges(t, "bedrock", "invoke") {
		if !strings.Contains(e.URL, "/model/cohere.rerank") {
			continue
		}
		n++
		hub, err := jsonedit.Delete(e.RequestBody, "api_version")
		if err != nil {
			t.Fatal(err)
		}
		cv := &dialect.Conversion{Op: ai.Rerank, ID: "id", Model: "cohere.rerank-v3-5:0", Request: hub}
		got, err := Format{}.RequestFromHub(cv, hub)
		if err != nil {
			t.Fatal(err)
		}
		equalJSON(t, e.ID, string(e.RequestBody), got)
		reply, err := Format{}.ReplyToHub(cv, e.Body())
		if err != nil {
			t.Fatal(err)
		}
		equalJSON(t, e.ID, `{"object":"list","id":"id","model":"cohere.rerank-v3-5:0","results":[{"index":2,"relevance_score":0.8742601},{"index":0,"relevance_score":0.1728413},{"index":4,"relevance_score":0.10793502}],"usage":{"search_units":1}}`, reply)
	}
	if n == 0 {
		t.Error("the corpus has no reranking of Bedrock's")
	}
}

func TestS3Errors(t *testing.T) {
	e := Format{}.ParseError(404, []byte(`<?xml version="1.0" encoding="UTF-8"?>`+"\n"+`<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message><Key>a</Key></Error>`))
	if e.Code != "NoSuchKey" || e.Message != "The specified key does not exist." || e.Status != 404 {
		t.Errorf("got %+v", e)
	}
	if e := (Format{}).ParseError(502, []byte(`<html><body>Bad gateway</body></html>`)); e.Message == "" || e.Code != "" {
		t.Errorf("got %+v", e)
	}
}
