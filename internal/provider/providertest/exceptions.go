package providertest

// Why a provider's own description does not allow a request that it answered.
const (
	newerTool    = "members of the advisor tool are newer than the description"
	newerRole    = "system messages inside a conversation are newer than the description"
	newerFile    = "files in messages are newer than the 2024-10-21 version"
	newerAudio   = "audio in messages is newer than the 2024-10-21 version"
	emptyContent = "a message with an empty list of parts, which the service takes"
	emptyStop    = "an empty list of stop sequences, which the service takes"
	lowerCase    = "a tool_choice in lower case, which the service takes"
	cohereSchema = "a response format json_schema, which the service takes"
	amazonTool   = "a tool that Amazon runs, which Anthropic's API refuses"
	notFetched   = "Bedrock takes files by their data or from S3 only, so that the translation refuses it"
	noOutput     = "a request for no output at all, which Converse does not take, so that the translation refuses it"
	anyTool      = "tool_choice any, an older word for required, which the service takes"
	oneTool      = "a named tool without the type beside it, as the router's client writes it"
	flatSchema   = "a schema beside the type, as the vendor's older documents have it"
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
	"cohere/chat__rig__agent-loop__01":                                                                                            nullMember,
	"cohere/chat__rig__streaming-probe__02":                                                                                       nullMember,
	"cohere/chat__rig__streaming-tool-call-roundtrip__01":                                                                         nullMember,
	"cohere/chat__rig__tool-call-roundtrip__01":                                                                                   nullMember,
	"cohere/chat__genai__genstream-jsonschema":                                                                                    cohereSchema,
	"cohere/chat__genai__genstream-tools-toolbias-usa":                                                                            lowerCase,
	"cohere/chat__genai__gensync-jsonschema":                                                                                      cohereSchema,
	"cohere/chat__genai__gensync-tools-squareroot-2":                                                                              lowerCase,
	"cohere/chat__genai__gensync-tools-toolbias-usa":                                                                              lowerCase,
	"cohere/chat__genai__genstream-jsonschema~2":                                                                                  cohereSchema,
	"cohere/chat__genai__genstream-tools-squareroot-1":                                                                            lowerCase,
	"cohere/chat__genai__genstream-tools-toolbias-canada":                                                                         lowerCase,
	"cohere/chat__genai__genstream-tools-toolbias-usa~2":                                                                          lowerCase,
	"cohere/chat__genai__gensync-jsonschema~2":                                                                                    cohereSchema,
	"cohere/chat__genai__gensync-tools-squareroot-1":                                                                              lowerCase,
	"cohere/chat__genai__gensync-tools-toolbias-usa~2":                                                                            lowerCase,
	"cohere/chat__openllmetry__test-cohere-v2-chat-legacy-with-tool-calls-and-history__01":                                        nullMember,
	"cohere/rerank__langchain-cohere__test-langchain-cohere-rerank-documents":                                                     nullMember,
	"openai/chat-completions__crewai__test-o3-mini-reasoning-effort-low":                                                          emptyStop,
	"voyage/embeddings__pydantic-ai__testvoyageai-test-query-with-voyageai-input-type":                                            nullMember,
	"voyage/embeddings__pydantic-ai__testvoyageai-test-query-voyage-4":                                                            nullMember,
	"voyage/embeddings__pydantic-ai__testvoyageai-test-documents":                                                                 nullMember,
	"voyage/embeddings__pydantic-ai__testvoyageai-test-query":                                                                     nullMember,
	"voyage/embeddings__pydantic-ai__testvoyageai-test-query-with-truncate":                                                       nullMember,
	"cohere from llamacpp/rerank__rig__top-n-zero":                                                                                "no results are asked for, which it refuses",
	"jina from llamacpp/rerank__rig__top-n-zero":                                                                                  "no results are asked for, which it refuses",
	"openai/embeddings__openinference__test-single-string-embedding":                                                              nullMember,
	"mistral-ai/chat-completions__pydantic-ai__test-mistral-history-uses-prompt-cache__00":                                        nullMember,
	"mistral-ai/chat-completions__pydantic-ai__test-mistral-history-uses-prompt-cache__01":                                        nullMember,
	"openrouter/chat-completions__activeagent__test-agent-common-format-tool-choice-required":                                     anyTool,
	"together-ai/chat-completions__genai__genstream-jsonschema":                                                                   flatSchema,
	"together-ai/chat-completions__genai__gensync-jsonschema":                                                                     flatSchema,
	"together-ai/chat-completions__openllmetry__test-together-chat-legacy":                                                        nullMember,
	"together-ai/chat-completions__pydantic-ai__test-tool-choice-matrix-list-single-huggingface":                                  oneTool,
	"together-ai/text-completions__openllmetry__test-together-completion-legacy":                                                  nullMember,
	"azure-openai from anthropic/messages__rig__streaming-document-file-id-roundtrip-live__01":                                    newerFile,
	"azure-openai from anthropic/messages__crewai__testagentmultimodalfiletypes-test-pdf-anthropic__00":                           newerFile,
	"azure-openai from anthropic/messages__crewai__testcrewmultimodalanthropic-test-pdf-file-anthropic-claud-6fa5df":              newerFile,
	"azure-openai from anthropic/messages__crewai__testanthropicmultimodalintegration-test-analyze-pdf":                           newerFile,
	"azure-openai from anthropic/messages__genai__gensyncmultimodal-document-pdf-inline":                                          newerFile,
	"azure-openai from anthropic/messages__pydantic-ai__test-multimodal-tool-return-matrix-tool-return-content-up-732344__01":     newerFile,
	"azure-openai from google/generatecontent__mirascope__encodes-base64-document":                                                newerFile,
	"azure-openai from google/generatecontent__genai__genstreammultimodal-document-pdf-inline":                                    newerFile,
	"azure-openai from google/generatecontent__pydantic-ai__test-multimodal-tool-return-matrix-tool-return-content-ur-7445c3__02": newerFile,
	"azure-openai from google/generatecontent__req-llm__gemini-3-1-pro-preview-multimodal-tool-result-2":                          newerFile,
	"azure-openai from google/generatecontent__crewai__testagentmultimodalfiletypes-test-audio-gemini__00":                        newerAudio,
	"azure-openai from google/generatecontent__genai__genstreammultimodal-audio-mp3-inline":                                       newerAudio,
	"azure-openai from bedrock/converse__rig__documents-are-prepended-before-history":                                             newerFile,
	"azure-openai from bedrock/converse__crewai__testbedrockmultimodalintegration-test-analyze-pdf":                               newerFile,
	"azure-openai from bedrock/converse__pydantic-ai__test-bedrock-anthropic-tool-result-followed-by-document-accepted":           newerFile,
	"azure-openai from bedrock/converse__pydantic-ai__test-bedrock-cache-messages-with-document-as-last-content__00":              newerFile,
	"azure-openai from bedrock/converse__pydantic-ai__test-bedrock-cache-messages-with-document-as-last-content__01":              newerFile,
	"azure-openai from bedrock/converse__pydantic-ai__test-bedrock-cache-write-and-read__00":                                      newerFile,
	"azure-openai from bedrock/converse__pydantic-ai__test-bedrock-media-kind-delivered-in-tool-result-meta-document__01":         newerFile,
	"azure-openai from bedrock/converse__pydantic-ai__test-bedrock-media-kind-delivered-in-tool-result-mistral-748b78__01":        newerFile,
	"bedrock from cohere/chat__langchain-cohere__test-astream-with-vision":                                                        notFetched,
	"bedrock from cohere/chat__langchain-cohere__test-invoke-with-vision-url":                                                     notFetched,
	"bedrock from openai/chat-completions__crewai__test-multimodal-agent-live-image-analysis__02":                                 notFetched,
	"bedrock from openai/chat-completions__genai__gensyncmultimodal-image-jpg-url":                                                notFetched,
	"bedrock from openai/chat-completions__genai__genstreammultimodal-image-webp-url":                                             notFetched,
	"bedrock from openai/chat-completions__openai-dotnet__getchatcompletionmessageswithpagination__00":                            notFetched,
	"bedrock from openai/chat-completions__pydantic-ai__test-multimodal-tool-return-matrix-tool-return-content-up-840524__01":     notFetched,
	"bedrock from openai/chat-completions__pydantic-ai__test-multimodal-tool-return-matrix-tool-return-content-ur-1d1ad9__01":     notFetched,
	"bedrock from openai/chat-completions__openllmetry__test-vision__00":                                                          notFetched,
	"bedrock from openai/responses__activeagent__test-agent-image-url-bare":                                                       notFetched,
	"bedrock from openai/responses__genai__gensyncmultimodal-image-png-url":                                                       notFetched,
	"bedrock from openai/responses__genai__genstreammultimodal-image-gif-url":                                                     notFetched,
	"bedrock from openai/responses__pydantic-ai__test-multimodal-tool-return-matrix-tool-return-content-up-80562b__01":            notFetched,
	"bedrock from anthropic/messages__rig__streaming-document-file-id-roundtrip-live__01":                                         notFetched,
	"bedrock from anthropic/messages__mirascope__anthropic-beta-claude-sonnet-4-0":                                                notFetched,
	"bedrock from anthropic/messages__mirascope__encodes-url-document":                                                            notFetched,
	"bedrock from anthropic/messages__activeagent__image-message-hash":                                                            notFetched,
	"bedrock from anthropic/messages__genai__genstreammultimodal-document-pdf-url":                                                notFetched,
	"bedrock from anthropic/messages__genai__genstreammultimodal-image-webp-url":                                                  notFetched,
	"bedrock from anthropic/messages__genai__gensyncmultimodal-image-png-url":                                                     notFetched,
	"bedrock from anthropic/messages__genai__gensyncmultimodal-document-pdf-url":                                                  notFetched,
	"bedrock from anthropic/messages__genai__genstreammultimodal-document-pdf-url~2":                                              notFetched,
	"bedrock from anthropic/messages__genai__genstreammultimodal-image-gif-url":                                                   notFetched,
	"bedrock from anthropic/messages__genai__genstreammultimodal-image-jpg-url":                                                   notFetched,
	"bedrock from anthropic/messages__genai__gensyncmultimodal-image-png-url~2":                                                   notFetched,
	"bedrock from anthropic/messages__genai__gensyncmultimodal-document-pdf-url~2":                                                notFetched,
	"bedrock from anthropic/messages__genai__gensyncmultimodal-image-png-url~3":                                                   notFetched,
	"bedrock from anthropic/messages__genai__genstreammultimodal-image-webp-url~2":                                                notFetched,
	"bedrock from anthropic/messages__genai__genstream__01":                                                                       noOutput,
	"bedrock from anthropic/messages__pydantic-ai__test-multimodal-tool-return-matrix-direct-url-image-anthropic__01":             notFetched,
	"bedrock from anthropic/messages__pydantic-ai__test-multimodal-tool-return-matrix-tool-return-content-up-732344__01":          notFetched,
}

