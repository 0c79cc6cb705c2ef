import { autocompletion, snippet, type Completion, type CompletionContext, type CompletionResult } from "@codemirror/autocomplete";
import { syntaxTree } from "@codemirror/language";
import type { Extension } from "@codemirror/state";
import { hoverTooltip, type EditorView } from "@codemirror/view";
import type { Json, JsonObject } from "../api/types.ts";
import { placeAt, type Place } from "./place.ts";
import { describe, keysAt, schemasAt, valuesAt, type Key } from "./schema.ts";

/** What an editor knows beside the text: asked anew each time, since it may arrive late. */
export interface Knowledge {
  schema: JsonObject | null;
  /** Values that a key may have here and now, such as the slugs of virtual keys. */
  values: Record<string, { value: string; label: string }[]>;
}

/** Completion and explanation of keys and values. */
export function schemaHelp(knowledge: () => Knowledge): Extension {
  return [
    autocompletion({ override: [(context) => complete(context, knowledge())], icons: false }),
    hoverTooltip((view, pos) => {
      const { schema } = knowledge();
      const text = view.state.doc.toString();
      const place = placeAt(syntaxTree(view.state), text, pos);
      if (!schema || !place) return null;
      const path = place.kind === "key" ? [...place.path, text.slice(place.from, place.to)] : place.path;
      const about = describe(schemasAt(schema, path));
      if (!about) return null;
      return { pos: place.from, end: place.to, create: () => ({ dom: Object.assign(document.createElement("div"), { textContent: about }) }) };
    }),
  ];
}

function complete(context: CompletionContext, known: Knowledge): CompletionResult | null {
  const text = context.state.doc.toString();
  const place = placeAt(syntaxTree(context.state), text, context.pos);
  if (!known.schema || !place) return null;
  if (!context.explicit && place.from === place.to && !/[{[,:\s]$/.test(text.slice(0, context.pos))) return null;
  const options = place.kind === "key" ? keyOptions(known.schema, place) : valueOptions(known, place);
  if (options.length === 0) return null;
  return { from: place.from, to: place.to, options, validFor: /^[\w@/.-]*$/ };
}

function keyOptions(schema: JsonObject, place: Extract<Place, { kind: "key" }>): Completion[] {
  return keysAt(schema, place.path)
    .filter((key) => !place.taken.includes(key.name))
    .map((key) => ({
      label: key.name,
      detail: key.required ? "required" : key.types.join(" | "),
      ...(key.description ? { info: key.description } : {}),
      boost: key.required ? 2 : 0,
      apply: place.hasValue ? key.name : withQuotes(place, snippet(`"${key.name}": ${blank(key)}`)),
    }));
}

// The value that a new key starts with, the cursor where it is to be filled in.
function blank(key: Key): string {
  if (key.types.includes("object")) return "{${}}";
  if (key.types.includes("array")) return "[${}]";
  if (key.types.includes("string")) return '"${}"';
  return "${}";
}

function valueOptions(known: Knowledge, place: Place): Completion[] {
  const last = place.path.at(-1);
  const dynamic = typeof last === "string" ? (known.values[last] ?? []) : [];
  return [
    ...valuesAt(known.schema!, place.path).map(({ value, description }) => option(value, description, place)),
    ...dynamic.map(({ value, label }) => option(value, label, place)),
  ];
}

function option(value: Json, detail: string, place: Place): Completion {
  const text = JSON.stringify(value);
  return { label: typeof value === "string" ? value : text, apply: withQuotes(place, insert(text)), ...(detail ? { detail } : {}) };
}

type Apply = (view: EditorView, completion: Completion, from: number, to: number) => void;

const insert =
  (text: string): Apply =>
  (view, _, from, to) =>
    view.dispatch({ changes: { from, to, insert: text }, selection: { anchor: from + text.length }, userEvent: "input.complete" });

// Replaces the quotes around the place too: what is put there brings its own.
const withQuotes =
  (place: Place, apply: Apply): Apply =>
  (view, completion, from, to) =>
    place.quoted ? apply(view, completion, from - 1, to + 1) : apply(view, completion, from, to);
