import { Link } from "@tanstack/react-router";
import { ArrowDownRight, ArrowRight, ArrowUpRight } from "lucide-react";
import type { Change } from "../../analytics/figures.ts";
import type { OverviewSearch } from "./search.ts";
import type { Measure } from "./measures.ts";

/** A figure, how it changed, and its course; it leads to its graphs. */
export function MeasureCard({ measure, search }: { measure: Measure; search: OverviewSearch }) {
  const { label, waiting, figure, note, tab, id } = measure;
  return (
    <Link to="/analytics" search={{ ...search, ...(tab && { tab }) }} hash={id} className="measure" aria-label={`${label}: ${waiting ? "loading" : figure}`} preload="intent">
      <span className="measure-label">{label}</span>
      <span className="measure-row">
        {waiting ? <span className="skeleton measure-wait" /> : <strong className="measure-figure num">{figure}</strong>}
        {!waiting && <ChangeMark measure={measure} />}
      </span>
      <span className="measure-note muted truncate">{waiting ? " " : note || " "}</span>
      <Sparkline values={measure.values} />
    </Link>
  );
}

const arrows = { 1: ArrowUpRight, 0: ArrowRight, [-1]: ArrowDownRight };

function ChangeMark({ measure: { change, good, before } }: { measure: Measure }) {
  if (!change) return null;
  const Arrow = arrows[change.direction];
  return (
    <span className={`change num ${tone(change, good)}`} title={`${before} in the period before`}>
      <Arrow size={13} aria-hidden />
      <span className="sr-only">{{ 1: "up ", 0: "", [-1]: "down " }[change.direction]}</span>
      {change.text}
    </span>
  );
}

const tone = ({ direction }: Change, good: Measure["good"]): string => (direction * good > 0 ? "good" : direction * good < 0 ? "bad" : "muted");

const width = 240;
const height = 34;

// The course at a glance; the overview's table has the figures.
function Sparkline({ values }: { values: (number | null)[] }) {
  const top = Math.max(...values.map((v) => v ?? 0), 0);
  const points = values.map((v, i) => (v === null ? null : ([(i / Math.max(1, values.length - 1)) * width, top > 0 ? height - 2 - (v / top) * (height - 5) : height - 2] as const)));
  const runs = points.reduce<(readonly [number, number])[][]>((all, p, i) => {
    if (!p) return all;
    if (i === 0 || !points[i - 1]) return [...all, [p]];
    all.at(-1)!.push(p);
    return all;
  }, []);
  const line = runs.map((run) => "M" + (run.length === 1 ? [run[0]!, run[0]!] : run).map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join("L")).join("");
  const area = runs.map((run) => `M${run[0]![0].toFixed(1)} ${height}L${run.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join("L")}L${run.at(-1)![0].toFixed(1)} ${height}Z`).join("");
  return (
    <svg className="sparkline" viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" aria-hidden>
      <path className="area" d={area} />
      <path className="line" d={line} vectorEffect="non-scaling-stroke" />
    </svg>
  );
}
