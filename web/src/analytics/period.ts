import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useState } from "react";
import { defaultRange, ranges, toQuery, type LogFilters } from "../pages/logs/filters.ts";
import { firstRequestQuery } from "./queries.ts";

/** A span of time whose figures are asked for; the end is exclusive. */
export interface Period {
  from: Date;
  to: Date;
}

/** The period that filters mean at a time; undefined when it depends on when the first request was, and that is not known. */
export function periodOf(f: LogFilters, now: Date, first: Date | undefined): Period | undefined {
  const to = f.to === undefined ? now : new Date(f.to);
  if (f.from !== undefined) return proper(new Date(f.from), to);
  const ms = f.to === undefined ? (ranges[f.range ?? defaultRange]?.ms ?? 0) : 0;
  if (ms > 0) return proper(new Date(to.getTime() - ms), to);
  return first && proper(first, to);
}

// A range that is the wrong way round has no figures; one of a second has few.
const proper = (from: Date, to: Date): Period => ({ from, to: new Date(Math.max(to.getTime(), from.getTime() + 1000)) });

/** The period of the same length right before. */
export const before = ({ from, to }: Period): Period => ({ from: new Date(2 * from.getTime() - to.getTime()), to: from });

/** The reader's zone, by whose days graphs are divided; undefined when the browser does not tell. */
export const timeZone: string | undefined = Intl.DateTimeFormat().resolvedOptions().timeZone || undefined;

/** The parameters of a request for the figures of a period. */
export function periodQuery(f: LogFilters, { from, to }: Period): Query {
  const { time_of_generation_min: _, time_of_generation_max: __, ...restrictions } = toQuery(f, to);
  return { ...restrictions, time_of_generation_min: from.toISOString(), time_of_generation_max: to.toISOString(), ...(timeZone ? { time_zone: timeZone } : {}) };
}

export type Query = Record<string, string>;

const minute = 60_000;

/** The period that is looked at. One that ends now moves on: a short one every minute, a long one more slowly. */
export function usePeriod(f: LogFilters) {
  const [now, setNow] = useState(() => new Date());
  const { range, from, to } = f;
  const first = useQuery({ ...firstRequestQuery, enabled: from === undefined && (to !== undefined || range === "all") });
  const at = first.data === undefined ? undefined : (first.data ?? now);
  const period = useMemo(() => periodOf({ ...(range ? { range } : {}), ...(from ? { from } : {}), ...(to ? { to } : {}) }, now, at), [range, from, to, now, at]);
  const length = period ? period.to.getTime() - period.from.getTime() : 0;
  const client = useQueryClient();
  const move = useCallback(() => setNow(new Date()), []);
  const refresh = useCallback(() => {
    if (to === undefined) move();
    else void client.invalidateQueries({ queryKey: ["analytics"] });
  }, [client, move, to]);
  useEffect(() => {
    if (to !== undefined) return;
    const timer = setInterval(move, Math.max(minute, Math.min(length / 500, 15 * minute)));
    return () => clearInterval(timer);
  }, [to, length, move]);
  return { period, refresh, error: first.error };
}
