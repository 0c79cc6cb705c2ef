// Package sagemaker is Amazon SageMaker's InvokeEndpoint: the path to a model
// that the customer serves in a container which speaks OpenAI's chat format, as
// those of vLLM, TGI and DJL do. The call's model is the endpoint's name. Source:
// the model of the service sagemaker-runtime 2017-05-13.
package sagemaker

import (
	"context"
	"net/http"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/provider"
	"github.com/portico-ai/portico/internal/sign"
)

// ID is the provider's slug.
const ID = "sagemaker"

const modelName = "amzn_sagemaker_model_name"

// New returns the row. What its signature asks Amazon for goes through clients.
func New(clients sign.Clients) *provider.Provider {
	signer := sign.NewAWS(clients, "sagemaker")
	return &provider.Provider{
		ID: ID, Name: "Amazon SageMaker", Docs: "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html",
		Unproven: true,
		Base:     "https://runtime.sagemaker.{aws_region}.amazonaws.com",
		Fields:   fields(),
		Sign:     signer.Sign,
		Notes: []string{
			"The model is the endpoint's name. Its container must speak OpenAI's chat format; streams go to `/endpoints/{model}/invocations-response-stream`.",
			"Settings: see [the API](../api.md#amazon-bedrock-and-sagemaker).",
		},
		Adapter: adapter{signer},
		Quirks:  provider.Quirks{OptionalKey: true},
		Ops: map[ai.Op]provider.Endpoint{
			ai.Chat: {Dialect: ai.OpenAI, Path: "/endpoints/{model}/invocations", StreamPath: "/endpoints/{model}/invocations-response-stream"},
		},
	}
}

func fields() []provider.Field {
	header := func(name, send, label, help string) provider.Field {
		return provider.Field{Name: "amzn_sagemaker_" + name, Header: "amzn-sagemaker-" + send, Label: label, Help: help,
			Send: "X-Amzn-SageMaker-" + send}
	}
	return provider.AWSFields(
		provider.Field{Name: modelName, Header: "amzn-sagemaker-model-name", Label: "Model name",
			Help: "Model that the endpoint's container is asked for, if that is not the endpoint's name"},
		header("custom_attributes", "custom-attributes", "Custom attributes", "Passed on to the container"),
		header("target_model", "target-model", "Target model", "Model of a multi-model endpoint"),
		header("target_variant", "target-variant", "Target variant", "Production variant of the endpoint"),
		header("target_container_hostname", "target-container-hostname", "Target container", "Host name of a container of a multi-container endpoint"),
		header("inference_component", "inference-component", "Inference component", "Inference component of the endpoint"),
		header("inference_id", "inference-id", "Inference id", "Identifies the call in SageMaker's data capture"),
		header("enable_explanations", "enable-explanations", "Explanations", "Expression that turns explanations on"),
		header("session_id", "session-id", "Session", "Id of a stateful session, or NEW_SESSION"),
	)
}

type adapter struct{ signer *sign.AWS }

// Encode implements provider.Adapter.
func (a adapter) Encode(ctx context.Context, p *provider.Provider, c *provider.Call) (*http.Request, error) {
	if err := a.signer.CheckHost(c.Base, c.Fields); err != nil {
		return nil, err
	}
	name := c.Fields[modelName]
	if name == "" || c.Op != ai.Chat || len(c.Body) == 0 {
		return provider.Table{}.Encode(ctx, p, c)
	}
	body, err := jsonedit.Set(c.Body, "model", jsonedit.AppendString(nil, name))
	if err != nil {
		return nil, err
	}
	call := *c
	call.Body = body
	return provider.Table{}.Encode(ctx, p, &call)
}
