// Package azureopenai is Azure OpenAI: OpenAI's format behind a resource of the
// customer's, where a deployment stands in the path and the API version in the
// query. Source: Microsoft's Azure OpenAI inference specification, 2024-10-21,
// and its v1 surface, where the deployment is the body's model.
package azureopenai

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/provider"
	"github.com/portico-ai/portico/internal/sign"
)

// ID is the provider's slug.
const ID = "azure-openai"

const (
	defaultAPIVersion = "2024-10-21"
	responsesSince    = "2025-03-01-preview"
)

// New returns the row. Token requests of Entra identities go through clients.
func New(clients sign.Clients) *provider.Provider {
	return &provider.Provider{
		ID: ID, Name: "Azure OpenAI", Docs: "https://learn.microsoft.com/azure/ai-services/openai/reference",
		Telemetry: []string{"azure.ai.openai", "az.ai.openai", "azure"},
		Base:      "https://{resource_name}.openai.azure.com/openai",
		Fields:    fields(),
		Sign:      sign.NewEntra(clients).Sign,
		Adapter:   adapter{},
		Quirks:    provider.Quirks{OptionalKey: true},
		Notes: []string{
			"The deployment stands in the path and the API version in the query: /deployments/{deployment}/chat/completions?api-version=…",
			"With the API version v1 the path is /v1/chat/completions and the deployment is sent as the model.",
		},
		Ops: relayedOps(map[ai.Op]provider.Endpoint{
			ai.Chat:     {Dialect: ai.OpenAI, Path: "/chat/completions"},
			ai.Complete: {Dialect: ai.OpenAI, Path: "/completions"},
			ai.Embed:    {Dialect: ai.OpenAI, Path: "/embeddings"},
			ai.Models:   {Dialect: ai.OpenAI, Path: "/models", Method: http.MethodGet},
		}),
	}
}

func relayedOps(ops map[ai.Op]provider.Endpoint) map[ai.Op]provider.Endpoint {
	maps.Copy(ops, provider.ResponsesOps())
	return provider.Relayed(ops, relayed...)
}

// relayed are the operations of OpenAI's platform that Azure has: those of a
// deployment, and those of the resource.
var relayed = append(slices.Clone(ofDeployment),
	ai.UploadFile, ai.ListFiles, ai.GetFile, ai.DeleteFile, ai.GetFileContent, ai.CreateBatch, ai.ListBatches, ai.GetBatch, ai.CancelBatch,
	ai.CreateFinetune, ai.ListFinetunes, ai.GetFinetune, ai.CancelFinetune, ai.ListFinetuneEvents, ai.ListFinetuneCheckpoints, ai.Realtime)

var ofDeployment = []ai.Op{ai.ImageGenerate, ai.ImageEdit, ai.Speech, ai.Transcribe, ai.Translate}

func fields() []provider.Field {
	return append([]provider.Field{
		{Name: "resource_name", Aliases: []string{"azure_resource_name"}, Header: "azure-resource-name", Label: "Resource name", URLPart: true,
			Help: "The part before .openai.azure.com"},
		{Name: "deployment_id", Aliases: []string{"azure_deployment_id", "azure_deployment_name", "deployment_name"},
			Header: "azure-deployment-id", Label: "Deployment", URLPart: true, Help: "Name of the model deployment"},
		{Name: "api_version", Aliases: []string{"azure_api_version"}, Header: "azure-api-version", Label: "API version", URLPart: true,
			Default: defaultAPIVersion, Help: "For example 2024-10-21, or v1"},
	}, IdentityFields()...)
}

// IdentityFields are the settings of Azure's ways to prove an identity, and the
// name by which a deployment's prices are found.
func IdentityFields() []provider.Field {
	azure := func(name, label, help string) provider.Field {
		return provider.Field{Name: "azure_" + name, Header: "azure-" + strings.ReplaceAll(name, "_", "-"), Label: label, Help: help}
	}
	secret := func(f provider.Field) provider.Field { f.Secret = true; return f }
	bound := func(f provider.Field) provider.Field { f.Bound = true; return f }
	ownIdentity := func(f provider.Field) provider.Field {
		f.StoredOnly = []string{"managed", "workload"}
		return f
	}
	return []provider.Field{
		secret(azure("ad_token", "Entra token", "A ready access token, instead of the key")),
		ownIdentity(azure("auth_mode", "Authentication", "default (key), entra, managed or workload")),
		bound(azure("entra_tenant_id", "Entra tenant", "For auth mode entra")),
		bound(azure("entra_client_id", "Entra client id", "For auth mode entra")),
		secret(azure("entra_client_secret", "Entra client secret", "For auth mode entra")),
		bound(azure("entra_scope", "Entra scope", "Scope to ask the token for, if not cognitive services")),
		bound(azure("managed_client_id", "Managed identity", "Client id of a user-assigned identity")),
		bound(azure("workload_client_id", "Workload identity", "Client id of the workload identity")),
		azure("model_name", "Model", "Model that the deployment serves, for prices"),
	}
}

