// LlamaIndex.TS by its model of OpenAI's format, against OpenAI and Anthropic.
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";

import { OpenAI, OpenAIEmbedding } from "@llamaindex/openai";
import { tool } from "llamaindex";

import { baseURL, logOf, newTrace, virtualKeys, workspaceKey } from "./rig/portico.js";
import { nanoDollars } from "./rig/prices.js";
import { read, recording, skipWithout } from "./rig/recordings.js";
import * as upstream from "./rig/upstream.js";

const names = { openai: "gpt-4o-mini", anthropic: "claude-sonnet-4-6" };
const messages = [{ role: "user", content: "Hello" }];
const weather = tool({
  name: "get_weather", description: "Tells the weather.", execute: () => "sunny",
  parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
});
let slugs;

before(async () => { slugs = await virtualKeys("llamaindex", "openai", "anthropic"); });
beforeEach(upstream.reset);
after(upstream.reset);

const options = (provider, trace) => ({
  apiKey: workspaceKey, baseURL, maxRetries: 0,
  additionalSessionOptions: { defaultHeaders: { "x-portkey-virtual-key": slugs[provider], ...(trace && { "x-portkey-trace-id": trace }) } },
});
const llm = (provider, trace) => new OpenAI({ model: names[provider], ...options(provider, trace) });

for (const provider of ["openai", "anthropic"]) {
  describe(`against ${provider}`, () => {
    test("a chat", async () => {
      const recorded = recording(provider, "chat");
      await upstream.replay(recorded);
      const trace = newTrace("llamaindex");
      const want = read(recorded);
      assert.equal((await llm(provider, trace).chat({ messages })).message.content, want.text);
      const row = await logOf(trace);
      assert.deepEqual([row.ai_org, row.cost_nano], [provider, nanoDollars(provider, want.model, ...want.usage)]);
    });

    test("a stream", async () => {
      const recorded = recording(provider, "stream");
      await upstream.replay(recorded);
      let text = "";
      for await (const chunk of await llm(provider).chat({ messages, stream: true })) text += chunk.delta;
      assert.equal(text, read(recorded).text);
    });

    for (const use of ["tool", "parallel"]) {
      test(`${use} calls`, { skip: skipWithout(provider, use) }, async () => {
        const recorded = recording(provider, use);
        await upstream.replay(recorded);
        const { message } = await llm(provider).chat({ messages, tools: [weather] });
        assert.deepEqual(message.options.toolCall.map((c) => ({ id: c.id, name: c.name, input: JSON.parse(c.input) })), read(recorded).calls);
      });
    }

    for (const use of ["invalid-key", "unknown-model", "bad-request"]) {
      test(`an error: ${use}`, { skip: skipWithout(provider, use) }, async () => {
        const recorded = recording(provider, use);
        await upstream.replay(recorded);
        await assert.rejects(llm(provider).chat({ messages }), (e) => {
          assert.equal(e.status, recorded.status);
          assert.ok(e.message.includes(recorded.body.error.message), e.message);
          return true;
        });
      });
    }
  });
}

test("embeddings, which it asks for as base64", { skip: skipWithout("openai", "embedding-base64") }, async () => {
  const recorded = recording("openai", "embedding-base64");
  await upstream.replay(recorded);
  const embedding = new OpenAIEmbedding({ model: "text-embedding-3-small", ...options("openai") });
  const bytes = Buffer.from(recorded.body.data[0].embedding, "base64");
  assert.deepEqual(await embedding.getTextEmbedding("Hello"), Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readFloatLE(4 * i)));
});
