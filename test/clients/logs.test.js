// Logs that clients tell of, feedback and exports, through Portkey's SDK.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { Portkey } from "portkey-ai";

import { adminKey, baseURL, call, logOf, newTrace, workspaceKey } from "./rig/portico.js";

const portkey = () => new Portkey({ apiKey: workspaceKey, baseURL });
const custom = (traceId, more = {}) => ({
  request: { url: "https://api.openai.com/v1/chat/completions", method: "POST", provider: "openai", headers: { "content-type": "application/json" }, body: { model: "gpt-4o-mini", messages: [{ role: "user", content: "What is AI?" }] } },
  response: { status: 200, headers: {}, response_time: 120, body: { model: "gpt-4o-mini", choices: [{ message: { content: "Artificial" } }], usage: { prompt_tokens: 10, completion_tokens: 5 } } },
  metadata: { traceId, spanId: "span-1", spanName: "ask", _user: "ann", ...more },
});

describe("logs and feedback", () => {
  test("a log of somebody else's request", async () => {
    const trace = newTrace("inserted");
    const made = await portkey().logs.create(custom(trace));
    assert.equal(made.status, "success");
    const row = await logOf(trace);
    assert.deepEqual([row.source, row.span_name, row.req_units, row.res_units, row.user, row.response_time], ["insert", "ask", 10, 5, "ann", 120]);
    assert.ok(row.cost_nano > 0);
  });

  test("many at once", async () => {
    const traces = [newTrace("many"), newTrace("many")];
    await portkey().logs.create(traces.map((t) => custom(t)));
    for (const t of traces) assert.equal((await logOf(t)).trace_id, t);
  });

  test("feedback is given, changed and averaged", async () => {
    const traceID = newTrace("feedback");
    await portkey().logs.create(custom(traceID));
    const given = await portkey().feedback.create({ traceID, value: 10, weight: 0.5, metadata: { _user: "ann" } });
    assert.equal(given.status, "success");
    assert.equal(given.feedback_ids.length, 1);
    await portkey().feedback.create({ traceID, value: -3 });
    const changed = await portkey().feedback.update({ feedbackID: given.feedback_ids[0], value: 9 });
    assert.deepEqual(changed.feedback_ids, given.feedback_ids);
    const row = await logOf(traceID);
    assert.deepEqual([row.feedback_count, row.avg_weighted_feedback], [2, 0.75]);
    await assert.rejects(portkey().feedback.create({ traceID, value: 11 }), /value must be a whole number from -10 to 10/);
  });

  test("spans of a trace are a tree", async () => {
    const trace = newTrace("tree");
    await portkey().logs.create([custom(trace), custom(trace, { spanId: "span-2", parentSpanId: "span-1", spanName: "tool" })]);
    const tree = await portkey().get(`/traces/${trace}`);
    assert.equal(tree.spans[0].id, "span-1");
    assert.equal(tree.spans[0].spans[0].name, "tool");
  });
});

describe("exports", () => {
  const ended = async (exportId) => {
    for (let i = 0; i < 200; i++) {
      const e = await portkey().logs.exports.retrieve({ exportId });
      if (e.status !== "in_progress") return e;
      await sleep(50);
    }
    throw new Error("the export does not end");
  };

  test("from draft to file", async () => {
    const trace = newTrace("export");
    await portkey().logs.create([custom(trace), custom(trace)]);
    const made = await portkey().logs.exports.create({ filters: { trace_id: trace, timeOfGenerationMin: "2024-10-20" }, requestedData: ["id", "trace_id", "request", "cost"], description: "both" });
    assert.equal(made.object, "export");
    assert.equal(made.total, 2);
    const exportId = made.id;
    let e = await portkey().logs.exports.retrieve({ exportId });
    assert.deepEqual([e.status, e.description, e.requested_data], ["draft", "both", ["id", "trace_id", "request", "cost"]]);
    assert.equal((await portkey().logs.exports.update({ exportId, filters: { trace_id: trace }, requestedData: ["id", "response"] })).total, 2);
    await assert.rejects(portkey().logs.exports.download({ exportId }), /no files: it is draft/);
    assert.equal((await portkey().logs.exports.start({ exportId })).object, "export");
    e = await ended(exportId);
    assert.equal(e.status, "success", e.error);
    const { signed_url } = await portkey().logs.exports.download({ exportId });
    const response = await fetch(signed_url); // no key
    assert.equal(response.status, 200);
    const rows = (await response.text()).trim().split("\n").map((l) => JSON.parse(l));
    assert.deepEqual(rows.map((r) => [Object.keys(r), r.response.body.choices[0].message.content]), [[["id", "response"], "Artificial"], [["id", "response"], "Artificial"]]);
    const listed = await portkey().logs.exports.list({ workspaceId: "ignored" });
    assert.ok(listed.data.some((x) => x.id === exportId && x.status === "success"));
    await assert.rejects(portkey().logs.exports.cancel({ exportId }), /not in progress but success/);
  });

  test("without the key of the workspace", async () => {
    const { status, body } = await call("POST", "/logs/exports", { key: adminKey, body: { filters: {}, workspace_id: "nowhere" } });
    assert.equal(status, 403);
    assert.match(body.message, /no workspace "nowhere"/);
  });
});
