import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { costKnown, decimal, knownCost, money } from "../../analytics/figures.ts";
import { bucketsOf, graphQuery, loading } from "../../analytics/queries.ts";
import { Chart } from "../../charts/chart.tsx";
import type { Line } from "../../charts/plot.tsx";
import { compact, count, duration, plural } from "../../lib/format.ts";
import type { PartProps } from "./page.tsx";

/** Requests, cost, latency, tokens and users over time. */
export function UsageGraphs({ query, onZoom }: PartProps) {
  const requests = useQuery(graphQuery("requests", query));
  const known = useQuery(graphQuery("requests", costKnown(query)));
  const cost = useQuery(graphQuery("cost", query));
  const latency = useQuery(graphQuery("latency", query));
  const tokens = useQuery(graphQuery("tokens", query));
  const users = useQuery(graphQuery("users", query));
  const perUser = useQuery(graphQuery("users/requests", query));
  const points = requests.data?.data_points;
  const buckets = useMemo(() => bucketsOf(points, query), [points, query]);
  const total = requests.data?.summary.total ?? 0;
  const unknown = Math.max(0, total - (known.data?.summary.total ?? total));
  const lines = useMemo(() => {
    const some = (i: number) => (points?.[i]?.total ?? 0) > 0;
    // A cost of nothing where some are not known would be a lie.
    const allKnown = (i: number) => (known.data?.data_points[i]?.total ?? 0) >= (points?.[i]?.total ?? 0);
    return {
      requests: [{ label: "Requests", values: (points ?? []).map((p) => p.total), whole: count(total) }],
      cost: [{ label: "Cost", values: (cost.data?.data_points ?? []).map((p, i) => (p.total > 0 || allKnown(i) ? p.total : null)), whole: knownCost(cost.data?.summary.total ?? 0, unknown) }],
      latency: [
        ...(["p50", "p90", "p99"] as const).map((name): Line => ({ label: name, values: (latency.data?.data_points ?? []).map((p, i) => (some(i) ? p[name] : null)), whole: duration(latency.data?.summary[name]) })),
        { label: "mean", values: (latency.data?.data_points ?? []).map((p, i) => (some(i) ? p.avg : null)), whole: duration(latency.data?.summary.avg) },
      ],
      tokens: [{ label: "Tokens", values: (tokens.data?.data_points ?? []).map((p) => p.total), whole: count(tokens.data?.summary.total ?? 0) }],
      users: [{ label: "Users", values: (users.data?.data_points ?? []).map((p) => p.total), whole: count(users.data?.summary.total ?? 0) }],
      perUser: [{ label: "Requests per user", values: (perUser.data?.data_points ?? []).map((p) => p.avg || null), whole: decimal(perUser.data?.summary.avg ?? 0) }],
    } satisfies Record<string, Line[]>;
  }, [points, total, unknown, known.data, cost.data, latency.data, tokens.data, users.data, perUser.data]);
  const common = { buckets, onZoom };
  const each = total - unknown > 0 && cost.data ? `${money(cost.data.summary.total / (total - unknown))} per request` : "";
  return (
    <div className="charts">
      <Chart id="requests" title="Requests" shape="bars" format={compact} lines={lines.requests} loading={loading(requests)} {...common} />
      <Chart
        id="cost"
        title="Cost"
        note={unknown > 0 ? `without ${plural(unknown, "request")} of unknown cost` : each}
        nothing={unknown > 0 ? `The cost of ${plural(unknown, "request")} is unknown.` : "Nothing was charged in this range."}
        shape="bars"
        format={money}
        lines={lines.cost}
        loading={loading(cost, known, requests)}
        {...common}
      />
      <Chart id="latency" title="Latency" note="whole answer" shape="lines" format={duration} lines={lines.latency} loading={loading(latency, requests)} {...common} />
      <Chart id="tokens" title="Tokens" note={tokens.data ? `${decimal(tokens.data.summary.avg)} per request` : ""} shape="bars" format={compact} lines={lines.tokens} loading={loading(tokens, requests)} {...common} />
      <Chart id="users" title="Users" note="in each interval" nothing="No user is known in this range." shape="bars" format={compact} lines={lines.users} loading={loading(users, requests)} {...common} />
      <Chart id="users-requests" title="Requests per user" note="of known users" nothing="No user is known in this range." shape="lines" format={decimal} lines={lines.perUser} loading={loading(perUser, requests)} {...common} />
    </div>
  );
}
