import { Search } from "lucide-react";
import { useRef } from "react";
import { useShortcuts } from "../shell/shortcuts.ts";

/** Narrows a list by text; `/` leads to it. */
export function ListSearch({ label, value, onChange }: { label: string; value: string | undefined; onChange: (q: string) => void }) {
  const box = useRef<HTMLInputElement>(null);
  useShortcuts({ "/": () => box.current?.focus() });
  return (
    <search className="toolbar">
      <div className="search-box">
        <Search size={15} aria-hidden />
        <input ref={box} className="input" type="search" aria-label={label} placeholder={label} value={value ?? ""} spellCheck={false} onChange={(e) => onChange(e.target.value)} />
        <kbd aria-hidden>/</kbd>
      </div>
    </search>
  );
}

/** Reports whether any of the texts contains every word that is looked for. */
export function matches(q: string | undefined, ...texts: (string | null | undefined)[]): boolean {
  const all = texts.join(" ").toLowerCase();
  return (q ?? "").toLowerCase().split(/\s+/).every((word) => all.includes(word));
}
