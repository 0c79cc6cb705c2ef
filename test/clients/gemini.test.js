// Google's own SDK, told nothing but a base URL and a key, against Google and,
// translated, against OpenAI.
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";

import { ApiError, FunctionCallingConfigMode, GoogleGenAI } from "@google/genai";
import OpenAI from "openai";
import { Portkey } from "portkey-ai";

import { adminKey, baseURL, logDetail, logOf, newTrace, origin, workspaceKey } from "./rig/portico.js";
import { recording } from "./rig/recordings.js";
import * as upstream from "./rig/upstream.js";

const slugs = {};
const hello = "Hello";
const weather = {
  functionDeclarations: [{ name: "get_weather", parametersJsonSchema: { type: "object", properties: { city: { type: "string" } }, required: ["city"] } }],
};

before(async () => {
  const admin = new Portkey({ apiKey: adminKey, baseURL });
  for (const provider of ["openai", "google"]) {
    slugs[provider] = (await admin.virtualKeys.create({ name: `google-sdk ${provider}`, provider, key: `sk-google-sdk-${provider}` })).slug;
  }
});
beforeEach(upstream.reset);
after(upstream.reset);

const client = (provider, headers) => new GoogleGenAI({
  apiKey: workspaceKey,
  httpOptions: { baseUrl: origin, headers: { ...(provider && { "x-portkey-virtual-key": slugs[provider] }), ...headers } },
});

async function collect(stream) {
  const items = [];
  for await (const item of stream) items.push(item);
  return items;
}

/** What a reply says, without the SDK's help. */
function said(replies) {
  const parts = replies.flatMap((r) => r.candidates?.[0]?.content?.parts ?? []);
  const last = replies.at(-1);
  return {
    text: parts.filter((p) => !p.thought).map((p) => p.text ?? "").join(""),
    calls: parts.filter((p) => p.functionCall).map((p) => [p.functionCall.name, p.functionCall.args ?? {}, p.thoughtSignature]),
    finish: last.candidates[0].finishReason, output: last.usageMetadata.candidatesTokenCount,
  };
}

describe("against Google, everything arrives as it was sent", () => {
  test("a reply", async () => {
    const recorded = recording("google", "chat");
    await upstream.replay(recorded);
    const traceID = newTrace("gemini");
    const reply = await client("google", { "x-portkey-trace-id": traceID }).models.generateContent({ model: "gemini-2.5-flash", contents: hello });
    assert.deepEqual(said([reply]), said([recorded.body]));
    assert.equal(reply.modelVersion, recorded.body.modelVersion);

    const [sent] = await upstream.requests("google");
    assert.equal(sent.path, "/google/v1beta/models/gemini-2.5-flash:generateContent");
    assert.equal(sent.header["X-Goog-Api-Key"][0], "sk-google-sdk-google");
    const row = await logOf(traceID);
    assert.equal(row.res_units, recorded.body.usageMetadata.candidatesTokenCount + (recorded.body.usageMetadata.thoughtsTokenCount ?? 0));
    const detail = JSON.stringify(await logDetail(row.id));
    assert.ok(!detail.includes(workspaceKey) && !detail.includes("sk-google-sdk"));
  });

  test("a stream", async () => {
    const recorded = recording("google", "stream");
    await upstream.replay(recorded);
    const stream = await client("google").models.generateContentStream({ model: "gemini-2.5-flash", contents: hello });
    assert.deepEqual(said(await collect(stream)), said(recorded.events));
    assert.equal((await upstream.requests("google"))[0].query, "alt=sse");
  });

  test("two calls at once and their results, with the signature in its place", async () => {
    const recorded = recording("google", "tool");
    await upstream.replay(recorded);
    const chat = client("google").chats.create({ model: "gemini-2.5-flash", config: { tools: [weather] } });
    const reply = await chat.sendMessage({ message: "The weather in Paris and Rome?" });
    assert.deepEqual(said([reply]), said([recorded.body]));
    await upstream.replay(recording("google", "chat"));
    await chat.sendMessage({ message: reply.functionCalls.map(({ id, name }) => ({ functionResponse: { id, name, response: { output: "20" } } })) });
    const { body } = (await upstream.requests("google")).at(-1);
    const signed = (typeof body === "string" ? JSON.parse(body) : body).contents[1].parts;
    assert.deepEqual(signed.map((p) => p.thoughtSignature), recorded.body.candidates[0].content.parts.map((p) => p.thoughtSignature));
  });

  test("tokens are counted, texts embedded, models listed", async () => {
    const google = client("google");
    await upstream.replay(recording("google", "count"));
    assert.equal((await google.models.countTokens({ model: "gemini-2.5-flash", contents: hello })).totalTokens, recording("google", "count").body.totalTokens);
    await upstream.replay(recording("google", "embeddings"));
    const { embeddings } = await google.models.embedContent({ model: "gemini-embedding-001", contents: hello });
    assert.deepEqual(embeddings[0].values, recording("google", "embeddings").body.embeddings[0].values);
    await upstream.replay(recording("google", "models"));
    const pager = await google.models.list();
    assert.deepEqual(pager.page.map((m) => m.name), recording("google", "models").body.models.map((m) => m.name));
  });

  test("an error is one of Google's", async () => {
    await upstream.script("google", { status: 429 });
    await assert.rejects(client("google").models.generateContent({ model: "gemini-2.5-flash", contents: hello }), (e) => {
      assert.ok(e instanceof ApiError);
      assert.equal(e.status, 429);
      assert.equal(JSON.parse(e.message).error.status, "RESOURCE_EXHAUSTED");
      return true;
    });
  });

  test("a stream that is cut is an error", async () => {
    await upstream.script("google", { case: "hello-stream", drop_terminal: true });
    const stream = await client("google").models.generateContentStream({ model: "gemini-2.5-flash", contents: hello });
    await assert.rejects(collect(stream), (e) => JSON.stringify(String(e.message)).includes("before it was complete"));
  });
});

