import { items, ranges } from "../logs/filters.ts";

/** The address of the feedback list. */
export interface FeedbackSearch {
  range?: string;
  from?: string;
  to?: string;
  /** A comma list of values. */
  value?: string;
  trace?: string;
}

/** Reads an address; whatever is unknown or malformed is left out. */
export function readFeedbackSearch(params: Record<string, unknown>): FeedbackSearch {
  const search: FeedbackSearch = {};
  for (const name of ["range", "from", "to", "value", "trace"] as const) {
    const value = params[name];
    if (typeof value === "string" && value.trim() !== "") search[name] = value.trim();
  }
  if (search.range !== undefined && !Object.hasOwn(ranges, search.range)) delete search.range;
  for (const name of ["from", "to"] as const) {
    if (search[name] !== undefined && Number.isNaN(Date.parse(search[name]))) delete search[name];
  }
  if (!items(search.value).every((v) => /^-?\d+$/.test(v) && Math.abs(Number(v)) <= 10)) delete search.value;
  return search;
}
