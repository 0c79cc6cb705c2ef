import type { Json, LogDetail } from "../../api/types.ts";
import { isObject } from "../../lib/json.ts";

/** The headers of a request that may be sent again: no credential, and not the trace, which would file it under the old one. */
export function headersAgain(log: LogDetail): [name: string, value: string][] {
  const kept = Object.entries(log.request.portkeyHeaders).filter(([name, value]) => mayBeSent(name, value));
  const names = kept.map(([name]) => name.toLowerCase());
  const routed = ["x-portkey-config", "x-portkey-virtual-key", "x-portkey-provider"].some((n) => names.includes(n));
  const { virtual_key, config } = log.metrics;
  const bySlug = isObject(log.request.body) && /^@/.test(String(log.request.body["model"] ?? ""));
  // Whatever default of a key led there may be another one today.
  if (!routed && config) kept.push(["x-portkey-config", config]);
  else if (!routed && virtual_key && !bySlug) kept.push(["x-portkey-virtual-key", virtual_key]);
  return kept;
}

function mayBeSent(name: string, value: string): boolean {
  return !/api-key|authorization|secret|token|trace-id|span|package-version|runtime/.test(name.toLowerCase()) && !value.includes("****");
}

export function bodyText(body: Json): string {
  if (body === null || body === undefined) return "";
  return typeof body === "string" ? body : JSON.stringify(body);
}

/** Why a request cannot be sent again from here; "" if it can. */
export function whyNotAgain(log: LogDetail): string {
  if (log.metrics.source !== "gateway") return "It did not go through Portico.";
  if (log.metrics.method !== "POST") return "Only POST requests can be sent again.";
  if (log.request.body === null || log.request.body === undefined) return "Its body was not kept.";
  if (!isObject(log.request.body)) return "Its body is not JSON.";
  return "";
}
