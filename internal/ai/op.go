package ai

// An Op is what a caller wants done, whatever wire format it is written in.
// The values are Portkey's endpoint names, which appear in messages and logs.
type Op string

// The operations. A chat written as Anthropic messages is still Chat: the wire
// format is the request's Dialect, not its Op.
const (
	Chat     Op = "chatComplete"
	Complete Op = "complete"
	Embed    Op = "embed"
	Models   Op = "listModels"

	// CountTokens measures a prompt; only Gemini's format has it.
	CountTokens Op = "countTokens"
)

// A Dialect is a public wire format.
type Dialect string

// The dialects. OpenAI is the hub: every other one translates to and from it.
const (
	OpenAI    Dialect = "openai"
	Anthropic Dialect = "anthropic"
	Gemini    Dialect = "gemini"
)
