import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { money, percent } from "../../analytics/figures.ts";
import { bucketsOf, cacheSummaryQuery, graphQuery, loading } from "../../analytics/queries.ts";
import { Chart } from "../../charts/chart.tsx";
import type { Line } from "../../charts/plot.tsx";
import { compact, count, duration, plural } from "../../lib/format.ts";
import { ErrorNotice } from "../../ui/states.tsx";
import type { PartProps } from "./page.tsx";

const noHits = "No answer came from the cache.";

/** Hits of the cache, how fast they were and what they saved. */
export function CacheGraphs({ query, onZoom }: PartProps) {
  const requests = useQuery(graphQuery("requests", query));
  const hits = useQuery(graphQuery("cache/hit-rate", query));
  const latency = useQuery(graphQuery("cache/latency", query));
  const summary = useQuery(cacheSummaryQuery(query));
  const points = requests.data?.data_points;
  const buckets = useMemo(() => bucketsOf(points, query), [points, query]);
  const data = hits.data?.data_points;
  const total = hits.data?.summary.total ?? 0;
  const lines = useMemo(() => {
    const of = (pick: (p: NonNullable<typeof data>[number], i: number) => number | null) => (data ?? []).map(pick);
    const last = data?.at(-1);
    const sum = (values: (number | null)[]) => count(values.reduce<number>((n, v) => n + (v ?? 0), 0));
    const [simple, semantic] = [of((p) => p.simple_hits), of((p) => p.semantic_hits)];
    return {
      hits: [
        { label: "Simple", values: simple, whole: sum(simple) },
        { label: "Semantic", values: semantic, whole: sum(semantic) },
      ],
      rate: [{ label: "Hit rate", values: of((p, i) => (points?.[i]?.total ? p.rate : null)), whole: percent(hits.data?.summary.rate ?? 0) }],
      latency: [{ label: "Hits, mean", values: (latency.data?.data_points ?? []).map((p) => p.avg || null), whole: duration(summary.data?.summary.avg_latency) }],
      savings: [
        { label: "Simple", values: of((p) => p.cumulative_simple_cache_savings), whole: money(last?.cumulative_simple_cache_savings ?? 0) },
        { label: "Semantic", values: of((p) => p.cumulative_semantic_cache_savings), whole: money(last?.cumulative_semantic_cache_savings ?? 0) },
      ],
    } satisfies Record<string, Line[]>;
  }, [data, points, hits.data, latency.data, summary.data]);
  const common = { buckets, onZoom, nothing: noHits };
  const s = summary.data?.summary;
  return (
    <>
      {summary.error && <ErrorNotice error={summary.error} onRetry={() => void summary.refetch()} />}
      {s && s.hits > 0 && (
        <dl className="facts-row" aria-label="Cache">
          <Fact name="Hits" value={`${count(s.hits)} of ${plural(s.total_requests, "request")}`} />
          <Fact name="Mean latency of hits" value={duration(s.avg_latency)} />
          <Fact name="Faster than all others by" value={percent(s.cache_speedup)} />
        </dl>
      )}
      <div className="charts">
        <Chart id="cache" title="Cache hits" note={total > 0 ? plural(total, "hit") : ""} shape="bars" format={compact} lines={lines.hits} loading={loading(hits, requests)} {...common} />
        <Chart id="hit-rate" title="Hit rate" note="of all requests" shape="lines" format={percent} lines={lines.rate} loading={loading(hits, requests)} {...common} />
        <Chart id="hit-latency" title="Latency of hits" shape="lines" format={duration} lines={lines.latency} loading={loading(latency, summary, requests)} {...common} />
        <Chart
          id="savings"
          title="Savings"
          note="since the beginning of the range"
          shape="bars"
          format={money}
          lines={lines.savings}
          loading={loading(hits, requests)}
          {...common}
          nothing={total > 0 ? "What the hits would have cost is unknown." : noHits}
        />
      </div>
    </>
  );
}

function Fact({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd className="num">{value}</dd>
    </div>
  );
}
