import { queryOptions, type QueryClient } from "@tanstack/react-query";
import { ApiError, call } from "./client.ts";
import type { Answer, FeedbackPage, LogPage, TracePage } from "./types.ts";

const everything = { page_size: 500 };
const segment = encodeURIComponent;

/** Reports whether a call that failed is worth another try: the server or the way to it failed, not the request. */
export const again = (failures: number, error: unknown): boolean => failures < 2 && error instanceof ApiError && (error.status === 0 || error.status >= 500);

const notFound = (error: unknown): boolean => error instanceof ApiError && error.status === 404;

export const sessionQuery = queryOptions({
  queryKey: ["session"],
  queryFn: ({ signal }) => call<Answer<"getSession">>("GET", "/console/session", { signal }),
  staleTime: 60_000,
});

export const inviteQuery = (token: string) =>
  queryOptions({
    queryKey: ["invite", token],
    queryFn: ({ signal }) => call<Answer<"lookAtInvite">>("GET", "/console/invite", { signal, query: { token } }),
    staleTime: Infinity,
  });

export const providersQuery = queryOptions({
  queryKey: ["providers"],
  queryFn: ({ signal }) => call<Answer<"listProviders">>("GET", "/console/providers", { signal }),
  staleTime: Infinity,
});

export const configsQuery = queryOptions({
  queryKey: ["configs"],
  queryFn: ({ signal }) => call<Answer<"listConfigs">>("GET", "/configs", { signal, query: everything }),
});

export const configQuery = (slug: string) =>
  queryOptions({
    queryKey: ["configs", slug],
    queryFn: ({ signal }) => call<Answer<"getConfig">>("GET", `/configs/${segment(slug)}`, { signal }),
  });

export const configVersionsQuery = (slug: string) =>
  queryOptions({
    queryKey: ["configs", slug, "versions"],
    queryFn: ({ signal }) => call<Answer<"listConfigVersions">>("GET", `/configs/${segment(slug)}/versions`, { signal, query: everything }),
  });

export const configSchemaQuery = queryOptions({
  queryKey: ["config-schema"],
  queryFn: ({ signal }) => call<Answer<"getConfigSchema">>("GET", "/configs/schema", { signal }),
  staleTime: Infinity,
});

export const virtualKeysQuery = queryOptions({
  queryKey: ["virtual-keys"],
  queryFn: ({ signal }) => call<Answer<"listVirtualKeys">>("GET", "/virtual-keys", { signal, query: everything }),
});

export const virtualKeyQuery = (slug: string) =>
  queryOptions({
    queryKey: ["virtual-keys", slug],
    queryFn: ({ signal }) => call<Answer<"getVirtualKey">>("GET", `/virtual-keys/${segment(slug)}`, { signal }),
  });

export const apiKeysQuery = queryOptions({
  queryKey: ["api-keys"],
  queryFn: ({ signal }) => call<Answer<"listApiKeys">>("GET", "/api-keys", { signal, query: everything }),
});

export const logQuery = (id: string) =>
  queryOptions({
    queryKey: ["log", id],
    queryFn: ({ signal }) => call<Answer<"getLog">>("GET", `/logs/${segment(id)}`, { signal }),
    staleTime: 60_000,
    // A log can be read a moment after its answer was: one that is not there yet is asked for again.
    retry: (failures, error) => (notFound(error) ? failures < 4 : again(failures, error)),
    retryDelay: (failures, error) => (notFound(error) ? 300 : 1000 * 2 ** failures),
  });

export function fetchLogs(query: Record<string, string | number | undefined>, signal?: AbortSignal): Promise<LogPage> {
  return call<LogPage>("GET", "/logs", signal ? { query, signal } : { query });
}

export const savedFiltersQuery = queryOptions({
  queryKey: ["saved-filters"],
  queryFn: ({ signal }) => call<Answer<"listSavedFilters">>("GET", "/logs/filters", { signal, query: everything }),
});

export const traceQuery = (id: string) =>
  queryOptions({
    queryKey: ["trace", id],
    queryFn: ({ signal }) => call<Answer<"getTrace">>("GET", `/traces/${segment(id)}`, { signal }),
  });

export const exportsQuery = queryOptions({
  queryKey: ["exports"],
  queryFn: ({ signal }) => call<Answer<"listExports">>("GET", "/logs/exports", { signal, query: everything }),
  // As long as one is being written.
  refetchInterval: (query) => (query.state.data?.data.some((e) => e.status === "in_progress") ? 1000 : false),
});

export const exportFieldsQuery = queryOptions({
  queryKey: ["export-fields"],
  queryFn: ({ signal }) => call<Answer<"getExportFields">>("GET", "/logs/exports/field-restrictions", { signal }),
});

export const loggingQuery = queryOptions({
  queryKey: ["logging"],
  queryFn: ({ signal }) => call<Answer<"getLogging">>("GET", "/admin/organisation/logging", { signal }),
});

type Query = Record<string, string | number | undefined>;

export const fetchTraces = (query: Query, signal: AbortSignal) => call<TracePage>("GET", "/traces", { query, signal });

export const fetchFeedback = (query: Query, signal: AbortSignal) => call<FeedbackPage>("GET", "/feedback", { query, signal });

/** Makes every view of a noun ask again, after something of it was changed. */
export function refresh(client: QueryClient, noun: "configs" | "virtual-keys" | "api-keys" | "saved-filters" | "exports" | "feedback"): Promise<void> {
  return client.invalidateQueries({ queryKey: [noun] });
}
