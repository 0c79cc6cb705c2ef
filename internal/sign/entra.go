package sign

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"github.com/portico-ai/portico/internal/ai"
)

const cognitiveScope = "https://cognitiveservices.azure.com/.default"

// Entra signs calls to Azure with the first that the credential has: a ready
// token (azure_ad_token), an identity (azure_auth_mode entra, managed or
// workload), else the resource's key as api-key. Tokens are cached by the Azure
// SDK until they are about to expire.
type Entra struct {
	clients Clients
	known   remembered[azcore.TokenCredential]
}

// NewEntra makes a signer that asks for tokens through clients.
func NewEntra(clients Clients) *Entra {
	return &Entra{clients: clients}
}

// Sign implements Func.
func (e *Entra) Sign(ctx context.Context, r *http.Request, c Credential) error {
	if token := c.Fields["azure_ad_token"]; token != "" {
		r.Header["Authorization"] = []string{"Bearer " + trimBearer(token)}
		return nil
	}
	mode := strings.ToLower(c.Fields["azure_auth_mode"])
	if mode == "" || mode == "default" {
		return Header("Api-Key")(ctx, r, c)
	}
	credential, err := e.credential(mode, c)
	if err != nil {
		return err
	}
	scope := c.Fields["azure_entra_scope"]
	if scope == "" {
		scope = cognitiveScope
	}
	token, err := credential.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{scope}})
	if err != nil {
		return noToken(ctx, mode, err)
	}
	r.Header["Authorization"] = []string{"Bearer " + token.Token}
	return nil
}

// noToken tells a refusal, which only another credential changes, from a token
// endpoint that did not answer.
func noToken(ctx context.Context, mode string, err error) error {
	if cause, ok := errors.AsType[*ai.Error](context.Cause(ctx)); ok {
		return cause
	}
	if ctx.Err() != nil {
		return &ai.Error{Kind: ai.Canceled, Message: "The request ended while Azure was asked for a token", Err: context.Cause(ctx)}
	}
	refused, ok := errors.AsType[*azidentity.AuthenticationFailedError](err)
	if ok && refused.RawResponse != nil && refused.RawResponse.StatusCode < 500 && refused.RawResponse.StatusCode != http.StatusTooManyRequests {
		return &ai.Error{Kind: ai.Unauthenticated, Type: "authentication_error", Code: "azure_token", Err: err,
			Message: "Azure gave no token for azure_auth_mode " + mode + "; check the tenant, client and secret"}
	}
	return &ai.Error{Kind: ai.Unavailable, Type: "api_error", Code: "azure_token", Err: err,
		Message: "Azure could not be asked for a token for azure_auth_mode " + mode}
}

func (e *Entra) credential(mode string, c Credential) (azcore.TokenCredential, error) {
	key := []string{mode, c.Fields["azure_entra_tenant_id"], c.Fields["azure_entra_client_id"],
		c.Fields["azure_entra_client_secret"], c.Fields["azure_managed_client_id"], c.Fields["azure_workload_client_id"]}
	return e.known.get(key, func() (azcore.TokenCredential, error) { return e.newCredential(mode, c) })
}

func (e *Entra) newCredential(mode string, c Credential) (azcore.TokenCredential, error) {
	// Retries are the routing config's to decide; only the endpoint of managed
	// identities is known to need its own.
	options := azcore.ClientOptions{Transport: e.clients.Tokens, Retry: policy.RetryOptions{MaxRetries: -1}}
	var made azcore.TokenCredential
	var err error
	switch mode {
	case "entra":
		for _, name := range []string{"azure_entra_tenant_id", "azure_entra_client_id", "azure_entra_client_secret"} {
			if c.Fields[name] == "" {
				return nil, &ai.Error{Kind: ai.Invalid, Param: name, Message: "azure_auth_mode entra needs " + name}
			}
		}
		made, err = azidentity.NewClientSecretCredential(c.Fields["azure_entra_tenant_id"], c.Fields["azure_entra_client_id"],
			c.Fields["azure_entra_client_secret"], &azidentity.ClientSecretCredentialOptions{ClientOptions: options, DisableInstanceDiscovery: true})
	case "managed":
		o := &azidentity.ManagedIdentityCredentialOptions{ClientOptions: azcore.ClientOptions{Transport: e.clients.Identity}}
		if id := c.Fields["azure_managed_client_id"]; id != "" {
			o.ID = azidentity.ClientID(id)
		}
		made, err = azidentity.NewManagedIdentityCredential(o)
	case "workload":
		made, err = azidentity.NewWorkloadIdentityCredential(&azidentity.WorkloadIdentityCredentialOptions{
			ClientOptions: options, ClientID: c.Fields["azure_workload_client_id"]})
	default:
		return nil, &ai.Error{Kind: ai.Invalid, Param: "azure_auth_mode",
			Message: "azure_auth_mode must be default, entra, managed or workload"}
	}
	if err != nil {
		return nil, &ai.Error{Kind: ai.Invalid, Param: "azure_auth_mode", Err: err,
			Message: "azure_auth_mode " + mode + " is not set up: check its fields and environment"}
	}
	return made, nil
}
