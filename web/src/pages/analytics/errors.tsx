import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { errorName } from "../../analytics/dimensions.ts";
import { percent } from "../../analytics/figures.ts";
import { bucketsOf, graphQuery, loading } from "../../analytics/queries.ts";
import { Chart } from "../../charts/chart.tsx";
import { Bars } from "../../charts/bars.tsx";
import type { Line } from "../../charts/plot.tsx";
import { compact, count, plural } from "../../lib/format.ts";
import { failedStates } from "../logs/filters.ts";
import type { PartProps } from "./page.tsx";

const most = 6;

/** Failures over time, by status, and the requests that were rescued. */
export function ErrorGraphs({ query, search, onZoom }: PartProps) {
  const requests = useQuery(graphQuery("requests", query));
  const errors = useQuery(graphQuery("errors", query));
  const stacks = useQuery(graphQuery("errors/stacks", query));
  const rate = useQuery(graphQuery("errors/rate", query));
  const codes = useQuery(graphQuery("errors/status-codes", query));
  const rescued = useQuery(graphQuery("requests/rescued", query));
  const points = requests.data?.data_points;
  const buckets = useMemo(() => bucketsOf(points, query), [points, query]);
  const byStatus = useMemo(() => {
    const top = (codes.data?.data_points ?? []).slice(0, most);
    const shown = top.map((c) => c.status_code);
    const sum = (is: (code: number) => boolean) => (stacks.data?.data_points ?? []).map((p) => p.stats.reduce((n, s) => n + (is(s.response_status_code) ? s.count : 0), 0));
    const lines = top.map((c): Line => ({ label: errorName(c.status_code), values: sum((code) => code === c.status_code), whole: count(c.count) }));
    const rest = (codes.data?.data_points ?? []).slice(most).reduce((n, c) => n + c.count, 0);
    return rest > 0 ? [...lines, { label: "others", colour: 7 as const, values: sum((code) => !shown.includes(code)), whole: count(rest) }] : lines;
  }, [codes.data, stacks.data]);
  const rates = useMemo((): Line[] => [{ label: "Error rate", colour: 5, values: (rate.data?.data_points ?? []).map((p, i) => (points?.[i]?.total ? p.rate : null)), whole: percent(rate.data?.summary.rate ?? 0) }], [rate.data, points]);
  const rescues = useMemo((): Line[] => {
    const data = rescued.data?.data_points ?? [];
    const tries = (least: number, label: string, most: number) => ({ label, values: data.map((p) => p.retry.reduce((n, r) => n + (r.retry_success_count >= least && r.retry_success_count <= most ? r.count : 0), 0)) });
    const lines = [tries(1, "after 1 retry", 1), tries(2, "after 2 retries", 2), tries(3, "after 3 or more", Infinity), { label: "by a fallback", values: data.map((p) => p.fallback) }];
    return lines.map((l) => ({ ...l, whole: count(l.values.reduce((a, b) => a + b, 0)) }));
  }, [rescued.data]);
  const common = { buckets, onZoom };
  return (
    <div className="charts">
      <Chart id="errors" title="Errors" note={errors.data && `${plural(errors.data.summary.total, "request")} failed`} nothing="No request failed." shape="bars" format={compact} lines={byStatus} loading={loading(errors, stacks, codes, requests)} {...common} />
      <Chart id="error-rate" title="Error rate" nothing="No request failed." shape="lines" format={percent} lines={rates} loading={loading(rate, requests)} {...common} />
      <Bars
        id="status-codes"
        title="Status of failed requests"
        of="Status"
        columns={["Requests"]}
        nothing="No request failed."
        loading={loading(codes)}
        rows={(codes.data?.data_points ?? []).map((c) => ({ key: String(c.status_code), name: errorName(c.status_code), size: c.count, figures: [count(c.count)], to: { ...search, code: String(c.status_code), status: failedStates } }))}
      />
      <Chart
        id="rescued"
        title="Rescued requests"
        note={rescued.data && `${count(rescued.data.summary.retry)} by retries, ${count(rescued.data.summary.fallback)} by fallbacks`}
        nothing="No request needed a retry or a fallback to succeed."
        shape="bars"
        format={compact}
        lines={rescues}
        loading={loading(rescued, requests)}
        {...common}
      />
    </div>
  );
}
