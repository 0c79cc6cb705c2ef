import type { Json } from "../../api/types.ts";
import { assemble, type Assembled } from "../../conversation/assemble.ts";
import { looksLikeSse } from "../../conversation/sse.ts";
import { parse } from "../../lib/json.ts";

/** A reply as it reads, whether it came whole or as a stream. */
export interface Reply {
  body: Json;
  /** The stream it was put together from, if it was one. */
  stream: Assembled | null;
}

/** Reads a logged reply body; streams are logged as the text that was sent. */
export function readReply(body: Json): Reply {
  if (typeof body !== "string") return { body, stream: null };
  if (looksLikeSse(body)) {
    const stream = assemble(body);
    return { body: stream.body, stream };
  }
  return { body: parse(body) ?? body, stream: null };
}
