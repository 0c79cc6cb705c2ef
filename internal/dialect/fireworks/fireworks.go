// Package fireworks is the format of Fireworks' datasets and batch inference jobs,
// which are what it has for files and batches. Source: Fireworks' API reference
// and its guide to batch inference. Its lines of requests and results are nearly
// OpenAI's; the provider's row reads them.
package fireworks

import (
	"net/url"
	"strings"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/dialect/objects"
	"github.com/portico-ai/portico/internal/dialect/oneway"
)

// Datasets is the format's name.
const Datasets ai.Dialect = "fireworks-datasets"

// A job writes its results and what failed into one dataset of two files. Their
// ids are the dataset's and one of these.
const (
	Results = ".results"
	Errors  = ".errors"
)

// New returns the format.
func New() dialect.Format {
	return oneway.Format{
		ID:   Datasets,
		Told: true,
		Requests: map[ai.Op]oneway.Translation{
			ai.CreateBatch: jobFromHub, ai.CancelBatch: nothing, ai.UploadFile: uploadFromHub,
		},
		Replies: map[ai.Op]oneway.Translation{
			ai.CreateBatch: jobToHub, ai.GetBatch: jobToHub, ai.ListBatches: jobsToHub, ai.CancelBatch: cancelledToHub,
			ai.UploadFile: fileToHub, ai.GetFile: fileToHub, ai.ListFiles: filesToHub, ai.DeleteFile: deletedToHub, ai.GetFileContent: same,
		},
	}
}

func nothing(*dialect.Conversion, []byte) ([]byte, error) { return nil, nil }

func same(_ *dialect.Conversion, body []byte) ([]byte, error) { return body, nil }

// DatasetID is the dataset that a file's id stands for, which may be its resource.
func DatasetID(id string) string {
	if plain, err := url.PathUnescape(id); err == nil {
		id = plain
	}
	id = strings.TrimSuffix(strings.TrimSuffix(id, Results), Errors)
	return last(id)
}

func last(name string) string { return name[strings.LastIndexByte(name, '/')+1:] }

// inferenceParameters are what a job may say for all of its lines.
var inferenceParameters = [][2]string{
	{"max_tokens", "maxTokens"}, {"temperature", "temperature"}, {"top_p", "topP"}, {"top_k", "topK"}, {"n", "n"},
}

// jobFromHub writes a batch as a job. The resource of its dataset is completed
// where the account is known.
func jobFromHub(c *dialect.Conversion, body []byte) ([]byte, error) {
	top := jsonedit.Split(body)
	input := DatasetID(top.Text("input_file_id"))
	if input == "" {
		return nil, invalid("input_file_id", "must be the id of an uploaded file or of a dataset")
	}
	if endpoint := top.Text("endpoint"); endpoint != "" && endpoint != chats {
		return nil, invalid("endpoint", "must be "+chats+": Fireworks' batches are chats")
	}
	var w, parameters jsonedit.Writer
	w.Object()
	name := top.Text("job_name")
	if name == "" {
		name = "portico-batch-" + c.ID
	}
	w.StringMember("displayName", name)
	model := top.Text("model")
	if model == "" {
		model = c.Model
	}
	w.StringMember("model", model)
	w.StringMember("inputDatasetId", input)
	if output := top.Text("output_dataset_id"); output != "" {
		w.StringMember("outputDatasetId", last(output))
	}
	parameters.Object()
	empty := parameters.Len()
	for _, name := range inferenceParameters {
		top.MoveAs(&parameters, name[0], name[1])
	}
	if parameters.Len() > empty {
		parameters.EndObject()
		w.RawMember("inferenceParameters", parameters.Bytes())
	}
	w.EndObject()
	top.Take("completion_window") // a job has a day, whatever is asked for
	for key := range top.Left {
		c.Drop(key, "Fireworks' batches have no such parameter")
	}
	return w.Bytes(), nil
}

const chats = "/v1/chat/completions"

// states are what the hub calls the states of jobs.
var states = map[string]string{
	"UNSPECIFIED": "validating", "VALIDATING": "validating", "CREATING_INPUT_DATASET": "validating",
	"PENDING": "in_progress", "CREATING": "in_progress", "RUNNING": "in_progress", "RE_QUEUEING": "in_progress", "IDLE": "in_progress", "PAUSED": "in_progress",
	"WRITING_RESULTS": "finalizing", "COMPLETED": "completed", "FAILED": "failed", "EXPIRED": "expired", "EARLY_STOPPED": "expired",
	"CANCELLING": "cancelling", "CANCELLED": "cancelled", "DELETING": "cancelled", "DELETING_CLEANING_UP": "cancelled", "DELETED": "cancelled", "ARCHIVED": "cancelled",
}

