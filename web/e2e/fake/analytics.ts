import type { LogDetail, LogRow } from "../../src/api/types.ts";
import { selectLogs } from "./query.ts";

// Figures of made-up logs, as /v1/analytics has them: the plain way, a pass for each figure.

const minute = 60_000;
const widths: Record<string, number> = { "1min": minute, "5min": 5 * minute, "15min": 15 * minute, "1h": 60 * minute, "6h": 360 * minute, "1d": 1440 * minute, "1w": 7 * 1440 * minute, "1mo": 30 * 1440 * minute };
const upTo = [2, 12, 24, 8 * 24, 15 * 24, 125 * 24, 750 * 24, Infinity].map((hours) => hours * 60 * minute);

interface Span {
  rows: LogRow[];
  /** The rows of each data point, and when it begins. */
  buckets: { timestamp: string; rows: LogRow[] }[];
}

function spanOf(logs: LogDetail[], query: URLSearchParams): Span {
  const rows = selectAll(logs, query);
  const [from, to] = [Date.parse(query.get("time_of_generation_min")!), Date.parse(query.get("time_of_generation_max")!)];
  const width = widths[query.get("interval") ?? ""] ?? Object.values(widths)[upTo.findIndex((most) => to - from <= most)]!;
  const buckets: Span["buckets"] = [];
  for (let at = from - (from % width); at < to; at += width) {
    buckets.push({ timestamp: new Date(at).toISOString(), rows: rows.filter((r) => Date.parse(r.created_at) >= at && Date.parse(r.created_at) < at + width) });
  }
  return { rows, buckets };
}

function selectAll(logs: LogDetail[], query: URLSearchParams): LogRow[] {
  const all = new URLSearchParams(query);
  for (const name of ["page_size", "current_page", "after"]) all.delete(name);
  all.set("page_size", "500");
  const rows: LogRow[] = [];
  for (let after = "", first = true; first || after !== ""; first = false) {
    all.set("after", after);
    const page = selectLogs(logs, all);
    rows.push(...page.data);
    after = page.next;
  }
  return rows;
}

const sum = (rows: LogRow[], of: (r: LogRow) => number): number => rows.reduce((n, r) => n + of(r), 0);
const mean = (rows: LogRow[], of: (r: LogRow) => number): number => (rows.length > 0 ? sum(rows, of) / rows.length : 0);
const cents = (r: LogRow): number => (r.cost_nano ?? 0) / 1e7;
const percent = (a: number, b: number): number => (b > 0 ? (100 * a) / b : 0);
const failed = (rows: LogRow[]): LogRow[] => rows.filter((r) => !r.is_success);
const users = (rows: LogRow[]): number => new Set(rows.map((r) => r.user).filter(Boolean)).size;
const tries = (r: LogRow): number => (r.is_success ? r.retry_success_count : 0);
const rescuedBy = (rows: LogRow[]): number => rows.filter((r) => r.is_success && r.fallback).length;

function rank(rows: LogRow[], p: number): number {
  const sorted = rows.map((r) => r.response_time).sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((p / 100) * sorted.length) - 1)] ?? 0;
}

function tally(rows: LogRow[], of: (r: LogRow) => number): [key: number, count: number][] {
  const counts = new Map<number, number>();
  for (const row of rows) counts.set(of(row), (counts.get(of(row)) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1]);
}

type Figures = (rows: LogRow[]) => Record<string, unknown>;

const hits = (rows: LogRow[], kind: string): number => rows.filter((r) => r.cache_status === kind).length;
const total: Figures = (rows) => ({ total: rows.length });
const latency: Figures = (rows) => ({ avg: mean(rows, (r) => r.response_time), p50: rank(rows, 50), p90: rank(rows, 90), p99: rank(rows, 99) });
const cost: Figures = (rows) => ({ total: sum(rows, cents), avg: mean(rows, cents) });
const tokens: Figures = (rows) => ({ total: sum(rows, (r) => r.total_units), avg: mean(rows, (r) => r.total_units) });

/** The summary and each data point of a graph. */
const graphs: Record<string, [summary: Figures, point: Figures]> = {
  requests: [total, total],
  cost: [cost, cost],
  latency: [latency, latency],
  tokens: [tokens, tokens],
  users: [(rows) => ({ total: users(rows) }), (rows) => ({ total: users(rows) })],
  "users/requests": [
    (rows) => ({ total: rows.length, unique: users(rows), avg: rows.length / (users(rows) || 1) }),
    (rows) => ({ avg: users(rows) > 0 ? rows.length / users(rows) : 0 }),
  ],
  errors: [(rows) => total(failed(rows)), (rows) => total(failed(rows))],
  "errors/rate": [(rows) => ({ rate: percent(failed(rows).length, rows.length) }), (rows) => ({ rate: percent(failed(rows).length, rows.length) })],
  "errors/stacks": [
    (rows) => total(failed(rows)),
    (rows) => ({ stats: tally(failed(rows), (r) => r.response_status_code).map(([response_status_code, count]) => ({ response_status_code, count })) }),
  ],
  "requests/rescued": [
    (rows) => ({ retry: rows.filter((r) => tries(r) > 0).length, fallback: rescuedBy(rows) }),
    (rows) => ({
      retry: tally(rows.filter((r) => tries(r) > 0), tries).map(([retry_success_count, count]) => ({ retry_success_count, count })),
      fallback: rescuedBy(rows),
    }),
  ],
  "cache/hit-rate": [
    (rows) => ({ total: hits(rows, "HIT") + hits(rows, "SEMANTIC HIT"), rate: percent(hits(rows, "HIT") + hits(rows, "SEMANTIC HIT"), rows.length) }),
    (rows) => ({
      simple_hits: hits(rows, "HIT"),
      semantic_hits: hits(rows, "SEMANTIC HIT"),
      rate: percent(hits(rows, "HIT") + hits(rows, "SEMANTIC HIT"), rows.length),
      cumulative_simple_cache_savings: 0,
      cumulative_semantic_cache_savings: 0,
    }),
  ],
  "cache/latency": [() => ({}), (rows) => ({ avg: mean(rows.filter((r) => r.cache_status === "HIT"), (r) => r.response_time) })],
  feedbacks: [() => ({ total: 0 }), () => ({ total: 0 })],
  "feedbacks/weighted": [() => ({ avg: 0 }), () => ({ avg: 0 })],
};

