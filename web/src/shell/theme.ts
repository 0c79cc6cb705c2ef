import { useSyncExternalStore } from "react";

export type Theme = "system" | "light" | "dark";

const key = "portico.theme";
const media = matchMedia("(prefers-color-scheme: dark)");
const changed = new EventTarget();

function stored(): Theme {
  try {
    const value = localStorage.getItem(key);
    return value === "light" || value === "dark" ? value : "system";
  } catch {
    return "system";
  }
}

function apply(): void {
  const theme = stored();
  document.documentElement.dataset["theme"] = theme === "dark" || (theme === "system" && media.matches) ? "dark" : "light";
  changed.dispatchEvent(new Event("change"));
}

/** Keeps the page in step with the system's theme; call it once. */
export function followSystemTheme(): void {
  media.addEventListener("change", apply);
}

export function setTheme(theme: Theme): void {
  try {
    localStorage.setItem(key, theme);
  } catch {
    // Without storage the choice lasts until the next load.
  }
  apply();
}

function subscribe(listener: () => void): () => void {
  changed.addEventListener("change", listener);
  return () => changed.removeEventListener("change", listener);
}

/** The chosen theme. */
export const useTheme = (): Theme => useSyncExternalStore(subscribe, stored);

const shown = (): string => document.documentElement.dataset["theme"] ?? "light";

/** What the choice comes to, "light" or "dark", for what is drawn by script. */
export const useAppearance = (): string => useSyncExternalStore(subscribe, shown);
