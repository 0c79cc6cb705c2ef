import type { Json, JsonObject } from "../api/types.ts";
import { isObject, list, object, parse, pretty, string } from "../lib/json.ts";

// Any dialect's request and reply as one list of messages, for reading. Whatever
// is not recognised stays visible as JSON.

export type Part =
  | { kind: "text"; text: string }
  | { kind: "thinking"; text: string }
  | { kind: "refusal"; text: string }
  | { kind: "image"; url: string }
  | { kind: "file"; name: string }
  | { kind: "tool_call"; id: string; name: string; args: string }
  | { kind: "tool_result"; id: string; text: string; failed: boolean }
  | { kind: "json"; value: Json };

export interface Message {
  role: string;
  name: string;
  parts: Part[];
  /** Why the model stopped; "" for messages that were sent. */
  finish: string;
}

export interface Tool {
  name: string;
  description: string;
  schema: Json;
}

/** The messages of a request body. */
export function requestMessages(body: Json): Message[] {
  const b = object(body);
  if (Array.isArray(b["messages"])) return [...system(b["system"]), ...b["messages"].map(chatMessage)];
  if ("input" in b || "instructions" in b) return [...system(b["instructions"]), ...inputMessages(b["input"])];
  if (Array.isArray(b["contents"])) return [...geminiSystem(b), ...b["contents"].map(geminiMessage)];
  if ("prompt" in b) return texts(b["prompt"]);
  if ("query" in b) return [...texts(b["query"]), ...list(b["documents"]).map((d) => message("document", content(d)))];
  return [];
}

/** The messages of a reply body: one per choice. */
export function replyMessages(body: Json): Message[] {
  const b = object(body);
  if (isObject(b["error"])) return [];
  if (Array.isArray(b["choices"])) return b["choices"].map(choiceMessage);
  if (Array.isArray(b["candidates"])) {
    return b["candidates"].map((c) => {
      const candidate = object(c);
      return { ...geminiMessage(candidate["content"] ?? {}), finish: string(candidate["finishReason"]) };
    });
  }
  if (Array.isArray(b["output"])) return b["output"].flatMap(inputItem);
  if (b["type"] === "message" && Array.isArray(b["content"])) {
    return [{ ...chatMessage(b), finish: string(b["stop_reason"]) }];
  }
  if (Array.isArray(b["data"])) return b["data"].map(dataMessage);
  return [];
}

/** The tools that a request offers. */
export function requestTools(body: Json): Tool[] {
  return list(object(body)["tools"]).flatMap((item) => {
    const tool = object(item);
    const declared = list(tool["functionDeclarations"] ?? tool["function_declarations"]);
    if (declared.length > 0) return declared.map((d) => toolOf(object(d)));
    return [toolOf(isObject(tool["function"]) ? tool["function"] : tool)];
  });
}

function toolOf(tool: JsonObject): Tool {
  return {
    name: string(tool["name"]) || string(tool["type"]),
    description: string(tool["description"]),
    schema: tool["parameters"] ?? tool["input_schema"] ?? null,
  };
}

const message = (role: string, parts: Part[], finish = ""): Message => ({ role, name: "", parts, finish });

function system(value: Json | undefined): Message[] {
  return value === undefined || value === null || value === "" ? [] : [message("system", content(value))];
}

function texts(value: Json | undefined): Message[] {
  const items = Array.isArray(value) ? value : [value ?? ""];
  return items.map((item) => message("user", content(item)));
}

function chatMessage(value: Json): Message {
  const m = object(value);
  const parts: Part[] = [];
  const thinking = string(m["reasoning_content"]) || string(m["reasoning"]);
  if (thinking) parts.push({ kind: "thinking", text: thinking });
  for (const block of list(m["content_blocks"])) {
    if (object(block)["type"] !== "text") parts.push(...part(block));
  }
  const role = string(m["role"]) || "assistant";
  if (role === "tool") {
    parts.push({ kind: "tool_result", id: string(m["tool_call_id"]), text: resultText(m["content"]), failed: false });
  } else {
    parts.push(...content(m["content"]));
  }
  if (typeof m["refusal"] === "string") parts.push({ kind: "refusal", text: m["refusal"] });
  for (const call of list(m["tool_calls"])) parts.push(toolCall(object(call)));
  if (isObject(m["function_call"])) parts.push(toolCall({ function: m["function_call"] }));
  return { role, name: string(m["name"]), parts, finish: "" };
}

function choiceMessage(value: Json): Message {
  const choice = object(value);
  const finish = string(choice["finish_reason"]);
  if (isObject(choice["message"])) return { ...chatMessage(choice["message"]), finish };
  return message("assistant", content(choice["text"]), finish);
}

function toolCall(call: JsonObject): Part {
  const fn = object(call["function"] ?? call["custom"]);
  return {
    kind: "tool_call",
    id: string(call["id"]),
    name: string(fn["name"]),
    args: argsText(fn["arguments"] ?? fn["input"]),
  };
}

function argsText(value: Json | undefined): string {
  if (typeof value !== "string") return pretty(value ?? {});
  const parsed = parse(value);
  return parsed === undefined ? value : pretty(parsed);
}

function content(value: Json | undefined): Part[] {
  if (value === null || value === undefined || value === "") return [];
  if (typeof value === "string") return [{ kind: "text", text: value }];
  if (Array.isArray(value) && value.every((v) => typeof v === "number")) return [{ kind: "json", value }];
  return Array.isArray(value) ? value.flatMap(part) : part(value);
}

