package bedrock

import (
	"strconv"
	"strings"

	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/dialect/objects"
)

// Storage is Amazon S3.
var Storage = objects.Store{Scheme: "s3://", Prefix: "s3-"}

// How the lines of a job's file are written. Converse serves every chat model, so
// that a file is the same for all of them; what embeds goes through InvokeModel.
const (
	viaConverse = "Converse"
	viaInvoke   = "InvokeModel"
)

// invocations are how the operations of a batch are called.
var invocations = map[string]string{"": viaConverse, "/v1/chat/completions": viaConverse, "/v1/embeddings": viaInvoke}

// hours that a job may be given.
const minHours, maxHours = 24, 168

// jobFromHub writes a batch as a model invocation job. Its results go beside its
// input unless the request says where.
func jobFromHub(c *dialect.Conversion, body []byte) ([]byte, error) {
	top := split(body)
	input, ok := Storage.URI(top.text("input_file_id"))
	if !ok {
		return nil, invalid("input_file_id", "must be the address of a file in S3, such as s3://bucket/input.jsonl, or the id of an uploaded one")
	}
	role := top.text("role_arn")
	if role == "" {
		return nil, invalid("role_arn", "must be the ARN of the role as which Bedrock reads the file and writes the results")
	}
	how, known := invocations[top.text("endpoint")]
	if !known {
		return nil, invalid("endpoint", "must be /v1/chat/completions or /v1/embeddings")
	}
	var w jsonedit.Writer
	w.Object()
	w.StringMember("jobName", orElse(top.text("job_name"), "portico-batch-"+c.ID))
	w.StringMember("roleArn", role)
	w.StringMember("clientRequestToken", c.ID)
	w.StringMember("modelId", orElse(top.text("model"), c.Model))
	w.StringMember("modelInvocationType", orElse(top.text("model_invocation_type"), how))
	w.Key("inputDataConfig")
	w.Object()
	w.Key("s3InputDataConfig")
	w.Object()
	w.StringMember("s3InputFormat", "JSONL")
	w.StringMember("s3Uri", input)
	w.EndObject()
	w.EndObject()
	w.RawMember("outputDataConfig", output(top.take("output_data_config"), input))
	if hours := windowHours(c, top.text("completion_window")); hours != 0 {
		w.IntMember("timeoutDurationInHours", hours)
	}
	w.EndObject()
	for key := range top.left {
		c.Drop(key, "Bedrock's batches have no such parameter")
	}
	return w.Bytes(), nil
}

// output is where results go: as the request says, in Bedrock's words or as an
// address, else into the folder of the input.
func output(asked []byte, input string) []byte {
	if jsonedit.Kind(asked) == '{' {
		return asked
	}
	folder := jsonedit.Text(asked)
	if folder == "" {
		folder = input[:strings.LastIndexByte(input, '/')+1]
	}
	var w jsonedit.Writer
	w.Object()
	w.Key("s3OutputDataConfig")
	w.Object()
	w.StringMember("s3Uri", folder)
	w.EndObject()
	w.EndObject()
	return w.Bytes()
}

// windowHours is the time that a job is given, 0 for Bedrock's own choice.
func windowHours(c *dialect.Conversion, window string) int64 {
	if window == "" {
		return 0
	}
	number, unit := window[:len(window)-1], window[len(window)-1]
	n, err := strconv.ParseInt(number, 10, 64)
	if unit == 'd' {
		n *= 24
	}
	if err != nil || unit != 'h' && unit != 'd' || n < minHours || n > maxHours {
		c.Drop("completion_window", "Bedrock's batches take from 24h to 168h; the service's own limit holds")
		return 0
	}
	return n
}

// states are what the hub calls the states of jobs.
var states = map[string]string{
	"Submitted": "validating", "Validating": "validating", "Scheduled": "validating", "InProgress": "in_progress",
	"Completed": "completed", "PartiallyCompleted": "completed", "Failed": "failed",
	"Stopping": "cancelling", "Stopped": "cancelled", "Expired": "expired",
}

// createdToHub writes the answer to a new job, which tells its ARN alone; the rest
// is what was asked for.
func createdToHub(c *dialect.Conversion, body []byte) ([]byte, error) {
	id := jobID(jsonedit.Text(jsonedit.Get(body, "jobArn")))
	if id == "" {
		return nil, badReply("one of a batch", "it has no jobArn")
	}
	asked := split(c.Request)
	input, _ := Storage.URI(asked.text("input_file_id"))
	b := objects.Batch{
		ID: id, Endpoint: orElse(asked.text("endpoint"), "/v1/chat/completions"), Model: c.Model, Status: "validating",
		Window: asked.text("completion_window"), Input: Storage.ID(input), CreatedAt: c.Now,
	}
	var w jsonedit.Writer
	b.Write(&w)
	return w.Bytes(), nil
}

