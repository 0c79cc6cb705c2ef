import { errorFrom } from "../../api/client.ts";

/** How far the answer to a request is. */
export interface Progress {
  status: number;
  /** The id of the new log. */
  id: string;
  text: string;
  /** Milliseconds to the first byte, and so far. */
  first: number;
  total: number;
  done: boolean;
}

interface Sent {
  path: string;
  headers: [string, string][];
  key: string;
  body: string;
}

/**
 * Sends a request through the gateway, as a client does: with a key, without the
 * console's session. Tells how far the answer is, at most once a frame.
 */
export async function send({ path, headers, key, body }: Sent, signal: AbortSignal, tell: (p: Progress) => void): Promise<void> {
  const began = performance.now();
  const response = await fetch(path, {
    method: "POST",
    credentials: "omit",
    headers: [...headers, ["content-type", "application/json"], ["x-portkey-api-key", key]],
    body,
    signal,
  });
  const id = response.headers.get("x-portkey-request-id") ?? "";
  if (response.status === 401) throw errorFrom(response.status, response.headers, await response.text());
  const progress: Progress = { status: response.status, id, text: "", first: 0, total: 0, done: false };
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let frame = 0;
  const show = () => {
    frame = 0;
    tell({ ...progress });
  };
  for (;;) {
    const part = await reader?.read();
    progress.total = performance.now() - began;
    if (!part || part.done) break;
    if (progress.first === 0) progress.first = progress.total;
    progress.text += part.value;
    frame ||= requestAnimationFrame(show);
  }
  cancelAnimationFrame(frame);
  tell({ ...progress, done: true });
}
