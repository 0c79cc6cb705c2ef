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

	CountTokens Op = "messagesCountTokens" // of a request written as Anthropic messages

	// The Responses API. Where a provider does not have it, making a response is
	// a chat.
	CreateResponse      Op = "createModelResponse"
	GetResponse         Op = "getModelResponse"
	DeleteResponse      Op = "deleteModelResponse"
	CancelResponse      Op = "cancelModelResponse"
	ListResponseItems   Op = "listResponseInputItems"
	CountResponseTokens Op = "countResponseInputTokens"
)

// Free reports whether an operation asks for nothing that is charged: it counts,
// or tells again what has been charged before.
func (o Op) Free() bool {
	switch o {
	case CountTokens, GetResponse, DeleteResponse, CancelResponse, ListResponseItems, CountResponseTokens:
		return true
	}
	return false
}

// A Dialect is a public wire format.
type Dialect string

// The dialects. OpenAI is the hub: every other one translates to and from it.
const (
	OpenAI    Dialect = "openai"
	Anthropic Dialect = "anthropic"
	// Responses is OpenAI's newer format, with items in place of messages.
	Responses Dialect = "responses"
)
