import { useQuery } from "@tanstack/react-query";
import { bucketsOf, graphQuery, loading } from "../../analytics/queries.ts";
import { changeOf, costKnown, knownCost, money, percent, pointsOf, share, type Change } from "../../analytics/figures.ts";
import type { Query } from "../../analytics/period.ts";
import { compact, count, duration, plural } from "../../lib/format.ts";

/** One figure of a period with its course. */
export interface Measure {
  id: string;
  label: string;
  /** The figure is still being asked for. */
  waiting: boolean;
  /** Where its graphs are in Analytics. */
  tab: string | undefined;
  figure: string;
  note: string;
  /** Since the period before; null when that cannot be told. */
  change: Change | null;
  /** Whether more of it is good (1), bad (-1), or neither. */
  good: -1 | 0 | 1;
  before: string;
  values: (number | null)[];
  format: (n: number) => string;
}

function useGraphs(query: Query | undefined) {
  return {
    requests: useQuery(graphQuery("requests", query)),
    known: useQuery(graphQuery("requests", costKnown(query))),
    cost: useQuery(graphQuery("cost", query)),
    latency: useQuery(graphQuery("latency", query)),
    errors: useQuery(graphQuery("errors", query)),
    tokens: useQuery(graphQuery("tokens", query)),
    users: useQuery(graphQuery("users", query)),
    cache: useQuery(graphQuery("cache/hit-rate", query)),
    rescued: useQuery(graphQuery("requests/rescued", query)),
  };
}

type Asked = ReturnType<typeof useGraphs>;
type Answers = { [K in keyof Asked]: Pick<Asked[K], "data"> };

/** The measures of a period, compared with the one before it. What is compared with is asked for last: it is needed least. */
export function useMeasures(query: Query | undefined, queryBefore: Query | undefined) {
  const now = useGraphs(query);
  const done = Object.values(now).every((r) => r.isSuccess && !r.isPlaceholderData);
  const then = useGraphs(done ? queryBefore : undefined);
  const measures = figuresOf(now, ofSameAge(now, then));
  return { measures, graphs: now, buckets: bucketsOf(now.requests.data?.data_points, query), loading: loading(...Object.values(now)) };
}

// Answers that are still those of a former question are compared with none that is not.
function ofSameAge(now: Asked, then: Asked): Answers {
  const names = Object.keys(now) as (keyof Asked)[];
  return Object.fromEntries(names.map((k) => [k, now[k].isPlaceholderData === then[k].isPlaceholderData ? then[k] : { data: undefined }])) as Answers;
}

// The figures of one period; null before they are known, and where there is none.
function totals(g: Answers) {
  const requests = g.requests.data?.summary.total ?? null;
  const known = g.known.data?.summary.total ?? null;
  const cost = g.cost.data?.summary.total ?? null;
  const errors = g.errors.data?.summary.total ?? null;
  const rescued = g.rescued.data?.summary;
  return {
    requests,
    known,
    unknown: requests !== null && known !== null ? Math.max(0, requests - known) : null,
    cost: cost === 0 && known !== requests ? null : cost,
    latency: requests ? (g.latency.data?.summary ?? null) : null,
    errors,
    errorRate: requests === null || errors === null ? null : share(errors, requests),
    tokens: g.tokens.data?.summary.total ?? null,
    users: g.users.data?.summary.total ?? null,
    hits: g.cache.data?.summary.total ?? null,
    hitRate: requests ? (g.cache.data?.summary.rate ?? null) : null,
    rescued: rescued ? rescued.retry + rescued.fallback : null,
    retry: rescued?.retry ?? 0,
    fallback: rescued?.fallback ?? 0,
  };
}

const text = (n: number | null, format: (n: number) => string, none = "–"): string => (n === null ? none : format(n));

