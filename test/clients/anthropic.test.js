// Anthropic's own SDK, told nothing but a base URL and a key, against Anthropic
// and, translated, against OpenAI.
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";

import Anthropic from "@anthropic-ai/sdk";
import { Portkey } from "portkey-ai";

import { adminKey, baseURL, logDetail, logOf, newTrace, origin, workspaceKey } from "./rig/portico.js";
import { nanoDollars } from "./rig/prices.js";
import { recording, skipWithout } from "./rig/recordings.js";
import * as upstream from "./rig/upstream.js";

const slugs = {};
const ask = { model: "claude-sonnet-4-6", max_tokens: 256, messages: [{ role: "user", content: "Hello" }] };
const weather = { name: "get_weather", input_schema: { type: "object", properties: { city: { type: "string" } }, required: ["city"] } };

before(async () => {
  const admin = new Portkey({ apiKey: adminKey, baseURL });
  for (const provider of ["openai", "anthropic"]) {
    slugs[provider] = (await admin.virtualKeys.create({ name: `anthropic-sdk ${provider}`, provider, key: `sk-anthropic-sdk-${provider}` })).slug;
  }
});
beforeEach(upstream.reset);
after(upstream.reset);

const client = (provider, { headers, ...options } = {}) => new Anthropic({
  apiKey: workspaceKey, baseURL: origin, maxRetries: 0, ...options,
  defaultHeaders: { "x-portkey-virtual-key": slugs[provider], ...headers },
});

async function collect(stream) {
  const items = [];
  for await (const item of stream) items.push(item);
  return items;
}

/** What a stream's events add up to, without the SDK's help. */
function folded(events) {
  const start = events.find((e) => e.type === "message_start").message;
  const end = events.findLast((e) => e.type === "message_delta");
  const content = events.filter((e) => e.type === "content_block_start").map(({ index, content_block }) => {
    const join = (part) => events.filter((e) => e.type === "content_block_delta" && e.index === index).map((e) => e.delta[part] ?? "").join("");
    if (content_block.type === "text") return { ...content_block, text: join("text") };
    if (content_block.type === "thinking") return { ...content_block, thinking: join("thinking"), signature: join("signature") };
    return { ...content_block, input: JSON.parse(join("partial_json") || "{}") };
  });
  return { content, model: start.model, stop_reason: end.delta.stop_reason, input: start.usage.input_tokens, output: end.usage.output_tokens };
}

const summary = (m) => ({ content: m.content, model: m.model, stop_reason: m.stop_reason, input: m.usage.input_tokens, output: m.usage.output_tokens });

describe("against Anthropic, everything arrives as it was recorded", () => {
  for (const [name, base] of [["without /v1", origin], ["with /v1", baseURL]]) {
    test(`a message, the base URL ${name}`, async () => {
      const recorded = recording("anthropic", "chat");
      await upstream.replay(recorded);
      const traceID = newTrace("message");
      const reply = await client("anthropic", { baseURL: base, headers: { "x-portkey-trace-id": traceID } }).messages.create(ask);
      assert.deepEqual(reply, recorded.body);
      const [request] = await upstream.requests("anthropic");
      assert.equal(request.path, "/anthropic/v1/messages");
      assert.deepEqual(JSON.parse(request.body), ask);
      assert.deepEqual(request.header["X-Api-Key"], ["sk-anthropic-sdk-anthropic"]);
      const row = await logOf(traceID);
      const { input_tokens: input, output_tokens: output } = recorded.body.usage;
      assert.deepEqual([row.req_units, row.res_units], [input, output]);
      assert.equal(row.cost_nano, nanoDollars("anthropic", recorded.body.model, input, output));
    });

    test(`a stream, the base URL ${name}`, async () => {
      const recorded = recording("anthropic", "stream");
      await upstream.replay(recorded);
      const traceID = newTrace("stream");
      const events = await collect(await client("anthropic", { baseURL: base, headers: { "x-portkey-trace-id": traceID } }).messages.create({ ...ask, stream: true }));
      assert.deepEqual(events, recorded.events.filter((e) => e.type !== "ping"));
      const row = await logOf(traceID);
      const { input, output, model } = folded(recorded.events);
      assert.deepEqual([row.req_units, row.res_units, row.usage_estimated], [input, output, false]);
      assert.equal(row.cost_nano, nanoDollars("anthropic", model, input, output));
      assert.equal((await logDetail(row.id)).response.body, recorded.text, "the log keeps the stream as it was");
    });
  }

  test("the key as a bearer token", async () => {
    const recorded = recording("anthropic", "chat");
    await upstream.replay(recorded);
    assert.deepEqual(await client("anthropic", { apiKey: null, authToken: workspaceKey }).messages.create(ask), recorded.body);
  });

  test("a message folded from a stream", async () => {
    const recorded = recording("anthropic", "stream");
    await upstream.script("anthropic", { case: recorded.case, split: "byte" });
    const final = await client("anthropic").messages.stream(ask).finalMessage();
    assert.deepEqual(summary(final), folded(recorded.events));
  });

  for (const use of ["tool", "parallel", "thinking"]) {
    test(`${use}`, { skip: skipWithout("anthropic", use) }, async () => {
      const recorded = recording("anthropic", use);
      await upstream.replay(recorded);
      const reply = await client("anthropic").messages.create({ ...ask, tools: [weather] });
      assert.deepEqual(reply, recorded.body);
    });

    test(`${use}, streaming`, { skip: skipWithout("anthropic", `${use}-stream`) }, async () => {
      const recorded = recording("anthropic", `${use}-stream`);
      await upstream.replay(recorded);
      const final = await client("anthropic").messages.stream({ ...ask, tools: [weather] }).finalMessage();
      assert.deepEqual(summary(final), folded(recorded.events));
    });
  }

  test("the version and beta features reach Anthropic", async () => {
    await upstream.replay(recording("anthropic", "chat"));
    await client("anthropic").beta.messages.create({ ...ask, betas: ["context-management-2025-06-27"] });
    const [request] = await upstream.requests("anthropic");
    assert.deepEqual(request.header["Anthropic-Beta"], ["context-management-2025-06-27"]);
    assert.match(request.header["Anthropic-Version"][0], /^20\d\d-\d\d-\d\d$/);
  });
});

