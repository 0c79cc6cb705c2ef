// What OpenAI's platform has beside chats, through OpenAI's and Portkey's own
// SDKs: uploads, sound, pictures, batches, and paths that are proxied.
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";

import OpenAI, { toFile } from "openai";
import { Portkey } from "portkey-ai";

import { adminKey, baseURL, logOf, newTrace, workspaceKey } from "./rig/portico.js";
import * as upstream from "./rig/upstream.js";

let slug;
before(async () => {
  const admin = new Portkey({ apiKey: adminKey, baseURL });
  slug = (await admin.virtualKeys.create({ name: "platform", provider: "openai", key: "sk-platform-0123456789" })).slug;
});
beforeEach(upstream.reset);
after(upstream.reset);

const json = (value) => ({ body: JSON.stringify(value), headers: { "content-type": "application/json" } });
const answer = (...steps) => upstream.script("openai", ...steps);
const asked = async () => (await upstream.requests("openai")).at(-1);

const clients = {
  openai: (headers = {}) => new OpenAI({ apiKey: workspaceKey, baseURL, maxRetries: 0, defaultHeaders: { "x-portkey-virtual-key": slug, ...headers } }),
  portkey: (headers = {}) => new Portkey({ apiKey: workspaceKey, baseURL, virtualKey: slug, traceID: headers["x-portkey-trace-id"] }),
};

for (const [name, client] of Object.entries(clients)) {
  describe(name, () => {
    test("a file goes up whole and its content comes back", async () => {
      const file = { id: "file-1", object: "file", bytes: 12, filename: "a.jsonl", purpose: "batch" };
      await answer(json(file), { body: "line 1\nline 2\n", headers: { "content-type": "application/octet-stream" } });
      const created = await client().files.create({ file: await toFile(Buffer.from('{"a":"é"}\n'), "a.jsonl"), purpose: "batch" });
      assert.equal(created.id, "file-1");
      const sent = await asked();
      assert.match(sent.header["Content-Type"][0], /^multipart\/form-data; boundary=/);
      assert.ok(sent.body.includes('{"a":"é"}\n') && sent.body.includes("batch"));
      const content = await client().files.content("file-1");
      if (name === "openai") assert.equal(await content.text(), "line 1\nline 2\n"); // Portkey's SDK loses the body on its way
      assert.equal((await asked()).path.endsWith("/files/file-1/content"), true);
    });

    test("a transcript", async () => {
      await answer(json({ text: "spoken words", usage: { type: "tokens", input_tokens: 14, output_tokens: 3, total_tokens: 17 } }));
      const traceID = newTrace("transcript");
      const got = await client({ "x-portkey-trace-id": traceID }).audio.transcriptions.create({
        file: await toFile(Buffer.from([0, 1, 2, 255]), "a.wav"), model: "gpt-4o-transcribe",
      });
      assert.equal(got.text, "spoken words");
      const row = await logOf(traceID);
      assert.deepEqual([row.req_units, row.res_units, row.ai_model], [14, 3, "gpt-4o-transcribe"]);
    });

    test("speech", async () => {
      await answer({ body: "\u0000\u0001ID3", headers: { "content-type": "audio/mpeg" } });
      const got = await client().audio.speech.create({ model: "tts-1", voice: "alloy", input: "hello" });
      assert.equal(Buffer.from(await got.arrayBuffer()).toString(), "\u0000\u0001ID3");
    });

    test("a picture", async () => {
      await answer(json({ created: 1, data: [{ b64_json: "AAAA" }], usage: { input_tokens: 9, output_tokens: 40, total_tokens: 49 } }));
      const got = await client().images.generate({ model: "gpt-image-1", prompt: "a cat" });
      assert.equal(got.data[0].b64_json, "AAAA");
    });

    test("batches and fine-tuning jobs", async () => {
      await answer(json({ id: "batch_1", object: "batch", status: "validating" }), json({ object: "list", data: [{ id: "ftjob-1" }], has_more: false }));
      const batch = await client().batches.create({ input_file_id: "file-1", endpoint: "/v1/chat/completions", completion_window: "24h" });
      assert.equal(batch.id, "batch_1");
      const jobs = await client().fineTuning.jobs.list({ limit: 1 });
      assert.equal(jobs.data[0].id, "ftjob-1");
      assert.equal((await asked()).query, "limit=1");
    });

    test("a path that the gateway does not know", async () => {
      await answer(json({ id: "vs_1", object: "vector_store", name: "docs" }));
      const store = name === "openai" ? await client().vectorStores.create({ name: "docs" }) : await client().post("/vector_stores", { name: "docs" });
      assert.equal(store.id, "vs_1");
      const sent = await asked();
      assert.ok(sent.path.endsWith("/vector_stores"));
      assert.equal(JSON.parse(sent.body).name, "docs");
    });

    test("an error of the provider", async () => {
      await answer({ status: 400, body: JSON.stringify({ error: { message: "no such purpose", type: "invalid_request_error", param: "purpose", code: null } }), headers: { "content-type": "application/json" } });
      await assert.rejects(client().files.list(), (e) => e.status === 400 && e.message.includes("no such purpose"));
    });
  });
}