// notPromised lists recorded answers that become what OpenAI's description does
// not promise, by id.
var notPromised = map[string]string{
	"x-ai/images__rig__image-generation-smoke": "usage tells the cost alone, under OpenAI's name; it is passed on",
}

const (
	olderHost = "the recorded client used Cohere's older host"
	asList    = "the recorded client asked for the stream as one list"
	intEnums  = "the recorded client asked for enums as numbers"
)

const noVersion = "the recording leaves out the API version, which Azure asks for"

// odd lists recordings, by id, whose URL is not what the provider asks for.
var odd = map[string]string{
	"vertex-ai/generatecontent__opentelemetry-p-15b40a__test-generate-content-invalid-role":                      intEnums,
	"vertex-ai/generatecontent__opentelemetry-p-15b40a__test-generate-content-missing-model":                     intEnums,
	"vertex-ai/generatecontent__opentelemetry-p-15b40a__test-generate-content-with-files":                        intEnums,
	"vertex-ai/generatecontent__req-llm__gemini-2-0-flash-object-streaming":                                      asList,
	"vertex-ai/generatecontent__req-llm__gemini-2-0-flash-streaming":                                             asList,
	"vertex-ai/generatecontent__req-llm__gemini-2-5-flash-object-streaming":                                      asList,
	"vertex-ai/generatecontent__req-llm__gemini-2-5-flash-streaming":                                             asList,
	"cohere/generate__openllmetry-js__should-set-request-and-response-attributes-in-span-for-gi-49ca1c":          olderHost,
	"cohere/generate__openllmetry-js__should-set-request-and-response-attributes-in-span-for-gi-989fad":          olderHost,
	"google/generatecontent__langchaingo__testgoogleaierrorhandling":                                             intEnums,
	"google/generatecontent__langchaingo__testgoogleaiwithjsonmode":                                              intEnums,
	"google/generatecontent__req-llm__gemini-2-5-pro-object-streaming":                                           "the recording leaves out alt=sse, although its answer is one",
	"google/models__genai__listmodels":                                                                           "the recorded client took the first page of the list",
	"azure-openai/chat-completions__crewai__test-openai-is-default-provider-without-explicit-llm-set-1fef07__02": "the recorded client forgot the deployment, and got 404",
	"azure-openai/chat-completions__req-llm__deepseek-r1-0528-reasoning-streaming":                               noVersion,
	"azure-openai/chat-completions__req-llm__deepseek-r1-0528-streaming":                                         noVersion,
	"azure-openai/chat-completions__req-llm__gpt-4-1-object-streaming":                                           noVersion,
	"azure-openai/chat-completions__req-llm__gpt-4-1-streaming":                                                  noVersion,
	"azure-openai/responses__req-llm__codex-mini-object-streaming":                                               noVersion,
	"azure-openai/responses__req-llm__gpt-5-1-codex-mini-object-streaming":                                       noVersion,
	"azure-openai/responses__req-llm__gpt-5-1-codex-mini-streaming":                                              noVersion,
}

