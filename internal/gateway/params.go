package gateway

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/route"
)

// override applies a target's default, override and drop parameters to the body,
// in the client's dialect, and returns the model that results. A body that no
// parameter touches stays the client's own bytes. Where the format is addressed,
// the parameter model is not part of the body.
func override(c *Call, t *route.Target, addressed bool) (body []byte, model string, err error) {
	body, model = c.Body, c.Model
	if len(body) == 0 || len(t.DefaultParams)+len(t.OverrideParams)+len(t.DropParams) == 0 {
		return body, model, nil
	}
	set := make(map[string]json.RawMessage, len(t.DefaultParams)+len(t.OverrideParams))
	for _, p := range t.DefaultParams {
		if !(addressed && p.Name == "model") && !gjson.GetBytes(body, escapeKey(p.Name)).Exists() {
			set[p.Name] = p.Value
		}
	}
	for _, p := range t.OverrideParams {
		if addressed && p.Name == "model" {
			model = gjson.ParseBytes(p.Value).String()
			continue
		}
		set[p.Name] = p.Value
	}
	if len(set) > 0 {
		if body, err = jsonedit.Merge(body, set); err != nil {
			return nil, "", err
		}
	}
	for _, path := range t.DropParams {
		if body, err = drop(body, path); err != nil {
			return nil, "", &ai.Error{Kind: ai.Invalid, Param: "drop_params", Message: fmt.Sprintf("drop_params: %q is not a path", path), Err: err}
		}
	}
	if addressed {
		return body, model, nil
	}
	return body, gjson.GetBytes(body, "model").String(), nil
}

// drop removes what a path such as "a.b", "a[0].b" or "a[*].b" names. What is
// not there is no error.
func drop(body []byte, path string) ([]byte, error) {
	if !strings.ContainsAny(path, ".[") {
		return jsonedit.Delete(body, path)
	}
	before, after, all := strings.Cut(path, "[*]")
	if !all {
		return sjson.DeleteBytes(body, dotted(path))
	}
	items := gjson.GetBytes(body, dotted(before))
	if !items.IsArray() {
		return body, nil
	}
	var err error
	for i := range len(items.Array()) {
		if body, err = drop(body, before+"["+strconv.Itoa(i)+"]"+after); err != nil {
			return nil, err
		}
	}
	return body, nil
}

// dotted writes "a[0].b" as gjson does: "a.0.b".
func dotted(path string) string {
	return strings.NewReplacer("[", ".", "]", "").Replace(path)
}

func escapeKey(key string) string {
	return strings.NewReplacer(".", `\.`, "*", `\*`, "?", `\?`, "|", `\|`, "#", `\#`, "@", `\@`).Replace(key)
}

// params are what a config's conditions may ask about: the body, with the model
// where the format has it in the address.
func (g *Gateway) params(c *Call) []byte {
	if len(c.Body) == 0 || g.addressed(c) == nil {
		return c.Body
	}
	body, err := jsonedit.Set(c.Body, "model", jsonedit.AppendString(nil, c.Model))
	if err != nil {
		return c.Body
	}
	return body
}
