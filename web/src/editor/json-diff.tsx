import { MergeView, unifiedMergeView } from "@codemirror/merge";
import { EditorState, type Extension } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { useEffect, useRef } from "react";
import { look, shadowOf } from "./setup.ts";

interface DiffProps {
  label: string;
  before: string;
  after: string;
  /** Side by side, or one above the other in a single text. */
  split: boolean;
}

const still: Extension = [look, EditorState.readOnly.of(true), EditorView.lineWrapping];
const collapse = { margin: 4, minSize: 6 };

/** Two versions of a JSON text and what changed between them. */
export function JsonDiff({ label, before, after, split }: DiffProps) {
  const host = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const root = shadowOf(host.current!);
    const named = (name: string) => EditorView.contentAttributes.of({ "aria-label": `${label}, ${name}`, tabindex: "0" });
    const view = split
      ? new MergeView({
          a: { doc: before, extensions: [still, named("before")] },
          b: { doc: after, extensions: [still, named("after")] },
          parent: root,
          root,
          collapseUnchanged: collapse,
        })
      : new EditorView({
          doc: after,
          extensions: [still, named("changes"), unifiedMergeView({ original: before, mergeControls: false, collapseUnchanged: collapse })],
          parent: root,
          root,
        });
    return () => view.destroy();
  }, [label, before, after, split]);
  return <div className="editor diff" ref={host} />;
}
