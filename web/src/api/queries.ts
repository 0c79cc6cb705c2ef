import { queryOptions, type QueryClient } from "@tanstack/react-query";
import { call } from "./client.ts";
import type {
  ApiKey,
  Config,
  ConfigItem,
  Json,
  List,
  LogDetail,
  LogPage,
  Provider,
  Session,
  VirtualKey,
  VirtualKeyDetail,
} from "./types.ts";

const everything = { page_size: 500 };
const segment = encodeURIComponent;

export const sessionQuery = queryOptions({
  queryKey: ["session"],
  queryFn: ({ signal }) => call<Session>("GET", "/console/session", { signal }),
  staleTime: 60_000,
});

export const providersQuery = queryOptions({
  queryKey: ["providers"],
  queryFn: ({ signal }) => call<List<Provider>>("GET", "/console/providers", { signal }),
  staleTime: Infinity,
});

export const configsQuery = queryOptions({
  queryKey: ["configs"],
  queryFn: ({ signal }) => call<List<ConfigItem>>("GET", "/configs", { signal, query: everything }),
});

export const configQuery = (slug: string) =>
  queryOptions({
    queryKey: ["configs", slug],
    queryFn: ({ signal }) => call<Config>("GET", `/configs/${segment(slug)}`, { signal }),
  });

export const configVersionsQuery = (slug: string) =>
  queryOptions({
    queryKey: ["configs", slug, "versions"],
    queryFn: ({ signal }) => call<List<Config>>("GET", `/configs/${segment(slug)}/versions`, { signal }),
  });

export const configSchemaQuery = queryOptions({
  queryKey: ["config-schema"],
  queryFn: ({ signal }) => call<{ [key: string]: Json }>("GET", "/configs/schema", { signal }),
  staleTime: Infinity,
});

export const virtualKeysQuery = queryOptions({
  queryKey: ["virtual-keys"],
  queryFn: ({ signal }) => call<List<VirtualKey>>("GET", "/virtual-keys", { signal, query: everything }),
});

export const virtualKeyQuery = (slug: string) =>
  queryOptions({
    queryKey: ["virtual-keys", slug],
    queryFn: ({ signal }) => call<VirtualKeyDetail>("GET", `/virtual-keys/${segment(slug)}`, { signal }),
  });

export const apiKeysQuery = queryOptions({
  queryKey: ["api-keys"],
  queryFn: ({ signal }) => call<List<ApiKey>>("GET", "/api-keys", { signal, query: everything }),
});

export const logQuery = (id: string) =>
  queryOptions({
    queryKey: ["log", id],
    queryFn: ({ signal }) => call<LogDetail>("GET", `/logs/${segment(id)}`, { signal }),
    staleTime: 60_000,
  });

export function fetchLogs(query: Record<string, string | number | undefined>, signal?: AbortSignal): Promise<LogPage> {
  return call<LogPage>("GET", "/logs", signal ? { query, signal } : { query });
}

/** Makes every view of a noun ask again, after something of it was changed. */
export function refresh(client: QueryClient, noun: "configs" | "virtual-keys" | "api-keys"): Promise<void> {
  return client.invalidateQueries({ queryKey: [noun] });
}
