package objects

import "github.com/portico-ai/portico/internal/codec/jsonedit"

// A Training is a fine-tuning job as OpenAI's API tells of it.
type Training struct {
	ID, Model, Status string
	Made              string // the model that came of it
	File, Validation  string // ids of files
	Created, Ended    string // as RFC 3339 has times
	CreatedAt         int64  // instead of Created
	Epochs            []byte
	Fault             string
}

// Write writes the job.
func (t *Training) Write(w *jsonedit.Writer) {
	w.Object()
	w.StringMember("id", t.ID)
	w.StringMember("object", "fine_tuning.job")
	w.StringMember("model", t.Model)
	w.StringMember("status", t.Status)
	w.Key("fine_tuned_model")
	if t.Made != "" {
		w.String(t.Made)
	} else {
		w.Raw([]byte("null"))
	}
	optional(w, "training_file", t.File)
	optional(w, "validation_file", t.Validation)
	if t.CreatedAt != 0 {
		w.IntMember("created_at", t.CreatedAt)
	}
	moment(w, "created_at", t.Created)
	moment(w, "finished_at", t.Ended)
	w.Key("hyperparameters")
	w.Object()
	if len(t.Epochs) > 0 {
		w.IntMember("n_epochs", Count(t.Epochs))
	}
	w.EndObject()
	w.RawMember("result_files", []byte("[]"))
	if t.Fault != "" {
		w.Key("error")
		w.Object()
		w.StringMember("code", "failed")
		w.StringMember("message", t.Fault)
		w.EndObject()
	}
	w.EndObject()
}
