package bedrock

import (
	"cmp"
	"context"
	"iter"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	dialect "github.com/portico-ai/portico/internal/dialect/bedrock"
	"github.com/portico-ai/portico/internal/provider"
)

const (
	bucketField     = "aws_s3_bucket"
	encryptionField = "amz_server_side_encryption"
	keyField        = "amz_server_side_encryption_aws_kms_key_id"
)

// fileFields are the settings of files and batches.
func fileFields() []provider.Field {
	return []provider.Field{
		{Name: bucketField, Header: "aws-s3-bucket", Label: "Bucket", URLPart: true, Bound: true,
			Help: "Bucket of S3 that files and batches are in; no other is read or written"},
		{Name: "provider_file_name", Aliases: []string{"aws_s3_object_key"}, Header: "provider-file-name", AlsoHeader: "aws-s3-object-key", Label: "Name of uploads",
			Help: "Name in the bucket of a file that is uploaded, if it is to have a certain one; Bedrock reads those that end in .jsonl"},
		{Name: "provider_model", Aliases: []string{"aws_bedrock_model"}, Header: "provider-model", AlsoHeader: "aws-bedrock-model", Label: "Model of batches",
			Help: "Model of an uploaded file's lines, whatever they name, and of a batch whose request names none"},
		{Name: encryptionField, Header: "amz-server-side-encryption", Label: "Encryption of uploads",
			Help: "AES256, aws:kms or aws:kms:dsse, if uploads are not to be encrypted as the bucket says"},
		{Name: keyField, Header: "amz-server-side-encryption-aws-kms-key-id", Label: "Key of uploads",
			Help: "KMS key that uploads are encrypted with"},
	}
}

// platform makes the request of an operation on batches and files.
func (a adapter) platform(ctx context.Context, p *provider.Provider, c *provider.Call, e provider.Endpoint) (*http.Request, error) {
	_, query, _ := strings.Cut(c.Rest, "?")
	path, err := e.Path, error(nil)
	switch c.Op {
	case ai.UploadFile, ai.GetFile, ai.GetFileContent:
		return a.object(ctx, p, c, e)
	case ai.CreateBatch:
		c.Body, err = jobBody(c, "modelId", [][]string{{"inputDataConfig", "s3InputDataConfig", "s3Uri"}, {"outputDataConfig", "s3OutputDataConfig", "s3Uri"}})
	case ai.CreateFinetune:
		c.Body, err = jobBody(c, "baseModelIdentifier", [][]string{{"trainingDataConfig", "s3Uri"}, {"validationDataConfig", "validators"}, {"outputDataConfig", "s3Uri"}})
	case ai.ListBatches, ai.ListFinetunes:
		path, err = p.WithPage(path, query, "maxResults", "nextToken")
	default:
		var id string
		if id, err = url.PathUnescape(provider.ObjectID(c.Rest)); err != nil || id == "" || id == "." || id == ".." {
			return nil, &ai.Error{Kind: ai.Invalid, Param: "id", Message: "The address must name a job"}
		}
		path = strings.Replace(path, "{id}", escaped(id), 1)
	}
	if err != nil {
		return nil, err
	}
	return provider.EncodeAt(ctx, p, c, e.Method, path)
}

// jobBody is a job with its model, whose files, at the paths, are all in the bucket
// that the credential is for.
func jobBody(c *provider.Call, modelMember string, paths [][]string) ([]byte, error) {
	for _, path := range paths {
		for uri := range uris(jsonedit.Get(c.Body, path...)) {
			if _, err := inBucket(c, strings.TrimSuffix(uri, "/")+"/"); err != nil {
				return nil, err
			}
		}
	}
	model := cmp.Or(jsonedit.Text(jsonedit.Get(c.Body, modelMember)), c.Fields["provider_model"], c.Model)
	if model == "" {
		return nil, &ai.Error{Kind: ai.Invalid, Param: "model",
			Message: "A job needs a model: set model in its request, or provider_model (x-portkey-provider-model)"}
	}
	return jsonedit.Set(c.Body, modelMember, jsonedit.AppendString(nil, modelID(model)))
}

// uris yields an address, or those of a list of objects.
func uris(value []byte) iter.Seq[string] {
	return func(yield func(string) bool) {
		if jsonedit.Kind(value) == '"' {
			yield(jsonedit.Text(value))
			return
		}
		for one := range jsonedit.Elements(value) {
			if !yield(jsonedit.Text(jsonedit.Get(one, "s3Uri"))) {
				return
			}
		}
	}
}

// inBucket is the name of an object in the bucket that the credential is for.
func inBucket(c *provider.Call, uri string) (key string, err error) {
	bucket := c.Fields[bucketField]
	key, ok := strings.CutPrefix(uri, dialect.Storage.Scheme+bucket+"/")
	if bucket == "" || !ok {
		return "", &ai.Error{Kind: ai.Invalid, Type: "invalid_request_error", Param: bucketField,
			Message: "Files must be in the bucket that " + bucketField + " (x-portkey-aws-s3-bucket) names, as s3://BUCKET/NAME"}
	}
	return key, nil
}

