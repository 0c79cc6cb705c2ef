// What providers really answered: recordings of the corpus where there is one,
// else the hand-written cases of test/upstream. Tests take what they expect from
// here, so that both are checked value by value.
import { readFileSync } from "node:fs";
import { join } from "node:path";

const corpus = process.env.PORTICO_CORPUS;

/** Whether real traffic is replayed. */
export const recorded = Boolean(corpus);

// Per provider and use: the recording, and the hand-written case that stands in
// for it in a clone without the corpus (none: the test is skipped there).
const cases = {
  openai: {
    chat: ["chat-completions__langchaingo__testconstitutionalchain__01", "hello"],
    "chat-4o": ["chat-completions__crewai__test-openai-async-conversation", "hello"],
    stream: ["chat-completions__crewai__test-stream-llm-emits-event-with-task-and-agent-info", "hello-stream"],
    tool: ["chat-completions__crewai__test-agent-kickoff-with-platform-tools__00", "tool-call"],
    "tool-stream": ["chat-completions__dd-apm-test-agent__openai-chat-completions-post-3c045664", "tool-call-stream"],
    parallel: ["chat-completions__braintrust-sdk-python__test-openai-parallel-tool-calls__00"],
    "parallel-stream": ["chat-completions__rig__streaming-gpt4o-parallel-agent"],
    completion: ["text-completions__openllmetry__testfinishreasonmapping-test-finish-reason-mapped-from-pr-35f838__00", "completion"],
    "completion-stream": ["text-completions__dd-apm-test-agent__openai-completions-post-98c30019"],
    embedding: ["embeddings__ai-gateway__embeddings-basic", "embedding"],
    "embedding-base64": ["embeddings__ai-gateway__embeddings-dimensions"],
    response: ["responses__activeagent__test-agent-text-input", "response"],
    "response-stream": ["responses__mirascope__accumulates-content-as-stream-progresses", "response-stream"],
    "response-tools": ["responses__openllmetry__test-responses-tool-calls__00"],
    models: [undefined, "models"],
    "invalid-key": ["chat-completions__dd-trace-py__chat-completion-error", "invalid-key"],
    "unknown-model": ["chat-completions__ai-gateway__chat-unknown-model"],
    "bad-request": ["chat-completions__ai-gateway__chat-bad-request"],
  },
  anthropic: {
    chat: ["messages__dd-trace-py__anthropic-completion-multi-prompt-with-chat-history", "hello"],
    stream: ["messages__openinference__test-anthropic-instrumentation-async-stream-message", "hello-stream"],
    tool: ["messages__dd-trace-py__anthropic-v1-messages-post-c247d326", "tool-call"],
    "tool-stream": ["messages__rig__automatic-prompt-caching-and-strict-tools-stream-together", "tool-call-stream"],
    parallel: ["messages__mirascope__async__00"],
    "parallel-stream": ["messages__mirascope__async-stream__00"],
    thinking: ["messages__openinference__testmodels-test-litellm-reasoning-model-has-expected-attributes__01"],
    "thinking-stream": ["messages__openinference__thinking-streaming"],
    "count-tokens": ["count-tokens__ruby-llm__chat-rubyllm-count-tokens-counts-one-user-message", "count-tokens"],
    models: [undefined, "models"],
    "invalid-key": ["messages__dd-trace-py__anthropic-v1-messages-beta-true-post-1913e018"],
    "unknown-model": ["messages__mirascope__anthropic-beta-claude-sonnet-4-0__00~3"],
    "bad-request": ["messages__dd-trace-py__anthropic-completion-error"],
  },
  google: {
    chat: ["generatecontent__openinference__test-async-generate-content", "hello"],
    stream: ["generatecontent__openinference__test-streaming-text-content", "hello-stream"],
    tool: ["generatecontent__crewai__testgemininativetoolcalling-test-gemini-parallel-native-t-1e8088__00", "tool-call"],
    "tool-stream": [undefined, "tool-call-stream"],
    count: [undefined, "count-tokens"],
    embeddings: [undefined, "embeddings"],
    models: [undefined, "models"],
  },
  "azure-openai": {
    chat: ["chat-completions__crewai__test-azure-async-multiple-calls__00", "hello"],
  },
};

/**
 * A recording: its provider and case (as the upstream knows it), the request it
 * answered, and the reply: status, body, and for streams text and events.
 */
export function recording(provider, use) {
  const name = caseOf(provider, use);
  if (!name) throw new Error(`${provider} ${use} needs the corpus: guard the test with skipWithout`);
  const file = corpus && name === cases[provider][use][0]
    ? join(corpus, "http", provider, `${name}.json`)
    : join(import.meta.dirname, "../../upstream/testdata", `${provider}__${name}.json`);
  const exchange = JSON.parse(readFileSync(file, "utf8"));
  const text = exchange.response_chunks?.join("");
  return {
    provider, case: name, request: exchange.request_body, status: exchange.status,
    body: exchange.response_body, text, events: text === undefined ? undefined : parseEvents(text),
  };
}

/** Why a test cannot run here, or false: the value of its `skip` option. */
export function skipWithout(provider, ...uses) {
  const missing = uses.filter((use) => !caseOf(provider, use));
  return missing.length > 0 && `needs recorded traffic (${provider}: ${missing.join(", ")}); set PORTICO_CORPUS`;
}

function caseOf(provider, use) {
  const [real, own] = cases[provider][use];
  return corpus && real ? real : own;
}

/** The data of a stream's events, parsed; OpenAI's [DONE] is left out. */
function parseEvents(text) {
  return text.split(/\r?\n\r?\n/)
    .map((event) => event.split(/\r?\n/).filter((line) => line.startsWith("data:")).map((line) => line.slice(5).trimStart()).join("\n"))
    .filter((data) => data !== "" && data !== "[DONE]")
    .map((data) => JSON.parse(data));
}
