package bedrock_test

import (
	"encoding/base64"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/portico-ai/portico/internal/ai"
	dialect "github.com/portico-ai/portico/internal/dialect/bedrock"
	"github.com/portico-ai/portico/internal/provider"
)

// platform makes a call of an operation on files and jobs.
func platform(op ai.Op, rest, body string, fields ...string) *provider.Call {
	c := call(op, "", append([]string{"aws_s3_bucket", "my.bucket"}, fields...)...)
	c.ID, c.Rest, c.Body = "id-1", rest, []byte(body)
	return c
}

func TestPlatformURLs(t *testing.T) {
	const control, s3 = "https://bedrock.us-east-1.amazonaws.com", "https://s3.us-east-1.amazonaws.com/my.bucket/"
	file := dialect.Storage.ID("s3://my.bucket/in/ä b+c.jsonl")
	results := dialect.Storage.ResultID("s3://my.bucket/out/a.jsonl.out", "m")
	based := func(c *provider.Call, base string) *provider.Call { c.Base = base; return c }
	upload := `{"purpose":"batch","file":{"filename":"my file ü.jsonl"}}`
	for _, c := range []struct {
		call *provider.Call
		want string
	}{
		{platform(ai.CreateBatch, "/batches", `{"modelId":"m"}`), "POST " + control + "/model-invocation-job"},
		{platform(ai.GetBatch, "/batches/abc", ""), "GET " + control + "/model-invocation-job/abc"},
		{platform(ai.GetBatch, "/batches/..%3Fx", ""), "GET " + control + "/model-invocation-job/..%3Fx"},
		{platform(ai.CancelBatch, "/batches/abc/cancel", ""), "POST " + control + "/model-invocation-job/abc/stop"},
		{platform(ai.ListBatches, "/batches?limit=5&page_token=a%2Fb&x=y", ""), "GET " + control + "/model-invocation-jobs?maxResults=5&nextToken=a%2Fb"},
		{platform(ai.GetFinetune, "/fine_tuning/jobs/mine", ""), "GET " + control + "/model-customization-jobs/mine"},
		{platform(ai.CancelFinetune, "/fine_tuning/jobs/mine/cancel", ""), "POST " + control + "/model-customization-jobs/mine/stop"},
		{platform(ai.ListFinetunes, "/fine_tuning/jobs?limit=2", ""), "GET " + control + "/model-customization-jobs?maxResults=2"},
		{platform(ai.GetFile, "/files/"+file, ""), "HEAD " + s3 + "in/%C3%A4%20b%2Bc.jsonl"},
		{platform(ai.GetFileContent, "/files/"+results+"/content", ""), "GET " + s3 + "out/a.jsonl.out"},
		{platform(ai.GetFileContent, "/files/a.jsonl/content", "", "aws_region", "eu-west-1"), "GET https://s3.eu-west-1.amazonaws.com/my.bucket/a.jsonl"},
		{platform(ai.UploadFile, "/files", upload), "PUT " + s3 + "portico/id-1/my_file__.jsonl"},
		{platform(ai.UploadFile, "/files", upload, "provider_file_name", "/in/x.jsonl"), "PUT " + s3 + "in/x.jsonl"},
		{based(platform(ai.GetFile, "/files/a.jsonl", ""), "http://127.0.0.1:9/aws"), "HEAD http://127.0.0.1:9/aws/my.bucket/a.jsonl"},
	} {
		r, err := row(t, noTokens{t}).Encode(t.Context(), c.call)
		if err != nil {
			t.Errorf("%s: %v", c.want, err)
			continue
		}
		if got := r.Method + " " + r.URL.String(); got != c.want {
			t.Errorf("got %s, want %s", got, c.want)
		}
		service := "/bedrock/aws4_request"
		if strings.Contains(c.want, "my.bucket") {
			service = "/s3/aws4_request"
		}
		if auth := r.Header.Get("Authorization"); !strings.Contains(auth, service) {
			t.Errorf("%s: signed as %s", c.want, auth)
		}
	}
}

