import { useEffect, useRef } from "react";

/** Keys and what they do; a handler that answers false leaves the key to the browser. */
export type Shortcuts = Record<string, (e: KeyboardEvent) => void | false>;

const editable = "input, textarea, select, [contenteditable=true], [role=textbox], [role=combobox]";

function isTyping(e: KeyboardEvent): boolean {
  const target = e.composedPath()[0];
  return target instanceof Element && target.closest(editable) !== null;
}

const inLayer = (): boolean => document.querySelector("[role=dialog], [role=alertdialog], [role=menu]") !== null;

/** Binds single keys on the page, except while something is being typed or a dialog is open. */
export function useShortcuts(shortcuts: Shortcuts): void {
  const current = useRef(shortcuts);
  useEffect(() => {
    current.current = shortcuts;
  });
  useEffect(() => {
    const onKey = (e: KeyboardEvent) => {
      if (e.defaultPrevented || e.ctrlKey || e.metaKey || e.altKey || isTyping(e) || inLayer()) return;
      const handler = current.current[e.key];
      if (handler && handler(e) !== false) e.preventDefault();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);
}
