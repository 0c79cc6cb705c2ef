import type { LogDetail } from "../../api/types.ts";
import { exactCost, duration } from "../../lib/format.ts";
import { pretty } from "../../lib/json.ts";
import { fullTime } from "../../lib/time.ts";
import { readReply } from "../log/bodies.ts";
import { states } from "../logs/filters.ts";

/** One thing that two logs say, and whether they say the same. */
export interface Line {
  name: string;
  a: string;
  b: string;
  differs: boolean;
}

const fields: [name: string, value: (log: LogDetail) => string | number][] = [
  ["Time", ({ metrics: m }) => fullTime(m.created_at)],
  ["Status", ({ metrics: m }) => `${m.response_status_code || ""} ${states[m.status] ?? m.status}`.trim()],
  ["Error", ({ metrics: m }) => m.error?.message ?? ""],
  ["Path", ({ metrics: m }) => `${m.method} ${m.path}`],
  ["Asked for", ({ metrics: m }) => m.request_model],
  ["Provider", ({ metrics: m }) => m.ai_org],
  ["Model", ({ metrics: m }) => m.ai_model],
  ["Virtual key", ({ metrics: m }) => m.virtual_key],
  ["Config", ({ metrics: m }) => m.config],
  ["Config version", ({ metrics: m }) => m.config_version_id],
  ["Target", ({ metrics: m }) => m.last_used_option_index],
  ["Attempts", (log) => log.attempts.length],
  ["Retries", ({ metrics: m }) => m.retry_success_count],
  ["Cache", ({ metrics: m }) => m.cache_status.toLowerCase()],
  ["Streamed", ({ metrics: m }) => (m.stream_mode ? "yes" : "no")],
  ["Latency", ({ metrics: m }) => duration(m.response_time)],
  ["First token", ({ metrics: m }) => (m.time_to_first_token === null ? "" : duration(m.time_to_first_token))],
  ["Input tokens", ({ metrics: m }) => m.req_units],
  ["of which cached", ({ metrics: m }) => m.cached_units || ""],
  ["Output tokens", ({ metrics: m }) => m.res_units],
  ["of which reasoning", ({ metrics: m }) => m.reasoning_units || ""],
  ["Cost", ({ metrics: m }) => exactCost(m.cost_nano)],
  ["User", ({ metrics: m }) => m.user],
  ["API key", ({ metrics: m }) => m.api_key_id],
  ["Trace", ({ metrics: m }) => m.trace_id],
];

/** What two logs say, field by field; what neither says is left out. */
export function compareFields(a: LogDetail, b: LogDetail): Line[] {
  const keys = [...new Set([...Object.keys(a.metrics.metadata), ...Object.keys(b.metrics.metadata)])].sort();
  const all: [string, string | number, string | number][] = [
    ...fields.map(([name, value]): [string, string | number, string | number] => [name, value(a), value(b)]),
    ...keys.map((key): [string, string, string] => [`Metadata ${key}`, a.metrics.metadata[key] ?? "", b.metrics.metadata[key] ?? ""]),
  ];
  return all
    .map(([name, x, y]) => ({ name, a: String(x), b: String(y), differs: x !== y }))
    .filter((line) => line.a !== "" || line.b !== "");
}

/** The texts of a log whose lines are compared: a streamed reply is put together first. */
export function texts(log: LogDetail): { request: string; reply: string } {
  return { request: pretty(log.request.body ?? undefined), reply: pretty(readReply(log.response.body).body ?? undefined) };
}
