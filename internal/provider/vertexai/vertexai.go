// Package vertexai is Google's Vertex AI: models of many publishers behind one
// address and one signature, each in the format of its publisher. Source: the
// discovery document of aiplatform v1, Google's pages on the endpoints of Vertex
// AI and on partner models, and Anthropic's on Claude on Vertex AI.
package vertexai

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/provider"
	"github.com/portico-ai/portico/internal/sign"
)

// ID is the provider's slug.
const ID = "vertex-ai"

const (
	projectField = "vertex_project_id"
	regionField  = "vertex_region"
	accountField = "vertex_service_account_json"
	bucketField  = "vertex_storage_bucket_name"
)

// location is where a project's models are; models of Google's are below it.
const (
	location = "/v1/projects/{" + projectField + "}/locations/{" + regionField + "}"
	models   = "/publishers/google/models/{model}"
	jobs     = location + "/batchPredictionJobs"
	tunings  = location + "/tuningJobs"
)

// Files are in Cloud Storage, in a bucket of the customer's.
const (
	storage = "https://storage.googleapis.com"
	object  = "/storage/v1/b/{" + bucketField + "}/o/{id}"
)

// New returns the row. Token requests of service accounts and of the server's own
// identity go through clients.
func New(clients sign.Clients) *provider.Provider {
	signer := sign.NewGoogle(clients)
	return &provider.Provider{
		ID: ID, Name: "Google Vertex AI", Docs: "https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference",
		Telemetry: []string{"gcp.vertex_ai", "vertex_ai", "vertexai", "google.vertex", "google_vertexai"},
		Base:      "https://{" + regionField + "}-aiplatform.googleapis.com",
		Fields:    fields(),
		Sign:      signer.Sign,
		Adapter:   adapter{signer},
		Quirks:    provider.Quirks{OptionalKey: true},
		Choose:    choose,
		BatchLine: batchLine, BatchResults: batchResults,
		Notes: []string{
			"A model's publisher decides where and in which format it is called: Gemini's models as below, Claude and its token counts through `rawPredict` in Anthropic's format, Mistral's and AI21's through `rawPredict`, all others through `endpoints/openapi` in OpenAI's.",
			"Files are at " + storage + ", unless a base URL replaces both.",
			"Models, credentials, batches and what goes beyond OpenAI's fields: see [the API](../api.md#vertex-ai).",
		},
		Ops: map[ai.Op]provider.Endpoint{
			ai.Chat:           gemini,
			ai.CountContents:  {Dialect: ai.Gemini, Path: location + models + ":countTokens"},
			ai.Embed:          {Dialect: ai.Predict, Path: location + models + ":predict"},
			ai.ImageGenerate:  {Dialect: ai.Predict, Path: location + models + ":predict"},
			ai.ImageEdit:      {Dialect: ai.Predict, Path: location + models + ":predict"},
			ai.CreateBatch:    {Dialect: ai.Predict, Path: jobs},
			ai.ListBatches:    {Dialect: ai.Predict, Path: jobs, Method: http.MethodGet},
			ai.GetBatch:       {Dialect: ai.Predict, Path: jobs + "/{id}", Method: http.MethodGet},
			ai.CancelBatch:    {Dialect: ai.Predict, Path: jobs + "/{id}:cancel"},
			ai.CreateFinetune: {Dialect: ai.Predict, Path: tunings},
			ai.ListFinetunes:  {Dialect: ai.Predict, Path: tunings, Method: http.MethodGet},
			ai.GetFinetune:    {Dialect: ai.Predict, Path: tunings + "/{id}", Method: http.MethodGet},
			ai.CancelFinetune: {Dialect: ai.Predict, Path: tunings + "/{id}:cancel"},
			ai.UploadFile:     {Dialect: ai.Predict, Path: "/upload/storage/v1/b/{" + bucketField + "}/o?uploadType=media&name={id}", Base: storage},
			ai.GetFile:        {Dialect: ai.Predict, Path: object, Method: http.MethodGet, Base: storage},
			ai.GetFileContent: {Dialect: ai.Predict, Path: object + "?alt=media", Method: http.MethodGet, Base: storage},
			// Only the trial version of the API lists models.
			ai.Models: {Dialect: ai.Gemini, Path: "/v1beta1/publishers/google/models?pageSize=200", Method: http.MethodGet},
		},
	}
}