// Nothing outside the bucket is read or written.
func TestPlatformMistakes(t *testing.T) {
	elsewhere := dialect.Storage.ID("s3://other/x")
	for _, c := range []struct {
		name, param, message string
		call                 *provider.Call
	}{
		{"input elsewhere", "aws_s3_bucket", "must be in the bucket", platform(ai.CreateBatch, "/batches", `{"modelId":"m","inputDataConfig":{"s3InputDataConfig":{"s3Uri":"s3://other/x"}}}`)},
		{"output elsewhere", "aws_s3_bucket", "must be in the bucket", platform(ai.CreateBatch, "/batches", `{"modelId":"m","outputDataConfig":{"s3OutputDataConfig":{"s3Uri":"s3://other"}}}`)},
		{"a bucket that begins like it", "aws_s3_bucket", "must be in the bucket", platform(ai.CreateBatch, "/batches", `{"modelId":"m","outputDataConfig":{"s3OutputDataConfig":{"s3Uri":"s3://my.bucket2/"}}}`)},
		{"training elsewhere", "aws_s3_bucket", "must be in the bucket", platform(ai.CreateFinetune, "/fine_tuning/jobs", `{"baseModelIdentifier":"m","trainingDataConfig":{"s3Uri":"s3://other/x"}}`)},
		{"validation elsewhere", "aws_s3_bucket", "must be in the bucket", platform(ai.CreateFinetune, "/fine_tuning/jobs", `{"baseModelIdentifier":"m","validationDataConfig":{"validators":[{"s3Uri":"s3://my.bucket/x"},{"s3Uri":"s3://other/x"}]}}`)},
		{"no model", "model", "needs a model", platform(ai.CreateBatch, "/batches", `{}`)},
		{"a file elsewhere", "aws_s3_bucket", "must be in the bucket", platform(ai.GetFileContent, "/files/"+elsewhere+"/content", "")},
		{"no bucket", "aws_s3_bucket", "x-portkey-aws-s3-bucket", platform(ai.GetFile, "/files/a", "", "aws_s3_bucket", "")},
		{"a bucket that is a path", "aws_s3_bucket", "letters", platform(ai.GetFile, "/files/a", "", "aws_s3_bucket", "a/../b")},
		{"no file", "id", "must name", platform(ai.GetFile, "/files/", "")},
		{"a folder above", "id", "may not have", platform(ai.GetFile, "/files/%2E%2E", "")},
		{"a name that climbs", "id", "may not have", platform(ai.UploadFile, "/files", `{}`, "provider_file_name", "../x")},
		{"no job", "id", "must name", platform(ai.GetBatch, "/batches/", "")},
		{"a page by its last batch", "after", "page_token", platform(ai.ListBatches, "/batches?after=77", "")},
	} {
		_, err := row(t, noTokens{t}).Encode(t.Context(), c.call)
		if e := ai.AsError(err); err == nil || e.Kind != ai.Invalid || e.Param != c.param || !strings.Contains(e.Message, c.message) {
			t.Errorf("%s: got %+v", c.name, err)
		}
	}
	c := platform(ai.GetFile, "/files/a", "")
	c.Key, c.Fields = ai.NewSecret("KEY"), map[string]string{"aws_s3_bucket": "b"}
	if _, err := row(t, noTokens{t}).Encode(t.Context(), c); err == nil || ai.AsError(err).Kind != ai.Unauthenticated {
		t.Errorf("an API key for S3: %v", err)
	}
}

func TestEncryption(t *testing.T) {
	for fields, want := range map[[2]string][2]string{
		{"", ""}: {"", ""}, {"AES256", ""}: {"AES256", ""}, {"", "k"}: {"aws:kms", "k"}, {"aws:kms:dsse", "k"}: {"aws:kms:dsse", "k"},
	} {
		for _, op := range []ai.Op{ai.UploadFile, ai.GetFile} {
			c := platform(op, "/files/a", `{}`, "amz_server_side_encryption", fields[0], "amz_server_side_encryption_aws_kms_key_id", fields[1])
			r, err := row(t, noTokens{t}).Encode(t.Context(), c)
			if err != nil {
				t.Fatal(err)
			}
			got := [2]string{r.Header.Get("X-Amz-Server-Side-Encryption"), r.Header.Get("X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id")}
			if op == ai.GetFile && got != [2]string{} || op == ai.UploadFile && got != want {
				t.Errorf("%s %v: got %v", op, fields, got)
			}
		}
	}
}