func jobToHub(_ *dialect.Conversion, body []byte) ([]byte, error) {
	var w jsonedit.Writer
	if err := writeJob(&w, body); err != nil {
		return nil, err
	}
	return w.Bytes(), nil
}

func jobsToHub(_ *dialect.Conversion, body []byte) ([]byte, error) {
	return objects.WritePage(jsonedit.Get(body, "batchInferenceJobs"), jsonedit.Text(jsonedit.Get(body, "nextPageToken")), writeJob)
}

func writeJob(w *jsonedit.Writer, job []byte) error {
	text := func(path ...string) string { return jsonedit.Text(jsonedit.Get(job, path...)) }
	b := objects.Batch{
		ID: last(text("name")), Endpoint: chats, Model: text("model"), Status: states[strings.TrimPrefix(text("state"), "JOB_STATE_")],
		Input: last(text("inputDatasetId")), Created: text("createTime"), Ended: text("updateTime"), Expires: text("expireTime"),
	}
	if b.ID == "" || b.Status == "" {
		return oneway.BadReply("a job has no name or no state that is known")
	}
	switch output := last(text("outputDatasetId")); {
	case b.Status == "failed":
		b.FaultCode, b.FaultReason = text("status", "code"), text("status", "message")
	case output != "" && (b.Status == "completed" || b.Status == "expired"):
		b.Output, b.Errors = output+Results, output+Errors
	}
	if progress := jsonedit.Get(job, "jobProgress"); jsonedit.Kind(progress) == '{' {
		count := func(key string) int64 { return objects.Count(jsonedit.Get(progress, key)) }
		// What was declared of a dataset is not what is in it.
		b.Counted, b.Total = true, max(count("totalInputRequests"), count("totalProcessedRequests"))
		b.Done, b.Failed = count("successfullyProcessedRequests"), count("failedRequests")
	}
	b.Write(w)
	return nil
}

func cancelledToHub(c *dialect.Conversion, _ []byte) ([]byte, error) {
	return objects.Cancelled(DatasetID(c.Object)), nil
}

// uploadFromHub asks for a dataset to upload to.
func uploadFromHub(c *dialect.Conversion, fields []byte) ([]byte, error) {
	if err := objects.Uploadable(fields); err != nil {
		return nil, err
	}
	var w jsonedit.Writer
	w.Object()
	w.StringMember("datasetId", "portico-"+c.ID)
	w.Key("dataset")
	w.Object()
	w.StringMember("displayName", jsonedit.Text(jsonedit.Get(fields, "file", "filename")))
	w.RawMember("userUploaded", []byte("{}"))
	w.EndObject()
	w.EndObject()
	return w.Bytes(), nil
}

func fileToHub(c *dialect.Conversion, body []byte) ([]byte, error) {
	f, err := file(body)
	if err != nil {
		return nil, err
	}
	for _, suffix := range []string{Results, Errors} {
		if strings.HasSuffix(c.Object, suffix) {
			f.ID, f.Name, f.Purpose = f.ID+suffix, f.ID+suffix, "batch_output"
		}
	}
	if f.Created == "" {
		f.CreatedAt = c.Now
	}
	if c.Op == ai.UploadFile {
		f.Purpose = objects.Purpose(c.Request)
	}
	return f.Write(), nil
}

// file is a dataset as a file. Fireworks does not tell its size; an upload's is
// added where it is known.
func file(dataset []byte) (*objects.File, error) {
	text := func(key string) string { return jsonedit.Text(jsonedit.Get(dataset, key)) }
	f := &objects.File{ID: last(text("name")), Name: text("displayName"), Purpose: "batch", Created: text("createTime"), Bytes: objects.Count(jsonedit.Get(dataset, "bytes"))}
	if f.ID == "" {
		return nil, oneway.BadReply("it is no dataset")
	}
	if f.Name == "" {
		f.Name = f.ID
	}
	return f, nil
}

func filesToHub(_ *dialect.Conversion, body []byte) ([]byte, error) {
	return objects.WritePage(jsonedit.Get(body, "datasets"), jsonedit.Text(jsonedit.Get(body, "nextPageToken")), func(w *jsonedit.Writer, item []byte) error {
		f, err := file(item)
		if err == nil {
			w.Raw(f.Write())
		}
		return err
	})
}

func deletedToHub(c *dialect.Conversion, _ []byte) ([]byte, error) {
	var w jsonedit.Writer
	w.Object()
	w.StringMember("id", DatasetID(c.Object))
	w.StringMember("object", "file")
	w.Key("deleted")
	w.Bool(true)
	w.EndObject()
	return w.Bytes(), nil
}

func invalid(param, problem string) error {
	return &ai.Error{Kind: ai.Invalid, Type: "invalid_request_error", Param: param, Message: param + " " + problem}
}