func fields() []provider.Field {
	return []provider.Field{
		{Name: regionField, Header: "vertex-region", Label: "Region", URLPart: true,
			Help: "For example us-central1, europe-west4, us, eu or global"},
		{Name: projectField, Header: "vertex-project-id", Label: "Project", URLPart: true, Bound: true,
			Help: "Id of the Google Cloud project, if there is no service account or it belongs to none"},
		{Name: accountField, Header: "vertex-service-account-json", Label: "Service account", Secret: true,
			Help: "Its key file, which is JSON; instead of a key. Its project is the one that is used"},
		{Name: "vertex_auth_type", Header: "vertex-auth-type", Label: "Authentication", StoredOnly: []string{"workload"},
			Help: "workload for the server's own identity (application-default credentials); empty for a service account or a key, " +
				"which is an access token or an API key"},
		{Name: bucketField, Header: "vertex-storage-bucket-name", Label: "Bucket", URLPart: true, Bound: true,
			Help: "Bucket of Cloud Storage that files and batches are in; no other is read or written"},
		{Name: "provider_file_name", Header: "provider-file-name", Label: "Name of uploads",
			Help: "Name in the bucket of a file that is uploaded, if it is to have a certain one"},
		{Name: "provider_model", Header: "provider-model", Label: "Model of jobs", Help: "Model of a batch or a fine-tuning job, if its request names none"},
		{Name: "anthropic_version", Header: "anthropic-version", Label: "Anthropic version",
			Help: "Version of Claude's messages, if not " + anthropicVersion},
		{Name: "anthropic_beta", Header: "anthropic-beta", Label: "Beta features", Send: "Anthropic-Beta", Plain: true,
			Help: "Beta features of Claude's, separated by commas"},
	}
}

type adapter struct{ signer *sign.Google }

// Encode implements provider.Adapter.
func (a adapter) Encode(ctx context.Context, p *provider.Provider, c *provider.Call) (*http.Request, error) {
	e, ok := p.EndpointFor(c.Op, "", c.Model)
	if !ok {
		return nil, provider.Unsupported(p, c.Op)
	}
	if err := a.checkIdentity(c); err != nil {
		return nil, err
	}
	call := *c
	path := a.place(&call, e.PathOf(c))
	if err := p.Check(call.Fields); err != nil {
		return nil, err
	}
	base, err := p.BaseURL(&call)
	if err != nil {
		return nil, err
	}
	if named := hosts[base]; named != "" {
		base = named
	}
	call.Base = base
	if e.AsCalled {
		return provider.NewRequest(ctx, p, &call, c.Method, base+c.Rest)
	}
	if c.Op.Relayed() && !draws(c.Op) {
		return a.platform(ctx, p, &call, e.Method, path)
	}
	m := parse(c.Model)
	call.Model = m.name
	if call.Body, path, err = fit(&call, m, e, path); err != nil {
		return nil, err
	}
	return provider.EncodeAt(ctx, p, &call, e.Method, path)
}

// hosts are those that are not called like a region's.
var hosts = map[string]string{
	"https://global-aiplatform.googleapis.com": "https://aiplatform.googleapis.com",
	"https://us-aiplatform.googleapis.com":     "https://aiplatform.us.rep.googleapis.com",
	"https://eu-aiplatform.googleapis.com":     "https://aiplatform.eu.rep.googleapis.com",
}

// place fills in where a call goes: the project of the service account that signs
// it, and, for an API key without a project, the paths that name none (express
// mode). A service account that does not sign, because the server's own identity
// does, has no say.
func (a adapter) place(c *provider.Call, path string) string {
	if a.signer.UsesOwnIdentity(c.Fields) {
		return path
	}
	set := func(field, value string) {
		fields := make(map[string]string, len(c.Fields)+2)
		for k, v := range c.Fields {
			fields[k] = v
		}
		fields[field] = value
		c.Fields = fields
	}
	if project := jsonedit.Text(jsonedit.Get([]byte(c.Fields[accountField]), "project_id")); project != "" {
		set(projectField, project)
	}
	if c.Fields[projectField] != "" || c.Fields[accountField] != "" || !sign.IsAPIKey(c.Key.Reveal()) {
		return path
	}
	if c.Fields[regionField] == "" {
		set(regionField, "global")
	}
	return strings.Replace(path, location, "/v1", 1)
}

// checkIdentity keeps the tokens of the gateway's own identity from going to a
// host of the caller's. Endpoints that run a customer's own container are not
// among Google's.
func (a adapter) checkIdentity(c *provider.Call) error {
	if c.Base == "" || !a.signer.UsesOwnIdentity(c.Fields) {
		return nil
	}
	u, err := url.Parse(c.Base)
	if err == nil && u.Scheme == "https" && isGoogle(strings.ToLower(u.Host)) {
		return nil
	}
	return &ai.Error{Kind: ai.Invalid, Param: "custom_host",
		Message: "vertex_auth_type workload uses the gateway's own identity, which is sent to Vertex AI's hosts alone; " +
			"ask the operator to set the provider's base URL, or use a service account"}
}

func isGoogle(host string) bool {
	if strings.HasSuffix(host, "-aiplatform.googleapis.com") || host == "aiplatform.googleapis.com" {
		return true
	}
	return strings.HasPrefix(host, "aiplatform.") && strings.HasSuffix(host, ".rep.googleapis.com")
}
