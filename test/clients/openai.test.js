// OpenAI's own SDK, told nothing but a base URL and a key, against OpenAI and,
// translated, against Anthropic.
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";

import OpenAI from "openai";
import { Portkey } from "portkey-ai";

import { adminKey, baseURL, logOf, newTrace, workspaceKey } from "./rig/portico.js";
import { nanoDollars } from "./rig/prices.js";
import { recording, skipWithout } from "./rig/recordings.js";
import * as upstream from "./rig/upstream.js";

const slugs = {};
const messages = [{ role: "user", content: "Hello" }];
const weather = {
  type: "function",
  function: { name: "get_weather", parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] } },
};

before(async () => {
  const admin = new Portkey({ apiKey: adminKey, baseURL });
  for (const provider of ["openai", "anthropic"]) {
    slugs[provider] = (await admin.virtualKeys.create({ name: `openai-sdk ${provider}`, provider, key: `sk-openai-sdk-${provider}` })).slug;
  }
});
beforeEach(upstream.reset);
after(upstream.reset);

const client = (provider, headers = {}) => new OpenAI({
  apiKey: workspaceKey, baseURL, maxRetries: 0, defaultHeaders: { "x-portkey-virtual-key": slugs[provider], ...headers },
});

async function collect(stream) {
  const items = [];
  for await (const item of stream) items.push(item);
  return items;
}

