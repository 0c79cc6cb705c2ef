import assert from "node:assert/strict";
import { test } from "node:test";
import { stack } from "../charts/stack.ts";
import { dimensionOf, dimensions, metadataId, within } from "./dimensions.ts";
import { changeOf, costKnown, knownCost, percent, pointsOf, share } from "./figures.ts";
import { before, periodOf, periodQuery } from "./period.ts";
import { unzoom, zoomTo } from "./zoom.ts";

test("a sum of which parts are unknown is what it is at least, and never 0", () => {
  assert.equal(knownCost(1349, 0), "$13.49");
  assert.equal(knownCost(0, 0), "$0");
  assert.equal(knownCost(1349, 3), "≥ $13.49");
  assert.equal(knownCost(0, 3), "unknown");
});

test("requests of known cost are those with a cost of at least nothing, unless costs are filtered already", () => {
  assert.deepEqual(costKnown({ ai_model: "m" }), { ai_model: "m", cost_min: "0" });
  assert.deepEqual(costKnown({ cost_max: "5" }), { cost_max: "5" });
  assert.equal(costKnown(undefined), undefined);
});

test("shares near all and nothing do not look like it", () => {
  const cases: [number, string][] = [[0, "0 %"], [0.04, "<0.1 %"], [12.34, "12.3 %"], [99.96, ">99.9 %"], [100, "100 %"]];
  for (const [n, text] of cases) assert.equal(percent(n), text);
  assert.equal(share(1, 0), null);
  assert.equal(share(1, 4), 25);
});

test("a change needs two figures, and something to compare with", () => {
  const cases: [number | null, number | null, ReturnType<typeof changeOf>][] = [
    [null, 5, null],
    [5, null, null],
    [0, 0, { text: "as before", direction: 0 }],
    [5, 0, { text: "none before", direction: 1 }],
    [5, 4, { text: "25 %", direction: 1 }],
    [3, 4, { text: "25 %", direction: -1 }],
    [0, 4, { text: "100 %", direction: -1 }],
    [48, 4, { text: "12×", direction: 1 }],
    [4, 4, { text: "as before", direction: 0 }],
  ];
  for (const [now, then, want] of cases) assert.deepEqual(changeOf(now, then), want);
  assert.deepEqual(pointsOf(3.2, 1), { text: "2.2 points", direction: 1 });
});

test("a zoom keeps the range from before the first, whatever kind it was", () => {
  const at = Date.parse("2026-11-24T12:00:00Z") / 1000;
  const closer = { range: undefined, from: "2026-11-24T12:00:00.000Z", to: "2026-11-24T12:01:00.000Z" };
  for (const search of [{}, { range: "7d" }, { from: "2026-11-01T00:00:00Z" }, { from: "2026-11-01T00:00:00Z", to: "2026-11-02T00:00:00Z" }]) {
    const zoomed = zoomTo(search, at, at + 60);
    assert.deepEqual({ ...zoomed, unzoomed: undefined }, { ...closer, unzoomed: undefined });
    assert.equal(zoomTo({ ...closer, range: "x", unzoomed: zoomed.unzoomed! }, at, at + 1).unzoomed, zoomed.unzoomed);
    assert.deepEqual(unzoom({ unzoomed: zoomed.unzoomed! }), { range: undefined, from: undefined, to: undefined, ...search, unzoomed: undefined });
  }
});

test("every group has the filter that selects it, and keeps the others", () => {
  const f = { range: "7d", model: "a,b", meta: "team=red,env=prod" };
  assert.deepEqual(within(f, dimensionOf("model"), "a"), { ...f, model: "a" });
  assert.deepEqual(within(f, dimensionOf("user"), "ann"), { ...f, user: "ann" });
  assert.equal(within(f, dimensionOf("user"), "ann, of sales"), null);
  assert.deepEqual(within(f, dimensionOf(metadataId("team")), "x,y"), { ...f, meta: "env=prod,team=x%2Cy" });
  assert.deepEqual(within(f, dimensionOf("workspace"), "w"), f);
  assert.equal(dimensionOf(metadataId("a/b")).path, "metadata/a%2Fb");
  assert.equal(dimensionOf("nothing"), dimensions[0]);
});

test("stacked values are put on those before them", () => {
  assert.deepEqual(stack([[1, null, 2], [3, 4, null]]), [[1, 0, 2], [4, 4, 2]]);
});

test("a period ends now unless it is told, and begins with the first request where nothing else says so", () => {
  const now = new Date("2026-11-24T12:00:00Z");
  const first = new Date("2026-01-05T00:00:00Z");
  const cases: [Parameters<typeof periodOf>[0], from: string | undefined, to?: string][] = [
    [{}, "2026-11-23T12:00:00.000Z"],
    [{ range: "1h" }, "2026-11-24T11:00:00.000Z"],
    [{ range: "all" }, first.toISOString()],
    [{ from: "2026-11-01T00:00:00+01:00" }, "2026-10-31T23:00:00.000Z"],
    [{ to: "2026-11-02T00:00:00Z" }, first.toISOString(), "2026-11-02T00:00:00.000Z"],
    [{ from: "2026-11-01T00:00:00Z", to: "2026-11-02T00:00:00Z" }, "2026-11-01T00:00:00.000Z", "2026-11-02T00:00:00.000Z"],
  ];
  for (const [f, from, to] of cases) {
    const period = periodOf(f, now, first);
    assert.deepEqual([period?.from.toISOString(), period?.to.toISOString()], [from, to ?? now.toISOString()]);
  }
  assert.equal(periodOf({ range: "all" }, now, undefined), undefined);
  const upsideDown = periodOf({ from: "2026-11-02T00:00:00Z", to: "2026-11-01T00:00:00Z" }, now, first)!;
  assert.ok(upsideDown.to > upsideDown.from);
});

test("the period before is as long, and a query has the filters and the period's own ends", () => {
  const period = { from: new Date("2026-11-02T00:00:00Z"), to: new Date("2026-11-09T00:00:00Z") };
  assert.deepEqual(before(period), { from: new Date("2026-10-26T00:00:00Z"), to: period.from });
  const { time_zone, ...query } = periodQuery({ range: "15m", model: "m", meta: "team=red" }, period);
  assert.ok(time_zone);
  assert.deepEqual(query, { ai_model: "m", metadata: '{"team":"red"}', time_of_generation_min: "2026-11-02T00:00:00.000Z", time_of_generation_max: "2026-11-09T00:00:00.000Z" });
});
