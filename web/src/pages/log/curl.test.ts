import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import type { LogDetail } from "../../api/types.ts";
import { asCurl, quote } from "./curl.ts";

test("a quoted word comes out of the shell as it went in", () => {
  const word = `it's "$HOME" \`x\` \\ \n end`;
  assert.equal(execFileSync("sh", ["-c", `printf %s ${quote(word)}`]).toString(), word);
});

test("curl has the body and the config, but no masked credential and no trace", () => {
  const log = {
    metrics: { path: "/v1/chat/completions", method: "POST", virtual_key: "", config: "" },
    request: {
      body: { model: "m", messages: [{ role: "user", content: "it's" }] },
      portkeyHeaders: {
        "x-portkey-config": "pc-main-1",
        "x-portkey-api-key": "ab****yz",
        "x-portkey-trace-id": "t",
        "x-portkey-virtual-key": "op****ai",
      },
    },
  } as unknown as LogDetail;
  assert.equal(
    asCurl(log, "http://h:1"),
    `curl -X POST 'http://h:1/v1/chat/completions' \\
  -H "x-portkey-api-key: $PORTICO_API_KEY" \\
  -H 'x-portkey-config: pc-main-1' \\
  -H "content-type: application/json" \\
  -d '{"model":"m","messages":[{"role":"user","content":"it'\\''s"}]}'`,
  );
});

test("curl leads to where the request went, whatever said so", () => {
  const log = (metrics: object, model: string) => ({ metrics: { path: "/p", method: "POST", config: "", virtual_key: "", ...metrics }, request: { body: { model }, portkeyHeaders: {} } }) as unknown as LogDetail;
  assert.match(asCurl(log({ config: "pc-1", virtual_key: "v" }, "m"), "http://h"), /x-portkey-config: pc-1/);
  assert.match(asCurl(log({ virtual_key: "v" }, "m"), "http://h"), /x-portkey-virtual-key: v/);
  assert.doesNotMatch(asCurl(log({ virtual_key: "v" }, "@v/m"), "http://h"), /x-portkey-virtual-key/);
});