describe("against OpenAI, everything arrives as it was recorded", () => {
  test("a completion of a chat", async () => {
    const recorded = recording("openai", "chat-4o");
    await upstream.replay(recorded);
    const traceID = newTrace("chat");
    const reply = await client("openai", { "x-portkey-trace-id": traceID }).chat.completions.create({ model: "gpt-4o-mini", messages });
    assert.deepEqual(reply, recorded.body);
    const row = await logOf(traceID);
    const { prompt_tokens: input, completion_tokens: output } = recorded.body.usage;
    assert.equal(row.cost_nano, nanoDollars("openai", recorded.body.model, input, output));
  });

  test("a provider named in the model", async () => {
    const recorded = recording("openai", "chat-4o");
    await upstream.replay(recorded);
    const plain = new OpenAI({ apiKey: workspaceKey, baseURL, maxRetries: 0 });
    assert.deepEqual(await plain.chat.completions.create({ model: `@${slugs.openai}/gpt-4o-mini`, messages }), recorded.body);
    assert.equal(JSON.parse((await upstream.requests("openai"))[0].body).model, "gpt-4o-mini");
  });

  test("a stream without usage, which the gateway asks for on its own account", async () => {
    const recorded = recording("openai", "stream");
    await upstream.replay(recorded);
    const traceID = newTrace("stream");
    const chunks = await collect(await client("openai", { "x-portkey-trace-id": traceID }).chat.completions.create({ model: "gpt-4o-mini", messages, stream: true }));
    assert.deepEqual(chunks, recorded.events.filter((event) => event.choices.length > 0));
    assert.deepEqual(JSON.parse((await upstream.requests("openai"))[0].body).stream_options, { include_usage: true });
    const { usage, model } = recorded.events.at(-1);
    const row = await logOf(traceID);
    assert.deepEqual([row.req_units, row.res_units, row.usage_estimated], [usage.prompt_tokens, usage.completion_tokens, false]);
    assert.equal(row.cost_nano, nanoDollars("openai", model, usage.prompt_tokens, usage.completion_tokens));
    assert.ok(row.time_to_first_token > 0 && row.time_to_first_token <= row.response_time);
  });

  test("a stream with usage", async () => {
    const recorded = recording("openai", "stream");
    await upstream.replay(recorded);
    const chunks = await collect(await client("openai").chat.completions.create({ model: "gpt-4o-mini", messages, stream: true, stream_options: { include_usage: true } }));
    assert.deepEqual(chunks, recorded.events);
  });

  test("a stream that arrives byte by byte", async () => {
    const recorded = recording("openai", "stream");
    await upstream.script("openai", { case: recorded.case, split: "byte" });
    const chunks = await collect(await client("openai").chat.completions.create({ model: "gpt-4o-mini", messages, stream: true }));
    assert.deepEqual(chunks, recorded.events.filter((event) => event.choices.length > 0));
  });

  for (const use of ["tool", "parallel"]) {
    test(`${use} calls`, { skip: skipWithout("openai", use) }, async () => {
      const recorded = recording("openai", use);
      await upstream.replay(recorded);
      const reply = await client("openai").chat.completions.create({ model: "gpt-4o-mini", messages, tools: [weather] });
      assert.deepEqual(reply, recorded.body);
      assert.deepEqual(JSON.parse((await upstream.requests("openai"))[0].body).tools, [weather]);
    });

    test(`${use} calls in a stream`, { skip: skipWithout("openai", `${use}-stream`) }, async () => {
      const recorded = recording("openai", `${use}-stream`);
      await upstream.replay(recorded);
      const final = await client("openai").chat.completions.stream({ model: "gpt-4o-mini", messages, tools: [weather] }).finalChatCompletion();
      const calls = final.choices[0].message.tool_calls.map((c) => ({ id: c.id, name: c.function.name, arguments: c.function.arguments }));
      assert.deepEqual(calls, joinedCalls(recorded.events));
      assert.equal(final.choices[0].finish_reason, "tool_calls");
    });
  }

  test("a completion", async () => {
    const recorded = recording("openai", "completion");
    await upstream.replay(recorded);
    assert.deepEqual(await client("openai").completions.create({ model: recorded.request.model, prompt: "Hello" }), recorded.body);
  });

  test("a completion in a stream", { skip: skipWithout("openai", "completion-stream") }, async () => {
    const recorded = recording("openai", "completion-stream");
    await upstream.replay(recorded);
    const chunks = await collect(await client("openai").completions.create({ model: "gpt-3.5-turbo-instruct", prompt: "Hello", stream: true }));
    assert.deepEqual(chunks, recorded.events);
  });

  test("embeddings as numbers", async () => {
    const recorded = recording("openai", "embedding");
    await upstream.replay(recorded);
    const traceID = newTrace("embedding");
    const reply = await client("openai", { "x-portkey-trace-id": traceID }).embeddings.create({ model: "text-embedding-3-small", input: "Hello", encoding_format: "float" });
    assert.deepEqual(reply, recorded.body);
    const row = await logOf(traceID);
    assert.equal(row.req_units, recorded.body.usage.prompt_tokens);
    assert.equal(row.res_units, 0);
    assert.equal(row.cost_nano, nanoDollars("openai", "text-embedding-3-small", recorded.body.usage.prompt_tokens, 0));
  });

  test("embeddings as base64, which the SDK asks for and decodes", { skip: skipWithout("openai", "embedding-base64") }, async () => {
    const recorded = recording("openai", "embedding-base64");
    await upstream.replay(recorded);
    const reply = await client("openai").embeddings.create({ model: "text-embedding-3-small", input: "Hello", dimensions: 256 });
    const bytes = Buffer.from(recorded.body.data[0].embedding, "base64");
    const numbers = Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readFloatLE(4 * i));
    assert.equal(numbers.length, 256);
    assert.deepEqual(reply.data[0].embedding, numbers);
    assert.equal(JSON.parse((await upstream.requests("openai"))[0].body).encoding_format, "base64");
  });

  test("the list of models", async () => {
    const recorded = recording("openai", "models");
    await upstream.script("openai", { case: recorded.case });
    assert.deepEqual(await collect(client("openai").models.list()), recorded.body.data);
  });
});

/** The tool calls that a stream's deltas add up to. */
function joinedCalls(events) {
  const calls = [];
  for (const delta of events.flatMap((e) => e.choices[0]?.delta.tool_calls ?? [])) {
    const call = (calls[delta.index] ??= { id: "", name: "", arguments: "" });
    call.id += delta.id ?? "";
    call.name += delta.function?.name ?? "";
    call.arguments += delta.function?.arguments ?? "";
  }
  return calls;
}

