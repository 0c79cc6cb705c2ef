import { Dialog as Base } from "@base-ui/react/dialog";
import { useQuery } from "@tanstack/react-query";
import { useRouter } from "@tanstack/react-router";
import { ChartNoAxesGantt, CornerDownLeft, FileSearch, Monitor, Moon, Plus, ScrollText, Sun, Waypoints, type LucideIcon } from "lucide-react";
import { useEffect, useId, useState, type KeyboardEvent } from "react";
import { configsQuery } from "../api/queries.ts";
import { pages } from "./shell.tsx";
import { setTheme } from "./theme.ts";

interface Action {
  id: string;
  label: string;
  hint: string;
  icon: LucideIcon;
  run: () => void;
}

/** Opens the palette on ⌘K or Ctrl-K, wherever the focus is. */
export function usePaletteKey(setOpen: (next: (open: boolean) => boolean) => void): void {
  useEffect(() => {
    const onKey = (e: globalThis.KeyboardEvent) => {
      if (e.key.toLowerCase() !== "k" || !(e.metaKey || e.ctrlKey) || e.altKey || e.shiftKey) return;
      e.preventDefault();
      setOpen((open) => !open);
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, [setOpen]);
}

/** Jumps to any page, to a config, or to a log by its id. */
export function Palette({ open, onClose }: { open: boolean; onClose: () => void }) {
  return (
    <Base.Root open={open} onOpenChange={(next) => !next && onClose()}>
      <Base.Portal>
        <Base.Backdrop className="backdrop" />
        <Base.Popup className="dialog palette">
          <Base.Title className="sr-only">Jump to</Base.Title>
          <PaletteBody onClose={onClose} />
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  );
}

function PaletteBody({ onClose }: { onClose: () => void }) {
  const [text, setText] = useState("");
  const [index, setIndex] = useState(0);
  const id = useId();
  const actions = useActions(text.trim());
  const at = Math.min(index, actions.length - 1);
  const run = (action: Action | undefined) => {
    if (!action) return;
    onClose();
    action.run();
  };
  const onKey = (e: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[e.key];
    if (step) setIndex((at + step + actions.length) % actions.length);
    else if (e.key === "Enter") run(actions[at]);
    else return;
    e.preventDefault();
  };
  useEffect(() => {
    document.getElementById(`${id}-${at}`)?.scrollIntoView({ block: "nearest" });
  }, [id, at]);
  return (
    <>
      <input
        className="palette-input"
        role="combobox"
        aria-label="Page, config, or log id"
        aria-expanded
        aria-controls={`${id}-list`}
        aria-activedescendant={actions.length > 0 ? `${id}-${at}` : undefined}
        aria-autocomplete="list"
        placeholder="Jump to a page, a config, or a log by its id…"
        autoComplete="off"
        autoFocus
        spellCheck={false}
        value={text}
        onKeyDown={onKey}
        onChange={(e) => {
          setText(e.target.value);
          setIndex(0);
        }}
      />
      <div className="palette-list" id={`${id}-list`} role="listbox" aria-label="Results">
        {actions.map((action, i) => (
          <div
            key={action.id}
            id={`${id}-${i}`}
            role="option"
            aria-selected={i === at}
            className="palette-item"
            onMouseMove={() => setIndex(i)}
            onClick={() => run(action)}
          >
            <action.icon size={15} aria-hidden />
            <span className="truncate">{action.label}</span>
            <span className="muted truncate">{action.hint}</span>
            {i === at && <CornerDownLeft size={13} aria-hidden />}
          </div>
        ))}
      </div>
      {actions.length === 0 && <p className="palette-none muted">Nothing matches.</p>}
    </>
  );
}

function useActions(text: string): Action[] {
  const router = useRouter();
  const configs = useQuery(configsQuery);
  const all: Action[] = [
    ...pages.map((p) => ({ id: p.to, label: p.label, hint: "Page", icon: p.icon, run: () => void router.navigate({ to: p.to }) })),
    { id: "new-config", label: "New config", hint: "Action", icon: Plus, run: () => void router.navigate({ to: "/configs/new" }) },
    { id: "new-vk", label: "New virtual key", hint: "Action", icon: Plus, run: () => void router.navigate({ to: "/virtual-keys", search: { new: "1" } }) },
    { id: "new-key", label: "New API key", hint: "Action", icon: Plus, run: () => void router.navigate({ to: "/api-keys", search: { new: "1" } }) },
    { id: "errors", label: "Failed requests", hint: "Logs", icon: ScrollText, run: () => void router.navigate({ to: "/logs", search: { status: "error,truncated,interrupted" } }) },
    ...(configs.data?.data ?? []).map((c) => ({
      id: c.slug,
      label: c.name,
      hint: c.slug,
      icon: Waypoints,
      run: () => void router.navigate({ to: "/configs/$slug", params: { slug: c.slug } }),
    })),
    { id: "light", label: "Light theme", hint: "Appearance", icon: Sun, run: () => setTheme("light") },
    { id: "dark", label: "Dark theme", hint: "Appearance", icon: Moon, run: () => setTheme("dark") },
    { id: "system", label: "System theme", hint: "Appearance", icon: Monitor, run: () => setTheme("system") },
  ];
  const words = text.toLowerCase().split(/\s+/);
  const found = all.filter((a) => words.every((w) => `${a.label} ${a.hint}`.toLowerCase().includes(w)));
  if (!/^[\w.-]{8,}$/.test(text)) return found;
  return [...found, { id: "open-log", label: `Open log ${text}`, hint: "Log", icon: FileSearch, run: () => void router.navigate({ to: "/logs/$id", params: { id: text } }) }, { id: "trace", label: `Open trace ${text}`, hint: "Trace", icon: ChartNoAxesGantt, run: () => void router.navigate({ to: "/traces/$id", params: { id: text } }) }];
}
