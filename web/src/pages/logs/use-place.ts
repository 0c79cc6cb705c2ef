import { useCallback, useLayoutEffect, useRef, useState, type RefObject } from "react";
import type { LogRow } from "../../api/types.ts";

interface Place {
  /** Goes on the element that scrolls. */
  box: RefObject<HTMLDivElement | null>;
  /** How many rows came in above while the reader was further down. */
  unseen: number;
  toTop: () => void;
}

/**
 * Keeps the rows that are in view where they are while others come in above them.
 * Browsers' own scroll anchoring is off for the list: not all have it.
 */
export function usePlace(rows: LogRow[]): Place {
  const box = useRef<HTMLDivElement>(null);
  const anchor = useRef<{ id: string; top: number } | null>(null);
  // The newest row when the reader was last at the top; null while there.
  const [left, setLeft] = useState<string | null>(null);
  const newest = rows[0]?.id ?? null;
  const filled = rows.length > 0;

  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    const onScroll = () => {
      anchor.current = anchorOf(element);
      setLeft((was) => (element.scrollTop === 0 ? null : (was ?? newest)));
    };
    element.addEventListener("scroll", onScroll, { passive: true });
    return () => element.removeEventListener("scroll", onScroll);
  }, [filled, newest]);

  useLayoutEffect(() => {
    const element = box.current;
    if (!element || element.scrollTop === 0 || !anchor.current) return;
    const row = element.querySelector(`#${CSS.escape(anchor.current.id)}`);
    if (row) element.scrollTop += topIn(element, row) - anchor.current.top;
    anchor.current = anchorOf(element);
  }, [rows]);

  const toTop = useCallback(() => box.current?.scrollTo({ top: 0 }), []);
  return { box, unseen: left === null ? 0 : Math.max(0, rows.findIndex((row) => row.id === left)), toTop };
}

const topIn = (box: Element, row: Element): number => row.getBoundingClientRect().top - box.getBoundingClientRect().top;

// The first row below the head that can be seen, and where it is.
function anchorOf(box: Element): { id: string; top: number } | null {
  for (const row of box.querySelectorAll("tbody tr[id]")) {
    const top = topIn(box, row);
    if (top >= 0) return { id: row.id, top };
  }
  return null;
}
