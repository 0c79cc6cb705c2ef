import type { LogDetail } from "../../api/types.ts";
import { bodyText, headersAgain } from "./resend.ts";

/** The request as a curl command against this Portico. The key stays a variable: a log holds only masked ones. */
export function asCurl(log: LogDetail, origin: string): string {
  const { path, method } = log.metrics;
  const lines = [`curl -X ${method} ${quote(origin + path)}`, '-H "x-portkey-api-key: $PORTICO_API_KEY"'];
  for (const [name, value] of headersAgain(log)) lines.push(`-H ${quote(`${name}: ${value}`)}`);
  const body = bodyText(log.request.body);
  if (body) lines.push('-H "content-type: application/json"', `-d ${quote(body)}`);
  return lines.join(" \\\n  ");
}

/** Quotes a word for a POSIX shell. */
export const quote = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;
