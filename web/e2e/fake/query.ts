import type { LogDetail, LogPage } from "../../src/api/types.ts";

const csv = (value: string | null): string[] => (value ?? "").split(",").filter(Boolean);

/** Selects logs as GET /v1/logs does. */
export function selectLogs(logs: LogDetail[], query: URLSearchParams): LogPage {
  const found = logs.filter((log) => matches(log, query));
  const size = Math.min(Number(query.get("page_size") ?? 50), 500);
  const after = query.get("after");
  const start = after ? found.findIndex((l) => l._id === after) + 1 : 0;
  const page = found.slice(start, start + size);
  const more = start + size < found.length;
  return { object: "list", total: found.length, data: page.map((l) => l.metrics), next: more ? (page.at(-1)?._id ?? "") : "" };
}

function matches(log: LogDetail, query: URLSearchParams): boolean {
  const row = log.metrics;
  const fields: Record<string, string> = {
    trace_id: row.trace_id,
    span_id: row.span_id,
    status: row.status,
    status_code: String(row.response_status_code),
    ai_org: row.ai_org,
    ai_model: row.ai_model,
    configs: row.config,
    virtual_keys: row.virtual_key,
    api_key_ids: row.api_key_id,
    users: row.user,
    cache_status: row.cache_status,
  };
  for (const [name, value] of Object.entries(fields)) {
    const wanted = csv(query.get(name));
    if (wanted.length > 0 && !wanted.includes(value)) return false;
  }
  const at = Date.parse(row.created_at);
  const min = query.get("time_of_generation_min");
  const max = query.get("time_of_generation_max");
  if (min && at < Date.parse(min)) return false;
  if (max && at > Date.parse(max)) return false;
  const metadata = JSON.parse(query.get("metadata") ?? "{}") as Record<string, string>;
  if (Object.entries(metadata).some(([key, value]) => row.metadata[key] !== value)) return false;
  const least = query.get("cost_min");
  if (least !== null && (row.cost_nano === null || row.cost_nano < Number(least) * 1e7)) return false;
  const q = query.get("q")?.toLowerCase();
  return !q || JSON.stringify([row, log.request.body, log.response.body]).toLowerCase().includes(q);
}
