import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { pickFilters, type LogFilters } from "../pages/logs/filters.ts";
import { ErrorNotice, SkeletonRows } from "../ui/states.tsx";
import type { Loading } from "./chart.tsx";

export interface Bar {
  key: string;
  name: string;
  /** How long its bar is, beside those of the others. */
  size: number;
  figures: string[];
  /** The logs behind it; null when no filter selects them. */
  to: LogFilters | null;
}

interface BarsProps {
  id: string;
  title: string;
  /** What the rows are. */
  of: string;
  columns: string[];
  rows: Bar[];
  loading: Loading;
  nothing: string;
  foot?: ReactNode;
}

/** Figures that have no time: a table whose rows are bars, each of which leads to its logs. */
export function Bars({ id, title, of, columns, rows, loading, nothing, foot }: BarsProps) {
  const longest = Math.max(...rows.map((r) => r.size), 1);
  return (
    <section className="chart bars" id={id} aria-labelledby={`${id}-title`} aria-busy={loading.stale || loading.pending || undefined}>
      <header>
        <h2 id={`${id}-title`}>{title}</h2>
      </header>
      {loading.error ? (
        <ErrorNotice error={loading.error} onRetry={loading.retry} />
      ) : !loading.pending && rows.length === 0 ? (
        <p className="chart-none muted">{nothing}</p>
      ) : (
        <div className="chart-table" tabIndex={0} role="region" aria-label={`${title}, table`}>
          <table className="table">
            <thead>
              <tr>
                <th scope="col">{of}</th>
                {columns.map((c) => (
                  <th key={c} scope="col" className="end">
                    {c}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {loading.pending && <SkeletonRows rows={5} columns={columns.length + 1} />}
              {rows.map((row) => (
                <tr key={row.key}>
                  <th scope="row">
                    <i className="share" style={{ width: `${(100 * row.size) / longest}%` }} aria-hidden />
                    {row.to ? (
                      <Link to="/logs" search={pickFilters(row.to)} className="truncate" title={`Logs of ${row.name}`} preload={false}>
                        {row.name}
                      </Link>
                    ) : (
                      <span className="truncate">{row.name}</span>
                    )}
                  </th>
                  {row.figures.map((f, i) => (
                    <td key={columns[i]} className="end num">
                      {f}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {foot && <footer>{foot}</footer>}
    </section>
  );
}
