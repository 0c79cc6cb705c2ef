// The cookbook "How to use resilient load balancers with fallbacks": an
// application splits its calls between two providers, with a fallback nested in
// one side, and later sends a tenth of them to a canary. Only base URL and keys
// differ from what it prints.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { Portkey as Portkey3 } from "portkey-ai";
import { Portkey as Portkey1 } from "portkey-ai-1";

import { adminKey, baseURL, logDetail, logs, workspaceKey } from "./rig/portico.js";
import { nanoDollars } from "./rig/prices.js";
import { recording } from "./rig/recordings.js";
import * as upstream from "./rig/upstream.js";

const callsPerRun = 250; // two scenarios, two SDKs: 1,000 calls
const callsPerFault = 40;

const llama = "meta-llama/Llama-2-70b-chat-hf";
const openai = recording("openai", "chat");
const anthropic = recording("anthropic", "chat");
const azure = recording("azure-openai", "chat");
// Anyscale answers in OpenAI's shape, naming the model that it ran.
const anyscale = { ...openai, provider: "anyscale", body: { ...openai.body, model: llama } };

let toAnthropic = 0, toAnyscale = 0;

/** How many calls were made under each trace id, by both SDKs. */
const asked = new Map();

/** What each provider's recording says of itself. */
const replies = {
  openai: fromOpenAI(openai),
  "azure-openai": fromOpenAI(azure),
  anyscale: fromOpenAI(anyscale),
  anthropic: {
    text: anthropic.body.content.map((block) => block.text).join(""), model: anthropic.body.model,
    input: anthropic.body.usage.input_tokens, output: anthropic.body.usage.output_tokens,
  },
};

function fromOpenAI({ body }) {
  return {
    text: body.choices[0].message.content, model: body.model,
    input: body.usage.prompt_tokens, output: body.usage.completion_tokens,
  };
}

async function allWell() {
  await upstream.reset();
  for (const reply of [openai, anthropic, azure]) await upstream.replay(reply);
  await upstream.script("anyscale", { case: openai.case, body: JSON.stringify(anyscale.body), times: -1 });
}

before(allWell);
after(upstream.reset);

for (const [version, Portkey] of [["3.x", Portkey3], ["1.x", Portkey1]]) {
  describe(`the cookbook with portkey-ai ${version}`, () => cookbook(Portkey, version));
}

test("the calls of both together keep to the weights", () => {
  assertShare(toAnthropic, 2 * callsPerRun, 0.5);
  assertShare(toAnyscale, 2 * callsPerRun, 0.1);
});

