import { items, packPair, unpackPair, type ListFilter, type LogFilters } from "../pages/logs/filters.ts";
import type { Group } from "./queries.ts";

/** Something that requests may be grouped by. */
export interface Dimension {
  /** Its name in an address. */
  id: string;
  label: string;
  /** Where its groups are, below /analytics/groups. */
  path: string;
  key: (group: Group) => string;
  /** The filter that selects one group; a workspace is the one that all pages are about. */
  filter: ListFilter | "meta" | null;
}

const dimension = (id: string, label: string, path: keyof Group & string, filter: ListFilter | null): Dimension => ({ id, label, path, key: (g) => String(g[path] ?? ""), filter });

export const dimensions: Dimension[] = [
  dimension("model", "Model", "model", "model"),
  dimension("provider", "Provider", "ai_service", "provider"),
  dimension("vkey", "Virtual key", "provider", "vkey"),
  dimension("config", "Config", "config", "config"),
  dimension("apikey", "API key", "api_key", "apikey"),
  dimension("user", "User", "user", "user"),
  dimension("code", "Status", "status_code", "code"),
  dimension("prompt", "Prompt", "prompt", "prompt"),
  dimension("workspace", "Workspace", "workspace", null),
];

const metaPrefix = "meta.";

/** The name of a metadata key among the dimensions. */
export const metadataId = (key: string): string => metaPrefix + key;

/** The metadata key of a dimension; undefined when it is none. */
export const metadataKey = (id: string): string | undefined => (id.startsWith(metaPrefix) ? id.slice(metaPrefix.length) : undefined);

/** The dimension of an address; the model when it names none. */
export function dimensionOf(id: string | undefined): Dimension {
  const key = metadataKey(id ?? "");
  if (key) return { id: metadataId(key), label: key, path: `metadata/${encodeURIComponent(key)}`, key: (g) => g.metadata_value ?? "", filter: "meta" };
  return dimensions.find((d) => d.id === id) ?? dimensions[0]!;
}

/** The filters that select one group; null when they cannot: items of a list cannot have commas. */
export function within(f: LogFilters, d: Dimension, value: string): LogFilters | null {
  if (d.filter === null) return f;
  if (d.filter !== "meta") return value.includes(",") ? null : { ...f, [d.filter]: value };
  const key = metadataKey(d.id)!;
  const others = items(f.meta).filter((pair) => unpackPair(pair)[0] !== key);
  return { ...f, meta: [...others, packPair(key, value)].join(",") };
}

const statuses: Record<string, string> = {
  "0": "no status",
  "200": "200 OK",
  "400": "400 bad request",
  "401": "401 not authenticated",
  "403": "403 not allowed",
  "404": "404 not found",
  "408": "408 timed out",
  "413": "413 too large",
  "422": "422 not processable",
  "429": "429 too many requests",
  "499": "499 client left",
  "500": "500 server error",
  "502": "502 bad gateway",
  "503": "503 unavailable",
  "504": "504 gateway timeout",
};

/** A status code with what it means. */
export const statusName = (code: string | number): string => statuses[String(code)] ?? String(code);

/** What a failed request's status means: one that broke off has that of its beginning. */
export const errorName = (code: number): string => (code === 200 ? "200, broken off" : statusName(code));
