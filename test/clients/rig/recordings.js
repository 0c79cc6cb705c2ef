// What providers really answered: recordings of the corpus where there is one,
// else the hand-written cases of test/upstream. Tests take what they expect from
// here, so that both are checked value by value.
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { z } from "zod";

const corpus = process.env.PORTICO_CORPUS;

/** Whether real traffic is replayed. */
export const recorded = Boolean(corpus);

// Per provider and use: the recording, and the hand-written case that stands in
// for it in a clone without the corpus (none: the test is skipped there). The
// suites in other languages read the same table.
const cases = JSON.parse(readFileSync(join(import.meta.dirname, "recordings.json"), "utf8"));

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

/** What a chat or message holds, read without an SDK: its text, tool calls, model and tokens. */
export function read(recorded) {
  return recorded.provider === "anthropic" ? readMessage(recorded) : readChat(recorded);
}

function readChat({ body, events = [body] }) {
  const parts = events.flatMap((e) => e.choices).map((c) => c.message ?? c.delta);
  const calls = [];
  for (const [i, part] of parts.flatMap((p) => [...(p.tool_calls ?? []).entries()])) {
    const call = (calls[part.index ?? i] ??= { id: "", name: "", input: "" });
    call.id += part.id ?? "";
    call.name += part.function?.name ?? "";
    call.input += part.function?.arguments ?? "";
  }
  const usage = events.findLast((e) => e.usage)?.usage;
  return {
    text: parts.map((p) => p.content ?? "").join(""), model: events[0].model,
    calls: calls.map((c) => ({ ...c, input: JSON.parse(c.input) })), usage: usage && [usage.prompt_tokens, usage.completion_tokens],
  };
}

function readMessage({ body, events }) {
  const start = body ?? events.find((e) => e.type === "message_start").message;
  const content = body?.content ?? events.filter((e) => e.type === "content_block_start").map(({ index, content_block: block }) => {
    const join = (part) => events.filter((e) => e.type === "content_block_delta" && e.index === index).map((e) => e.delta[part] ?? "").join("");
    return { ...block, text: join("text"), input: JSON.parse(join("partial_json") || "{}") };
  });
  const { output_tokens: output } = (events?.findLast((e) => e.type === "message_delta") ?? body).usage;
  return {
    text: content.filter((b) => b.type === "text").map((b) => b.text).join(""), model: start.model,
    calls: content.filter((b) => b.type === "tool_use").map(({ id, name, input }) => ({ id, name, input })), usage: [start.usage.input_tokens, output],
  };
}

/** A schema that an object of numbers and texts fits. */
export const shapeOf = (object) => z.object(Object.fromEntries(
  Object.entries(object).map(([key, value]) => [key, typeof value === "number" ? z.number() : z.string()]),
));
