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

/** JSON text indented; text that is not JSON as it is. */
export function reindent(text: string): string {
  const value = parse(text);
  return value === undefined ? text : JSON.stringify(value, null, 2);
}
