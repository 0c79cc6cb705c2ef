import { Link } from "@tanstack/react-router";
import { memo } from "react";
import type { LogRow } from "../../api/types.ts";
import { compact, cost, duration } from "../../lib/format.ts";
import { ago, clock, fullTime } from "../../lib/time.ts";
import { SkeletonRows } from "../../ui/states.tsx";
import { Marks } from "./marks.tsx";
import { LogStatus } from "./status.tsx";

interface TableProps {
  rows: LogRow[];
  loading: boolean;
  /** The row that the keyboard is at. */
  cursor: string | undefined;
  relative: boolean;
  now: Date;
  /** Chosen to be compared. */
  picked: string[];
  onPick: (id: string) => void;
  onOpen: (id: string) => void;
}

export function LogTable({ rows, loading, cursor, relative, now, picked, onPick, onOpen }: TableProps) {
  return (
    <table className="table logs-table">
      <caption className="sr-only">Requests, newest first</caption>
      <thead>
        <tr>
          <th scope="col" className="c-pick">
            <span className="sr-only">Compare</span>
          </th>
          <th scope="col" className="c-time">Time</th>
          <th scope="col" className="c-status">Status</th>
          <th scope="col" className="c-marks">
            <span className="sr-only">What happened on the way</span>
          </th>
          <th scope="col">Model</th>
          <th scope="col" className="c-path">Path</th>
          <th scope="col" className="c-user">User</th>
          <th scope="col" className="end c-tokens">
            Tokens<span className="sr-only"> in / out</span>
          </th>
          <th scope="col" className="end c-cost">Cost</th>
          <th scope="col" className="end c-latency">Latency</th>
          <th scope="col" className="end c-ttft">First token</th>
          <th scope="col" className="c-trace">Trace</th>
        </tr>
      </thead>
      <tbody>
        {loading && <SkeletonRows rows={14} columns={12} />}
        {rows.map((row) => (
          <Row
            key={row.id}
            row={row}
            current={row.id === cursor}
            picked={picked.includes(row.id)}
            time={relative ? ago(row.created_at, now) : clock(row.created_at, now)}
            onPick={onPick}
            onOpen={onOpen}
          />
        ))}
      </tbody>
    </table>
  );
}

interface RowProps {
  row: LogRow;
  current: boolean;
  picked: boolean;
  time: string;
  onPick: (id: string) => void;
  onOpen: (id: string) => void;
}

const Row = memo(function Row({ row, current, picked, time, onPick, onOpen }: RowProps) {
  return (
    <tr
      id={`log-${row.id}`}
      className={row.is_success ? undefined : "failed"}
      aria-current={current || undefined}
      onClick={(e) => {
        const marking = getSelection()?.toString();
        if (!marking && !(e.target as Element).closest("a, button, label")) onOpen(row.id);
      }}
    >
      <td className="c-pick">
        <label className="pick">
          <input type="checkbox" checked={picked} onChange={() => onPick(row.id)} aria-label={`Compare the log of ${time}`} />
        </label>
      </td>
      <td className="num c-time">
        <Link
          to="/logs/$id"
          params={{ id: row.id }}
          preload={false}
          title={fullTime(row.created_at)}
          onClick={(e) => {
            if (e.metaKey || e.ctrlKey || e.shiftKey) return;
            e.preventDefault();
            onOpen(row.id);
          }}
        >
          {time}
          <span className="sr-only">, open this log</span>
        </Link>
      </td>
      <td className="c-status">
        <LogStatus row={row} />
      </td>
      <td className="c-marks">
        <Marks row={row} />
      </td>
      <td className="c-model">
        <span className="model">
          <span className="truncate strong">{row.ai_model || row.request_model || "–"}</span>
          <span className="truncate muted">{row.ai_org}</span>
        </span>
      </td>
      <td className="c-path">
        <code className="truncate">{row.path}</code>
      </td>
      <td className="c-user truncate">{row.user || <span className="muted">–</span>}</td>
      <td className="end num c-tokens">
        <Tokens row={row} />
      </td>
      <td className="end num c-cost">
        <Cost row={row} />
      </td>
      <td className="end num c-latency">{duration(row.response_time)}</td>
      <td className="end num muted c-ttft">{duration(row.time_to_first_token)}</td>
      <td className="c-trace">
        <Link className="mono truncate" to="/traces/$id" params={{ id: row.trace_id }} preload={false} title={`Trace ${row.trace_id}`}>
          {row.trace_id.slice(0, 8)}
        </Link>
      </td>
    </tr>
  );
});

function Tokens({ row }: { row: LogRow }) {
  if (row.total_units === 0) return <span className="muted">–</span>;
  return (
    <>
      {compact(row.req_units)} <span className="muted">/</span> {compact(row.res_units)}
      <Estimated when={row.usage_estimated} />
    </>
  );
}

export function Cost({ row }: { row: LogRow }) {
  if (row.cost_nano === null) return <span className="muted">unknown</span>;
  return (
    <>
      {cost(row.cost_nano)}
      <Estimated when={row.usage_estimated && row.cost_nano > 0} />
    </>
  );
}

/** Marks a figure that is not the provider's own. */
export function Estimated({ when }: { when: boolean }) {
  if (!when) return null;
  return (
    <abbr className="estimated" title="Estimated: the provider did not say">
      <span aria-hidden>≈</span>
      <span className="sr-only"> estimated</span>
    </abbr>
  );
}
