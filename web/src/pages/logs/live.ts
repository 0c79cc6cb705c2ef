import type { LogPage, LogRow } from "../../api/types.ts";

/** The pages of a log list as TanStack Query keeps them. */
export interface Pages {
  pages: LogPage[];
  pageParams: unknown[];
}

/**
 * Brings a list up to date with its newest page: rows that are new go on top and
 * rows that changed are replaced. When none of the newest rows was in the list,
 * rows in between may be missing, and the list starts over from the newest page.
 */
export function mergeHead(old: Pages, head: LogPage): Pages {
  const known = new Set(old.pages.flatMap((page) => page.data.map((row) => row.id)));
  const fresh = head.data.filter((row) => !known.has(row.id));
  const first = old.pages[0];
  if (!first || first.data.length === 0 || (fresh.length === head.data.length && fresh.length > 0)) {
    return { pages: [head], pageParams: [""] };
  }
  const latest = new Map(head.data.map((row) => [row.id, row]));
  const update = (row: LogRow) => keepIfSame(row, latest.get(row.id));
  const [, ...others] = old.pages;
  return {
    ...old,
    pages: [
      { ...first, total: head.total, data: [...fresh, ...first.data.map(update)] },
      ...others.map((page) => ({ ...page, data: page.data.map(update) })),
    ],
  };
}

// Keeping the same object spares the row from being drawn again.
function keepIfSame(row: LogRow, newer: LogRow | undefined): LogRow {
  return newer && JSON.stringify(newer) !== JSON.stringify(row) ? newer : row;
}

/** All rows of a list, each id once. */
export function rowsOf(pages: Pages | undefined): LogRow[] {
  const seen = new Set<string>();
  return (pages?.pages ?? []).flatMap((page) => page.data).filter((row) => !seen.has(row.id) && seen.add(row.id));
}
