// The ways in which Portkey's SDK says where a call goes, and what a reply looks
// like when it comes from a provider that is not OpenAI.
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";

import { Portkey } from "portkey-ai";

import { adminKey, baseURL, call, logDetail, logOf, logs, newTrace, workspaceKey } from "./rig/portico.js";
import { recording, skipWithout } from "./rig/recordings.js";
import * as upstream from "./rig/upstream.js";

const openai = recording("openai", "chat-4o");
const anthropic = recording("anthropic", "chat");
const hello = { model: "gpt-4o-mini", messages: [{ role: "user", content: "Hello" }] };

const slugs = {};
const admin = new Portkey({ apiKey: adminKey, baseURL });
const client = (options) => new Portkey({ apiKey: workspaceKey, baseURL, ...options });

before(async () => {
  for (const provider of ["openai", "anthropic"]) {
    slugs[provider] = (await admin.virtualKeys.create({ name: `routing ${provider}`, provider, key: `sk-routing-${provider}` })).slug;
  }
});

beforeEach(async () => {
  await upstream.reset();
  await upstream.replay(openai);
  await upstream.replay(anthropic);
});
after(upstream.reset);

const textOf = (recorded) => recorded.body.choices?.[0].message.content ?? recorded.body.content.map((b) => b.text).join("");

/** Checks that a call was answered by a provider, and returns its row of the log. */
async function servedBy(completion, recorded) {
  assert.equal(completion.choices[0].message.content, textOf(recorded));
  const headers = completion.getHeaders();
  assert.equal(headers.provider, recorded.provider);
  const row = await logOf(headers["trace-id"]);
  assert.equal(row.id, headers["request-id"]);
  assert.equal(row.ai_org, recorded.provider);
  assert.equal(row.ai_model, recorded.body.model);
  return row;
}

describe("a config", () => {
  let saved;
  before(async () => {
    saved = await admin.configs.create({
      name: "Claude for all", config: { virtual_key: slugs.anthropic, override_params: { model: "claude-3-opus-20240229", max_tokens: 64 } },
    });
  });
  const inline = () => ({ virtual_key: slugs.anthropic, override_params: { model: "claude-3-opus-20240229", max_tokens: 65 } });
  const maxTokens = async () => JSON.parse((await upstream.requests("anthropic"))[0].body).max_tokens;

  test("that is saved, by its slug", async () => {
    const row = await servedBy(await client({ config: saved.slug, traceID: newTrace("saved") }).chat.completions.create(hello), anthropic);
    assert.equal(await maxTokens(), 64);
    assert.equal(row.config, saved.slug);
    assert.equal(row.config_id, saved.id);
    assert.equal(row.config_version_id, saved.version_id);
    assert.equal(row.last_used_option_index, "config");
    assert.equal(row.mode, "single");
  });

  test("inline, as an object", async () => {
    const row = await servedBy(await client({ config: inline(), traceID: newTrace("inline") }).chat.completions.create(hello), anthropic);
    assert.equal(await maxTokens(), 65);
    assert.equal(row.config_id ?? "", "");
  });

  test("inline, as text", async () => {
    await servedBy(await client({ config: JSON.stringify(inline()), traceID: newTrace("text") }).chat.completions.create(hello), anthropic);
    assert.equal(await maxTokens(), 65);
  });

  test("of one request beats the client's", async () => {
    const portkey = client({ config: { virtual_key: slugs.openai } });
    await servedBy(await portkey.chat.completions.create(hello, { traceID: newTrace("first") }), openai);
    await servedBy(await portkey.chat.completions.create(hello, { config: saved.slug, traceID: newTrace("second") }), anthropic);
    assert.equal(await maxTokens(), 64);
  });

  test("that is a key's default", async () => {
    const { key, id } = await admin.apiKeys.create({
      type: "workspace", "sub-type": "service", name: "Claude's", scopes: ["completions.write"], defaults: { config_id: saved.slug },
    });
    const row = await servedBy(await client({ apiKey: key, traceID: newTrace("default") }).chat.completions.create(hello), anthropic);
    assert.equal(row.config, saved.slug);
    assert.equal(row.api_key_id, id);
    await servedBy(await client({ apiKey: key, config: { virtual_key: slugs.openai }, traceID: newTrace("override") }).chat.completions.create(hello), openai);
  });

  test("that retries is waited for and told", async () => {
    await upstream.script("openai", { status: 429 }, { case: openai.case });
    const config = { virtual_key: slugs.openai, retry: { attempts: 2, on_status_codes: [429] } };
    const completion = await client({ config, traceID: newTrace("retry") }).chat.completions.create(hello);
    const row = await servedBy(completion, openai);
    assert.equal(completion.getHeaders()["retry-attempt-count"], "1");
    assert.equal(row.retry_success_count, 1);
    assert.ok(row.response_time >= 1000, `the retry came after ${row.response_time} ms, want 1 s`);
    const { attempts } = await logDetail(row.id);
    assert.deepEqual(attempts.map((a) => [a.retry, a.status]), [[0, 429], [1, 200]]);
  });
});

