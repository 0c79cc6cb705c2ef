// LangChain.js, by OpenAI's and by Anthropic's chat model, against both providers.
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";

import { ChatAnthropic } from "@langchain/anthropic";
import { AIMessage, HumanMessage, ToolMessage } from "@langchain/core/messages";
import { ChatOpenAI, OpenAIEmbeddings } from "@langchain/openai";

import { baseURL, logOf, newTrace, origin, virtualKeys, workspaceKey } from "./rig/portico.js";
import { nanoDollars } from "./rig/prices.js";
import { read, recording, shapeOf, skipWithout } from "./rig/recordings.js";
import * as upstream from "./rig/upstream.js";

const names = { openai: "gpt-4o-mini", anthropic: "claude-sonnet-4-6" };
const weather = {
  type: "function",
  function: { name: "get_weather", description: "Tells the weather.", parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] } },
};
let slugs;

before(async () => { slugs = await virtualKeys("langchain", "openai", "anthropic"); });
beforeEach(upstream.reset);
after(upstream.reset);

const headers = (provider, trace) => ({ "x-portkey-virtual-key": slugs[provider], ...(trace && { "x-portkey-trace-id": trace }) });
const ways = {
  ChatOpenAI: (provider, { trace, ...options } = {}) => new ChatOpenAI({
    model: names[provider], apiKey: workspaceKey, maxRetries: 0, configuration: { baseURL, defaultHeaders: headers(provider, trace) }, ...options,
  }),
  ChatAnthropic: (provider, { trace } = {}) => new ChatAnthropic({
    model: names[provider], apiKey: workspaceKey, maxRetries: 0, maxTokens: 256, anthropicApiUrl: origin, clientOptions: { defaultHeaders: headers(provider, trace) },
  }),
};
const usage = ({ usage_metadata: u }) => [u.input_tokens, u.output_tokens];
const called = (message) => message.tool_calls.map((c) => ({ id: c.id, name: c.name, input: c.args }));

async function joined(stream) {
  let whole;
  for await (const chunk of stream) whole = whole ? whole.concat(chunk) : chunk;
  return whole;
}

for (const [way, model] of Object.entries(ways)) {
  for (const provider of ["openai", "anthropic"]) {
    describe(`${way} against ${provider}`, () => {
      test("a chat", async () => {
        const recorded = recording(provider, "chat");
        await upstream.replay(recorded);
        const trace = newTrace("langchain");
        const reply = await model(provider, { trace }).invoke("Hello");
        const want = read(recorded);
        assert.equal(reply.text, want.text);
        assert.deepEqual(usage(reply), want.usage);
        const row = await logOf(trace);
        assert.deepEqual([row.ai_org, row.cost_nano], [provider, nanoDollars(provider, want.model, ...want.usage)]);
      });

      test("a stream", async () => {
        const recorded = recording(provider, "stream");
        await upstream.replay(recorded);
        const whole = await joined(await model(provider).stream("Hello"));
        const want = read(recorded);
        assert.equal(whole.text, want.text);
        // ChatAnthropic adds the first event's tokens to the last's, so it tells other sums than Anthropic.
        if (way === "ChatOpenAI") assert.deepEqual(usage(whole), want.usage);
      });

      for (const use of ["tool", "parallel"]) {
        test(`${use} calls`, { skip: skipWithout(provider, use) }, async () => {
          const recorded = recording(provider, use);
          await upstream.replay(recorded);
          assert.deepEqual(called(await model(provider).bindTools([weather]).invoke("Hello")), read(recorded).calls);
        });

        test(`${use} calls in a stream`, { skip: skipWithout(provider, `${use}-stream`) }, async () => {
          const recorded = recording(provider, `${use}-stream`);
          await upstream.replay(recorded);
          assert.deepEqual(called(await joined(await model(provider).bindTools([weather]).stream("Hello"))), read(recorded).calls);
        });
      }

      test("the result of a tool goes back", async () => {
        const recorded = recording(provider, "chat");
        await upstream.replay(recorded);
        const call = { id: "call_7", name: "get_weather", args: { city: "Paris" } };
        const history = [new HumanMessage("Hello"), new AIMessage({ content: "", tool_calls: [call] }), new ToolMessage({ content: "sunny", tool_call_id: "call_7" })];
        assert.equal((await model(provider).bindTools([weather]).invoke(history)).text, read(recorded).text);
        const [{ body }] = await upstream.requests(provider);
        for (const part of ["call_7", "Paris", "sunny"]) assert.ok(body.includes(part), body);
      });

      for (const use of ["invalid-key", "unknown-model", "bad-request"]) {
        test(`an error: ${use}`, { skip: skipWithout(provider, use) }, async () => {
          const recorded = recording(provider, use);
          await upstream.replay(recorded);
          await assert.rejects(model(provider).invoke("Hello"), (e) => {
            assert.equal(e.status, recorded.status);
            assert.ok(e.message.includes(recorded.body.error.message), e.message);
            return true;
          });
        });
      }

      test("a stream that breaks", async () => {
        const recorded = recording(provider, "stream");
        await upstream.script(provider, { case: recorded.case, cut_at: recorded.text.length >> 1 });
        await assert.rejects(async () => joined(await model(provider).stream("Hello")));
      });
    });
  }
}

for (const provider of ["openai", "anthropic"]) {
  test(`an object of ${provider}`, { skip: skipWithout(provider, "structured") }, async () => {
    const recorded = recording(provider, "structured");
    await upstream.replay(recorded);
    const want = JSON.parse(read(recorded).text);
    const structured = ways.ChatOpenAI(provider).withStructuredOutput(shapeOf(want), { method: "jsonSchema", name: "shape" });
    assert.deepEqual(await structured.invoke("Hello"), want);
  });

  test(`a response of ${provider}`, async () => {
    const recorded = recording(provider, provider === "openai" ? "response" : "chat");
    await upstream.replay(recorded);
    const reply = await ways.ChatOpenAI(provider, { useResponsesApi: true }).invoke("Hello");
    assert.equal(reply.text, provider === "openai" ? recorded.body.output.at(-1).content[0].text : read(recorded).text);
  });
}

test("embeddings", async () => {
  const recorded = recording("openai", "embedding");
  await upstream.replay(recorded);
  const embeddings = new OpenAIEmbeddings({
    model: "text-embedding-3-small", apiKey: workspaceKey, encodingFormat: "float", maxRetries: 0, configuration: { baseURL, defaultHeaders: headers("openai") },
  });
  assert.deepEqual(await embeddings.embedQuery("Hello"), recorded.body.data[0].embedding);
});