// jobID is the last part of a job's ARN, by which it may be called too.
func jobID(arn string) string { return arn[strings.LastIndexByte(arn, '/')+1:] }

func jobToHub(_ *dialect.Conversion, body []byte) ([]byte, error) {
	var w jsonedit.Writer
	if err := writeJob(&w, body); err != nil {
		return nil, err
	}
	return w.Bytes(), nil
}

func jobsToHub(_ *dialect.Conversion, body []byte) ([]byte, error) {
	return objects.WritePage(jsonedit.Get(body, "invocationJobSummaries"), jsonedit.Text(jsonedit.Get(body, "nextToken")), writeJob)
}

func writeJob(w *jsonedit.Writer, job []byte) error {
	text := func(path ...string) string { return jsonedit.Text(jsonedit.Get(job, path...)) }
	b := objects.Batch{
		ID: jobID(text("jobArn")), Endpoint: "/v1/chat/completions", Model: text("modelId"), Status: states[text("status")],
		Created: text("submitTime"), Ended: text("endTime"), Expires: text("jobExpirationTime"),
	}
	if b.ID == "" || b.Status == "" {
		return badReply("one of a batch", "a job has no ARN or no state that is known")
	}
	if b.Ended == "" {
		b.Ended = text("lastModifiedTime")
	}
	if text("modelInvocationType") != viaConverse && embeds(b.Model) {
		b.Endpoint = "/v1/embeddings"
	}
	if hours := jsonedit.Int(jsonedit.Get(job, "timeoutDurationInHours")); hours > 0 {
		b.Window = strconv.FormatInt(hours, 10) + "h"
	}
	input := text("inputDataConfig", "s3InputDataConfig", "s3Uri")
	if _, isFile := Storage.URI(input); isFile {
		b.Input = Storage.ID(input)
	}
	switch name := input[strings.LastIndexByte(input, '/')+1:]; {
	case b.Status == "failed":
		b.FaultCode, b.FaultReason = text("status"), text("message")
	case b.Status != "validating" && b.Status != "in_progress" && b.Status != "cancelling" && name != "":
		folder := strings.TrimSuffix(text("outputDataConfig", "s3OutputDataConfig", "s3Uri"), "/")
		b.Output = Storage.ResultID(folder+"/"+b.ID+"/"+name+".out", b.Model)
	}
	if total := jsonedit.Get(job, "totalRecordCount"); total != nil {
		number := func(key string) int64 { return count(jsonedit.Get(job, key)) }
		b.Counted, b.Total, b.Done, b.Failed = true, count(total), number("successRecordCount"), number("errorRecordCount")
	}
	b.Write(w)
	return nil
}

// embeds reports whether a model makes vectors.
func embeds(model string) bool {
	name := foundation(model)
	return strings.HasPrefix(name, "amazon.titan-embed") || strings.HasPrefix(name, "cohere.embed")
}

// An Object is what S3 tells of one, in headers; it stands for a reply's body.
type Object struct {
	URI      string
	Bytes    int64
	Modified string // as RFC 3339 has times
}

// Write returns the object in the form that is read as a file.
func (o Object) Write() []byte {
	var w jsonedit.Writer
	w.Object()
	w.StringMember("uri", o.URI)
	w.IntMember("bytes", o.Bytes)
	w.StringMember("modified", o.Modified)
	w.EndObject()
	return w.Bytes()
}

// fileToHub writes an object as a file. One that has just been uploaded is of now.
func fileToHub(c *dialect.Conversion, body []byte) ([]byte, error) {
	uri := jsonedit.Text(jsonedit.Get(body, "uri"))
	f := objects.File{
		ID: Storage.ID(uri), Name: uri[strings.LastIndexByte(uri, '/')+1:], Purpose: objects.Purpose(c.Request),
		Bytes: count(jsonedit.Get(body, "bytes")), Created: jsonedit.Text(jsonedit.Get(body, "modified")),
	}
	if model, ok := Storage.Model(c.Object); ok {
		f.ID, f.Purpose = Storage.ResultID(uri, model), "batch_output"
	}
	if f.Created == "" {
		f.CreatedAt = c.Now
	}
	return f.Write(), nil
}
