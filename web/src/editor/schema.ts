import type { Json, JsonObject } from "../api/types.ts";
import { isObject, list, object, string } from "../lib/json.ts";

// Reading a JSON Schema (draft 2020-12) for what an editor has to know: which
// keys and values are possible at a place, and what they mean. It does not
// validate; the server does.

/** A step into a JSON value: a property's name, or any item of an array. */
export type PathStep = string | typeof item;
export const item = Symbol("item");

/** All schemas that speak about the place that path leads to. */
export function schemasAt(root: JsonObject, path: PathStep[]): JsonObject[] {
  let here = expand(root, root);
  for (const step of path) {
    here = here.flatMap((s) => (step === item ? items(s) : property(s, step))).flatMap((s) => expand(root, s));
  }
  return here;
}

const combiners = ["allOf", "anyOf", "oneOf"];

// A schema with everything it refers to and combines, each once.
function expand(root: JsonObject, schema: Json, seen = new Set<Json>()): JsonObject[] {
  if (!isObject(schema) || seen.has(schema)) return [];
  seen.add(schema);
  const parts: Json[] = [];
  if (typeof schema["$ref"] === "string") parts.push(resolve(root, schema["$ref"]));
  for (const name of combiners) parts.push(...list(schema[name]));
  for (const name of ["then", "else"]) parts.push(schema[name] ?? null);
  return [schema, ...parts.flatMap((part) => expand(root, part, seen))];
}

function resolve(root: JsonObject, ref: string): Json {
  if (!ref.startsWith("#")) return null;
  let node: Json = root;
  for (const raw of ref.slice(1).split("/").filter(Boolean)) {
    node = object(node)[raw.replaceAll("~1", "/").replaceAll("~0", "~")] ?? null;
  }
  return node;
}

function property(schema: JsonObject, name: string): Json[] {
  const named = object(schema["properties"])[name];
  if (named !== undefined) return [named];
  const patterned = Object.entries(object(schema["patternProperties"])).filter(([p]) => new RegExp(p, "u").test(name));
  if (patterned.length > 0) return patterned.map(([, s]) => s);
  return isObject(schema["additionalProperties"]) ? [schema["additionalProperties"]] : [];
}

function items(schema: JsonObject): Json[] {
  return [...list(schema["prefixItems"]), ...(isObject(schema["items"]) ? [schema["items"]] : [])];
}

export interface Key {
  name: string;
  description: string;
  /** JSON types it may have. */
  types: string[];
  required: boolean;
}

/** The keys that an object at a place may have. */
export function keysAt(root: JsonObject, path: PathStep[]): Key[] {
  const keys = new Map<string, Key>();
  const required = new Set<string>();
  for (const schema of schemasAt(root, path)) {
    for (const name of list(schema["required"])) required.add(string(name));
    for (const name of Object.keys(object(schema["properties"]))) {
      const about = schemasAt(root, [...path, name]);
      keys.set(name, { name, description: describe(about), types: typesOf(about), required: false });
    }
  }
  return [...keys.values()].map((key) => ({ ...key, required: required.has(key.name) }));
}

/** The values that a place may have, where they can be counted. */
export function valuesAt(root: JsonObject, path: PathStep[]): { value: Json; description: string }[] {
  const out = new Map<string, { value: Json; description: string }>();
  const add = (value: Json, description = "") => {
    const text = JSON.stringify(value);
    if (!out.has(text)) out.set(text, { value, description });
  };
  for (const schema of schemasAt(root, path)) {
    for (const value of list(schema["enum"])) add(value);
    if (schema["const"] !== undefined) add(schema["const"], string(schema["description"]));
    if (typesOf([schema]).includes("boolean")) [true, false].forEach((v) => add(v));
    if (schema["default"] !== undefined) add(schema["default"], "default");
    for (const value of list(schema["examples"])) add(value, "example");
  }
  return [...out.values()];
}

/** What is said about a place. */
export const describe = (schemas: JsonObject[]): string =>
  schemas.map((s) => string(s["description"])).find((text) => text !== "") ?? "";

function typesOf(schemas: JsonObject[]): string[] {
  const types = schemas.flatMap((s) => (typeof s["type"] === "string" ? [s["type"]] : list(s["type"]).map((t) => string(t))));
  if (schemas.some((s) => s["enum"] !== undefined || s["const"] !== undefined)) types.push("string");
  if (schemas.some((s) => s["properties"] !== undefined)) types.push("object");
  return [...new Set(types.filter(Boolean))];
}
