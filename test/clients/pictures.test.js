// Pictures that are made from others, at providers with formats of their own, and
// single models, through OpenAI's and Anthropic's own SDKs.
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";

import Anthropic from "@anthropic-ai/sdk";
import OpenAI, { toFile } from "openai";
import { Portkey } from "portkey-ai";

import { adminKey, baseURL, logOf, newTrace, workspaceKey } from "./rig/portico.js";
import * as upstream from "./rig/upstream.js";

const slugs = {};
before(async () => {
  const admin = new Portkey({ apiKey: adminKey, baseURL });
  for (const provider of ["stability-ai", "google", "black-forest-labs", "openai"]) {
    slugs[provider] = (await admin.virtualKeys.create({ name: `pictures ${provider}`, provider, key: "sk-pictures-0123456789" })).slug;
  }
});
beforeEach(upstream.reset);
after(upstream.reset);

const json = (value) => ({ body: JSON.stringify(value), headers: { "content-type": "application/json" } });
const asked = async (provider) => await upstream.requests(provider);
const client = (provider, headers = {}) =>
  new OpenAI({ apiKey: workspaceKey, baseURL, maxRetries: 0, defaultHeaders: provider ? { "x-portkey-virtual-key": slugs[provider], ...headers } : headers });
const picture = () => toFile(Buffer.from("hi"), "fox.png", { type: "image/png" });

describe("images.edit", () => {
  test("as the form of Stability AI", async () => {
    await upstream.script("stability-ai", json({ image: "aGk=", finish_reason: "SUCCESS", seed: 1 }));
    const traceID = newTrace("edit");
    const got = await client("stability-ai", { "x-portkey-trace-id": traceID }).images.edit({ model: "inpaint", prompt: "a hat", image: await picture(), mask: await picture() });
    assert.equal(got.data[0].b64_json, "aGk=");
    const [sent] = await asked("stability-ai");
    assert.ok(sent.path.endsWith("/v2beta/stable-image/edit/inpaint"), sent.path);
    assert.match(sent.header["Content-Type"][0], /^multipart\/form-data; boundary=/);
    for (const name of ["image", "mask", "prompt"]) assert.ok(sent.body.includes(`name="${name}"`), name);
    assert.equal((await logOf(traceID)).ai_model, "inpaint");
  });

  test("as a chat with Gemini, of two pictures", async () => {
    await upstream.script("google", json({
      candidates: [{ content: { role: "model", parts: [{ text: "Here" }, { inlineData: { mimeType: "image/png", data: "aGk=" } }] }, finishReason: "STOP" }],
      usageMetadata: { promptTokenCount: 10, candidatesTokenCount: 1290, totalTokenCount: 1300 },
    }));
    const got = await client("google").images.edit({ model: "gemini-2.5-flash-image", prompt: "both together", image: [await picture(), await picture()] });
    assert.equal(got.data[0].b64_json, "aGk=");
    const [sent] = await asked("google");
    const parts = JSON.parse(sent.body).contents[0].parts;
    assert.deepEqual(parts.map((p) => p.text ?? p.inlineData.data), ["both together", "aGk=", "aGk="]);
  });

  test("as a task of Black Forest Labs", async () => {
    await upstream.script("black-forest-labs", json({ id: "t1" }), json({ id: "t1", status: "Pending" }), json({ id: "t1", status: "Ready", result: { sample: "https://x/1.png" } }));
    const got = await client("black-forest-labs").images.edit({ model: "flux-kontext-pro", prompt: "a hat", image: await picture() });
    assert.equal(got.data[0].url, "https://x/1.png");
    const sent = await asked("black-forest-labs");
    assert.deepEqual(sent.map((r) => r.method), ["POST", "GET", "GET"]);
    assert.equal(JSON.parse(sent[0].body).input_image, "aGk=");
    assert.equal(sent[2].query, "id=t1");
  });

  test("a provider that varies nothing says so", async () => {
    await assert.rejects(client("stability-ai").images.createVariation({ image: await picture() }), (e) => e.status === 501 && e.message.includes("imageVariation is not supported"));
  });
});

describe("models.retrieve", () => {
  test("OpenAI's SDK, a name with slashes", async () => {
    const id = `@${slugs.openai}/gpt-4o`;
    const got = await client().models.retrieve(id);
    assert.deepEqual([got.id, got.object, got.owned_by], [id, "model", "openai"]);
    await assert.rejects(client().models.retrieve("no-such-model"), (e) => e instanceof OpenAI.NotFoundError && e.code === "model_not_found");
  });

  test("OpenAI's SDK, at the provider", async () => {
    await upstream.script("openai", json({ id: "gpt-4o", object: "model", created: 5, owned_by: "system" }));
    assert.equal((await client("openai").models.retrieve("gpt-4o")).created, 5);
  });

  test("Anthropic's SDK", async () => {
    const anthropic = new Anthropic({ apiKey: workspaceKey, baseURL, maxRetries: 0 });
    const id = `@${slugs.openai}/gpt-4o`;
    const got = await anthropic.models.retrieve(id);
    assert.deepEqual([got.id, got.type, got.display_name], [id, "model", id]);
    const all = [];
    for await (const m of anthropic.models.list()) all.push(m.id);
    assert.ok(all.includes(id));
    await assert.rejects(anthropic.models.retrieve("no-such-model"), (e) => e instanceof Anthropic.NotFoundError);
  });
});

test("responses.compact", async () => {
  await upstream.script("openai", json({ id: "resp_1", object: "response.compaction", created_at: 1, output: [], usage: { input_tokens: 9, output_tokens: 2, total_tokens: 11, input_tokens_details: { cached_tokens: 0 }, output_tokens_details: { reasoning_tokens: 0 } } }));
  const got = await client("openai").responses.compact({ model: "gpt-5.1", input: "hello" });
  assert.equal(got.object, "response.compaction");
  assert.ok((await asked("openai"))[0].path.endsWith("/responses/compact"));
  await assert.rejects(client("google").responses.compact({ model: "gemini-2.5-flash", input: "hello" }), (e) => e.status === 501);
});
