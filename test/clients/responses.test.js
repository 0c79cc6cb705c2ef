// The Responses API in OpenAI's own SDK: against OpenAI as it was recorded, and
// against providers that only have chats, translated. And the count of tokens of
// Anthropic's SDK.
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";

import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import { Portkey } from "portkey-ai";

import { adminKey, baseURL, logDetail, logOf, newTrace, origin, workspaceKey } from "./rig/portico.js";
import { nanoDollars } from "./rig/prices.js";
import { recording, skipWithout } from "./rig/recordings.js";
import * as upstream from "./rig/upstream.js";

const slugs = {};
const weather = {
  type: "function", name: "get_weather", strict: false,
  parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
};

before(async () => {
  const admin = new Portkey({ apiKey: adminKey, baseURL });
  for (const provider of ["openai", "anthropic", "anyscale", "mock"]) {
    slugs[provider] = (await admin.virtualKeys.create({ name: `responses ${provider}`, provider, key: `sk-responses-${provider}` })).slug;
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

const sent = async (provider, i = 0) => JSON.parse((await upstream.requests(provider))[i].body);

/** The SDK adds output_text to what it received. */
function received(response) {
  const { output_text: _, ...rest } = response;
  return rest;
}

describe("against OpenAI, everything arrives as it was recorded", () => {
  test("a response", async () => {
    const recorded = recording("openai", "response");
    await upstream.replay(recorded);
    const traceID = newTrace("response");
    const response = await client("openai", { "x-portkey-trace-id": traceID }).responses.create({ model: "gpt-4o-mini", input: "Hello" });
    assert.deepEqual(received(response), recorded.body);
    assert.equal((await upstream.requests("openai"))[0].path, "/openai/v1/responses");
    const { input_tokens: input, output_tokens: output } = recorded.body.usage;
    const row = await logOf(traceID);
    assert.deepEqual([row.req_units, row.res_units, row.usage_estimated], [input, output, false]);
    if (recorded.body.model.startsWith("gpt-4o-mini")) assert.equal(row.cost_nano, nanoDollars("openai", recorded.body.model, input, output));
    assert.ok(row.cost_nano > 0);
  });

  test("a stream", async () => {
    const recorded = recording("openai", "response-stream");
    await upstream.replay(recorded);
    const traceID = newTrace("response-stream");
    const events = await collect(await client("openai", { "x-portkey-trace-id": traceID }).responses.create({ model: "gpt-4o-mini", input: "Hello", stream: true }));
    assert.deepEqual(events, recorded.events);
    const { usage } = recorded.events.at(-1).response;
    const row = await logOf(traceID);
    assert.deepEqual([row.req_units, row.res_units, row.usage_estimated], [usage.input_tokens, usage.output_tokens, false]);
  });

  test("calls of tools side by side", { skip: skipWithout("openai", "response-tools") }, async () => {
    const recorded = recording("openai", "response-tools");
    await upstream.replay(recorded);
    const response = await client("openai").responses.create({ model: "gpt-4o-mini", input: "Hello", tools: [weather] });
    assert.deepEqual(received(response), recorded.body);
  });

  test("a stored response is read, listed, cancelled and deleted", async () => {
    const openai = client("openai");
    const body = (value) => ({ case: "response", body: JSON.stringify(value) });
    await upstream.script("openai",
      body({ id: "resp_1", object: "response", output: [], usage: { input_tokens: 9, output_tokens: 9 } }), body({ object: "list", data: [], has_more: false }),
      body({ id: "resp_1", object: "response", status: "cancelled", output: [] }), body({ id: "resp_1", object: "response.deleted", deleted: true }));
    assert.equal((await openai.responses.retrieve("resp_1", { include: ["reasoning.encrypted_content"] })).id, "resp_1");
    await openai.responses.inputItems.list("resp_1", { limit: 2, order: "asc" });
    assert.equal((await openai.responses.cancel("resp_1")).status, "cancelled");
    await openai.responses.delete("resp_1");
    const got = (await upstream.requests("openai")).map((r) => [r.method, r.path, r.query ?? ""]);
    assert.deepEqual(got.map(([method, path]) => [method, path]), [
      ["GET", "/openai/v1/responses/resp_1"], ["GET", "/openai/v1/responses/resp_1/input_items"],
      ["POST", "/openai/v1/responses/resp_1/cancel"], ["DELETE", "/openai/v1/responses/resp_1"],
    ]);
    assert.match(decodeURIComponent(got[0][2]), /^include(\[\d*\])?=reasoning\.encrypted_content$/);
    assert.equal(got[1][2], "limit=2&order=asc");
  });

  test("a response that fails in its stream raises", async () => {
    const recorded = recording("openai", "response-stream");
    await upstream.script("openai", { case: recorded.case, cut_at: recorded.text.indexOf("response.output_text.done") });
    const events = [];
    await assert.rejects(async () => {
      for await (const event of await client("openai").responses.create({ model: "gpt-4o-mini", input: "Hello", stream: true })) events.push(event);
    }, /ended before it was complete/);
    assert.ok(events.some((e) => e.type === "response.output_text.delta"));
    assert.ok(!events.some((e) => e.type === "response.completed"));
  });
});

describe("against a provider of chats", () => {
  test("a response", async () => {
    const recorded = recording("openai", "chat-4o");
    await upstream.replay(recorded, "anyscale");
    const response = await client("anyscale").responses.create({ model: "gpt-4o-mini", instructions: "Be brief.", input: "Hello", metadata: { a: "b" } });
    assert.equal(response.output_text, recorded.body.choices[0].message.content);
    assert.deepEqual([response.object, response.status, response.instructions, response.metadata], ["response", "completed", "Be brief.", { a: "b" }]);
    assert.deepEqual([response.usage.input_tokens, response.usage.output_tokens], [recorded.body.usage.prompt_tokens, recorded.body.usage.completion_tokens]);
    assert.deepEqual((await sent("anyscale")).messages, [{ role: "system", content: "Be brief." }, { role: "user", content: "Hello" }]);
  });

  test("calls of tools in a stream, and their results", { skip: skipWithout("openai", "parallel-stream") }, async () => {
    const recorded = recording("openai", "parallel-stream");
    await upstream.replay(recorded, "anyscale");
    const stream = client("anyscale").responses.stream({ model: "gpt-4o-mini", input: "Hello", tools: [weather] });
    const response = await stream.finalResponse();
    const calls = response.output.filter((item) => item.type === "function_call");
    const deltas = recorded.events.flatMap((e) => e.choices[0]?.delta.tool_calls ?? []);
    const want = [...new Set(deltas.map((d) => d.index))].map((i) => deltas.filter((d) => d.index === i).map((d) => d.function?.arguments ?? "").join(""));
    assert.deepEqual(calls.map((c) => c.arguments), want);
    await upstream.replay(recording("openai", "chat-4o"), "anyscale");
    await client("anyscale").responses.create({
      model: "gpt-4o-mini", tools: [weather],
      input: [{ role: "user", content: "Hello" }, ...response.output, ...calls.map((c) => ({ type: "function_call_output", call_id: c.call_id, output: "sunny" }))],
    });
    const { messages } = await sent("anyscale", 1);
    assert.deepEqual(messages.map((m) => m.role), ["user", "assistant", ...calls.map(() => "tool")]);
    assert.deepEqual(messages[1].tool_calls.map((c) => c.id), calls.map((c) => c.call_id));
  });

  test("what only a store can do is refused, with the way out", async () => {
    await assert.rejects(client("anyscale").responses.create({ model: "m", input: "Hello", previous_response_id: "resp_1" }), (e) => {
      assert.deepEqual([e.status, e.param], [400, "previous_response_id"]);
      assert.match(e.message, /send the conversation's items in input/);
      return true;
    });
    await assert.rejects(client("anyscale").responses.retrieve("resp_1"), (e) => e.status === 501);
    assert.deepEqual(await upstream.requests("anyscale"), []);
  });

  test("a stream that breaks raises", async () => {
    const recorded = recording("openai", "stream");
    await upstream.script("anyscale", { case: recorded.case, error_after: recorded.events.length - 2 });
    const types = [];
    await assert.rejects(async () => {
      for await (const event of await client("anyscale").responses.create({ model: "m", input: "Hello", stream: true })) types.push(event.type);
    });
    assert.ok(types.includes("response.output_text.delta") && !types.includes("response.completed"));
  });
});

describe("against Anthropic", () => {
  const model = "claude-sonnet-4-5";

  test("a response", async () => {
    const recorded = recording("anthropic", "chat");
    await upstream.replay(recorded);
    const traceID = newTrace("anthropic");
    const response = await client("anthropic", { "x-portkey-trace-id": traceID }).responses.create({ model, instructions: "Be brief.", input: "Hello" });
    assert.equal(response.output_text, recorded.body.content[0].text);
    assert.deepEqual([response.usage.input_tokens, response.usage.output_tokens], [recorded.body.usage.input_tokens, recorded.body.usage.output_tokens]);
    assert.ok(JSON.stringify((await sent("anthropic")).system).includes("Be brief."));
    assert.equal((await logOf(traceID)).ai_org, "anthropic");
  });

  test("thinking in a stream goes back signed", { skip: skipWithout("anthropic", "thinking-stream") }, async () => {
    const recorded = recording("anthropic", "thinking-stream");
    await upstream.replay(recorded);
    const anthropic = client("anthropic");
    const response = await anthropic.responses.stream({ model, input: "Hello", reasoning: { effort: "low" } }).finalResponse();
    const deltas = recorded.events.map((e) => e.delta ?? {});
    const thought = deltas.map((d) => d.thinking ?? "").join("");
    const signature = deltas.map((d) => d.signature ?? "").join("");
    assert.deepEqual(response.output.map((item) => item.type), ["reasoning", "message"]);
    assert.equal(response.output[0].summary[0].text, thought);
    assert.equal(response.output_text, deltas.map((d) => d.text ?? "").join(""));
    await upstream.replay(recording("anthropic", "chat"));
    const next = await anthropic.responses.create({
      model, input: [{ role: "user", content: "Hello" }, ...response.output, { role: "user", content: "Go on" }],
    }).withResponse();
    const { messages } = await sent("anthropic", 1);
    assert.deepEqual(messages[1].content[0], { type: "thinking", thinking: thought, signature });
    assert.deepEqual((await logDetail(next.response.headers.get("x-portkey-request-id"))).receipts ?? [], []);
  });

  test("calls of tools side by side in a stream", { skip: skipWithout("anthropic", "parallel-stream") }, async () => {
    const recorded = recording("anthropic", "parallel-stream");
    await upstream.replay(recorded);
    const events = [];
    const stream = client("anthropic").responses.stream({ model, input: "Hello", tools: [weather] });
    stream.on("event", (event) => events.push(event));
    const response = await stream.finalResponse();
    const starts = recorded.events.filter((e) => e.content_block?.type === "tool_use");
    const want = starts.map((s) => ({
      id: s.content_block.id, name: s.content_block.name,
      input: JSON.parse(recorded.events.filter((e) => e.index === s.index).map((e) => e.delta?.partial_json ?? "").join("") || "{}"),
    }));
    const got = response.output.filter((item) => item.type === "function_call").map((c) => ({ id: c.call_id, name: c.name, input: JSON.parse(c.arguments) }));
    assert.deepEqual(got, want);
    assert.deepEqual(events.map((e) => e.sequence_number), events.map((_, i) => i), "the numbers of the events rise by one");
  });

  test("a count of tokens", async () => {
    const recorded = recording("anthropic", "count-tokens");
    await upstream.replay(recorded);
    const traceID = newTrace("count");
    const anthropic = new Anthropic({ apiKey: workspaceKey, baseURL: origin, maxRetries: 0, defaultHeaders: { "x-portkey-virtual-key": slugs.anthropic, "x-portkey-trace-id": traceID } });
    assert.deepEqual(await anthropic.messages.countTokens({ model, messages: [{ role: "user", content: "Hello" }] }), recorded.body);
    assert.equal((await upstream.requests("anthropic"))[0].path, "/anthropic/v1/messages/count_tokens");
    const row = await logOf(traceID);
    assert.deepEqual([row.cost_nano, row.req_units], [0, 0]);
  });
});

describe("against the built-in mock", () => {
  test("whole and streamed say the same", async () => {
    const mock = client("mock");
    const ask = { model: "mock-gpt", input: [{ role: "user", content: [{ type: "input_text", text: "Hello" }] }] };
    const whole = await mock.responses.create(ask);
    const streamed = await mock.responses.stream(ask).finalResponse();
    assert.ok(whole.output_text.length > 0);
    assert.equal(streamed.status, "completed");
    assert.ok(streamed.usage.output_tokens > 0);
    assert.ok(streamed.output_text.length > 0);
  });

  test("a tool", async () => {
    const response = await client("mock").responses.create({ model: "mock-gpt", input: "What is the weather in Paris?", tools: [weather], tool_choice: "required" });
    const call = response.output.find((item) => item.type === "function_call");
    assert.equal(call?.name, "get_weather");
    assert.doesNotThrow(() => JSON.parse(call.arguments));
  });
});
