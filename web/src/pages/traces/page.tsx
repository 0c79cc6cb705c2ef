import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { ChartNoAxesGantt } from "lucide-react";
import { useCallback, useRef } from "react";
import { fetchTraces } from "../../api/queries.ts";
import type { TraceRow } from "../../api/types.ts";
import { compact, cost, count, duration } from "../../lib/format.ts";
import { clock, fullTime } from "../../lib/time.ts";
import { useTitle } from "../../shell/page.tsx";
import { useShortcuts } from "../../shell/shortcuts.ts";
import { Button } from "../../ui/button.tsx";
import { Empty, ErrorNotice, SkeletonRows } from "../../ui/states.tsx";
import { FilterBar } from "../logs/filter-bar.tsx";
import { noRestrictions, pickFilters, restrictionCount, toQuery, type LogSearch, type Patch } from "../logs/filters.ts";
import { RangePicker } from "../logs/range-picker.tsx";
import { useNow } from "../logs/use-time.ts";

const route = getRouteApi("/shell/traces");
const pageSize = 50;

/** The traces that have a request which passes the filters. */
export function TracesPage() {
  useTitle("Traces");
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const searchBox = useRef<HTMLInputElement>(null);
  const now = useNow(false);
  const change = useCallback(
    (patch: Patch) => void navigate({ search: (old) => ({ ...old, ...patch }) as LogSearch, replace: true, resetScroll: false }),
    [navigate],
  );
  useShortcuts({ "/": () => searchBox.current?.focus() });
  const pages = useInfiniteQuery({
    queryKey: ["traces", pickFilters(search)],
    queryFn: ({ pageParam, signal }) => fetchTraces({ ...toQuery(search, new Date()), page_size: pageSize, after: pageParam }, signal),
    initialPageParam: "",
    getNextPageParam: (last) => last.next || undefined,
    placeholderData: (previous) => previous,
  });
  // A trace that got a new request while one reads on may be on two pages.
  const rows = [...new Map((pages.data?.pages ?? []).flatMap((p) => p.data).map((t) => [t.trace_id, t])).values()];
  const empty = pages.isSuccess && rows.length === 0;
  return (
    <section className="logs-list traces" aria-label="Trace list">
      <header className="logs-head">
        <h1>Traces</h1>
        <div className="actions">
          <RangePicker filters={search} onChange={change} />
        </div>
      </header>
      <FilterBar noun="traces" filters={search} searchBox={searchBox} onChange={change} />
      {pages.isError && <ErrorNotice error={pages.error} onRetry={() => void pages.refetch()} />}
      {empty ? (
        <NoTraces filtered={restrictionCount(search) > 0} onClear={() => change(noRestrictions)} onAllTime={() => change({ range: "all", from: undefined, to: undefined })} />
      ) : (
        <div className="logs-scroll" aria-busy={pages.isPlaceholderData || undefined}>
          <table className="table logs-table traces-table">
            <caption className="sr-only">Traces, those with the newest requests first</caption>
            <thead>
              <tr>
                <th scope="col" className="c-time">Started</th>
                <th scope="col">Trace</th>
                <th scope="col" className="c-models">Models</th>
                <th scope="col" className="c-user">User</th>
                <th scope="col" className="end c-requests">Requests</th>
                <th scope="col" className="end c-tokens">Tokens</th>
                <th scope="col" className="end c-cost">Cost</th>
                <th scope="col" className="end c-latency">Duration</th>
                <th scope="col" className="end c-feedback">Feedback</th>
              </tr>
            </thead>
            <tbody>
              {pages.isPending && <SkeletonRows rows={12} columns={9} />}
              {rows.map((t) => (
                <Row key={t.trace_id} row={t} now={now} onOpen={() => void navigate({ to: "/traces/$id", params: { id: t.trace_id } })} />
              ))}
            </tbody>
          </table>
          {pages.hasNextPage && (
            <div className="more">
              <Button busy={pages.isFetchingNextPage} onClick={() => void pages.fetchNextPage()}>
                Load more
              </Button>
            </div>
          )}
        </div>
      )}
    </section>
  );
}

function Row({ row, now, onOpen }: { row: TraceRow; now: Date; onOpen: () => void }) {
  return (
    <tr
      className={row.failed > 0 ? "failed" : undefined}
      onClick={(e) => {
        if (!getSelection()?.toString() && !(e.target as Element).closest("a, button")) onOpen();
      }}
    >
      <td className="num c-time" title={fullTime(row.start)}>
        {clock(row.start, now)}
      </td>
      <td>
        <Link to="/traces/$id" params={{ id: row.trace_id }} preload={false} title={row.trace_id}>
          <span className="model">
            <span className="truncate strong">{row.name || row.path}</span>
            <span className="truncate muted mono">{row.trace_id}</span>
          </span>
        </Link>
      </td>
      <td className="c-models" title={row.ai_models.join(", ")}>
        {row.ai_models[0] ?? <span className="muted">–</span>}
        {row.ai_models.length > 1 && <span className="muted"> +{row.ai_models.length - 1}</span>}
      </td>
      <td className="c-user">{row.user || <span className="muted">–</span>}</td>
      <td className="end num c-requests">
        {count(row.requests)}
        {row.failed > 0 && <span className="badge bad">{count(row.failed)} failed</span>}
      </td>
      <td className="end num c-tokens">{compact(row.total_units)}</td>
      <td className="end num c-cost">
        {row.cost_unknown === row.requests ? <span className="muted">unknown</span> : cost(row.cost_nano)}
        {row.cost_unknown > 0 && row.cost_unknown < row.requests && <abbr className="estimated" title={`The cost of ${row.cost_unknown} requests is unknown`}>+?</abbr>}
      </td>
      <td className="end num c-latency">{duration(row.duration_ms)}</td>
      <td className="end num c-feedback">
        {row.avg_weighted_feedback === null ? <span className="muted">–</span> : <span title={`${row.feedback_count} given`}>{row.avg_weighted_feedback.toFixed(1)}</span>}
      </td>
    </tr>
  );
}

function NoTraces({ filtered, onClear, onAllTime }: { filtered: boolean; onClear: () => void; onAllTime: () => void }) {
  return (
    <Empty icon={ChartNoAxesGantt} title={filtered ? "No trace matches these filters" : "No trace in this time range"}>
      <p className="muted">
        Requests with the same <code>x-portkey-trace-id</code> or <code>traceparent</code> are one trace; a request that names none is a trace of its own.
      </p>
      <div className="actions">
        {filtered && <Button onClick={onClear}>Clear the filters</Button>}
        <Button onClick={onAllTime}>Search all time</Button>
      </div>
    </Empty>
  );
}
