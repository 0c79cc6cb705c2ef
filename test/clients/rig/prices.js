// List prices as the providers publish them, in dollars per million tokens. They
// are written down here again so that the server's own table is checked, not used.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";

const dollarsPerMillion = JSON.parse(readFileSync(join(import.meta.dirname, "prices.json"), "utf8"));

/** What a call without cached tokens costs, in nano-dollars. */
export function nanoDollars(provider, model, inputTokens, outputTokens) {
  const price = dollarsPerMillion[`${provider} ${model}`];
  assert.ok(price, `no list price of ${provider} ${model} is written down`);
  return Math.round(inputTokens * price[0] * 1000) + Math.round(outputTokens * price[1] * 1000);
}
