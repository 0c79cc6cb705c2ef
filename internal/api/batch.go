package api

import (
	"context"
	"net/http"
	"net/url"

	"github.com/google/uuid"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/gateway"
)

// BatchOutput serves what a batch has produced: it asks for the batch, then for
// the content of its output file. Each is a call with an entry of its own, in
// one trace.
func (in *Ingress) BatchOutput(format dialect.Format) http.Handler {
	path := func(_ http.ResponseWriter, r *http.Request, c *gateway.Call) error {
		c.Rest = "/batches/" + url.PathEscape(r.PathValue("id"))
		return nil
	}
	return in.handler(Operation{Op: ai.GetBatch, Format: format, body: path, do: func(ctx context.Context, c *gateway.Call) *ai.Reply {
		batch := in.Gateway.Do(ctx, c)
		if batch.Status != http.StatusOK || batch.Stream != nil { // no batch: the client sees what it is
			return batch
		}
		content := *c
		content.ID, content.Op = uuid.NewString(), ai.GetFileContent
		file := jsonedit.Text(jsonedit.Get(batch.Body, "output_file_id"))
		if file == "" {
			return in.Gateway.Refuse(&content, noOutput(batch.Body))
		}
		content.Rest = "/files/" + url.PathEscape(file) + "/content"
		return in.Gateway.Do(ctx, &content)
	}})
}

func noOutput(batch []byte) error {
	e := &ai.Error{Kind: ai.Conflict, Type: "invalid_request_error", Code: "batch_has_no_output",
		Message: "The batch has no output: its status is " + jsonedit.Text(jsonedit.Get(batch, "status"))}
	if file := jsonedit.Text(jsonedit.Get(batch, "error_file_id")); file != "" {
		e.Message += "; its errors are in the file " + file
	}
	return e
}
