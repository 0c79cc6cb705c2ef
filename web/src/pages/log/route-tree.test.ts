import assert from "node:assert/strict";
import { test } from "node:test";
import type { Attempt } from "../../api/types.ts";
import { routeTree, type RouteNode } from "./route-tree.ts";

const attempt = (step: string, status: number, retry = 0): Attempt => ({
  step,
  retry,
  provider: "openai",
  model: "m",
  virtual_key: "",
  url: "",
  status,
  error: status === 200 ? null : { message: "no", type: "", code: "" },
  start_ms: 0,
  head_ms: 1,
  total_ms: 2,
  wait_ms: 0,
});

const outline = (n: RouteNode): unknown => (n.children.length ? [n.state, ...n.children.map(outline)] : n.state);

const config = {
  strategy: { mode: "loadbalance" },
  targets: [
    { provider: "groq", weight: 0.3 },
    {
      strategy: { mode: "fallback" },
      targets: [
        { virtual_key: "main", override_params: { model: "gpt-5" } },
        { provider: "anthropic", name: "spare" },
        { provider: "mistral-ai" },
      ],
    },
  ],
};

test("a fallback inside a load balance", () => {
  const root = routeTree(
    config,
    [
      { path: "config", mode: "loadbalance", chosen: 1, reason: "weight 0.7 of 1" },
      { path: "config.targets[1]", mode: "fallback", chosen: 0, reason: "first" },
      { path: "config.targets[1]", mode: "fallback", chosen: 1, reason: "answered 503" },
    ],
    [
      attempt("config.targets[1].targets[0]", 503),
      attempt("config.targets[1].targets[0]", 503, 1),
      attempt("config.targets[1].targets[1]", 200),
    ],
  );
  assert.deepEqual(outline(root), ["passed", "untried", ["passed", "failed", "served", "untried"]]);
  const inner = root.children[1]!;
  assert.equal(inner.children[0]?.attempts.length, 2);
  assert.equal(inner.children[0]?.label, "main · gpt-5");
  assert.equal(inner.children[1]?.label, "spare · anthropic");
  assert.deepEqual(inner.reasons, ["weight 0.7 of 1"]);
  assert.deepEqual(inner.children.map((c) => c.reasons), [["first"], ["answered 503"], []]);
});

test("without the config the tree is drawn from what was tried", () => {
  const root = routeTree(null, [{ path: "config", mode: "fallback", chosen: 1, reason: "r" }], [
    attempt("config.targets[0]", 500),
    attempt("config.targets[1]", 200),
  ]);
  assert.deepEqual(outline(root), ["passed", "failed", "served"]);
  assert.equal(root.mode, "fallback");
});

test("one target and no config", () => {
  assert.equal(routeTree(null, [], [attempt("config", 200)]).state, "served");
  assert.equal(routeTree(null, [], []).state, "untried");
});

test("when everything failed the tree says so to its root", () => {
  const root = routeTree(config, [], [attempt("config.targets[0]", 500)]);
  assert.deepEqual(outline(root), ["failed", "failed", ["untried", "untried", "untried", "untried"]]);
});