describe("a provider", () => {
  test("by virtual key", async () => {
    const row = await servedBy(await client({ virtualKey: slugs.openai, traceID: newTrace("vk") }).chat.completions.create(hello), openai);
    assert.equal(row.virtual_key, slugs.openai);
    assert.deepEqual((await upstream.requests("openai"))[0].header.Authorization, ["Bearer sk-routing-openai"]);
  });

  test("by slug in the provider option", async () => {
    const row = await servedBy(await client({ provider: `@${slugs.openai}`, traceID: newTrace("at") }).chat.completions.create(hello), openai);
    assert.equal(row.virtual_key, slugs.openai);
  });

  test("by slug in the model", async () => {
    const completion = await client({ traceID: newTrace("model") }).chat.completions.create({ ...hello, model: `@${slugs.openai}/gpt-4o-mini` });
    const row = await servedBy(completion, openai);
    assert.equal(row.virtual_key, slugs.openai);
    assert.equal(row.request_model, `@${slugs.openai}/gpt-4o-mini`);
    assert.equal(JSON.parse((await upstream.requests("openai"))[0].body).model, "gpt-4o-mini");
  });

  test("by id, with the caller's own key", async () => {
    const portkey = client({ provider: "openai", Authorization: "Bearer sk-of-the-caller", traceID: newTrace("own") });
    const row = await servedBy(await portkey.chat.completions.create(hello), openai);
    assert.equal(row.virtual_key ?? "", "");
    const [request] = await upstream.requests("openai");
    assert.deepEqual(request.header.Authorization, ["Bearer sk-of-the-caller"]);
    assert.equal(JSON.stringify(await logDetail(row.id)).includes("sk-of-the-caller"), false, "the log shows the caller's key");
  });
});

describe("what a call says of itself", () => {
  test("metadata can be searched", async () => {
    const run = newTrace("run");
    const metadata = { _user: "ada", environment: "staging", run };
    const row = await servedBy(await client({ virtualKey: slugs.openai, metadata, traceID: run }).chat.completions.create(hello), openai);
    assert.deepEqual(row.metadata, metadata);
    assert.equal(row.user, "ada");
    const found = await logs({ metadata: JSON.stringify({ run }) });
    assert.deepEqual(found.map((r) => r.id), [row.id]);
  });

  test("a trace id is made where none is sent", async () => {
    const completion = await client({ virtualKey: slugs.openai }).chat.completions.create(hello);
    assert.match(completion.getHeaders()["trace-id"], /^[0-9a-f-]{36}$/);
    await servedBy(completion, openai);
  });

  test("spans are kept", async () => {
    const row = await servedBy(await client({
      virtualKey: slugs.openai, traceID: newTrace("span"), spanId: "span-7", spanName: "summarise", parentSpanId: "span-1",
    }).chat.completions.create(hello), openai);
    assert.equal(row.span_id, "span-7");
    assert.equal(row.span_name, "summarise");
    assert.equal(row.parent_span_id, "span-1");
  });

  test("debug: false keeps the row and no bodies", async () => {
    const row = await servedBy(await client({ virtualKey: slugs.openai, debug: false, traceID: newTrace("quiet") }).chat.completions.create(hello), openai);
    const detail = await logDetail(row.id);
    assert.equal(detail.request.body, null);
    assert.equal(detail.response.body, null);
    assert.equal(row.total_units, openai.body.usage.total_tokens);
  });
});

