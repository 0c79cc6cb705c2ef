import assert from "node:assert/strict";
import { test } from "node:test";
import { reindent } from "./json.ts";

test("what fits a line is on one line, the rest is broken up, and nothing is lost", () => {
  const value = {
    strategy: { mode: "fallback", on_status_codes: [429, 500, 502, 503] },
    targets: [{ virtual_key: "openai-main", override_params: { model: "gpt-4.1" } }, { provider: "anthropic", retry: {} }],
  };
  const text = reindent(JSON.stringify(value));
  assert.equal(
    text,
    `{
  "strategy": { "mode": "fallback", "on_status_codes": [429, 500, 502, 503] },
  "targets": [
    { "virtual_key": "openai-main", "override_params": { "model": "gpt-4.1" } },
    { "provider": "anthropic", "retry": {} }
  ]
}
`,
  );
  assert.deepEqual(JSON.parse(text), value);
  assert.equal(reindent(text), text);
});

test("text that is not JSON stays as it is", () => {
  assert.equal(reindent("{oops"), "{oops");
});
