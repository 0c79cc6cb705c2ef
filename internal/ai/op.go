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
	Rerank   Op = "rerank"
	Models   Op = "listModels"
	GetModel Op = "retrieveModel" // where a provider lacks it, it is looked up in the list

	CountTokens Op = "messagesCountTokens" // of a request written as Anthropic messages

	// The Responses API. Where a provider does not have it, making a response is
	// a chat.
	CreateResponse      Op = "createModelResponse"
	GetResponse         Op = "getModelResponse"
	DeleteResponse      Op = "deleteModelResponse"
	CancelResponse      Op = "cancelModelResponse"
	ListResponseItems   Op = "listResponseInputItems"
	CountResponseTokens Op = "countResponseInputTokens"
	CompactResponse     Op = "compactModelResponse"

	// Conversations, which responses are told to go on with.
	CreateConversation     Op = "createConversation"
	GetConversation        Op = "getConversation"
	UpdateConversation     Op = "updateConversation"
	DeleteConversation     Op = "deleteConversation"
	AddConversationItems   Op = "createConversationItems"
	ListConversationItems  Op = "listConversationItems"
	GetConversationItem    Op = "getConversationItem"
	DeleteConversationItem Op = "deleteConversationItem"

	CountContents Op = "countTokens" // of a prompt in Gemini's format
)

// Operations of OpenAI's platform. They go to the provider as they come and come
// back as they are, unless the provider speaks another format.
const (
	ImageGenerate Op = "imageGenerate"
	ImageEdit     Op = "imageEdit"
	ImageVary     Op = "imageVariation"
	Speech        Op = "createSpeech"
	Transcribe    Op = "createTranscription"
	Translate     Op = "createTranslation"
	Moderate      Op = "createModeration"

	UploadFile     Op = "uploadFile"
	ListFiles      Op = "listFiles"
	GetFile        Op = "retrieveFile"
	DeleteFile     Op = "deleteFile"
	GetFileContent Op = "retrieveFileContent"

	CreateBatch Op = "createBatch"
	ListBatches Op = "listBatches"
	GetBatch    Op = "retrieveBatch"
	CancelBatch Op = "cancelBatch"

	CreateFinetune          Op = "createFinetune"
	ListFinetunes           Op = "listFinetunes"
	GetFinetune             Op = "retrieveFinetune"
	CancelFinetune          Op = "cancelFinetune"
	ListFinetuneEvents      Op = "listFinetuneEvents"
	ListFinetuneCheckpoints Op = "listFinetuneCheckpoints"

	Realtime Op = "realtime" // a session over a WebSocket

	// Span is no request: a step of a caller's program, of which only its trace tells.
	Span Op = "span"

	// Proxy is any other path of a provider: assistants, threads, vector stores
	// and whatever else it may have.
	Proxy Op = "proxy"
)

// Relayed reports whether replies of the operation may be of any media type and
// pass through as they are.
func (o Op) Relayed() bool {
	switch o {
	case Chat, Complete, Embed, Rerank, Models, GetModel, CountTokens, CountContents, CreateResponse:
		return false
	}
	return true
}

// Free reports whether a call of the operation costs nothing by itself, so that
// figures in its reply, such as the usage of a batch that is asked after, are
// not this call's.
func (o Op) Free() bool {
	switch o {
	case Chat, Complete, Embed, Rerank, CreateResponse, CompactResponse, ImageGenerate, ImageEdit, ImageVary, Speech, Transcribe, Translate, Realtime, Proxy:
		return false
	}
	return true
}

// A Dialect is a public wire format.
type Dialect string

// The dialects. OpenAI is the hub: every other one translates to and from it.
const (
	OpenAI    Dialect = "openai"
	Anthropic Dialect = "anthropic"
	Cohere    Dialect = "cohere"
	// Responses is OpenAI's newer format, with items in place of messages.
	Responses Dialect = "responses"
	Gemini    Dialect = "gemini"
	Predict   Dialect = "predict" // Vertex AI's, of models that are not generative: instances in, predictions out
	Bedrock   Dialect = "bedrock" // Converse
)

// The formats that only providers speak.
const (
	Jina      Dialect = "jina"
	Nomic     Dialect = "nomic"
	OCI       Dialect = "oci" // Oracle Cloud Infrastructure's Generative AI
	PaLM      Dialect = "palm"
	TEI       Dialect = "tei" // Text Embeddings Inference
	Triton    Dialect = "triton"
	Voyage    Dialect = "voyage"
	WorkersAI Dialect = "workers-ai"
)