describe("a thinking reply of Anthropic's", { skip: skipWithout("anthropic", "thinking", "thinking-stream") }, () => {
  const ask = { model: "claude-3-7-sonnet-20250219", max_tokens: 8096, thinking: { type: "enabled", budget_tokens: 4000 }, messages: hello.messages };

  const completed = async (options) => {
    const thinking = recording("anthropic", "thinking");
    await upstream.replay(thinking);
    return { thinking: thinking.body, completion: await client({ virtualKey: slugs.anthropic, ...options }).chat.completions.create(ask) };
  };

  test("comes whole, as the SDK asks for by default", async () => {
    const { thinking, completion } = await completed();
    const [choice] = completion.choices;
    assert.equal(choice.message.content, thinking.content[1].text);
    assert.deepEqual(choice.message.content_blocks, thinking.content);
    assert.equal(choice.finish_reason, thinking.stop_reason);
    assert.deepEqual(JSON.parse((await upstream.requests("anthropic"))[0].body).thinking, ask.thinking);
  });

  test("comes without extensions under strict compliance", async () => {
    const { thinking, completion } = await completed({ strictOpenAiCompliance: true });
    const [choice] = completion.choices;
    assert.equal(choice.message.content, thinking.content[1].text);
    assert.equal("content_blocks" in choice.message, false);
    assert.equal(choice.finish_reason, "stop");
    const detail = await logDetail(completion.getHeaders()["request-id"]);
    assert.ok(detail.receipts.some((r) => r.path === "content[0]"), "the log says that the thinking was left out");
  });

  test("streams block by block", async () => {
    const recorded = recording("anthropic", "thinking-stream");
    await upstream.replay(recorded);
    const stream = await client({ virtualKey: slugs.anthropic }).chat.completions.create({ ...ask, stream: true });
    const sum = { thinking: "", signature: "", content: "" };
    for await (const chunk of stream) {
      const delta = chunk.choices[0]?.delta ?? {};
      sum.content += delta.content ?? "";
      for (const block of delta.content_blocks ?? []) {
        for (const part of ["thinking", "signature"]) sum[part] += block.delta?.[part] ?? "";
      }
    }
    const deltas = recorded.events.filter((e) => e.type === "content_block_delta").map((e) => e.delta);
    const join = (part) => deltas.map((d) => d[part] ?? "").join("");
    assert.deepEqual(sum, { thinking: join("thinking"), signature: join("signature"), content: join("text") });
  });
});

describe("other calls of the SDK", () => {
  test("embeddings", async () => {
    const embedding = recording("openai", "embedding");
    await upstream.replay(embedding);
    const reply = await client({ virtualKey: slugs.openai }).embeddings.create({ model: "text-embedding-3-small", input: "Hello", encoding_format: "float" });
    assert.deepEqual(reply.data, embedding.body.data);
    assert.deepEqual(reply.usage, embedding.body.usage);
  });

  test("completions", async () => {
    const completion = recording("openai", "completion");
    await upstream.replay(completion);
    const reply = await client({ virtualKey: slugs.openai }).completions.create({ model: "gpt-3.5-turbo-instruct", prompt: "Hello" });
    assert.deepEqual(reply.choices, completion.body.choices);
  });

  test("the provider's models", async () => {
    const models = recording("openai", "models");
    await upstream.script("openai", { case: models.case });
    const reply = await client({ virtualKey: slugs.openai }).models.list();
    assert.deepEqual(reply.data, models.body.data);
  });

  test("the models of all virtual keys", async () => {
    const ids = (await client().models.list()).data.map((m) => m.id);
    assert.ok(ids.includes(`@${slugs.openai}/gpt-4o-mini`));
    assert.ok(ids.includes(`@${slugs.anthropic}/claude-3-opus-20240229`));
    assert.equal((await upstream.requests("openai")).length, 0);
  });

  test("chat.completions.stream, which goes through the SDK's own OpenAI client", async () => {
    const recorded = recording("openai", "stream");
    await upstream.replay(recorded);
    const runner = await client({ virtualKey: slugs.openai }).chat.completions.stream(hello);
    const text = recorded.events.map((e) => e.choices[0]?.delta.content ?? "").join("");
    assert.equal(await runner.finalContent(), text);
  });

  test("a bare request needs a key", async () => {
    const { status, body } = await call("POST", "/chat/completions", { key: "", body: hello });
    assert.equal(status, 401);
    assert.match(body.message, /x-portkey-api-key/);
  });
});
