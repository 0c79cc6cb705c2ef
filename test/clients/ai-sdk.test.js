// Vercel's AI SDK, by its providers for OpenAI, Anthropic and whatever is
// compatible with OpenAI, against OpenAI and Anthropic.
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";

import { createAnthropic } from "@ai-sdk/anthropic";
import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { APICallError, embed, generateText, Output, stepCountIs, streamText, tool } from "ai";
import { z } from "zod";

import { baseURL, logOf, newTrace, virtualKeys, workspaceKey } from "./rig/portico.js";
import { nanoDollars } from "./rig/prices.js";
import { read, recording, shapeOf, skipWithout } from "./rig/recordings.js";
import * as upstream from "./rig/upstream.js";

const names = { openai: "gpt-4o-mini", anthropic: "claude-sonnet-4-6" };
const prompt = "Hello";
// Tools of every recording: those that the model may call must be known.
const any = tool({ inputSchema: z.record(z.string(), z.any()) });
let slugs;

before(async () => { slugs = await virtualKeys("ai-sdk", "openai", "anthropic"); });
beforeEach(upstream.reset);
after(upstream.reset);

const headers = (provider, trace) => ({ "x-portkey-virtual-key": slugs[provider], ...(trace && { "x-portkey-trace-id": trace }) });
const ways = {
  "@ai-sdk/openai": (provider, trace) => createOpenAI({ baseURL, apiKey: workspaceKey, headers: headers(provider, trace) }).chat(names[provider]),
  "@ai-sdk/openai-compatible": (provider, trace) => createOpenAICompatible({
    name: "portico", baseURL, apiKey: workspaceKey, headers: headers(provider, trace), includeUsage: true, supportsStructuredOutputs: true,
  })(names[provider]),
  "@ai-sdk/anthropic": (provider, trace) => createAnthropic({ baseURL, apiKey: workspaceKey, headers: headers(provider, trace) })(names[provider]),
};
const usage = ({ inputTokens, outputTokens }) => [inputTokens, outputTokens];
const called = (calls) => calls.map((c) => ({ id: c.toolCallId, name: c.toolName, input: c.input }));
const toolsOf = (calls) => Object.fromEntries(calls.map((c) => [c.name, any]));

