// Package azureai is Azure AI Foundry's model inference: OpenAI's format at an
// endpoint of the customer's, with the API version in the query. Source:
// Microsoft's Azure AI model inference specification, 2024-05-01-preview.
package azureai

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/provider"
	"github.com/portico-ai/portico/internal/provider/azureopenai"
	"github.com/portico-ai/portico/internal/sign"
)

// ID is the provider's slug.
const ID = "azure-ai"

const (
	defaultAPIVersion = "2024-05-01-preview"
	urlField          = "azure_foundry_url"
	versionField      = "azure_api_version"
)

// New returns the row. Token requests of Entra identities go through clients.
func New(clients sign.Clients) *provider.Provider {
	entra := sign.NewEntra(clients)
	return &provider.Provider{
		ID: ID, Name: "Azure AI Foundry", Docs: "https://learn.microsoft.com/rest/api/aifoundry/modelinference/",
		Telemetry: []string{"azure.ai.inference", "az.ai.inference"},
		Base:      "{" + urlField + "}",
		Fields:    fields(""),
		Sign:      entra.Sign,
		Adapter:   adapter{},
		Quirks: provider.Quirks{OptionalKey: true,
			Params: []provider.Param{{Name: "max_completion_tokens", Op: ai.Chat, As: "max_tokens"}}},
		Ops: map[ai.Op]provider.Endpoint{
			ai.Chat:  {Dialect: ai.OpenAI, Path: "/chat/completions"},
			ai.Embed: {Dialect: ai.OpenAI, Path: "/embeddings"},
		},
		Notes: []string{
			"A Foundry URL that ends in /anthropic, such as https://acme.services.ai.azure.com/anthropic, is Claude: it is spoken to in Anthropic's format, at /v1/messages.",
			"OpenAI's reasoning models want max_completion_tokens, which this API does not have: call them as `azure-openai`.",
			"Azure leaves out members that it does not know, unless the setting for extra parameters says otherwise.",
		},
		Variants: []provider.Variant{{When: isClaude, Row: claude(entra)}},
	}
}

// claude is the row of Anthropic's models on Foundry, which keep their own format
// and headers. Source: Microsoft's "Use Claude models in Foundry".
func claude(entra *sign.Entra) *provider.Provider {
	return &provider.Provider{
		ID: ID, Name: "Azure AI Foundry (Claude)", Docs: "https://learn.microsoft.com/azure/ai-foundry/foundry-models/how-to/use-foundry-models-claude",
		Base:   "{" + urlField + "}",
		Fields: fields("2023-06-01"),
		Sign: func(ctx context.Context, r *http.Request, c sign.Credential) error {
			if mode := strings.ToLower(c.Fields["azure_auth_mode"]); c.Fields["azure_ad_token"] == "" && (mode == "" || mode == "default") {
				return sign.Header("X-Api-Key")(ctx, r, c)
			}
			return entra.Sign(ctx, r, c)
		},
		Adapter: adapter{},
		Quirks:  provider.Quirks{OptionalKey: true},
		Ops:     map[ai.Op]provider.Endpoint{ai.Chat: {Dialect: ai.Anthropic, Path: "/v1/messages"}},
	}
}

// isClaude reports whether a base URL is that of Anthropic's models.
func isClaude(base string) bool { return strings.HasSuffix(base, "/anthropic") }

// fields are the settings of both rows; anthropicVersion is the default of one
// that only Claude needs.
func fields(anthropicVersion string) []provider.Field {
	return append([]provider.Field{
		{Name: urlField, Header: "azure-foundry-url", Label: "Foundry URL", URL: true,
			Help: "Endpoint of the models, such as https://acme.services.ai.azure.com/models"},
		{Name: versionField, Aliases: []string{"api_version"}, Header: "azure-api-version", Label: "API version", URLPart: true,
			Default: defaultAPIVersion, Help: "Version of the inference API"},
		{Name: "azure_deployment_name", Aliases: []string{"azure_endpoint_name"}, Header: "azure-endpoint-name", Label: "Deployment",
			Send: "Azureml-Model-Deployment", Help: "One of several deployments behind an endpoint"},
		{Name: "azure_extra_parameters", Aliases: []string{"azure_extra_params"}, Header: "azure-extra-params", Label: "Extra parameters",
			Send: "Extra-Parameters", Default: "drop", Help: "What Azure does with members that it does not know: drop, pass-through or error"},
		{Name: "anthropic_version", Header: "anthropic-version", Label: "Anthropic version", Default: anthropicVersion,
			Send: "Anthropic-Version", Plain: true, Help: "For Claude: value of the anthropic-version header"},
		{Name: "anthropic_beta", Header: "anthropic-beta", Label: "Anthropic beta features", Send: "Anthropic-Beta", Plain: true,
			Help: "For Claude: value of the anthropic-beta header"},
	}, azureopenai.IdentityFields()...)
}

type adapter struct{}

// ownHosts are where Azure itself answers. Endpoints that run a customer's own
// container are not among them.
var ownHosts = []string{".services.ai.azure.com", ".models.ai.azure.com", ".cognitiveservices.azure.com"}

// Encode implements provider.Adapter.
func (adapter) Encode(ctx context.Context, p *provider.Provider, c *provider.Call) (*http.Request, error) {
	e, ok := p.Endpoint(c.Op)
	if !ok {
		return nil, provider.Unsupported(p, c.Op)
	}
	if err := p.Check(c.Fields); err != nil {
		return nil, err
	}
	base, err := p.BaseURL(c)
	if err != nil {
		return nil, err
	}
	named := c.Base
	if named == "" && strings.Contains(p.Base, urlField) {
		named = base
	}
	if err := azureopenai.CheckIdentity(c.Fields, named, p.Name, ownHosts); err != nil {
		return nil, err
	}
	if e.Dialect == ai.Anthropic { // has its version in a header
		return provider.NewRequest(ctx, p, c, e.Method, base+e.Path)
	}
	version := c.Fields[versionField]
	if version == "" {
		version = defaultAPIVersion
	}
	return provider.NewRequest(ctx, p, c, e.Method, base+e.Path+"?api-version="+url.QueryEscape(version))
}
