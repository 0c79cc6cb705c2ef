import { pickFilters, readSearch, type LogFilters } from "../logs/filters.ts";

const tabs = ["usage", "errors", "cache", "feedback", "groups"];

/** Widths of data points, as the API names them. */
export const intervals: Record<string, string> = {
  "1min": "1 minute",
  "5min": "5 minutes",
  "15min": "15 minutes",
  "1h": "1 hour",
  "6h": "6 hours",
  "1d": "1 day",
  "1w": "1 week",
  "1mo": "1 month",
};

/** What the groups may be told by; the first are those that are shown unless others are chosen. */
export const columns = {
  requests: "Requests",
  cost: "Cost",
  total_tokens: "Tokens",
  avg_latency: "Mean latency",
  p95_latency: "p95 latency",
  success_rate: "Succeeded",
  last_seen: "Last seen",
  error_count: "Failed",
  users: "Users",
  cache_hit_rate: "Cache hits",
  avg_tokens: "Mean tokens",
  avg_input_tokens: "Mean input",
  avg_output_tokens: "Mean output",
  p50_latency: "p50 latency",
  p90_latency: "p90 latency",
  p99_latency: "p99 latency",
  unknown_costs: "Cost unknown",
  first_seen: "First seen",
} as const;
export type Column = keyof typeof columns;
export const usualColumns = Object.keys(columns).slice(0, 7) as Column[];

/** How many groups a page of them has. */
export const pageSize = 25;

/** The address of the analytics. */
export interface AnalyticsSearch extends LogFilters {
  /** The range from before a zoom. */
  unzoomed?: string;
  tab?: string;
  interval?: string;
  /** What the groups are of: a dimension's id. */
  by?: string;
  /** What the graph of the groups shows. */
  measure?: string;
  /** A comma list of columns. */
  columns?: string;
  /** A column, after a minus for the largest first. */
  sort?: string;
  /** Counts from 1. */
  page?: string;
}

export type AnalyticsPatch = { [K in keyof AnalyticsSearch]?: AnalyticsSearch[K] | undefined };

/** Reads an address; whatever is unknown or malformed is left out. */
export function readAnalyticsSearch(params: Record<string, unknown>): AnalyticsSearch {
  const take = (name: string, ok: (value: string) => boolean): string | undefined => {
    const value = params[name];
    return typeof value === "string" && value !== "" && ok(value) ? value : undefined;
  };
  const any = () => true;
  const own = {
    unzoomed: take("unzoomed", any),
    tab: take("tab", (v) => tabs.includes(v)),
    interval: take("interval", (v) => Object.hasOwn(intervals, v)),
    by: take("by", any),
    measure: take("measure", any),
    columns: take("columns", (v) => v.split(",").every((c) => Object.hasOwn(columns, c))),
    sort: take("sort", (v) => Object.hasOwn(columns, v.replace(/^-/, ""))),
    page: take("page", (v) => /^[1-9]\d{0,5}$/.test(v)),
  };
  return { ...pickFilters(readSearch(params)), ...Object.fromEntries(Object.entries(own).filter(([, v]) => v !== undefined)) };
}

/** The columns of an address, in the order in which they are offered. */
export function columnsOf(search: AnalyticsSearch): Column[] {
  if (search.columns === undefined) return usualColumns;
  const chosen = search.columns.split(",");
  return (Object.keys(columns) as Column[]).filter((c) => chosen.includes(c));
}

/** The column that the groups are sorted by, and whether the smallest comes first. */
export function sortOf(search: AnalyticsSearch): { column: Column; rising: boolean } {
  const sort = search.sort ?? "-requests";
  return { column: sort.replace(/^-/, "") as Column, rising: !sort.startsWith("-") };
}
