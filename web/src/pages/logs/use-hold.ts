import { useState, type PointerEvent } from "react";
import type { LogRow } from "../../api/types.ts";

interface Hold {
  /** The rows to show: while the pointer is over them, none comes in above. */
  shown: LogRow[];
  /** How many wait above. */
  waiting: number;
  release: () => void;
  /** Go on the element that holds the rows. */
  handlers: { onPointerEnter: (e: PointerEvent) => void; onPointerLeave: () => void };
}

/** Holds new rows back while the pointer is over the list: what one is about to press must not move away. */
export function useHold(rows: LogRow[]): Hold {
  const [held, setHeld] = useState<string>();
  const at = held === undefined ? -1 : rows.findIndex((row) => row.id === held);
  const waiting = Math.max(at, 0);
  const newest = rows[0]?.id;
  return {
    shown: waiting > 0 ? rows.slice(waiting) : rows,
    waiting,
    release: () => setHeld(newest),
    handlers: {
      onPointerEnter: (e) => e.pointerType === "mouse" && setHeld(newest),
      onPointerLeave: () => setHeld(undefined),
    },
  };
}
