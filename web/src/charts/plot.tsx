import { useEffect, useId, useRef, useState, type KeyboardEvent } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { useAppearance } from "../shell/theme.ts";
import { stack } from "./stack.ts";
import { axisTime, bucketTime, type Buckets } from "./time.ts";

export interface Line {
  label: string;
  /** One for each bucket; null where there is nothing to tell. */
  values: (number | null)[];
  /** What stands for the whole range in the legend. */
  whole?: string;
  /** How its values are written, if not as those of the others. */
  format?: (n: number) => string;
  colour?: Colour;
}

/** A colour of the palette; 5 is for what failed, 7 for the rest. */
export type Colour = 1 | 2 | 3 | 4 | 5 | 6 | 7;

const order: Colour[] = [1, 2, 3, 4, 6, 5];
export const colourOf = (line: Line, index: number): Colour => line.colour ?? order[index % order.length]!;

export interface PlotProps {
  label: string;
  shape: "bars" | "lines";
  buckets: Buckets;
  lines: Line[];
  format: (n: number) => string;
  /** The bucket that is pointed at. */
  onAt: (index: number | null) => void;
  /** Takes a range of whole buckets, in seconds. */
  onZoom: (from: number, to: number) => void;
}

const height = 190;

/** A graph over time, drawn on a canvas. Dragging over it chooses a range, as do the arrow keys with Shift and Enter. */
export function Plot(props: PlotProps) {
  const { label, shape, format } = props;
  // Only other figures are a reason to draw anew.
  const drawn = JSON.stringify([props.buckets, props.lines]);
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(null);
  const current = useRef(props);
  const appearance = useAppearance();
  const id = useId();
  useEffect(() => {
    current.current = props;
  });
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const [buckets, lines] = JSON.parse(drawn) as [Buckets, Line[]];
    const u = new uPlot(options(element.clientWidth, shape, buckets, lines, format, current), dataOf(shape, buckets, lines), element);
    plot.current = u;
    const watch = new ResizeObserver(() => u.setSize({ width: element.clientWidth, height }));
    watch.observe(element);
    return () => {
      watch.disconnect();
      u.destroy();
      plot.current = null;
    };
  }, [shape, drawn, format, appearance]);
  const keys = useKeys(plot, current);
  return (
    <div className="plot" ref={box} role="application" aria-label={label} aria-describedby={`${id}-keys`} tabIndex={0} onKeyDown={keys.onKeyDown} onBlur={keys.onBlur}>
      <span className="sr-only" id={`${id}-keys`}>
        Arrow keys move in time, Shift extends a selection, Enter zooms to it, Escape drops it.
      </span>
      <span className="sr-only" role="status">
        {keys.spoken}
      </span>
    </div>
  );
}

function dataOf(shape: PlotProps["shape"], { starts }: Buckets, lines: Line[]): uPlot.AlignedData {
  const values = lines.map((l) => l.values);
  return [starts, ...(shape === "bars" ? stack(values).reverse() : values)];
}

const dashes = [[], [7, 3], [2, 3], [10, 3, 2, 3], [4, 4], [1, 2], [12, 4]];

function options(width: number, shape: PlotProps["shape"], { starts, end }: Buckets, lines: Line[], format: PlotProps["format"], current: { current: PlotProps }): uPlot.Options {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string) => style.getPropertyValue(`--${name}`).trim();
  const font = `11px ${colour("sans")}`;
  const few = starts.length <= 40;
  const series = lines.map((line, i): uPlot.Series => {
    const stroke = colour(`chart-${colourOf(line, i)}`);
    if (shape === "bars") return { stroke, fill: stroke, width: 0, paths: uPlot.paths.bars!({ size: [0.86, 60], align: 1, gap: 0 }), points: { show: false } };
    return {
      stroke,
      width: 1.6,
      dash: dashes[i % dashes.length]!,
      points: { show: true, size: 4, width: 0, fill: stroke, filter: (u, at) => lonely(u.data[at]!, few) },
    };
  });
  const grid = { stroke: colour("line"), width: 1 };
  return {
    width,
    height,
    padding: [10, 8, 0, 0],
    legend: { show: false },
    series: [{}, ...(shape === "bars" ? series.reverse() : series)],
    scales: {
      x: { time: true, range: () => [starts[0] ?? 0, end] },
      y: { range: (_, low, high) => [Math.min(0, low ?? 0) * 1.08, Math.max(high ?? 0, 0) * 1.08 || 1] },
    },
    axes: [
      { stroke: colour("muted"), font, grid: { show: false }, ticks: { show: false }, size: 26, gap: 6, space: 70, values: (_, at, __, ___, step) => axisTime(at, step) },
      { stroke: colour("muted"), font, grid, ticks: { show: false }, size: 58, gap: 6, space: 34, values: (_, at) => at.map((n) => format(n)) },
    ],
    cursor: {
      y: false,
      drag: { x: true, y: false, setScale: false },
      points: { show: shape === "lines", size: 7 },
      dataIdx: (u, _, at) => (shape === "bars" || at === null ? (bucketAt(u, u.cursor.left ?? -1) ?? at) : at),
    },
    hooks: {
      setCursor: [(u) => current.current.onAt(bucketAt(u, u.cursor.left ?? -1))],
      setSelect: [
        (u) => {
          const { left, width: wide } = u.select;
          if (wide < 4) return;
          u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          zoom(current.current, bucketAt(u, left) ?? 0, bucketAt(u, left + wide - 1) ?? starts.length - 1);
        },
      ],
    },
  };
}

