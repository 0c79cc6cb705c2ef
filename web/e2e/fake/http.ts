import type { IncomingMessage, ServerResponse } from "node:http";
import type { Problem } from "../../src/api/types.ts";

/** An answer that is an error, in the shape that the API gives all of them. */
export class Fault extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly param: string | null = null,
    readonly problems: Problem[] = [],
  ) {
    super(message);
  }
}

export const notFound = (what: string): Fault => new Fault(404, "AB08", `There is no ${what}.`);

export function send(res: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  res.writeHead(status, { "content-type": "application/json", "x-portkey-request-id": "req-" + Math.random().toString(36).slice(2, 12), ...headers });
  res.end(JSON.stringify(body));
}

export function sendFault(res: ServerResponse, fault: Fault): void {
  const { message, code, param, problems } = fault;
  send(res, fault.status, {
    success: false,
    status: "failure",
    message,
    data: { message, errorCode: code },
    error: { message, type: "invalid_request_error", code, param },
    ...(problems.length > 0 ? { problems } : {}),
  });
}

export async function readJson(req: IncomingMessage): Promise<Record<string, unknown>> {
  const parts: Buffer[] = [];
  for await (const part of req) parts.push(part as Buffer);
  const text = Buffer.concat(parts).toString();
  try {
    return text === "" ? {} : (JSON.parse(text) as Record<string, unknown>);
  } catch {
    throw new Fault(400, "AB01", "The body is not JSON.");
  }
}

export const list = <T>(data: T[], total = data.length) => ({ object: "list" as const, success: true, total, data });
