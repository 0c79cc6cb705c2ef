import assert from "node:assert/strict";
import { test } from "node:test";
import { bytes, compact, cost, duration, exactCost, plural } from "./format.ts";
import { ago, fromLocalInput, toLocalInput } from "./time.ts";

test("an unknown cost is never 0, and a small one never looks like 0", () => {
  const cases: [number | null | undefined, string, string][] = [
    [null, "unknown", "unknown"],
    [undefined, "unknown", "unknown"],
    [0, "$0", "$0"],
    [1, "<$0.00001", "$0.000000001"],
    [123_456, "$0.00012", "$0.000123456"],
    [4_500_000, "$0.0045", "$0.0045"],
    [12_340_000, "$0.0123", "$0.01234"],
    [1_005_000_000, "$1.00", "$1.005"],
    [12_345_678_901, "$12.35", "$12.345678901"],
    [1_234_567_000_000_000, "$1,234,567.00", "$1234567"],
  ];
  for (const [nano, short, exact] of cases) {
    assert.equal(cost(nano), short);
    assert.equal(exactCost(nano), exact);
  }
});

test("durations keep three figures", () => {
  const cases: [number | null, string][] = [
    [null, "–"],
    [0, "0 ms"],
    [0.4, "<1 ms"],
    [999.4, "999 ms"],
    [1240, "1.24 s"],
    [12_340, "12.3 s"],
    [123_000, "2 m 03 s"],
  ];
  for (const [ms, text] of cases) assert.equal(duration(ms), text);
});

test("counts and sizes", () => {
  assert.equal(compact(9999), "9,999");
  assert.equal(compact(1_234_567), "1.2M");
  assert.equal(bytes(1536), "1.5 kB");
  assert.equal(plural(1, "request") + plural(2, "request"), "1 request2 requests");
});

test("relative times", () => {
  const now = new Date("2026-11-24T12:00:00Z");
  const cases: [string, string][] = [
    ["2026-11-24T12:00:00Z", "now"],
    ["2026-11-24T11:59:30Z", "30 s ago"],
    ["2026-11-24T11:00:00Z", "1 h ago"],
    ["2026-11-20T12:00:00Z", "4 d ago"],
    ["2026-11-26T12:00:00Z", "in 2 d"],
  ];
  for (const [iso, text] of cases) assert.equal(ago(iso, now), text);
});

test("a datetime-local value survives the way there and back", () => {
  const iso = "2026-11-24T10:20:00.000Z";
  assert.equal(fromLocalInput(toLocalInput(iso)), iso);
  assert.equal(fromLocalInput(""), "");
  assert.equal(fromLocalInput("soon"), "");
  assert.equal(toLocalInput("soon"), "");
});
