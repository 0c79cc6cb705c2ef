package providertest

// Why a provider's own description does not allow a request that it answered.
const (
	newerTool    = "members of the advisor tool are newer than the description"
	newerRole    = "system messages inside a conversation are newer than the description"
	newerFile    = "files in messages are newer than the 2024-10-21 version"
	newerAudio   = "audio in messages is newer than the 2024-10-21 version"
	emptyContent = "a message with an empty list of parts, which the service takes"
	emptyStop    = "an empty list of stop sequences, which the service takes"
	nullMember   = "null for a member that has no such value, which the service takes"
)

// notAllowed lists requests that their provider's own description does not
// allow: recorded ones by id, and those translated for a provider as
// "<provider> from <id>".
var notAllowed = map[string]string{
	"anthropic/messages__pydantic-ai__test-live-fallback-failover-capability-load-and-recovery__01":                               newerRole,
	"anthropic/messages__pydantic-ai__test-mid-conversation-system-prompt-takes-cache-breakpoint":                                 newerRole,
	"anthropic/messages__pydantic-ai__test-anthropic-advisor-tool-message-replay__01":                                             newerTool,
	"anthropic/messages__pydantic-ai__test-anthropic-advisor-tool-redacted":                                                       newerTool,
	"anthropic/messages__pydantic-ai__test-anthropic-advisor-tool-stream":                                                         newerTool,
	"azure-openai/chat-completions__activeagent__tool-choice-required__01":                                                        nullMember,
	"azure-openai/chat-completions__req-llm__deepseek-v3-0324-tool-round-trip-2":                                                  emptyContent,
	"azure-openai/chat-completions__req-llm__gpt-4o-tool-round-trip-2":                                                            emptyContent,
	"openai/chat-completions__crewai__test-o3-mini-reasoning-effort-low":                                                          emptyStop,
	"openai/embeddings__openinference__test-single-string-embedding":                                                              nullMember,
	"azure-openai from google/generatecontent__mirascope__encodes-base64-document":                                                newerFile,
	"azure-openai from google/generatecontent__genai__genstreammultimodal-document-pdf-inline":                                    newerFile,
	"azure-openai from google/generatecontent__pydantic-ai__test-multimodal-tool-return-matrix-tool-return-content-ur-7445c3__02": newerFile,
	"azure-openai from google/generatecontent__req-llm__gemini-3-1-pro-preview-multimodal-tool-result-2":                          newerFile,
	"azure-openai from google/generatecontent__crewai__testagentmultimodalfiletypes-test-audio-gemini__00":                        newerAudio,
	"azure-openai from google/generatecontent__genai__genstreammultimodal-audio-mp3-inline":                                       newerAudio,
	"azure-openai from anthropic/messages__rig__streaming-document-file-id-roundtrip-live__01":                                    newerFile,
	"azure-openai from anthropic/messages__crewai__testagentmultimodalfiletypes-test-pdf-anthropic__00":                           newerFile,
	"azure-openai from anthropic/messages__crewai__testcrewmultimodalanthropic-test-pdf-file-anthropic-claud-6fa5df":              newerFile,
	"azure-openai from anthropic/messages__crewai__testanthropicmultimodalintegration-test-analyze-pdf":                           newerFile,
	"azure-openai from anthropic/messages__genai__gensyncmultimodal-document-pdf-inline":                                          newerFile,
	"azure-openai from anthropic/messages__pydantic-ai__test-multimodal-tool-return-matrix-tool-return-content-up-732344__01":     newerFile,
}

const intEnums = "the recorded client asked for enums as numbers"

const noVersion = "the recording leaves out the API version, which Azure asks for"

// odd lists recordings, by id, whose URL is not what the provider asks for.
var odd = map[string]string{
	"azure-openai/chat-completions__crewai__test-openai-is-default-provider-without-explicit-llm-set-1fef07__02": "the recorded client forgot the deployment, and got 404",
	"azure-openai/chat-completions__req-llm__deepseek-r1-0528-reasoning-streaming":                               noVersion,
	"azure-openai/chat-completions__req-llm__deepseek-r1-0528-streaming":                                         noVersion,
	"azure-openai/chat-completions__req-llm__gpt-4-1-object-streaming":                                           noVersion,
	"azure-openai/chat-completions__req-llm__gpt-4-1-streaming":                                                  noVersion,
	"google/generatecontent__langchaingo__testgoogleaierrorhandling":                                             intEnums,
	"google/generatecontent__langchaingo__testgoogleaiwithjsonmode":                                              intEnums,
	"google/generatecontent__req-llm__gemini-2-5-pro-object-streaming":                                           "the recording leaves out alt=sse, although its answer is one",
	"google/models__genai__listmodels":                                                                           "the recorded client took the first page of the list",
}
