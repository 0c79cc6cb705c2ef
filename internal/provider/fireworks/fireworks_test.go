package fireworks_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/portico-ai/portico/internal/ai"
	dialect "github.com/portico-ai/portico/internal/dialect/fireworks"
	"github.com/portico-ai/portico/internal/provider"
	"github.com/portico-ai/portico/internal/provider/fireworks"
)

func row(t *testing.T) *provider.Provider {
	t.Helper()
	r, err := provider.NewRegistry(fireworks.New())
	if err != nil {
		t.Fatal(err)
	}
	p, _ := r.Get(fireworks.ID)
	return p
}

func call(op ai.Op, rest, body string) *provider.Call {
	return &provider.Call{Op: op, ID: "id", Rest: rest, Body: []byte(body), Key: ai.NewSecret("KEY"), Fields: map[string]string{"fireworks_account_id": "acme"}}
}

func draw(model string) *provider.Call {
	c := call(ai.ImageGenerate, "", `{}`)
	c.Model = model
	return c
}

func edit(model string) *provider.Call {
	c := draw(model)
	c.Op = ai.ImageEdit
	return c
}

func TestURLs(t *testing.T) {
	const images, account = "https://api.fireworks.ai/inference/v1", "https://api.fireworks.ai/v1/accounts/acme"
	based := func(c *provider.Call, base string) *provider.Call { c.Base = base; return c }
	for _, c := range []struct {
		call *provider.Call
		want string
	}{
		{draw("flux-1-schnell-fp8"), "POST " + images + "/workflows/accounts/fireworks/models/flux-1-schnell-fp8/text_to_image"},
		{draw("accounts/me/models/playground-v2"), "POST " + images + "/image_generation/accounts/me/models/playground-v2"},
		{draw("flux-kontext-max"), "POST " + images + "/workflows/accounts/fireworks/models/flux-kontext-max"},
		{edit("flux-kontext-pro"), "POST " + images + "/workflows/accounts/fireworks/models/flux-kontext-pro"},
		{call(ai.Chat, "", `{}`), "POST " + images + "/chat/completions"},
		{based(call(ai.Chat, "", `{}`), "https://own.example/v1"), "POST https://own.example/v1/chat/completions"},
		{call(ai.GetFile, "/files/d", ""), "GET " + account + "/datasets/d"},
		{call(ai.GetFile, "/files/d.results", ""), "GET " + account + "/datasets/d"},
		{call(ai.GetFileContent, "/files/a%3Fb%23/content", ""), "GET " + account + "/datasets/a%3Fb%23:getDownloadEndpoint"},
		{call(ai.ListBatches, "/batches?limit=5&page_token=a%2Fb", ""), "GET " + account + "/batchInferenceJobs?pageSize=5&pageToken=a%2Fb"},
		{call(ai.CancelBatch, "/batches/7/cancel", ""), "DELETE " + account + "/batchInferenceJobs/7"},
	} {
		r, err := row(t).Encode(t.Context(), c.call)
		if err != nil {
			t.Errorf("%s: %v", c.want, err)
			continue
		}
		if got := r.Method + " " + r.URL.String(); got != c.want || r.Header.Get("Authorization") != "Bearer KEY" {
			t.Errorf("got %s with %v, want %s", got, r.Header, c.want)
		}
	}
	for _, model := range []string{"..", "a/../b", "/a", "a//b", "a/."} {
		if _, err := row(t).Encode(t.Context(), draw(model)); err == nil || ai.AsError(err).Param != "model" {
			t.Errorf("%q: %v", model, err)
		}
	}
	if _, err := row(t).Encode(t.Context(), edit("flux-1-dev-fp8")); err == nil || ai.AsError(err).Kind != ai.Unsupported {
		t.Errorf("a model that does not edit: %v", err)
	}
	for _, rest := range []string{"/files/", "/files/%2E%2E", "/files/.results"} {
		if _, err := row(t).Encode(t.Context(), call(ai.GetFile, rest, "")); err == nil || ai.AsError(err).Param != "id" {
			t.Errorf("%q: %v", rest, err)
		}
	}
}

