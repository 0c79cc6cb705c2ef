import { ChevronRight, CircleDashed, CornerDownRight, Waypoints } from "lucide-react";
import { useEffect, useMemo, useRef, useState, type KeyboardEvent } from "react";
import type { Span, Trace } from "../../api/types.ts";
import { compact, cost, duration } from "../../lib/format.ts";
import { states } from "../logs/filters.ts";
import { step, visibleRows, type Row } from "./tree.ts";

interface Props {
  trace: Trace;
  openLog: string | undefined;
  onOpen: (logId: string) => void;
}

/** The spans of a trace below each other, each as long as it took: a tree that the keyboard moves in. */
export function Waterfall({ trace, openLog, onOpen }: Props) {
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set());
  const [current, setCurrent] = useState("0");
  const rows = useMemo(() => visibleRows(trace.spans, closed), [trace.spans, closed]);
  const at = Math.max(rows.findIndex((r) => r.key === current), 0);
  const tree = useRef<HTMLDivElement>(null);
  const moved = useRef(false);
  useEffect(() => {
    if (moved.current) tree.current?.querySelector<HTMLElement>("[tabindex='0']")?.focus();
    moved.current = false;
  }, [at, rows]);
  const toggle = (key: string) => {
    const next = new Set(closed);
    if (!next.delete(key)) next.add(key);
    setClosed(next);
  };
  const onKey = (e: KeyboardEvent) => {
    if (e.altKey || e.ctrlKey || e.metaKey) return;
    const span = rows[at]?.span;
    if (e.key === "Enter" && span?.log_id) onOpen(span.log_id);
    else {
      const next = step(rows, at, e.key);
      if (!next) return;
      moved.current = true;
      if (next.toggle !== undefined) toggle(next.toggle);
      else if (next.to !== undefined) setCurrent(rows[next.to]?.key ?? current);
    }
    e.preventDefault();
    e.stopPropagation();
  };
  const total = Math.max(trace.duration_ms, 1);
  return (
    <div className="trace-waterfall">
      <div className="span-head" aria-hidden>
        <span>Span</span>
        <span className="axis num">
          {[0, 0.25, 0.5, 0.75, 1].map((part) => (
            <span key={part}>{tick(trace.duration_ms * part)}</span>
          ))}
        </span>
        <span className="end">Tokens</span>
        <span className="end">Cost</span>
        <span className="end">Took</span>
      </div>
      <div role="tree" aria-label="Spans" ref={tree} onKeyDown={onKey}>
        {rows.map((row) => (
          <SpanRow
            key={row.key}
            row={row}
            total={total}
            focusable={row.key === rows[at]?.key}
            chosen={openLog !== undefined && row.span.kind === "request" && row.span.log_id === openLog}
            onToggle={() => toggle(row.key)}
            onChoose={() => {
              setCurrent(row.key);
              if (row.span.log_id) onOpen(row.span.log_id);
            }}
          />
        ))}
      </div>
      <p className="hint">Arrows move and fold, Enter opens the log.</p>
    </div>
  );
}

const tick = (ms: number): string => (ms === 0 ? "0" : ms < 10 ? `${ms.toFixed(1)} ms` : duration(ms));

interface RowProps {
  row: Row;
  total: number;
  focusable: boolean;
  chosen: boolean;
  onToggle: () => void;
  onChoose: () => void;
}

const icons = { request: Waypoints, attempt: CornerDownRight, unknown: CircleDashed };

function SpanRow({ row, total, focusable, chosen, onToggle, onChoose }: RowProps) {
  const { span } = row;
  const parent = span.spans.length > 0;
  const Icon = icons[span.kind as keyof typeof icons] ?? CircleDashed;
  return (
    <div
      role="treeitem"
      id={span.kind === "request" ? `log-${span.log_id}` : undefined}
      className={`span-row ${toneOf(span)}`}
      tabIndex={focusable ? 0 : -1}
      aria-level={row.level}
      aria-posinset={row.position}
      aria-setsize={row.siblings}
      aria-selected={chosen}
      aria-expanded={parent ? row.open : undefined}
      aria-label={labelOf(span)}
      onClick={onChoose}
    >
      <span className="span-name" style={{ paddingLeft: `${(row.level - 1) * 16}px` }}>
        {parent ? (
          <span
            className="span-fold"
            aria-hidden
            onClick={(e) => {
              e.stopPropagation();
              onToggle();
            }}
          >
            <ChevronRight size={13} />
          </span>
        ) : (
          <span className="span-fold" />
        )}
        <Icon size={13} aria-hidden />
        <span className="truncate strong">{nameOf(span)}</span>
        <span className="truncate muted">{span.kind === "unknown" ? span.id : [span.ai_model, span.name ? "" : span.ai_org].filter(Boolean).join(" · ")}</span>
        {span.response_status_code > 0 && <span className={`num code-note ${toneOf(span)}`}>{span.response_status_code}</span>}
      </span>
      <span className="span-time">
        <span className="span-bar" style={{ left: `min(${(100 * span.offset_ms) / total}%, 100% - 3px)`, width: `${(100 * span.duration_ms) / total}%` }} />
      </span>
      <span className="end num">{span.total_units > 0 && span.kind === "request" ? compact(span.total_units) : ""}</span>
      <span className="end num">{span.kind === "request" ? cost(span.cost_nano) : ""}</span>
      <span className="end num">{duration(span.duration_ms)}</span>
      {span.error && <span className="span-error truncate">{span.error.message}</span>}
    </div>
  );
}

function nameOf(span: Span): string {
  if (span.name) return span.name;
  if (span.kind === "unknown") return "Unknown span";
  return span.ai_org || "request";
}

const toneOf = (span: Span): string => (span.kind === "unknown" ? "unknown" : span.status === "success" ? span.kind : "failed");

function labelOf(span: Span): string {
  const facts = [
    nameOf(span),
    span.kind === "unknown" ? "" : (states[span.status as keyof typeof states] ?? span.status),
    span.ai_model,
    `starts at ${duration(span.offset_ms)}`,
    `takes ${duration(span.duration_ms)}`,
    span.kind === "request" ? `costs ${cost(span.cost_nano)}` : "",
    span.error?.message ?? "",
  ];
  return facts.filter(Boolean).join(", ");
}
