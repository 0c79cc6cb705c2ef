import type { CostLine, CostReceipt } from "../../api/types.ts";
import { count, exactCost } from "../../lib/format.ts";

const names: Record<string, string> = {
  input: "Input",
  output: "Output",
  cache_read: "Read from the provider's cache",
  cache_write: "Written to the cache",
  cache_write_1h: "Written to the cache for an hour",
  reasoning: "Reasoning",
  audio_input: "Sound in",
  audio_output: "Sound out",
  audio_cache_read: "Sound from the cache",
  image_input: "Images in",
  image_output: "Images out",
  image_cache_read: "Images from the cache",
  audio_ms: "Sound",
  image: "Images",
  character: "Text to speak",
  search_unit: "Search units",
  page: "Pages",
  call: "Fee per request",
  web_search: "Web searches",
  search: "Searches",
};

/** What a position of a receipt is of. */
export const lineName = (line: CostLine): string => names[line.name] ?? line.name;

/** How much of it there was: "1,234 tokens", "12.5 s", "3". */
export function quantity(line: CostLine): string {
  if (line.unit === "ms") return count(line.quantity / 1000) + " s";
  if (line.per === 1) return count(line.quantity);
  return `${count(line.quantity)} ${line.unit}${line.quantity === 1 ? "" : "s"}`;
}

/** Its price as price lists have it: "$2.5 / M", "$0.006 / min", "$0.01". */
export function unitPrice(line: CostLine): string {
  const per = line.unit === "ms" ? " / min" : line.per === 1_000_000 ? " / M" : "";
  return exactCost(line.unit_price_nano) + per;
}

/** Where the price is from, and what should be known about it. */
export function priceNotes(r: CostReceipt): string[] {
  const source = r.source.includes("override") ? "your own price file" : r.source.join(", ");
  const notes = [`Price of ${r.model}${source && ` from ${source}`}${r.as_of && ` of ${r.as_of}`}${r.from ? `, in force since ${r.from.slice(0, 10)}` : ""}.`];
  if (r.tier !== "standard" || r.tier_assumed) {
    notes.push(`Rates of the tier ${r.tier}${r.tier_assumed ? ", which the list does not have, so they are assumed" : ""}.`);
  }
  if (r.above_input_tokens > 0) notes.push(`Rates of calls with more than ${count(r.above_input_tokens)} input tokens.`);
  if (r.uncertain) notes.push("Uncertain: the public price lists disagree.");
  if (r.local) notes.push("It runs on your own machines; nothing is paid per call.");
  if (r.missing) notes.push(`Not known: ${r.missing}. The positions are a lower bound.`);
  if (r.repriced_at) notes.push(`Worked out later, on ${r.repriced_at.slice(0, 10)}.`);
  notes.push(`Catalogue ${r.catalogue_version}.`);
  return notes;
}
