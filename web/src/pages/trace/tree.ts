import type { Span } from "../../api/types.ts";

/** A span as a row of the waterfall. */
export interface Row {
  span: Span;
  /** Its place among its siblings, which makes it unique where span ids may not be. */
  key: string;
  parent: string;
  level: number;
  /** Its number among its siblings, from 1, and how many these are. */
  position: number;
  siblings: number;
  open: boolean;
}

/** The rows that are to be seen: those whose parents are all open. */
export function visibleRows(spans: Span[], closed: ReadonlySet<string>, parent = "", level = 1): Row[] {
  return spans.flatMap((span, i) => {
    const key = parent ? `${parent}.${i}` : String(i);
    const open = !closed.has(key);
    const row = { span, key, parent, level, position: i + 1, siblings: spans.length, open };
    return [row, ...(open ? visibleRows(span.spans, closed, key, level + 1) : [])];
  });
}

/** Where a key of the keyboard leads from a row, as in any tree: the row to go to, or to be opened or closed. */
export function step(rows: Row[], at: number, key: string): { to?: number; toggle?: string } | undefined {
  const row = rows[at];
  if (!row) return undefined;
  const parent = row.span.spans.length > 0;
  switch (key) {
    case "ArrowDown":
    case "j":
      return { to: Math.min(at + 1, rows.length - 1) };
    case "ArrowUp":
    case "k":
      return { to: Math.max(at - 1, 0) };
    case "Home":
      return { to: 0 };
    case "End":
      return { to: rows.length - 1 };
    case "ArrowRight":
      if (!parent) return {};
      return row.open ? { to: at + 1 } : { toggle: row.key };
    case "ArrowLeft":
      if (parent && row.open) return { toggle: row.key };
      return { to: Math.max(rows.findIndex((r) => r.key === row.parent), 0) };
  }
  return undefined;
}

/** Every request of a trace, in the order they began. */
export function requestsOf(spans: Span[]): Span[] {
  const all = spans.flatMap((s) => [...(s.kind === "request" ? [s] : []), ...requestsOf(s.spans)]);
  return all.sort((a, b) => a.offset_ms - b.offset_ms);
}
