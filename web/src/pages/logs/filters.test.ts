import assert from "node:assert/strict";
import { test } from "node:test";
import { fromQuery, isLive, packPair, readSearch, restrictionCount, toggle, toQuery, unpackPair, type LogFilters } from "./filters.ts";

const now = new Date("2026-11-24T12:00:00Z");

test("an address is read without what is unknown, empty or malformed", () => {
  const params = { status: "error", q: "  hi ", trace: "", range: "5y", from: "yesterday", to: "2026-11-24T10:00:00Z", evil: "x", code: 5 };
  assert.deepEqual(readSearch(params), { status: "error", q: "hi", to: "2026-11-24T10:00:00Z" });
  assert.deepEqual(readSearch({ range: "constructor" }), {});
});

test("no range means the last 24 hours, and all means no bound", () => {
  assert.deepEqual(toQuery({}, now), { time_of_generation_min: "2026-11-23T12:00:00.000Z" });
  assert.deepEqual(toQuery({ range: "15m" }, now), { time_of_generation_min: "2026-11-24T11:45:00.000Z" });
  assert.deepEqual(toQuery({ range: "all" }, now), {});
});

test("a fixed range wins over a relative one", () => {
  const f = { range: "15m", from: "2026-11-01T00:00:00+01:00", to: "2026-11-02T00:00:00Z" };
  assert.deepEqual(toQuery(f, now), {
    time_of_generation_min: "2026-10-31T23:00:00.000Z",
    time_of_generation_max: "2026-11-02T00:00:00.000Z",
  });
  assert.equal(isLive(f), false);
  assert.equal(isLive({ from: f.from }), true);
});

const everything: LogFilters = {
  range: "all", q: "a", trace: "t", span: "s", status: "error", code: "500,429", provider: "openai", model: "m", config: "c", vkey: "v", apikey: "k", user: "u", cache: "HIT",
  prompt: "p", id: "i", meta: `${packPair("team", "a,b")},${packPair("x=y", "50%")}`, cost: "0.07..1.5", tokens: "10..", input: "..5", output: "1..2", feedback: "-10..-0.5",
};

test("every restriction has its parameter, and comes back from it", () => {
  const query = toQuery(everything, now);
  assert.deepEqual(query, {
    q: "a",
    trace_id: "t",
    span_id: "s",
    status: "error",
    status_code: "500,429",
    ai_org: "openai",
    ai_model: "m",
    configs: "c",
    virtual_keys: "v",
    api_key_ids: "k",
    users: "u",
    cache_status: "HIT",
    prompt_slug: "p",
    id: "i",
    metadata: '{"team":"a,b","x=y":"50%"}',
    cost_min: "7",
    cost_max: "150",
    total_units_min: "10",
    prompt_token_max: "5",
    completion_token_min: "1",
    completion_token_max: "2",
    weighted_feedback_min: "-10",
    weighted_feedback_max: "-0.5",
  });
  assert.equal(restrictionCount(everything), 20);
  assert.deepEqual(fromQuery({ ...query, ai_org_model: "openai__m" }), { filters: without(everything, "range"), unknown: ["ai_org_model"] });
});

test("filters that others saved are read in every form that the API takes", () => {
  const saved = { status_code: [500, 503], metadata: { _user: "ann" }, cost_min: 25, time_of_generation_min: "2026-11-01" };
  assert.deepEqual(fromQuery(saved), { filters: { code: "500,503", meta: "_user=ann", cost: "0.25..", from: "2026-11-01" }, unknown: [] });
});

test("pairs survive the address whatever they hold", () => {
  for (const pair of [["a", "b"], ["a=b", "c=d"], ["%3D", "%2C"], ["k,", ",%25"]] as [string, string][]) assert.deepEqual(unpackPair(packPair(...pair)), pair);
});

test("bounds that say nothing are left out", () => {
  assert.deepEqual(readSearch({ cost: "..", tokens: "5", input: "1..x", output: "3..", feedback: "1.2.3.." }), { output: "3.." });
});

function without(f: LogFilters, name: keyof LogFilters): LogFilters {
  const { [name]: _, ...rest } = f;
  return rest;
}

test("toggling an item of a comma list", () => {
  assert.equal(toggle(undefined, "a"), "a");
  assert.equal(toggle("a, b", "b"), "a");
  assert.equal(toggle("a", "a"), undefined);
});
