import type { Json } from "../../src/api/types.ts";

// Requests and replies in the shapes that real providers use.

const sse = (events: { event?: string; data: Json | string }[]): string =>
  events
    .map((e) => (e.event ? `event: ${e.event}\n` : "") + `data: ${typeof e.data === "string" ? e.data : JSON.stringify(e.data)}\n\n`)
    .join("");

const words = (text: string): string[] => text.match(/\S+\s*/g) ?? [];

export const question = "Summarise the attached incident in three sentences and say which service caused it.";
export const answer =
  "Between 09:14 and 09:41 UTC checkout requests failed with 503 because the inventory service exhausted its connection pool.\n\nThe pool was drained by a retry loop in the price refresh job, which a deploy at 09:10 had left without a ceiling. Rolling back that job restored service; no orders were lost.\n\nCause: `price-refresh`, not `checkout`.";

export const chatRequest = (model: string, stream: boolean): Json => ({
  model,
  temperature: 0.2,
  max_tokens: 600,
  ...(stream ? { stream: true, stream_options: { include_usage: true } } : {}),
  messages: [
    { role: "system", content: "You are a careful on-call assistant. Answer in plain English and name the cause." },
    { role: "user", content: question },
  ],
});

export const chatReply = (model: string): Json => ({
  id: "chatcmpl-8f2c11a9",
  object: "chat.completion",
  created: 1795500000,
  model,
  choices: [{ index: 0, message: { role: "assistant", content: answer, refusal: null }, finish_reason: "stop" }],
  usage: { prompt_tokens: 412, completion_tokens: 96, total_tokens: 508 },
});

export function chatStream(model: string, cutAfter = Infinity): string {
  const chunk = (delta: Json, finish: string | null = null): Json => ({
    id: "chatcmpl-8f2c11a9",
    object: "chat.completion.chunk",
    created: 1795500000,
    model,
    choices: [{ index: 0, delta, finish_reason: finish }],
  });
  const parts = words(answer);
  const events = [{ data: chunk({ role: "assistant", content: "" }) }, ...parts.slice(0, cutAfter).map((w) => ({ data: chunk({ content: w }) }))];
  if (cutAfter < parts.length) {
    return sse([...events, { data: { error: { message: "The provider's stream broke off.", type: "upstream_error", code: "stream_truncated" } } }]);
  }
  return sse([...events, { data: chunk({}, "stop") }, { data: "[DONE]" }]);
}

export const toolRequest = (model: string): Json => ({
  model,
  max_tokens: 2048,
  stream: true,
  thinking: { type: "enabled", budget_tokens: 1024 },
  system: "You plan trips. Use the tools; never guess the weather.",
  tools: [
    {
      name: "get_weather",
      description: "Weather of a city on a day",
      input_schema: { type: "object", properties: { city: { type: "string" }, day: { type: "string" } }, required: ["city"] },
    },
    { name: "find_trains", description: "Trains between two cities", input_schema: { type: "object", properties: { from: { type: "string" }, to: { type: "string" } } } },
  ],
  messages: [
    {
      role: "user",
      content: [
        { type: "text", text: "Is this a good day for the walk on the map? We leave from Bern." },
        { type: "image", source: { type: "base64", media_type: "image/png", data: map } },
      ],
    },
    { role: "assistant", content: [{ type: "tool_use", id: "toolu_01", name: "find_trains", input: { from: "Bern", to: "Interlaken" } }] },
    { role: "user", content: [{ type: "tool_result", tool_use_id: "toolu_01", content: '{"next":"08:04","takes_min":52}' }] },
  ],
});

export function toolStream(model: string): string {
  const thinking = "The train leaves at 08:04. I still need the weather in Interlaken before I can say anything about the walk.";
  const text = "There is a train at 08:04, arriving at 08:56. Let me check the weather before you decide.";
  const delta = (index: number, d: Json) => ({ event: "content_block_delta", data: { type: "content_block_delta", index, delta: d } });
  const start = (index: number, block: Json) => ({ event: "content_block_start", data: { type: "content_block_start", index, content_block: block } });
  const stop = (index: number) => ({ event: "content_block_stop", data: { type: "content_block_stop", index } });
  return sse([
    { event: "message_start", data: { type: "message_start", message: { id: "msg_01", type: "message", role: "assistant", model, content: [], usage: { input_tokens: 1840, output_tokens: 1 } } } },
    start(0, { type: "thinking", thinking: "" }),
    ...words(thinking).map((w) => delta(0, { type: "thinking_delta", thinking: w })),
    delta(0, { type: "signature_delta", signature: "EqQBCgIYAhIM" }),
    stop(0),
    start(1, { type: "text", text: "" }),
    ...words(text).map((w) => delta(1, { type: "text_delta", text: w })),
    stop(1),
    start(2, { type: "tool_use", id: "toolu_02", name: "get_weather", input: {} }),
    ...['{"city": ', '"Interlaken", ', '"day": "tomorrow"}'].map((p) => delta(2, { type: "input_json_delta", partial_json: p })),
    stop(2),
    { event: "message_delta", data: { type: "message_delta", delta: { stop_reason: "tool_use" }, usage: { output_tokens: 148 } } },
    { event: "message_stop", data: { type: "message_stop" } },
  ]);
}

export const embedRequest = (model: string): Json => ({ model, input: ["refund policy", "return window"], dimensions: 256 });

export const embedReply = (model: string): Json => ({
  object: "list",
  model,
  data: [0, 1].map((index) => ({ object: "embedding", index, embedding: Array.from({ length: 256 }, (_, i) => Math.sin(i + index) / 16) })),
  usage: { prompt_tokens: 6, total_tokens: 6 },
});

// A picture of a sun over a lake, 64 × 64.
const map = "iVBORw0KGgoAAAANSUhEUgAAAEAAAABACAIAAAAlC+aJAAAApklEQVR42u3Zuw2AMBRD0bcAs7ASFS1rMRcDIEZgAcgHFOGYK7kkkk+XmNiOvesEAAAAAAAAAOAXgGGe0tEFZKu/YYRO9WeMEGxfZQjN9uWGkG1faAjl9iUGAI3bZw0A2rdPGwAAAAAAAAAALgAucwIAHjQCgO7fxA6rhMMu5LDMOWyjJus0Pzi8AeOyXubugNr3AAC0AvQSAAAAAAAAAAAAAAC+ywkWw8Qt1u7TcwAAAABJRU5ErkJggg==";
