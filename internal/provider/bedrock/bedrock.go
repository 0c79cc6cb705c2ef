// Package bedrock is Amazon Bedrock: Converse for chat with every model,
// InvokeModel for embeddings, completions and what Claude's own clients ask of it, the
// control plane for models and jobs, and S3 for files. Source: the models of the services
// bedrock-runtime 2023-09-30 and bedrock 2023-04-20, and Anthropic's guide to
// Claude on Amazon Bedrock.
package bedrock

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	dialect "github.com/portico-ai/portico/internal/dialect/bedrock"
	"github.com/portico-ai/portico/internal/provider"
	"github.com/portico-ai/portico/internal/sign"
)

// ID is the provider's slug.
const ID = "bedrock"

// anthropicVersion is the only version of Claude's messages that Bedrock knows.
const anthropicVersion = "bedrock-2023-05-31"

// New returns the row. What its signature asks Amazon for goes through clients.
func New(clients sign.Clients) *provider.Provider {
	signer := sign.NewAWS(clients, "bedrock")
	return &provider.Provider{
		ID: ID, Name: "Amazon Bedrock", Docs: "https://docs.aws.amazon.com/bedrock/latest/APIReference/welcome.html",
		Telemetry: []string{"aws.bedrock", "amazon-bedrock", "aws", "aws_bedrock"},
		Base:      "https://bedrock-runtime.{aws_region}.amazonaws.com",
		Fields: append(provider.AWSFields(
			provider.Field{Name: "anthropic_version", Header: "anthropic-version", Label: "Anthropic version",
				Help: "Version of Claude's messages, if not " + anthropicVersion},
			provider.Field{Name: "anthropic_beta", Header: "anthropic-beta", Label: "Beta features", Send: "Anthropic-Beta", Plain: true,
				Help: "Beta features of Claude's, separated by commas"},
		), fileFields()...),
		Sign:      signer.Sign,
		Adapter:   adapter{signer},
		Quirks:    provider.Quirks{OptionalKey: true},
		Ops:       ops(),
		Choose:    choose,
		BatchLine: batchLine, BatchResults: batchResults,
		Notes: []string{
			"Chat goes through Converse, streams through `/model/{model}/converse-stream`. Requests to /v1/messages for a Claude model go through InvokeModel in Claude's own format.",
			"The list of models, batches and fine-tuning jobs are at https://bedrock.{aws_region}.amazonaws.com and files in S3, unless a base URL replaces all of them.",
			"Completions go to the models of Meta and Mistral, and to Titan Text and Command Text, through InvokeModel; the prompt is sent as it is.",
			"Rerankings go to the models of Amazon and Cohere through InvokeModel; /v1/messages/count_tokens counts for Claude's models.",
			"Prices are those of the model, the inference profile or the ARN that is asked for; an application inference profile, a provisioned and an imported model have none.",
			"Settings, models and what goes beyond OpenAI's fields: see [the API](../api.md#amazon-bedrock-and-sagemaker).",
		},
	}
}

// control is the host of the service's control plane, storage that of S3.
const (
	control = "https://bedrock.{aws_region}.amazonaws.com"
	storage = "https://s3.{aws_region}.amazonaws.com"
)

const (
	job      = "/model-invocation-job"
	training = "/model-customization-jobs"
	object   = "/{" + bucketField + "}/{id}"
)

func ops() map[ai.Op]provider.Endpoint {
	return map[ai.Op]provider.Endpoint{
		ai.Chat:           {Dialect: ai.Bedrock, Path: "/model/{model}/converse", StreamPath: "/model/{model}/converse-stream"},
		ai.Embed:          {Dialect: ai.Bedrock, Path: "/model/{model}/invoke"},
		ai.Complete:       {Dialect: dialect.Text, Path: "/model/{model}/invoke", StreamPath: "/model/{model}/invoke-with-response-stream"},
		ai.Rerank:         {Dialect: ai.Bedrock, Path: "/model/{model}/invoke"},
		ai.ImageGenerate:  {Dialect: ai.Bedrock, Path: "/model/{model}/invoke"},
		ai.ImageEdit:      {Dialect: ai.Bedrock, Path: "/model/{model}/invoke"},
		ai.ImageVary:      {Dialect: ai.Bedrock, Path: "/model/{model}/invoke"},
		ai.Models:         {Dialect: ai.Bedrock, Path: "/foundation-models", Method: http.MethodGet, Base: control},
		ai.CreateBatch:    {Dialect: ai.Bedrock, Path: job, Base: control},
		ai.ListBatches:    {Dialect: ai.Bedrock, Path: job + "s", Method: http.MethodGet, Base: control},
		ai.GetBatch:       {Dialect: ai.Bedrock, Path: job + "/{id}", Method: http.MethodGet, Base: control},
		ai.CancelBatch:    {Dialect: ai.Bedrock, Path: job + "/{id}/stop", Base: control},
		ai.CreateFinetune: {Dialect: ai.Bedrock, Path: training, Base: control},
		ai.ListFinetunes:  {Dialect: ai.Bedrock, Path: training, Method: http.MethodGet, Base: control},
		ai.GetFinetune:    {Dialect: ai.Bedrock, Path: training + "/{id}", Method: http.MethodGet, Base: control},
		ai.CancelFinetune: {Dialect: ai.Bedrock, Path: training + "/{id}/stop", Base: control},
		ai.UploadFile:     {Dialect: ai.Bedrock, Path: object, Method: http.MethodPut, Base: storage},
		ai.GetFile:        {Dialect: ai.Bedrock, Path: object, Method: http.MethodHead, Base: storage},
		ai.GetFileContent: {Dialect: ai.Bedrock, Path: object, Method: http.MethodGet, Base: storage},
	}
}

