package fireworks

import (
	"cmp"
	"context"
	"maps"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	dialect "github.com/portico-ai/portico/internal/dialect/fireworks"
	"github.com/portico-ai/portico/internal/provider"
	"github.com/portico-ai/portico/internal/sign"
)

// fileName is what an upload is called in its dataset.
const fileName = "input.jsonl"

// platform makes the first request of an operation on batches and files.
func platform(ctx context.Context, p *provider.Provider, c *provider.Call, e provider.Endpoint) (*http.Request, error) {
	_, query, _ := strings.Cut(c.Rest, "?")
	to, err := e.Path, error(nil)
	out := *c
	switch c.Op {
	case ai.CreateBatch:
		out.Body, err = jobBody(c)
	case ai.UploadFile:
		out.Upload = nil
		out.Body, err = datasetBody(c)
	case ai.ListFiles, ai.ListBatches:
		to, err = p.WithPage(to, query, "pageSize", "pageToken")
	default:
		// One segment, whatever characters it has.
		out.Model = dialect.DatasetID(provider.ObjectID(c.Rest))
		if out.Model == "" || out.Model == "." || out.Model == ".." {
			return nil, &ai.Error{Kind: ai.Invalid, Param: "id", Message: "The address must name a batch or a file"}
		}
		to = strings.Replace(to, "{id}", "{model}", 1)
	}
	if err != nil {
		return nil, err
	}
	return provider.EncodeAt(ctx, p, &out, e.Method, to)
}

// jobBody is a job with its model and the resources of its datasets.
func jobBody(c *provider.Call) (body []byte, err error) {
	model := cmp.Or(jsonedit.Text(jsonedit.Get(c.Body, "model")), c.Fields["provider_model"], c.Model)
	if model == "" {
		return nil, &ai.Error{Kind: ai.Invalid, Param: "model",
			Message: "A batch needs a model: set model in its request, or provider_model (x-portkey-provider-model)"}
	}
	if body, err = jsonedit.Set(c.Body, "model", jsonedit.AppendString(nil, fullModel(model))); err != nil {
		return nil, err
	}
	for _, key := range []string{"inputDatasetId", "outputDatasetId"} {
		id := jsonedit.Text(jsonedit.Get(body, key))
		if id == "" {
			continue
		}
		resource := "accounts/" + c.Fields[accountField] + "/datasets/" + id
		if body, err = jsonedit.Set(body, key, jsonedit.AppendString(nil, resource)); err != nil {
			return nil, err
		}
	}
	return body, nil
}

// datasetBody is a request for a dataset. Fireworks wants to be told how many
// lines it will have; only those of batches are counted, and it does not check.
func datasetBody(c *provider.Call) ([]byte, error) {
	lines := 1
	if counted, ok := c.Upload.(interface{ Lines() int }); ok {
		lines = counted.Lines()
	}
	dataset := jsonedit.Get(c.Body, "dataset")
	if dataset == nil {
		return c.Body, nil
	}
	dataset, err := jsonedit.Set(dataset, "exampleCount", jsonedit.AppendString(nil, strconv.Itoa(lines)))
	if err != nil {
		return nil, err
	}
	return jsonedit.Set(c.Body, "dataset", dataset)
}

// Next implements provider.Stepper.
func (adapter) Next(ctx context.Context, p *provider.Provider, c *provider.Call, step int, resp *http.Response) (*http.Request, error) {
	switch c.Op {
	case ai.UploadFile:
		return upload(ctx, p, c, step, resp)
	case ai.GetFileContent:
		if step == 0 {
			return download(ctx, p, c, resp)
		}
	}
	return nil, nil
}

// upload: the dataset is made; ask where its file goes, send it there, have it
// checked.
func upload(ctx context.Context, p *provider.Provider, c *provider.Call, step int, resp *http.Response) (*http.Request, error) {
	out := *c
	out.Upload, out.Model = nil, jsonedit.Text(jsonedit.Get(c.Body, "datasetId"))
	size := strconv.FormatInt(c.Upload.Size(), 10)
	switch step {
	case 0:
		out.Body = []byte(`{"filenameToSize":{"` + fileName + `":"` + size + `"}}`)
		return provider.EncodeAt(ctx, p, &out, http.MethodPost, datasets+"/{model}:getUploadEndpoint")
	case 1:
		to, err := signedURL(resp, func(name string) bool { return name == fileName })
		if err != nil {
			return nil, err
		}
		// The address is signed for these headers.
		out.Upload, out.Header = octets{c.Upload}, http.Header{"X-Goog-Content-Length-Range": {size + "," + size}}
		return atSigned(ctx, p, &out, http.MethodPut, to)
	case 2:
		out.Body = []byte("{}")
		return provider.EncodeAt(ctx, p, &out, http.MethodPost, datasets+"/{model}:validateUpload")
	}
	var w jsonedit.Writer
	w.Object()
	w.StringMember("name", out.Model)
	w.RawMember("displayName", jsonedit.Get(c.Body, "dataset", "displayName"))
	w.IntMember("bytes", c.Upload.Size())
	w.EndObject()
	provider.Rewrite(resp, w.Bytes())
	return nil, nil
}

