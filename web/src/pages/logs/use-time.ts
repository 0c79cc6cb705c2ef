import { useEffect, useState } from "react";

const key = "portico.relative-time";

/** Whether times are shown as "4 s ago"; remembered by the browser. */
export function useRelativeTime(): [boolean, (relative: boolean) => void] {
  const [relative, set] = useState(() => {
    try {
      return localStorage.getItem(key) === "1";
    } catch {
      return false;
    }
  });
  const choose = (next: boolean) => {
    set(next);
    try {
      localStorage.setItem(key, next ? "1" : "0");
    } catch {
      // Not remembered, then.
    }
  };
  return [relative, choose];
}

/** The time, once a second while it has to tick and once a minute else. */
export function useNow(ticking: boolean): Date {
  const [now, setNow] = useState(() => new Date());
  useEffect(() => {
    setNow(new Date());
    const timer = setInterval(() => setNow(new Date()), ticking ? 1000 : 60_000);
    return () => clearInterval(timer);
  }, [ticking]);
  return now;
}
