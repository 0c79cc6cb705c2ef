import { jsonParseLinter } from "@codemirror/lang-json";
import { syntaxTree } from "@codemirror/language";
import { linter, type Diagnostic } from "@codemirror/lint";
import { EditorState, StateEffect } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { useEffect, useImperativeHandle, useRef, type Ref } from "react";
import type { Problem } from "../api/types.ts";
import { schemaHelp, type Knowledge } from "./completion.ts";
import { rangeOf } from "./place.ts";
import { editing, shadowOf } from "./setup.ts";

export interface EditorHandle {
  /** Puts the cursor at the place of a path. */
  reveal: (path: string) => void;
}

interface EditorProps {
  label: string;
  value: string;
  onChange: (value: string) => void;
  knowledge: Knowledge;
  /** Marked in the text at their paths. */
  problems: Problem[];
  handle?: Ref<EditorHandle>;
}

const parseLinter = jsonParseLinter();

// Says that the problems are others now, though the text is the same.
const newProblems = StateEffect.define<null>();

function diagnose(view: EditorView, problems: Problem[]): Diagnostic[] {
  const text = view.state.doc.toString();
  if (text.trim() === "") return [];
  const syntax = parseLinter(view);
  if (syntax.length > 0) return syntax;
  const tree = syntaxTree(view.state);
  return problems.map((p) => ({ ...rangeOf(tree, text, p.path), severity: "error", message: p.message, source: p.path }));
}

/** An editor of JSON text that knows its schema and shows problems where they are. */
export function JsonEditor({ label, value, onChange, knowledge, problems, handle }: EditorProps) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(null);
  const latest = useRef({ onChange, knowledge, problems, value });
  useEffect(() => {
    latest.current = { onChange, knowledge, problems, value };
  });
  useEffect(() => {
    const root = shadowOf(host.current!);
    const made = new EditorView({
      parent: root,
      root,
      state: EditorState.create({
        doc: latest.current.value,
        extensions: [
          editing,
          schemaHelp(() => latest.current.knowledge),
          linter((v) => diagnose(v, latest.current.problems), {
            delay: 200,
            needsRefresh: (u) => u.transactions.some((t) => t.effects.some((e) => e.is(newProblems))),
          }),
          EditorView.contentAttributes.of({ "aria-label": label, tabindex: "0" }),
          EditorView.updateListener.of((update) => update.docChanged && latest.current.onChange(update.state.doc.toString())),
        ],
      }),
    });
    view.current = made;
    return () => made.destroy();
  }, [label]);
  useEffect(() => {
    const v = view.current;
    if (v && v.state.doc.toString() !== value) v.dispatch({ changes: { from: 0, to: v.state.doc.length, insert: value } });
  }, [value]);
  useEffect(() => {
    view.current?.dispatch({ effects: newProblems.of(null) });
  }, [problems]);
  useImperativeHandle(handle, () => ({
    reveal: (path) => {
      const v = view.current;
      if (!v) return;
      const { from, to } = rangeOf(syntaxTree(v.state), v.state.doc.toString(), path);
      v.dispatch({ selection: { anchor: from, head: to }, scrollIntoView: true });
      v.focus();
    },
  }));
  return <div className="editor" ref={host} />;
}