type adapter struct{}

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
	if err := CheckIdentity(c.Fields, c.Base, "Azure OpenAI", ownHosts); err != nil {
		return nil, err
	}
	version, deployment := apiVersion(c, e), c.Fields["deployment_id"]
	byDeployment := e.Dialect == ai.OpenAI && c.Op != ai.Models && (!e.AsCalled || slices.Contains(ofDeployment, c.Op))
	if deployment == "" && (byDeployment || c.Op == ai.CreateResponse && c.Model == "") {
		return nil, provider.MissingField(p, provider.Field{Name: "deployment_id", Header: "azure-deployment-id"})
	}
	if deployment != "" && len(c.Body) > 0 && (byDeployment && version == "v1" || e.Dialect == ai.Responses) {
		if c, err = c.WithModel(deployment); err != nil {
			return nil, err
		}
	}
	path := e.Path
	switch {
	case c.Op == ai.Realtime:
		return provider.NewRequest(ctx, p, c, c.Method, realtimeURL(base, c, version))
	case e.AsCalled && !byDeployment:
		return provider.NewRequest(ctx, p, c, c.Method, resourceURL(base, c.Rest, version))
	case version == "v1":
		return provider.NewRequest(ctx, p, c, e.Method, base+"/v1"+path)
	case byDeployment:
		path = "/deployments/" + url.PathEscape(deployment) + path
	}
	return provider.NewRequest(ctx, p, c, e.Method, base+path+"?api-version="+url.QueryEscape(version))
}

// apiVersion is the call's. The Responses API is in no version before
// responsesSince, but always in the v1 surface, where it is asked for then.
func apiVersion(c *provider.Call, e provider.Endpoint) string {
	version := c.Fields["api_version"]
	if version == "" {
		version = defaultAPIVersion
	}
	if e.Dialect == ai.Responses && version < responsesSince {
		return "v1"
	}
	return version
}

// realtimeURL is where a session is opened: the deployment is in the query.
func realtimeURL(base string, c *provider.Call, version string) string {
	query := url.Values{"api-version": {version}, "deployment": {c.Fields["deployment_id"]}}
	if version == "v1" {
		base, query = base+"/v1", url.Values{"model": {c.Fields["deployment_id"]}}
	}
	return base + "/realtime?" + query.Encode()
}

// resourceURL is where a path that no deployment stands in leads to.
func resourceURL(base, rest, version string) string {
	if version == "v1" {
		return base + "/v1" + rest
	}
	if path, query, _ := strings.Cut(rest, "?"); query != "" {
		if strings.Contains("&"+query, "&api-version=") {
			return base + rest
		}
		return base + path + "?api-version=" + url.QueryEscape(version) + "&" + query
	}
	return base + rest + "?api-version=" + url.QueryEscape(version)
}

// ownHosts are where Azure itself answers; other names below azure.com belong to
// whoever rented them.
var ownHosts = []string{
	".openai.azure.com", ".cognitiveservices.azure.com", ".services.ai.azure.com", ".openai.azure.us", ".cognitiveservices.azure.us", ".openai.azure.cn",
}

// CheckIdentity keeps the tokens of the gateway's own identity from going to a
// host of the caller's: base is one that the caller named, "" if none; hosts are
// the ends of those where the service itself answers.
func CheckIdentity(fields map[string]string, base, service string, hosts []string) error {
	mode := strings.ToLower(fields["azure_auth_mode"])
	if base == "" || fields["azure_ad_token"] != "" || mode != "managed" && mode != "workload" {
		return nil
	}
	u, err := url.Parse(base)
	if err == nil && u.Scheme == "https" {
		for _, host := range hosts {
			if strings.HasSuffix(strings.ToLower(u.Hostname()), host) {
				return nil
			}
		}
	}
	return &ai.Error{Kind: ai.Invalid, Param: "custom_host",
		Message: "azure_auth_mode " + mode + " uses the gateway's own identity, which is sent to hosts of " + service + " alone; " +
			"ask the operator to set the provider's base URL, or use a key"}
}
