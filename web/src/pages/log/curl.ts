import type { Json, LogDetail } from "../../api/types.ts";

/** The request as a curl command against this Portico. The key stays a variable: a log holds only masked ones. */
export function asCurl(log: LogDetail, origin: string): string {
  const { path, method } = log.metrics;
  const lines = [`curl -X ${method} ${quote(origin + path)}`, '-H "x-portkey-api-key: $PORTICO_API_KEY"'];
  for (const [name, value] of Object.entries(log.request.portkeyHeaders)) {
    if (replayable(name, value)) lines.push(`-H ${quote(`${name}: ${value}`)}`);
  }
  const body = bodyText(log.request.body);
  if (body) lines.push('-H "content-type: application/json"', `-d ${quote(body)}`);
  return lines.join(" \\\n  ");
}

// Credentials are masked in the log, and a trace id would file the replay under the old trace.
function replayable(name: string, value: string): boolean {
  const lower = name.toLowerCase();
  return !/api-key|authorization|secret|token|trace-id|span/.test(lower) && !value.includes("****");
}

function bodyText(body: Json): string {
  if (body === null || body === undefined) return "";
  return typeof body === "string" ? body : JSON.stringify(body);
}

/** Quotes a word for a POSIX shell. */
export const quote = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;
