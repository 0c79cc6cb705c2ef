package vertexai

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/google/uuid"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect/predict"
	"github.com/portico-ai/portico/internal/provider"
)

// platform makes the request of an operation on batches and files.
func (adapter) platform(ctx context.Context, p *provider.Provider, c *provider.Call, method, path string) (*http.Request, error) {
	_, query, _ := strings.Cut(c.Rest, "?")
	id, err := provider.ObjectID(c.Rest), error(nil)
	switch c.Op {
	case ai.CreateBatch:
		c.Body, err = jobBody(c)
	case ai.CreateFinetune:
		c.Body, err = tuningBody(c)
	case ai.ListBatches, ai.ListFinetunes:
		path, err = p.WithPage(path, query, "pageSize", "pageToken")
	case ai.UploadFile:
		path = strings.Replace(path, "{id}", url.QueryEscape(uploadName(c)), 1)
	case ai.GetFile, ai.GetFileContent:
		id, err = objectName(c, id)
	}
	if err != nil {
		return nil, err
	}
	if strings.Contains(path, "{id}") {
		if id, err = url.PathUnescape(id); err != nil || id == "" || id == "." || id == ".." {
			return nil, &ai.Error{Kind: ai.Invalid, Param: "id", Message: "The address must name a job or a file"}
		}
		c.Model = id // one segment, whatever characters it has
		path = strings.Replace(path, "{id}", "{model}", 1)
	}
	return provider.EncodeAt(ctx, p, c, method, path)
}

// jobBody is a job with its model as Vertex AI names it. Its file must be in the
// bucket that the credential is for.
func jobBody(c *provider.Call) ([]byte, error) {
	m, err := jobModel(c, "model")
	if err != nil {
		return nil, err
	}
	for uri := range jsonedit.Elements(jsonedit.Get(c.Body, "inputConfig", "gcsSource", "uris")) { // the results go beside it
		if _, err := inBucket(c, jsonedit.Text(uri)); err != nil {
			return nil, err
		}
	}
	body, err := jsonedit.Set(c.Body, "model", jsonedit.AppendString(nil, "publishers/"+m.publisher+"/models/"+m.name))
	if err != nil || m.publisher != googleModels {
		return body, err
	}
	// The client's ids are not part of requests, but come back with the results.
	return jsonedit.Set(body, "instanceConfig", []byte(`{"excludedFields":["requestId"]}`))
}

// jobModel is the model of a job, which its request names in a member, or else the
// credential.
func jobModel(c *provider.Call, member string) (model, error) {
	name := cmp.Or(jsonedit.Text(jsonedit.Get(c.Body, member)), c.Fields["provider_model"], c.Model)
	if name == "" {
		return model{}, &ai.Error{Kind: ai.Invalid, Param: "model",
			Message: "A job needs a model: set model in its request, or provider_model (x-portkey-provider-model)"}
	}
	return parse(name), nil
}

// tuningBody is a tuning job with its model's plain name, whose files are all in the
// bucket that the credential is for.
func tuningBody(c *provider.Call) ([]byte, error) {
	m, err := jobModel(c, "baseModel")
	if err != nil {
		return nil, err
	}
	for _, key := range []string{"trainingDatasetUri", "validationDatasetUri"} {
		if uri := jsonedit.Text(jsonedit.Get(c.Body, "supervisedTuningSpec", key)); uri != "" {
			if _, err := inBucket(c, uri); err != nil {
				return nil, err
			}
		}
	}
	return jsonedit.Set(c.Body, "baseModel", jsonedit.AppendString(nil, m.name))
}

// inBucket is the name of a file in the bucket that the credential is for.
func inBucket(c *provider.Call, uri string) (object string, err error) {
	bucket := c.Fields[bucketField]
	object, ok := strings.CutPrefix(uri, "gs://"+bucket+"/")
	if bucket == "" || !ok {
		return "", &ai.Error{Kind: ai.Invalid, Param: bucketField,
			Message: "Files must be in the bucket that " + bucketField + " (x-portkey-vertex-storage-bucket-name) names, as gs://BUCKET/NAME"}
	}
	return object, nil
}

// objectName is the name of the file that an id stands for.
func objectName(c *provider.Call, id string) (string, error) {
	uri, ok := predict.Storage.URI(id)
	if !ok {
		return id, nil // a name in the bucket
	}
	name, err := inBucket(c, uri)
	return url.PathEscape(name), err
}

// uploadName is what a file is called in the bucket: a folder of its own keeps it
// from taking the place of another.
func uploadName(c *provider.Call) string {
	if name := c.Fields["provider_file_name"]; name != "" {
		return name
	}
	name := jsonedit.Text(jsonedit.Get(c.Body, "file", "filename"))
	if name == "" {
		name = "input.jsonl"
	}
	return "portico/" + uuid.NewString() + "/" + name
}

// batchLine is a request in a batch's file. Models of publishers other than
// Google and Anthropic take OpenAI's lines.
func batchLine(op ai.Op, name, id string, body []byte) ([]byte, error) {
	if op != ai.Chat {
		return nil, &ai.Error{Kind: ai.Invalid, Type: "invalid_request_error", Param: "file",
			Message: "file: the url of every line must be /v1/chat/completions: Vertex AI's batches are translated for chat alone"}
	}
	m := parse(name)
	c := &provider.Call{Op: ai.Chat, Model: name, Body: body}
	e, _ := choose(ai.Chat, ai.OpenAI, name)
	body, _, err := fit(c, m, e, "")
	if err != nil {
		return nil, err
	}
	var w jsonedit.Writer
	w.Object()
	switch m.publisher {
	case googleModels:
		w.RawMember("request", body)
		w.StringMember("requestId", id)
	case claude:
		w.StringMember("custom_id", id)
		w.RawMember("request", body)
	default:
		w.StringMember("custom_id", id)
		w.StringMember("method", http.MethodPost)
		w.StringMember("url", "/v1/chat/completions")
		w.RawMember("body", body)
	}
	w.EndObject()
	return w.Bytes(), nil
}

// batchResults reads results: the request with the client's id in it or beside it,
// and the model's reply, or why there is none in the status.
func batchResults(fileID string) provider.ResultReader {
	name, ok := predict.Storage.Model(fileID)
	if !ok {
		return nil
	}
	m := parse(name)
	e, ok := choose(ai.Chat, ai.OpenAI, name)
	if !ok {
		e = gemini
	}
	return func(line []byte) (provider.Result, error) {
		get := func(path ...string) []byte { return jsonedit.Get(line, path...) }
		r := provider.Result{Op: ai.Chat, Model: m.name, Dialect: e.Dialect}
		if !jsonedit.Whole(line) || jsonedit.Kind(line) != '{' {
			return r, ai.Errorf(ai.BadGateway, "The provider's line of results is not a JSON object")
		}
		for _, id := range [][]byte{get("custom_id"), get("requestId"), get("request", "custom_id")} {
			if r.ID == "" {
				r.ID = jsonedit.Text(id)
			}
		}
		r.Reply = get("response")
		if inner := get("response", "body"); inner != nil {
			r.Reply = inner
		}
		if jsonedit.Kind(r.Reply) == '{' && len(r.Reply) > len("{}") {
			return r, nil
		}
		reason := jsonedit.Text(get("status"))
		if reason == "" {
			reason = jsonedit.Text(get("error", "message"))
		}
		if reason == "" {
			reason = "The provider gave neither a reply nor a reason"
		}
		r.Err = &ai.Error{Kind: ai.Upstream, Code: "batch_request_failed", Message: reason}
		return r, nil
	}
}
