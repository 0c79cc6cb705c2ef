import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMemo } from "react";
import { configVersionsQuery } from "../../api/queries.ts";
import type { Json, LogDetail } from "../../api/types.ts";
import { isObject, parse } from "../../lib/json.ts";
import { SkeletonBlock } from "../../ui/states.tsx";
import { routeTree } from "./route-tree.ts";
import { RouteTreeView } from "./route-view.tsx";

/** The way through the routing config: what was tried, why, and how long it took. */
export function RouteTab({ log }: { log: LogDetail }) {
  const config = useConfig(log);
  const tree = useMemo(() => routeTree(config.value, log.decisions ?? [], log.attempts ?? []), [config.value, log]);
  if (config.loading) return <SkeletonBlock lines={6} />;
  return (
    <div className="tab-body">
      <p className="muted route-source">
        <Source log={log} known={config.value !== null} />
      </p>
      <RouteTreeView tree={tree} name={log.metrics.config || "request"} />
    </div>
  );
}

function Source({ log, known }: { log: LogDetail; known: boolean }) {
  const { config } = log.metrics;
  if (!config && !known) return <>No stored config applied; what was tried is drawn.</>;
  if (!config) return <>Routed by the config that the request carried.</>;
  return (
    <>
      Routed by{" "}
      <Link to="/configs/$slug" params={{ slug: config }}>
        {config}
      </Link>
      {!known && " (that version cannot be read; only what was tried is drawn)"}
    </>
  );
}

// The version of the config that was used; an inline one is in the headers.
function useConfig(log: LogDetail): { value: Json | null; loading: boolean } {
  const { config, config_version_id: version } = log.metrics;
  const versions = useQuery({ ...configVersionsQuery(config), enabled: config !== "", retry: false });
  const inline = parse(log.request.portkeyHeaders?.["x-portkey-config"] ?? "");
  if (config === "") return { value: isObject(inline) ? inline : null, loading: false };
  const used = versions.data?.data.find((v) => v.version_id === version);
  return { value: (used && parse(used.config)) ?? null, loading: versions.isLoading };
}