describe("against Anthropic, replies are OpenAI's", () => {
  const model = "claude-sonnet-4-5";
  const total = (usage) => [usage.input_tokens, usage.output_tokens, usage.input_tokens + usage.output_tokens];
  const toolUses = (content) => content.filter((b) => b.type === "tool_use").map((b) => ({ id: b.id, name: b.name, input: b.input }));
  const callsOf = (message) => message.tool_calls.map((c) => ({ id: c.id, name: c.function.name, input: JSON.parse(c.function.arguments) }));

  test("a chat", async () => {
    const recorded = recording("anthropic", "chat");
    await upstream.replay(recorded);
    const reply = await client("anthropic").chat.completions.create({ model, messages: [{ role: "system", content: "Be brief." }, ...messages] });
    assert.equal(reply.object, "chat.completion");
    assert.equal(reply.id, recorded.body.id);
    assert.equal(reply.model, recorded.body.model);
    assert.deepEqual(reply.choices, [{
      index: 0, logprobs: null, finish_reason: recorded.body.stop_reason === "max_tokens" ? "length" : "stop",
      message: { role: "assistant", content: recorded.body.content[0].text, refusal: null },
    }]);
    assert.deepEqual([reply.usage.prompt_tokens, reply.usage.completion_tokens, reply.usage.total_tokens], total(recorded.body.usage));
    const sent = JSON.parse((await upstream.requests("anthropic"))[0].body);
    assert.ok(sent.max_tokens > 0, "Anthropic refuses a request without max_tokens");
    assert.equal(JSON.stringify(sent.system).includes("Be brief."), true);
  });

  test("a stream", async () => {
    const recorded = recording("anthropic", "stream");
    await upstream.replay(recorded);
    const stream = client("anthropic").chat.completions.stream({ model, messages, stream_options: { include_usage: true } });
    const chunks = [];
    stream.on("chunk", (chunk) => chunks.push(chunk));
    const final = await stream.finalChatCompletion();
    const texts = recorded.events.map((e) => e.delta?.text ?? "").filter(Boolean);
    assert.deepEqual(chunks.map((c) => c.choices[0]?.delta.content).filter(Boolean), texts);
    assert.equal(final.choices[0].message.content, texts.join(""));
    assert.equal(final.choices[0].finish_reason, "stop");
    const start = recorded.events[0].message;
    const output = recorded.events.findLast((e) => e.type === "message_delta").usage.output_tokens;
    assert.deepEqual([final.usage.prompt_tokens, final.usage.completion_tokens], [start.usage.input_tokens, output]);
    assert.equal(final.model, start.model);
    assert.deepEqual(chunks.at(-1).choices, [], "usage comes in a chunk of its own, the last");
  });

  test("a stream without usage", async () => {
    await upstream.replay(recording("anthropic", "stream"));
    const chunks = await collect(await client("anthropic").chat.completions.create({ model, messages, stream: true }));
    assert.ok(chunks.every((chunk) => chunk.choices.length === 1));
    assert.equal(chunks.at(-1).choices[0].finish_reason, "stop");
  });

  for (const use of ["tool", "parallel"]) {
    test(`${use} calls`, { skip: skipWithout("anthropic", use) }, async () => {
      const recorded = recording("anthropic", use);
      await upstream.replay(recorded);
      const { choices: [{ message, finish_reason }] } = await client("anthropic").chat.completions.create({ model, messages, tools: [weather], tool_choice: "required" });
      assert.deepEqual(callsOf(message), toolUses(recorded.body.content));
      assert.equal(finish_reason, "tool_calls");
      const sent = JSON.parse((await upstream.requests("anthropic"))[0].body);
      assert.deepEqual(sent.tools.map((t) => [t.name, t.input_schema]), [["get_weather", weather.function.parameters]]);
      assert.equal(sent.tool_choice.type, "any");
    });

    test(`${use} calls in a stream`, { skip: skipWithout("anthropic", `${use}-stream`) }, async () => {
      const recorded = recording("anthropic", `${use}-stream`);
      await upstream.replay(recorded);
      const final = await client("anthropic").chat.completions.stream({ model, messages, tools: [weather] }).finalChatCompletion();
      const blocks = recorded.events.filter((e) => e.content_block?.type === "tool_use").map((start) => ({
        id: start.content_block.id, name: start.content_block.name,
        input: JSON.parse(recorded.events.filter((e) => e.index === start.index).map((e) => e.delta?.partial_json ?? "").join("")),
      }));
      assert.ok(blocks.length > 0);
      assert.deepEqual(callsOf(final.choices[0].message), blocks);
      assert.equal(final.choices[0].finish_reason, "tool_calls");
    });
  }

  test("the list of models", async () => {
    const recorded = recording("anthropic", "models");
    await upstream.script("anthropic", { case: recorded.case });
    assert.deepEqual(await collect(client("anthropic").models.list()), recorded.body.data.map((model) => ({
      id: model.id, object: "model", created: Date.parse(model.created_at) / 1000, owned_by: "anthropic",
    })));
    assert.equal((await upstream.requests("anthropic"))[0].path, "/anthropic/v1/models");
  });

  test("what it does not offer", async () => {
    await assert.rejects(client("anthropic").embeddings.create({ model, input: "Hello" }), (e) => {
      assert.equal(e.status, 501);
      assert.match(e.message, /not supported by anthropic/);
      return true;
    });
    assert.equal((await upstream.requests("anthropic")).length, 0);
  });
});

