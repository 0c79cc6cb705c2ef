// Package fireworks is Fireworks: models in OpenAI's format, pictures in one of
// its own, and files and batches as datasets and jobs of its control plane, where
// moving a file takes several requests.
package fireworks

import (
	"context"
	"net/http"

	"github.com/portico-ai/portico/internal/ai"
	dialect "github.com/portico-ai/portico/internal/dialect/fireworks"
	"github.com/portico-ai/portico/internal/dialect/media"
	"github.com/portico-ai/portico/internal/provider"
)

// ID is the provider's slug.
const ID = "fireworks-ai"

const accountField = "fireworks_account_id"

// control is the host of the control plane.
const (
	control  = "https://api.fireworks.ai/v1"
	account  = "/accounts/{" + accountField + "}"
	datasets = account + "/datasets"
	jobs     = account + "/batchInferenceJobs"
)

// New returns the row.
func New() *provider.Provider {
	return &provider.Provider{
		ID: ID, Name: "Fireworks", Docs: "https://docs.fireworks.ai/api-reference/post-chatcompletions",
		Base: "https://api.fireworks.ai/inference/v1", Telemetry: []string{"fireworks"},
		Fields: []provider.Field{
			{Name: accountField, Header: "fireworks-account-id", Label: "Account", URLPart: true, Help: "Id of the account that files and batches are in"},
			{Name: "provider_model", Header: "provider-model", Label: "Model of batches", Help: "Model of a batch whose request names none"},
		},
		Adapter: adapter{},
		Ops: map[ai.Op]provider.Endpoint{
			ai.Chat:           {Dialect: ai.OpenAI, Path: "/chat/completions"},
			ai.Complete:       {Dialect: ai.OpenAI, Path: "/completions"},
			ai.Embed:          {Dialect: ai.OpenAI, Path: "/embeddings"},
			ai.Models:         {Dialect: ai.OpenAI, Path: "/models", Method: http.MethodGet},
			ai.ImageGenerate:  {Dialect: media.Fireworks, Path: "/image_generation/{model...}"},
			ai.ImageEdit:      {Dialect: media.Fireworks, Path: "/workflows/{model...}"},
			ai.UploadFile:     {Dialect: dialect.Datasets, Path: datasets, Base: control},
			ai.ListFiles:      {Dialect: dialect.Datasets, Path: datasets, Method: http.MethodGet, Base: control},
			ai.GetFile:        {Dialect: dialect.Datasets, Path: datasets + "/{id}", Method: http.MethodGet, Base: control},
			ai.DeleteFile:     {Dialect: dialect.Datasets, Path: datasets + "/{id}", Method: http.MethodDelete, Base: control},
			ai.GetFileContent: {Dialect: dialect.Datasets, Path: datasets + "/{id}:getDownloadEndpoint", Method: http.MethodGet, Base: control},
			ai.CreateBatch:    {Dialect: dialect.Datasets, Path: jobs, Base: control},
			ai.ListBatches:    {Dialect: dialect.Datasets, Path: jobs, Method: http.MethodGet, Base: control},
			ai.GetBatch:       {Dialect: dialect.Datasets, Path: jobs + "/{id}", Method: http.MethodGet, Base: control},
			ai.CancelBatch:    {Dialect: dialect.Datasets, Path: jobs + "/{id}", Method: http.MethodDelete, Base: control},
		},
		BatchLine: batchLine, BatchResults: batchResults,
		Notes: []string{
			"The pictures of FLUX models are asked for at /workflows/{model}/text_to_image, those of FLUX.1 Kontext, which also edits, at /workflows/{model}; their result is asked after at /get_result below it.",
			"A file is a dataset of the account fireworks_account_id, and a batch a batch inference job; both are at " + control + ", unless a base URL replaces all. Files move through addresses that Fireworks signs.",
			"Cancelling a batch deletes its job: Fireworks has no other way.",
		},
	}
}

type adapter struct{}

// Encode implements provider.Adapter.
func (adapter) Encode(ctx context.Context, p *provider.Provider, c *provider.Call) (*http.Request, error) {
	e, ok := p.Endpoint(c.Op)
	switch {
	case ok && (c.Op == ai.ImageGenerate || c.Op == ai.ImageEdit):
		return pictures(ctx, p, c)
	case ok && e.Dialect == dialect.Datasets:
		return platform(ctx, p, c, e)
	}
	return provider.Table{}.Encode(ctx, p, c)
}
