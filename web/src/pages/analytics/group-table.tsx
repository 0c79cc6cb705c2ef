import type { UseQueryResult } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { ArrowDown, ArrowUp, ChevronLeft, ChevronRight } from "lucide-react";
import { within, type Dimension } from "../../analytics/dimensions.ts";
import { decimal, knownCost, percent } from "../../analytics/figures.ts";
import { loading, type Group, type Groups } from "../../analytics/queries.ts";
import { count, duration, plural } from "../../lib/format.ts";
import { ago, fullTime } from "../../lib/time.ts";
import { IconButton } from "../../ui/button.tsx";
import { ErrorNotice, SkeletonRows } from "../../ui/states.tsx";
import { pickFilters } from "../logs/filters.ts";
import { columns as labels, pageSize, type AnalyticsPatch, type AnalyticsSearch, type Column } from "./search.ts";

interface GroupTableProps {
  dimension: Dimension;
  columns: Column[];
  sort: { column: Column; rising: boolean };
  page: number;
  groups: UseQueryResult<Groups, unknown>;
  search: AnalyticsSearch;
  nameOf: (key: string) => string;
  onChange: (patch: AnalyticsPatch) => void;
}

/** All groups, sorted by any column; each leads to its logs. */
export function GroupTable({ dimension, columns, sort, page, groups, search, nameOf, onChange }: GroupTableProps) {
  const { pending, stale, error, retry } = loading(groups);
  if (error) return <ErrorNotice error={error} onRetry={retry} />;
  const rows = groups.data?.data ?? [];
  const total = groups.data?.total ?? 0;
  const order = (column: Column) => {
    const rising = sort.column === column && !sort.rising;
    onChange({ sort: column === "requests" && !rising ? undefined : `${rising ? "" : "-"}${column}`, page: undefined });
  };
  return (
    <>
      <div className="panel scroll group-table" tabIndex={0} role="region" aria-label="Groups, table" aria-busy={pending || stale || undefined}>
        <table className="table">
          <caption className="sr-only">Requests by {dimension.label}</caption>
          <thead>
            <tr>
              <th scope="col">{dimension.label}</th>
              {columns.map((c) => (
                <SortHead key={c} label={labels[c]} sorted={sort.column === c ? (sort.rising ? "ascending" : "descending") : "none"} onSort={() => order(c)} />
              ))}
            </tr>
          </thead>
          <tbody>
            {pending && <SkeletonRows rows={8} columns={columns.length + 1} />}
            {rows.map((group) => (
              <Row key={dimension.key(group)} group={group} dimension={dimension} columns={columns} search={search} name={nameOf(dimension.key(group))} />
            ))}
          </tbody>
        </table>
        {!pending && rows.length === 0 && <p className="chart-none muted">No request of this range has a {dimension.label.toLowerCase()}.</p>}
      </div>
      {total > 0 && <Pages page={page} total={total} onPage={(n) => onChange({ page: n === 1 ? undefined : String(n) })} />}
    </>
  );
}

function SortHead({ label, sorted, onSort }: { label: string; sorted: "ascending" | "descending" | "none"; onSort: () => void }) {
  const Arrow = sorted === "ascending" ? ArrowUp : ArrowDown;
  return (
    <th scope="col" className="end" aria-sort={sorted}>
      <button type="button" className="sort" onClick={onSort}>
        {label}
        {sorted !== "none" && <Arrow size={12} aria-hidden />}
      </button>
    </th>
  );
}

function Row({ group, dimension, columns, search, name }: { group: Group; dimension: Dimension; columns: Column[]; search: AnalyticsSearch; name: string }) {
  const key = dimension.key(group);
  const filters = within(search, dimension, key);
  return (
    <tr>
      <th scope="row" className="group-key" title={name === key ? undefined : key}>
        {filters ? (
          <Link to="/logs" search={pickFilters(filters)} className="truncate" preload={false} title={`Logs of ${name}`}>
            {name}
          </Link>
        ) : (
          <span className="truncate">{name}</span>
        )}
      </th>
      {columns.map((c) => (
        <td key={c} className="end num">
          {cell(group, c)}
        </td>
      ))}
    </tr>
  );
}

function cell(group: Group, column: Column) {
  const value = group[column];
  if (value === undefined) return "–";
  if (column === "cost") return costCell(group);
  if (typeof value === "string") return <time dateTime={value} title={fullTime(value)}>{ago(value, new Date())}</time>;
  if (column.endsWith("_latency")) return duration(value);
  if (column.endsWith("_rate")) return percent(value);
  if (column.startsWith("avg_")) return decimal(value);
  return count(value);
}

// A sum that leaves requests out says so.
function costCell({ cost = 0, unknown_costs: unknown = 0 }: Group) {
  const text = knownCost(cost, unknown);
  return unknown === 0 ? text : <span title={`${plural(unknown, "request")} of unknown cost`}>{text}</span>;
}

function Pages({ page, total, onPage }: { page: number; total: number; onPage: (page: number) => void }) {
  const last = Math.max(1, Math.ceil(total / pageSize));
  return (
    <nav className="pages" aria-label="Pages of groups">
      <span className="muted num" role="status">
        {page > last ? "No more" : `${count((page - 1) * pageSize + 1)}–${count(Math.min(page * pageSize, total))}`} of {plural(total, "group")}
      </span>
      <IconButton icon={ChevronLeft} label="Page before" small disabled={page <= 1} onClick={() => onPage(Math.min(page, last + 1) - 1)} />
      <IconButton icon={ChevronRight} label="Next page" small disabled={page >= last} onClick={() => onPage(page + 1)} />
    </nav>
  );
}
