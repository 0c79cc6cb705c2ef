import type { LogState } from "../../api/types.ts";

/** What the log list shows, as the address says it. Absent means no restriction. */
export interface LogFilters {
  /** A range that ends now, a key of `ranges`; the default range when neither it nor from/to is given. */
  range?: string;
  /** Start and end of a fixed range, RFC 3339. */
  from?: string;
  to?: string;
  q?: string;
  trace?: string;
  /** Comma lists. */
  status?: string;
  code?: string;
  provider?: string;
  model?: string;
  config?: string;
  vkey?: string;
  apikey?: string;
  cache?: string;
}

/** The whole address of the log list: filters, the log that is open, its tab, and whether the list stands still. */
export interface LogSearch extends LogFilters {
  log?: string;
  tab?: string;
  paused?: string;
}

/** Changes to an address; undefined takes a parameter away. */
export type Patch = { [K in keyof LogSearch]?: string | undefined };

const minute = 60_000;
export const ranges: Record<string, { label: string; ms: number }> = {
  "15m": { label: "Last 15 minutes", ms: 15 * minute },
  "1h": { label: "Last hour", ms: 60 * minute },
  "24h": { label: "Last 24 hours", ms: 24 * 60 * minute },
  "7d": { label: "Last 7 days", ms: 7 * 24 * 60 * minute },
  "30d": { label: "Last 30 days", ms: 30 * 24 * 60 * minute },
  all: { label: "All time", ms: 0 },
};
export const defaultRange = "24h";

export const states: Record<LogState, string> = {
  success: "Success",
  error: "Error",
  refused: "Refused",
  truncated: "Truncated",
  client_gone: "Client left",
  interrupted: "Interrupted",
};

export const cacheStates = ["HIT", "SEMANTIC HIT", "MISS", "REFRESH", "DISABLED"];

/** The filters that restrict by something other than time, in the order they are shown. */
export const restrictions = ["q", "trace", "status", "code", "provider", "model", "config", "vkey", "apikey", "cache"] as const;
export type Restriction = (typeof restrictions)[number];

const known: (keyof LogSearch)[] = [...restrictions, "range", "from", "to", "log", "tab", "paused"];

/** Reads an address; whatever is unknown or malformed is left out. */
export function readSearch(params: Record<string, unknown>): LogSearch {
  const search: LogSearch = {};
  for (const name of known) {
    const value = params[name];
    if (typeof value === "string" && value.trim() !== "") search[name] = value.trim();
  }
  if (search.range !== undefined && !Object.hasOwn(ranges, search.range)) delete search.range;
  for (const name of ["from", "to"] as const) {
    if (search[name] !== undefined && Number.isNaN(Date.parse(search[name]))) delete search[name];
  }
  return search;
}

/** Reports whether the end of the range is now, so that new requests belong to the list. */
export const isLive = (f: LogFilters): boolean => f.to === undefined;

/** How many restrictions other than time are set. */
export const restrictionCount = (f: LogFilters): number => restrictions.filter((name) => f[name] !== undefined).length;

/** The filters as the query of GET /v1/logs. */
export function toQuery(f: LogFilters, now: Date): Record<string, string> {
  const query: Record<string, string | undefined> = {
    ...times(f, now),
    q: f.q,
    trace_id: f.trace,
    status: f.status,
    status_code: f.code,
    ai_org: f.provider,
    ai_model: f.model,
    configs: f.config,
    virtual_keys: f.vkey,
    api_key_ids: f.apikey,
    cache_status: f.cache,
  };
  return Object.fromEntries(Object.entries(query).filter((e): e is [string, string] => e[1] !== undefined));
}

function times(f: LogFilters, now: Date): { time_of_generation_min?: string; time_of_generation_max?: string } {
  const out: { time_of_generation_min?: string; time_of_generation_max?: string } = {};
  if (f.from !== undefined) out.time_of_generation_min = new Date(f.from).toISOString();
  if (f.to !== undefined) out.time_of_generation_max = new Date(f.to).toISOString();
  if (f.from === undefined && f.to === undefined) {
    const ms = ranges[f.range ?? defaultRange]?.ms ?? 0;
    if (ms > 0) out.time_of_generation_min = new Date(now.getTime() - ms).toISOString();
  }
  return out;
}

/** A comma list as its items. */
export const items = (csv: string | undefined): string[] =>
  (csv ?? "").split(",").map((s) => s.trim()).filter((s) => s !== "");

/** A comma list with an item added, or removed if it was in it; undefined when nothing is left. */
export function toggle(csv: string | undefined, item: string): string | undefined {
  const have = items(csv);
  const next = have.includes(item) ? have.filter((s) => s !== item) : [...have, item];
  return next.length > 0 ? next.join(",") : undefined;
}
