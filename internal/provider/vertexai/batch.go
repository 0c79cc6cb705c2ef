package vertexai

import (
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
	case ai.ListBatches:
		path, err = withPage(path, query)
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
			return nil, &ai.Error{Kind: ai.Invalid, Param: "id", Message: "The address must name a batch or a file"}
		}
		c.Model = id // one segment, whatever characters it has
		path = strings.Replace(path, "{id}", "{model}", 1)
	}
	return provider.EncodeAt(ctx, p, c, method, path)
}

// jobBody is a job with its model as Vertex AI names it. Its file must be in the
// bucket that the credential is for.
func jobBody(c *provider.Call) ([]byte, error) {
	name := ""
	for _, asked := range []string{jsonedit.Text(jsonedit.Get(c.Body, "model")), c.Fields["provider_model"], c.Model} {
		if name == "" {
			name = asked
		}
	}
	if name == "" {
		return nil, &ai.Error{Kind: ai.Invalid, Param: "model",
			Message: "A batch needs a model: set model in its request, or provider_model (x-portkey-provider-model)"}
	}
	for uri := range jsonedit.Elements(jsonedit.Get(c.Body, "inputConfig", "gcsSource", "uris")) { // the results go beside it
		if _, err := inBucket(c, jsonedit.Text(uri)); err != nil {
			return nil, err
		}
	}
	m := parse(name)
	body, err := jsonedit.Set(c.Body, "model", jsonedit.AppendString(nil, "publishers/"+m.publisher+"/models/"+m.name))
	if err != nil || m.publisher != googleModels {
		return body, err
	}
	// The client's ids are not part of requests, but come back with the results.
	return jsonedit.Set(body, "instanceConfig", []byte(`{"excludedFields":["requestId"]}`))
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
	uri, ok := predict.FileURI(id)
	if !ok {
		return id, nil // a name in the bucket
	}
	name, err := inBucket(c, uri)
	return url.PathEscape(name), err
}

// withPage is a path that lists, with the page that OpenAI's query asks for.
func withPage(path, query string) (string, error) {
	asked, err := url.ParseQuery(query)
	if err != nil {
		return "", &ai.Error{Kind: ai.Invalid, Message: "The query of the address is not valid"}
	}
	if asked.Get("after") != "" {
		return "", &ai.Error{Kind: ai.Invalid, Param: "after",
			Message: "after is not a page of Vertex AI's: send the last reply's next_page_token as page_token"}
	}
	page := url.Values{}
	for theirs, ours := range map[string]string{"pageSize": "limit", "pageToken": "page_token"} {
		if v := asked.Get(ours); v != "" {
			page.Set(theirs, v)
		}
	}
	if len(page) == 0 {
		return path, nil
	}
	return path + "?" + page.Encode(), nil
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
func batchLine(name, id string, body []byte) ([]byte, error) {
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