// octets is an upload of no type in particular.
type octets struct{ ai.Upload }

// ContentType implements ai.Upload.
func (octets) ContentType() string { return "application/octet-stream" }

// download fetches the file of a dataset that an id stands for: of results, what
// came of the requests or what did not; of any other the first.
func download(ctx context.Context, p *provider.Provider, c *provider.Call, resp *http.Response) (*http.Request, error) {
	errors := strings.HasSuffix(provider.ObjectID(c.Rest), dialect.Errors)
	to, err := signedURL(resp, func(name string) bool { return strings.Contains(path.Base(name), "error") == errors })
	if err != nil {
		return nil, err
	}
	out := *c
	out.Header = nil
	return atSigned(ctx, p, &out, http.MethodGet, to)
}

// signedURL is the first address in a reply of a file whose name is fit.
func signedURL(resp *http.Response, fit func(name string) bool) (string, error) {
	body, err := provider.ReadStep(resp)
	if err != nil {
		return "", err
	}
	urls := map[string]string{}
	for name, to := range jsonedit.Members(jsonedit.Get(body, "filenameToSignedUrls")) {
		urls[string(name)] = jsonedit.Text(to)
	}
	for _, name := range slices.Sorted(maps.Keys(urls)) {
		if fit(name) {
			return urls[name], nil
		}
	}
	return "", &ai.Error{Kind: ai.Upstream, Status: http.StatusNotFound, Type: "invalid_request_error", Code: "no_such_file", Message: "The dataset has no such file"}
}

// atSigned makes a request to an address that is its own credential.
func atSigned(ctx context.Context, p *provider.Provider, c *provider.Call, method, to string) (*http.Request, error) {
	row := *p
	row.Sign = func(context.Context, *http.Request, sign.Credential) error { return nil }
	return provider.NewRequest(ctx, &row, c, method, to)
}

// batchLine is a line of a batch's file: a job has the model for all of them.
func batchLine(op ai.Op, _, id string, body []byte) ([]byte, error) {
	if op != ai.Chat {
		return nil, &ai.Error{Kind: ai.Invalid, Type: "invalid_request_error", Param: "file",
			Message: "file: the url of every line must be /v1/chat/completions: Fireworks' batches are chats"}
	}
	body, err := jsonedit.Delete(body, "model")
	if err != nil {
		return nil, err
	}
	var w jsonedit.Writer
	w.Object()
	w.StringMember("custom_id", id)
	w.RawMember("body", body)
	w.EndObject()
	return w.Bytes(), nil
}

// batchResults reads results, whose replies are OpenAI's without what OpenAI has
// around them.
func batchResults(fileID string) provider.ResultReader {
	if !strings.HasSuffix(fileID, dialect.Results) && !strings.HasSuffix(fileID, dialect.Errors) {
		return nil
	}
	return func(line []byte) (provider.Result, error) {
		get := func(path ...string) []byte { return jsonedit.Get(line, path...) }
		r := provider.Result{ID: jsonedit.Text(get("custom_id")), Op: ai.Chat, Dialect: ai.OpenAI, Reply: get("response")}
		if !jsonedit.Whole(line) || jsonedit.Kind(line) != '{' {
			return r, ai.Errorf(ai.BadGateway, "The provider's line of results is not a JSON object")
		}
		if inner := get("response", "body"); inner != nil {
			r.Reply = inner
		}
		if jsonedit.Kind(jsonedit.Get(r.Reply, "choices")) == '[' {
			return r, nil
		}
		r.Err = &ai.Error{Kind: ai.Upstream, Code: "batch_request_failed", Message: "The provider gave neither a reply nor a reason"}
		for _, reason := range [][]byte{get("error", "message"), get("error"), get("message"), jsonedit.Get(r.Reply, "error", "message")} {
			if text := jsonedit.Text(reason); text != "" {
				r.Err.Message = text
				break
			}
		}
		return r, nil
	}
}