const (
	ofOpenAI  = "what newer chats of OpenAI alone take: tools of one's own form, a list of allowed tools, a search, how long a cache lives"
	noAudio   = "sound in messages, which it does not take"
	noEfforts = "an effort of reasoning that it does not have"
	noFiles   = "files in messages, which it does not take"
	noImages  = "images, which it does not take"
	noContent = "a message with tool calls and no content, as OpenAI has it"
	noSchema  = "a form of the answer that it does not have"
	noSpeech  = "a spoken answer, which it does not give"
	oneChoice = "more than one choice, which it does not give"
	oldCalls  = "functions in the form that OpenAI had before tools"
)

// Regular expressions for parts of messages.
const (
	file  = `"type":"file"`
	image = `"type":"image_url"`
	sound = `"type":"input_audio"`
	empty = `"content":null` // also stands for content that is left out
)

// newer matches what came to OpenAI's chats with its Responses API.
const newer = `"type":"custom"|"type":"allowed_tools"|"web_search_options"|"prompt_cache_retention"`

// noPlaceFor lists what a client's request may hold that a provider's own
// description has no place for, as regular expressions. The gateway passes it
// on: the provider refuses it in its own words, and a fallback may act on that.
var noPlaceFor = map[string][]struct{ has, why string }{
	"ai21":        {{file, noFiles}, {sound, noAudio}, {image, noImages}, {`"type":"json_schema"`, noSchema}},
	"anthropic":   {{`"nova_code_interpreter"`, amazonTool}},
	"azure-ai":    {{`"stop":\[\]`, emptyStop}, {`"nova_code_interpreter"`, amazonTool}},
	"deepinfra":   {{file, noFiles}},
	"groq":        {{file, noFiles}, {sound, noAudio}, {`"n":[2-9]`, oneChoice}, {`"modalities"`, noSpeech}},
	"huggingface": {{file, noFiles}, {sound, noAudio}},
	"mistral-ai": {{file, noFiles}, {sound, noAudio}, {`"reasoning_effort":"(minimal|low|medium)"`, noEfforts}, {`"modalities"`, noSpeech},
		{`"functions"`, oldCalls}, {`"function_call":\{`, oldCalls}, {`"prompt_cache_breakpoint"`, "marks of OpenAI's own cache"}, {`"role":"function"`, oldCalls},
		{`"name":"[^"]*","role":"assistant"`, "an assistant with a name"}},
	"moonshot": {{file, noFiles}, {sound, noAudio}, {empty, noContent}, {`"name":"\d`, "a tool's name that begins with a digit"},
		{`"stream_options":null`, nullMember}},
	"predibase": {{file, noFiles}, {sound, noAudio}, {image, noImages}, {`"max_completion_tokens":0`, "an answer of no tokens"}},
	"reka-ai": {{file, noFiles}, {sound, noAudio}, {`"image_url":\{`, "an image as OpenAI has it; its own is the URL alone"},
		{`"tool_choice":\{`, "a tool of one's choice, which it does not take"}, {`"type":"json_object"`, noSchema}},
	"together-ai": {{file, noFiles}, {`"format":"mp3"`, "sound that is not in WAV form"}, {`"reasoning_effort":"(none|minimal|xhigh)"`, noEfforts}},
	"vertex-ai":   {{`"includeServerSideToolInvocations"`, "what the Gemini API alone shows of its own tools"}},
}
