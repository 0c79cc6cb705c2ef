import type { Json, LogState } from "../../api/types.ts";
import { isObject } from "../../lib/json.ts";

/** What the log list shows, as the address says it. Absent means no restriction. */
export interface LogFilters {
  /** A range that ends now, a key of `ranges`; the default range when neither it nor from/to is given. */
  range?: string;
  /** Start and end of a fixed range, RFC 3339. */
  from?: string;
  to?: string;
  q?: string;
  /** Comma lists. */
  trace?: string;
  span?: string;
  status?: string;
  code?: string;
  provider?: string;
  model?: string;
  config?: string;
  vkey?: string;
  apikey?: string;
  user?: string;
  cache?: string;
  prompt?: string;
  id?: string;
  /** A comma list of key=value, each packed by packPair. */
  meta?: string;
  /** Bounds, as "min..max" with one of them or both. Costs are in dollars. */
  cost?: string;
  tokens?: string;
  input?: string;
  output?: string;
  feedback?: string;
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
  "90d": { label: "Last 90 days", ms: 90 * 24 * 60 * minute },
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

/** The states of requests that failed, as a comma list. */
export const failedStates = Object.keys(states).filter((s) => s !== "success").join(",");

export const cacheStates = ["HIT", "SEMANTIC HIT", "MISS", "REFRESH", "DISABLED"];

/** The filters that are comma lists in the API as they are here, and their names there. */
const lists = {
  trace: "trace_id",
  span: "span_id",
  status: "status",
  code: "status_code",
  provider: "ai_org",
  model: "ai_model",
  config: "configs",
  vkey: "virtual_keys",
  apikey: "api_key_ids",
  user: "users",
  cache: "cache_status",
  prompt: "prompt_slug",
  id: "id",
} as const;

/** The filters that are bounds, and what their names in the API begin with. */
const bounds = {
  cost: "cost",
  tokens: "total_units",
  input: "prompt_token",
  output: "completion_token",
  feedback: "weighted_feedback",
} as const;

export type ListFilter = keyof typeof lists;
export type BoundsFilter = keyof typeof bounds;

/** The filters that restrict by something other than time, in the order they are shown. */
export const restrictions = ["q", ...keysOf(lists), ...keysOf(bounds), "meta"] as const;
export type Restriction = (typeof restrictions)[number];

function keysOf<T extends object>(of: T): (keyof T)[] {
  return Object.keys(of) as (keyof T)[];
}

/** The parameters of an address that select rows. */
const selecting = [...restrictions, "range", "from", "to"] as const;
const known: (keyof LogSearch)[] = [...selecting, "log", "tab", "paused"];

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
  for (const name of keysOf(bounds)) {
    if (search[name] !== undefined && !readBounds(search[name])) delete search[name];
  }
  return search;
}

/** Reports whether the end of the range is now, so that new requests belong to the list. */
export const isLive = (f: LogFilters): boolean => f.to === undefined;

/** How many restrictions other than time are set. */
export const restrictionCount = (f: LogFilters): number => restrictions.filter((name) => f[name] !== undefined).length;

/** Takes every restriction other than time away. */
export const noRestrictions: Patch = Object.fromEntries(restrictions.map((name) => [name, undefined]));

/** Only what selects rows: opening a log must not look like another list. */
export function pickFilters(f: LogFilters): LogFilters {
  return Object.fromEntries(selecting.flatMap((name) => (f[name] === undefined ? [] : [[name, f[name]]])));
}

/** The filters as the query of GET /v1/logs. */
export function toQuery(f: LogFilters, now: Date): Record<string, string> {
  const query: Record<string, string> = { ...times(f, now) };
  if (f.q !== undefined) query["q"] = f.q;
  for (const name of keysOf(lists)) {
    if (f[name] !== undefined) query[lists[name]] = f[name];
  }
  for (const name of keysOf(bounds)) {
    const b = readBounds(f[name]);
    const send = name === "cost" ? toCents : String;
    if (b?.min !== undefined) query[`${bounds[name]}_min`] = send(b.min);
    if (b?.max !== undefined) query[`${bounds[name]}_max`] = send(b.max);
  }
  const pairs = items(f.meta).map(unpackPair);
  if (pairs.length > 0) query["metadata"] = JSON.stringify(Object.fromEntries(pairs));
  return query;
}

/**
 * The restrictions that the API's filters say, as a saved filter holds them, and
 * the names of those that the console has no place for.
 */
export function fromQuery(query: { [name: string]: Json }): { filters: LogFilters; unknown: string[] } {
  const filters: LogFilters = {};
  const rest = new Map(Object.entries(query));
  const take = (name: string): string => {
    const value = rest.get(name);
    rest.delete(name);
    return Array.isArray(value) ? value.join(",") : typeof value === "string" || typeof value === "number" ? String(value) : "";
  };
  const set = (name: keyof LogFilters, value: string) => {
    if (value !== "") filters[name] = value;
  };
  set("q", take("q"));
  set("from", take("time_of_generation_min"));
  set("to", take("time_of_generation_max"));
  for (const name of keysOf(lists)) set(name, take(lists[name]));
  for (const name of keysOf(bounds)) {
    const [min, max] = [take(`${bounds[name]}_min`), take(`${bounds[name]}_max`)].map((n) => (n && name === "cost" ? fromCents(n) : n));
    if (min || max) set(name, `${min ?? ""}..${max ?? ""}`);
  }
  const meta = rest.get("metadata");
  const object: unknown = typeof meta === "string" ? JSON.parse(meta) : meta;
  if (isObject(object)) {
    rest.delete("metadata");
    set("meta", Object.entries(object).map(([key, value]) => packPair(key, String(value))).join(","));
  }
  return { filters: readSearch({ ...filters }), unknown: [...rest.keys()] };
}

/** The bounds that "min..max" names; undefined when it names none. */
export function readBounds(text: string | undefined): { min?: number; max?: number } | undefined {
  const match = /^(-?[\d.]*)\.\.(-?[\d.]*)$/.exec(text ?? "");
  if (!match) return undefined;
  const out: { min?: number; max?: number } = {};
  if (match[1]) out.min = Number(match[1]);
  if (match[2]) out.max = Number(match[2]);
  const all = Object.values(out);
  return all.length > 0 && all.every(Number.isFinite) ? out : undefined;
}

// Through decimals, so that no rounding error is sent: 0.07 dollars are 7 cents.
const toCents = (dollars: number): string => String(Number((dollars * 100).toFixed(9)));
const fromCents = (cents: string): string => String(Number((Number(cents) / 100).toFixed(11)));

/** A pair of metadata as an item of a comma list. */
export const packPair = (key: string, value: string): string => `${pack(key).replaceAll("=", "%3D")}=${pack(value)}`;
const pack = (text: string): string => text.replaceAll("%", "%25").replaceAll(",", "%2C");

/** The inverse of packPair; a value may hold whatever is not packed. */
export function unpackPair(item: string): [key: string, value: string] {
  const at = item.indexOf("=");
  const [key, value] = at < 0 ? [item, ""] : [item.slice(0, at), item.slice(at + 1)];
  return [unpack(key.replaceAll("%3D", "=")), unpack(value)];
}
const unpack = (text: string): string => text.replaceAll("%2C", ",").replaceAll("%25", "%");

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
