import { useSyncExternalStore } from "react";

// The key that replays are sent with. It is kept in memory alone, and gone with the page.
let key = "";
const listeners = new Set<() => void>();

export function setReplayKey(next: string): void {
  key = next.trim();
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export const useReplayKey = (): string => useSyncExternalStore(subscribe, () => key);
