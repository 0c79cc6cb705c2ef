import { Circle, CircleCheck, CircleX, CornerDownRight, GitBranch, ListOrdered, Shuffle, Split, type LucideIcon } from "lucide-react";
import { duration } from "../../lib/format.ts";
import { succeeded, type NodeState, type RouteNode } from "./route-tree.ts";

const modes: Record<string, { icon: LucideIcon; label: string }> = {
  loadbalance: { icon: Split, label: "Load balance" },
  fallback: { icon: ListOrdered, label: "Fallback" },
  conditional: { icon: GitBranch, label: "Conditional" },
  single: { icon: CornerDownRight, label: "Single" },
};

const looks: Record<NodeState, { icon: LucideIcon; text: string }> = {
  served: { icon: CircleCheck, text: "answered" },
  failed: { icon: CircleX, text: "failed" },
  passed: { icon: CornerDownRight, text: "" },
  untried: { icon: Circle, text: "not tried" },
};

interface ViewProps {
  tree: RouteNode;
  /** What the root is called when the config gives it no name. */
  name: string;
  /** Only the config, not what became of a request in it. */
  plain?: boolean;
}

/** A routing config drawn as a tree, with what became of a request on each branch. */
export function RouteTreeView({ tree, name, plain = false }: ViewProps) {
  return (
    <ul className={plain ? "route plain" : "route"}>
      <Node node={tree} name={name} plain={plain} />
    </ul>
  );
}

function Node({ node, name, plain }: { node: RouteNode; name: string; plain: boolean }) {
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
            {!plain && look.text && <span className="route-state">{look.text}</span>}
          </p>
          {node.reasons.map((reason, i) => (
            <p key={i} className="muted">
              Chosen: {reason}
            </p>
          ))}
          {node.attempts.map((a, i) => (
            <p key={i} className="route-attempt">
              <span className={succeeded(a) ? "badge good num" : "badge bad num"}>{a.status || "no answer"}</span> {a.model || a.provider} in <span className="num">{duration(a.total_ms)}</span>
              {a.wait_ms > 0 && <span className="muted"> after a wait of {duration(a.wait_ms)}</span>}
              {a.error && <span className="muted">: {a.error.message}</span>}
            </p>
          ))}
        </div>
      </div>
      {node.children.length > 0 && (
        <ul>
          {node.children.map((child, i) => (
            <Node key={child.path} node={child} name={`target ${i}`} plain={plain} />
          ))}
        </ul>
      )}
    </li>
  );
}
