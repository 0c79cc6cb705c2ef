import { useQueries, useQuery, type UseQueryResult } from "@tanstack/react-query";
import { useMemo } from "react";
import { within, type Dimension } from "../../analytics/dimensions.ts";
import type { Query } from "../../analytics/period.ts";
import { bucketsOf, graphQuery, groupsQuery, loading } from "../../analytics/queries.ts";
import { Chart } from "../../charts/chart.tsx";
import type { Line } from "../../charts/plot.tsx";
import { toQuery } from "../logs/filters.ts";
import { wholeColumns, type GroupMeasure } from "./group-measures.ts";
import type { AnalyticsSearch } from "./search.ts";

// Each is a request of its own, and more colours could not be told apart.
const most = 6;

interface GroupChartProps {
  dimension: Dimension;
  measure: GroupMeasure;
  search: AnalyticsSearch;
  query: Query;
  nameOf: (key: string) => string;
  onZoom: (from: number, to: number) => void;
}

/** The largest groups over time, and the rest where a rest has a meaning. */
export function GroupChart({ dimension, measure, search, query, nameOf, onZoom }: GroupChartProps) {
  const columns = [...new Set([...wholeColumns[measure.id]!, measure.largest])];
  const top = useQuery(groupsQuery(dimension.path, query, columns, { page_size: String(most), order_by: measure.largest }));
  const shown = useMemo(() => (top.data?.data ?? []).flatMap((group) => {
    const filters = dimension.filter === null ? null : within(search, dimension, dimension.key(group));
    return filters ? [{ group, key: dimension.key(group), query: narrowed(query, toQuery(filters, new Date())) }] : [];
  }), [top.data, dimension, search, query]);
  const graphs = useQueries({ queries: shown.map((s) => graphQuery(measure.graph, s.query)), combine });
  const all = useQuery(graphQuery(measure.graph, query));
  const points = all.data?.data_points;
  const buckets = useMemo(() => bucketsOf(points, query), [points, query]);
  const { answers } = graphs;
  const lines = useMemo((): Line[] => {
    const groups = shown.map((s, i): Line => ({ label: nameOf(s.key), values: (answers[i]?.data_points ?? []).map(measure.value), whole: measure.whole(s.group) }));
    if (!measure.adds) return groups;
    const values = (points ?? []).map((p, i) => groups.reduce((rest, g) => rest - (g.values[i] ?? 0), measure.value(p) ?? 0));
    // What is left of sums of fractions is not always nothing.
    const rest = values.map((v) => (v > 1e-6 ? v : 0));
    const left = rest.reduce((a, b) => a + b, 0);
    return left > 0 ? [...groups, { label: "others, or none", colour: 7, values: rest, whole: measure.format(left) }] : groups;
  }, [shown, points, measure, nameOf, answers]);
  return (
    <Chart
      id="groups"
      title={`${measure.label} by ${dimension.label}`}
      note={(top.data?.total ?? 0) > most ? `the ${most} largest of ${top.data?.total}` : ""}
      wide
      shape={measure.adds ? "bars" : "lines"}
      buckets={buckets}
      lines={lines}
      format={measure.format}
      loading={loading(top, all, ...graphs.results)}
      onZoom={onZoom}
    />
  );
}

// The answers stay the same object while they are the same.
const combine = <T,>(results: UseQueryResult<T, unknown>[]) => ({ answers: results.map((r) => r.data), results });

// The query of a group: all filters anew, in the same time.
function narrowed(query: Query, filters: Query): Query {
  const { time_of_generation_min = "", time_of_generation_max = "", time_zone, interval } = query;
  return { ...filters, time_of_generation_min, time_of_generation_max, ...(time_zone && { time_zone }), ...(interval && { interval }) };
}
