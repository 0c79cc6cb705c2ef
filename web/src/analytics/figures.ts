import { cost, count } from "../lib/format.ts";
import type { Query } from "./period.ts";

/** Money in cents, as analytics have it. */
export const money = (cents: number): string => cost(Math.round(cents * 1e7));

/** "96.5 %"; what is not quite all or nothing does not look like it. */
export function percent(n: number): string {
  if (n > 0 && n < 0.1) return "<0.1 %";
  if (n > 99.9 && n < 100) return ">99.9 %";
  return `${Number(n.toFixed(1))} %`;
}

/** A mean with two decimals. */
export const decimal = (n: number): string => (Number.isInteger(n) ? count(n) : n.toLocaleString("en-US", { maximumFractionDigits: 2 }));

/** A sum of costs of which some are not known: never 0 for that reason, else what it is at least. */
export function knownCost(cents: number, unknown: number): string {
  if (unknown === 0) return money(cents);
  return cents === 0 ? "unknown" : `≥ ${money(cents)}`;
}

/** The share that a is of b in percent; null if there is no b. */
export const share = (a: number, b: number): number | null => (b > 0 ? (100 * a) / b : null);

/** The query for those requests of a query whose cost is known; undefined when it has no others. */
export const costKnown = (query: Query | undefined): Query | undefined =>
  query && query["cost_min"] === undefined && query["cost_max"] === undefined ? { ...query, cost_min: "0" } : query;

export interface Change {
  text: string;
  /** Whether it rose (1), fell (-1) or neither. */
  direction: -1 | 0 | 1;
}

/** How a figure changed since the period before; null when one of them is not known. */
export function changeOf(now: number | null, then: number | null): Change | null {
  if (now === null || then === null) return null;
  if (then === 0) return now === 0 ? { text: "as before", direction: 0 } : { text: "none before", direction: 1 };
  const part = (now - then) / then;
  return change(part, Math.abs(part) >= 10 ? `${decimal(Number((now / then).toFixed(1)))}×` : percent(Math.abs(part) * 100));
}

/** How a share changed, in percentage points. */
export function pointsOf(now: number | null, then: number | null): Change | null {
  if (now === null || then === null) return null;
  const points = now - then;
  return change(points / 100, `${Math.abs(points).toFixed(1)} points`);
}

function change(part: number, text: string): Change {
  return Math.abs(part) < 0.0005 ? { text: "as before", direction: 0 } : { text, direction: part > 0 ? 1 : -1 };
}