describe("against OpenAI, replies are Anthropic's", () => {
  const usage = (body) => [body.usage.prompt_tokens, body.usage.completion_tokens];
  const callsOf = (message) => message.tool_calls.map((c) => ({ type: "tool_use", id: c.id, name: c.function.name, input: JSON.parse(c.function.arguments) }));

  test("a message", async () => {
    const recorded = recording("openai", "chat-4o");
    await upstream.replay(recorded);
    const traceID = newTrace("translated");
    const reply = await client("openai", { headers: { "x-portkey-trace-id": traceID } }).messages.create({
      ...ask, model: "gpt-4o-mini", system: "Be brief.", stop_sequences: ["END"], temperature: 0.5,
    });
    assert.equal(reply.type, "message");
    assert.equal(reply.role, "assistant");
    assert.equal(reply.id, recorded.body.id);
    assert.equal(reply.model, recorded.body.model);
    assert.deepEqual(reply.content, [{ type: "text", text: recorded.body.choices[0].message.content }]);
    assert.equal(reply.stop_reason, "end_turn");
    assert.deepEqual([reply.usage.input_tokens, reply.usage.output_tokens], usage(recorded.body));
    const sent = JSON.parse((await upstream.requests("openai"))[0].body);
    assert.deepEqual(sent.messages, [{ role: "system", content: "Be brief." }, { role: "user", content: "Hello" }]);
    assert.deepEqual([sent.stop, sent.temperature, sent.max_completion_tokens ?? sent.max_tokens], [["END"], 0.5, 256]);
    const row = await logOf(traceID);
    assert.equal(row.cost_nano, nanoDollars("openai", recorded.body.model, ...usage(recorded.body)));
  });

  test("a stream, event by event", async () => {
    const recorded = recording("openai", "stream");
    await upstream.replay(recorded);
    const events = await collect(await client("openai").messages.create({ ...ask, model: "gpt-4o-mini", stream: true }));
    const texts = recorded.events.map((e) => e.choices[0]?.delta.content ?? "").filter(Boolean);
    assert.deepEqual(events.map((e) => e.type), [
      "message_start", "content_block_start", ...texts.map(() => "content_block_delta"), "content_block_stop", "message_delta", "message_stop",
    ]);
    assert.deepEqual(events.filter((e) => e.type === "content_block_delta").map((e) => e.delta), texts.map((text) => ({ type: "text_delta", text })));
    assert.equal(events[0].message.model, recorded.events[0].model);
    const end = events.at(-2);
    assert.equal(end.delta.stop_reason, "end_turn");
    assert.equal(end.usage.output_tokens, recorded.events.at(-1).usage.completion_tokens);
    assert.equal(end.usage.input_tokens, recorded.events.at(-1).usage.prompt_tokens);
  });

  test("a message folded from a stream", async () => {
    const recorded = recording("openai", "stream");
    await upstream.replay(recorded);
    const final = await client("openai").messages.stream({ ...ask, model: "gpt-4o-mini" }).finalMessage();
    assert.equal(final.content[0].text, recorded.events.map((e) => e.choices[0]?.delta.content ?? "").join(""));
    assert.equal(final.usage.output_tokens, recorded.events.at(-1).usage.completion_tokens);
  });

  for (const use of ["tool", "parallel"]) {
    test(`${use} calls`, { skip: skipWithout("openai", use) }, async () => {
      const recorded = recording("openai", use);
      await upstream.replay(recorded);
      const reply = await client("openai").messages.create({ ...ask, model: "gpt-4o-mini", tools: [weather], tool_choice: { type: "any" } });
      assert.deepEqual(reply.content, callsOf(recorded.body.choices[0].message));
      assert.equal(reply.stop_reason, "tool_use");
      const sent = JSON.parse((await upstream.requests("openai"))[0].body);
      assert.equal(sent.tool_choice, "required");
      assert.deepEqual(sent.tools.map((t) => [t.type, t.function.name, t.function.parameters]), [["function", "get_weather", weather.input_schema]]);
    });

    test(`${use} calls, streaming`, { skip: skipWithout("openai", `${use}-stream`) }, async () => {
      const recorded = recording("openai", `${use}-stream`);
      await upstream.replay(recorded);
      const final = await client("openai").messages.stream({ ...ask, model: "gpt-4o-mini", tools: [weather] }).finalMessage();
      const calls = [];
      for (const delta of recorded.events.flatMap((e) => e.choices[0]?.delta.tool_calls ?? [])) {
        const call = (calls[delta.index] ??= { id: "", name: "", arguments: "" });
        call.id += delta.id ?? "";
        call.name += delta.function.name ?? "";
        call.arguments += delta.function.arguments ?? "";
      }
      assert.deepEqual(final.content, calls.map((c) => ({ type: "tool_use", id: c.id, name: c.name, input: JSON.parse(c.arguments) })));
      assert.equal(final.stop_reason, "tool_use");
    });
  }

  test("a tool's result goes back", async () => {
    await upstream.replay(recording("openai", "chat-4o"));
    await client("openai").messages.create({
      ...ask, model: "gpt-4o-mini", tools: [weather],
      messages: [
        ...ask.messages,
        { role: "assistant", content: [{ type: "tool_use", id: "toolu_7", name: "get_weather", input: { city: "Paris" } }] },
        { role: "user", content: [{ type: "tool_result", tool_use_id: "toolu_7", content: "sunny" }] },
      ],
    });
    const [, assistant, tool] = JSON.parse((await upstream.requests("openai"))[0].body).messages;
    assert.deepEqual(callsOf(assistant), [{ type: "tool_use", id: "toolu_7", name: "get_weather", input: { city: "Paris" } }]);
    assert.deepEqual([tool.role, tool.tool_call_id, tool.content], ["tool", "toolu_7", "sunny"]);
  });
});

