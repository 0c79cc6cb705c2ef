package gateway

import (
	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/route"
)

// ParseConfig compiles a routing config and refuses one that asks for what this
// version does not do where ignoring it would be unsafe: a guardrail that is
// configured and not run is worse than none.
func ParseConfig(raw []byte, o route.Options) (*route.Config, error) {
	cfg, err := route.Parse(raw, o)
	if err != nil {
		return nil, err
	}
	var problems []string
	if cfg.DefaultInputGuardrails != nil || cfg.DefaultOutputGuardrails != nil {
		problems = append(problems, "config: default guardrails are not run by this version; remove default_input_guardrails and default_output_guardrails")
	}
	for t := range cfg.Leaves() {
		if !t.Before.IsZero() || !t.After.IsZero() {
			problems = append(problems, t.Path+": guardrails, hooks and mutators are not run by this version; remove them from this target and those above it")
		}
		if t.PromptID != "" {
			problems = append(problems, t.Path+".prompt_id: stored prompts are not part of this version; name a provider or virtual_key instead")
		}
	}
	if problems == nil {
		return cfg, nil
	}
	return nil, &ai.Error{Kind: ai.Invalid, Type: "invalid_request_error", Code: "unsupported_config", Param: "config",
		Message: "Invalid config passed. " + problems[0], Problems: problems}
}
