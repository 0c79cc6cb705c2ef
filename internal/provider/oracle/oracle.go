// Package oracle is Oracle Cloud Infrastructure's Generative AI service. A call
// is signed, and its body says in which compartment and how the model is served.
// Source: https://docs.oracle.com/iaas/api/#/en/generative-ai-inference/20231130
package oracle

import (
	"context"
	"net/http"
	"strings"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/provider"
	"github.com/portico-ai/portico/internal/sign"
)

// ID is the provider's slug.
const ID = "oracle"

const onDemand = "ON_DEMAND"

// New returns the row.
func New() *provider.Provider {
	return &provider.Provider{
		ID: ID, Name: "Oracle OCI Generative AI", Docs: "https://docs.oracle.com/iaas/Content/generative-ai/home.htm",
		Unproven: true,
		Base:     "https://inference.generativeai.{oracle_region}.oci.oraclecloud.com",
		Fields:   fields(),
		Sign:     sign.OCI,
		Adapter:  adapter{},
		Quirks:   provider.Quirks{OptionalKey: true},
		Ops: map[ai.Op]provider.Endpoint{
			ai.Chat:   {Dialect: ai.OCI, Path: "/{oracle_api_version}/actions/chat"},
			ai.Embed:  {Dialect: ai.OCI, Path: "/{oracle_api_version}/actions/embedText"},
			ai.Rerank: {Dialect: ai.OCI, Path: "/{oracle_api_version}/actions/rerankText"},
		},
	}
}

func fields() []provider.Field {
	field := func(name, label, help string) provider.Field {
		return provider.Field{Name: "oracle_" + name, Header: "oracle-" + strings.ReplaceAll(name, "_", "-"), Label: label, Help: help}
	}
	required := func(f provider.Field) provider.Field { f.Required = true; return f }
	region := required(field("region", "Region", "For example us-chicago-1"))
	region.URLPart = true
	version := field("api_version", "API version", "Version of the inference API")
	version.URLPart, version.Default = true, "20231130"
	mode := field("serving_mode", "Serving mode", "ON_DEMAND, or DEDICATED for an endpoint of your own, which the model then names")
	mode.Default = onDemand
	key := field("private_key", "Private key", `RSA key in PEM form that signs the requests; \n may stand for its line feeds`)
	key.Secret = true
	compartment := required(field("compartment_id", "Compartment", "OCID of the compartment that is charged"))
	compartment.Bound = true
	return []provider.Field{
		region, compartment,
		required(field("tenancy", "Tenancy", "OCID of the tenancy")), required(field("user", "User", "OCID of the user whose key it is")),
		required(field("fingerprint", "Fingerprint", "Fingerprint of the API key")), key, mode, version,
	}
}

type adapter struct{}

// Encode implements provider.Adapter.
func (adapter) Encode(ctx context.Context, p *provider.Provider, c *provider.Call) (*http.Request, error) {
	e, ok := p.Endpoint(c.Op)
	if !ok {
		return nil, provider.Unsupported(p, c.Op)
	}
	if e.AsCalled {
		return provider.Table{}.Encode(ctx, p, c)
	}
	if err := p.Check(c.Fields); err != nil {
		return nil, err
	}
	mode, err := servingMode(c)
	if err != nil {
		return nil, err
	}
	call := *c
	if call.Body, err = jsonedit.Set(c.Body, "servingMode", mode); err != nil {
		return nil, err
	}
	if call.Body, err = jsonedit.Set(call.Body, "compartmentId", jsonedit.AppendString(nil, c.Fields["oracle_compartment_id"])); err != nil {
		return nil, err
	}
	return provider.Table{}.Encode(ctx, p, &call)
}

// servingMode says where the model runs: shared, or at an endpoint of one's own.
func servingMode(c *provider.Call) ([]byte, error) {
	mode := strings.ToUpper(c.Fields["oracle_serving_mode"])
	key := "modelId"
	switch mode {
	case "", onDemand:
		mode = onDemand
	case "DEDICATED":
		key = "endpointId"
	default:
		return nil, &ai.Error{Kind: ai.Invalid, Param: "oracle_serving_mode", Message: "oracle_serving_mode is neither ON_DEMAND nor DEDICATED"}
	}
	var w jsonedit.Writer
	w.Object()
	w.StringMember("servingType", mode)
	w.StringMember(key, c.Model)
	w.EndObject()
	return w.Bytes(), nil
}
