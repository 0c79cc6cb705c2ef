import assert from "node:assert/strict";
import { test } from "node:test";
import { jsonLanguage } from "@codemirror/lang-json";
import type { JsonObject } from "../api/types.ts";
import { placeAt, rangeOf } from "./place.ts";
import { item, keysAt, valuesAt } from "./schema.ts";

const schema: JsonObject = {
  $ref: "#/$defs/target",
  $defs: {
    target: {
      properties: {
        strategy: { $ref: "#/$defs/strategy" },
        targets: { type: "array", items: { $ref: "#/$defs/target" } },
        weight: { type: "number", description: "Share" },
      },
    },
    strategy: {
      required: ["mode"],
      oneOf: [{ properties: { mode: { enum: ["single", "fallback"] } } }, { properties: { mode: { const: "conditional" }, default: { type: "string" } } }],
    },
  },
};

test("a recursive schema answers at any depth, through references and alternatives", () => {
  const names = (...path: Parameters<typeof keysAt>[1]) => keysAt(schema, path).map((k) => k.name);
  assert.deepEqual(names(), ["strategy", "targets", "weight"]);
  assert.deepEqual(names("targets", item, "targets", item), ["strategy", "targets", "weight"]);
  assert.deepEqual(names("targets", item, "strategy"), ["mode", "default"]);
  assert.deepEqual(names("weight"), []);
  assert.equal(keysAt(schema, ["strategy"])[0]?.required, true);
  assert.equal(keysAt(schema, [])[2]?.description, "Share");
  assert.deepEqual(valuesAt(schema, ["strategy", "mode"]).map((v) => v.value), ["single", "fallback", "conditional"]);
});

// The bar marks where the cursor is.
function at(marked: string) {
  const pos = marked.indexOf("|");
  const text = marked.replace("|", "");
  return placeAt(jsonLanguage.parser.parse(text), text, pos);
}

test("the place of the cursor in finished and unfinished text", () => {
  assert.deepEqual(at('{"a": 1, "|"}'), { kind: "key", path: [], taken: ["a"], from: 10, to: 10, quoted: true, hasValue: false });
  assert.deepEqual(at('{"st|": {}}'), { kind: "key", path: [], taken: [], from: 2, to: 4, quoted: true, hasValue: true });
  assert.deepEqual(at('{"targets": [{|}]}'), { kind: "key", path: ["targets", item], taken: [], from: 14, to: 14, quoted: false, hasValue: false });
  assert.deepEqual(at('{"a": {"b": 1, |}}')?.path, ["a"]);
  assert.deepEqual(at('{"strategy": {"mode": "|"}}'), { kind: "value", path: ["strategy", "mode"], from: 23, to: 23, quoted: true });
  assert.deepEqual(at('{"strategy": {"mode": |}}')?.path, ["strategy", "mode"]);
  assert.deepEqual(at('{"codes": [|]}')?.path, ["codes", item]);
  assert.equal(at('{"a": 1 |}'), null);
  assert.equal(at("|"), null);
});

test("a problem's path finds its text, or the nearest text around it", () => {
  const text = '{"targets": [{"weight": -1}, {"strategy": {"mode": "x"}}]}';
  const tree = jsonLanguage.parser.parse(text);
  const marked = (path: string) => {
    const { from, to } = rangeOf(tree, text, path);
    return text.slice(from, to);
  };
  assert.equal(marked("config.targets[0].weight"), "-1");
  assert.equal(marked("config.targets[1].strategy.mode"), '"x"');
  assert.equal(marked("config.targets[1].strategy"), '"strategy"');
  assert.equal(marked("config.targets[1].strategy.default"), '"strategy"');
  assert.equal(marked("config.targets[1].targets"), "{");
  assert.equal(marked("config.targets[7]"), '"targets"');
  assert.equal(marked("config"), "{");
  assert.deepEqual(rangeOf(jsonLanguage.parser.parse(""), "", "config"), { from: 0, to: 0 });
});
