package media

import (
	"net/http"
	"net/url"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	format "github.com/portico-ai/portico/internal/dialect/media"
	"github.com/portico-ai/portico/internal/provider"
)

// polling is an adapter whose pictures are asked after.
type polling struct {
	only
	job func(p *provider.Provider, base string, c *provider.Call, before *provider.Job, reply []byte) (*provider.Job, error)
}

// Job implements provider.Poller.
func (a polling) Job(p *provider.Provider, c *provider.Call, before *provider.Job, reply []byte) (*provider.Job, error) {
	if c.Op != ai.ImageGenerate && c.Op != ai.ImageEdit && c.Op != ai.ImageVary {
		return nil, nil
	}
	base, err := p.BaseURL(c)
	if err != nil {
		return nil, err
	}
	return a.job(p, base, c, before, reply)
}

// fluxDomain is where Black Forest Labs' regions are. The region that has taken a
// task is the one to ask.
const fluxDomain = "bfl.ai"

func fluxJob(p *provider.Provider, base string, _ *provider.Call, before *provider.Job, reply []byte) (*provider.Job, error) {
	if format.FluxStage(reply) != format.Running {
		return nil, nil
	}
	if before != nil {
		return before, nil
	}
	at := jsonedit.Text(jsonedit.Get(reply, "polling_url"))
	if at == "" {
		id := jsonedit.Text(jsonedit.Get(reply, "id"))
		if id == "" {
			return nil, noJob(p)
		}
		at = base + "/get_result?id=" + url.QueryEscape(id)
	}
	if err := p.Own(base, at, fluxDomain); err != nil {
		return nil, err
	}
	return &provider.Job{Method: http.MethodGet, URL: at}, nil
}

// replicateJob asks after a prediction that took longer than it was waited for.
// One that was waited for has its output while it is still called processing; of
// one that is asked after, that may be a part of it.
func replicateJob(p *provider.Provider, base string, _ *provider.Call, before *provider.Job, reply []byte) (*provider.Job, error) {
	status := jsonedit.Text(jsonedit.Get(reply, "status"))
	if status != "starting" && status != "processing" || before == nil && !jsonedit.IsNull(jsonedit.Get(reply, "output")) {
		return nil, nil
	}
	id := jsonedit.Text(jsonedit.Get(reply, "id"))
	if id == "" {
		return nil, noJob(p)
	}
	at := base + "/predictions/" + url.PathEscape(id)
	return &provider.Job{Method: http.MethodGet, URL: at, Cancel: at + "/cancel"}, nil
}

func noJob(p *provider.Provider) error {
	return &ai.Error{Kind: ai.BadGateway, Type: "invalid_reply", Message: p.Name + " answered with neither a picture nor the id of what makes one"}
}
