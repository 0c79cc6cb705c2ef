package bedrock

import "github.com/portico-ai/portico/internal/dialect"

// stopToHub names a stop reason as the hub does; a conversion that ends there and
// is not strict keeps the provider's own word. A call of a tool is one whatever
// the model calls the end.
func stopToHub(reason string, tools bool, c *dialect.Conversion) string {
	if !c.Strict && !c.Onward && reason != "" {
		return reason
	}
	switch reason {
	case "max_tokens", "model_context_window_exceeded":
		return "length"
	case "guardrail_intervened", "content_filtered":
		return "content_filter"
	case "tool_use":
		return "tool_calls"
	}
	if tools {
		return "tool_calls"
	}
	return "stop"
}

// stopFromHub names a finish reason as Converse does; its own words stay.
func stopFromHub(reason string, tools bool) string {
	switch reason {
	case "end_turn", "tool_use", "max_tokens", "stop_sequence", "guardrail_intervened", "content_filtered",
		"malformed_model_output", "malformed_tool_use", "model_context_window_exceeded":
		return reason
	case "length":
		return "max_tokens"
	case "tool_calls", "function_call":
		return "tool_use"
	case "content_filter", "refusal":
		return "content_filtered"
	}
	if tools {
		return "tool_use"
	}
	return "end_turn"
}
