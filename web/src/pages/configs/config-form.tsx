import { useQuery } from "@tanstack/react-query";
import { CircleCheck, CircleDashed, CircleX, WandSparkles, type LucideIcon } from "lucide-react";
import { useMemo, useRef } from "react";
import { configSchemaQuery, providersQuery, virtualKeysQuery } from "../../api/queries.ts";
import type { Knowledge } from "../../editor/completion.ts";
import { JsonEditor, type EditorHandle } from "../../editor/json-editor.tsx";
import { plural } from "../../lib/format.ts";
import { reindent } from "../../lib/json.ts";
import { Button } from "../../ui/button.tsx";
import { Check } from "../../ui/field.tsx";
import { RouteTreeView } from "../log/route-view.tsx";
import { routeTree } from "../log/route-tree.ts";
import type { Check as Checked } from "./use-check.ts";

interface FormProps {
  text: string;
  onChange: (text: string) => void;
  check: Checked;
}

/** The text of a config, what the server says of it, and the tree that it describes. */
export function ConfigForm({ text, onChange, check }: FormProps) {
  const editor = useRef<EditorHandle>(null);
  const knowledge = useKnowledge();
  return (
    <div className="config-form">
      <section className="panel config-text" aria-label="Config as JSON">
        <header>
          <CheckState check={check} />
          <Button small icon={WandSparkles} disabled={check.value === undefined} onClick={() => onChange(reindent(text))}>
            Format
          </Button>
        </header>
        <JsonEditor label="Config, as JSON" value={text} onChange={onChange} knowledge={knowledge} problems={check.problems} handle={editor} />
        {check.problems.length > 0 && (
          <ul className="problems">
            {check.problems.map((p) => (
              <li key={p.path + p.message}>
                <button type="button" onClick={() => editor.current?.reveal(p.path)}>
                  <CircleX size={13} aria-hidden />
                  <code>{p.path}</code> {p.message}
                </button>
              </li>
            ))}
          </ul>
        )}
      </section>
      <section className="panel config-tree" aria-label="What it does">
        <h2>What it does</h2>
        {check.value === undefined ? <p className="muted">Shown when the text is JSON.</p> : <RouteTreeView tree={routeTree(check.value, [], [])} name="every request" plain />}
        <p className="hint">
          <kbd>Ctrl</kbd> <kbd>Space</kbd> lists what may be written at the cursor.
        </p>
      </section>
    </div>
  );
}

/** Whether a config is the one of its workspace. */
export function DefaultCheck({ checked, onChange }: { checked: boolean; onChange: (on: boolean) => void }) {
  return <Check label="Default of the workspace, for requests without a config" checked={checked} onChange={(e) => onChange(e.target.checked)} />;
}

const states: Record<Checked["state"], { icon: LucideIcon; tone: string; text: string }> = {
  checking: { icon: CircleDashed, tone: "", text: "Checking…" },
  valid: { icon: CircleCheck, tone: "good", text: "Valid" },
  invalid: { icon: CircleX, tone: "bad", text: "" },
  "not-json": { icon: CircleX, tone: "bad", text: "Not JSON yet" },
  unknown: { icon: CircleDashed, tone: "warn", text: "Could not be checked" },
};

function CheckState({ check }: { check: Checked }) {
  const { icon: Icon, tone, text } = states[check.state];
  return (
    <span className={`status ${tone}`} role="status">
      <Icon size={14} aria-hidden />
      {text || plural(check.problems.length, "problem")}
    </span>
  );
}

function useKnowledge(): Knowledge {
  const schema = useQuery(configSchemaQuery).data ?? null;
  const providers = useQuery(providersQuery).data?.data;
  const virtualKeys = useQuery(virtualKeysQuery).data?.data;
  return useMemo(() => {
    const keys = (virtualKeys ?? []).map((k) => ({ value: k.slug, label: k.name }));
    const ids = (providers ?? []).map((p) => ({ value: p.id, label: p.name }));
    return { schema, values: { virtual_key: keys, provider: [...ids, ...keys.map((k) => ({ value: "@" + k.value, label: k.label }))] } };
  }, [schema, providers, virtualKeys]);
}
