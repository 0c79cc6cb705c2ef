package predict

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/dialect/objects"
)

// tuningFromHub writes a fine-tuning job as a tuning job.
func tuningFromHub(c *dialect.Conversion, body []byte) ([]byte, error) {
	top := jsonedit.Split(body)
	training, ok := Storage.URI(top.Text("training_file"))
	if !ok {
		return nil, invalid("training_file", "must be the address of a file in Cloud Storage, such as gs://bucket/train.jsonl, or the id of an uploaded one")
	}
	validation := top.Text("validation_file")
	if validation != "" {
		if validation, ok = Storage.URI(validation); !ok {
			return nil, invalid("validation_file", "must be the address of a file in Cloud Storage or the id of an uploaded one")
		}
	}
	hyper, err := hyperparameters(c, top)
	if err != nil {
		return nil, err
	}
	model, name := top.Text("model"), top.Text("suffix")
	if model == "" {
		model = c.Model
	}
	if name == "" {
		name = "portico-" + c.ID
	}
	var w jsonedit.Writer
	w.Object()
	w.StringMember("baseModel", model)
	w.StringMember("tunedModelDisplayName", name)
	w.Key("supervisedTuningSpec")
	w.Object()
	w.StringMember("trainingDatasetUri", training)
	if validation != "" {
		w.StringMember("validationDatasetUri", validation)
	}
	if hyper != nil {
		w.RawMember("hyperParameters", hyper)
	}
	w.EndObject()
	w.EndObject()
	for key := range top.Left {
		c.Drop(key, "Vertex AI's tuning jobs have no such parameter")
	}
	return w.Bytes(), nil
}

// hyperparameters are those that both sides have, of which the request tells in
// one of two places; "auto" is the service's own choice. Nil means none.
func hyperparameters(c *dialect.Conversion, top jsonedit.Object) ([]byte, error) {
	asked := top.Take("hyperparameters")
	if method := top.Take("method"); method != nil {
		kind := jsonedit.Text(jsonedit.Get(method, "type"))
		if kind != "" && kind != "supervised" {
			return nil, invalid("method.type", "must be supervised: tuning jobs of type "+kind+" are not made here")
		}
		if inner := jsonedit.Get(method, "supervised", "hyperparameters"); inner != nil {
			asked = inner
		}
	}
	settings := jsonedit.Split(asked)
	epochs, rate := number(c, settings, "n_epochs"), number(c, settings, "learning_rate_multiplier")
	for key := range settings.Left {
		c.Drop("hyperparameters."+key, "Vertex AI's tuning jobs have no such hyperparameter")
	}
	if epochs == "" && rate == "" {
		return nil, nil
	}
	var w jsonedit.Writer
	w.Object()
	if epochs != "" {
		w.StringMember("epochCount", epochs) // of 64 bits, which Google writes as text
	}
	if rate != "" {
		w.RawMember("learningRateMultiplier", []byte(rate))
	}
	w.EndObject()
	return w.Bytes(), nil
}

// number takes a setting that is a number or the text of one, "" if it is neither.
func number(c *dialect.Conversion, settings jsonedit.Object, key string) string {
	value := settings.Take(key)
	text := jsonedit.Text(value)
	if text == "" {
		text = string(value)
	}
	if _, err := strconv.ParseFloat(text, 64); err == nil && json.Valid([]byte(text)) {
		return text
	}
	if text != "" && text != "auto" && text != "null" {
		c.Drop("hyperparameters."+key, "it is not a number")
	}
	return ""
}

// trainings are what the hub calls the states of tuning jobs.
var trainings = map[string]string{
	"JOB_STATE_QUEUED": "queued", "JOB_STATE_PENDING": "queued",
	"JOB_STATE_RUNNING": "running", "JOB_STATE_PAUSED": "running", "JOB_STATE_UPDATING": "running", "JOB_STATE_CANCELLING": "running",
	"JOB_STATE_SUCCEEDED": "succeeded", "JOB_STATE_PARTIALLY_SUCCEEDED": "succeeded",
	"JOB_STATE_FAILED": "failed", "JOB_STATE_EXPIRED": "failed", "JOB_STATE_CANCELLED": "cancelled",
}

func tuningToHub(_ *dialect.Conversion, body []byte) ([]byte, error) {
	var w jsonedit.Writer
	if err := writeTuning(&w, body); err != nil {
		return nil, err
	}
	return w.Bytes(), nil
}

func tuningsToHub(_ *dialect.Conversion, body []byte) ([]byte, error) {
	return objects.WritePage(jsonedit.Get(body, "tuningJobs"), jsonedit.Text(jsonedit.Get(body, "nextPageToken")), writeTuning)
}

func writeTuning(w *jsonedit.Writer, job []byte) error {
	text := func(path ...string) string { return jsonedit.Text(jsonedit.Get(job, path...)) }
	t := objects.Training{
		ID: last(text("name")), Model: text("baseModel"), Status: trainings[text("state")],
		Created: text("createTime"), Ended: text("endTime"), Fault: text("error", "message"),
		Epochs: jsonedit.Get(job, "supervisedTuningSpec", "hyperParameters", "epochCount"),
	}
	if t.ID == "" || t.Status == "" {
		return ai.Errorf(ai.BadGateway, "The provider's reply could not be read: a job has no name or no state that is known")
	}
	if endpoint := last(text("tunedModel", "endpoint")); endpoint != "" {
		t.Made = "google.endpoints." + endpoint // as it is asked for in a chat
	}
	for id, key := range map[*string]string{&t.File: "trainingDatasetUri", &t.Validation: "validationDatasetUri"} {
		if uri, ok := Storage.URI(text("supervisedTuningSpec", key)); ok {
			*id = Storage.ID(uri)
		}
	}
	t.Write(w)
	return nil
}

// last is the last part of a resource's name.
func last(name string) string { return name[strings.LastIndexByte(name, '/')+1:] }
