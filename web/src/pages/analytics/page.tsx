import { useQuery, useSuspenseQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useCallback, useEffect, useMemo, useRef } from "react";
import { sessionQuery } from "../../api/queries.ts";
import { PeriodControls } from "../../analytics/controls.tsx";
import { periodQuery, usePeriod, type Query } from "../../analytics/period.ts";
import { graphQuery, someLogsQuery } from "../../analytics/queries.ts";
import { zoomTo } from "../../analytics/zoom.ts";
import { useTitle } from "../../shell/page.tsx";
import { useShortcuts } from "../../shell/shortcuts.ts";
import { ErrorNotice } from "../../ui/states.tsx";
import { Tabs } from "../../ui/tabs.tsx";
import { NoLogs } from "../logs/empty.tsx";
import { FilterBar } from "../logs/filter-bar.tsx";
import { noRestrictions, pickFilters, restrictionCount } from "../logs/filters.ts";
import { CacheGraphs } from "./cache.tsx";
import { ErrorGraphs } from "./errors.tsx";
import { FeedbackGraphs } from "./feedback.tsx";
import { GroupsTab } from "./groups.tsx";
import { intervals, type AnalyticsPatch, type AnalyticsSearch } from "./search.ts";
import { UsageGraphs } from "./usage.tsx";
import "../../styles/analytics.css";

const route = getRouteApi("/shell/analytics");

/** What every part of the page is given. */
export interface PartProps {
  search: AnalyticsSearch;
  query: Query;
  onZoom: (from: number, to: number) => void;
  onChange: (patch: AnalyticsPatch, replace?: boolean) => void;
}

/** Every graph of the log, with the log's filters, and its groups. */
export function AnalyticsPage() {
  useTitle("Analytics");
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { data: session } = useSuspenseQuery(sessionQuery);
  const { period, refresh, error } = usePeriod(search);
  const query = useMemo(() => period && { ...periodQuery(search, period), ...(search.interval && { interval: search.interval }) }, [search, period]);
  const plain = useMemo(() => period && periodQuery({}, period), [period]);
  const rows = useQuery(someLogsQuery(plain)).data?.data ?? [];
  const requests = useQuery(graphQuery("requests", query));
  const searchBox = useRef<HTMLInputElement>(null);
  useShortcuts({ "/": () => searchBox.current?.focus() });
  const change = useCallback(
    (patch: AnalyticsPatch, replace = false) => void navigate({ search: (old) => clean({ ...old, ...patch }), replace, resetScroll: false }),
    [navigate],
  );
  // Other filters have other pages, and a search that is being typed is one step back.
  const filter = useCallback((patch: AnalyticsPatch) => change({ ...patch, page: undefined }, true), [change]);
  const onZoom = (from: number, to: number) => change({ ...zoomTo(search, from, to), interval: undefined, page: undefined });
  const part: PartProps | undefined = query && { search, query, onZoom, onChange: change };
  const nothing = requests.data?.summary.total === 0 && !requests.isPlaceholderData;
  const problem = error ?? (requests.isError ? requests.error : null);
  return (
    <div className="page analytics">
      <header className="page-head">
        <h1>Analytics</h1>
        <div className="actions">
          <IntervalPicker value={search.interval} onChange={(interval) => change({ interval })} />
          <PeriodControls search={search} onChange={(patch) => change({ ...patch, interval: undefined, page: undefined })} onRefresh={refresh} />
        </div>
      </header>
      <FilterBar filters={pickFilters(search)} rows={rows} searchBox={searchBox} noun="analytics" onChange={filter} />
      {problem !== null ? (
        <ErrorNotice error={problem} onRetry={refresh} />
      ) : nothing ? (
        <NoLogs
          session={session}
          filtered={restrictionCount(search) > 0}
          onClear={() => change(noRestrictions)}
          onAllTime={() => change({ range: "all", from: undefined, to: undefined, interval: undefined, unzoomed: undefined })}
        />
      ) : (
        part && <Parts {...part} />
      )}
    </div>
  );
}

const clean = (search: AnalyticsPatch): AnalyticsSearch => Object.fromEntries(Object.entries(search).filter(([, value]) => value !== undefined));

function Parts(props: PartProps) {
  const { search, onChange } = props;
  useHashScroll();
  return (
    <Tabs
      label="Analytics"
      value={search.tab ?? "usage"}
      onChange={(tab) => onChange({ tab: tab === "usage" ? undefined : tab })}
      tabs={[
        { id: "usage", label: "Usage", content: () => <UsageGraphs {...props} /> },
        { id: "errors", label: "Errors", content: () => <ErrorGraphs {...props} /> },
        { id: "cache", label: "Cache", content: () => <CacheGraphs {...props} /> },
        { id: "feedback", label: "Feedback", content: () => <FeedbackGraphs {...props} /> },
        { id: "groups", label: "Groups", content: () => <GroupsTab {...props} /> },
      ]}
    />
  );
}

// A card of the overview leads to its graph, which is there once the page is.
function useHashScroll(): void {
  useEffect(() => {
    const id = location.hash.slice(1);
    if (id) document.getElementById(id)?.scrollIntoView({ block: "nearest" });
  }, []);
}

function IntervalPicker({ value, onChange }: { value: string | undefined; onChange: (interval: string | undefined) => void }) {
  return (
    <select className="input interval" aria-label="Interval" value={value ?? ""} onChange={(e) => onChange(e.target.value || undefined)}>
      <option value="">Automatic interval</option>
      {Object.entries(intervals).map(([id, label]) => (
        <option key={id} value={id}>
          {label}
        </option>
      ))}
    </select>
  );
}