// messages is where Claude takes messages as its own clients write them. These
// go there and not through Converse because nothing is lost so: citations, tools
// that Claude runs, signatures and whatever is new in the format pass as they
// are. A client of another format needs a translation anyway, and Converse serves
// every model. Its replies name the model without the region of its inference profile, on
// which the price depends.
var messages = provider.Endpoint{
	Dialect: ai.Anthropic, PricedAsAsked: true,
	Path: "/model/{model}/invoke", StreamPath: "/model/{model}/invoke-with-response-stream",
}

// counting is where the tokens of Claude's messages are counted.
var counting = provider.Endpoint{Dialect: ai.Anthropic, Path: "/model/{model}/count-tokens"}

func choose(op ai.Op, client ai.Dialect, model string) (provider.Endpoint, bool) {
	if !dialect.IsClaude(modelID(model)) || op != ai.CountTokens && client != ai.Anthropic {
		return provider.Endpoint{}, false
	}
	if op == ai.CountTokens {
		return counting, true
	}
	return messages, op == ai.Chat
}

// draws reports whether an operation makes pictures, which models do as they chat.
func draws(op ai.Op) bool { return op == ai.ImageGenerate || op == ai.ImageEdit || op == ai.ImageVary }

type adapter struct{ signer *sign.AWS }

// Encode implements provider.Adapter.
func (a adapter) Encode(ctx context.Context, p *provider.Provider, c *provider.Call) (*http.Request, error) {
	e, ok := p.EndpointFor(c.Op, c.Dialect, c.Model)
	if !ok {
		return nil, provider.Unsupported(p, c.Op)
	}
	if err := a.signer.CheckHost(c.Base, c.Fields); err != nil {
		return nil, err
	}
	if e.AsCalled {
		return provider.Table{}.Encode(ctx, p, c)
	}
	call := *c
	var err error
	switch {
	case c.Op.Relayed() && !draws(c.Op):
		return a.platform(ctx, p, &call, e)
	case c.Op == ai.CountTokens:
		// The models of inference profiles are counted for under their own names.
		call.Model = dialect.Foundation(modelID(c.Model))
		call.Body, err = countBody(c)
	case c.Op == ai.Chat && c.Dialect == ai.Anthropic:
		e = messages
		call.Body, err = claudeBody(c)
	case c.Op == ai.Chat && c.Fields["anthropic_beta"] != "" && dialect.IsClaude(modelID(c.Model)):
		call.Body, err = withBeta(c)
	}
	if err != nil {
		return nil, err
	}
	path, err := pathOf(p, e.PathOf(c), call.Model)
	if err != nil {
		return nil, err
	}
	return provider.EncodeAt(ctx, p, &call, e.Method, path)
}

// modelID is a model's id or ARN, which some clients send encoded for the path.
func modelID(model string) string {
	if plain, err := url.PathUnescape(model); err == nil {
		return plain
	}
	return model
}

// pathOf puts the model into a path as one segment, in which, as Amazon's own
// clients do, every character is encoded that could be.
func pathOf(p *provider.Provider, template, model string) (string, error) {
	if !strings.Contains(template, "{model}") {
		return template, nil
	}
	model = modelID(model)
	switch {
	case model == "", model == ".", model == "..":
		return "", &ai.Error{Kind: ai.Invalid, Param: "model", Message: "model must name a model of " + p.Name + ": it is part of the URL"}
	case strings.ContainsAny(model, "{}"):
		return "", &ai.Error{Kind: ai.Invalid, Param: "model", Message: "model must be a model's id, an inference profile's id or an ARN"}
	}
	return strings.ReplaceAll(template, "{model}", escaped(model)), nil
}

// escaped is a text as one segment of a path, as Amazon's clients write it.
func escaped(text string) string { return strings.ReplaceAll(url.QueryEscape(text), "+", "%20") }

// claudeBody is a request of Claude's own clients as InvokeModel takes it: the
// model and whether to stream are in the path, the version and the beta features
// in the body.
func claudeBody(c *provider.Call) (body []byte, err error) {
	body = c.Body
	for _, key := range []string{"model", "stream"} {
		if body, err = jsonedit.Delete(body, key); err != nil {
			return nil, err
		}
	}
	if jsonedit.Get(body, "anthropic_version") == nil {
		version := c.Fields["anthropic_version"]
		if !strings.HasPrefix(version, "bedrock-") { // a client sends that of Anthropic's own API
			version = anthropicVersion
		}
		if body, err = jsonedit.Set(body, "anthropic_version", jsonedit.AppendString(nil, version)); err != nil {
			return nil, err
		}
	}
	if c.Fields["anthropic_beta"] == "" {
		return body, nil
	}
	return jsonedit.Set(body, "anthropic_beta", betas(c.Fields["anthropic_beta"], jsonedit.Get(body, "anthropic_beta")))
}

// withBeta is a request of Converse with the beta features that its headers name.
func withBeta(c *provider.Call) ([]byte, error) {
	fields := jsonedit.Get(c.Body, "additionalModelRequestFields")
	if fields == nil {
		fields = []byte("{}")
	}
	fields, err := jsonedit.Set(fields, "anthropic_beta", betas(c.Fields["anthropic_beta"], jsonedit.Get(fields, "anthropic_beta")))
	if err != nil {
		return nil, err
	}
	return jsonedit.Set(c.Body, "additionalModelRequestFields", fields)
}

// betas is a list of beta features: those of a header and those of a body.
func betas(header string, body []byte) []byte {
	var w jsonedit.Writer
	w.Array()
	for name := range strings.SplitSeq(header, ",") {
		if name = strings.TrimSpace(name); name != "" {
			w.String(name)
		}
	}
	for name := range jsonedit.Elements(body) {
		w.Raw(name)
	}
	w.EndArray()
	return w.Bytes()
}