// Values that no line reaches, and all of a short row, are shown as points.
function lonely(values: ArrayLike<number | null | undefined>, all: boolean): number[] {
  const known = (i: number) => values[i] !== null && values[i] !== undefined;
  return Array.from(values, (_, i) => i).filter((i) => known(i) && (all || (!known(i - 1) && !known(i + 1))));
}

/** The bucket at a place on the canvas; null outside of it. */
function bucketAt(u: uPlot, left: number): number | null {
  if (left < 0) return null;
  const time = u.posToVal(left, "x");
  const starts = u.data[0];
  let at = starts.length - 1;
  while (at > 0 && starts[at]! > time) at--;
  return at < 0 ? null : at;
}

function zoom({ buckets, onZoom }: PlotProps, first: number, last: number): void {
  onZoom(buckets.starts[first]!, buckets.starts[last + 1] ?? buckets.end);
}

// The keyboard's place in the graph, and the bucket at which its selection began.
function useKeys(plot: { current: uPlot | null }, current: { current: PlotProps }) {
  const at = useRef<number | null>(null);
  const from = useRef<number | null>(null);
  const [spoken, speak] = useState("");
  const show = () => {
    const u = plot.current;
    const { buckets, lines, format } = current.current;
    if (!u || at.current === null) return;
    const edge = (i: number) => u.valToPos(buckets.starts[i] ?? buckets.end, "x");
    u.setCursor({ left: (edge(at.current) + edge(at.current + 1)) / 2, top: 0 });
    const [first, last] = ordered(at.current, from.current ?? at.current);
    const selected = from.current !== null;
    u.setSelect(selected ? { left: edge(first), top: 0, width: edge(last + 1) - edge(first), height: u.over.clientHeight } : none, false);
    const figures = lines.map((l) => `${l.label} ${figure(l.values[at.current!], format)}`).join(", ");
    speak(`${bucketTime(buckets, at.current)}: ${figures}${selected ? `; ${last - first + 1} selected` : ""}`);
  };
  const drop = () => {
    from.current = null;
    plot.current?.setSelect(none, false);
  };
  const onKeyDown = (e: KeyboardEvent) => {
    const end = current.current.buckets.starts.length - 1;
    if (end < 0 || e.ctrlKey || e.metaKey || e.altKey) return;
    const now = at.current ?? (e.key === "ArrowLeft" || e.key === "End" ? end + 1 : -1);
    const next = { ArrowLeft: now - 1, ArrowRight: now + 1, Home: 0, End: end }[e.key];
    if (next !== undefined) {
      if (e.shiftKey) from.current ??= Math.max(0, Math.min(end, now));
      else drop();
      at.current = Math.max(0, Math.min(end, next));
      show();
    } else if (e.key === "Enter" && at.current !== null) {
      const [first, last] = ordered(at.current, from.current ?? at.current);
      drop();
      at.current = null;
      zoom(current.current, first, last);
    } else if (e.key === "Escape" && from.current !== null) {
      drop();
      show();
    } else return;
    e.preventDefault();
    e.stopPropagation();
  };
  const onBlur = () => {
    drop();
    at.current = null;
    plot.current?.setCursor({ left: -10, top: -10 });
    speak("");
  };
  return { spoken, onKeyDown, onBlur };
}

const none = { left: 0, top: 0, width: 0, height: 0 };
const ordered = (a: number, b: number): [number, number] => (a < b ? [a, b] : [b, a]);

/** A value as text; one that is not known is a dash. */
export const figure = (value: number | null | undefined, format: (n: number) => string): string => (value === null || value === undefined ? "–" : format(value));
