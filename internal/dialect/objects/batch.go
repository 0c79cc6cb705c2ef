package objects

import (
	"time"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
)

// A Batch is a job as OpenAI's API tells of it. Members without a value are left
// out, but for those of which OpenAI's clients read null.
type Batch struct {
	ID, Endpoint, Model, Status string
	Window                      string // "" means 24h
	Input, Output, Errors       string // ids of files
	Metadata                    []byte

	Created, Started, Ended, Expires string // as RFC 3339 has times

	CreatedAt              int64 // instead of Created
	Counted                bool
	Total, Done, Failed    int64
	FaultCode, FaultReason string
}

// ended are the states of batches that end them, and when they were reached.
var ended = map[string]string{"completed": "completed_at", "failed": "failed_at", "cancelled": "cancelled_at", "expired": "expired_at"}

// Write writes the batch.
func (b *Batch) Write(w *jsonedit.Writer) {
	window := b.Window
	if window == "" {
		window = "24h"
	}
	w.Object()
	w.StringMember("id", b.ID)
	w.StringMember("object", "batch")
	w.StringMember("endpoint", b.Endpoint)
	w.StringMember("model", b.Model)
	w.StringMember("status", b.Status)
	w.StringMember("completion_window", window)
	optional(w, "input_file_id", b.Input)
	w.Key("output_file_id")
	if b.Output != "" {
		w.String(b.Output)
	} else {
		w.Raw([]byte("null"))
	}
	optional(w, "error_file_id", b.Errors)
	if b.CreatedAt != 0 {
		w.IntMember("created_at", b.CreatedAt)
	}
	moment(w, "created_at", b.Created)
	moment(w, "in_progress_at", b.Started)
	moment(w, "expires_at", b.Expires)
	if at := ended[b.Status]; at != "" {
		moment(w, at, b.Ended)
	}
	if b.Counted {
		w.Key("request_counts")
		w.Object()
		w.IntMember("total", b.Total)
		w.IntMember("completed", b.Done)
		w.IntMember("failed", b.Failed)
		w.EndObject()
	}
	if len(b.Metadata) > 0 {
		w.RawMember("metadata", b.Metadata)
	}
	b.writeFault(w)
	w.EndObject()
}

func (b *Batch) writeFault(w *jsonedit.Writer) {
	if b.FaultReason == "" {
		return
	}
	w.Key("errors")
	w.Object()
	w.StringMember("object", "list")
	w.Key("data")
	w.Array()
	w.Object()
	w.StringMember("code", b.FaultCode)
	w.StringMember("message", b.FaultReason)
	w.EndObject()
	w.EndArray()
	w.EndObject()
}

func optional(w *jsonedit.Writer, key, value string) {
	if value != "" {
		w.StringMember(key, value)
	}
}

// moment writes a time in seconds, if it is known.
func moment(w *jsonedit.Writer, key, written string) {
	if at, err := time.Parse(time.RFC3339Nano, written); err == nil {
		w.IntMember(key, at.Unix())
	}
}

// Count reads a number, which protobuf writes as a string if it has 64 bits.
func Count(v []byte) int64 {
	if jsonedit.Kind(v) == '"' {
		v = []byte(jsonedit.Text(v))
	}
	return max(0, jsonedit.Int(v))
}

// WritePage writes a page of batches, each by write. The next one is asked for by
// its token, which is not the id of a batch.
func WritePage(list []byte, next string, write func(w *jsonedit.Writer, item []byte) error) ([]byte, error) {
	var w jsonedit.Writer
	w.Object()
	w.StringMember("object", "list")
	w.Key("data")
	w.Array()
	for item := range jsonedit.Elements(list) {
		if err := write(&w, item); err != nil {
			return nil, err
		}
	}
	w.EndArray()
	w.Key("has_more")
	w.Bool(next != "")
	if next != "" {
		w.StringMember("next_page_token", next)
	}
	w.EndObject()
	return w.Bytes(), nil
}

// Cancelled is the answer to a cancellation, which tells nothing but that it was
// taken.
func Cancelled(id string) []byte { return ending(id, "batch", "cancelling") }

// Stopping is the same of a fine-tuning job.
func Stopping(id string) []byte { return ending(id, "fine_tuning.job", "cancelled") }

func ending(id, object, status string) []byte {
	var w jsonedit.Writer
	w.Object()
	w.StringMember("id", id)
	w.StringMember("object", object)
	w.StringMember("status", status)
	w.EndObject()
	return w.Bytes()
}

// Purpose is what a new file is for, as the request to upload it says. Of any other
// nothing tells; most are for batches.
func Purpose(upload []byte) string {
	if purpose := jsonedit.Text(jsonedit.Get(upload, "purpose")); purpose != "" {
		return purpose
	}
	return "batch"
}

// Uploadable refuses files that are for anything else than batches and training.
func Uploadable(upload []byte) error {
	refuse := func(param, problem string) error {
		return &ai.Error{Kind: ai.Invalid, Type: "invalid_request_error", Param: param, Message: param + " " + problem}
	}
	if purpose := jsonedit.Text(jsonedit.Get(upload, "purpose")); purpose != "batch" && purpose != "fine-tune" {
		return refuse("purpose", "must be batch or fine-tune: the provider has no other use for files")
	}
	if jsonedit.Kind(jsonedit.Get(upload, "file")) != '{' {
		return refuse("file", "must be a file of JSON lines")
	}
	return nil
}

// A File is an object as OpenAI's API tells of a file.
type File struct {
	ID, Name, Purpose string
	Bytes             int64
	Created           string // as RFC 3339 has times
	CreatedAt         int64  // instead of Created
}

// Write returns the file.
func (f *File) Write() []byte {
	var w jsonedit.Writer
	w.Object()
	w.StringMember("id", f.ID)
	w.StringMember("object", "file")
	w.StringMember("filename", f.Name)
	w.StringMember("purpose", f.Purpose)
	w.StringMember("status", "processed")
	w.IntMember("bytes", f.Bytes)
	if f.CreatedAt != 0 {
		w.IntMember("created_at", f.CreatedAt)
	}
	moment(&w, "created_at", f.Created)
	w.EndObject()
	return w.Bytes()
}
