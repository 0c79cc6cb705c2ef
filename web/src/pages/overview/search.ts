import { readSearch, type LogFilters } from "../logs/filters.ts";

/** The address of the overview: a range, and the one from before a zoom. */
export interface OverviewSearch extends Pick<LogFilters, "range" | "from" | "to"> {
  unzoomed?: string;
}

export function readOverviewSearch(params: Record<string, unknown>): OverviewSearch {
  const { range, from, to } = readSearch(params);
  const unzoomed = params["unzoomed"];
  return { ...(range && { range }), ...(from && { from }), ...(to && { to }), ...(typeof unzoomed === "string" && unzoomed && { unzoomed }) };
}
