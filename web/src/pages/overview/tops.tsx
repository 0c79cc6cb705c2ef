import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { dimensionOf, errorName, within } from "../../analytics/dimensions.ts";
import { knownCost } from "../../analytics/figures.ts";
import type { Query } from "../../analytics/period.ts";
import { graphQuery, groupsQuery, loading, type Graphs } from "../../analytics/queries.ts";
import { Bars } from "../../charts/bars.tsx";
import { count, plural } from "../../lib/format.ts";
import { failedStates } from "../logs/filters.ts";
import type { OverviewSearch } from "./search.ts";

const most = 6;

/** The models or the users that make the most requests. */
export function TopGroups({ by, title, search, query }: { by: "model" | "user"; title: string; search: OverviewSearch; query: Query | undefined }) {
  const dimension = dimensionOf(by);
  const columns = ["requests", "cost", "unknown_costs"];
  const groups = useQuery(groupsQuery(dimension.path, query, columns, { page_size: String(most), order_by: "requests" }));
  const data = groups.data?.data ?? [];
  const rest = (groups.data?.total ?? 0) - data.length;
  return (
    <Bars
      id={`top-${by}`}
      title={title}
      of={dimension.label}
      columns={["Requests", "Cost"]}
      loading={loading(groups)}
      nothing={by === "user" ? "No request names a user: send metadata with _user." : "No request in this range."}
      rows={data.map((g) => ({
        key: dimension.key(g),
        name: dimension.key(g),
        to: within(search, dimension, dimension.key(g)),
        figures: [count(g.requests ?? 0), knownCost(g.cost ?? 0, g.unknown_costs ?? 0)],
        size: g.requests ?? 0,
      }))}
      foot={
        rest > 0 && (
          <Link to="/analytics" search={{ ...search, tab: "groups", by }}>
            {plural(rest, by)} more
          </Link>
        )
      }
    />
  );
}

/** The statuses that failed requests ended with. */
export function TopErrors({ search, query }: { search: OverviewSearch; query: Query | undefined }) {
  const codes = useQuery(graphQuery("errors/status-codes", query));
  const points: Graphs["errors/status-codes"]["data_points"] = codes.data?.data_points ?? [];
  return (
    <Bars
      id="top-errors"
      title="Top errors"
      of="Status"
      columns={["Requests"]}
      loading={loading(codes)}
      nothing="No request failed."
      rows={points.slice(0, most).map((p) => ({
        key: String(p.status_code),
        name: errorName(p.status_code),
        to: { ...search, code: String(p.status_code), status: failedStates },
        figures: [count(p.count)],
        size: p.count,
      }))}
      foot={
        points.length > 0 && (
          <Link to="/logs" search={{ ...search, status: failedStates }}>
            All failed requests
          </Link>
        )
      }
    />
  );
}
