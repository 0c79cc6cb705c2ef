import { useRef, useState, type PointerEvent, type UIEvent } from "react";
import type { LogRow } from "../../api/types.ts";

interface Hold {
  /** The rows to show: while the pointer is over the top of the list, none comes in above. */
  shown: LogRow[];
  /** How many wait above. */
  waiting: number;
  release: () => void;
  /** Go on the element that scrolls the rows. */
  handlers: { onPointerEnter: (e: PointerEvent) => void; onPointerLeave: () => void; onScroll: (e: UIEvent) => void };
}

/**
 * Holds new rows back while the pointer is over the top of the list: what one is
 * about to press must not move away. Further down rows keep their place anyway.
 */
export function useHold(rows: LogRow[]): Hold {
  const [held, setHeld] = useState<string>();
  const over = useRef(false);
  const waiting = held === undefined ? 0 : Math.max(rows.findIndex((row) => row.id === held), 0);
  const newest = rows[0]?.id;
  const hold = (top: number) => setHeld((was) => (over.current && top === 0 ? (was ?? newest) : undefined));
  return {
    shown: waiting > 0 ? rows.slice(waiting) : rows,
    waiting,
    release: () => setHeld(newest),
    handlers: {
      onPointerEnter: (e) => {
        over.current = e.pointerType === "mouse";
        hold(e.currentTarget.scrollTop);
      },
      onPointerLeave: () => {
        over.current = false;
        setHeld(undefined);
      },
      onScroll: (e) => hold(e.currentTarget.scrollTop),
    },
  };
}