function cookbook(Portkey, version) {
  const slugs = {};

  before(async () => {
    const portkey = new Portkey({ apiKey: adminKey, baseURL });
    const make = async (name, provider, more = {}) => {
      const made = await portkey.virtualKeys.create({ name: `${name} ${version}`, provider, key: `sk-${name}-of-the-cookbook`, note: null, ...more });
      assert.match(made.slug, /^[a-z0-9-]+$/);
      slugs[provider] = made.slug;
    };
    await make("anthropic", "anthropic");
    await make("open-ai", "openai");
    await make("anyscale", "anyscale");
    await make("azure-open-ai", "azure-openai", {
      resourceName: "cookbook",
      deploymentConfig: [{ apiVersion: "2024-10-21", alias: "gpt-4o-mini", is_default: true, deploymentName: "our-gpt-4o-mini" }],
    });
  });

  const loadBalanceWithFallback = () => ({
    strategy: { mode: "loadbalance" },
    targets: [
      { virtual_key: slugs.anthropic, weight: 0.5, override_params: { max_tokens: 200, model: "claude-3-opus-20240229" } },
      {
        strategy: { mode: "fallback" },
        targets: [{ virtual_key: slugs.openai }, { virtual_key: slugs["azure-openai"] }],
        weight: 0.5,
      },
    ],
  });

  const canary = () => ({
    strategy: { mode: "loadbalance" },
    targets: [
      { virtual_key: slugs.openai, weight: 0.9 },
      { virtual_key: slugs.anyscale, weight: 0.1, override_params: { model: llama } },
    ],
  });

  /** Makes the same call n times and returns the completions. */
  const ask = async (config, traceID, n) => {
    const portkey = new Portkey({ apiKey: workspaceKey, baseURL, config });
    asked.set(traceID, (asked.get(traceID) ?? 0) + n);
    const completions = [];
    const one = async () => {
      completions.push(await portkey.chat.completions.create(
        {
          messages: [
            { role: "system", content: "You are a very helpful assistant." },
            { role: "user", content: "What are 7 wonders of the world?" },
          ],
          model: "gpt-3.5-turbo",
        },
        { traceID },
      ));
    };
    while (completions.length < n) await Promise.all(Array.from({ length: Math.min(10, n - completions.length) }, one));
    return completions;
  };

  /** Checks each completion and its row of the log against what was replayed; returns calls by provider. */
  const check = async (completions, traceID, mode, expected) => {
    const rows = new Map((await logs({ trace_id: traceID }, asked.get(traceID))).map((row) => [row.id, row]));
    assert.equal(rows.size, asked.get(traceID), "rows in the log, one for each call");
    const count = {};
    for (const completion of completions) {
      const headers = completion.getHeaders();
      assert.equal(headers["trace-id"], traceID);
      const want = expected[headers["last-used-option-index"]];
      assert.ok(want, `a call went to ${headers["last-used-option-index"]}`);
      count[want.provider] = (count[want.provider] ?? 0) + 1;
      assert.equal(headers.provider, want.provider);
      checkCompletion(completion, replies[want.provider]);
      checkRow(rows.get(headers["request-id"]), { ...want, mode, slug: slugs[want.provider] });
    }
    return count;
  };

  test("half of the calls go to each side of the load balancer", async () => {
    const traceID = "request-loadbalance-fallback";
    const completions = await ask(loadBalanceWithFallback(), traceID, callsPerRun);
    const count = await check(completions, traceID, {
      "config.targets[0]": "loadbalance", "config.targets[1].targets[0]": "loadbalance,fallback",
    }, {
      "config.targets[0]": { provider: "anthropic", index: "config.targets[0]" },
      "config.targets[1].targets[0]": { provider: "openai", index: "config.targets[1].targets[0]" },
    });
    assertShare(count.anthropic, callsPerRun, 0.5);
    toAnthropic += count.anthropic;
    await checkDetail(completions[0], traceID);
  });

  test("what was sent to each provider is its own", async () => {
    await allWell();
    await ask(loadBalanceWithFallback(), "cookbook-what-was-sent", 20);
    const [asAnthropic] = await upstream.requests("anthropic");
    const sent = JSON.parse(asAnthropic.body);
    assert.equal(asAnthropic.path, "/anthropic/v1/messages");
    assert.deepEqual(asAnthropic.header["X-Api-Key"], ["sk-anthropic-of-the-cookbook"]);
    assert.equal(sent.model, "claude-3-opus-20240229");
    assert.equal(sent.max_tokens, 200);
    assert.equal(JSON.stringify(sent.system).includes("You are a very helpful assistant."), true);
    assert.deepEqual(sent.messages.map((m) => m.role), ["user"]);
    const [asOpenAI] = await upstream.requests("openai");
    assert.equal(asOpenAI.path, "/openai/v1/chat/completions");
    assert.deepEqual(asOpenAI.header.Authorization, ["Bearer sk-open-ai-of-the-cookbook"]);
    assert.equal(JSON.parse(asOpenAI.body).model, "gpt-3.5-turbo");
    for (const request of [asAnthropic, asOpenAI]) {
      assert.equal(JSON.stringify(request).includes(workspaceKey), false, "a provider saw the workspace's key");
    }
  });

  for (const [fault, step] of Object.entries({
    503: { status: 503 },
    429: { status: 429, retry_after: "1" },
    "cut in the body": { cut_at: 40 },
    "reset before the head": { reset_at: -1 },
  })) {
    test(`Azure serves all of OpenAI's share while that fails: ${fault}`, async () => {
      await allWell();
      await upstream.script("openai", { ...step, times: -1 });
      const traceID = `cookbook-fallback-${version}-${fault.replaceAll(" ", "-")}`;
      const completions = await ask(loadBalanceWithFallback(), traceID, callsPerFault);
      const count = await check(completions, traceID, {
        "config.targets[0]": "loadbalance", "config.targets[1].targets[1]": "loadbalance,fallback",
      }, {
        "config.targets[0]": { provider: "anthropic", index: "config.targets[0]" },
        "config.targets[1].targets[1]": { provider: "azure-openai", index: "config.targets[1].targets[1]", fallback: true },
      });
      assert.equal(count.anthropic + count["azure-openai"], callsPerFault);
      assert.equal((await upstream.requests("openai")).length, count["azure-openai"], "OpenAI is asked once for each of its share");
      const [toAzure] = await upstream.requests("azure-openai");
      assert.equal(toAzure.path, "/azure-openai/openai/deployments/our-gpt-4o-mini/chat/completions");
      assert.equal(toAzure.query, "api-version=2024-10-21");
      assert.deepEqual(toAzure.header["Api-Key"], ["sk-azure-open-ai-of-the-cookbook"]);
      const rescued = completions.find((completion) => completion.getHeaders().provider === "azure-openai");
      const { attempts } = await logDetail(rescued.getHeaders()["request-id"]);
      assert.deepEqual(attempts.map((a) => [a.step, a.provider]), [
        ["config.targets[1].targets[0]", "openai"], ["config.targets[1].targets[1]", "azure-openai"],
      ]);
      assert.equal(attempts[0].status, step.status ?? 502);
      assert.ok(attempts[0].error.message, "a failed attempt says why");
      assert.equal(attempts[1].status, 200);
    });
  }

  test("a tenth of the calls goes to the canary", async () => {
    await allWell();
    const traceID = "canary-testing";
    const completions = await ask(canary(), traceID, callsPerRun);
    const count = await check(completions, traceID, { "config.targets[0]": "loadbalance", "config.targets[1]": "loadbalance" }, {
      "config.targets[0]": { provider: "openai", index: "config.targets[0]" },
      "config.targets[1]": { provider: "anyscale", index: "config.targets[1]" },
    });
    assertShare(count.anyscale ?? 0, callsPerRun, 0.1);
    toAnyscale += count.anyscale ?? 0;
    for (const request of await upstream.requests("anyscale")) {
      assert.equal(JSON.parse(request.body).model, llama);
    }
  });
}

