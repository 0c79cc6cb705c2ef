import type { Json, JsonObject, Problem } from "../../src/api/types.ts";

/** A part of the JSON Schema of a routing config, enough for the editor. */
export const configSchema: JsonObject = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  title: "Config",
  $ref: "#/$defs/target",
  $defs: {
    target: {
      type: "object",
      properties: {
        strategy: { $ref: "#/$defs/strategy" },
        targets: { type: "array", description: "What the strategy chooses from.", items: { $ref: "#/$defs/target" } },
        name: { type: "string", description: "Name that conditions refer to." },
        provider: { type: "string", description: "Provider id, or @slug of a stored credential." },
        virtual_key: { type: "string", description: "Slug of a virtual key." },
        weight: { type: "number", minimum: 0, description: "Share of a load balance." },
        override_params: { type: "object", description: "Body fields that replace the client's." },
        retry: {
          type: "object",
          description: "Tries a target again before giving up on it.",
          properties: {
            attempts: { type: "integer", minimum: 0, maximum: 5, description: "Most retries of a target." },
            on_status_codes: { type: "array", items: { type: "integer" }, description: "Status codes that are retried." },
            use_retry_after_headers: { type: "boolean", description: "Wait as long as the provider says." },
          },
          required: ["attempts"],
        },
        cache: {
          type: "object",
          description: "Answers from earlier replies.",
          properties: {
            mode: { enum: ["simple", "semantic"], description: "Exact or by meaning." },
            max_age: { type: "integer", description: "Seconds a reply stays valid." },
          },
          required: ["mode"],
        },
        request_timeout: { type: "integer", description: "Milliseconds to the response head." },
        first_token_timeout: { type: "integer", description: "Milliseconds to the first token of a stream." },
      },
    },
    strategy: {
      type: "object",
      description: "How a target is chosen.",
      properties: {
        mode: { enum: ["single", "loadbalance", "fallback", "conditional"], description: "The kind of choice." },
        on_status_codes: { type: "array", items: { type: "integer" }, description: "Status codes that a fallback goes on from." },
        conditions: { type: "array", items: { type: "object" } },
        default: { type: "string", description: "Target when no condition holds." },
      },
      required: ["mode"],
    },
  },
};

const modes = ["single", "loadbalance", "fallback", "conditional"];

/** Finds the faults of a config that the tests and the demo make. */
export function checkConfig(value: Json, path = "config"): Problem[] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [{ path, message: "must be an object" }];
  const problems: Problem[] = [];
  const strategy = value["strategy"] as JsonObject | undefined;
  if (strategy && !modes.includes(String(strategy["mode"]))) {
    problems.push({ path: `${path}.strategy.mode`, message: `is ${JSON.stringify(strategy["mode"])}; it must be one of ${modes.join(", ")}` });
  }
  if (strategy && !Array.isArray(value["targets"])) problems.push({ path, message: "has a strategy but no targets" });
  if (typeof value["weight"] === "number" && value["weight"] < 0) problems.push({ path: `${path}.weight`, message: "must not be negative" });
  if (Array.isArray(value["targets"])) (value["targets"] as Json[]).forEach((t, i) => problems.push(...checkConfig(t, `${path}.targets[${i}]`)));
  if (path === "config" && Object.keys(value).length === 0) problems.push({ path, message: "names no provider, no targets, and no setting" });
  return problems;
}
