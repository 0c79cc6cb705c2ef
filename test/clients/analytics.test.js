// Analytics through every method of Portkey's SDK.
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";

import { Portkey } from "portkey-ai";

import { adminKey, baseURL, logOf, newTrace, workspaceKey } from "./rig/portico.js";

const { analytics } = new Portkey({ apiKey: adminKey, baseURL });
const run = newTrace("analytics");
const hour = 3_600_000;
const range = { time_of_generation_min: new Date(Date.now() - hour).toISOString(), time_of_generation_max: new Date(Date.now() + hour).toISOString(), metadata: JSON.stringify({ run }) };

// Two that succeed, of two users, and one that fails.
const served = [
  { user: "ann", status: 200, ms: 100, tokens: [10, 5] },
  { user: "bob", status: 200, ms: 300, tokens: [20, 5] },
  { user: "bob", status: 500, ms: 50, tokens: [0, 0] },
];
let rows;

before(async () => {
  const portkey = new Portkey({ apiKey: workspaceKey, baseURL });
  const traces = served.map(() => newTrace("analytics"));
  await portkey.logs.create(
    served.map((s, i) => ({
      request: { url: "https://api.openai.com/v1/chat/completions", method: "POST", provider: "openai", body: { model: "gpt-4o-mini", messages: [] } },
      response: { status: s.status, response_time: s.ms, body: s.status === 200 ? { model: "gpt-4o-mini", usage: { prompt_tokens: s.tokens[0], completion_tokens: s.tokens[1] } } : { error: { message: "no" } } },
      metadata: { traceId: traces[i], _user: s.user, run },
    })),
  );
  rows = await Promise.all(traces.map(logOf));
  await portkey.feedback.create({ traceID: traces[0], value: 5, weight: 1 });
  await portkey.feedback.create({ traceID: traces[1], value: -5, weight: 0.5 });
});

const total = (points, field = "total") => points.reduce((n, p) => n + Number(p[field]), 0);
const about = (got, want, what) => assert.ok(Math.abs(got - want) <= want * 0.008 + 1e-9, `${what}: ${got}, want ${want}`);

describe("graphs", () => {
  const cents = () => rows.reduce((n, r) => n + (r.cost_nano ?? 0), 0) / 1e7;
  for (const [method, check] of Object.entries({
    requests: (g) => assert.deepEqual([g.summary.total, total(g.data_points)], [3, 3]),
    cost: (g) => (about(g.summary.total, cents(), "cost"), about(total(g.data_points), cents(), "cost of all points")),
    latency: (g) => (assert.equal(g.summary.avg, 150), about(g.summary.p50, 100, "p50"), about(g.summary.p99, 300, "p99")),
    tokens: (g) => assert.deepEqual([g.summary.total, total(g.data_points)], [40, 40]),
    users: (g) => assert.equal(g.summary.total, 2),
    usersRequests: (g) => assert.deepEqual([g.summary.total, g.summary.unique, g.summary.avg], [3, 2, 1.5]),
    errors: (g) => assert.equal(g.summary.total, 1),
    errors_rate: (g) => about(g.summary.rate, 100 / 3, "rate"),
    errors_stack: (g) => assert.deepEqual(g.data_points.flatMap((p) => p.stats).map((s) => [Number(s.response_status_code), s.count]), [[500, 1]]),
    errors_status_code: (g) => assert.deepEqual(g.data_points.map((p) => [Number(p.status_code), p.count]), [[500, 1]]),
    requests_rescued: (g) => assert.deepEqual([g.summary.retry, g.summary.fallback], [0, 0]),
    cache_hit_rate: (g) => assert.deepEqual([g.summary.total, g.summary.rate], [0, 0]),
    cache_latency: (g) => assert.equal(total(g.data_points, "avg"), 0),
    feedbacks: (g) => assert.equal(g.summary.total, 2),
    feedbacks_score: (g) => assert.deepEqual(g.data_points.map((p) => [Number(p.score), p.total]).sort(), [[-5, 1], [5, 1]]),
    feedbacks_weighted: (g) => assert.equal(g.summary.avg, 1.25),
    feedback_ai_models: (g) => assert.deepEqual(g.data_points.map((p) => [p.ai_model, Number(p.total)]), [["gpt-4o-mini", 2]]),
  })) {
    test(method, async () => {
      const graph = await analytics.graphs[method](range);
      assert.equal(graph.object, "analytics-graph");
      check(graph);
    });
  }
});

describe("groups and the summary", () => {
  test("users", async () => assert.deepEqual((await analytics.groups.users(range)).data.map((r) => [r.user, Number(r.requests)]).sort(), [["ann", 1], ["bob", 2]]));
  test("aiModels", async () => assert.deepEqual((await analytics.groups.aiModels(range)).data.map((r) => [r.ai_model, Number(r.requests)]), [["gpt-4o-mini", 3]]));
  test("metadata", async () => assert.deepEqual((await analytics.groups.metadata("run", range)).data.map((r) => [r.metadata_value, Number(r.requests)]), [[run, 3]]));
  test("workspaces", async () => assert.equal(Number((await analytics.groups.workspaces(range)).data[0].requests), 3));
  test("groupedData", async () => {
    const { data } = await analytics.groups.groupedData("status_code", { ...range, columns: "requests,avg_latency" });
    assert.deepEqual(data.map((r) => [Number(r.status_code), r.requests, r.avg_latency]).sort(), [[200, 2, 200], [500, 1, 50]]);
  });
  test("cache", async () => assert.equal((await analytics.summary.cache(range)).summary.total_requests, 3));
  test("what is not known is refused by name", async () => assert.rejects(analytics.graphs.cost({ ...range, colour: "red" }), /colour is not a parameter/));
});
