package predict

import (
	"fmt"
	"strings"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/dialect/objects"
)

// Storage is Google Cloud Storage.
var Storage = objects.Store{Scheme: "gs://", Prefix: "gs-"}

// jobFromHub writes a batch as a job. Its results go beside its input.
func jobFromHub(c *dialect.Conversion, body []byte) ([]byte, error) {
	input, model := "", c.Model
	for key, value := range jsonedit.Members(body) {
		switch k := string(key); k {
		case "input_file_id":
			input = jsonedit.Text(value)
		case "model":
			model = jsonedit.Text(value)
		case "endpoint", "completion_window": // a job's model says the one, the other is at best one day
		default:
			if !jsonedit.IsNull(value) {
				c.Drop(k, "Vertex AI's batches have no such parameter")
			}
		}
	}
	uri, ok := Storage.URI(input)
	if !ok {
		return nil, invalid("input_file_id", "must be the address of a file in Cloud Storage, such as gs://bucket/input.jsonl, or the id of an uploaded one")
	}
	folder := uri[:strings.LastIndexByte(uri, '/')]
	var w jsonedit.Writer
	w.Object()
	w.StringMember("displayName", "portico-"+c.ID)
	w.StringMember("model", model)
	w.Key("inputConfig")
	w.Object()
	w.StringMember("instancesFormat", "jsonl")
	w.Key("gcsSource")
	w.Object()
	w.Key("uris")
	w.Array()
	w.String(uri)
	w.EndArray()
	w.EndObject()
	w.EndObject()
	w.Key("outputConfig")
	w.Object()
	w.StringMember("predictionsFormat", "jsonl")
	w.Key("gcsDestination")
	w.Object()
	w.StringMember("outputUriPrefix", folder)
	w.EndObject()
	w.EndObject()
	w.EndObject()
	return w.Bytes(), nil
}

// states are what the hub calls the states of jobs.
var states = map[string]string{
	"JOB_STATE_QUEUED": "validating", "JOB_STATE_PENDING": "validating", "JOB_STATE_PAUSED": "validating",
	"JOB_STATE_RUNNING": "in_progress", "JOB_STATE_UPDATING": "in_progress",
	"JOB_STATE_SUCCEEDED": "completed", "JOB_STATE_PARTIALLY_SUCCEEDED": "completed", "JOB_STATE_FAILED": "failed",
	"JOB_STATE_CANCELLING": "cancelling", "JOB_STATE_CANCELLED": "cancelled", "JOB_STATE_EXPIRED": "expired",
}

func batchToHub(_ *dialect.Conversion, body []byte) ([]byte, error) {
	var w jsonedit.Writer
	if err := writeBatch(&w, body); err != nil {
		return nil, err
	}
	return w.Bytes(), nil
}

func writeBatch(w *jsonedit.Writer, job []byte) error {
	text := func(path ...string) string { return jsonedit.Text(jsonedit.Get(job, path...)) }
	name, state := text("name"), states[text("state")]
	if name == "" || state == "" {
		return ai.Errorf(ai.BadGateway, "The provider's reply could not be read: a job has no name or no state that is known")
	}
	b := objects.Batch{
		ID: last(name), Endpoint: "/v1/chat/completions", Model: text("model"), Status: state,
		Created: text("createTime"), Started: text("startTime"), Ended: text("endTime"),
	}
	for uri := range jsonedit.Elements(jsonedit.Get(job, "inputConfig", "gcsSource", "uris")) {
		b.Input = Storage.ID(jsonedit.Text(uri))
		break
	}
	if folder := text("outputInfo", "gcsOutputDirectory"); folder != "" {
		b.Output = Storage.ResultID(folder+"/predictions.jsonl", b.Model)
	}
	if stats := jsonedit.Get(job, "completionStats"); stats != nil {
		count := func(key string) int64 { return objects.Count(jsonedit.Get(stats, key)) }
		b.Counted, b.Done, b.Failed = true, count("successfulCount"), count("failedCount")
		b.Total = b.Done + b.Failed + count("incompleteCount")
	}
	if b.FaultReason = text("error", "message"); b.FaultReason != "" {
		b.FaultCode = fmt.Sprint(jsonedit.Int(jsonedit.Get(job, "error", "code")))
	}
	b.Write(w)
	return nil
}

func batchesToHub(_ *dialect.Conversion, body []byte) ([]byte, error) {
	return objects.WritePage(jsonedit.Get(body, "batchPredictionJobs"), jsonedit.Text(jsonedit.Get(body, "nextPageToken")), writeBatch)
}

// fileToHub writes an object of Cloud Storage as a file.
func fileToHub(c *dialect.Conversion, body []byte) ([]byte, error) {
	text := func(key string) string { return jsonedit.Text(jsonedit.Get(body, key)) }
	bucket, name := text("bucket"), text("name")
	if bucket == "" || name == "" {
		return nil, ai.Errorf(ai.BadGateway, "The provider's reply could not be read: it is no object of Cloud Storage")
	}
	f := objects.File{
		ID: Storage.ID("gs://" + bucket + "/" + name), Name: last(name), Purpose: objects.Purpose(c.Request),
		Bytes: objects.Count(jsonedit.Get(body, "size")), Created: text("timeCreated"),
	}
	return f.Write(), nil
}
