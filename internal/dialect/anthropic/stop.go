package anthropic

// stopToHub names a stop reason as the hub does. A conversion that is not strict
// keeps the provider's own word, as Portkey's does.
func stopToHub(reason string, strict bool) string {
	if !strict && reason != "" {
		return reason
	}
	switch reason {
	case "max_tokens", "model_context_window_exceeded":
		return "length"
	case "tool_use":
		return "tool_calls"
	case "refusal":
		return "content_filter"
	}
	return "stop"
}

// stopFromHub names a finish reason as Anthropic does; Anthropic's own words
// stay. A call of a tool is one whatever the provider calls the end.
func stopFromHub(reason string, tools bool) string {
	switch reason {
	case "end_turn", "max_tokens", "stop_sequence", "tool_use", "pause_turn", "refusal", "model_context_window_exceeded":
		return reason
	case "length":
		return "max_tokens"
	case "tool_calls", "function_call":
		return "tool_use"
	case "content_filter":
		return "end_turn"
	}
	if tools {
		return "tool_use"
	}
	return "end_turn"
}
