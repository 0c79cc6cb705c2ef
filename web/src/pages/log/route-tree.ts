import type { Attempt, Decision, Json } from "../../api/types.ts";
import { list, object, string } from "../../lib/json.ts";

/** What became of a node of a routing config while one request went through it. */
export type NodeState = "served" | "failed" | "passed" | "untried";

export interface RouteNode {
  /** As in "config.targets[1]". */
  path: string;
  /** Strategy of an inner node; "" for a target. */
  mode: string;
  /** Provider, model or name, as the config gives them. */
  label: string;
  weight: number | null;
  /** Why it was chosen, one line per time that it was. */
  reasons: string[];
  attempts: Attempt[];
  children: RouteNode[];
  state: NodeState;
}

/** Draws the tree that a request was routed through. The config may be unknown; what was tried is drawn all the same. */
export function routeTree(config: Json | null, decisions: Decision[], attempts: Attempt[]): RouteNode {
  const root = fromConfig("config", config ?? {});
  for (const decision of decisions) {
    const node = at(root, decision.path);
    node.mode ||= decision.mode;
    const leaf = decision.mode === "single" && node.children.length === 0;
    const chosen = leaf ? node : at(root, `${node.path}.targets[${decision.chosen}]`);
    chosen.reasons.push(decision.reason);
  }
  for (const attempt of attempts) {
    const node = at(root, attempt.step || "config");
    node.attempts.push(attempt);
    if (node.label === "") node.label = attempt.provider;
  }
  settle(root, attempts.at(-1));
  return root;
}

const blank = (path: string): RouteNode => ({
  path,
  mode: "",
  label: "",
  weight: null,
  reasons: [],
  attempts: [],
  children: [],
  state: "untried",
});

function fromConfig(path: string, value: Json): RouteNode {
  const c = object(value);
  const override = object(c["override_params"]);
  const who = string(c["virtual_key"]) || string(c["provider"]);
  return {
    ...blank(path),
    mode: string(object(c["strategy"])["mode"]),
    label: [string(c["name"]), who, string(override["model"])].filter(Boolean).join(" · "),
    weight: typeof c["weight"] === "number" ? c["weight"] : null,
    children: list(c["targets"]).map((target, i) => fromConfig(`${path}.targets[${i}]`, target)),
  };
}

// Finds the node of a path, growing the tree where the config did not name it.
function at(root: RouteNode, path: string): RouteNode {
  let node = root;
  for (const [, digits] of path.matchAll(/targets\[(\d+)\]/g)) {
    const index = Number(digits);
    while (node.children.length <= index) node.children.push(blank(`${node.path}.targets[${node.children.length}]`));
    node = node.children[index]!;
  }
  return node;
}

function settle(node: RouteNode, last: Attempt | undefined): NodeState {
  const below = node.children.map((child) => settle(child, last));
  if (node.attempts.length > 0) node.state = node.attempts.some((a) => a === last && succeeded(a)) ? "served" : "failed";
  else if (below.includes("served")) node.state = "passed";
  else if (below.some((s) => s !== "untried")) node.state = below.includes("passed") ? "passed" : "failed";
  return node.state;
}

/** Reports whether an attempt gave an answer that could be passed on. */
export const succeeded = (a: Attempt): boolean => a.status >= 200 && a.status < 300 && a.error === null;
