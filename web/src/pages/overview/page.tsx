import { useSuspenseQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { sessionQuery } from "../../api/queries.ts";
import { PeriodControls } from "../../analytics/controls.tsx";
import { loading as loadingOf } from "../../analytics/queries.ts";
import { before, periodQuery, usePeriod, type Period } from "../../analytics/period.ts";
import { zoomTo, type ZoomPatch } from "../../analytics/zoom.ts";
import { Chart, TableSwitch, TimeTable, type Loading } from "../../charts/chart.tsx";
import type { Line } from "../../charts/plot.tsx";
import type { Buckets } from "../../charts/time.ts";
import { compact, count, duration } from "../../lib/format.ts";
import { fullTime } from "../../lib/time.ts";
import { Page } from "../../shell/page.tsx";
import { ErrorNotice } from "../../ui/states.tsx";
import { NoLogs } from "../logs/empty.tsx";
import { MeasureCard } from "./card.tsx";
import { useMeasures, type Measure } from "./measures.ts";
import type { OverviewSearch } from "./search.ts";
import { TopErrors, TopGroups } from "./tops.tsx";
import "../../styles/analytics.css";

const route = getRouteApi("/shell/overview");

/** What went on in a range of time, beside the range before it. */
export function OverviewPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { data: session } = useSuspenseQuery(sessionQuery);
  const { period, refresh, error } = usePeriod(search);
  const query = useMemo(() => period && periodQuery(search, period), [search, period]);
  const earlier = useMemo(() => period && periodQuery({}, before(period)), [period]);
  const { measures, graphs, buckets, loading } = useMeasures(query, earlier);
  const [asTable, setAsTable] = useState(false);
  const change = (patch: ZoomPatch) => void navigate({ search: (old) => clean({ ...old, ...patch }), resetScroll: false });
  const onZoom = (from: number, to: number) => change(zoomTo(search, from, to));
  const nothing = graphs.requests.data?.summary.total === 0 && !graphs.requests.isPlaceholderData;
  const problem = error ?? loading.error;
  return (
    <Page
      title="Overview"
      subtitle={period && <Compared period={period} />}
      actions={
        <>
          <TableSwitch on={asTable} title="Measures" onChange={setAsTable} />
          <PeriodControls search={search} onChange={change} onRefresh={refresh} />
        </>
      }
    >
      {problem ? (
        <ErrorNotice error={problem} onRetry={loading.retry} />
      ) : nothing ? (
        <NoLogs session={session} filtered={false} onClear={() => {}} onAllTime={() => change({ range: "all", from: undefined, to: undefined, unzoomed: undefined })} />
      ) : (
        <>
          <Measures measures={measures} buckets={buckets} loading={loading} search={search} asTable={asTable} onZoom={onZoom} />
          <Courses graphs={graphs} buckets={buckets} onZoom={onZoom} />
          <div className="charts thirds">
            <TopGroups by="model" title="Top models" search={search} query={query} />
            <TopGroups by="user" title="Top users" search={search} query={query} />
            <TopErrors search={search} query={query} />
          </div>
        </>
      )}
    </Page>
  );
}

const clean = (search: { [K in keyof OverviewSearch]?: string | undefined }): OverviewSearch =>
  Object.fromEntries(Object.entries(search).filter(([, value]) => value !== undefined));

function Compared({ period }: { period: Period }) {
  const earlier = before(period);
  return (
    <>
      Compared with the same length of time before: {fullTime(earlier.from.toISOString())} – {fullTime(earlier.to.toISOString())}
    </>
  );
}

interface PartProps {
  measures: Measure[];
  buckets: Buckets;
  loading: Loading;
  onZoom: (from: number, to: number) => void;
}

function Measures({ measures, buckets, loading, search, asTable, onZoom }: PartProps & { search: OverviewSearch; asTable: boolean }) {
  return (
    <section aria-label="Measures" className="measures-part" aria-busy={loading.stale || loading.pending || undefined}>
      {asTable ? (
        <div className="chart wide">
          <CourseTable measures={measures} buckets={buckets} onZoom={onZoom} />
        </div>
      ) : (
        <div className="measures">
          {measures.map((m) => (
            <MeasureCard key={m.id} measure={m} search={search} />
          ))}
        </div>
      )}
    </section>
  );
}

// The measures' courses in one table: each in its own unit.
function CourseTable({ measures, buckets, onZoom }: Omit<PartProps, "loading">) {
  const lines = measures.map((m): Line => ({ label: m.label, values: m.values, format: m.format }));
  return <TimeTable title="Measures" buckets={buckets} lines={lines} format={count} onZoom={onZoom} />;
}

function Courses({ graphs, buckets, onZoom }: Pick<PartProps, "buckets" | "onZoom"> & { graphs: ReturnType<typeof useMeasures>["graphs"] }) {
  const requests = graphs.requests.data;
  const errors = graphs.errors.data;
  const latency = graphs.latency.data;
  const outcomes = useMemo((): Line[] => {
    const failed = errors?.data_points.map((p) => p.total) ?? [];
    const succeeded = (requests?.data_points ?? []).map((p, i) => Math.max(0, p.total - (failed[i] ?? 0)));
    return [
      { label: "Succeeded", values: succeeded, whole: count((requests?.summary.total ?? 0) - (errors?.summary.total ?? 0)) },
      { label: "Failed", colour: 5, values: failed, whole: count(errors?.summary.total ?? 0) },
    ];
  }, [requests, errors]);
  const percentiles = useMemo(
    () =>
      (["p50", "p90", "p99"] as const).map((name): Line => ({ label: name, values: (latency?.data_points ?? []).map((p) => p[name] || null), whole: duration(latency?.summary[name]) })),
    [latency],
  );
  return (
    <div className="charts">
      <Chart id="outcomes" title="Requests" shape="bars" buckets={buckets} lines={outcomes} format={compact} loading={loadingOf(graphs.requests, graphs.errors)} onZoom={onZoom} />
      <Chart id="latencies" title="Latency" shape="lines" buckets={buckets} lines={percentiles} format={duration} loading={loadingOf(graphs.latency, graphs.requests)} onZoom={onZoom} />
    </div>
  );
}

