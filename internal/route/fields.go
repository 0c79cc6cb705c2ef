package route

import (
	"encoding/json"
	"slices"

	"github.com/tidwall/gjson"
)

// textFields are provider keys documented to be text. Any other key this package
// does not know may hold anything.
var textFields = []string{
	"aws_access_key_id", "aws_secret_access_key", "aws_session_token", "aws_region",
	"azure_auth_mode", "azure_model_name",
	"openai_organization", "openai_project",
	"vertex_project_id", "vertex_region",
}

// field returns a provider key's value as text. Its value is never shown: it may
// be a credential.
func (p *parser) field(o *object, key string, v gjson.Result) string {
	switch {
	case v.Type == gjson.String:
		return v.Str
	case slices.Contains(textFields, key):
		p.problem(o.at(key), "must be a string, got %s", kindOf(v))
	case key == "vertex_service_account_json" && !v.IsObject():
		p.problem(o.at(key), "must be an object or a string holding one, got %s", kindOf(v))
	}
	return v.Raw
}

func quote(s string) json.RawMessage {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err) // strings always marshal
	}
	return b
}