func TestJobs(t *testing.T) {
	c := call(ai.CreateBatch, "/batches", `{"model":"llama","inputDatasetId":"in","outputDatasetId":"out"}`)
	r, err := row(t).Encode(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"model":"accounts/fireworks/models/llama","inputDatasetId":"accounts/acme/datasets/in","outputDatasetId":"accounts/acme/datasets/out"}`
	if body, _ := io.ReadAll(r.Body); string(body) != want {
		t.Errorf("got %s, want %s", body, want)
	}
	if _, err := row(t).Encode(t.Context(), call(ai.CreateBatch, "/batches", `{"inputDatasetId":"in"}`)); err == nil || ai.AsError(err).Param != "model" {
		t.Errorf("no model: %v", err)
	}
}

// A dataset without the file that is asked for is not found.
func TestNoSuchFile(t *testing.T) {
	for id, body := range map[string]string{
		"d.errors": `{"filenameToSignedUrls":{"dataset/d/BIJOutputSet.jsonl":"https://x.example/1"}}`, "d.results": `{"filenameToSignedUrls":{"dataset/d/error-data":"https://x.example/1"}}`, "d": `{}`,
	} {
		resp := &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}
		req, err := row(t).Adapter.(provider.Stepper).Next(t.Context(), row(t), call(ai.GetFileContent, "/files/"+id+"/content", ""), 0, resp)
		if e := ai.AsError(err); err == nil || e.HTTPStatus() != 404 || req != nil {
			t.Errorf("%s: %v, %v", id, req, err)
		}
	}
}

func TestBatchLines(t *testing.T) {
	p := row(t)
	if got, err := p.BatchLine(ai.Chat, "m", "a", []byte(`{"model":"m","messages":[]}`)); err != nil || string(got) != `{"custom_id":"a","body":{"messages":[]}}` {
		t.Errorf("got %s, %v", got, err)
	}
	if _, err := p.BatchLine(ai.Embed, "m", "a", []byte(`{}`)); err == nil || ai.AsError(err).Kind != ai.Invalid {
		t.Errorf("an embedding: %v", err)
	}
	if p.BatchResults("d") != nil {
		t.Error("an input passes for results")
	}
	read := p.BatchResults("d" + dialect.Results)
	for line, want := range map[string]string{
		`{"custom_id":"a","response":{"choices":[]}}`:                                        `{"choices":[]}`,
		`{"custom_id":"a","response":{"status_code":200,"body":{"choices":[]}}}`:             `{"choices":[]}`,
		`{"custom_id":"a","error":"no"}`:                                                     "no",
		`{"custom_id":"a","error":{"message":"no"}}`:                                         "no",
		`{"custom_id":"a","response":{"status_code":400,"body":{"error":{"message":"no"}}}}`: "no",
		`{"custom_id":"a"}`: "The provider gave neither a reply nor a reason",
	} {
		got, err := read([]byte(line))
		said := string(got.Reply)
		if got.Err != nil {
			said = got.Err.Message
		}
		if err != nil || got.ID != "a" || said != want {
			t.Errorf("%s: got %+v, %v", line, got, err)
		}
	}
	if _, err := read([]byte(`{`)); err == nil {
		t.Error("half a line is a result")
	}
}

// A picture of Kontext is asked after until it is there.
func TestPictureJobs(t *testing.T) {
	poller := row(t).Adapter.(provider.Poller)
	job, err := poller.Job(row(t), edit("flux-kontext-pro"), nil, []byte(`{"request_id":"r1"}`))
	if err != nil || job == nil || job.Method+" "+job.URL+" "+string(job.Body) !=
		`POST https://api.fireworks.ai/inference/v1/workflows/accounts/fireworks/models/flux-kontext-pro/get_result {"id":"r1"}` {
		t.Fatalf("got %+v, %v", job, err)
	}
	if again, err := poller.Job(row(t), edit("flux-kontext-pro"), job, []byte(`{"id":"r1","status":"Pending"}`)); err != nil || again != job {
		t.Errorf("asked again: %+v, %v", again, err)
	}
	for _, none := range []struct {
		call  *provider.Call
		reply string
	}{
		{edit("flux-kontext-pro"), `{"id":"r1","status":"Ready"}`}, {draw("flux-1-dev-fp8"), `{"base64":["x"]}`}, {call(ai.Chat, "", ""), `{}`},
	} {
		if job, err := poller.Job(row(t), none.call, nil, []byte(none.reply)); err != nil || job != nil {
			t.Errorf("%s: %+v, %v", none.reply, job, err)
		}
	}
	if _, err := poller.Job(row(t), draw("flux-kontext-pro"), nil, []byte(`{}`)); err == nil || ai.AsError(err).Kind != ai.BadGateway {
		t.Errorf("nothing to ask by: %v", err)
	}
}
