import { useQuery } from "@tanstack/react-query";
import { useCallback } from "react";
import { apiKeysQuery, configsQuery, providersQuery, virtualKeysQuery } from "../api/queries.ts";
import { statusName, type Dimension } from "./dimensions.ts";

/** How groups of a dimension are called: things that have a name by it, all others by their key. */
export function useNames(d: Dimension): (key: string) => string {
  const providers = useQuery({ ...providersQuery, enabled: d.id === "provider" }).data?.data;
  const virtualKeys = useQuery({ ...virtualKeysQuery, enabled: d.id === "vkey" }).data?.data;
  const configs = useQuery({ ...configsQuery, enabled: d.id === "config" }).data?.data;
  const apiKeys = useQuery({ ...apiKeysQuery, enabled: d.id === "apikey" }).data?.data;
  const { id } = d;
  return useCallback(
    (key) => {
      const names: Record<string, string | undefined> = {
        provider: providers?.find((p) => p.id === key)?.name,
        vkey: virtualKeys?.find((k) => k.slug === key)?.name,
        config: configs?.find((c) => c.slug === key)?.name,
        apikey: apiKeys?.find((k) => k.id === key)?.name,
        code: statusName(key),
      };
      return names[id] ?? key;
    },
    [id, providers, virtualKeys, configs, apiKeys],
  );
}
