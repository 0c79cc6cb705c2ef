// Package predict is the format of Vertex AI's predict method, as its embedding
// models and Imagen take it: a list of instances and parameters that hold for all
// of them, and a prediction for each; and of its batch prediction and tuning jobs,
// whose files are in Cloud Storage. Source: Google's reference of the text embeddings,
// multimodal embeddings and Imagen APIs, the discovery document of aiplatform v1
// and the JSON API of Cloud Storage; errors are those of every Google API.
//
// Only providers speak it: it is translated from the hub and back, not to it.
package predict

import (
	"fmt"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/dialect/gemini"
	"github.com/portico-ai/portico/internal/dialect/objects"
)

// Format implements dialect.Format and dialect.Translator. It has no state.
type Format struct{}

var (
	_ dialect.Format     = Format{}
	_ dialect.Translator = Format{}
)

// google has the errors that all of Google's APIs share.
var google gemini.Format

// New returns the format.
func New() Format { return Format{} }

// Dialect implements dialect.Format.
func (Format) Dialect() ai.Dialect { return ai.Predict }

// Model implements dialect.Format. A reply names no model as clients do.
func (Format) Model(ai.Op, []byte) string { return "" }

// Usage implements dialect.Format.
func (Format) Usage(_ ai.Op, reply []byte) ai.Usage { return usage(jsonedit.Get(reply, "predictions")) }

// usage is what predictions tell of it: how many tokens their texts were.
func usage(predictions []byte) (u ai.Usage) {
	for prediction := range jsonedit.Elements(predictions) {
		statistics := jsonedit.Get(prediction, "embeddings", "statistics")
		for _, key := range []string{"token_count", "tokenCount"} {
			if n := jsonedit.Get(statistics, key); !jsonedit.IsNull(n) {
				u.Known = true
				u.InputTokens += max(0, jsonedit.Int(n))
			}
		}
	}
	return u
}

// Watch implements dialect.Format. Nothing is streamed; what comes all the same
// can only be an error.
func (Format) Watch(op ai.Op) dialect.Watcher { return google.Watch(op) }

// ParseError implements dialect.Format.
func (Format) ParseError(status int, body []byte) *ai.Error { return google.ParseError(status, body) }

// ErrorBody implements dialect.Format.
func (Format) ErrorBody(e *ai.Error) []byte { return google.ErrorBody(e) }

// ErrorEvent implements dialect.Format.
func (Format) ErrorEvent(e *ai.Error) []byte { return google.ErrorEvent(e) }

// RequestFromHub implements dialect.Translator.
func (Format) RequestFromHub(c *dialect.Conversion, body []byte) ([]byte, error) {
	switch c.Op {
	case ai.Embed:
		return embedFromHub(c, body)
	case ai.ImageGenerate, ai.ImageEdit:
		return imageFromHub(c, body)
	case ai.CreateBatch:
		return jobFromHub(c, body)
	case ai.CreateFinetune:
		return tuningFromHub(c, body)
	case ai.CancelBatch, ai.CancelFinetune:
		return []byte("{}"), nil
	case ai.UploadFile:
		return body, objects.Uploadable(body)
	}
	return nil, unsupported(c.Op)
}

// ReplyToHub implements dialect.Translator.
func (Format) ReplyToHub(c *dialect.Conversion, body []byte) ([]byte, error) {
	switch c.Op {
	case ai.Embed:
		return vectorsToHub(c, jsonedit.Get(body, "predictions"))
	case ai.ImageGenerate, ai.ImageEdit:
		return imagesToHub(c, jsonedit.Get(body, "predictions"))
	case ai.CreateBatch, ai.GetBatch:
		return batchToHub(c, body)
	case ai.ListBatches:
		return batchesToHub(c, body)
	case ai.CancelBatch:
		return objects.Cancelled(c.Object), nil
	case ai.CreateFinetune, ai.GetFinetune:
		return tuningToHub(c, body)
	case ai.ListFinetunes:
		return tuningsToHub(c, body)
	case ai.CancelFinetune:
		return objects.Stopping(c.Object), nil
	case ai.GetFile, ai.UploadFile:
		return fileToHub(c, body)
	case ai.GetFileContent:
		return body, nil // one that happens to be JSON
	}
	return nil, unsupported(c.Op)
}

// RequestToHub implements dialect.Translator.
func (Format) RequestToHub(c *dialect.Conversion, _ []byte) ([]byte, error) {
	return nil, unsupported(c.Op)
}

// ReplyFromHub implements dialect.Translator.
func (Format) ReplyFromHub(c *dialect.Conversion, _ []byte) ([]byte, error) {
	return nil, unsupported(c.Op)
}

// StreamToHub implements dialect.Translator.
func (Format) StreamToHub(_ *dialect.Conversion, src ai.Stream) ai.Stream { return src }

// StreamFromHub implements dialect.Translator.
func (Format) StreamFromHub(c *dialect.Conversion, src ai.Stream) ai.Stream {
	return dialect.TranslateEvents(src, func(out, _ []byte) ([]byte, error) { return out, unsupported(c.Op) })
}

func unsupported(op ai.Op) error {
	return ai.Errorf(ai.Unsupported, "%s cannot be translated to or from Vertex AI's predict", op)
}

func invalid(param, problem string) error {
	return &ai.Error{Kind: ai.Invalid, Type: "invalid_request_error", Param: param, Message: fmt.Sprintf("%s %s", param, problem)}
}
