import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Circle, CircleCheck, CircleX, CornerDownRight, Shuffle, Split, ListOrdered, GitBranch, type LucideIcon } from "lucide-react";
import { useMemo } from "react";
import { call } from "../../api/client.ts";
import type { Config, Json, List, LogDetail } from "../../api/types.ts";
import { duration } from "../../lib/format.ts";
import { isObject, parse } from "../../lib/json.ts";
import { SkeletonBlock } from "../../ui/states.tsx";
import { routeTree, succeeded, type NodeState, type RouteNode } from "./route-tree.ts";

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
      <ul className="route">
        <Node node={tree} name={log.metrics.config || "request"} />
      </ul>
    </div>
  );
}

function Source({ log, known }: { log: LogDetail; known: boolean }) {
  const { config } = log.metrics;
  if (!config && !known) return <>No config applied; the request named its provider.</>;
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
  const versions = useQuery({
    queryKey: ["configs", config, "versions"],
    queryFn: ({ signal }) => call<List<Config>>("GET", `/configs/${encodeURIComponent(config)}/versions`, { signal }),
    enabled: config !== "",
    retry: false,
  });
  const inline = parse(log.request.portkeyHeaders?.["x-portkey-config"] ?? "");
  if (config === "") return { value: isObject(inline) ? inline : null, loading: false };
  const used = versions.data?.data.find((v) => v.version_id === version);
  return { value: (used && parse(used.config)) ?? null, loading: versions.isLoading };
}

const modes: Record<string, { icon: LucideIcon; label: string }> = {
  loadbalance: { icon: Split, label: "Load balance" },
  fallback: { icon: ListOrdered, label: "Fallback" },
  conditional: { icon: GitBranch, label: "Conditional" },
  single: { icon: CornerDownRight, label: "Single" },
};

const looks: Record<NodeState, { icon: LucideIcon; text: string }> = {
  served: { icon: CircleCheck, text: "answered" },
  failed: { icon: CircleX, text: "failed" },
  passed: { icon: CornerDownRight, text: "on the way" },
  untried: { icon: Circle, text: "not tried" },
};

function Node({ node, name }: { node: RouteNode; name: string }) {
  const look = looks[node.state];
  const mode = modes[node.mode] ?? (node.mode ? { icon: Shuffle, label: node.mode } : undefined);
  return (
    <li className={node.state}>
      <div className="route-node">
        <look.icon size={15} aria-hidden />
        <div className="route-text">
          <p>
            {mode && (
              <span className="badge">
                <mode.icon size={12} aria-hidden />
                {mode.label}
              </span>
            )}
            <span className="strong">{node.label || name}</span>
            {node.weight !== null && <span className="muted num">weight {node.weight}</span>}
            <span className="route-state">{look.text}</span>
          </p>
          {node.reasons.map((reason, i) => (
            <p key={i} className="muted">
              {reason}
            </p>
          ))}
          {node.attempts.map((a, i) => (
            <p key={i} className="num route-attempt">
              <span className={succeeded(a) ? "badge good" : "badge bad"}>{a.status || "no answer"}</span> {a.model || a.provider} in {duration(a.total_ms)}
              {a.wait_ms > 0 && <span className="muted"> after a wait of {duration(a.wait_ms)}</span>}
              {a.error && <span className="muted"> {a.error.message}</span>}
            </p>
          ))}
        </div>
      </div>
      {node.children.length > 0 && (
        <ul>
          {node.children.map((child, i) => (
            <Node key={child.path} node={child} name={`target ${i}`} />
          ))}
        </ul>
      )}
    </li>
  );
}
