import type { LogDetail } from "../../api/types.ts";
import { replyMessages, requestMessages, type Message, type Part } from "../../conversation/conversation.ts";
import { readReply } from "../log/bodies.ts";

/** What a request adds to the conversation of its trace. */
export interface Turn {
  log: LogDetail;
  /** How many of its messages an earlier request has, and are left out. */
  known: number;
  asked: Message[];
  answered: Message[];
}

/**
 * The requests of a trace as one conversation. A client sends the history with
 * each request: what an earlier one and its reply begin with alike is left out.
 */
export function dialogue(logs: LogDetail[]): Turn[] {
  const before: string[][] = [];
  return logs.map((log) => {
    const asked = requestMessages(log.request.body);
    const answered = replyMessages(readReply(log.response.body).body);
    const prints = asked.map(fingerprint);
    const known = Math.max(0, ...before.map((b) => commonStart(b, prints)));
    before.push([...prints, ...answered.map(fingerprint)]);
    return { log, known, asked: asked.slice(known), answered };
  });
}

function commonStart(a: string[], b: string[]): number {
  let n = 0;
  while (n < a.length && n < b.length && a[n] === b[n]) n++;
  return n;
}

// What a client sends back: not the thoughts, and not why the model stopped.
function fingerprint({ role, parts }: Message): string {
  return JSON.stringify([role === "developer" ? "system" : role, parts.filter((p) => p.kind !== "thinking").map(essence)]);
}

function essence(part: Part): unknown {
  if (part.kind === "text") return part.text.trim();
  if (part.kind === "tool_call") return [part.name, part.args];
  return part;
}
