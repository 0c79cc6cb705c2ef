import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { call } from "../../api/client.ts";
import type { Answer, Json, Problem } from "../../api/types.ts";
import { parse } from "../../lib/json.ts";

export interface Check {
  /** The text as JSON; undefined while it is not. */
  value: Json | undefined;
  problems: Problem[];
  state: "checking" | "valid" | "invalid" | "not-json" | "unknown";
}

const none: Problem[] = [];

/** What the server thinks of a config, shortly after it was last changed. */
export function useCheck(text: string): Check {
  const settled = useSettled(text, 350);
  const value = parse(text);
  const asked = parse(settled);
  const check = useQuery({
    queryKey: ["config-check", settled],
    queryFn: ({ signal }) => call<Answer<"checkConfig">>("POST", "/configs/check", { signal, body: { config: asked } }),
    enabled: asked !== undefined,
    staleTime: Infinity,
    gcTime: 60_000,
    placeholderData: (previous) => previous,
  });
  if (value === undefined) return { value, problems: none, state: "not-json" };
  const problems = check.data?.problems ?? none;
  if (check.isError) return { value, problems: none, state: "unknown" };
  if (settled !== text || check.isPending || check.isPlaceholderData) return { value, problems, state: "checking" };
  return { value, problems, state: check.data.valid ? "valid" : "invalid" };
}

function useSettled(text: string, ms: number): string {
  const [settled, setSettled] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text), ms);
    return () => clearTimeout(timer);
  }, [text, ms]);
  return settled;
}
