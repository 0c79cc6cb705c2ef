import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { call } from "../api/client.ts";
import { again, fetchLogs } from "../api/queries.ts";
import type { Answer } from "../api/types.ts";
import type { Loading } from "../charts/chart.tsx";
import type { Buckets } from "../charts/time.ts";
import type { Query } from "./period.ts";

/** What each graph of the API answers, by its path. */
export interface Graphs {
  requests: Answer<"graphRequests">;
  cost: Answer<"graphCost">;
  latency: Answer<"graphLatency">;
  tokens: Answer<"graphTokens">;
  users: Answer<"graphUsers">;
  "users/requests": Answer<"graphUsersRequests">;
  errors: Answer<"graphErrors">;
  "errors/rate": Answer<"graphErrorsRate">;
  "errors/stacks": Answer<"graphErrorsStacks">;
  "errors/status-codes": Answer<"graphErrorsStatusCodes">;
  "requests/rescued": Answer<"graphRequestsRescued">;
  "cache/hit-rate": Answer<"graphCacheHitRate">;
  "cache/latency": Answer<"graphCacheLatency">;
  feedbacks: Answer<"graphFeedbacks">;
  "feedbacks/scores": Answer<"graphFeedbacksScores">;
  "feedbacks/weighted": Answer<"graphFeedbacksWeighted">;
  "feedbacks/ai-models": Answer<"graphFeedbacksAiModels">;
}

// Figures of a fixed span change when feedback or late logs come in; those of now have a new key each minute.
const kept = { staleTime: 30_000, gcTime: 120_000, retry: again };

export const graphQuery = <P extends keyof Graphs>(path: P, query: Query | undefined) =>
  queryOptions({
    queryKey: ["analytics", path, query],
    queryFn: ({ signal }) => call<Graphs[P]>("GET", `/analytics/graphs/${path}`, { signal, query: query! }),
    enabled: query !== undefined,
    placeholderData: keepPreviousData,
    ...kept,
  });

export const cacheSummaryQuery = (query: Query | undefined) =>
  queryOptions({
    queryKey: ["analytics", "summary/cache", query],
    queryFn: ({ signal }) => call<Answer<"summaryCache">>("GET", "/analytics/summary/cache", { signal, query: query! }),
    enabled: query !== undefined,
    placeholderData: keepPreviousData,
    ...kept,
  });

/** One row of a list of groups: its key, and the columns that were asked for. */
export type Group = Answer<"groupBy">["data"][number];
export type Groups = Answer<"groupBy">;

export const groupsQuery = (path: string, query: Query | undefined, columns: readonly string[], more: Query) =>
  queryOptions({
    queryKey: ["analytics", "groups", path, query, columns, more],
    queryFn: ({ signal }) => call<Groups>("GET", `/analytics/groups/${path}`, { signal, query: { ...query, columns: columns.join(","), ...more } }),
    enabled: query !== undefined,
    // Another page of the same groups may take the place of one; groups of something else may not.
    placeholderData: (previous, last) => (last?.queryKey[2] === path ? previous : undefined),
    ...kept,
  });

/** When the first request of all was; null when there was none. */
export const firstRequestQuery = queryOptions({
  queryKey: ["analytics", "first"],
  queryFn: async ({ signal }) => {
    const query = { time_of_generation_min: "1970-01-01T00:00:00Z", time_of_generation_max: new Date().toISOString(), interval: "1mo", columns: "first_seen" };
    const { data } = await call<Groups>("GET", "/analytics/groups/workspace", { signal, query });
    const first = data.map((g) => g.first_seen ?? "").filter(Boolean).sort()[0];
    return first === undefined ? null : new Date(first);
  },
  staleTime: 60_000,
});

/** Some requests of the period, from which filters and metadata keys are suggested. */
export const someLogsQuery = (query: Query | undefined) =>
  queryOptions({
    queryKey: ["analytics", "some-logs", query?.["time_of_generation_min"]?.slice(0, 13), query?.["time_of_generation_max"]?.slice(0, 13)],
    queryFn: ({ signal }) => {
      const { time_of_generation_min = "", time_of_generation_max = "" } = query!;
      return fetchLogs({ time_of_generation_min, time_of_generation_max, page_size: 200 }, signal);
    },
    enabled: query !== undefined,
    placeholderData: keepPreviousData,
    staleTime: Infinity,
  });

interface Result {
  isPending: boolean;
  isPlaceholderData: boolean;
  error: unknown;
  refetch: () => unknown;
}

/** How far several questions are, taken together. */
export function loading(...results: Result[]): Loading {
  const failed = results.filter((r) => r.error);
  return {
    pending: results.some((r) => r.isPending && !r.error),
    stale: results.some((r) => r.isPlaceholderData),
    error: failed[0]?.error ?? null,
    retry: () => failed.forEach((r) => void r.refetch()),
  };
}

/** What the points of a graph are divided into. */
export function bucketsOf(points: { timestamp: string }[] | undefined, query: Query | undefined): Buckets {
  const starts = (points ?? []).map((p) => Date.parse(p.timestamp) / 1000);
  const end = Date.parse(query?.["time_of_generation_max"] ?? "") / 1000;
  return { starts, end: Math.max(end || 0, (starts.at(-1) ?? 0) + 1) };
}
