import { knownCost, money } from "../../analytics/figures.ts";
import type { Graphs, Group } from "../../analytics/queries.ts";
import { compact, count, duration } from "../../lib/format.ts";
import type { Column } from "./search.ts";

type Point = Graphs["requests" | "cost" | "tokens" | "errors" | "latency"]["data_points"][number];

/** What the graph of the groups may show. */
export interface GroupMeasure {
  id: string;
  label: string;
  graph: "requests" | "cost" | "tokens" | "errors" | "latency";
  value: (p: Point) => number | null;
  format: (n: number) => string;
  /** Whether the groups' values add up: they are stacked then, with what is left on top. */
  adds: boolean;
  /** The column by which the groups that are shown are the largest. */
  largest: Column;
  /** The figure of a whole group. */
  whole: (g: Group) => string;
}

const total = (p: Point): number | null => ("total" in p ? p.total : null);
const percentile = (name: "avg" | "p90" | "p99") => (p: Point) => ("p99" in p ? p[name] || null : null);

export const groupMeasures: GroupMeasure[] = [
  { id: "requests", label: "Requests", graph: "requests", value: total, format: compact, adds: true, largest: "requests", whole: (g) => count(g.requests ?? 0) },
  { id: "cost", label: "Cost", graph: "cost", value: total, format: money, adds: true, largest: "cost", whole: (g) => knownCost(g.cost ?? 0, g.unknown_costs ?? 0) },
  { id: "tokens", label: "Tokens", graph: "tokens", value: total, format: compact, adds: true, largest: "total_tokens", whole: (g) => count(g.total_tokens ?? 0) },
  { id: "errors", label: "Errors", graph: "errors", value: total, format: compact, adds: true, largest: "error_count", whole: (g) => count(g.error_count ?? 0) },
  { id: "latency", label: "Mean latency", graph: "latency", value: percentile("avg"), format: duration, adds: false, largest: "requests", whole: (g) => duration(g.avg_latency) },
  { id: "p90", label: "p90 latency", graph: "latency", value: percentile("p90"), format: duration, adds: false, largest: "requests", whole: (g) => duration(g.p90_latency) },
  { id: "p99", label: "p99 latency", graph: "latency", value: percentile("p99"), format: duration, adds: false, largest: "requests", whole: (g) => duration(g.p99_latency) },
];

/** The columns that tell the figure of a whole group. */
export const wholeColumns: Record<string, Column[]> = {
  requests: ["requests"],
  cost: ["cost", "unknown_costs"],
  tokens: ["total_tokens"],
  errors: ["error_count"],
  latency: ["avg_latency"],
  p90: ["p90_latency"],
  p99: ["p99_latency"],
};

export const measureOf = (id: string | undefined): GroupMeasure => groupMeasures.find((m) => m.id === id) ?? groupMeasures[0]!;
