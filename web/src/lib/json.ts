import type { Json, JsonObject } from "../api/types.ts";

// Careful reading of JSON that others wrote: the wrong type reads as nothing.

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export const object = (value: Json | undefined): JsonObject => (isObject(value) ? value : {});

export const list = (value: Json | undefined): Json[] => (Array.isArray(value) ? value : []);

export const string = (value: Json | undefined): string => (typeof value === "string" ? value : "");

/** The value that text holds as JSON; undefined when it is not JSON. */
export function parse(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

/** A value as text for reading: strings as they are, the rest indented. */
export const pretty = (value: Json | undefined): string =>
  typeof value === "string" ? value : value === undefined ? "" : JSON.stringify(value, null, 2);

/** JSON text laid out anew, what fits a line on one line; text that is not JSON as it is. */
export function reindent(text: string): string {
  const value = parse(text);
  return value === undefined ? text : layOut(value, "", 0) + "\n";
}

const width = 84;

// `used` is what the line holds before the value: its key, and a comma after it.
function layOut(value: Json, indent: string, used: number): string {
  const line = oneLine(value);
  if (typeof value !== "object" || value === null || indent.length + used + line.length <= width) return line;
  const deeper = indent + "  ";
  const rows = Array.isArray(value)
    ? value.map((v) => layOut(v, deeper, 1))
    : Object.entries(value).map(([k, v]) => {
        const key = JSON.stringify(k) + ": ";
        return key + layOut(v, deeper, key.length + 1);
      });
  const [open, close] = Array.isArray(value) ? "[]" : "{}";
  return `${open}\n${rows.map((row) => deeper + row).join(",\n")}\n${indent}${close}`;
}

function oneLine(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(oneLine).join(", ")}]`;
  if (!isObject(value)) return JSON.stringify(value);
  const fields = Object.entries(value).map(([k, v]) => `${JSON.stringify(k)}: ${oneLine(v)}`);
  return fields.length > 0 ? `{ ${fields.join(", ")} }` : "{}";
}
