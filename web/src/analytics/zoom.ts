import type { LogFilters } from "../pages/logs/filters.ts";

type Times = Pick<LogFilters, "range" | "from" | "to">;

/** Changes to an address that has a range, and the one from before a zoom. */
export type ZoomPatch = { [K in keyof Times | "unzoomed"]: string | undefined };

/** Looks closer, at a range in seconds; the range from before the first such step is kept. */
export function zoomTo(search: Times & { unzoomed?: string }, from: number, to: number): ZoomPatch {
  return { range: undefined, from: iso(from), to: iso(to), unzoomed: search.unzoomed ?? pack(search) };
}

const iso = (seconds: number): string => new Date(seconds * 1000).toISOString();

/** Goes back to the range from before a zoom. */
export const unzoom = (search: { unzoomed?: string }): ZoomPatch => ({ ...unpack(search.unzoomed ?? ""), unzoomed: undefined });

// A relative range is its name, a fixed one its two ends; the default one is a dash.
const pack = ({ range, from, to }: Times): string => (from || to ? `${from ?? ""}~${to ?? ""}` : (range ?? "-"));

function unpack(text: string): { [K in keyof Times]-?: string | undefined } {
  if (!text.includes("~")) return { range: text === "-" ? undefined : text, from: undefined, to: undefined };
  const [from, to] = text.split("~");
  return { range: undefined, from: from || undefined, to: to || undefined };
}