export function graph(logs: LogDetail[], path: string, query: URLSearchParams): object | undefined {
  const { rows, buckets } = spanOf(logs, query);
  const envelope = (summary: object, data_points: object[]) => ({ summary, data_points, object: "analytics-graph" });
  if (path === "errors/status-codes") {
    const codes = tally(failed(rows), (r) => r.response_status_code);
    return envelope({ total_errors: failed(rows).length, unique_error_codes: codes.length }, codes.map(([status_code, count]) => ({ status_code, count })));
  }
  if (path === "feedbacks/scores" || path === "feedbacks/ai-models") return envelope(path === "feedbacks/scores" ? { total: 0 } : {}, []);
  const found = graphs[path];
  return found && envelope(found[0](rows), buckets.map((b) => ({ timestamp: b.timestamp, ...found[1](b.rows) })));
}

export function cacheSummary(logs: LogDetail[], query: URLSearchParams): object {
  const { rows } = spanOf(logs, query);
  const hit = rows.filter((r) => r.cache_status === "HIT");
  return { summary: { hits: hit.length, avg_latency: mean(hit, (r) => r.response_time), total_requests: rows.length, cache_speedup: 0 }, object: "analytics-summary" };
}

const keys: Record<string, (r: LogRow) => string> = {
  ai_service: (r) => r.ai_org,
  model: (r) => r.ai_model,
  status_code: (r) => String(r.response_status_code),
  api_key: (r) => r.api_key_id,
  user: (r) => r.user,
  config: (r) => r.config,
  provider: (r) => r.virtual_key,
  prompt: (r) => r.metadata["_prompt"] ?? "",
  workspace: () => "ws-shared-e2a85b",
};

const columns: Record<string, (rows: LogRow[]) => number | string> = {
  requests: (rows) => rows.length,
  cost: (rows) => sum(rows, cents),
  total_tokens: (rows) => sum(rows, (r) => r.total_units),
  avg_tokens: (rows) => mean(rows, (r) => r.total_units),
  avg_input_tokens: (rows) => mean(rows, (r) => r.req_units),
  avg_output_tokens: (rows) => mean(rows, (r) => r.res_units),
  avg_latency: (rows) => mean(rows, (r) => r.response_time),
  p50_latency: (rows) => rank(rows, 50),
  p90_latency: (rows) => rank(rows, 90),
  p95_latency: (rows) => rank(rows, 95),
  p99_latency: (rows) => rank(rows, 99),
  success_rate: (rows) => percent(rows.length - failed(rows).length, rows.length),
  error_count: (rows) => failed(rows).length,
  cache_hit_rate: (rows) => percent(hits(rows, "HIT"), rows.length),
  users,
  unknown_costs: (rows) => rows.filter((r) => r.cost_nano === null).length,
  last_seen: (rows) => rows.map((r) => r.created_at).sort().at(-1)!,
  first_seen: (rows) => rows.map((r) => r.created_at).sort()[0]!,
};

/** The groups by one of the keys, or by a metadata key. */
export function groups(logs: LogDetail[], by: string, metadata: string | undefined, query: URLSearchParams): object | undefined {
  const keyOf = metadata === undefined ? keys[by] : (r: LogRow) => r.metadata[metadata] ?? "";
  if (!keyOf) return undefined;
  const found = new Map<string, LogRow[]>();
  for (const row of selectAll(logs, query)) {
    const key = keyOf(row);
    if (key !== "") found.set(key, [...(found.get(key) ?? []), row]);
  }
  const order = columns[query.get("order_by") ?? "requests"]!;
  const sign = query.get("order_by_type") === "asc" ? 1 : -1;
  const sorted = [...found].sort(([, a], [, b]) => sign * (order(a) < order(b) ? -1 : order(a) > order(b) ? 1 : 0));
  const size = Number(query.get("page_size") ?? 50);
  const start = size * Number(query.get("current_page") ?? 0);
  const name = metadata === undefined ? by : "metadata_value";
  const data = sorted.slice(start, start + size).map(([key, rows]) => ({ [name]: key, ...Object.fromEntries(query.get("columns")!.split(",").map((c) => [c, columns[c]!(rows)])), object: "analytics-group" }));
  return { object: "list", total: found.size, data };
}