// object makes the request of an object in S3. The bucket stands in the path, which
// all buckets can be called by, whatever dots their names have.
func (a adapter) object(ctx context.Context, p *provider.Provider, c *provider.Call, e provider.Endpoint) (*http.Request, error) {
	key, err := objectKey(c)
	if err != nil {
		return nil, err
	}
	segments := strings.Split(key, "/")
	for i, s := range segments {
		if s == "." || s == ".." || s == "" && i < len(segments)-1 {
			return nil, &ai.Error{Kind: ai.Invalid, Param: "id", Message: "The name of a file in S3 may not have . and .. or nothing between its slashes"}
		}
		segments[i] = escaped(s)
	}
	if c.Op == ai.UploadFile {
		encrypt(c)
	}
	s3 := *p
	s3.Sign = a.signer.SignS3
	path := strings.Replace(e.Path, "{id}", strings.Join(segments, "/"), 1)
	return provider.EncodeAt(ctx, &s3, c, e.Method, path)
}

// objectKey is the name in the bucket of the file that a call is about.
func objectKey(c *provider.Call) (string, error) {
	if c.Op == ai.UploadFile {
		return uploadKey(c)
	}
	id := provider.ObjectID(c.Rest)
	if uri, ok := dialect.Storage.URI(id); ok {
		return inBucket(c, uri)
	}
	key, err := url.PathUnescape(id)
	if err != nil || key == "" {
		return "", &ai.Error{Kind: ai.Invalid, Param: "id", Message: "The address must name a file"}
	}
	return key, nil // a name in the bucket
}

// uploadKey is what a file is called in the bucket: a folder of its own keeps it
// from taking the place of another. Bedrock reads files of this ending alone, and
// few characters in their names.
func uploadKey(c *provider.Call) (string, error) {
	if key := c.Fields["provider_file_name"]; key != "" {
		return strings.TrimPrefix(key, "/"), nil
	}
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-!_*'().", r) {
			return r
		}
		return '_'
	}, jsonedit.Text(jsonedit.Get(c.Body, "file", "filename")))
	return "portico/" + c.ID + "/" + strings.TrimSuffix(name, ".jsonl") + ".jsonl", nil
}

// encrypt asks S3 to encrypt an upload as the fields say.
func encrypt(c *provider.Call) {
	how, key := c.Fields[encryptionField], c.Fields[keyField]
	if how == "" && key != "" {
		how = "aws:kms"
	}
	if how == "" {
		return
	}
	c.Header = c.Header.Clone()
	if c.Header == nil {
		c.Header = http.Header{}
	}
	c.Header.Set("X-Amz-Server-Side-Encryption", how)
	if key != "" {
		c.Header.Set("X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id", key)
	}
}

// Next implements provider.Stepper.
func (a adapter) Next(_ context.Context, _ *provider.Provider, c *provider.Call, _ int, resp *http.Response) (*http.Request, error) {
	switch c.Op {
	case ai.CountTokens:
		return nil, countReply(resp)
	case ai.Complete:
		if !c.Stream {
			return nil, textReply(resp)
		}
	case ai.UploadFile, ai.GetFile:
		return nil, objectReply(c, resp)
	}
	return nil, nil
}

// objectReply writes what S3 tells of an object in headers, and what only the call
// knows, as the body of its reply.
func objectReply(c *provider.Call, resp *http.Response) error {
	key, err := objectKey(c)
	if err != nil {
		return err
	}
	o := dialect.Object{URI: dialect.Storage.Scheme + c.Fields[bucketField] + "/" + key, Bytes: resp.ContentLength}
	if c.Upload != nil {
		o.Bytes = c.Upload.Size()
	}
	if at, err := http.ParseTime(resp.Header.Get("Last-Modified")); err == nil {
		o.Modified = at.Format(time.RFC3339)
	}
	provider.Rewrite(resp, o.Write())
	return nil
}

// batchLine is a line of a batch's file: a request of Converse, or of InvokeModel
// to models that embed.
func batchLine(_ ai.Op, _, id string, body []byte) ([]byte, error) {
	var w jsonedit.Writer
	w.Object()
	w.StringMember("recordId", id)
	w.RawMember("modelInput", body)
	w.EndObject()
	return w.Bytes(), nil
}

// batchResults reads results. Those of Claude's that came through InvokeModel, in
// a job that was not made here, are in its own format.
func batchResults(fileID string) provider.ResultReader {
	model, ok := dialect.Storage.Model(fileID)
	if !ok {
		return nil
	}
	return func(line []byte) (provider.Result, error) {
		r := provider.Result{ID: jsonedit.Text(jsonedit.Get(line, "recordId")), Op: ai.Chat, Model: model, Dialect: ai.Bedrock, Reply: jsonedit.Get(line, "modelOutput")}
		switch {
		case !jsonedit.Whole(line) || jsonedit.Kind(line) != '{':
			return r, ai.Errorf(ai.BadGateway, "The provider's line of results is not a JSON object")
		case jsonedit.Kind(r.Reply) != '{':
			r.Err = lineError(jsonedit.Get(line, "error"))
		case jsonedit.Get(r.Reply, "embedding") != nil || jsonedit.Get(r.Reply, "embeddings") != nil:
			r.Op = ai.Embed
		case jsonedit.Text(jsonedit.Get(r.Reply, "type")) == "message":
			r.Dialect = ai.Anthropic
		}
		return r, nil
	}
}

func lineError(raw []byte) *ai.Error {
	e := &ai.Error{Kind: ai.Upstream, Message: jsonedit.Text(jsonedit.Get(raw, "errorMessage"))}
	code := jsonedit.Get(raw, "errorCode")
	if e.Code = jsonedit.Text(code); e.Code == "" {
		e.Code = string(code)
	}
	if e.Message == "" {
		e.Message = "The provider gave neither a reply nor a reason"
	}
	return e
}
