package predict

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect"
)

// idPrefix begins the ids of files. What follows is the address in base64, for
// addresses hold slashes, and ids stand in paths.
const idPrefix = "gs-"

// FileURI is the address in Cloud Storage that a file's id stands for. Addresses
// are ids too, as they are or percent-encoded, even twice: clients encode what
// they put into a path.
func FileURI(id string) (uri string, ok bool) {
	if code, isID := strings.CutPrefix(id, idPrefix); isID {
		if plain, err := base64.RawURLEncoding.DecodeString(code); err == nil {
			id = string(plain)
		}
	}
	for range 2 {
		if plain, err := url.PathUnescape(id); err == nil && !strings.HasPrefix(id, "gs://") {
			id = plain
		}
	}
	path, isURI := strings.CutPrefix(id, "gs://")
	bucket, object, named := strings.Cut(path, "/")
	return id, isURI && named && bucket != "" && object != ""
}

// fileID is the id of a file at an address in Cloud Storage.
func fileID(uri string) string { return idPrefix + base64.RawURLEncoding.EncodeToString([]byte(uri)) }

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
	uri, ok := FileURI(input)
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

// ended are the states of batches that end them, and when they were reached.
var ended = map[string]string{"completed": "completed_at", "failed": "failed_at", "cancelled": "cancelled_at", "expired": "expired_at"}

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
	w.Object()
	w.StringMember("id", name[strings.LastIndexByte(name, '/')+1:])
	w.StringMember("object", "batch")
	w.StringMember("endpoint", "/v1/chat/completions")
	w.StringMember("model", text("model"))
	w.StringMember("status", state)
	w.StringMember("completion_window", "24h")
	for uri := range jsonedit.Elements(jsonedit.Get(job, "inputConfig", "gcsSource", "uris")) {
		w.StringMember("input_file_id", fileID(jsonedit.Text(uri)))
		break
	}
	w.Key("output_file_id")
	if folder := text("outputInfo", "gcsOutputDirectory"); folder != "" {
		w.String(fileID(folder + "/predictions.jsonl"))
	} else {
		w.Raw([]byte("null"))
	}
	moment(w, "created_at", text("createTime"))
	moment(w, "in_progress_at", text("startTime"))
	if at := ended[state]; at != "" {
		moment(w, at, text("endTime"))
	}
	counts(w, jsonedit.Get(job, "completionStats"))
	if message := text("error", "message"); message != "" {
		w.Key("errors")
		w.Object()
		w.StringMember("object", "list")
		w.Key("data")
		w.Array()
		w.Object()
		w.StringMember("code", fmt.Sprint(jsonedit.Int(jsonedit.Get(job, "error", "code"))))
		w.StringMember("message", message)
		w.EndObject()
		w.EndArray()
		w.EndObject()
	}
	w.EndObject()
	return nil
}

// moment writes a time in seconds, if it is known.
func moment(w *jsonedit.Writer, key, written string) {
	if at, err := time.Parse(time.RFC3339Nano, written); err == nil {
		w.IntMember(key, at.Unix())
	}
}

func counts(w *jsonedit.Writer, stats []byte) {
	if stats == nil {
		return
	}
	// Numbers of 64 bits are strings in JSON as protobuf maps it.
	count := func(key string) int64 {
		v := jsonedit.Get(stats, key)
		if jsonedit.Kind(v) == '"' {
			v = []byte(jsonedit.Text(v))
		}
		return max(0, jsonedit.Int(v))
	}
	good, bad, open := count("successfulCount"), count("failedCount"), count("incompleteCount")
	w.Key("request_counts")
	w.Object()
	w.IntMember("total", good+bad+open)
	w.IntMember("completed", good)
	w.IntMember("failed", bad)
	w.EndObject()
}

// batchesToHub writes a page of jobs. The next one is asked for by its token,
// which is not the id of a batch.
func batchesToHub(_ *dialect.Conversion, body []byte) ([]byte, error) {
	var w jsonedit.Writer
	w.Object()
	w.StringMember("object", "list")
	w.Key("data")
	w.Array()
	for job := range jsonedit.Elements(jsonedit.Get(body, "batchPredictionJobs")) {
		if err := writeBatch(&w, job); err != nil {
			return nil, err
		}
	}
	w.EndArray()
	next := jsonedit.Text(jsonedit.Get(body, "nextPageToken"))
	w.Key("has_more")
	w.Bool(next != "")
	if next != "" {
		w.StringMember("next_page_token", next)
	}
	w.EndObject()
	return w.Bytes(), nil
}

// cancelToHub writes the answer to a cancellation, which tells nothing but that
// it was taken.
func cancelToHub(c *dialect.Conversion, _ []byte) ([]byte, error) {
	var w jsonedit.Writer
	w.Object()
	w.StringMember("id", c.Object)
	w.StringMember("object", "batch")
	w.StringMember("status", "cancelling")
	w.EndObject()
	return w.Bytes(), nil
}

// uploadable refuses files that are for anything else than batches.
func uploadable(fields []byte) error {
	if jsonedit.Text(jsonedit.Get(fields, "purpose")) != "batch" {
		return invalid("purpose", "must be batch: Vertex AI has no other use for files")
	}
	if jsonedit.Kind(jsonedit.Get(fields, "file")) != '{' {
		return invalid("file", "must be a file of JSON lines")
	}
	return nil
}

// fileToHub writes an object of Cloud Storage as a file.
func fileToHub(_ *dialect.Conversion, body []byte) ([]byte, error) {
	text := func(key string) string { return jsonedit.Text(jsonedit.Get(body, key)) }
	bucket, name := text("bucket"), text("name")
	if bucket == "" || name == "" {
		return nil, ai.Errorf(ai.BadGateway, "The provider's reply could not be read: it is no object of Cloud Storage")
	}
	var w jsonedit.Writer
	w.Object()
	w.StringMember("id", fileID("gs://"+bucket+"/"+name))
	w.StringMember("object", "file")
	w.StringMember("filename", name[strings.LastIndexByte(name, '/')+1:])
	w.StringMember("purpose", "batch")
	w.StringMember("status", "processed")
	size := text("size")
	w.IntMember("bytes", max(0, jsonedit.Int([]byte(size))))
	moment(&w, "created_at", text("timeCreated"))
	w.EndObject()
	return w.Bytes(), nil
}
