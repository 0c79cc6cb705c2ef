import assert from "node:assert/strict";
import { test } from "node:test";
import { isLive, readSearch, restrictionCount, toggle, toQuery } from "./filters.ts";

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

test("every restriction has its parameter", () => {
  const f = { range: "all", q: "a", trace: "t", status: "error", code: "500,429", provider: "openai", model: "m", config: "c", vkey: "v", apikey: "k", cache: "HIT" };
  assert.deepEqual(toQuery(f, now), {
    q: "a",
    trace_id: "t",
    status: "error",
    status_code: "500,429",
    ai_org: "openai",
    ai_model: "m",
    configs: "c",
    virtual_keys: "v",
    api_key_ids: "k",
    cache_status: "HIT",
  });
  assert.equal(restrictionCount(f), 10);
});

test("toggling an item of a comma list", () => {
  assert.equal(toggle(undefined, "a"), "a");
  assert.equal(toggle("a, b", "b"), "a");
  assert.equal(toggle("a", "a"), undefined);
});