describe("errors are the SDK's own", () => {
  const cases = [
    ["openai", "invalid-key", OpenAI.AuthenticationError],
    ["openai", "unknown-model", OpenAI.NotFoundError],
    ["openai", "bad-request", OpenAI.BadRequestError],
    ["anthropic", "invalid-key", OpenAI.AuthenticationError],
    ["anthropic", "unknown-model", OpenAI.NotFoundError],
    ["anthropic", "bad-request", OpenAI.BadRequestError],
  ];
  for (const [provider, use, type] of cases) {
    for (const stream of [false, true]) {
      test(`${provider}: ${use}${stream ? ", streaming" : ""}`, { skip: skipWithout(provider, use) }, async () => {
        const recorded = recording(provider, use);
        await upstream.replay(recorded);
        await assert.rejects(client(provider).chat.completions.create({ model: "gpt-4o-mini", messages, stream }), (e) => {
          assert.ok(e instanceof type, e.stack);
          assert.equal(e.status, recorded.status);
          assert.ok(e.message.includes(recorded.body.error.message), e.message);
          assert.equal(e.type, recorded.body.error.type);
          if (provider === "openai") {
            assert.equal(e.code, recorded.body.error.code);
            assert.equal(e.param, recorded.body.error.param);
          }
          return true;
        });
      });
    }
  }

  for (const [status, type] of [[429, OpenAI.RateLimitError], [503, OpenAI.InternalServerError], [500, OpenAI.InternalServerError]]) {
    test(`openai: ${status}`, async () => {
      await upstream.script("openai", { status });
      await assert.rejects(client("openai").chat.completions.create({ model: "gpt-4o-mini", messages }), (e) => e instanceof type && e.status === status);
    });
  }

  test("a key that is not ours", async () => {
    const stranger = new OpenAI({ apiKey: "sk-not-one-of-ours", baseURL, maxRetries: 0 });
    await assert.rejects(stranger.chat.completions.create({ model: "gpt-4o-mini", messages }), OpenAI.AuthenticationError);
    assert.equal((await upstream.requests("openai")).length, 0);
  });
});

describe("a client that leaves", () => {
  for (const provider of ["openai", "anthropic"]) {
    test(`in the middle of ${provider}'s stream`, async () => {
      const recorded = recording(provider, "stream");
      await upstream.script(provider, { case: recorded.case, split: "event", chunk_delay_ms: 150 });
      const traceID = newTrace("abort");
      const stream = await client(provider, { "x-portkey-trace-id": traceID }).chat.completions.create({ model: "gpt-4o-mini", messages, stream: true });
      for await (const chunk of stream) {
        if (chunk.choices[0]?.delta.content) stream.controller.abort();
      }
      const row = await logOf(traceID);
      assert.equal(row.status, "client_gone");
      assert.equal(row.response_status_code, 499);
      assert.ok(row.res_units > 0, "what was consumed is counted");
      const [request] = await upstream.requests(provider);
      assert.equal(request.gone, true, "the provider's stream is left as well");
    });
  }

  test("before there is a reply", async () => {
    await upstream.script("openai", { case: recording("openai", "chat-4o").case, delay_ms: 3000 });
    const traceID = newTrace("abort");
    const controller = new AbortController();
    const reply = client("openai", { "x-portkey-trace-id": traceID })
      .chat.completions.create({ model: "gpt-4o-mini", messages }, { signal: controller.signal });
    setTimeout(() => controller.abort(), 100);
    await assert.rejects(reply, OpenAI.APIUserAbortError);
    const row = await logOf(traceID);
    assert.equal(row.status, "client_gone");
    assert.ok(row.response_time < 1500, `it took ${row.response_time} ms to notice`);
  });
});