/** Fails if a share is further than four standard deviations from what its weight promises. */
function assertShare(count, n, weight) {
  const sigma = Math.sqrt(n * weight * (1 - weight));
  assert.ok(Math.abs(count - n * weight) <= 4 * sigma, `${count} of ${n} calls, want ${n * weight} ± ${(4 * sigma).toFixed(1)}`);
}

function checkCompletion(completion, want) {
  assert.equal(completion.object, "chat.completion");
  assert.equal(completion.model, want.model);
  assert.equal(completion.choices[0].message.role, "assistant");
  assert.equal(completion.choices[0].message.content, want.text);
  assert.equal(completion.usage.prompt_tokens, want.input);
  assert.equal(completion.usage.completion_tokens, want.output);
  assert.equal(completion.usage.total_tokens, want.input + want.output);
}

function checkRow(row, want) {
  assert.ok(row, "a reply's request id is not in the log");
  const reply = replies[want.provider];
  const cost = nanoDollars(want.provider, reply.model, reply.input, reply.output);
  assert.deepEqual(
    {
      provider: row.ai_org, model: row.ai_model, asked: row.request_model, slug: row.virtual_key,
      input: row.req_units, output: row.res_units, total: row.total_units, estimated: row.usage_estimated,
      cost: row.cost_nano, cents: row.cost, currency: row.cost_currency,
      mode: row.mode, fallback: row.fallback, index: row.last_used_option_index, retries: row.retry_success_count,
      status: row.status, code: row.response_status_code, success: row.is_success, stream: row.stream_mode,
    },
    {
      provider: want.provider, model: reply.model, asked: "gpt-3.5-turbo", slug: want.slug,
      input: reply.input, output: reply.output, total: reply.input + reply.output, estimated: false,
      cost, cents: cost / 1e7, currency: "USD",
      mode: want.mode[want.index], fallback: want.fallback ?? false, index: want.index, retries: 0,
      status: "success", code: 200, success: true, stream: false,
    },
  );
}

async function checkDetail(completion, traceID) {
  const headers = completion.getHeaders();
  const detail = await logDetail(headers["request-id"]);
  assert.equal(detail._id, headers["request-id"]);
  assert.equal(detail.request.method, "POST");
  assert.equal(detail.request.body.model, "gpt-3.5-turbo");
  assert.equal(detail.request.body.messages[1].content, "What are 7 wonders of the world?");
  assert.equal(detail.response.status, 200);
  assert.equal(detail.response.lastUsedOptionJsonPath, headers["last-used-option-index"]);
  assert.equal(detail.response.body.choices[0].message.content, completion.choices[0].message.content);
  assert.equal(detail.metrics.trace_id, traceID);
  assert.equal(detail.metrics.ai_org, headers.provider);
  assert.equal(detail.attempts.length, 1);
  assert.equal(detail.attempts[0].provider, headers.provider);
  assert.equal(detail.attempts[0].status, 200);
  assert.equal(JSON.stringify(detail).includes("of-the-cookbook"), false, "the log shows a provider's key");
}