function part(value: Json): Part[] {
  if (typeof value === "string") return [{ kind: "text", text: value }];
  const p = object(value);
  switch (p["type"]) {
    case "text":
    case "input_text":
    case "output_text":
      return [{ kind: "text", text: string(p["text"]) }];
    case "thinking":
      return [{ kind: "thinking", text: string(p["thinking"]) }];
    case "redacted_thinking":
      return [{ kind: "thinking", text: "(redacted by the provider)" }];
    case "refusal":
      return [{ kind: "refusal", text: string(p["refusal"]) }];
    case "image_url":
      return [{ kind: "image", url: string(object(p["image_url"])["url"]) || string(p["image_url"]) }];
    case "input_image":
      return [{ kind: "image", url: string(p["image_url"]) || string(p["file_id"]) }];
    case "image":
      return [{ kind: "image", url: source(object(p["source"])) }];
    case "document":
      return [{ kind: "file", name: string(p["title"]) || "document" }];
    case "file":
    case "input_file":
      return [{ kind: "file", name: string(object(p["file"])["filename"]) || string(p["filename"]) || "file" }];
    case "tool_use":
    case "server_tool_use":
      return [{ kind: "tool_call", id: string(p["id"]), name: string(p["name"]), args: argsText(p["input"]) }];
    case "tool_result":
      return [
        {
          kind: "tool_result",
          id: string(p["tool_use_id"]),
          text: resultText(p["content"]),
          failed: p["is_error"] === true,
        },
      ];
  }
  if (typeof p["text"] === "string") return [{ kind: "text", text: p["text"] }];
  return [{ kind: "json", value }];
}

function source(s: JsonObject): string {
  if (s["type"] === "base64") return `data:${string(s["media_type"])};base64,${string(s["data"])}`;
  return string(s["url"]) || string(s["file_id"]);
}

function resultText(value: Json | undefined): string {
  const parts = content(value);
  return parts
    .map((p) => (p.kind === "text" ? argsText(p.text) : p.kind === "json" ? pretty(p.value) : `[${p.kind}]`))
    .join("\n");
}

function inputMessages(value: Json | undefined): Message[] {
  if (!Array.isArray(value)) return texts(value);
  const items = value.every((v) => isObject(v) && ("role" in v || "type" in v));
  return items ? value.flatMap(inputItem) : texts(value);
}

// An item of the Responses API, in its input or its output.
function inputItem(value: Json): Message[] {
  const item = object(value);
  switch (item["type"]) {
    case "function_call":
    case "custom_tool_call": {
      const args = argsText(item["arguments"] ?? item["input"]);
      return [message("assistant", [{ kind: "tool_call", id: string(item["call_id"]), name: string(item["name"]), args }])];
    }
    case "function_call_output":
    case "custom_tool_call_output": {
      const text = resultText(item["output"]);
      return [message("tool", [{ kind: "tool_result", id: string(item["call_id"]), text, failed: false }])];
    }
    case "reasoning": {
      const summary = list(item["summary"]).map((s) => string(object(s)["text"])).join("\n\n");
      return summary ? [message("assistant", [{ kind: "thinking", text: summary }])] : [];
    }
  }
  if ("role" in item) return [message(string(item["role"]), content(item["content"]), "")];
  return [message("assistant", [{ kind: "json", value }])];
}

function geminiSystem(body: JsonObject): Message[] {
  const instruction = body["systemInstruction"] ?? body["system_instruction"];
  return isObject(instruction) ? [{ ...geminiMessage(instruction), role: "system" }] : [];
}

function geminiMessage(value: Json): Message {
  const m = object(value);
  const role = m["role"] === "model" ? "assistant" : string(m["role"]) || "user";
  return message(role, list(m["parts"]).map((p) => geminiPart(object(p))));
}

function geminiPart(p: JsonObject): Part {
  const call = p["functionCall"];
  const result = p["functionResponse"];
  const inline = object(p["inlineData"] ?? p["inline_data"]);
  if (isObject(call)) return { kind: "tool_call", id: "", name: string(call["name"]), args: pretty(call["args"] ?? {}) };
  if (isObject(result)) return { kind: "tool_result", id: string(result["name"]), text: pretty(result["response"] ?? {}), failed: false };
  if (typeof inline["data"] === "string") {
    const type = string(inline["mimeType"] ?? inline["mime_type"]);
    return type.startsWith("image/") ? { kind: "image", url: `data:${type};base64,${inline["data"]}` } : { kind: "file", name: type };
  }
  if (typeof p["text"] === "string") return { kind: p["thought"] === true ? "thinking" : "text", text: p["text"] };
  return { kind: "json", value: p };
}

// An embedding or an image of a list reply.
function dataMessage(value: Json): Message {
  const item = object(value);
  if (Array.isArray(item["embedding"])) {
    const head = item["embedding"].slice(0, 4).map((n) => (typeof n === "number" ? n.toFixed(4) : "?")).join(", ");
    return message("embedding", [{ kind: "text", text: `${item["embedding"].length} numbers: ${head}, …` }]);
  }
  if (typeof item["b64_json"] === "string") {
    return message("assistant", [{ kind: "image", url: "data:image/png;base64," + item["b64_json"] }]);
  }
  if (typeof item["url"] === "string") return message("assistant", [{ kind: "image", url: item["url"] }]);
  return message("assistant", [{ kind: "json", value }]);
}
