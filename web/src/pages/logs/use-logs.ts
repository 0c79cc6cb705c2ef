import { useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo } from "react";
import { fetchLogs } from "../../api/queries.ts";
import { isLive, pickFilters, toQuery, type LogFilters } from "./filters.ts";
import { mergeHead, newestRows, rowsOf, type Pages } from "./live.ts";

const pageSize = 100;
const livePeriod = 1000; // milliseconds

/** The rows that match the filters, newest first; kept up to date while live. */
export function useLogs(filters: LogFilters, paused: boolean) {
  const client = useQueryClient();
  const key = ["logs", pickFilters(filters)];
  const fetchPage = (after: string, signal: AbortSignal) =>
    fetchLogs({ ...toQuery(filters, new Date()), page_size: pageSize, after }, signal);
  const pages = useInfiniteQuery({
    queryKey: key,
    queryFn: ({ pageParam, signal }) => fetchPage(pageParam, signal),
    initialPageParam: "",
    getNextPageParam: (last) => last.next || undefined,
    staleTime: Infinity,
    placeholderData: (previous) => previous,
  });
  const live = isLive(filters) && !paused;
  const head = useQuery({
    queryKey: ["logs-head", pickFilters(filters)],
    queryFn: ({ signal }) => newestRows(client.getQueryData<Pages>(key), (after) => fetchPage(after, signal)),
    refetchInterval: livePeriod,
    enabled: live && pages.isSuccess && !pages.isPlaceholderData,
    gcTime: 0,
  });
  const newest = head.data;
  const keyText = JSON.stringify(key);
  useEffect(() => {
    if (!newest) return;
    client.setQueryData<typeof pages.data>(JSON.parse(keyText), (old) => old && mergeHead(old, newest));
  }, [client, keyText, newest]);
  const rows = useMemo(() => rowsOf(pages.data), [pages.data]);
  return { pages, rows, live, stale: head.isError, total: pages.data?.pages[0]?.total ?? 0 };
}
