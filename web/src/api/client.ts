import type { Problem } from "./types.ts";

/** What a request to the API ended with when it did not succeed. */
export class ApiError extends Error {
  /** HTTP status; 0 when no answer came at all. */
  readonly status: number;
  readonly code: string;
  /** The field at fault, if one is. */
  readonly param: string;
  readonly requestId: string;
  readonly problems: Problem[];
  /** Seconds to wait before another try; 0 when not said. */
  readonly retryAfter: number;

  constructor(message: string, init: Partial<Omit<ApiError, keyof Error>> = {}) {
    super(message);
    this.name = "ApiError";
    this.status = init.status ?? 0;
    this.code = init.code ?? "";
    this.param = init.param ?? "";
    this.requestId = init.requestId ?? "";
    this.problems = init.problems ?? [];
    this.retryAfter = init.retryAfter ?? 0;
  }
}

type Query = Record<string, string | number | undefined>;

interface Options {
  query?: Query;
  body?: unknown;
  signal?: AbortSignal;
}

/** Calls the API below /v1 and answers its JSON; throws ApiError. */
export async function call<T>(method: string, path: string, options: Options = {}): Promise<T> {
  const init: RequestInit = { method, credentials: "same-origin", headers: { accept: "application/json" } };
  if (options.body !== undefined) {
    init.headers = { accept: "application/json", "content-type": "application/json" };
    init.body = JSON.stringify(options.body);
  }
  if (options.signal) init.signal = options.signal;
  let response: Response;
  try {
    response = await fetch("/v1" + path + search(options.query), init);
  } catch (cause) {
    if (options.signal?.aborted) throw cause;
    throw new ApiError("Portico could not be reached. Check that the server is running and that you are online.");
  }
  const text = await response.text();
  if (!response.ok) throw errorFrom(response.status, response.headers, text);
  try {
    return JSON.parse(text || "{}") as T;
  } catch {
    throw new ApiError("The server answered something that is not JSON.", {
      status: response.status,
      requestId: requestId(response.headers),
    });
  }
}

function search(query: Query = {}): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== "") params.set(name, String(value));
  }
  const text = params.toString();
  return text && "?" + text;
}

function requestId(headers: Headers): string {
  return headers.get("x-portkey-request-id") ?? headers.get("x-request-id") ?? "";
}

interface ErrorBody {
  message?: string;
  data?: { message?: string; errorCode?: string };
  error?: { message?: string; code?: string; param?: string | null };
  problems?: Problem[];
}

/** Turns an error answer into an ApiError, whatever its body holds. */
export function errorFrom(status: number, headers: Headers, text: string): ApiError {
  let body: ErrorBody = {};
  try {
    const parsed: unknown = JSON.parse(text);
    if (parsed && typeof parsed === "object") body = parsed;
  } catch {
    // A proxy in between may answer HTML; the status says enough.
  }
  const message = body.error?.message ?? body.message ?? body.data?.message;
  return new ApiError(message || `The server answered ${status}.`, {
    status,
    code: body.error?.code ?? body.data?.errorCode ?? "",
    param: body.error?.param ?? "",
    requestId: requestId(headers),
    problems: Array.isArray(body.problems) ? body.problems : [],
    retryAfter: Number(headers.get("retry-after")) || 0,
  });
}
