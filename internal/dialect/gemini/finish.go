package gemini

import (
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect"
)

// finishReasons are the enum's names by number.
var finishReasons = [...]string{
	"FINISH_REASON_UNSPECIFIED", "STOP", "MAX_TOKENS", "SAFETY", "RECITATION", "OTHER", "LANGUAGE", "BLOCKLIST",
	"PROHIBITED_CONTENT", "SPII", "MALFORMED_FUNCTION_CALL", "IMAGE_SAFETY", "UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS",
	"IMAGE_PROHIBITED_CONTENT", "IMAGE_OTHER", "NO_IMAGE", "IMAGE_RECITATION",
}

// finishName is the name of a reason, "" for none.
func finishName(reason []byte) string {
	if jsonedit.Kind(reason) == '"' {
		return jsonedit.Text(reason)
	}
	if n := jsonedit.Int(reason); n > 0 && n < int64(len(finishReasons)) {
		return finishReasons[n]
	}
	return ""
}

// finishToHub names a finish reason as the hub does. A conversion for a client
// that allows extensions keeps Gemini's own word, as Portkey's does, but a call of
// a tool is one for every client.
func finishToHub(c *dialect.Conversion, reason string, tools bool) string {
	if tools && (reason == "STOP" || reason == "") {
		return "tool_calls"
	}
	if reason == "" {
		return "stop"
	}
	if !c.Strict && !c.Onward {
		return reason
	}
	switch reason {
	case "MAX_TOKENS":
		return "length"
	case "SAFETY", "PROHIBITED_CONTENT", "BLOCKLIST", "SPII", "LANGUAGE", "IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT", "MODEL_ARMOR":
		return "content_filter"
	}
	return "stop"
}

// finishFromHub names a finish reason as Gemini does; its own words stay.
func finishFromHub(reason string) string {
	switch reason {
	case "stop", "tool_calls", "function_call", "":
		return "STOP"
	case "length":
		return "MAX_TOKENS"
	case "content_filter":
		return "SAFETY"
	}
	if reason[0] >= 'A' && reason[0] <= 'Z' {
		return reason
	}
	return "OTHER"
}
