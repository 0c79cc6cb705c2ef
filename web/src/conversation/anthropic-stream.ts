import type { JsonObject } from "../api/types.ts";
import { object, parse, string } from "../lib/json.ts";

/** Folds the events of an Anthropic message stream into the message. */
export function foldAnthropic(events: JsonObject[]): JsonObject {
  let message: JsonObject = {};
  const blocks: JsonObject[] = [];
  const inputs: string[] = [];
  for (const event of events) {
    const index = typeof event["index"] === "number" ? event["index"] : 0;
    switch (event["type"]) {
      case "message_start":
        message = { ...object(event["message"]) };
        break;
      case "content_block_start":
        blocks[index] = { ...object(event["content_block"]) };
        break;
      case "content_block_delta":
        inputs[index] = (inputs[index] ?? "") + string(object(event["delta"])["partial_json"]);
        foldBlock((blocks[index] ??= {}), object(event["delta"]));
        break;
      case "message_delta":
        message = { ...message, ...object(event["delta"]) };
        message["usage"] = { ...object(message["usage"]), ...object(event["usage"]) };
        break;
    }
  }
  for (const [index, block] of blocks.entries()) {
    const input = inputs[index];
    // A cut stream leaves half an object; it is shown as the text it is.
    if (block && input) block["input"] = parse(input) ?? input;
  }
  return { ...message, content: blocks.filter(Boolean) };
}

function foldBlock(block: JsonObject, delta: JsonObject): void {
  switch (delta["type"]) {
    case "text_delta":
      block["type"] ??= "text";
      block["text"] = string(block["text"]) + string(delta["text"]);
      break;
    case "thinking_delta":
      block["type"] ??= "thinking";
      block["thinking"] = string(block["thinking"]) + string(delta["thinking"]);
      break;
    case "signature_delta":
      block["signature"] = string(delta["signature"]);
      break;
    case "citations_delta":
      block["citations"] = [...(Array.isArray(block["citations"]) ? block["citations"] : []), delta["citation"] ?? null];
      break;
  }
}