describe("against OpenAI, translated", () => {
  test("a reply, by a model of the form @slug/model", async () => {
    const recorded = recording("openai", "chat");
    await upstream.replay(recorded);
    const reply = await client().models.generateContent({
      model: `@${slugs.openai}/gpt-4o-mini`, contents: hello, config: { systemInstruction: "Be brief.", temperature: 0.5, maxOutputTokens: 9 },
    });
    assert.equal(reply.text, recorded.body.choices[0].message.content);
    assert.equal(reply.usageMetadata.promptTokenCount, recorded.body.usage.prompt_tokens);
    const [{ body }] = await upstream.requests("openai");
    const sent = typeof body === "string" ? JSON.parse(body) : body;
    assert.deepEqual(sent.messages, [{ role: "system", content: "Be brief." }, { role: "user", content: hello }]);
    assert.deepEqual([sent.model, sent.temperature, sent.max_completion_tokens], ["gpt-4o-mini", 0.5, 9]);
  });

  test("a stream", async () => {
    const recorded = recording("openai", "stream");
    await upstream.replay(recorded);
    const chunks = await collect(await client("openai").models.generateContentStream({ model: "gpt-4o-mini", contents: hello }));
    assert.equal(chunks.map((c) => c.text ?? "").join(""), recorded.events.map((e) => e.choices[0]?.delta.content ?? "").join(""));
    assert.equal(chunks.at(-1).candidates[0].finishReason, "STOP");
  });

  test("a call that must be made", async () => {
    const recorded = recording("openai", "tool");
    await upstream.replay(recorded);
    const reply = await client("openai").models.generateContent({
      model: "gpt-4o-mini", contents: hello,
      config: { tools: [weather], toolConfig: { functionCallingConfig: { mode: FunctionCallingConfigMode.ANY, allowedFunctionNames: ["get_weather"] } } },
    });
    const call = recorded.body.choices[0].message.tool_calls[0];
    assert.deepEqual(reply.functionCalls[0], { id: call.id, name: call.function.name, args: JSON.parse(call.function.arguments) });
    const [{ body }] = await upstream.requests("openai");
    assert.deepEqual((typeof body === "string" ? JSON.parse(body) : body).tool_choice, { type: "function", function: { name: "get_weather" } });
  });

  test("what OpenAI lacks is said so", async () => {
    await assert.rejects(client("openai").models.countTokens({ model: "gpt-4o-mini", contents: hello }), (e) => e.status === 501);
  });
});

describe("OpenAI's SDK against Google, translated", () => {
  const openai = () => new OpenAI({ apiKey: workspaceKey, baseURL, maxRetries: 0, defaultHeaders: { "x-portkey-virtual-key": slugs.google } });

  test("three turns with two calls at once keep the signature", async () => {
    const recorded = recording("google", "tool-stream");
    await upstream.replay(recorded);
    const tools = [{ type: "function", function: { name: "get_weather", parameters: { type: "object", properties: { city: { type: "string" } } } } }];
    const messages = [{ role: "user", content: "The weather in Paris and Rome?" }];
    const { choices } = await openai().chat.completions.stream({ model: "gemini-2.5-flash", messages, tools }).finalChatCompletion();
    assert.equal(choices[0].finish_reason, "tool_calls");
    const calls = choices[0].message.tool_calls;
    messages.push({ role: "assistant", content: choices[0].message.content, tool_calls: calls.map(({ id, type, function: f }) => ({ id, type, function: { name: f.name, arguments: f.arguments } })) },
      ...calls.map(({ id }) => ({ role: "tool", tool_call_id: id, content: "20" })));
    await upstream.replay(recording("google", "chat"));
    await openai().chat.completions.create({ model: "gemini-2.5-flash", messages, tools });
    const { body } = (await upstream.requests("google")).at(-1);
    const [, model, results] = (typeof body === "string" ? JSON.parse(body) : body).contents;
    assert.deepEqual(said([{ candidates: [{ content: model }], usageMetadata: {} }]).calls, said(recorded.events).calls);
    assert.deepEqual(results.parts.map((p) => p.functionResponse.id), model.parts.map((p) => p.functionCall.id));
  });

  test("embeddings, which it asks for in base64", async () => {
    await upstream.replay(recording("google", "embeddings"));
    const { data } = await openai().embeddings.create({ model: "gemini-embedding-001", input: hello });
    const want = recording("google", "embeddings").body.embeddings[0].values;
    assert.equal(data[0].embedding.length, want.length);
    assert.ok(data[0].embedding.every((v, i) => Math.abs(v - want[i]) < 1e-6));
  });
});
