import { ChartLine, Table2, type LucideIcon } from "lucide-react";
import { useState, type ReactNode } from "react";
import { IconButton } from "../ui/button.tsx";
import { ErrorNotice } from "../ui/states.tsx";
import { colourOf, figure, Plot, type Line, type PlotProps } from "./plot.tsx";
import { bucketTime, type Buckets } from "./time.ts";

/** How far the answers are that a chart is made of. */
export interface Loading {
  pending: boolean;
  /** What is shown is that of a former question. */
  stale: boolean;
  error: unknown;
  retry: () => void;
}

interface ChartProps extends Omit<PlotProps, "label" | "onAt"> {
  id: string;
  title: string;
  /** Says what is counted, where the title does not. */
  note?: ReactNode;
  loading: Loading;
  /** What is said when there is nothing to draw. */
  nothing?: string;
  /** Values of 0 are worth drawing. */
  zeroes?: boolean;
  wide?: boolean;
}

/** A titled graph over time with its legend, which may be read as a table. */
export function Chart({ id, title, note, loading, nothing = "Nothing in this range.", zeroes = false, wide, ...plot }: ChartProps) {
  const { buckets, lines, format, onZoom } = plot;
  const [at, setAt] = useState<number | null>(null);
  const empty = lines.every((l) => l.values.every((v) => v === null || (v === 0 && !zeroes)));
  return (
    <Card id={id} title={title} note={note} loading={loading} wide={wide} empty={empty} nothing={nothing} table={<TimeTable title={title} buckets={buckets} lines={lines} format={format} onZoom={onZoom} />}>
      <Legend buckets={buckets} lines={lines} format={format} at={at} />
      <Plot label={`${title} over time`} {...plot} onAt={setAt} />
    </Card>
  );
}

interface CardProps {
  id: string;
  title: string;
  note?: ReactNode;
  loading: Loading;
  empty: boolean;
  nothing: string;
  wide?: boolean | undefined;
  /** The same figures as a table. */
  table: ReactNode;
  children: ReactNode;
}

function Card({ id, title, note, loading, empty, nothing, wide, table, children }: CardProps) {
  const [asTable, setAsTable] = useState(false);
  const shown = !loading.pending && !loading.error && !empty;
  return (
    <section className={wide ? "chart wide" : "chart"} id={id} aria-labelledby={`${id}-title`} aria-busy={loading.stale || loading.pending || undefined}>
      <header>
        <h2 id={`${id}-title`}>{title}</h2>
        {note && <span className="muted truncate">{note}</span>}
        {shown && <TableSwitch on={asTable} title={title} onChange={setAsTable} />}
      </header>
      {loading.error ? (
        <ErrorNotice error={loading.error} onRetry={loading.retry} />
      ) : loading.pending ? (
        <div className="chart-wait" role="status" aria-label={`Loading ${title}`}>
          <span className="skeleton" />
        </div>
      ) : empty ? (
        <p className="chart-none muted">{nothing}</p>
      ) : asTable ? (
        table
      ) : (
        children
      )}
    </section>
  );
}

/** Chooses between the drawing and the table of a chart. */
export function TableSwitch({ on, title, onChange }: { on: boolean; title: string; onChange: (on: boolean) => void }) {
  const icon: LucideIcon = on ? ChartLine : Table2;
  return <IconButton small icon={icon} label={on ? `${title} as graph` : `${title} as table`} onClick={() => onChange(!on)} />;
}

function Legend({ buckets, lines, format, at }: { buckets: Buckets; lines: Line[]; format: PlotProps["format"]; at: number | null }) {
  return (
    <div className="legend" aria-hidden>
      {lines.map((line, i) => (
        <span key={line.label} className="legend-item">
          {lines.length > 1 && <i className={`swatch colour-${colourOf(line, i)}`} />}
          <span className="truncate">{line.label}</span>
          <strong className="num">{at === null ? line.whole : figure(line.values[at], line.format ?? format)}</strong>
        </span>
      ))}
      {at !== null && at < buckets.starts.length && <span className="muted num legend-time">{bucketTime(buckets, at)}</span>}
    </div>
  );
}

/** The figures of a graph, a row for each bucket, whose time zooms to it. */
export function TimeTable({ title, buckets, lines, format, onZoom }: { title: string; onZoom: PlotProps["onZoom"]; buckets: Buckets; lines: Line[]; format: PlotProps["format"] }) {
  return (
    <div className="chart-table" tabIndex={0} role="region" aria-label={`${title}, table`}>
      <table className="table">
        <caption className="sr-only">{title} over time</caption>
        <thead>
          <tr>
            <th scope="col">Time</th>
            {lines.map((line) => (
              <th scope="col" className="end" key={line.label}>
                {line.label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {buckets.starts.map((start, i) => (
            <tr key={start}>
              <th scope="row">
                <button type="button" className="link num" title="Zoom to this time" onClick={() => onZoom(start, buckets.starts[i + 1] ?? buckets.end)}>
                  {bucketTime(buckets, i)}
                </button>
              </th>
              {lines.map((line) => (
                <td key={line.label} className="end num">
                  {figure(line.values[i], line.format ?? format)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
