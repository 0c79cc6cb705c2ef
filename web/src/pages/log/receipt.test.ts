import assert from "node:assert/strict";
import { test } from "node:test";
import type { CostLine, CostReceipt } from "../../api/types.ts";
import { lineName, priceNotes, quantity, unitPrice } from "./receipt.ts";

const line = (over: Partial<CostLine>): CostLine => ({ name: "input", quantity: 1234, unit: "token", unit_price_nano: 2_500_000_000, per: 1_000_000, cost_nano: 3_085_000, ...over });

test("a line reads as on a price list", () => {
  const shown = (l: CostLine) => [lineName(l), quantity(l), unitPrice(l)];
  assert.deepEqual(shown(line({})), ["Input", "1,234 tokens", "$2.5 / M"]);
  assert.deepEqual(shown(line({ quantity: 1, name: "reasoning" })), ["Reasoning", "1 token", "$2.5 / M"]);
  assert.deepEqual(shown(line({ name: "audio_ms", unit: "ms", per: 60_000, quantity: 12_500, unit_price_nano: 6_000_000 })), ["Sound", "12.5 s", "$0.006 / min"]);
  assert.deepEqual(shown(line({ name: "web_search", unit: "web_search", per: 1, quantity: 2, unit_price_nano: 10_000_000 })), ["Web searches", "2", "$0.01"]);
  assert.equal(lineName(line({ name: "video_second" })), "video_second");
});

test("the notes say which price it was and what to know about it", () => {
  const receipt: CostReceipt = {
    model: "gpt-4o", source: ["portkey-models", "litellm"], as_of: "2026-08-21", from: null, catalogue_version: "2026-08-21-9c1f6a20", repriced_at: null,
    tier: "standard", above_input_tokens: 0, tier_assumed: false, uncertain: false, local: false, missing: "", lines: [], total_nano: 0,
  };
  assert.deepEqual(priceNotes(receipt), ["Price of gpt-4o from portkey-models, litellm of 2026-08-21.", "Catalogue 2026-08-21-9c1f6a20."]);
  const all = priceNotes({
    ...receipt, source: ["override"], as_of: "", from: "2026-09-01T00:00:00Z", tier: "batch", tier_assumed: true, above_input_tokens: 200_000, uncertain: true,
    local: true, missing: "web_search price", repriced_at: "2026-11-24T10:00:00.000Z",
  });
  assert.equal(all[0], "Price of gpt-4o from your own price file, in force since 2026-09-01.");
  assert.equal(all.length, 8);
  assert.match(all.join(" "), /batch, which the list does not have.*200,000 input.*Uncertain.*web_search price.*2026-11-24/);
});
