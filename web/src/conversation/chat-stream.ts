import type { Json, JsonObject } from "../api/types.ts";
import { isObject, list, object, string } from "../lib/json.ts";

/** Folds chat.completion.chunk events (or those of plain completions) into one reply. */
export function foldChat(events: JsonObject[]): JsonObject {
  const choices: JsonObject[] = [];
  let head: JsonObject = {};
  for (const event of events) {
    const { choices: chunk, ...rest } = event;
    if (!("error" in event)) head = { ...head, ...withoutNull(rest) };
    for (const item of list(chunk)) foldChoice(choices, object(item));
  }
  if (head["object"] === "chat.completion.chunk") head["object"] = "chat.completion";
  return { ...head, choices: choices.filter(Boolean) };
}

function withoutNull(value: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(value).filter(([, v]) => v !== null));
}

function foldChoice(choices: JsonObject[], chunk: JsonObject): void {
  const index = typeof chunk["index"] === "number" ? chunk["index"] : 0;
  const choice = (choices[index] ??= { index, finish_reason: null });
  if (typeof chunk["finish_reason"] === "string") choice["finish_reason"] = chunk["finish_reason"];
  if (typeof chunk["text"] === "string") choice["text"] = string(choice["text"]) + chunk["text"];
  if (isObject(chunk["delta"])) {
    const message = (choice["message"] ??= { role: "assistant", content: null }) as JsonObject;
    foldDelta(message, chunk["delta"]);
  }
}

// Text grows; tool calls and content blocks grow by their index; the rest is replaced.
function foldDelta(message: JsonObject, delta: JsonObject): void {
  for (const [name, value] of Object.entries(delta)) {
    if (value === null) continue;
    if (name === "tool_calls") message[name] = foldCalls(list(message[name]), list(value));
    else if (name === "content_blocks") message[name] = foldBlocks(list(message[name]), list(value));
    else if (typeof value === "string" && name !== "role") message[name] = string(message[name]) + value;
    else message[name] = value;
  }
}

function foldCalls(calls: Json[], deltas: Json[]): Json[] {
  const merged = [...calls];
  for (const item of deltas) {
    const delta = object(item);
    const index = typeof delta["index"] === "number" ? delta["index"] : merged.length;
    const call = object(merged[index]);
    const fn = object(call["function"]);
    const more = object(delta["function"]);
    merged[index] = {
      ...call,
      ...withoutNull(delta),
      function: {
        ...fn,
        ...withoutNull(more),
        arguments: string(fn["arguments"]) + string(more["arguments"]),
      },
    };
  }
  return merged;
}

// Portkey's content_blocks carry an Anthropic model's thinking beside the text.
function foldBlocks(blocks: Json[], deltas: Json[]): Json[] {
  const merged = [...blocks];
  for (const item of deltas) {
    const { index: at, delta, ...whole } = object(item);
    const index = typeof at === "number" ? at : merged.length;
    const block: JsonObject = { ...object(merged[index]), ...whole };
    for (const [name, value] of Object.entries(object(delta))) {
      block[name] = typeof value === "string" && name !== "type" ? string(block[name]) + value : value;
    }
    if (block["type"] === undefined) block["type"] = "thinking" in block ? "thinking" : "text";
    merged[index] = block;
  }
  return merged;
}
