import type { LogPage, LogRow } from "../../api/types.ts";

/** The pages of a log list as TanStack Query keeps them. */
export interface Pages {
  pages: LogPage[];
  pageParams: unknown[];
}

/**
 * Brings a list up to date with its newest page, which also says the order: a
 * request that took long comes in below those that began after it. When none of
 * the newest rows was in the list, rows in between may be missing, and the list
 * starts over from the newest page.
 */
export function mergeHead(old: Pages, head: LogPage): Pages {
  const known = new Map(rowsOf(old).map((row) => [row.id, row]));
  const [first, ...others] = old.pages;
  const outrun = head.data.length > 0 && !head.data.some((row) => known.has(row.id));
  if (!first || first.data.length === 0 || outrun) return { pages: [head], pageParams: [""] };
  const newest = new Set(head.data.map((row) => row.id));
  const data = [...head.data.map((row) => keepIfSame(known.get(row.id), row)), ...first.data.filter((row) => !newest.has(row.id))];
  return { ...old, pages: [{ ...first, total: head.total, data }, ...others] };
}

// Keeping the same object spares the row from being drawn again.
function keepIfSame(row: LogRow | undefined, newer: LogRow): LogRow {
  return row && JSON.stringify(newer) === JSON.stringify(row) ? row : newer;
}

const mostPages = 5;

/**
 * Fetches the newest rows as one page: as far as the list that is there already,
 * so that none is missing in between, but no more than a few pages.
 */
export async function newestRows(old: Pages | undefined, fetchPage: (after: string) => Promise<LogPage>): Promise<LogPage> {
  const known = new Set(rowsOf(old).map((row) => row.id));
  const head = await fetchPage("");
  let { data, next } = head;
  for (let page = 1; page < mostPages && known.size > 0 && next !== "" && !data.some((row) => known.has(row.id)); page++) {
    const older = await fetchPage(next);
    data = [...data, ...older.data];
    next = older.next;
  }
  return { ...head, data, next };
}

/** All rows of a list, each id once. */
export function rowsOf(pages: Pages | undefined): LogRow[] {
  const seen = new Set<string>();
  return (pages?.pages ?? []).flatMap((page) => page.data).filter((row) => !seen.has(row.id) && seen.add(row.id));
}
