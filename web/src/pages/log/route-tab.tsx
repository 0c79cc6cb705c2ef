import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMemo } from "react";
import { configVersionsQuery } from "../../api/queries.ts";
import type { Json, LogDetail } from "../../api/types.ts";
import { isObject, parse } from "../../lib/json.ts";
import { SkeletonBlock } from "../../ui/states.tsx";
import { whyNone } from "./attempts.tsx";
import { routeTree } from "./route-tree.ts";
import { RouteTreeView } from "./route-view.tsx";

/** The way through the routing config: what was tried, why, and how long it took. */
export function RouteTab({ log }: { log: LogDetail }) {
  const config = useConfig(log);
  const tree = useMemo(() => routeTree(config.value, log.decisions, log.attempts), [config.value, log]);
  if (config.loading) return <SkeletonBlock lines={6} />;
  const drawn = config.value !== null || log.attempts.length > 0 || log.decisions.length > 0;
  return (
    <div className="tab-body">
      <p className="muted route-source">
        <Source log={log} known={config.value !== null} /> {log.attempts.length === 0 && whyNone(log)}
      </p>
      {drawn && <RouteTreeView tree={tree} name={log.metrics.config || "request"} />}
    </div>
  );
}

function Source({ log, known }: { log: LogDetail; known: boolean }) {
  const { config } = log.metrics;
  if (!config && known) return <>Routed by the config that the request carried.</>;
  if (!config && log.decisions.length > 0) return <>Routed by a config that was not kept; what was tried is drawn.</>;
  if (!config && log.attempts.length === 0) return null;
  if (!config) return <>No config applied: the request named its provider itself.</>;
  return (
    <>
      Routed by{" "}
      <Link to="/configs/$slug" params={{ slug: config }}>
        {config}
      </Link>
      {known ? "." : " (that version cannot be read; only what was tried is drawn)."}
    </>
  );
}

// The version of the config that was used; an inline one is in the headers.
function useConfig(log: LogDetail): { value: Json | null; loading: boolean } {
  const { config, config_version_id: version } = log.metrics;
  const versions = useQuery({ ...configVersionsQuery(config), enabled: config !== "", retry: false });
  const inline = parse(log.request.portkeyHeaders["x-portkey-config"] ?? "");
  if (config === "") return { value: isObject(inline) ? inline : null, loading: false };
  const used = versions.data?.data.find((v) => v.version_id === version);
  return { value: (used && parse(used.config)) ?? null, loading: versions.isLoading };
}