function figuresOf(now: Answers, then: Answers): Measure[] {
  const a = totals(now);
  const b = totals(then);
  const requests = (now.requests.data?.data_points ?? []).map((p) => p.total);
  const known = (now.known.data?.data_points ?? []).map((p) => p.total);
  const measure = (id: string, label: string, tab: string | undefined, value: number | null, last: number | null, format: Measure["format"], more: Partial<Measure>): Measure => ({
    id, label, tab, waiting: false, figure: text(value, format), note: "", change: changeOf(value, last), good: 0, before: text(last, format), values: [], format, ...more,
  });
  const waiting = (...names: (keyof Answers)[]) => names.some((n) => now[n].data === undefined);
  return [
    measure("requests", "Requests", undefined, a.requests, b.requests, count, { waiting: waiting("requests"), values: requests, note: a.requests !== null && a.errors !== null ? `${count(a.requests - a.errors)} succeeded` : "" }),
    measure("cost", "Cost", undefined, a.cost, b.cost, money, {
      waiting: waiting("cost", "known", "requests"),
      figure: a.cost === null ? (a.requests ? "unknown" : "–") : knownCost(a.cost, a.unknown ?? 0),
      note: costNote(a.unknown, a.cost, a.known),
      values: (now.cost.data?.data_points ?? []).map((p, i) => (p.total > 0 || known[i] === requests[i] ? p.total : null)),
    }),
    measure("latency", "Latency, median", undefined, a.latency?.p50 ?? null, b.latency?.p50 ?? null, duration, {
      waiting: waiting("latency", "requests"),
      good: -1,
      note: a.latency ? `mean ${duration(a.latency.avg)}, p90 ${duration(a.latency.p90)}, p99 ${duration(a.latency.p99)}` : "no requests",
      values: (now.latency.data?.data_points ?? []).map((p, i) => (requests[i] ? p.p50 : null)),
    }),
    measure("errors", "Error rate", "errors", a.errorRate, b.errorRate, percent, {
      waiting: waiting("errors", "requests"),
      good: -1,
      change: pointsOf(a.errorRate, b.errorRate),
      note: a.errors === null ? "" : plural(a.errors, "failed request"),
      values: (now.errors.data?.data_points ?? []).map((p, i) => share(p.total, requests[i] ?? 0)),
    }),
    measure("tokens", "Tokens", undefined, a.tokens, b.tokens, compact, {
      waiting: waiting("tokens"),
      note: a.requests && a.tokens !== null ? `${compact(Math.round(a.tokens / a.requests))} per request` : "",
      values: (now.tokens.data?.data_points ?? []).map((p) => p.total),
    }),
    measure("users", "Users", undefined, a.users, b.users, count, {
      waiting: waiting("users"),
      note: a.users === 0 ? "no user is known" : "named in metadata, or owners of keys",
      values: (now.users.data?.data_points ?? []).map((p) => p.total),
    }),
    measure("cache", "Cache hit rate", "cache", a.hitRate, b.hitRate, percent, {
      waiting: waiting("cache", "requests"),
      good: 1,
      change: pointsOf(a.hitRate, b.hitRate),
      note: a.hits === 0 ? "no answer came from the cache" : plural(a.hits ?? 0, "hit"),
      values: (now.cache.data?.data_points ?? []).map((p, i) => (requests[i] ? p.rate : null)),
    }),
    measure("rescued", "Rescued requests", "errors", a.rescued, b.rescued, count, {
      waiting: waiting("rescued"),
      note: a.rescued === 0 ? "none needed a retry or a fallback" : `${count(a.retry)} by a retry, ${count(a.fallback)} by a fallback`,
      values: (now.rescued.data?.data_points ?? []).map((p) => p.fallback + p.retry.reduce((sum, r) => sum + r.count, 0)),
    }),
  ];
}

function costNote(unknown: number | null, cost: number | null, known: number | null): string {
  if (unknown) return `without ${plural(unknown, "request")} of unknown cost`;
  return cost !== null && known ? `${money(cost / known)} per request` : "";
}
