import { useQuery } from "@tanstack/react-query";
import { apiKeysQuery, configsQuery, providersQuery, virtualKeysQuery } from "../api/queries.ts";
import { statusName, type Dimension } from "./dimensions.ts";

/** How groups of a dimension are called: things that have a name by it, all others by their key. */
export function useNames(d: Dimension): (key: string) => string {
  const providers = useQuery({ ...providersQuery, enabled: d.id === "provider" }).data?.data;
  const virtualKeys = useQuery({ ...virtualKeysQuery, enabled: d.id === "vkey" }).data?.data;
  const configs = useQuery({ ...configsQuery, enabled: d.id === "config" }).data?.data;
  const apiKeys = useQuery({ ...apiKeysQuery, enabled: d.id === "apikey" }).data?.data;
  return (key) => {
    switch (d.id) {
      case "provider":
        return providers?.find((p) => p.id === key)?.name ?? key;
      case "vkey":
        return virtualKeys?.find((k) => k.slug === key)?.name ?? key;
      case "config":
        return configs?.find((c) => c.slug === key)?.name ?? key;
      case "apikey":
        return apiKeys?.find((k) => k.id === key)?.name ?? key;
      case "code":
        return statusName(key);
      default:
        return key;
    }
  };
}
