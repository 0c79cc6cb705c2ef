import assert from "node:assert/strict";
import { test } from "node:test";
import type { LogDetail, Span } from "../../api/types.ts";
import { dialogue } from "./dialogue.ts";
import { requestsOf, step, visibleRows } from "./tree.ts";

const span = (id: string, offset_ms: number, spans: Span[] = [], kind = "request"): Span => ({ id, kind, offset_ms, spans }) as unknown as Span;

const tree = [span("a", 0, [span("a1", 30, [span("a1x", 31, [], "attempt")]), span("a2", 10)]), span("b", 20)];
const names = (closed: string[]) => visibleRows(tree, new Set(closed)).map((r) => `${r.span.id}@${r.level}`);

test("what is below a closed span is not to be seen", () => {
  assert.deepEqual(names([]), ["a@1", "a1@2", "a1x@3", "a2@2", "b@1"]);
  assert.deepEqual(names(["0.0"]), ["a@1", "a1@2", "a2@2", "b@1"]);
  assert.deepEqual(names(["0"]), ["a@1", "b@1"]);
});

test("the keyboard moves as in any tree", () => {
  const rows = visibleRows(tree, new Set());
  assert.deepEqual(step(rows, 0, "ArrowDown"), { to: 1 });
  assert.deepEqual(step(rows, 4, "ArrowDown"), { to: 4 });
  assert.deepEqual(step(rows, 2, "ArrowLeft"), { to: 1 });
  assert.deepEqual(step(rows, 1, "ArrowLeft"), { toggle: "0.0" });
  assert.deepEqual(step(rows, 2, "ArrowRight"), {});
  assert.deepEqual(step(visibleRows(tree, new Set(["0"])), 0, "ArrowRight"), { toggle: "0" });
  assert.deepEqual(step(rows, 3, "End"), { to: 4 });
  assert.equal(step(rows, 3, "Tab"), undefined);
});

test("requests come in the order they began, without attempts", () => {
  assert.deepEqual(requestsOf(tree).map((s) => s.id), ["a", "a2", "b", "a1"]);
});

type Said = [role: string, text: string];
const log = (asked: Said[], answer: string) =>
  ({
    request: { body: { messages: asked.map(([role, content]) => ({ role, content })) } },
    response: { body: { choices: [{ message: { role: "assistant", content: answer }, finish_reason: "stop" }] } },
  }) as unknown as LogDetail;

test("history that is sent again is shown once, the same words said twice are not lost", () => {
  const turns = dialogue([
    log([["system", "be brief"], ["user", "yes"]], "ok"),
    log([["system", "be brief"], ["user", "yes"], ["assistant", "ok"], ["user", "yes"]], "ok"),
    log([["system", "another"], ["user", "yes"]], "no"),
    log([["system", "be brief"], ["user", "yes"], ["assistant", "ok"], ["user", "and now?"]], "done"),
  ]);
  assert.deepEqual(turns.map((t) => t.known), [0, 3, 0, 3]);
  assert.deepEqual(turns.map((t) => t.asked.length), [2, 1, 2, 1]);
  assert.ok(turns.every((t) => t.answered.length === 1));
});
