import assert from "node:assert/strict";
import { test } from "node:test";
import type { LogPage, LogRow } from "../../api/types.ts";
import { mergeHead, newestRows, rowsOf } from "./live.ts";

const row = (id: string, status = "success") => ({ id, status }) as LogRow;
const page = (ids: string[], total = ids.length): LogPage => ({ object: "list", total, next: "", data: ids.map((id) => row(id)) });
const ids = (rows: LogRow[]) => rows.map((r) => r.id).join("");

test("new rows go on top and older pages stay", () => {
  const old = { pages: [page(["c", "b"]), page(["a"])], pageParams: ["", "x"] };
  const got = mergeHead(old, page(["e", "d", "c"], 5));
  assert.equal(ids(rowsOf(got)), "edcba");
  assert.equal(got.pages[0]?.total, 5);
  assert.deepEqual(got.pageParams, ["", "x"]);
});

test("a list that was outrun starts over", () => {
  const got = mergeHead({ pages: [page(["b", "a"])], pageParams: [""] }, page(["z", "y"]));
  assert.equal(ids(rowsOf(got)), "zy");
});

test("a changed row is replaced, an unchanged one is the same object", () => {
  const old = { pages: [page(["b", "a"])], pageParams: [""] };
  const head = { ...page(["b", "a"]), data: [row("b", "error"), row("a")] };
  const got = mergeHead(old, head);
  assert.equal(got.pages[0]?.data[0]?.status, "error");
  assert.equal(got.pages[0]?.data[1], old.pages[0]?.data[1]);
});

test("an empty newest page changes nothing but the total", () => {
  const got = mergeHead({ pages: [page(["a"])], pageParams: [""] }, page([]));
  assert.equal(ids(rowsOf(got)), "a");
});

test("a row on two pages is shown once", () => {
  assert.equal(ids(rowsOf({ pages: [page(["b", "a"]), page(["a"])], pageParams: [] })), "ba");
});

test("a request that took long comes in at its place", () => {
  const got = mergeHead({ pages: [page(["d", "b", "a"])], pageParams: [""] }, page(["d", "c", "b"]));
  assert.equal(ids(rowsOf(got)), "dcba");
});

test("the newest rows are fetched as far as those that are known", async () => {
  const all = "abcdefghijklmnopqrstuvwxyz".split("");
  const asked: string[] = [];
  const fetchPage = async (after: string) => {
    asked.push(after);
    const start = Number(after || 0);
    return { ...page(all.slice(start, start + 2)), next: String(start + 2) };
  };
  const list = (...rows: string[]) => ({ pages: [page(rows)], pageParams: [""] });
  assert.equal(ids((await newestRows(list("f", "g"), fetchPage)).data), "abcdef");
  assert.deepEqual(asked, ["", "2", "4"]);
  assert.equal(ids((await newestRows(list("z"), fetchPage)).data), "abcdefghij");
  assert.equal(ids((await newestRows(undefined, fetchPage)).data), "ab");
});
