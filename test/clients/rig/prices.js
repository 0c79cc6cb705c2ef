// List prices as the providers publish them, in dollars per million tokens. They
// are written down here again so that the server's own table is checked, not used.
import assert from "node:assert/strict";

const dollarsPerMillion = {
  "openai gpt-3.5-turbo-0125": [0.5, 1.5],
  "openai gpt-4o-mini": [0.15, 0.6],
  "openai text-embedding-3-small": [0.02, 0],
  "openai gpt-4o-mini-2024-07-18": [0.15, 0.6],
  "azure-openai gpt-4o-mini": [0.15, 0.6],
  "azure-openai gpt-4o-mini-2024-07-18": [0.15, 0.6],
  "anthropic claude-3-opus-20240229": [15, 75],
  "anthropic claude-sonnet-4-5": [3, 15],
  "anthropic claude-sonnet-4-6": [3, 15],
  "anyscale meta-llama/Llama-2-70b-chat-hf": [1, 1],
};

/** What a call without cached tokens costs, in nano-dollars. */
export function nanoDollars(provider, model, inputTokens, outputTokens) {
  const price = dollarsPerMillion[`${provider} ${model}`];
  assert.ok(price, `no list price of ${provider} ${model} is written down`);
  return Math.round(inputTokens * price[0] * 1000) + Math.round(outputTokens * price[1] * 1000);
}