describe("errors are the SDK's own", () => {
  const cases = [
    ["anthropic", "invalid-key", Anthropic.AuthenticationError, "authentication_error"],
    ["anthropic", "unknown-model", Anthropic.NotFoundError, "not_found_error"],
    ["anthropic", "bad-request", Anthropic.BadRequestError, "invalid_request_error"],
    ["openai", "invalid-key", Anthropic.AuthenticationError, "authentication_error"],
    ["openai", "unknown-model", Anthropic.NotFoundError, "not_found_error"],
    ["openai", "bad-request", Anthropic.BadRequestError, "invalid_request_error"],
  ];
  for (const [provider, use, type, name] of cases) {
    for (const stream of [false, true]) {
      test(`${provider}: ${use}${stream ? ", streaming" : ""}`, { skip: skipWithout(provider, use) }, async () => {
        const recorded = recording(provider, use);
        await upstream.replay(recorded);
        await assert.rejects(async () => { await client(provider).messages.create({ ...ask, stream }); }, told(type, recorded.status, name, recorded.body.error.message));
      });
    }
  }

  for (const [provider, status, type, name] of [
    ["anthropic", 429, Anthropic.RateLimitError, "rate_limit_error"],
    ["anthropic", 529, Anthropic.OverloadedError, "overloaded_error"],
    ["anthropic", 500, Anthropic.InternalServerError, "api_error"],
    ["openai", 429, Anthropic.RateLimitError, "rate_limit_error"],
    ["openai", 503, Anthropic.ServiceUnavailableError, "overloaded_error"],
  ]) {
    test(`${provider}: ${status}`, async () => {
      await upstream.script(provider, { status });
      await assert.rejects(async () => { await client(provider).messages.create(ask); }, told(type, status, name, `told to answer ${status}`));
    });
  }

  test("an overloaded Anthropic before the first event of a stream", async () => {
    await upstream.script("anthropic", { case: recording("anthropic", "stream").case, error_after: 0 });
    await assert.rejects(async () => { await client("anthropic").messages.create({ ...ask, stream: true }); },
      told(Anthropic.OverloadedError, 529, "overloaded_error", "told to break this stream"));
  });

  test("a key that is not ours", async () => {
    await assert.rejects(async () => { await client("anthropic", { apiKey: "sk-ant-not-one-of-ours" }).messages.create(ask); },
      told(Anthropic.AuthenticationError, 401, "authentication_error", "Invalid API Key"));
    assert.equal((await upstream.requests("anthropic")).length, 0);
  });

  test("no provider named", async () => {
    await assert.rejects(async () => { await new Anthropic({ apiKey: workspaceKey, baseURL: origin, maxRetries: 0 }).messages.create(ask); },
      told(Anthropic.BadRequestError, 400, "invalid_request_error", "x-portkey-provider"));
  });

  /** Checks an error's class, status, Anthropic's own type and its message. */
  function told(type, status, name, message) {
    return (e) => {
      assert.ok(e instanceof type, e.stack);
      assert.equal(e.status, status);
      assert.equal(e.error.type, "error");
      assert.equal(e.error.error.type, name);
      assert.ok(e.message.includes(message), e.message);
      return true;
    };
  }
});
