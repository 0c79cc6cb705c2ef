package bedrock

import (
	"strings"

	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/dialect/objects"
)

// hyperparameters are what both sides have, by the names here and Bedrock's, which
// writes all of them as text.
var hyperparameters = [][2]string{{"n_epochs", "epochCount"}, {"batch_size", "batchSize"}, {"learning_rate", "learningRate"}}

// customizationFromHub writes a fine-tuning job as a model customization job.
func customizationFromHub(c *dialect.Conversion, body []byte) ([]byte, error) {
	top := split(body)
	training, ok := Storage.URI(top.text("training_file"))
	if !ok {
		return nil, invalid("training_file", "must be the address of a file in S3, such as s3://bucket/train.jsonl, or the id of an uploaded one")
	}
	role := top.text("role_arn")
	if role == "" {
		return nil, invalid("role_arn", "must be the ARN of the role as which Bedrock reads the files and writes the results")
	}
	output := top.text("output_file")
	if output == "" {
		output = training[:strings.LastIndexByte(training, '/')+1]
	}
	name := jobName(c, top.text("job_name"))
	var w jsonedit.Writer
	w.Object()
	w.StringMember("jobName", name)
	w.StringMember("customModelName", orElse(top.text("suffix"), name))
	w.StringMember("roleArn", role)
	w.StringMember("clientRequestToken", c.ID)
	w.StringMember("baseModelIdentifier", orElse(top.text("model"), c.Model))
	w.StringMember("customizationType", "FINE_TUNING")
	place(&w, "trainingDataConfig", training)
	if file := top.text("validation_file"); file != "" {
		uri, ok := Storage.URI(file)
		if !ok {
			return nil, invalid("validation_file", "must be the address of a file in S3 or the id of an uploaded one")
		}
		w.Key("validationDataConfig")
		w.Object()
		w.Key("validators")
		w.Array()
		w.Object()
		w.StringMember("s3Uri", uri)
		w.EndObject()
		w.EndArray()
		w.EndObject()
	}
	place(&w, "outputDataConfig", output)
	if err := hyper(c, &w, top); err != nil {
		return nil, err
	}
	w.EndObject()
	for key := range top.left {
		c.Drop(key, "Bedrock's customization jobs have no such parameter")
	}
	return w.Bytes(), nil
}

// jobName is what a customization job is called: its name is its id too, for its
// ARN has slashes.
func jobName(c *dialect.Conversion, asked string) string {
	return orElse(asked, "portico-finetune-"+c.ID)
}

func place(w *jsonedit.Writer, key, uri string) {
	w.Key(key)
	w.Object()
	w.StringMember("s3Uri", uri)
	w.EndObject()
}

// hyper writes the hyperparameters, of which the request tells in one of two
// places; "auto" is the service's own choice.
func hyper(c *dialect.Conversion, w *jsonedit.Writer, top members) error {
	asked := top.take("hyperparameters")
	if method := top.take("method"); method != nil {
		kind := typeOf(method)
		if kind != "" && kind != "supervised" {
			return invalid("method.type", "must be supervised: Bedrock's customization jobs are not of type %s", kind)
		}
		if inner := jsonedit.Get(method, "supervised", "hyperparameters"); inner != nil {
			asked = inner
		}
	}
	settings := split(asked)
	var out jsonedit.Writer
	out.Object()
	empty := out.Len()
	for _, name := range hyperparameters {
		value := settings.take(name[0])
		text := jsonedit.Text(value)
		if text == "" {
			text = string(value)
		}
		if text != "" && text != "auto" {
			out.StringMember(name[1], text)
		}
	}
	for key := range settings.left {
		c.Drop("hyperparameters."+key, "Bedrock's customization jobs have no such hyperparameter")
	}
	if out.Len() > empty {
		out.EndObject()
		w.RawMember("hyperParameters", out.Bytes())
	}
	return nil
}

// trainings are what the hub calls the states of customization jobs.
var trainings = map[string]string{"InProgress": "running", "Completed": "succeeded", "Failed": "failed", "Stopping": "running", "Stopped": "cancelled"}

// customizedToHub writes the answer to a new job, which tells its ARN alone.
func customizedToHub(c *dialect.Conversion, body []byte) ([]byte, error) {
	if jsonedit.Text(jsonedit.Get(body, "jobArn")) == "" {
		return nil, badReply("one of a customization job", "it has no jobArn")
	}
	asked := split(c.Request)
	training, _ := Storage.URI(asked.text("training_file"))
	t := objects.Training{ID: jobName(c, asked.text("job_name")), Model: c.Model, Status: "queued", File: Storage.ID(training), CreatedAt: c.Now}
	var w jsonedit.Writer
	t.Write(&w)
	return w.Bytes(), nil
}

func customizationToHub(_ *dialect.Conversion, body []byte) ([]byte, error) {
	var w jsonedit.Writer
	if err := writeCustomization(&w, body); err != nil {
		return nil, err
	}
	return w.Bytes(), nil
}

func customizationsToHub(_ *dialect.Conversion, body []byte) ([]byte, error) {
	return objects.WritePage(jsonedit.Get(body, "modelCustomizationJobSummaries"), jsonedit.Text(jsonedit.Get(body, "nextToken")), writeCustomization)
}

func writeCustomization(w *jsonedit.Writer, job []byte) error {
	text := func(path ...string) string { return jsonedit.Text(jsonedit.Get(job, path...)) }
	t := objects.Training{
		ID: text("jobName"), Model: foundation(text("baseModelArn")), Status: trainings[text("status")], Made: orElse(text("outputModelArn"), text("customModelArn")),
		Created: text("creationTime"), Ended: text("endTime"), Fault: text("failureMessage"),
		Epochs: jsonedit.Get(job, "hyperParameters", "epochCount"),
	}
	if t.ID == "" || t.Status == "" {
		return badReply("one of a customization job", "a job has no name or no state that is known")
	}
	if file := text("trainingDataConfig", "s3Uri"); file != "" {
		t.File = Storage.ID(file)
	}
	for validator := range jsonedit.Elements(jsonedit.Get(job, "validationDataConfig", "validators")) {
		t.Validation = Storage.ID(jsonedit.Text(jsonedit.Get(validator, "s3Uri")))
		break
	}
	t.Write(w)
	return nil
}
