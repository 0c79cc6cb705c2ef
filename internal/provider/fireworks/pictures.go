package fireworks

import (
	"context"
	"net/http"
	"strings"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect/media"
	"github.com/portico-ai/portico/internal/provider"
)

// ownModels is where models are that are named without an account.
const ownModels = "accounts/fireworks/models/"

func fullModel(model string) string {
	if strings.Contains(model, "/") {
		return model
	}
	return ownModels + model
}

// pictures: FLUX models are workflows, of which Kontext alone edits.
func pictures(ctx context.Context, p *provider.Provider, c *provider.Call) (*http.Request, error) {
	out := *c
	out.Model = fullModel(c.Model)
	if out.Header = c.Header.Clone(); out.Header == nil {
		out.Header = http.Header{}
	}
	out.Header.Set("Accept", "application/json")
	path := "/image_generation/{model...}"
	switch {
	case media.IsKontext(out.Model):
		path = "/workflows/{model...}"
	case c.Op == ai.ImageEdit:
		return nil, provider.Unsupported(p, c.Op)
	case strings.Contains(out.Model, "flux"):
		path = "/workflows/{model...}/text_to_image"
	}
	return provider.EncodeAt(ctx, p, &out, http.MethodPost, path)
}

// Job implements provider.Poller: pictures of Kontext are asked after below the
// model's workflow.
func (adapter) Job(p *provider.Provider, c *provider.Call, before *provider.Job, reply []byte) (*provider.Job, error) {
	if c.Op != ai.ImageGenerate && c.Op != ai.ImageEdit || !media.IsKontext(c.Model) || media.FluxStage(reply) != media.Running {
		return nil, nil
	}
	if before != nil {
		return before, nil
	}
	id := jsonedit.Get(reply, "request_id")
	if jsonedit.Kind(id) != '"' {
		return nil, &ai.Error{Kind: ai.BadGateway, Type: "invalid_reply", Message: p.Name + " answered with neither a picture nor the id of what makes one"}
	}
	base, err := p.BaseURL(c)
	if err != nil {
		return nil, err
	}
	path, err := p.ModelPath(fullModel(c.Model))
	if err != nil {
		return nil, err
	}
	var w jsonedit.Writer
	w.Object()
	w.RawMember("id", id)
	w.EndObject()
	return &provider.Job{Method: http.MethodPost, URL: base + "/workflows/" + path + "/get_result", Body: w.Bytes()}, nil
}
