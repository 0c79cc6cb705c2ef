import type { SyntaxNode, Tree } from "@lezer/common";
import { parse, string } from "../lib/json.ts";
import { item, type PathStep } from "./schema.ts";

// Finding one's way in the syntax tree of JSON text, finished or not.

const values = new Set(["Object", "Array", "String", "Number", "True", "False", "Null"]);

const nameOf = (property: SyntaxNode, text: string): string => {
  const name = property.getChild("PropertyName");
  return name ? string(parse(text.slice(name.from, name.to))) : "";
};

/** The path that leads to a node's value. */
export function pathTo(node: SyntaxNode, text: string): PathStep[] {
  const path: PathStep[] = [];
  for (let at = node; at.parent; at = at.parent) {
    if (at.name === "Property") path.unshift(nameOf(at, text));
    else if (at.parent.name === "Array" && (values.has(at.name) || at.type.isError)) path.unshift(item);
  }
  return path;
}

/** Where in the text something is being written: what is there already, without its quotes. */
interface Span {
  from: number;
  to: number;
  /** A quote stands right before from, and right after to. */
  quoted: boolean;
}

export type Place = Span & { path: PathStep[] } & ({ kind: "key"; taken: string[]; hasValue: boolean } | { kind: "value" });

function spanOf(node: SyntaxNode, text: string): Span {
  const quoted = node.to - node.from >= 2 && text[node.from] === '"' && text[node.to - 1] === '"';
  const inset = quoted ? 1 : 0;
  return { from: node.from + inset, to: node.to - inset, quoted };
}

/** What may be completed at a position: a key of an object, a value, or nothing. */
export function placeAt(tree: Tree, text: string, pos: number): Place | null {
  let node = tree.resolveInner(pos, -1);
  if (node.type.isError && node.parent) node = node.parent;
  if (node.name === "PropertyName") {
    const owner = node.parent?.parent;
    if (!owner) return null;
    const hasValue = /^\s*:/.test(text.slice(node.to));
    return { kind: "key", path: pathTo(owner, text), taken: keysOf(owner, text, node), hasValue, ...spanOf(node, text) };
  }
  const here = { from: pos, to: pos, quoted: false };
  if (["{", "}", ",", "[", "]", ":"].includes(node.name) && node.parent) node = node.parent;
  if (node.name === "Object") {
    const before = text.slice(node.from, pos).trimEnd();
    if (pos <= node.from || !/[{,]$/.test(before)) return null;
    return { kind: "key", path: pathTo(node, text), taken: keysOf(node, text), hasValue: false, ...here };
  }
  if (node.name === "Property") return { kind: "value", path: pathTo(node, text), ...here };
  if (node.name === "Array") return { kind: "value", path: [...pathTo(node, text), item], ...here };
  if (values.has(node.name)) return { kind: "value", path: pathTo(node, text), ...spanOf(node, text) };
  return null;
}

function keysOf(owner: SyntaxNode, text: string, but?: SyntaxNode): string[] {
  return owner
    .getChildren("Property")
    .filter((p) => p.from !== but?.from)
    .map((p) => nameOf(p, text));
}

/** The part of the text that a path as "config.targets[0].weight" names; the nearest part around it when it is missing. */
export function rangeOf(tree: Tree, text: string, path: string): { from: number; to: number } {
  let node = tree.topNode.firstChild;
  let range = node ? { from: node.from, to: Math.min(node.to, node.from + 1) } : { from: 0, to: 0 };
  const steps = [...path.replace(/^config\b\.?/, "").matchAll(/([^.[\]]+)|\[(\d+)\]/g)];
  for (const [, name, index] of steps) {
    const next: SyntaxNode | null = node && (name === undefined ? nth(node, Number(index)) : valueOf(node, name, text));
    if (!next) return range;
    const owner = next.parent?.name === "Property" ? next.parent.getChild("PropertyName") : null;
    const short = next.name !== "Object" && next.name !== "Array";
    range = short ? { from: next.from, to: next.to } : owner ? { from: owner.from, to: owner.to } : { from: next.from, to: next.from + 1 };
    node = next;
  }
  return range;
}

function nth(array: SyntaxNode, index: number): SyntaxNode | null {
  let at = array.name === "Array" ? array.firstChild : null;
  for (let seen = 0; at; at = at.nextSibling) {
    if (values.has(at.name) && seen++ === index) return at;
  }
  return null;
}

function valueOf(owner: SyntaxNode, name: string, text: string): SyntaxNode | null {
  const property = owner.getChildren("Property").find((p) => nameOf(p, text) === name);
  const value = property?.lastChild ?? null;
  return value && values.has(value.name) ? value : null;
}