for (const [way, model] of Object.entries(ways)) {
  for (const provider of ["openai", "anthropic"]) {
    describe(`${way} against ${provider}`, () => {
      test("a text", async () => {
        const recorded = recording(provider, "chat");
        await upstream.replay(recorded);
        const trace = newTrace("ai-sdk");
        const reply = await generateText({ model: model(provider, trace), prompt, maxRetries: 0 });
        const want = read(recorded);
        assert.equal(reply.text, want.text);
        assert.deepEqual(usage(reply.usage), want.usage);
        const row = await logOf(trace);
        assert.deepEqual([row.ai_org, row.cost_nano], [provider, nanoDollars(provider, want.model, ...want.usage)]);
      });

      test("a stream", async () => {
        const recorded = recording(provider, "stream");
        await upstream.replay(recorded);
        const reply = streamText({ model: model(provider), prompt, maxRetries: 0 });
        let text = "";
        for await (const part of reply.textStream) text += part;
        const want = read(recorded);
        assert.equal(text, want.text);
        assert.equal(await reply.finishReason, "stop");
        assert.deepEqual(usage(await reply.usage), want.usage);
      });

      for (const use of ["tool", "parallel"]) {
        test(`${use} calls`, { skip: skipWithout(provider, use) }, async () => {
          const recorded = recording(provider, use);
          await upstream.replay(recorded);
          const { calls } = read(recorded);
          const reply = await generateText({ model: model(provider), prompt, tools: toolsOf(calls), maxRetries: 0 });
          assert.deepEqual(called(reply.toolCalls), calls);
          assert.equal(reply.finishReason, "tool-calls");
        });

        test(`${use} calls in a stream`, { skip: skipWithout(provider, `${use}-stream`) }, async () => {
          const recorded = recording(provider, `${use}-stream`);
          await upstream.replay(recorded);
          const { calls } = read(recorded);
          const reply = streamText({ model: model(provider), prompt, tools: toolsOf(calls), maxRetries: 0 });
          await reply.consumeStream();
          assert.deepEqual(called(await reply.toolCalls), calls);
        });
      }

      test("the result of a tool goes back", async () => {
        const answer = recording(provider, "chat");
        const recorded = recording(provider, "tool");
        await upstream.script(provider, { case: recorded.case }, { case: answer.case });
        const [{ name, input }] = read(recorded).calls;
        const inputs = [];
        const run = tool({ inputSchema: z.record(z.string(), z.any()), execute: (i) => { inputs.push(i); return "sunny"; } });
        const reply = await generateText({ model: model(provider), prompt, tools: { [name]: run }, stopWhen: stepCountIs(2), maxRetries: 0 });
        assert.deepEqual(inputs, [input]);
        assert.equal(reply.text, read(answer).text);
        assert.match((await upstream.requests(provider))[1].body, /sunny/);
      });

      test("an object", { skip: skipWithout(provider, "structured") }, async () => {
        const recorded = recording(provider, "structured");
        await upstream.replay(recorded);
        const want = JSON.parse(read(recorded).text);
        // The provider for Anthropic uses a tool instead for models that it does not know.
        const providerOptions = { anthropic: { structuredOutputMode: "outputFormat" } };
        const reply = await generateText({ model: model(provider), prompt, output: Output.object({ schema: shapeOf(want) }), providerOptions, maxRetries: 0 });
        assert.deepEqual(reply.output, want);
        const sent = JSON.parse((await upstream.requests(provider))[0].body);
        const schema = provider === "openai" ? sent.response_format.json_schema.schema : sent.output_config.format.schema;
        assert.deepEqual(Object.keys(schema.properties), Object.keys(want));
      });

      for (const use of ["invalid-key", "unknown-model", "bad-request"]) {
        test(`an error: ${use}`, { skip: skipWithout(provider, use) }, async () => {
          const recorded = recording(provider, use);
          await upstream.replay(recorded);
          await assert.rejects(generateText({ model: model(provider), prompt, maxRetries: 0 }), (e) => {
            assert.ok(APICallError.isInstance(e), e.stack);
            assert.equal(e.statusCode, recorded.status);
            assert.ok(e.message.includes(recorded.body.error.message), e.message);
            assert.equal(e.isRetryable, false);
            return true;
          });
        });
      }

      test("a stream that breaks", async () => {
        const recorded = recording(provider, "stream");
        await upstream.script(provider, { case: recorded.case, cut_at: recorded.text.length >> 1 });
        const errors = [];
        const reply = streamText({ model: model(provider), prompt, maxRetries: 0, onError: ({ error }) => { errors.push(error); } });
        await reply.consumeStream();
        assert.equal(errors.length, 1);
      });
    });
  }
}

describe("@ai-sdk/openai by responses, its default", () => {
  const model = (provider) => createOpenAI({ baseURL, apiKey: workspaceKey, headers: headers(provider) })(names[provider]);

  test("a text of OpenAI", async () => {
    const recorded = recording("openai", "response");
    await upstream.replay(recorded);
    const reply = await generateText({ model: model("openai"), prompt, maxRetries: 0 });
    assert.equal(reply.text, recorded.body.output.at(-1).content[0].text);
    assert.equal((await upstream.requests("openai"))[0].path, "/openai/v1/responses");
  });

  test("a stream of OpenAI", async () => {
    const recorded = recording("openai", "response-stream");
    await upstream.replay(recorded);
    const reply = streamText({ model: model("openai"), prompt, maxRetries: 0 });
    assert.equal(await reply.text, recorded.events.filter((e) => e.type === "response.output_text.delta").map((e) => e.delta).join(""));
  });

  test("a text of Anthropic", async () => {
    const recorded = recording("anthropic", "chat");
    await upstream.replay(recorded);
    assert.equal((await generateText({ model: model("anthropic"), prompt, maxRetries: 0 })).text, read(recorded).text);
  });

  test("a stream of Anthropic, with calls of tools", { skip: skipWithout("anthropic", "parallel-stream") }, async () => {
    const recorded = recording("anthropic", "parallel-stream");
    await upstream.replay(recorded);
    const { calls } = read(recorded);
    const reply = streamText({ model: model("anthropic"), prompt, tools: toolsOf(calls), maxRetries: 0 });
    await reply.consumeStream();
    assert.deepEqual(called(await reply.toolCalls), calls);
  });
});

test("embeddings", async () => {
  const recorded = recording("openai", "embedding");
  await upstream.replay(recorded);
  const model = createOpenAI({ baseURL, apiKey: workspaceKey, headers: headers("openai") }).embeddingModel("text-embedding-3-small");
  assert.deepEqual((await embed({ model, value: prompt, maxRetries: 0 })).embedding, recorded.body.data[0].embedding);
});
