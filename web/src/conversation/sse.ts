/** One event of a text/event-stream. */
export interface SseEvent {
  event: string;
  data: string;
}

/** Reports whether a body that was logged as text is a stream of events. */
export const looksLikeSse = (text: string): boolean => /^\s*(:|data:|event:|id:|retry:)/.test(text);

/**
 * Splits a text/event-stream into its events, as the HTML standard says: lines
 * end in LF, CR or CRLF, several data lines are joined by LF, comments are
 * skipped. Unlike the standard it keeps a last event that no empty line ends,
 * because a stream that was cut is worth seeing to its end.
 */
export function parseSse(text: string): SseEvent[] {
  const events: SseEvent[] = [];
  let event = "";
  let data: string[] = [];
  const flush = () => {
    if (data.length > 0) events.push({ event: event || "message", data: data.join("\n") });
    event = "";
    data = [];
  };
  for (const line of text.replace(/^\uFEFF/, "").split(/\r\n|\n|\r/)) {
    if (line === "") flush();
    else if (!line.startsWith(":")) {
      const colon = line.indexOf(":");
      const field = colon < 0 ? line : line.slice(0, colon);
      const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
      if (field === "event") event = value;
      if (field === "data") data.push(value);
    }
  }
  flush();
  return events;
}
