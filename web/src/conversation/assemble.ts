import type { Json, JsonObject } from "../api/types.ts";
import { isObject, list, object, parse, string } from "../lib/json.ts";
import { foldAnthropic } from "./anthropic-stream.ts";
import { foldChat } from "./chat-stream.ts";
import { parseSse } from "./sse.ts";

/** A streamed reply put together again, in the shape of the same reply unstreamed. */
export interface Assembled {
  body: Json;
  /** The stream ended with its format's own last event. */
  complete: boolean;
  /** The error that broke the stream, if one was sent. */
  error: string;
  events: number;
}

/** Puts a text/event-stream reply together, whichever format it is in. */
export function assemble(text: string): Assembled {
  const raw = parseSse(text);
  const events = raw.map((e) => parse(e.data)).filter(isObject);
  const done = raw.some((e) => e.data.trim() === "[DONE]");
  return { ...fold(events, done), error: streamError(events), events: raw.length };
}

function fold(events: JsonObject[], done: boolean): { body: Json; complete: boolean } {
  const types = new Set(events.map((e) => string(e["type"])));
  if (types.has("message_start")) return { body: foldAnthropic(events), complete: types.has("message_stop") };
  if ([...types].some((t) => t.startsWith("response."))) return foldResponses(events);
  if (events.some((e) => Array.isArray(e["candidates"]))) return foldGemini(events);
  return { body: foldChat(events), complete: done };
}

function streamError(events: JsonObject[]): string {
  for (const event of events) {
    const error = event["error"] ?? (event["type"] === "error" ? event : undefined);
    if (isObject(error)) return string(error["message"]) || JSON.stringify(error);
    if (typeof error === "string") return error;
  }
  return "";
}

// The Responses API repeats the whole response in its last event; before that,
// the finished items and the text so far are what there is.
function foldResponses(events: JsonObject[]): { body: Json; complete: boolean } {
  const last = events.findLast((e) =>
    ["response.completed", "response.incomplete", "response.failed"].includes(string(e["type"])),
  );
  if (last) return { body: last["response"] ?? {}, complete: last["type"] === "response.completed" };
  const items = events.filter((e) => e["type"] === "response.output_item.done").map((e) => e["item"] ?? null);
  const finished = new Set(events.filter((e) => e["type"] === "response.output_text.done").map((e) => e["item_id"]));
  const rest = events
    .filter((e) => e["type"] === "response.output_text.delta" && !finished.has(e["item_id"]!))
    .map((e) => string(e["delta"]))
    .join("");
  if (rest) items.push({ type: "message", role: "assistant", content: [{ type: "output_text", text: rest }] });
  const started = object(events.find((e) => e["type"] === "response.created")?.["response"]);
  return { body: { ...started, output: items }, complete: false };
}

function foldGemini(events: JsonObject[]): { body: Json; complete: boolean } {
  const parts: Json[] = [];
  let finish = "";
  for (const event of events) {
    const candidate = object(list(event["candidates"])[0]);
    finish = string(candidate["finishReason"]) || finish;
    for (const part of list(object(candidate["content"])["parts"])) appendPart(parts, object(part));
  }
  const last = events.at(-1) ?? {};
  const candidates = [{ content: { role: "model", parts }, finishReason: finish }];
  return { body: { ...last, candidates }, complete: finish !== "" };
}

function appendPart(parts: Json[], part: JsonObject): void {
  const last = parts.at(-1);
  const joins = isObject(last) && "text" in last && "text" in part && last["thought"] === part["thought"];
  if (joins) last["text"] = string(last["text"]) + string(part["text"]);
  else parts.push({ ...part });
}