func TestTokenCounts(t *testing.T) {
	for model, path := range map[string]string{
		claude: "/model/anthropic.claude-sonnet-4-5-20250929-v1%3A0/count-tokens",
		"arn:aws:bedrock:us-east-1:1:inference-profile/eu.anthropic.claude-sonnet-4-5-20250929-v1:0": "/model/anthropic.claude-sonnet-4-5-20250929-v1%3A0/count-tokens",
	} {
		c := call(ai.CountTokens, model)
		c.Dialect, c.Body = ai.Anthropic, []byte(`{"model":"x","messages":[]}`)
		r, err := row(t, noTokens{t}).Encode(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(r.Body)
		inner, _, _ := strings.Cut(strings.TrimPrefix(string(body), `{"input":{"invokeModel":{"body":"`), `"`)
		got, err := base64.StdEncoding.DecodeString(inner)
		if err != nil || r.URL.EscapedPath() != path || string(got) != `{"messages":[],"anthropic_version":"bedrock-2023-05-31","max_tokens":1}` {
			t.Errorf("%s: %s %s (%v)", model, r.URL, got, err)
		}
	}
	p := row(t, noTokens{t})
	if _, ok := p.EndpointFor(ai.CountTokens, ai.Anthropic, "amazon.nova-lite-v1:0"); ok {
		t.Error("tokens are counted for a model that is not Claude's")
	}
	for in, want := range map[string]string{`{"inputTokens":8}`: `{"input_tokens":8}`, `{}`: ""} {
		resp := &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(in))}
		_, err := p.Adapter.(provider.Stepper).Next(t.Context(), p, call(ai.CountTokens, claude), 0, resp)
		if (err == nil) != (want != "") {
			t.Errorf("%s: %v", in, err)
			continue
		}
		if got, _ := io.ReadAll(resp.Body); err == nil && string(got) != want {
			t.Errorf("%s: got %s", in, got)
		}
	}
}

func TestBatchLines(t *testing.T) {
	p := row(t, noTokens{t})
	if got, err := p.BatchLine(ai.Chat, "m", "a", []byte(`{"messages":[]}`)); err != nil || string(got) != `{"recordId":"a","modelInput":{"messages":[]}}` {
		t.Errorf("got %s, %v", got, err)
	}
	for _, id := range []string{"a.jsonl", dialect.Storage.ID("s3://b/a.jsonl")} {
		if p.BatchResults(id) != nil {
			t.Errorf("%s passes for results", id)
		}
	}
	read := p.BatchResults(dialect.Storage.ResultID("s3://b/a.jsonl.out", "m"))
	for line, want := range map[string]provider.Result{
		`{"recordId":"a","modelInput":{},"modelOutput":{"output":{}}}`:                            {Op: ai.Chat, Dialect: ai.Bedrock},
		`{"recordId":"a","modelInput":{},"modelOutput":{"type":"message"}}`:                       {Op: ai.Chat, Dialect: ai.Anthropic},
		`{"recordId":"a","modelInput":{},"modelOutput":{"embedding":[1]}}`:                        {Op: ai.Embed, Dialect: ai.Bedrock},
		`{"recordId":"a","modelInput":{},"error":{"errorCode":400,"errorMessage":"bad request"}}`: {Op: ai.Chat, Dialect: ai.Bedrock, Err: &ai.Error{Code: "400", Message: "bad request"}},
		`{"recordId":"a","modelInput":{}}`:                                                        {Op: ai.Chat, Dialect: ai.Bedrock, Err: &ai.Error{Message: "The provider gave neither a reply nor a reason"}},
	} {
		got, err := read([]byte(line))
		if err != nil || got.ID != "a" || got.Model != "m" || got.Op != want.Op || got.Dialect != want.Dialect || (got.Err == nil) != (want.Err == nil) {
			t.Errorf("%s: got %+v, %v", line, got, err)
		}
		if want.Err != nil && (got.Err.Code != want.Err.Code || got.Err.Message != want.Err.Message) {
			t.Errorf("%s: got %+v", line, got.Err)
		}
	}
	if _, err := read([]byte(`[]`)); err == nil {
		t.Error("a list is a result")
	}
}
